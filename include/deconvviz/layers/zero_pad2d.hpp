/// @file
/// ZeroPad2D: a border of zeros.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a ZeroPad2D.
struct ZeroPad2DOptions {
    Padding2D padding = 1;
};

/// Puts zeros around each feature map: (N, C, H, W) to (N, C, top + H + bottom, left + W + right). `deconv` cuts the
/// border off, under every rule; it is the gradient. The constructor throws OptionError for a negative padding.
template <class T>
class ZeroPad2D {
  public:
    explicit ZeroPad2D(const ZeroPad2DOptions& options) : options_(options) {
        detail::expect_at_least(0, options.padding.before(), "ZeroPad2D", "padding");
        detail::expect_at_least(0, options.padding.after(), "ZeroPad2D", "padding");
    }

    std::string_view kind() const { return "ZeroPad2D"; }
    const ZeroPad2DOptions& options() const { return options_; }

    Shape output_shape(const Shape& sample) const {
        detail::expect_maps(sample, "feature maps");
        const Padding2D& p = options_.padding;
        return {sample[0], p.top + sample[1] + p.bottom, p.left + sample[2] + p.right};
    }

    Window reads(const Window& dst, const Shape& src) const { return sliding().reads(dst, src[1], src[2]); }
    Window reached_by(const Window& src, const Shape& dst) const { return sliding().reached_by(src, dst[1], dst[2]); }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(output_shape(src.shape().sample()).batched(src.shape()[0]));
        dst.fill(T(0));
        detail::copy_to_window(src.data(), dst.shape(), inner(src.shape()), dst.data());
    }

    T padding_value() const { return 0; }
    Window reads_padded(const Window& dst) const { return sliding().reads_padded(dst); }

    void forward_window(const ForwardWindows&, const Tensor<T>& src, Tensor<T>& dst, Record<T>&) const {
        dst.resize(src.shape());
        std::copy(src.begin(), src.end(), dst.begin());
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) deconv(seen, grad_dst, *grad_src, {});
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        recon_src.resize(seen.src.shape());
        detail::copy_window(recon_dst.shape(), recon_dst.data(), inner(recon_src.shape()), recon_src.data());
    }

    void deconv_window(const LayerTrace<T>&, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules&, Record<T>&) const {
        recon_src.resize(detail::window_shape(recon_dst.shape(), windows.src));
        const Window part{windows.src.y + options_.padding.top - windows.dst.y,
                          windows.src.x + options_.padding.left - windows.dst.x, windows.src.height, windows.src.width};
        detail::copy_window(recon_dst.shape(), recon_dst.data(), part, recon_src.data());
    }

  private:
    /// A kernel of one place that slides over the map and the border.
    SlidingWindow sliding() const { return {1, 1, options_.padding.before(), 1}; }

    /// The map in the padded one.
    Window inner(const Shape& src) const { return {options_.padding.top, options_.padding.left, src[2], src[3]}; }

    ZeroPad2DOptions options_;
};

}  // namespace deconvviz
