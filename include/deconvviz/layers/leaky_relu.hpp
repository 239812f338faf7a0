/// @file
/// LeakyReLU: rectification that lets a share of negative values through.
#pragma once

#include <span>
#include <string_view>

#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a LeakyReLU.
struct LeakyReLUOptions {
    double slope = 0.01;  // of the negative side
};

/// dst = src where src > 0, else slope · src, for any shape.
///
/// `deconv` is the true gradient under every rule, r · (src > 0 ? 1 : slope), as in Captum, whose rules act at ReLUs
/// alone: the papers' rules speak of units that are off, and such a unit is none. A NaN in src has the gradient slope.
///
/// The constructor throws OptionError for a slope that is not finite.
template <class T>
class LeakyReLU {
  public:
    explicit LeakyReLU(const LeakyReLUOptions& options = {}) : options_(options) {
        if (!(options.slope - options.slope == 0))
            detail::raise<OptionError>("LeakyReLU: expected a finite slope, got ", options.slope);
    }

    static constexpr bool pointwise = true;

    std::string_view kind() const { return "LeakyReLU"; }
    const LeakyReLUOptions& options() const { return options_; }
    Shape output_shape(const Shape& sample) const { return sample; }
    Window reads(const Window& dst, const Shape&) const { return dst; }
    Window reached_by(const Window& src, const Shape&) const { return src; }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(src.shape());
        scale(src.size(), src.data(), src.data(), dst.data());
    }

    void forward_in_place(Tensor<T>& values) const {
        scale(values.size(), values.data(), values.data(), values.data());
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) deconv(seen, grad_dst, *grad_src, {});
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        recon_src.resize(recon_dst.shape());
        scale(recon_dst.size(), seen.src.data(), recon_dst.data(), recon_src.data());
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules&, Record<T>& room) const {
        recon_src.resize(recon_dst.shape());
        const T* const src = detail::window_values(seen.src, windows.src, room.saved);
        scale(recon_dst.size(), src, recon_dst.data(), recon_src.data());
    }

  private:
    /// to[i] = from[i] where by[i] > 0, else slope · from[i]. All three may be the same memory.
    void scale(Index count, const T* by, const T* from, T* to) const {
        const T slope = static_cast<T>(options_.slope);
        for (Index i = 0; i < count; ++i) to[i] = from[i] * (by[i] > 0 ? T(1) : slope);
    }

    LeakyReLUOptions options_;
};

}  // namespace deconvviz
