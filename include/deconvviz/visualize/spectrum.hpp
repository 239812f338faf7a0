/// @file
/// Spatial frequencies: the power spectrum of filters, maps and pictures, its share by band, and how much of a map's
/// energy a stride aliases.
///
/// The paper sees in the first filters of AlexNet "a mix of extremely high and low frequency information, with little
/// coverage of the mid frequencies", and aliasing in its second layer, "caused by the large stride 4" [zeiler2014,
/// §4.1, Fig. 6]. It looks at pictures; these functions give numbers for both.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// Options of power_spectrum.
struct SpectrumOptions {
    /// Frequencies along each side; planes are padded with zeros to that size. 0: the longer side of a plane. Filters
    /// of different sizes compare where it is the same number.
    Index size = 0;
    /// Subtracts each plane's mean first, so that its shade does not count.
    bool remove_mean = false;
    /// Weights each plane by a Hann window, sin²(π (y + 1/2) / H) sin²(π (x + 1/2) / W), after the mean is gone: for
    /// pictures and maps, whose borders would else count as edges, since the transform takes them as periodic.
    bool hann = false;
};

/// How the energy of planes is spread over spatial frequencies.
struct PowerSpectrum {
    /// (size, size): the sum over all planes of |F|² / size², where F is the plane's discrete Fourier transform;
    /// power(v, u) belongs to the frequency (frequency(v), frequency(u)) down and to the right. Its sum is the planes'
    /// energy, the sum of their squares (as they are after the options; Parseval).
    Tensor<double> power;

    Index size() const { return power.shape()[0]; }

    /// Cycles per pixel of index k: k / size up to the middle, beyond it (k - size) / size. In (-1/2, 1/2].
    double frequency(Index k) const {
        return static_cast<double>(2 * k <= size() ? k : k - size()) / static_cast<double>(size());
    }

    /// The planes' energy.
    double total() const {
        double sum = 0;
        for (const double value : power) sum += value;
        return sum;
    }
};

namespace detail {

/// The discrete Fourier transform of real planes of one size, with its table of sines.
class PlaneTransform {
  public:
    PlaneTransform(Index height, Index width, const SpectrumOptions& options)
        : height_(height), width_(width), size_(options.size), options_(options) {
        for (Index k = 0; k < size_; ++k) {
            const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size_);
            cos_.push_back(std::cos(angle));
            sin_.push_back(std::sin(angle));
        }
    }

    /// Adds |F|² / size² of one plane to `power`.
    template <class T>
    void add(std::span<const T> plane, std::span<double> power) const {
        std::vector<double> values(plane.begin(), plane.end());
        prepare(values);
        // Along the rows: F(y, u) = Σ_x p(y, x) e^{-2πi u x / size}.
        std::vector<double> re(at(height_ * size_)), im(at(height_ * size_));
        for (Index y = 0; y < height_; ++y)
            for (Index u = 0; u < size_; ++u)
                for (Index x = 0, k = 0; x < width_; ++x, k = (k + u) % size_) {
                    re[at(y * size_ + u)] += values[at(y * width_ + x)] * cos_[at(k)];
                    im[at(y * size_ + u)] -= values[at(y * width_ + x)] * sin_[at(k)];
                }
        // Then along the columns.
        const double scale = 1 / static_cast<double>(size_ * size_);
        for (Index v = 0; v < size_; ++v)
            for (Index u = 0; u < size_; ++u) {
                double real = 0, imaginary = 0;
                for (Index y = 0, k = 0; y < height_; ++y, k = (k + v) % size_) {
                    const double a = re[at(y * size_ + u)], b = im[at(y * size_ + u)];
                    real += a * cos_[at(k)] + b * sin_[at(k)];
                    imaginary += b * cos_[at(k)] - a * sin_[at(k)];
                }
                power[at(v * size_ + u)] += scale * (real * real + imaginary * imaginary);
            }
    }

  private:
    static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

    void prepare(std::vector<double>& values) const {
        if (options_.remove_mean) {
            double mean = 0;
            for (const double value : values) mean += value / static_cast<double>(values.size());
            for (double& value : values) value -= mean;
        }
        if (!options_.hann) return;
        const auto weight = [](Index i, Index count) {
            const double sine =
                std::sin(std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(count));
            return sine * sine;
        };
        for (Index y = 0; y < height_; ++y)
            for (Index x = 0; x < width_; ++x) values[at(y * width_ + x)] *= weight(y, height_) * weight(x, width_);
    }

    Index height_, width_, size_;
    SpectrumOptions options_;
    std::vector<double> cos_, sin_;
};

}  // namespace detail

