/// @file
/// How much a layer computes.
#pragma once

#include <cstddef>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {

/// The multiply-adds of one layer's forward pass for one picture, by its definition: of a convolution each output value
/// sums over in / groups · kernel.y · kernel.x products, places in the padding included; of a dense layer over its
/// inputs. 0 for all other layers, whose work is small beside these. One multiply-add is two floating-point operations.
/// Throws OptionError for an unknown layer.
template <class T>
Index multiply_adds(const Sequential<T>& model, const LayerId& layer) {
    const std::size_t i = model.index(layer);
    if (const auto* conv = model.layer(i).template get_if<Conv2D<T>>())
        return model.output_shape(i).elements() * (conv->weights().size() / conv->options().out);
    if (const auto* dense = model.layer(i).template get_if<Dense<T>>()) return dense->weights().size();
    return 0;
}

/// Of the whole model: 15.5 · 10^9 for zoo::vgg16.
template <class T>
Index multiply_adds(const Sequential<T>& model) {
    Index all = 0;
    for (std::size_t i = 0; i < model.size(); ++i) all += multiply_adds(model, i);
    return all;
}

}  // namespace deconvviz
