/// @file
/// Figure: pictures beside their projections.
#pragma once

#include <string>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/detail/headed_grid.hpp"
#include "deconvviz/figure/grid.hpp"

namespace deconvviz::figure {

/// One column of a reconstructions figure: projections (N, C, H, W), one for each picture, under a heading.
template <class T>
struct ReconstructionColumn {
    std::string heading;
    Tensor<T> projections;
};

/// Options of reconstructions.
struct ReconstructionsOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<std::string> row_headings = {};
    Index cell_size = 112;
    Style style = {};
};

/// A row for each picture (N, C, H, W): the picture itself, then its projections. A projection has an arbitrary scale
/// and both signs: each is drawn with zero as mid-grey and its own largest absolute value as white or black. Throws
/// ShapeError where a column does not have the shape of the pictures.
template <class T>
Image reconstructions(const Tensor<T>& pictures, const std::vector<ReconstructionColumn<T>>& columns,
                      const ReconstructionsOptions& options = {}) {
    std::vector<Cell> cells;
    for (Index n = 0; n < pictures.shape()[0]; ++n) {
        cells.push_back({.picture = render(pictures.entry(n))});
        for (const ReconstructionColumn<T>& column : columns) {
            if (column.projections.shape() != pictures.shape())
                deconvviz::detail::raise<ShapeError>("reconstructions: column '", column.heading,
                                                     "': expected projections ", pictures.shape(), ", got ",
                                                     column.projections.shape());
            cells.push_back({.picture = render(column.projections.entry(n), {.symmetric = true})});
        }
    }
    std::vector<std::string> headings{"input"};
    for (const ReconstructionColumn<T>& column : columns) headings.push_back(column.heading);
    return deconvviz::detail::headed_grid(cells, headings, options);
}

}  // namespace deconvviz::figure
