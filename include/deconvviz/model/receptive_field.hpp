/// @file
/// The receptive field of a unit in a chain of layers.
#pragma once

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {

/// The smallest window of the model's input that holds everything which a window of a layer's output depends on,
/// clipped to the input:
///
///     receptive_field(model, "relu3", {.y = 4, .x = 7, .height = 1, .width = 1})    // of one unit
///
/// Flat features have the one position (0,0), and what is computed from them depends on everything, as does what a
/// layer gives that does not know its windows. Empty for an empty window, and for one that reads nothing but padding.
/// Throws OptionError for an unknown layer or a window that leaves its output.
template <class T>
Window receptive_field(const Sequential<T>& model, const LayerId& layer, const Window& window) {
    const std::size_t from = model.index(layer);
    const Window whole = detail::whole_window(model.output_shape(from));
    if (!contains(whole, window))
        detail::raise<OptionError>("receptive_field: layer '", model.name(from), "' has positions in ", whole,
                                   ", got the window ", window);
    Window field = window;
    for (std::size_t i = from + 1; i-- > 0;) field = model.layer(i).reads(field, model.input_shape(i));
    return field;
}

}  // namespace deconvviz
