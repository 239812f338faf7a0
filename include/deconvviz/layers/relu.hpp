/// @file
/// ReLU: rectification.
#pragma once

#include <span>
#include <string_view>

#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// dst = max(src, 0), for any shape.
///
/// `deconv` treats the reverse signal by rules.relu: `deconvnet` rectifies the signal itself and does not look at what
/// the forward pass saw [zeiler2014, §2.1], `gradient` lets through what the forward pass let through, `guided` asks
/// for both [springenberg2015]. So in a network conv – ReLU – pool the way back reads unpool – rectify – filter, as in
/// the paper.
template <class T>
class ReLU {
  public:
    static constexpr bool pointwise = true;

    std::string_view kind() const { return "ReLU"; }
    Shape output_shape(const Shape& sample) const { return sample; }
    Window reads(const Window& dst, const Shape&) const { return dst; }
    Window reached_by(const Window& src, const Shape&) const { return src; }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(src.shape());
        kernels::relu(src.size(), src.data(), dst.data());
    }

    void forward_in_place(Tensor<T>& values) const { kernels::relu(values.size(), values.data(), values.data()); }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) rectify(seen, grad_dst, *grad_src, ReluRule::gradient);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules& rules) const {
        rectify(seen, recon_dst, recon_src, rules.relu);
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) const {
        recon_src.resize(recon_dst.shape());
        // The rule deconvnet does not look at what the forward pass saw: anything does.
        const T* const src = rules.relu == ReluRule::deconvnet
                                 ? recon_dst.data()
                                 : detail::window_values(seen.src, windows.src, room.saved);
        kernels::relu_reverse(recon_src.size(), rules.relu, src, recon_dst.data(), recon_src.data());
    }

  private:
    static void rectify(const LayerTrace<T>& seen, const Tensor<T>& dst, Tensor<T>& src, ReluRule rule) {
        src.resize(seen.src.shape());
        kernels::relu_reverse(src.size(), rule, seen.src.data(), dst.data(), src.data());
    }
};

}  // namespace deconvviz
