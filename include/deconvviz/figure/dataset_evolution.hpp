/// @file
/// Figure of feature evolution over a data set.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/detail/projection_tile.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/visualize/dataset_evolution.hpp"

namespace deconvviz::figure {

/// Options of dataset_evolution.
struct DatasetEvolutionFigureOptions {
    std::string title = {};
    std::string subtitle = {};                   ///< by default what the figure shows and what a marked frame means
    Index columns = 2;                           ///< layers side by side
    bool patches = true;                         ///< under each projection the patch that it comes from
    double contrast = 1;                         ///< above 1: so many times stronger; the largest values are cut off
    std::optional<ValueRange> patch_range = {};  ///< by default [0, 1], or all values if they go beyond
    std::optional<Color> beyond = Color{128, 128, 128};  ///< beyond the picture's border; without it, what patches hold
    Color jump{214, 69, 26};                             ///< frames projections where another picture took over
    Index tile_size = 56;  ///< about the longer side of a projection; larger ones are not shrunk
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// Draws the rows of one layer after the other.
template <class T>
class EvolutionBlocks {
  public:
    EvolutionBlocks(const DatasetEvolution<T>& evolution, const figure::DatasetEvolutionFigureOptions& options)
        : evolution_(evolution), options_(options) {
        std::vector<const Tensor<T>*> patches;
        for (const auto& frame : evolution.frames())
            for (const EvolvedMap<T>& map : frame.maps)
                if (map.strongest) patches.push_back(&map.strongest->patch);
        patches_ = options.patch_range ? *options.patch_range : patch_range<T>(patches);
    }

    /// The rows of the layer that map `begin` is of; moves `begin` behind its maps.
    figure::Image layer(std::size_t& begin) const {
        const auto& maps = evolution_.maps();
        const std::string& name = maps[begin].layer;
        std::size_t end = begin;
        while (end < maps.size() && maps[end].layer == name) ++end;
        figure::GridOptions grid{.title = name, .enlarge = 1, .gap = 6, .style = options_.style};
        grid.style.title_size = 14;
        for (const auto& frame : evolution_.frames())
            grid.column_headings.push_back(frame.epoch == 0 ? "before" : concat("epoch ", frame.epoch));
        const Shape crop = crop_of(begin, end);
        std::vector<figure::Cell> cells;
        for (std::size_t map = begin; map < end; ++map) {
            grid.row_headings.push_back(concat("map ", maps[map].map));
            for (const auto& frame : evolution_.frames()) cells.push_back(cell(frame.maps[map], crop));
        }
        begin = end;
        return figure::grid(cells, grid);
    }

  private:
    /// The size of the layer's crops; one pixel where no picture ever excited it.
    Shape crop_of(std::size_t begin, std::size_t end) const {
        for (const auto& frame : evolution_.frames())
            for (std::size_t map = begin; map < end; ++map)
                if (frame.maps[map].strongest) return frame.maps[map].strongest->patch.shape();
        return {1, 1, 1};
    }

    figure::Cell cell(const EvolvedMap<T>& map, const Shape& crop) const {
        const Index factor = tile_factor(crop, options_.tile_size, options_.style);
        const Index width = crop[2] * factor, height = crop[1] * factor;
        const Index gap = options_.style.scale;
        figure::Image tile(width, options_.patches ? 2 * height + gap : height, options_.style.background);
        if (!map.strongest) {
            tile.fill(0, 0, tile.width(), tile.height(), empty_place(options_.style));
            return {.picture = std::move(tile)};
        }
        const Tensor<T>& projection = map.strongest->projection;
        tile.blit(projection_tile(projection, largest_of(projection), options_.contrast, factor), 0, 0);
        if (options_.patches)
            tile.blit(patch_tile(*map.strongest, evolution_.picture_shape(), patches_, options_.beyond, factor), 0,
                      height + gap);
        figure::Cell done{.picture = std::move(tile)};
        if (map.jumped) done.highlight = options_.jump;
        return done;
    }

    const DatasetEvolution<T>& evolution_;
    const figure::DatasetEvolutionFigureOptions& options_;
    figure::ValueRange patches_;
};

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// A block for each layer, `columns` of them side by side: rows are its maps, columns the epochs, each place the
/// projection of the strongest activation over the data set, as [zeiler2014, Fig. 4], and under it the patch of the
/// picture that it comes from. A coloured frame marks where another picture took over since the column before. Each
/// projection has its own scale, with zero as mid-grey. A pale place: no picture excited the map.
///
/// Throws OptionError where nothing was recorded, for a contrast that is not above 0 and finite, or a bad range;
/// ShapeError for pictures of neither one nor three channels.
template <class T>
Image dataset_evolution(const DatasetEvolution<T>& evolution, const DatasetEvolutionFigureOptions& options = {}) {
    if (evolution.frames().empty())
        deconvviz::detail::raise<OptionError>("dataset evolution figure: no epoch was recorded");
    deconvviz::detail::check_contrast(options.contrast, "dataset evolution figure");
    if (options.tile_size < 1 || options.columns < 1)
        deconvviz::detail::raise<OptionError>(
            "dataset evolution figure: expected a tile size and columns of at least "
            "1, got ",
            options.tile_size, " and ", options.columns);
    const deconvviz::detail::EvolutionBlocks<T> blocks(evolution, options);
    std::vector<Image> rows;
    for (std::size_t next = 0; next < evolution.maps().size();) {
        std::vector<Image> layers;
        while (next < evolution.maps().size() && std::cmp_less(layers.size(), options.columns))
            layers.push_back(blocks.layer(next));
        rows.push_back(hstack(layers, {.style = options.style}));
    }
    const std::string subtitle = !options.subtitle.empty() ? options.subtitle
                                 : options.patches
                                     ? "each map's strongest activation over all pictures: its projection, and below "
                                       "it the patch;\na coloured frame: another picture took over"
                                     : "each map's strongest activation over all pictures, projected;\n"
                                       "a coloured frame: another picture took over";
    return vstack(rows, {.title = options.title, .subtitle = subtitle, .style = options.style});
}

}  // namespace deconvviz::figure
