/// @file
/// BatchNorm: batch normalisation by statistics that are fixed.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a BatchNorm.
struct BatchNormOptions {
    Index channels = 1;
    double epsilon = 1e-5;
};

/// dst = (src - mean) / √(variance + epsilon) · scale + shift, map by map, with a mean and a variance that a training
/// elsewhere left behind [ioffe2015, §3.1]. src, dst: (N, channels, …), maps or flat features. For models that come out
/// of files: the statistics are fixed, also while scale and shift are trained here.
///
/// `deconv` is the transposed filter of a 1x1 convolution without bias, under every rule: r · scale / √(variance +
/// epsilon), no shift. That is the gradient.
///
/// The constructor throws OptionError for less than one channel or a negative epsilon, ShapeError for statistics of
/// another number; output_shape throws ShapeError for an input of other channels.
template <class T>
class BatchNorm {
  public:
    /// Mean 0, variance 1, scale 1, shift 0.
    explicit BatchNorm(const BatchNormOptions& options)
        : BatchNorm(options, filled(options, 1), filled(options, 0), filled(options, 0), filled(options, 1)) {}

    BatchNorm(const BatchNormOptions& options, Tensor<T> scale, Tensor<T> shift, Tensor<T> mean, Tensor<T> variance)
        : options_(options),
          scale_(std::move(scale)),
          shift_(std::move(shift)),
          mean_(std::move(mean)),
          variance_(std::move(variance)) {
        check(options_);
        for (const Tensor<T>* each : {&scale_, &shift_, &mean_, &variance_})
            if (each->shape() != Shape{options_.channels})
                detail::raise<ShapeError>("BatchNorm: expected scale, shift, mean and variance of ",
                                          Shape{options_.channels}, ", got ", each->shape());
    }

    static constexpr bool pointwise = true;

    std::string_view kind() const { return "BatchNorm"; }
    const BatchNormOptions& options() const { return options_; }
    const Tensor<T>& scale() const { return scale_; }
    const Tensor<T>& shift() const { return shift_; }
    const Tensor<T>& mean() const { return mean_; }
    const Tensor<T>& variance() const { return variance_; }
    Window reads(const Window& dst, const Shape&) const { return dst; }
    Window reached_by(const Window& src, const Shape&) const { return src; }

    std::vector<Parameter<T>> parameters() {
        return {{.name = "scale", .value = &scale_, .decays = false, .first = T(1)},
                {.name = "shift", .value = &shift_, .decays = false}};
    }

    Shape output_shape(const Shape& sample) const {
        if (sample.rank() == 0 || sample[0] != options_.channels)
            detail::raise<ShapeError>("expected ", options_.channels, " channels, got ", sample);
        return sample;
    }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(src.shape());
        each_plane(src.shape(), [&](Index channel, Index first, Index count) {
            const T factor = factor_of(channel), mean = mean_[channel], shift = shift_[channel];
            for (Index i = first; i < first + count; ++i) dst[i] = (src[i] - mean) * factor + shift;
        });
    }

    void forward_in_place(Tensor<T>& values) const {
        Record<T> none;
        forward(values, values, none, {});
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>> gradients) const {
        const Index batch = grad_dst.shape()[0];
        const Index plane = grad_dst.size() / (batch * options_.channels);
        for (Index c = 0; c < options_.channels; ++c) {
            const T deviation = deviation_of(c);
            T scale = 0, shift = 0;
            for (Index n = 0; n < batch; ++n)
                for (Index k = 0; k < plane; ++k) {
                    const Index i = (n * options_.channels + c) * plane + k;
                    scale += grad_dst[i] * (seen.src[i] - mean_[c]) / deviation;
                    shift += grad_dst[i];
                }
            gradients[0][c] = scale;
            gradients[1][c] = shift;
        }
        if (grad_src != nullptr) deconv(seen, grad_dst, *grad_src, {});
    }

    void deconv(const LayerTrace<T>&, const Tensor<T>& recon_dst, Tensor<T>& recon_src, const ReverseRules&) const {
        recon_src.resize(recon_dst.shape());
        each_plane(recon_dst.shape(), [&](Index channel, Index first, Index count) {
            const T factor = factor_of(channel);
            for (Index i = first; i < first + count; ++i) recon_src[i] = recon_dst[i] * factor;
        });
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows&, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules& rules, Record<T>&) const {
        deconv(seen, recon_dst, recon_src, rules);
    }

  private:
    static void check(const BatchNormOptions& options) {
        if (options.channels < 1 || options.channels > 1 << 24 || !(options.epsilon >= 0))
            detail::raise<OptionError>("BatchNorm: expected channels from 1 to 2^24 and an epsilon of at least 0, got ",
                                       options.channels, " and ", options.epsilon);
    }
    static Tensor<T> filled(const BatchNormOptions& options, T value) {
        check(options);
        return Tensor<T>({options.channels}, value);
    }

    T deviation_of(Index channel) const {
        return static_cast<T>(std::sqrt(static_cast<double>(variance_[channel]) + options_.epsilon));
    }
    T factor_of(Index channel) const { return scale_[channel] / deviation_of(channel); }

    /// work(channel, first, count) for the run of values of each channel of each picture, on all threads.
    template <class Work>
    void each_plane(const Shape& shape, const Work& work) const {
        const Index planes = shape[0] * options_.channels;
        const Index plane = planes == 0 ? 0 : shape.elements() / planes;
        parallel_for(planes, std::max<Index>(1, 16384 / std::max<Index>(plane, 1)), [&](Index begin, Index end) {
            for (Index p = begin; p < end; ++p) work(p % options_.channels, p * plane, plane);
        });
    }

    BatchNormOptions options_;
    Tensor<T> scale_;
    Tensor<T> shift_;
    Tensor<T> mean_;
    Tensor<T> variance_;
};

}  // namespace deconvviz
