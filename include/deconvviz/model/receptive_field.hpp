/// @file
/// The receptive field of a unit in a chain of layers, cut off at the picture's border or not.
#pragma once

#include <algorithm>
#include <optional>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
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

/// The receptive fields of all units of a layer, as if the picture went on beyond its border: position (y, x) reads the
/// `size` pixels from row y · stride.y + offset.y and column x · stride.x + offset.x on. All are of one size; those of
/// units near the border reach beyond it, with rows and columns below 0 too.
struct ReceptiveField {
    Size2D size = 1;
    Size2D stride = 1;
    Size2D offset = 0;

    constexpr Window at(Index y, Index x) const {
        return {y * stride.y + offset.y, x * stride.x + offset.x, size.y, size.x};
    }
    friend constexpr bool operator==(const ReceptiveField&, const ReceptiveField&) = default;
};

namespace detail {

/// What position (position, position) of a layer reads in a picture so large that its border is far away; nothing for
/// what reads up to the border all the same, or is no map.
template <class T>
std::optional<Window> far_from_borders(const Sequential<T>& model, std::size_t from, Index position) {
    constexpr Index endless = Index{1} << 61;
    constexpr Index farthest = Index{1} << 40;  // times the largest stride of a layer, it stays below `endless`
    Window field{position, position, 1, 1};
    for (std::size_t i = from + 1; i-- > 0;) {
        const Shape& src = model.input_shape(i);
        if (src.rank() != 3 || model.output_shape(i).rank() != 3) return std::nullopt;
        field = model.layer(i).reads(field, {0, endless, endless});  // so many values as of one map cannot be counted
        const Index last = std::max(field.y + field.height, field.x + field.width);
        if (field.empty() || field.y <= 0 || field.x <= 0 || last > farthest) return std::nullopt;
    }
    return field;
}

}  // namespace detail

/// The exact receptive fields of a layer's units without the cut at the border, for crops of one size as in
/// [mahendran2016]: for relu5_3 of zoo::vgg16 size 196, stride 16, offset -90. What `receptive_field` gives for one
/// position lies inside `at(y, x)`, and is equal to it for a unit far from the borders.
///
/// For flat features, and for a layer that reads all of its input or slides unevenly over it (a user's own, such as an
/// upsampling), it is the whole picture at every position: size (H, W), stride and offset 0. For an input that is no
/// picture, 1x1. Throws OptionError for an unknown layer.
/// Cost: some questions to each layer below, nothing is computed.
template <class T>
ReceptiveField unclipped_receptive_field(const Sequential<T>& model, const LayerId& layer) {
    constexpr Index start = Index{1} << 26;  // beyond the paddings of 64 layers
    constexpr Index probes = 16;             // positions one behind the other
    const std::size_t from = model.index(layer);
    const Window picture = detail::whole_window(model.input_shape());
    const ReceptiveField whole{{picture.height, picture.width}, 0, 0};
    const auto first = detail::far_from_borders(model, from, start);
    const auto second = detail::far_from_borders(model, from, start + 1);
    if (!first || !second) return whole;
    const Size2D stride(second->y - first->y, second->x - first->x);
    const ReceptiveField found{
        {first->height, first->width}, stride, {first->y - start * stride.y, first->x - start * stride.x}};
    for (Index at = start; at < start + probes; ++at)
        if (stride.y < 1 || stride.x < 1 || detail::far_from_borders(model, from, at) != found.at(at, at)) return whole;
    return found;
}

}  // namespace deconvviz
