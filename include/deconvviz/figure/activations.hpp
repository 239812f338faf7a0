/// @file
/// Figure: the input beside all feature maps of a layer.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/feature_maps.hpp"

namespace deconvviz::figure {

/// Options of activations.
struct ActivationsOptions {
    Index picture = 0;         // of the trace's batch
    std::string title = {};    // by default the layer's name, and how many maps of which size it has
    bool shared_range = true;  // one scale, with a colour bar, for all maps; else each map has its own
    Index cell_size = 72;
    Style style = {};
};

/// The input of one picture beside a grid of all its feature maps at a layer, numbered, on one scale with a colour bar.
/// Maps without negative values are drawn on the sequential scale, from 0 on; others on the diverging one, with zero in
/// the middle. A map that is zero everywhere is drawn as zero. Throws OptionError for an unknown layer or a picture out
/// of range, ShapeError for inputs that are no pictures.
template <class T>
Image activations(const Trace<T>& trace, const LayerId& layer, const ActivationsOptions& options = {}) {
    using deconvviz::detail::concat;
    const Tensor<T> maps = feature_maps(trace, layer, options.picture);
    const auto [low, high] = std::minmax_element(maps.begin(), maps.end());
    const bool negative = *low < 0;
    std::vector<Cell> cells;
    for (Index m = 0; m < maps.shape()[0]; ++m) cells.push_back({.picture = maps.entry(m), .above = concat(m)});

    GridOptions grid_options{.cell_size = options.cell_size, .style = options.style};
    grid_options.title = options.title.empty() ? concat(trace.name(trace.index(layer)), ": ", maps.shape()[0],
                                                        " feature maps of ", maps.shape()[1], "x", maps.shape()[2])
                                               : options.title;
    grid_options.colormap = negative ? Colormap::diverging : Colormap::sequential;
    grid_options.colorbar = options.shared_range;
    grid_options.colorbar_label = options.shared_range ? "activation" : "";
    grid_options.range_mode = options.shared_range ? RangeMode::given : RangeMode::per_picture;
    const double largest = std::max(static_cast<double>(*high), negative ? -static_cast<double>(*low) : 0.0);
    grid_options.range = {negative ? -largest : 0.0, largest};

    const Image input = grid({Cell{.picture = trace.input().entry(options.picture)}},
                             {.title = "input", .cell_size = 2 * options.cell_size, .style = options.style});
    return hstack({input, grid(cells, grid_options)}, {.style = options.style});
}

}  // namespace deconvviz::figure
