/// @file
/// The labelled grid of pictures, which most figures are made of.
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/figure/detail/grid_layout.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/picture.hpp"

namespace deconvviz::figure {

/// Draws the cells row by row from the upper left, framed by hairlines, each picture enlarged by a whole number. Cells
/// of different size are centred in their place; a column is as wide as the widest picture or caption.
///
///     grid({{.picture = digit, .above = "p = 0.98"}, {.picture = occluded, .above = "p = 0.31"}}, {.columns = 2})
///
/// Throws OptionError where headings or titles do not go with the number of cells, for a range that is not finite, and
/// for a colour bar where every picture has a range of its own.
inline Image grid(const std::vector<Cell>& cells, const GridOptions& options = {}) {
    return deconvviz::detail::GridDrawing(cells, options).draw();
}

/// The same for pictures without captions of their own: `grid({a, b, c}, {.titles = {"a", "b", "c"}})`.
inline Image grid(const std::vector<Picture>& pictures, const GridOptions& options = {}) {
    std::vector<Cell> cells;
    for (const Picture& picture : pictures) cells.push_back({.picture = picture});
    return grid(cells, options);
}

/// The same for a vector of tensors or of images.
template <class T>
requires std::convertible_to<const T&, Picture> Image grid(const std::vector<T>& all, const GridOptions& options = {}) {
    return grid(std::vector<Picture>(all.begin(), all.end()), options);
}

}  // namespace deconvviz::figure
