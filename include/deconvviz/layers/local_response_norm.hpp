/// @file
/// LocalResponseNorm: contrast normalisation across feature maps.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "deconvviz/kernels/local_response_norm.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Where a window of an even number of maps, which has no middle, reaches one map further: behind its map (ONNX), or in
/// front of it (PyTorch). Odd windows are symmetric.
enum class EvenWindow { behind, in_front };

/// Options of a LocalResponseNorm; the defaults are those of AlexNet and ZFNet, with alpha divided by `size` as in
/// PyTorch and ONNX (AlexNet's paper multiplies by an alpha of 1e-4 without dividing: that is alpha = 5e-4 here).
struct LocalResponseNormOptions {
    Index size = 5;  // maps in the window
    double alpha = 1e-4;
    double beta = 0.75;
    double k = 2;
    EvenWindow even = EvenWindow::behind;
};

/// dst[c] = src[c] · (k + alpha / size · Σ_{j near c} src[j]²)^-beta, over the `size` maps around c [krizhevsky2012,
/// §3.3]. src, dst: (N, C, H, W).
///
/// `deconv` passes the signal unchanged under the rules deconvnet and guided [zeiler2014, ECCV text], and as a true
/// gradient under the rule gradient; rules.contrast forces either.
///
/// The constructor throws OptionError for size < 1, k <= 0 or a negative alpha.
/// Cost: N · C · H · W · size multiply-adds, and a power for each value.
template <class T>
class LocalResponseNorm {
  public:
    explicit LocalResponseNorm(const LocalResponseNormOptions& options = {}) : options_(options) {
        if (options.size < 1 || !(options.k > 0) || !(options.alpha >= 0) ||
            !(options.beta > -1e3 && options.beta < 1e3))
            detail::raise<OptionError>(
                "LocalResponseNorm: expected size >= 1, k > 0 and alpha >= 0, got size = ", options.size,
                ", k = ", options.k, ", alpha = ", options.alpha, ", beta = ", options.beta);
    }

    static constexpr bool pointwise = true;

    std::string_view kind() const { return "LocalResponseNorm"; }
    const LocalResponseNormOptions& options() const { return options_; }
    Window reads(const Window& dst, const Shape&) const { return dst; }
    Window reached_by(const Window& src, const Shape&) const { return src; }

    Shape output_shape(const Shape& sample) const {
        detail::expect_maps(sample, "feature maps");
        return sample;
    }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>& record, const PassOptions& pass) const {
        dst.resize(src.shape());
        if (pass.recorded) record.saved.resize(src.shape());
        // Where nobody wants the scale, each value of it gives way to the output that was computed from it.
        T* const scale = pass.recorded ? record.saved.data() : dst.data();
        kernels::local_response_norm(kernel_shape(src.shape()), src.data(), scale, dst.data());
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) gradient(seen, grad_dst, *grad_src);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules& rules) const {
        if (!rules.contrast_passes_unchanged()) return gradient(seen, recon_dst, recon_src);
        recon_src.resize(recon_dst.shape());
        std::copy(recon_dst.begin(), recon_dst.end(), recon_src.begin());
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) const {
        if (rules.contrast_passes_unchanged() || windows.src == detail::whole_maps(seen.src.shape()))
            return deconv(seen, recon_dst, recon_src, rules);
        // Which values the kernel computes in vectors, and so their last bits, depends on where they lie in the map.
        expect_scale(seen);
        const Shape& maps = seen.src.shape();
        room.saved.resize({2 * maps.elements()});
        T* const grad_dst = room.saved.data();
        T* const grad_src = grad_dst + maps.elements();
        std::fill_n(grad_dst, maps.elements(), T(0));
        detail::copy_to_window(recon_dst.data(), maps, windows.dst, grad_dst);
        kernels::local_response_norm_backward(kernel_shape(maps), seen.src.data(), seen.record.saved.data(),
                                              seen.dst.data(), grad_dst, grad_src);
        recon_src.resize(recon_dst.shape());
        detail::copy_window(maps, grad_src, windows.src, recon_src.data());
    }

  private:
    kernels::LocalResponseNormShape<T> kernel_shape(const Shape& src) const {
        return {.batch = src[0],
                .channels = src[1],
                .plane = src[2] * src[3],
                .size = options_.size,
                .alpha = static_cast<T>(options_.alpha),
                .beta = static_cast<T>(options_.beta),
                .k = static_cast<T>(options_.k),
                .more_before = options_.even == EvenWindow::in_front};
    }

    static void expect_scale(const LayerTrace<T>& seen) {
        if (seen.record.saved.shape() != seen.src.shape())
            detail::raise<StateError>("LocalResponseNorm: the trace holds no normalisation scale");
    }

    void gradient(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>& grad_src) const {
        expect_scale(seen);
        grad_src.resize(seen.src.shape());
        kernels::local_response_norm_backward(kernel_shape(seen.src.shape()), seen.src.data(), seen.record.saved.data(),
                                              seen.dst.data(), grad_dst.data(), grad_src.data());
    }

    LocalResponseNormOptions options_;
};

}  // namespace deconvviz
