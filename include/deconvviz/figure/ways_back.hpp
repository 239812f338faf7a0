/// @file
/// Figure: pictures beside their maps by several ways back.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/detail/headed_grid.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/visualize/ways_back.hpp"

namespace deconvviz::figure {

/// One column of a figure of ways back: the maps (N, C, H, W) or (N, 1, H, W) that `explain` gave, one for each
/// picture.
template <class T>
struct WayBackColumn {
    WayBack way;
    Tensor<T> maps;
};

/// Options of ways_back.
struct WaysBackOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<std::string> row_headings = {};
    double clip = 0.99;  // this share of a map's magnitudes lies within the colour scale; the others get its ends
    Index cell_size = 84;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// The magnitude below which this share of the finite values lies; the largest where that is zero.
template <class T>
double magnitude_quantile(const Tensor<T>& values, double share) {
    if (!(share > 0 && share <= 1))
        raise<OptionError>("figure of ways back: expected a clip above 0 and at most 1, got ", share);
    std::vector<double> magnitudes;
    for (const T value : values)
        if (std::isfinite(value)) magnitudes.push_back(std::abs(static_cast<double>(value)));
    if (magnitudes.empty()) return 0;
    const auto last = static_cast<std::ptrdiff_t>(magnitudes.size()) - 1;
    const auto at = magnitudes.begin() + std::lround(share * static_cast<double>(last));
    std::ranges::nth_element(magnitudes, at);
    return *at > 0 ? *at : *std::ranges::max_element(magnitudes);
}

/// A name on two lines, so that columns stay narrow.
inline std::string on_two_lines(std::string name) {
    if (const std::size_t space = name.find(' '); space != std::string::npos) name[space] = '\n';
    return name;
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// A map as a picture on its own scale, one pixel a value. A map with signs has zero as mid-grey, in colours where it
/// has three channels; a saliency map, which has none, lies on the sequential scale from zero. `clip` as in
/// WaysBackOptions. Throws ShapeError for a map that is no picture, OptionError for a clip outside (0, 1].
template <class T>
Image way_back_picture(const Tensor<T>& map, MapValue value, double clip = 0.99) {
    const double end = deconvviz::detail::magnitude_quantile(map, clip);
    if (value == MapValue::channel_maximum)
        return render(map, {.colormap = Colormap::sequential, .range = ValueRange{0, end}});
    return render(map, {.range = ValueRange{-end, end}, .symmetric = true});
}

/// A row for each picture (N, C, H, W): the picture itself, then its map by each way back, every map on its own scale
/// (see way_back_picture): structure compares, heights do not. Throws ShapeError where a column has not as many maps as
/// there are pictures, or maps of another size, OptionError where row headings do not go with the pictures.
template <class T>
Image ways_back(const Tensor<T>& pictures, const std::vector<WayBackColumn<T>>& columns,
                const WaysBackOptions& options = {}) {
    std::vector<std::string> headings{"input"};
    for (const WayBackColumn<T>& column : columns) {
        const Shape& maps = column.maps.shape();
        if (maps.rank() != 4 || pictures.rank() != 4 || maps[0] != pictures.shape()[0] ||
            maps[2] != pictures.shape()[2] || maps[3] != pictures.shape()[3])
            deconvviz::detail::raise<ShapeError>("ways back: column '", column.way.name, "': expected maps of ",
                                                 pictures.shape(), ", got ", maps);
        headings.push_back(deconvviz::detail::on_two_lines(column.way.name));
    }
    std::vector<Cell> cells;
    for (Index n = 0; n < pictures.shape()[0]; ++n) {
        cells.push_back({.picture = render(pictures.entry(n))});
        for (const WayBackColumn<T>& column : columns)
            cells.push_back({.picture = way_back_picture(column.maps.entry(n), column.way.value, options.clip)});
    }
    return deconvviz::detail::headed_grid(cells, headings, options);
}

}  // namespace deconvviz::figure
