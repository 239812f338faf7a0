/// @file
/// Flatten: feature maps to flat features.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// (N, C, H, W) to (N, C·H·W), or any other shape to (N, F), in row-major order. The way back is the reverse.
template <class T>
class Flatten {
  public:
    std::string_view kind() const { return "Flatten"; }
    Shape output_shape(const Shape& sample) const { return {sample.elements()}; }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(output_shape(src.shape().sample()).batched(src.shape()[0]));
        std::copy(src.begin(), src.end(), dst.begin());
    }

    /// Costs nothing.
    void forward_in_place(Tensor<T>& values) const {
        values = std::move(values).reshaped(output_shape(values.shape().sample()).batched(values.shape()[0]));
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) unflatten(seen, grad_dst, *grad_src);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        unflatten(seen, recon_dst, recon_src);
    }

  private:
    static void unflatten(const LayerTrace<T>& seen, const Tensor<T>& dst, Tensor<T>& src) {
        src.resize(seen.src.shape());
        std::copy(dst.begin(), dst.end(), src.begin());
    }
};

}  // namespace deconvviz
