/// @file
/// Figures of feature invariance: a row for each transformation, pictures and their curves; and mean curves by layer.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/detail/invariance_drawing.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/visualize/invariance.hpp"

namespace deconvviz::figure {

/// The paper's figure [zeiler2014, Fig. 5]: a row for each transformation, and in it the transformed pictures, framed
/// in the colour of their curves; a chart of the distances for each layer; a chart of the true class's probability.
/// `images` are the pictures that were measured, and all rows are of these, with the same layers. Values that are not
/// finite leave a gap. Throws ShapeError where the pictures are of another number or cannot be drawn, OptionError for
/// no rows, rows that do not go together, names of another number, or sizes below 1.
template <class T>
Image invariance(const Tensor<T>& images, const std::vector<Invariance<T>>& rows,
                 const InvarianceFigureOptions& options = {}) {
    deconvviz::detail::InvarianceFigure<T> parts(rows, options);
    if (images.rank() != 4 || images.shape()[0] != rows[0].pictures())
        deconvviz::detail::raise<ShapeError>("invariance figure: expected ", rows[0].pictures(),
                                             " pictures (N,C,H,W), got ", images.shape());
    if (!options.names.empty() && std::cmp_not_equal(options.names.size(), rows[0].pictures()))
        deconvviz::detail::raise<OptionError>("invariance figure: expected ", rows[0].pictures(), " names, got ",
                                              options.names.size());
    if (options.shown < 1)
        deconvviz::detail::raise<OptionError>("invariance figure: expected at least one amount shown, got ",
                                              options.shown);
    std::vector<Image> cells;
    for (const Invariance<T>& row : rows) {
        cells.push_back(parts.strip(images, row));
        if (cells.size() == 1) parts.fit(cells[0].height());
        for (std::size_t l = 0; l < row.layers.size(); ++l) cells.push_back(parts.distances(row, l));
        cells.push_back(parts.probabilities(row));
    }
    return vstack(
        {deconvviz::detail::figure_table(cells, rows[0].layers.size() + 2, options.style), parts.legend()},
        {.align = Align::center, .title = options.title, .subtitle = options.subtitle, .style = options.style});
}

/// The same of many pictures, a row for each transformation: the mean distance with a line for each layer, and the mean
/// probability of the true class with its standard deviation. To be compared between layers, measure
/// FeatureDistance::relative. Throws OptionError as `invariance`.
template <class T>
Image invariance_means(const std::vector<Invariance<T>>& rows, const InvarianceFigureOptions& options = {}) {
    const deconvviz::detail::InvarianceFigure<T> parts(rows, options);
    std::vector<Image> cells;
    for (const Invariance<T>& row : rows) {
        cells.push_back(parts.mean_distances(row));
        cells.push_back(parts.mean_probabilities(row));
    }
    return vstack({deconvviz::detail::figure_table(cells, 2, options.style)},
                  {.title = options.title, .subtitle = options.subtitle, .style = options.style});
}

}  // namespace deconvviz::figure
