/// @file
/// Figures of correspondence: the pictures with their parts hidden, and the table as a chart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/figure/chart.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/palette.hpp"
#include "deconvviz/figure/render.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/visualize/correspondence_table.hpp"
#include "deconvviz/visualize/occlusion.hpp"

namespace deconvviz::figure {

/// Options of hidden_parts.
struct HiddenPartsOptions {
    std::string title = {};
    std::string subtitle = {};
    std::optional<ValueRange> range = {};  // of the pictures' values; by default that of all of them and of `fill`
    Index cell_size = 84;
    Style style = {};
};

/// A row for each picture (N, C, H, W): the picture itself, then with each of the parts hidden by `fill`, a frame in
/// the part's colour around what is hidden [zeiler2014, Fig. 8]. Throws ShapeError for windows that do not fit the
/// pictures, OptionError for a range or
/// a `fill` that is not finite.
template <class T>
Image hidden_parts(const Tensor<T>& images, const std::vector<PicturePart>& parts, double fill,
                   const HiddenPartsOptions& options = {}) {
    if (images.rank() != 4)
        deconvviz::detail::raise<ShapeError>("hidden parts: expected pictures (N,C,H,W), got ", images.shape());
    if (!std::isfinite(fill))
        deconvviz::detail::raise<OptionError>("hidden parts: expected a finite value that hides, got ", fill);
    for (const PicturePart& part : parts)
        deconvviz::detail::expect_windows(images.shape(), part.windows,
                                          deconvviz::detail::concat("hidden parts: part '", part.name, "'"));
    const auto all = finite_range(images.values());
    const ValueRange own = all.value_or(ValueRange{fill, fill});
    const RenderOptions look{.range = options.range.value_or(unite(own, {fill, fill}))};
    const Index side = std::max(images.shape()[2], images.shape()[3]);
    const Index factor = std::max<Index>(1, (options.cell_size * options.style.scale + side / 2) / side);
    std::vector<Cell> cells;
    for (Index n = 0; n < images.shape()[0]; ++n) {
        const Tensor<T> picture = images.entry(n);
        cells.push_back({.picture = enlarge(render(picture, look), factor)});
        for (std::size_t p = 0; p < parts.size(); ++p) {
            const Window& w = parts[p].windows[static_cast<std::size_t>(n)];
            Image image = enlarge(render(occluded(picture, w, static_cast<T>(fill)), look), factor);
            image.outline(w.x * factor, w.y * factor, w.width * factor, w.height * factor,
                          palette(static_cast<Index>(p)), options.style.scale);
            cells.push_back({.picture = std::move(image)});
        }
    }
    std::vector<std::string> headings{"picture"};
    for (const PicturePart& part : parts) headings.push_back(part.name);
    return grid(cells, {.columns = static_cast<Index>(headings.size()),
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .column_headings = headings,
                        .enlarge = 1,
                        .style = options.style});
}

/// The same for the rows of a table: what it hid, of random masks the first draw.
template <class T>
Image hidden_parts(const Tensor<T>& images, const CorrespondenceTable& table, const HiddenPartsOptions& options = {}) {
    std::vector<PicturePart> parts;
    for (const CorrespondenceRow& row : table.rows) parts.push_back({row.name, row.windows.front()});
    return hidden_parts(images, parts, table.fill, options);
}

/// Options of correspondence_chart.
struct CorrespondenceChartOptions {
    std::string title = {};
    std::string subtitle = {};
    Index width = 0;  // of the plot, in units of the style's scale; 0: what the number of masks asks for
    Index height = 240;
    Style style = {};
};

/// The table as a chart: for each kind of masks a dot for each layer, with a bar of one standard deviation over the
/// pairs of pictures up and down. Throws OptionError for a table without rows.
inline Image correspondence_chart(const CorrespondenceTable& table, const CorrespondenceChartOptions& options = {}) {
    if (table.rows.empty()) deconvviz::detail::raise<OptionError>("correspondence chart: the table has no rows");
    const auto layers = static_cast<double>(table.layers.size());
    std::vector<Series> series;
    std::vector<std::string> names;
    for (std::size_t l = 0; l < table.layers.size(); ++l) {
        Series layer{.name = table.layers[l], .x = {}, .y = {}, .markers = true, .line = false};
        for (std::size_t r = 0; r < table.rows.size(); ++r) {
            const double aside = (static_cast<double>(l) - (layers - 1) / 2) * 0.5 / layers;
            layer.x.push_back(static_cast<double>(r) + aside);
            layer.y.push_back(table.rows[r].entries[l].mean);
            layer.spread.push_back(table.rows[r].entries[l].deviation);
        }
        series.push_back(std::move(layer));
    }
    for (const CorrespondenceRow& row : table.rows) names.push_back(row.name);
    const auto count = static_cast<Index>(names.size());
    return chart(series, {.title = options.title,
                          .subtitle = options.subtitle,
                          .x_label = "what is hidden",
                          .y_label = "share of units that differ in sign",
                          .x_range = ValueRange{-0.5, static_cast<double>(count) - 0.5},
                          .x_names = names,
                          .width = options.width > 0 ? options.width : 30 + 72 * count,
                          .height = options.height,
                          .style = options.style});
}

}  // namespace deconvviz::figure
