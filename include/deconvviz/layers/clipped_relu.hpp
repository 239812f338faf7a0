/// @file
/// ClippedReLU: rectification with an upper limit, such as ReLU6.
#pragma once

#include <span>
#include <string_view>

#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a ClippedReLU.
struct ClippedReLUOptions {
    double most = 6;
};

/// dst = min(max(src, 0), most), for any shape; NaN stays NaN. With its default it is the ReLU6 of mobile networks.
///
/// It is a ReLU to the rules of the way back: `deconvnet` rectifies the signal itself, r where r > 0; `gradient` lets
/// through what lies between the limits, r where 0 < src < most; `guided` asks for both. `backward` is the gradient.
///
/// The constructor throws OptionError for a limit that is not above 0.
template <class T>
class ClippedReLU {
  public:
    explicit ClippedReLU(const ClippedReLUOptions& options = {}) : options_(options) {
        if (!(options.most > 0))
            detail::raise<OptionError>("ClippedReLU: expected a limit above 0, got ", options.most);
    }

    static constexpr bool pointwise = true;

    std::string_view kind() const { return "ClippedReLU"; }
    const ClippedReLUOptions& options() const { return options_; }
    Shape output_shape(const Shape& sample) const { return sample; }
    Window reads(const Window& dst, const Shape&) const { return dst; }
    Window reached_by(const Window& src, const Shape&) const { return src; }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(src.shape());
        clip(src.size(), src.data(), dst.data());
    }

    void forward_in_place(Tensor<T>& values) const { clip(values.size(), values.data(), values.data()); }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) deconv(seen, grad_dst, *grad_src, {.relu = ReluRule::gradient});
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules& rules) const {
        recon_src.resize(recon_dst.shape());
        rectify(recon_dst.size(), rules.relu, seen.src.data(), recon_dst.data(), recon_src.data());
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) const {
        recon_src.resize(recon_dst.shape());
        const T* const src = detail::window_values(seen.src, windows.src, room.saved);
        rectify(recon_dst.size(), rules.relu, src, recon_dst.data(), recon_src.data());
    }

  private:
    void clip(Index count, const T* src, T* dst) const {
        const T most = static_cast<T>(options_.most);
        for (Index i = 0; i < count; ++i) dst[i] = src[i] < 0 ? T(0) : src[i] > most ? most : src[i];
    }

    void rectify(Index count, ReluRule rule, const T* src, const T* recon_dst, T* recon_src) const {
        const T most = static_cast<T>(options_.most);
        for (Index i = 0; i < count; ++i) {
            const bool seen = rule == ReluRule::deconvnet || (src[i] > 0 && src[i] < most);
            const bool wanted = rule == ReluRule::gradient || recon_dst[i] > 0;
            recon_src[i] = seen && wanted ? recon_dst[i] : T(0);
        }
    }

    ClippedReLUOptions options_;
};

}  // namespace deconvviz
