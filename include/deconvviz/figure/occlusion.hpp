/// @file
/// Figures of occlusion sensitivity: the heat map, and the occluded pictures with their probabilities.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/visualize/occlusion.hpp"

namespace deconvviz::figure {

/// Options of occlusion_heatmap.
struct OcclusionHeatmapOptions {
    std::string title = {};
    std::string subtitle = {};
    ValueRange range = {0, 1};  // of the probability
    double alpha = 0.6;         // weight of the heat map over the picture
    Index cell_size = 168;
    Style style = {};
};

/// Three panels: the picture; the probability of the target class by the position of the patch, in the colours of the
/// colour bar; and the same over the picture, each position at its patch's centre, where the colours blend. Positions
/// whose patch hangs over the border are drawn like the others; where no centre lies, the picture shows.
/// Throws ShapeError where picture and map do not go together.
template <class T>
Image occlusion_heatmap(const Tensor<T>& image, const OcclusionMap<T>& map,
                        const OcclusionHeatmapOptions& options = {}) {
    if (image.rank() != 3 || image.shape()[1] != map.image_height || image.shape()[2] != map.image_width)
        deconvviz::detail::raise<ShapeError>("occlusion figure: expected a picture of ", map.image_height, "x",
                                             map.image_width, ", got ", image.shape());
    // A cell of the heat map is as large as a step of the patch, around the patch's centre.
    Window area{map.patch.y / 2 - (map.stride.y - 1) / 2, map.patch.x / 2 - (map.stride.x - 1) / 2,
                map.rows() * map.stride.y, map.columns() * map.stride.x};
    area.y = std::max<Index>(area.y, 0);
    area.x = std::max<Index>(area.x, 0);
    area.height = std::min(area.height, map.image_height - area.y);
    area.width = std::min(area.width, map.image_width - area.x);
    const Image overlaid =
        overlay(render(image), map.probability,
                {.alpha = options.alpha, .colormap = Colormap::sequential, .range = options.range, .area = area});
    return grid({{.picture = render(image), .above = "picture"},
                 {.picture = map.probability, .above = "probability by position"},
                 {.picture = overlaid, .above = "over the picture"}},
                {.columns = 3,
                 .title = options.title,
                 .subtitle = options.subtitle,
                 .colormap = Colormap::sequential,
                 .range_mode = RangeMode::given,
                 .range = options.range,
                 .colorbar = true,
                 .colorbar_label = deconvviz::detail::concat("probability of class ", map.target),
                 .cell_size = options.cell_size,
                 .style = options.style});
}

/// Options of occlusion_rows.
struct OcclusionRowsOptions {
    std::string title = {};
    std::string subtitle = {};
    Size2D shown = {3, 8};  // rows and columns of positions, taken evenly from all
    Index cell_size = 84;
    Style style = {};
};

/// Rows of the picture with the patch at different positions, the probability of the target class above each; a red
/// frame where another class is more probable than the target. Throws ShapeError where picture and map do not go
/// together, OptionError for a number of positions below 1.
template <class T>
Image occlusion_rows(const Tensor<T>& image, const OcclusionMap<T>& map, const OcclusionRowsOptions& options = {}) {
    deconvviz::detail::expect_at_least(1, options.shown, "occlusion figure", "number of positions shown");
    const Index rows = std::min(options.shown.y, map.rows());
    const Index columns = std::min(options.shown.x, map.columns());
    const auto spread = [](Index i, Index count, Index all) {
        return count == 1 ? (all - 1) / 2 : i * (all - 1) / (count - 1);
    };
    const ValueRange own = range_of(image);
    const ValueRange range = unite(own, {static_cast<double>(map.fill), static_cast<double>(map.fill)});
    const auto two_digits = [](double value) {
        char text[16];
        std::snprintf(text, sizeof(text), "%.2f", value);
        return std::string(text);
    };
    std::vector<Cell> cells;
    for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < columns; ++j) {
            const Index r = spread(i, rows, map.rows());
            const Index c = spread(j, columns, map.columns());
            Cell cell{.picture = render(occluded(image, map.patch_at(r, c), map.fill), {.range = range}),
                      .above = two_digits(static_cast<double>(map.probability(r, c)))};
            if (map.most_probable(r, c) != map.target) cell.highlight = Color{200, 30, 30};
            cells.push_back(std::move(cell));
        }
    return grid(cells, {.columns = columns,
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .cell_size = options.cell_size,
                        .style = options.style});
}

}  // namespace deconvviz::figure
