/// @file
/// A grid of pictures under headings, by the options of the figure that it makes.
#pragma once

#include <string>
#include <vector>

#include "deconvviz/figure/grid.hpp"

namespace deconvviz::detail {

/// A grid of as many columns as there are headings, with the titles, row headings (where they have any), size of cells
/// and style of a figure's options.
template <class Options>
figure::Image headed_grid(const std::vector<figure::Cell>& cells, const std::vector<std::string>& headings,
                          const Options& options) {
    figure::GridOptions look{.columns = static_cast<Index>(headings.size()),
                             .title = options.title,
                             .subtitle = options.subtitle,
                             .column_headings = headings,
                             .cell_size = options.cell_size,
                             .style = options.style};
    if constexpr (requires { options.row_headings; }) look.row_headings = options.row_headings;
    return figure::grid(cells, look);
}

}  // namespace deconvviz::detail
