/// @file
/// Figures of feature evolution: all epochs side by side, and one epoch at a time.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/visualize/evolution.hpp"

namespace deconvviz::figure {

/// Options of evolution and evolution_frame.
struct EvolutionFigureOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<std::size_t> rows = {};  // which of the watched maps, by position in maps(); by default all
    Index cell_size = 84;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// A watched map in one frame: its feature map, on a scale that is the same for all frames, and its projection.
struct EvolutionCells {
    figure::Cell map;
    figure::Cell projection;
};

template <class T>
EvolutionCells evolution_cells(const FeatureEvolution<T>& evolution, std::size_t map, std::size_t frame) {
    const auto row = static_cast<Index>(map);
    double largest = 0;
    for (const EvolutionFrame<T>& any : evolution.frames())
        for (const T value : any.feature_maps.slice(row)) largest = std::max(largest, static_cast<double>(value));
    const EvolutionFrame<T>& shown = evolution.frames()[frame];
    return {{.picture = figure::render(shown.feature_maps.entry(row), {.colormap = figure::Colormap::sequential,
                                                                       .range = figure::ValueRange{0, largest}})},
            {.picture = figure::render(shown.projections.entry(row), {.symmetric = true})}};
}

/// The rows that are drawn. Throws OptionError for one that is not watched.
template <class T>
std::vector<std::size_t> shown_rows(const FeatureEvolution<T>& evolution, std::vector<std::size_t> rows) {
    const std::size_t count = evolution.maps().size();
    if (rows.empty())
        for (std::size_t i = 0; i < count; ++i) rows.push_back(i);
    for (const std::size_t row : rows)
        if (row >= count)
            deconvviz::detail::raise<OptionError>("evolution figure: there is no row ", row, " among ", count, " maps");
    return rows;
}

template <class T>
std::vector<std::string> map_names(const FeatureEvolution<T>& evolution, const std::vector<std::size_t>& rows) {
    std::vector<std::string> names;
    for (const std::size_t row : rows) names.push_back(concat("map ", evolution.maps()[row]));
    return names;
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// Beside the base image, rows are the watched maps, columns the epochs: above the feature maps of the base image,
/// below the projections of each map's strongest activation. Feature maps are drawn from zero on a scale of their row,
/// so that one sees them grow; projections with zero as mid-grey, each on its own scale. Throws OptionError where
/// nothing was recorded.
template <class T>
Image evolution(const FeatureEvolution<T>& evolution, const EvolutionFigureOptions& options = {}) {
    if (evolution.frames().empty()) deconvviz::detail::raise<OptionError>("evolution figure: no epoch was recorded");
    const auto rows = deconvviz::detail::shown_rows(evolution, options.rows);
    GridOptions grid_options{.title = "feature maps",
                             .row_headings = deconvviz::detail::map_names(evolution, rows),
                             .cell_size = options.cell_size,
                             .style = options.style};
    grid_options.style.title_size = 14;
    for (const EvolutionFrame<T>& frame : evolution.frames())
        grid_options.column_headings.push_back(frame.epoch == 0 ? "before"
                                                                : deconvviz::detail::concat("epoch ", frame.epoch));
    std::vector<Cell> maps;
    std::vector<Cell> projections;
    for (const std::size_t m : rows)
        for (std::size_t f = 0; f < evolution.frames().size(); ++f) {
            auto [map, projection] = deconvviz::detail::evolution_cells(evolution, m, f);
            maps.push_back(std::move(map));
            projections.push_back(std::move(projection));
        }
    const Image above = grid(maps, grid_options);
    grid_options.title = "projections of the strongest activation of each map";
    const Image below = grid(projections, grid_options);
    grid_options = {.title = "base image", .cell_size = 2 * options.cell_size, .style = grid_options.style};
    const Image base = grid({Cell{.picture = evolution.image()}}, grid_options);
    return hstack({base, vstack({above, below}, {.style = options.style})},
                  {.title = options.title, .subtitle = options.subtitle, .style = options.style});
}

/// One epoch of the same: for each watched map its feature map above its projection, on the same scales as `evolution`
/// draws them. All frames have the same size, so that a page can step through them.
/// Throws OptionError for a frame that was not recorded.
template <class T>
Image evolution_frame(const FeatureEvolution<T>& evolution, std::size_t index,
                      const EvolutionFigureOptions& options = {}) {
    if (index >= evolution.frames().size())
        deconvviz::detail::raise<OptionError>("evolution figure: there is no frame ", index, ": ",
                                              evolution.frames().size(), " were recorded");
    const auto rows = deconvviz::detail::shown_rows(evolution, options.rows);
    const std::size_t count = rows.size();
    std::vector<Cell> cells(2 * (count + 1));
    cells[0].picture = evolution.image();
    for (std::size_t m = 0; m < count; ++m) {
        auto [map, projection] = deconvviz::detail::evolution_cells(evolution, rows[m], index);
        cells[m + 1] = std::move(map);
        cells[count + 1 + m + 1] = std::move(projection);
    }
    std::vector<std::string> headings = deconvviz::detail::map_names(evolution, rows);
    headings.insert(headings.begin(), "base image");
    return grid(cells, {.columns = static_cast<Index>(count) + 1,
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .row_headings = {"feature map", "projection"},
                        .column_headings = headings,
                        .cell_size = options.cell_size,
                        .style = options.style});
}

}  // namespace deconvviz::figure