/// The spectrum of all planes together: the last two dimensions of `planes` are a plane (H, W), those before count
/// planes, so that filters (O, I, KH, KW), maps (N, C, H, W) and one picture (C, H, W) all fit.
///
/// Throws ShapeError for a tensor of less than two dimensions or without values, OptionError for a size below the
/// planes' and for a value that is not finite. A plain transform, not a fast one: size · (H W + size H) operations a
/// plane, shared among the threads; the result does not depend on their number.
template <class T>
PowerSpectrum power_spectrum(const Tensor<T>& planes, SpectrumOptions options = {}) {
    if (planes.rank() < 2 || planes.empty())
        detail::raise<ShapeError>("power spectrum: expected planes (…,H,W), got ", planes.shape());
    const Index height = planes.shape()[planes.rank() - 2], width = planes.shape()[planes.rank() - 1];
    if (options.size == 0) options.size = std::max(height, width);
    if (options.size < std::max(height, width))
        detail::raise<OptionError>("power spectrum: expected a size of at least ", std::max(height, width),
                                   " for planes of ", height, "x", width, ", got ", options.size);
    for (Index i = 0; i < planes.size(); ++i)
        if (!std::isfinite(planes[i]))
            detail::raise<OptionError>("power spectrum: expected finite values, value ", i, " of ", planes.shape(),
                                       " is ", planes[i]);

    const detail::PlaneTransform transform(height, width, options);
    const Index area = height * width, count = planes.size() / area;
    constexpr Index grain = 16;  // each chunk has a sum of its own, and these are added in order
    std::vector<Tensor<double>> sums(static_cast<std::size_t>((count + grain - 1) / grain),
                                     Tensor<double>({options.size, options.size}));
    parallel_for(count, grain, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i)
            transform.add(planes.values().subspan(static_cast<std::size_t>(i * area), static_cast<std::size_t>(area)),
                          sums[static_cast<std::size_t>(begin / grain)].values());
    });
    PowerSpectrum spectrum{Tensor<double>({options.size, options.size})};
    for (const Tensor<double>& sum : sums)
        for (Index i = 0; i < sum.size(); ++i) spectrum.power[i] += sum[i];
    return spectrum;
}

/// A ring of frequencies: from <= r < to, r = √(v² + u²) in cycles per pixel.
struct FrequencyBand {
    double from = 0;
    double to = 0;
    double share = 0;       // of the energy of all bands together, in [0, 1]; 0 where there is no energy at all
    double mean_power = 0;  // over the ring's frequencies (the radial average); 0 for a ring without any
    Index frequencies = 0;  // how many of the spectrum's lie in it
};

/// The energy between neighbouring edges, which must rise from at least 0. The last band includes its upper edge.
/// Diagonal frequencies reach √2 / 2 ≈ 0.707. Throws OptionError for less than two edges or edges that do not rise.
inline std::vector<FrequencyBand> frequency_bands(const PowerSpectrum& spectrum, const std::vector<double>& edges) {
    if (edges.size() < 2)
        detail::raise<OptionError>("frequency bands: expected at least two edges, got ", edges.size());
    std::vector<FrequencyBand> bands;
    for (std::size_t i = 0; i < edges.size(); ++i) {
        if (!(edges[i] >= 0) || !std::isfinite(edges[i]) || (i > 0 && edges[i] <= edges[i - 1]))
            detail::raise<OptionError>("frequency bands: expected rising edges of at least 0, edge ", i, " is ",
                                       edges[i]);
        if (i > 0) bands.push_back({edges[i - 1], edges[i]});
    }
    double all = 0;
    for (Index v = 0; v < spectrum.size(); ++v)
        for (Index u = 0; u < spectrum.size(); ++u) {
            const double radius = std::hypot(spectrum.frequency(v), spectrum.frequency(u));
            if (radius < edges.front() || radius > edges.back()) continue;
            const auto above = std::upper_bound(edges.begin(), edges.end(), radius) - edges.begin();
            FrequencyBand& band = bands[std::min(static_cast<std::size_t>(above), bands.size()) - 1];
            band.share += spectrum.power(v, u);
            all += spectrum.power(v, u);
            ++band.frequencies;
        }
    for (FrequencyBand& band : bands) {
        if (band.frequencies > 0) band.mean_power = band.share / static_cast<double>(band.frequencies);
        if (all > 0) band.share /= all;
    }
    return bands;
}

/// The share of the energy, in [0, 1], that lies beyond what samples at this stride can carry: at frequencies of more
/// than 1 / (2 stride.y) cycles per pixel down, or 1 / (2 stride.x) to the right. Taking each stride-th value only, as
/// a convolution with a stride does, folds these onto lower frequencies: they are aliased. 0 at stride 1, and where
/// there is no energy. Throws OptionError for a stride below 1.
///
/// For a layer with a stride: the spectrum of its maps at stride 1, with the same filters.
inline double aliased_share(const PowerSpectrum& spectrum, Size2D stride) {
    if (stride.y < 1 || stride.x < 1)
        detail::raise<OptionError>("aliased share: expected a stride of at least 1, got ", stride.y, "x", stride.x);
    double beyond = 0, all = 0;
    for (Index v = 0; v < spectrum.size(); ++v)
        for (Index u = 0; u < spectrum.size(); ++u) {
            const bool folded = 2 * static_cast<double>(stride.y) * std::abs(spectrum.frequency(v)) > 1 ||
                                2 * static_cast<double>(stride.x) * std::abs(spectrum.frequency(u)) > 1;
            all += spectrum.power(v, u);
            beyond += folded ? spectrum.power(v, u) : 0;
        }
    return all > 0 ? beyond / all : 0;
}

}  // namespace deconvviz
