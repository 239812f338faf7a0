/// @file
/// Conv2D: a convolution layer.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/changed_convolution.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_gradient.hpp"
#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/kernels/transposed_convolution.hpp"
#include "deconvviz/layers/detail/weights_and_bias.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a Conv2D. `in` and `out` count feature maps; sizes are in pixels, one number for both sides or {y, x}.
struct Conv2DOptions {
    Index in = 1;
    Index out = 1;
    Size2D kernel = 1;
    Size2D stride = 1;
    Padding2D padding = 0;  // zeros on each side
    Size2D dilation = 1;
    Index groups = 1;  // each group of in / groups maps feeds out / groups maps
    bool bias = true;
    ConvolutionMethod method = ConvolutionMethod::automatic;  // direct: no Winograd filtering
    std::uint64_t seed = 1;  // of the first weights: layers of the same sizes and seed start equal (see initialise)
};

/// Convolution of feature maps (cross-correlation, as everywhere in deep learning), with learned filters.
///
/// src: (N, in, H, W). dst: (N, out, OH, OW), OH = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, OW
/// alike (2 padding stands for top and bottom where they differ):
///   dst[n,o,y,x] = bias[o] + Σ_{i,ky,kx} weights[o,i,ky,kx] src[n, i, y stride - padding + ky dilation, …].
/// weights: (out, in / groups, kernel.y, kernel.x), at first drawn from a normal distribution of variance 2 / fan-in
/// [he2015], fan-in = in / groups · kernel.y · kernel.x; bias: (out), at first 0.
///
/// `deconv` convolves the signal with the transposed filters: channels exchanged, flipped both ways, without bias, the
/// stride undone as in a transposed convolution [zeiler2014, §2.1]. That is the adjoint of `forward` without its bias.
/// It is the same under all rules, and an approximate projection, not an inverse.
///
/// The constructor throws OptionError for sizes that make no sense; output_shape throws ShapeError where the input does
/// not have `in` maps or is smaller than the kernel.
/// Cost of each pass: 2 · N · out · OH · OW · in / groups · kernel.y · kernel.x operations.
template <class T>
class Conv2D {
  public:
    explicit Conv2D(const Conv2DOptions& options) : options_(options) {
        check(options_);
        weights_ = detail::he_weights<T>(weights_shape(), options.seed);
        if (options.bias) bias_ = Tensor<T>({options.out});
    }

    /// With given parameters; an empty bias for none. Throws ShapeError where their shapes are not those of the
    /// options.
    Conv2D(const Conv2DOptions& options, Tensor<T> weights, Tensor<T> bias)
        : options_(options), weights_(std::move(weights)), bias_(std::move(bias)) {
        check(options_);
        detail::expect_weights_and_bias(kind(), weights_, bias_, weights_shape());
        options_.bias = !bias_.empty();
    }

    std::string_view kind() const { return "Conv2D"; }
    const Conv2DOptions& options() const { return options_; }

    Tensor<T>& weights() { return weights_; }
    const Tensor<T>& weights() const { return weights_; }
    /// Empty for a layer without bias.
    Tensor<T>& bias() { return bias_; }
    const Tensor<T>& bias() const { return bias_; }

    std::vector<Parameter<T>> parameters() { return detail::weights_and_bias(weights_, bias_); }

    SlidingWindow sliding() const {
        return {options_.kernel, options_.stride, options_.padding.before(), options_.dilation};
    }

    Shape output_shape(const Shape& sample) const {
        detail::expect_maps(sample, "feature maps");
        if (sample[0] != options_.in)
            detail::raise<ShapeError>("expected ", options_.in, " input channels, got ", sample[0], " (src is ", sample,
                                      ")");
        const Size2D &kernel = options_.kernel, &stride = options_.stride, &dilation = options_.dilation;
        const Padding2D& padding = options_.padding;
        const Index height = convolved_size(sample[1], kernel.y, stride.y, padding.top, padding.bottom, dilation.y);
        const Index width = convolved_size(sample[2], kernel.x, stride.x, padding.left, padding.right, dilation.x);
        if (height == 0 || width == 0)
            detail::raise<ShapeError>("a kernel of ", kernel, " with padding ", padding, " and dilation ", dilation,
                                      " does not fit into an input of ", sample);
        return {options_.out, height, width};
    }

