/// @file
/// Local contrast normalisation of pictures: subtractive and divisive, as sparse coding of pictures wants it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// Options of contrast_normalise.
struct ContrastNormaliseOptions {
    Index window = 9;           ///< side of the square Gaussian window, odd [jarrett2009]
    double deviation = 2.25;    ///< of the Gaussian, in pixels; the paper does not give its own
    double least_scale = 1e-2;  ///< pictures of less contrast than this are divided by it: a flat one becomes 0
};

namespace detail {

/// Means over a Gaussian window along both axes, one axis after the other. At the border the window is cut off and its
/// weights are divided by their sum.
class GaussianMean {
  public:
    /// A window that reaches beyond pictures of this size from everywhere is as good as a larger one.
    GaussianMean(const ContrastNormaliseOptions& options, Index height, Index width)
        : reach_(std::min(options.window / 2, std::max(height, width) - 1)) {
        for (Index d = -reach_; d <= reach_; ++d) {
            const double at = static_cast<double>(d) / options.deviation;
            weights_.push_back(std::exp(-at * at / 2));
        }
    }

    /// values (height, width) are replaced by their local means.
    void operator()(std::vector<double>& values, Index height, Index width) {
        line_.resize(static_cast<std::size_t>(std::max(height, width)));
        for (Index y = 0; y < height; ++y) along(values.data() + y * width, width, 1);
        for (Index x = 0; x < width; ++x) along(values.data() + x, height, width);
    }

  private:
    void along(double* first, Index count, Index stride) {
        for (Index i = 0; i < count; ++i) {
            double sum = 0, weight = 0;
            for (Index j = std::max<Index>(0, i - reach_); j <= std::min(count - 1, i + reach_); ++j) {
                const double w = weights_[static_cast<std::size_t>(j - i + reach_)];
                sum += w * first[j * stride];
                weight += w;
            }
            line_[static_cast<std::size_t>(i)] = sum / weight;
        }
        for (Index i = 0; i < count; ++i) first[i * stride] = line_[static_cast<std::size_t>(i)];
    }

    Index reach_;
    std::vector<double> weights_;
    std::vector<double> line_;
};

/// One picture (channels, height, width) in place.
template <class T>
void contrast_normalise_picture(T* picture, Index channels, Index height, Index width, GaussianMean& mean,
                                double least_scale) {
    const Index plane = height * width;
    std::vector<double> local(static_cast<std::size_t>(plane));
    const auto average = [&](bool squares) {
        for (Index i = 0; i < plane; ++i) {
            double sum = 0;
            for (Index c = 0; c < channels; ++c) {
                const auto value = static_cast<double>(picture[c * plane + i]);
                sum += squares ? value * value : value;
            }
            local[static_cast<std::size_t>(i)] = sum / static_cast<double>(channels);
        }
        mean(local, height, width);
    };
    average(false);
    for (Index i = 0; i < channels * plane; ++i)
        picture[i] = static_cast<T>(static_cast<double>(picture[i]) - local[static_cast<std::size_t>(i % plane)]);
    average(true);
    double typical = 0;
    for (double& value : local) typical += value = std::sqrt(value);
    const double least = std::max(typical / static_cast<double>(plane), least_scale);
    for (Index i = 0; i < channels * plane; ++i)
        picture[i] = static_cast<T>(static_cast<double>(picture[i]) /
                                    std::max(local[static_cast<std::size_t>(i % plane)], least));
}

}  // namespace detail

/// Local subtractive and divisive normalisation of pictures (N, C, H, W), after [jarrett2009, §2]:
///
///     v[c,y,x] = x[c,y,x] - Σ_{i,p,q} w[p,q] x[i,y+p,x+q]        (the local mean over space and channels)
///     σ[y,x]   = sqrt(Σ_{i,p,q} w[p,q] v[i,y+p,x+q]^2)           (the local deviation)
///     dst      = v / max(mean of σ over the picture, σ[y,x], least_scale)
///
/// with a Gaussian w whose weights sum to 1 over window and channels. Regions of little contrast are raised to the
/// contrast of the rest, but no region's noise is raised beyond the picture's mean. [zeiler2011] normalises its
/// pictures of 150x150 in this way. Both are silent about the border: here the window is cut off and its weights are
/// divided by their sum. `least_scale`, a bound for pictures that are flat altogether, is ours.
///
/// A picture that holds a value that is not finite comes out as NaN altogether. Sums are in double. Throws ShapeError
/// for another shape or pictures without pixels, OptionError for an even window or one below 1, a deviation or
/// least_scale that is not above 0.
template <class T>
Tensor<T> contrast_normalise(Tensor<T> images, const ContrastNormaliseOptions& options = {}) {
    const Shape shape = images.shape();
    if (shape.rank() != 4 || shape.sample().elements() == 0)
        detail::raise<ShapeError>("contrast_normalise: expected pictures (N,C,H,W), got ", shape);
    if (options.window < 1 || options.window % 2 == 0)
        detail::raise<OptionError>("contrast_normalise: expected an odd window of at least 1, got ", options.window);
    if (!(options.deviation > 0) || !(options.least_scale > 0))
        detail::raise<OptionError>("contrast_normalise: expected deviation and least_scale above 0, got ",
                                   options.deviation, " and ", options.least_scale);
    parallel_for(shape[0], 16, [&](Index begin, Index end) {
        detail::GaussianMean mean(options, shape[2], shape[3]);
        for (Index n = begin; n < end; ++n) {
            const auto picture = images.slice(n);
            if (!std::ranges::all_of(picture, [](T value) { return std::isfinite(value); }))
                std::ranges::fill(picture, std::numeric_limits<T>::quiet_NaN());
            else
                detail::contrast_normalise_picture(picture.data(), shape[1], shape[2], shape[3], mean,
                                                   options.least_scale);
        }
    });
    return images;
}

}  // namespace deconvviz
