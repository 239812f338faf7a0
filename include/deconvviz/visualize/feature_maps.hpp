/// @file
/// Feature maps: what a layer saw in a picture.
#pragma once

#include <utility>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/trace.hpp"

namespace deconvviz {

/// The feature maps (C, H, W) of one picture of a trace at a layer; flat features (F) come as maps of one pixel, (F, 1,
/// 1). A copy of the activations, as they are. Throws OptionError for an unknown layer or a picture out of range.
template <class T>
Tensor<T> feature_maps(const Trace<T>& trace, const LayerId& layer, Index picture = 0) {
    Tensor<T> maps = trace.activation(layer).entry(picture);
    const Shape shape = maps.shape();
    return shape.rank() == 1 ? std::move(maps).reshaped({shape[0], 1, 1}) : maps;
}

/// One feature map (H, W) of one picture of a trace. Throws OptionError for an unknown layer, or a map or picture out
/// of range.
template <class T>
Tensor<T> feature_map(const Trace<T>& trace, const LayerId& layer, Index map, Index picture = 0) {
    return feature_maps(trace, layer, picture).entry(map);
}

}  // namespace deconvviz
