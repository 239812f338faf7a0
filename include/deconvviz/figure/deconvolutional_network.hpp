/// @file
/// Figures of an adaptive deconvolutional network: filters, projections of a layer's maps, reconstructions, costs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/chart.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/unsupervised/deconvolutional_learning.hpp"
#include "deconvviz/unsupervised/strongest_code.hpp"

namespace deconvviz::figure {

/// Options of the figures of an adaptive deconvolutional network.
struct DeconvolutionalFigureOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<Index> maps = {};  ///< the maps that are shown; by default all of the layer
    Index count = 9;               ///< deconvolutional_projections: pictures for each map
    Index columns = 0;             ///< blocks or filters in a row; 0: what fills the rows well
    Index cell_size = 96;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// The maps to show. Throws OptionError for one that there is not.
inline std::vector<Index> shown_maps(std::vector<Index> chosen, Index count, std::string_view what) {
    if (chosen.empty())
        for (Index k = 0; k < count; ++k) chosen.push_back(k);
    for (const Index k : chosen)
        if (k < 0 || k >= count) raise<OptionError>(what, ": there is no map ", k, ": the maps are 0 … ", count - 1);
    return chosen;
}

/// "31 %", or "0.4 %" where that says more.
inline std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof(text), share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share);
    return text;
}

/// The smallest of the values that this share of them does not exceed; 0 for none.
inline double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

/// The part `window` of a picture (C, H, W) in a square of `side`; what the border of the picture cut off stays 0.
template <class T>
Tensor<T> cut_out(const Tensor<T>& picture, const Window& window, Index side) {
    const Index top = window.y == 0 ? side - window.height : 0;
    const Index left = window.x == 0 ? side - window.width : 0;
    Tensor<T> part({picture.shape()[0], side, side});
    for (Index c = 0; c < picture.shape()[0]; ++c)
        for (Index y = 0; y < window.height; ++y)
            for (Index x = 0; x < window.width; ++x)
                part(c, top + y, left + x) = picture(c, window.y + y, window.x + x);
    return part;
}

/// Pictures of one size in a square block, with a hairline between them.
inline figure::Image picture_block(const std::vector<figure::Image>& images, Index side, Index count,
                                   figure::Color gap) {
    const auto across = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(count))));
    const Index down = (count + across - 1) / across;
    figure::Image all(across * (side + 1) - 1, down * (side + 1) - 1, gap);
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto at = static_cast<Index>(i);
        all.blit(images[i], at % across * (side + 1), at / across * (side + 1));
    }
    return all;
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// The filters of the first layer (K, C, h, w), which stand in the picture itself, each on its own scale with zero as
/// mid-grey. Throws ShapeError for pictures of other than one or three channels.
template <class T>
Image deconvolutional_filters(const AdaptiveDeconvolutionalNetwork<T>& network,
                              const DeconvolutionalFigureOptions& options = {}) {
    const Tensor<T>& filters = network.layer(0).filters;
    std::vector<Picture> shown;
    for (const Index k : deconvviz::detail::shown_maps(options.maps, filters.shape()[0], "filters figure"))
        shown.emplace_back(filters.entry(k));
    return grid(shown, {.columns = options.columns,
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .symmetric = true,
                        .cell_size = options.cell_size,
                        .style = options.style});
}

/// For each map of a layer a block of the projections of its strongest activations (strongest_code), each from another
/// picture and through that picture's switches, beside the same parts of the pictures. Projections show the map's own
/// pattern (SeedValue::one) with the sign of its strongest activation, all of a block on one scale with zero as
/// mid-grey. Parts are the pixels that an activation can reach; beyond the border of the picture is mid-grey. A map
/// that is 0 everywhere has an empty block. Throws ShapeError for pictures that are not those of the code, OptionError
/// for a layer or map that there is not.
template <class T>
Image deconvolutional_projections(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code,
                                  Index layer, const Tensor<T>& images,
                                  const DeconvolutionalFigureOptions& options = {}) {
    deconvviz::detail::expect_code(network, code, layer, "projections figure");
    deconvviz::detail::expect_batch(images, network.picture_shape(), code.size(), "projections figure");
    // the side of the largest reach that there is: in the middle of the maps, where no border cuts it off
    Index side = 1;
    const Shape& shape = network.layer(layer).maps;
    for (Index y = 0; y < shape[1]; ++y) side = std::max(side, network.reach(layer, y, shape[2] / 2).height);
    for (Index x = 0; x < shape[2]; ++x) side = std::max(side, network.reach(layer, shape[1] / 2, x).width);

    std::vector<Cell> cells;
    for (const Index k : deconvviz::detail::shown_maps(options.maps, shape[0], "projections figure")) {
        const auto found = strongest_code(network, code, {.layer = layer, .map = k, .count = options.count});
        std::vector<Tensor<T>> projections;
        double largest = 0;
        for (const auto& each : found) {
            Tensor<T> pattern = project(network, code, each, SeedValue::one);
            if (found.front().value < 0)
                for (T& value : pattern) value = -value;
            projections.push_back(deconvviz::detail::cut_out(pattern, each.window, side));
            for (const T value : projections.back()) largest = std::max(largest, std::abs(static_cast<double>(value)));
        }
        std::vector<Image> left, right;
        for (std::size_t i = 0; i < found.size(); ++i) {
            left.push_back(render(projections[i], {.range = ValueRange{-largest, largest}, .symmetric = true}));
            right.push_back(render(deconvviz::detail::cut_out(images.entry(found[i].picture), found[i].window, side),
                                   {.symmetric = true}));
        }
        const Image before = deconvviz::detail::picture_block(left, side, options.count, options.style.background);
        const Image beside = deconvviz::detail::picture_block(right, side, options.count, options.style.background);
        Image both(before.width() + beside.width() + 3, before.height(), options.style.background);
        both.blit(before, 0, 0);
        both.blit(beside, before.width() + 3, 0);
        cells.push_back({.picture = std::move(both), .above = deconvviz::detail::concat("map ", k)});
    }
    return grid(cells, {.columns = options.columns,
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .cell_size = 2 * options.cell_size,
                        .style = options.style});
}

