/// @file
/// Figure: the filters of a convolution.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/visualize/filters.hpp"

namespace deconvviz::figure {

/// Options of filters.
struct FiltersOptions {
    std::string title = {};     // by default the layer's name, and how many filters of which size it has
    std::string subtitle = {};  // by default the smallest and largest root mean square, and how many are dead
    /// shared: one scale, so that one sees which filters are large and which are nothing beside them; per_picture: each
    /// its own, so that one sees what each looks for; given: `range`, for banks that are to be compared. But for a
    /// given range zero is in the middle.
    RangeMode range_mode = RangeMode::shared;
    ValueRange range = {-1, 1};
    Colormap colormap = Colormap::diverging;      // of single weights; filters of three channels have their own colours
    std::optional<std::vector<Index>> dead = {};  // these are framed in red; by default dead_filters(bank)
    Index shown = 0;     // filters, the first ones; 0 for all, or the first 16 where they make a table
    Index channels = 0;  // columns of a table, the first input channels; 0 for up to 16
    Index columns = 0;   // of a grid; 0 for what fills the rows well
    bool numbers = true;
    Index cell_size = 48;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// "0.031": three digits that say something.
inline std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.3g", value);
    return text;
}

template <class T>
std::string filters_title(const FilterBank<T>& bank) {
    const Shape& shape = bank.filters.shape();
    return concat(bank.layer, ": ", shape[0], " filters ", shape[2], "x", shape[3], " over ", shape[1],
                  shape[1] == 1 ? " channel" : " channels");
}

template <class T>
std::string filters_subtitle(const FilterBank<T>& bank, std::size_t dead) {
    double smallest = largest_rms(bank);
    for (const double rms : bank.rms)
        if (rms < smallest) smallest = rms;
    return concat("RMS ", short_number(smallest), " to ", short_number(largest_rms(bank)), "; dead: ", dead, " of ",
                  bank.size(), dead > 0 ? " (framed)" : "");
}

/// One channel (KH, KW) of a filter.
template <class T>
Tensor<T> filter_channel(const FilterBank<T>& bank, Index filter, Index channel) {
    return bank.filters.entry(filter).entry(channel);
}

/// How many of `all` are shown where `wanted` were asked for, 0 meaning `usual`.
inline Index shown_of(Index wanted, Index all, Index usual) {
    return std::min(wanted > 0 ? wanted : usual, all);
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// The filters of a bank, numbered, dead ones framed in red. Over three channels a filter is a colour picture with zero
/// as mid-grey; over one it is drawn on the colour scale; over another number of channels the figure is a table with a
/// row for each filter and a column for each of its input channels. Where filters share a scale, a colour bar tells the
/// weights. NaN is magenta.
/// Throws OptionError for a bank without filters, a dead filter that there is not, negative numbers of filters,
/// channels or columns, or a range that is not finite.
template <class T>
Image filters(const FilterBank<T>& bank, const FiltersOptions& options = {}) {
    using deconvviz::detail::concat;
    if (bank.size() == 0) deconvviz::detail::raise<OptionError>("filters figure: the bank has no filters");
    if (options.shown < 0 || options.channels < 0)
        deconvviz::detail::raise<OptionError>("filters figure: expected numbers of at least 0, got shown = ",
                                              options.shown, ", channels = ", options.channels);
    const std::vector<Index> dead = options.dead ? *options.dead : dead_filters(bank);
    for (const Index filter : dead)
        if (filter < 0 || filter >= bank.size())
            deconvviz::detail::raise<OptionError>("filters figure: there is no filter ", filter, ": they are 0 … ",
                                                  bank.size() - 1);
    const Index depth = bank.filters.shape()[1];
    const bool colour = depth == 3, table = depth != 3 && depth != 1;
    const Index shown = deconvviz::detail::shown_of(options.shown, bank.size(), table ? 16 : bank.size());
    const Index channels = table ? deconvviz::detail::shown_of(options.channels, depth, 16) : 1;

    GridOptions grid_options{.columns = table ? channels : options.columns,
                             .title = options.title,
                             .subtitle = options.subtitle,
                             .colormap = colour ? Colormap::grey : options.colormap,
                             .range_mode = options.range_mode,
                             .range = options.range,
                             .symmetric = true,
                             .colorbar = options.range_mode != RangeMode::per_picture,
                             .cell_size = options.cell_size,
                             .style = options.style};
    if (grid_options.title.empty()) grid_options.title = deconvviz::detail::filters_title(bank);
    if (grid_options.subtitle.empty())
        grid_options.subtitle = deconvviz::detail::filters_subtitle(bank, dead.size()) +
                                (shown < bank.size() ? concat("; filters 0 to ", shown - 1) : "") +
                                (channels < depth && table ? concat("; channels 0 to ", channels - 1) : "");
    if (grid_options.colorbar) grid_options.colorbar_label = colour ? "weight of each colour" : "weight";
    for (Index i = 0; table && i < channels; ++i) grid_options.column_headings.push_back(concat(i));

    std::vector<Cell> cells;
    for (Index o = 0; o < shown; ++o) {
        std::optional<Color> frame;
        if (std::find(dead.begin(), dead.end(), o) != dead.end()) frame = Color{200, 30, 30};
        if (table) grid_options.row_headings.push_back(concat("filter ", o));
        for (Index i = 0; i < channels; ++i) {
            Picture picture =
                colour ? Picture(bank.filters.entry(o)) : Picture(deconvviz::detail::filter_channel(bank, o, i));
            cells.push_back({.picture = std::move(picture),
                             .above = options.numbers && !table ? concat(o) : std::string(),
                             .highlight = frame});
        }
    }
    return grid(cells, grid_options);
}

}  // namespace deconvviz::figure