    Window reads(const Window& dst, const Shape& src) const { return sliding().reads(dst, src[1], src[2]); }
    Window reached_by(const Window& src, const Shape& dst) const { return sliding().reached_by(src, dst[1], dst[2]); }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(output_shape(src.shape().sample()).batched(src.shape()[0]));
        const kernels::ConvolutionShape shape = kernel_shape(src.shape(), dst.shape());
        kernels::convolution(shape, src.data(), weights_.data(), bias_.empty() ? nullptr : bias_.data(), dst.data(),
                             shape.whole_dst());
    }

    static constexpr bool deconv_is_blind = true;
    T padding_value() const { return 0; }
    Window reads_padded(const Window& dst) const { return sliding().reads_padded(dst); }
    /// Winograd's filtering computes tiles of 4x4.
    Size2D window_grain() const {
        const bool tiles = options_.method == ConvolutionMethod::automatic && options_.kernel == Size2D(3) &&
                           options_.stride == Size2D(1) && options_.dilation == Size2D(1);
        return tiles ? 4 : 1;
    }

    void forward_window(const ForwardWindows& windows, const Tensor<T>& src, Tensor<T>& dst, Record<T>&) const {
        dst.resize({src.shape()[0], options_.out, windows.dst.height, windows.dst.width});
        kernels::ConvolutionShape shape = kernel_shape(src.shape(), dst.shape());
        shape.sliding.padding = detail::window_padding(sliding(), windows.dst, windows.src);
        shape.batch_decides = true;
        kernels::convolution(shape, src.data(), weights_.data(), bias_.empty() ? nullptr : bias_.data(), dst.data(),
                             shape.whole_dst());
    }

    /// Only the change is convolved, which is no sum over all taps in order.
    bool knows_side_by_side() const { return options_.method == ConvolutionMethod::automatic; }
    Index side_by_side_multiply_adds(const ForwardWindows& windows, const Shape& src, const Shape& dst) const {
        return kernels::changed_multiply_adds(kernel_shape(src.batched(1), dst.batched(1)), windows.src, windows.dst);
    }
    bool forward_side_by_side(const ForwardWindows& windows, const KnownMaps<T>& known, const Tensor<T>& src,
                              Tensor<T>& dst) const {
        dst.resize({options_.out, windows.dst.height, windows.dst.width, kernels::side_by_side});
        return kernels::changed_convolution<T>(
            {.shape = kernel_shape(known.src_shape.batched(1), known.dst_shape.batched(1)),
             .weights = weights_.data(),
             .known_src = known.src,
             .known_dst = known.dst,
             .src = {windows.src, src.data()},
             .dst = {windows.dst, dst.data()}});
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>> gradients) const {
        const kernels::ConvolutionShape shape = kernel_shape(seen.src.shape(), seen.dst.shape());
        kernels::convolution_weight_gradient(shape, seen.src.data(), grad_dst.data(), gradients[0].data());
        if (options_.bias)
            kernels::channel_sums(shape.batch, shape.dst_channels, shape.dst_plane(), grad_dst.data(),
                                  gradients[1].data());
        if (grad_src != nullptr) transposed(seen, grad_dst, *grad_src);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        transposed(seen, recon_dst, recon_src);
    }

    /// Output maps that are zero take no part, as where the seed was one map: then the cost is that of the others.
    void deconv_window(const LayerTrace<T>&, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules&, Record<T>& room) const {
        recon_src.resize({recon_dst.shape()[0], options_.in, windows.src.height, windows.src.width});
        kernels::ConvolutionShape shape = kernel_shape(recon_src.shape(), recon_dst.shape());
        shape.sliding.padding = detail::window_padding(sliding(), windows.dst, windows.src);
        const T* dst = recon_dst.data();
        const T* weights = weights_.data();
        if (const Index used = options_.groups == 1 ? used_maps(recon_dst) : options_.out; used <= options_.out / 2) {
            gather_maps(recon_dst, used, room.saved);
            dst = room.saved.data();
            weights = dst + shape.batch * used * shape.dst_plane();
            shape.dst_channels = used;
        }
        if (shape.dst_channels == 0) return recon_src.fill(T(0));
        kernels::transposed_convolution(shape, dst, weights, recon_src.data(), shape.whole_src());
    }

  private:
    /// Has the signal (N, out, …) of this output map a value in any picture?
    bool is_used(const Tensor<T>& dst, Index map) const {
        const Index plane = dst.shape()[2] * dst.shape()[3];
        for (Index n = 0; n < dst.shape()[0]; ++n)
            if (!detail::all_zero(dst.data() + (n * options_.out + map) * plane, plane)) return true;
        return false;
    }

    Index used_maps(const Tensor<T>& dst) const {
        Index used = 0;
        for (Index map = 0; map < options_.out; ++map) used += is_used(dst, map) ? 1 : 0;
        return used;
    }

    /// Puts the signals (N, used, …) of the output maps that are used into `to`, and behind them their filters.
    void gather_maps(const Tensor<T>& dst, Index used, Tensor<T>& to) const {
        const Index batch = dst.shape()[0];
        const Index plane = dst.shape()[2] * dst.shape()[3];
        const Index filter = weights_.size() / options_.out;
        to.resize({used * (batch * plane + filter)});
        T* signal = to.data();
        T* weights = to.data() + batch * used * plane;
        for (Index map = 0; map < options_.out; ++map) {
            if (!is_used(dst, map)) continue;
            for (Index n = 0; n < batch; ++n)
                std::copy_n(dst.data() + (n * options_.out + map) * plane, plane, signal + n * used * plane);
            std::copy_n(weights_.data() + map * filter, filter, weights);
            signal += plane;
            weights += filter;
        }
    }

    Shape weights_shape() const {
        return {options_.out, options_.in / options_.groups, options_.kernel.y, options_.kernel.x};
    }

    static void check(const Conv2DOptions& o) {
        constexpr Index most = 1 << 24;
        if (o.in < 1 || o.out < 1 || o.groups < 1 || o.in > most || o.out > most)
            detail::raise<OptionError>("Conv2D: expected in and out from 1 to 2^24 and groups of at least 1, got in = ",
                                       o.in, ", out = ", o.out, ", groups = ", o.groups);
        if (o.in % o.groups != 0 || o.out % o.groups != 0)
            detail::raise<OptionError>("Conv2D: expected groups that divide in and out, got in = ", o.in,
                                       ", out = ", o.out, ", groups = ", o.groups);
        detail::expect_at_least(1, o.kernel, "Conv2D", "kernel");
        detail::expect_at_least(1, o.stride, "Conv2D", "stride");
        detail::expect_at_least(0, o.padding.before(), "Conv2D", "padding");
        detail::expect_at_least(0, o.padding.after(), "Conv2D", "padding");
        detail::expect_at_least(1, o.dilation, "Conv2D", "dilation");
    }

    kernels::ConvolutionShape kernel_shape(const Shape& src, const Shape& dst) const {
        return {.batch = src[0],
                .src_channels = src[1],
                .src_height = src[2],
                .src_width = src[3],
                .dst_channels = dst[1],
                .dst_height = dst[2],
                .dst_width = dst[3],
                .sliding = sliding(),
                .groups = options_.groups,
                .method = options_.method};
    }

    void transposed(const LayerTrace<T>& seen, const Tensor<T>& dst, Tensor<T>& src) const {
        src.resize(seen.src.shape());
        const kernels::ConvolutionShape shape = kernel_shape(src.shape(), dst.shape());
        kernels::transposed_convolution(shape, dst.data(), weights_.data(), src.data(), shape.whole_src());
    }

    Conv2DOptions options_;
    Tensor<T> weights_;
    Tensor<T> bias_;
};

}  // namespace deconvviz
