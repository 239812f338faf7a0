/// @file
/// AveragePool2D and GlobalAveragePool2D: means over windows, and over whole maps.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "deconvviz/kernels/average_pool.hpp"
#include "deconvviz/kernels/side_by_side.hpp"
#include "deconvviz/layers/detail/pooling.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of an AveragePool2D, in pixels; a stride of 0 stands for the kernel's size.
struct AveragePool2DOptions {
    Size2D kernel = 2;
    Size2D stride = 0;
    Padding2D padding = 0;      // smaller than the kernel
    bool ceil = false;          // round output sizes up: a last window may hang over the border
    bool count_padding = true;  // zeros of the padding count in the mean (PyTorch's default; ONNX's is not)
};

/// The mean of each window of each feature map. src: (N, C, H, W). dst: (N, C, OH, OW), sizes as those of MaxPool2D.
/// A place beyond the padding, where ceil lets a window hang over, never counts (as in PyTorch).
///
/// `deconv` is the adjoint under every rule, and the gradient: each value spreads evenly over its window,
/// r / places at each. There are no switches, so the way back knows nothing of where in the window the signal was.
///
/// Throws as MaxPool2D. Cost: N · C · OH · OW · kernel.y · kernel.x additions.
template <class T>
class AveragePool2D {
  public:
    explicit AveragePool2D(const AveragePool2DOptions& options = {}) : options_(options) {
        detail::complete_pooling(kind(), options_);
    }

    std::string_view kind() const { return "AveragePool2D"; }
    const AveragePool2DOptions& options() const { return options_; }
    SlidingWindow sliding() const { return {options_.kernel, options_.stride, options_.padding.before(), 1}; }
    Window reads(const Window& dst, const Shape& src) const { return sliding().reads(dst, src[1], src[2]); }
    Window reached_by(const Window& src, const Shape& dst) const { return sliding().reached_by(src, dst[1], dst[2]); }

    Shape output_shape(const Shape& sample) const { return detail::pooled_shape(sample, options_); }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(output_shape(src.shape().sample()).batched(src.shape()[0]));
        kernels::average_pool(kernel_shape(src.shape(), dst.shape()), src.data(), dst.data());
    }

    /// Without padding nothing around the input is ever read; with it, what counts depends on the place.
    std::optional<T> padding_value() const {
        if (options_.padding == Padding2D(0) && !options_.ceil) return T(0);
        return std::nullopt;
    }
    Window reads_padded(const Window& dst) const { return sliding().reads_padded(dst); }

    void forward_window(const ForwardWindows& windows, const Tensor<T>& src, Tensor<T>& dst, Record<T>&) const {
        dst.resize({src.shape()[0], src.shape()[1], windows.dst.height, windows.dst.width});
        kernels::AveragePoolShape shape = kernel_shape(src.shape(), dst.shape());
        shape.pool.sliding.padding = detail::window_padding(sliding(), windows.dst, windows.src);
        kernels::average_pool(shape, src.data(), dst.data());
    }

    bool knows_side_by_side() const { return true; }
    bool forward_side_by_side(const ForwardWindows& windows, const KnownMaps<T>& known, const Tensor<T>& src,
                              Tensor<T>& dst) const {
        dst.resize({src.shape()[0], windows.dst.height, windows.dst.width, kernels::side_by_side});
        kernels::average_pool_side_by_side<T>(kernel_shape(known.src_shape.batched(1), known.dst_shape.batched(1)),
                                              {windows.src, src.data()}, {windows.dst, dst.data()});
        return true;
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) deconv(seen, grad_dst, *grad_src, {});
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        recon_src.resize(seen.src.shape());
        kernels::average_unpool(kernel_shape(recon_src.shape(), recon_dst.shape()), recon_dst.data(), recon_src.data());
    }

  private:
    kernels::AveragePoolShape kernel_shape(const Shape& src, const Shape& dst) const {
        return {.pool = {.planes = src[0] * src[1],
                         .src_height = src[2],
                         .src_width = src[3],
                         .dst_height = dst[2],
                         .dst_width = dst[3],
                         .sliding = sliding()},
                .padding_after = options_.padding.after(),
                .count_padding = options_.count_padding};
    }

    AveragePool2DOptions options_;
};

/// The mean of each whole feature map: (N, C, H, W) to (N, C, 1, 1). `deconv` spreads each value evenly over its map,
/// r / (H · W), under every rule; it is the gradient.
template <class T>
class GlobalAveragePool2D {
  public:
    std::string_view kind() const { return "GlobalAveragePool2D"; }

    Shape output_shape(const Shape& sample) const {
        detail::expect_maps(sample, "feature maps");
        if (sample[1] * sample[2] == 0) detail::raise<ShapeError>("expected maps with values, got ", sample);
        return {sample[0], 1, 1};
    }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(output_shape(src.shape().sample()).batched(src.shape()[0]));
        const Index plane = src.size() / dst.size();
        for (Index i = 0; i < dst.size(); ++i) {
            T sum = 0;
            for (Index k = 0; k < plane; ++k) sum += src[i * plane + k];
            dst[i] = sum / static_cast<T>(plane);
        }
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) deconv(seen, grad_dst, *grad_src, {});
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        recon_src.resize(seen.src.shape());
        const Index plane = recon_src.size() / recon_dst.size();
        for (Index i = 0; i < recon_dst.size(); ++i)
            std::fill_n(recon_src.data() + i * plane, plane, recon_dst[i] / static_cast<T>(plane));
    }
};

}  // namespace deconvviz
