/// @file
/// Figure of top activations: for each map a block of projections beside a block of the pictures' patches.
#pragma once

#include <algorithm>
#include <cmath>
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
#include "deconvviz/figure/style.hpp"
#include "deconvviz/visualize/project_top.hpp"

namespace deconvviz::figure {

/// Which projections share a scale. Zero is mid-grey on all of them.
enum class ProjectionScale {
    projection,  ///< each has its own: structure shows, heights do not compare
    map,         ///< one for all projections of a map
    figure       ///< one for all
};

/// Options of top_activations.
struct TopActivationsFigureOptions {
    std::string title = {};     ///< by default the layer's name and what is shown
    std::string subtitle = {};  ///< by default how to read it
    Index columns = 0;          ///< blocks in a row; 0: what fills the rows well
    ProjectionScale scale = ProjectionScale::projection;
    double contrast = 1;                         ///< above 1: so many times stronger; the largest values are cut off
    std::optional<ValueRange> patch_range = {};  ///< of the patches; by default [0, 1], or all values if they go beyond
    std::optional<Color> beyond = Color{128, 128, 128};  ///< beyond the picture's border; without it, what patches hold
    Index tile_size = 40;  ///< about the longer side of one projection or patch; larger ones are not shrunk
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// Draws the blocks of a figure of top activations.
template <class T>
class TopBlocks {
  public:
    TopBlocks(const TopProjections<T>& tops, const figure::TopActivationsFigureOptions& options)
        : tops_(tops),
          options_(options),
          side_(static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(tops.count))))),
          rows_((tops.count + side_ - 1) / side_),
          factor_(tile_factor(tops.crop, options.tile_size, options.style)),
          patches_(options.patch_range ? *options.patch_range : patch_range<T>(all_patches())) {
        for (const TopMap<T>& map : tops.maps) all_ = std::max(all_, largest(map));
    }

    figure::Cell cell(const TopMap<T>& map) const {
        const Index width = side_ * (tile_width() + gap()) - gap();
        const Index height = rows_ * (tile_height() + gap()) - gap();
        figure::Image block(2 * width + between() + 2 * gap(), height + 2 * gap(), options_.style.background);
        const double of_map = largest(map);
        for (Index k = 0; k < tops_.count; ++k) {
            const Index x = gap() + k % side_ * (tile_width() + gap());
            const Index y = gap() + k / side_ * (tile_height() + gap());
            const Index beside = x + width + between();
            if (std::cmp_greater_equal(k, map.entries.size())) {
                for (const Index left : {x, beside})
                    block.fill(left, y, tile_width(), tile_height(), empty_place(options_.style));
                continue;
            }
            const TopProjection<T>& entry = map.entries[static_cast<std::size_t>(k)];
            const double largest = options_.scale == figure::ProjectionScale::projection ? largest_of(entry.projection)
                                   : options_.scale == figure::ProjectionScale::map      ? of_map
                                                                                         : all_;
            block.blit(projection_tile(entry.projection, largest, options_.contrast, factor_), x, y);
            block.blit(patch_tile(entry, tops_.picture, patches_, options_.beyond, factor_), beside, y);
        }
        return {.picture = std::move(block), .above = heading(map)};
    }

  private:
    Index gap() const { return 2 * options_.style.scale; }
    Index between() const { return 6 * options_.style.scale; }
    Index tile_width() const { return tops_.crop[2] * factor_; }
    Index tile_height() const { return tops_.crop[1] * factor_; }

    static std::string heading(const TopMap<T>& map) {
        return concat("map ", map.map, map.entries.empty() ? ": no activation" : "");
    }

    static double largest(const TopMap<T>& map) {
        double found = 0;
        for (const TopProjection<T>& entry : map.entries) found = std::max(found, largest_of(entry.projection));
        return found;
    }

    std::vector<const Tensor<T>*> all_patches() const {
        std::vector<const Tensor<T>*> all;
        for (const TopMap<T>& map : tops_.maps)
            for (const TopProjection<T>& entry : map.entries) all.push_back(&entry.patch);
        return all;
    }

    const TopProjections<T>& tops_;
    const figure::TopActivationsFigureOptions& options_;
    Index side_, rows_;  // tiles in a block
    Index factor_;       // pixels of the figure for one of a tile
    figure::ValueRange patches_;
    double all_ = 0;
};

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// For each map, under its number, a block of its projections, and beside it a block of the patches that they come
/// from, in the same order, the strongest first: as [zeiler2014, Fig. 2]. A projection has an arbitrary scale and both
/// signs: it is drawn with zero as mid-grey. Patches are drawn as the pictures are, all on one scale, and mid-grey
/// beyond the border of the picture. Places without an entry stay empty, pale; a map without any says so in its
/// heading.
///
///     save_png("relu3.png", figure::top_activations(project_top(model, images, tops)));
///
/// Throws OptionError for no maps, a contrast that is not above 0 and finite, or a bad range; ShapeError for pictures
/// of neither one nor three channels.
template <class T>
Image top_activations(const TopProjections<T>& tops, const TopActivationsFigureOptions& options = {}) {
    using deconvviz::detail::concat;
    if (tops.maps.empty()) deconvviz::detail::raise<OptionError>("top activations figure: there are no maps to show");
    deconvviz::detail::check_contrast(options.contrast, "top activations figure");
    if (options.tile_size < 1)
        deconvviz::detail::raise<OptionError>("top activations figure: expected a tile size of at least 1, got ",
                                              options.tile_size);
    const deconvviz::detail::TopBlocks<T> blocks(tops, options);
    std::vector<Cell> cells;
    for (const TopMap<T>& map : tops.maps) cells.push_back(blocks.cell(map));
    GridOptions grid_options{.columns = options.columns, .enlarge = 1, .gap = 12, .style = options.style};
    grid_options.title = options.title.empty() ? concat(tops.layer, ": strongest activations") : options.title;
    grid_options.subtitle = options.subtitle.empty() ? concat("left: projections of the ", tops.count,
                                                              " strongest activations; right: the same pixels of the "
                                                              "pictures, ",
                                                              tops.crop[1], 'x', tops.crop[2])
                                                     : options.subtitle;
    if (grid_options.columns == 0)
        grid_options.columns = deconvviz::detail::block_columns(static_cast<Index>(cells.size()));
    return grid(cells, grid_options);
}

}  // namespace deconvviz::figure
