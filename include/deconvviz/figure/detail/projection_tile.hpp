/// @file
/// One projection or patch as a tile of a figure.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/render.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/visualize/project_top.hpp"

namespace deconvviz::detail {

inline void check_contrast(double contrast, std::string_view who) {
    if (!(contrast > 0 && std::isfinite(contrast)))
        raise<OptionError>(who, ": expected a contrast above 0, got ", contrast);
}

/// The largest absolute value that is finite.
template <class T>
double largest_of(const Tensor<T>& values) {
    const auto range = figure::finite_range(values.values());
    return range ? figure::symmetric(*range).high : 0;
}

/// Pixels of the figure for one of a crop (C, h, w), so that its longer side comes near to a size in the style's units.
inline Index tile_factor(const Shape& crop, Index size, const figure::Style& style) {
    const Index side = std::max<Index>({crop[1], crop[2], 1});
    return std::max<Index>(1, (size * style.scale + side / 2) / side);
}

/// Zero is mid-grey, ±largest / contrast and beyond are the ends of the scale.
template <class T>
figure::Image projection_tile(const Tensor<T>& projection, double largest, double contrast, Index factor) {
    const figure::ValueRange range{-largest / contrast, largest / contrast};
    return figure::enlarge(figure::render(projection, {.range = range, .symmetric = true}), factor);
}

/// The range in which patches are drawn: that of pictures, [0, 1], or all that there is where values go beyond.
template <class T>
figure::ValueRange patch_range(const std::vector<const Tensor<T>*>& patches) {
    figure::ValueRange all{0, 1};
    for (const Tensor<T>* patch : patches)
        if (const auto own = figure::finite_range(patch->values())) all = figure::unite(all, *own);
    return all;
}

/// A patch in the colours of its picture; beyond the picture's border in a colour of its own, where one is given.
template <class T>
figure::Image patch_tile(const TopProjection<T>& shown, const Shape& picture, figure::ValueRange range,
                         std::optional<figure::Color> beyond, Index factor) {
    figure::Image tile = figure::render(shown.patch, {.range = range});
    for (Index y = 0; beyond && y < tile.height(); ++y)
        for (Index x = 0; x < tile.width(); ++x)
            if (!contains({0, 0, picture[1], picture[2]}, {shown.window.y + y, shown.window.x + x, 1, 1}))
                tile(x, y) = *beyond;
    return figure::enlarge(tile, factor);
}

/// The colour of a place where a picture is missing.
inline figure::Color empty_place(const figure::Style& style) {
    return figure::mix(style.background, style.frame, 0.25);
}

/// Columns for blocks that are twice as wide as high.
inline Index block_columns(Index count) {
    return count <= 3 ? count : count == 4 ? 2 : count <= 12 ? 3 : 4;
}

}  // namespace deconvviz::detail