/// A row of pictures (N, C, H, W), and below it a row for each layer: the pictures as its maps give them back, with the
/// error relative to the picture, ‖R z - y‖² / ‖y‖². All are drawn on one scale with zero as mid-grey; of the pictures'
/// values, one in a hundred lies beyond its ends.
/// `chosen` names pictures of the code, by default all of them. Throws OptionError for a picture that there is not.
template <class T>
Image deconvolutional_reconstructions(const AdaptiveDeconvolutionalNetwork<T>& network,
                                      const DeconvolutionalCode<T>& code, const Tensor<T>& images,
                                      std::vector<Index> chosen = {},
                                      const DeconvolutionalFigureOptions& options = {}) {
    deconvviz::detail::expect_batch(images, network.picture_shape(), code.size(), "reconstructions figure");
    if (chosen.empty())
        for (Index n = 0; n < images.shape()[0]; ++n) chosen.push_back(n);
    std::vector<Cell> cells;
    std::vector<std::string> rows{"pictures"};
    std::vector<double> sizes;
    for (const Index n : chosen) {
        const Tensor<T> picture = images.entry(n);
        for (const T value : picture)
            if (std::isfinite(value)) sizes.push_back(std::abs(static_cast<double>(value)));
        cells.push_back({.picture = picture});
    }
    const double largest = deconvviz::detail::quantile(std::move(sizes), 0.99);
    for (Index layer = 0; layer < static_cast<Index>(code.layers.size()); ++layer) {
        const Tensor<T> back = reconstruct(network, code, layer);
        rows.push_back(deconvviz::detail::concat("layer ", layer + 1));
        for (const Index n : chosen) {
            const double energy = deconvviz::detail::squared_norm<T>(images.slice(n));
            const double error = code.layer(layer).squared_error[n];
            cells.push_back(
                {.picture = back.entry(n), .below = deconvviz::detail::percent(energy > 0 ? error / energy : 0)});
        }
    }
    return grid(cells, {.columns = static_cast<Index>(chosen.size()),
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .row_headings = rows,
                        .range_mode = RangeMode::given,
                        .range = {-largest, largest},
                        .symmetric = true,
                        .cell_size = options.cell_size,
                        .style = options.style});
}

/// How the cost falls within inference: for each layer the mean over the pictures of C_l after each step, as a share of
/// what it was before the first one. Pictures whose cost was 0 are left out.
template <class T>
Image inference_costs(const DeconvolutionalCode<T>& code, const DeconvolutionalFigureOptions& options = {}) {
    std::vector<Series> series;
    for (std::size_t l = 0; l < code.layers.size(); ++l) {
        const Tensor<double>& cost = code.layers[l].cost;
        Series curve{.name = deconvviz::detail::concat("layer ", l + 1), .x = {}, .y = {}};
        for (Index t = 0; t < cost.shape()[1]; ++t) {
            double sum = 0, pictures = 0;
            for (Index n = 0; n < cost.shape()[0]; ++n) {
                if (!(cost(n, 0) > 0)) continue;
                sum += cost(n, t) / cost(n, 0);
                pictures += 1;
            }
            curve.x.push_back(static_cast<double>(t));
            curve.y.push_back(sum / pictures);
        }
        series.push_back(std::move(curve));
    }
    return chart(series, {.title = options.title,
                          .subtitle = options.subtitle,
                          .x_label = "step of inference",
                          .y_label = "cost, as a share of that of empty maps",
                          .y_range = ValueRange{0, 1},
                          .style = options.style});
}

/// How the error falls while the filters are learned: for each layer the relative error after the inference of each
/// epoch, and dashed that after its filters were fitted.
inline Image learning_errors(const std::vector<DeconvolutionalEpochReport>& reports,
                             const DeconvolutionalFigureOptions& options = {}) {
    std::vector<Series> series;
    for (const DeconvolutionalEpochReport& report : reports) {
        const auto layer = static_cast<std::size_t>(report.layer);
        while (series.size() < 2 * (layer + 1)) {
            const auto index = static_cast<Index>(series.size() / 2);
            const std::string name = deconvviz::detail::concat("layer ", index + 1);
            series.push_back({.name = name, .x = {}, .y = {}, .color = palette(index), .markers = true});
            series.push_back(
                {.name = name + ", filters fitted", .x = {}, .y = {}, .color = palette(index), .dashed = true});
        }
        for (const bool fitted : {false, true}) {
            Series& curve = series[2 * layer + fitted];
            curve.x.push_back(report.epoch);
            curve.y.push_back(fitted ? report.fitted_error : report.measures.relative_error);
        }
    }
    return chart(series, {.title = options.title,
                          .subtitle = options.subtitle,
                          .x_label = "epoch",
                          .y_label = "relative error",
                          .y_range = ValueRange{0, 1},
                          .style = options.style});
}

}  // namespace deconvviz::figure
