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

template <class T>
std::vector<std::string> map_names(const FeatureEvolution<T>& evolution) {
    std::vector<std::string> names;
    for (const Index map : evolution.maps()) names.push_back(concat("map ", map));
    return names;
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// Options of evolution and evolution_frame.
struct EvolutionFigureOptions {
    std::string title = {};
    std::string subtitle = {};
    Index cell_size = 84;
    Style style = {};
};

/// Rows are the watched maps, columns the epochs: above the feature maps of the base image, below the projections of
/// each map's strongest activation. Feature maps are drawn from zero on a scale of their row, so that one sees them
/// grow; projections with zero as mid-grey, each on its own scale. Throws OptionError where nothing was recorded.
template <class T>
Image evolution(const FeatureEvolution<T>& evolution, const EvolutionFigureOptions& options = {}) {
    if (evolution.frames().empty()) throw OptionError("evolution figure: no epoch was recorded");
    GridOptions grid_options{.title = "feature maps",
                             .row_headings = deconvviz::detail::map_names(evolution),
                             .cell_size = options.cell_size,
                             .style = options.style};
    grid_options.style.title_size = 14;
    for (const EvolutionFrame<T>& frame : evolution.frames())
        grid_options.column_headings.push_back(frame.epoch == 0 ? "before"
                                                                : deconvviz::detail::concat("epoch ", frame.epoch));
    std::vector<Cell> maps;
    std::vector<Cell> projections;
    for (std::size_t m = 0; m < evolution.maps().size(); ++m)
        for (std::size_t f = 0; f < evolution.frames().size(); ++f) {
            auto [map, projection] = deconvviz::detail::evolution_cells(evolution, m, f);
            maps.push_back(std::move(map));
            projections.push_back(std::move(projection));
        }
    const Image above = grid(maps, grid_options);
    grid_options.title = "projections of the strongest activation of each map";
    return vstack({above, grid(projections, grid_options)},
                  {.title = options.title, .subtitle = options.subtitle, .style = options.style});
}

/// One epoch of the same: for each watched map its feature map above its projection, on the same scales as `evolution`
/// draws them. All frames have the same size, so that a page can step through them.
/// Throws OptionError for a frame that was not recorded.
template <class T>
Image evolution_frame(const FeatureEvolution<T>& evolution, std::size_t index,
                      const EvolutionFigureOptions& options = {}) {
    if (index >= evolution.frames().size())
        throw OptionError(deconvviz::detail::concat("evolution figure: there is no frame ", index, ": ",
                                                    evolution.frames().size(), " were recorded"));
    const std::size_t count = evolution.maps().size();
    std::vector<Cell> cells(2 * count);
    for (std::size_t m = 0; m < count; ++m) {
        auto [map, projection] = deconvviz::detail::evolution_cells(evolution, m, index);
        cells[m] = std::move(map);
        cells[count + m] = std::move(projection);
    }
    return grid(cells, {.columns = static_cast<Index>(count),
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .row_headings = {"feature map", "projection"},
                        .column_headings = deconvviz::detail::map_names(evolution),
                        .cell_size = options.cell_size,
                        .style = options.style});
}

}  // namespace deconvviz::figure
