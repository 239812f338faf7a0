/// @file
/// Figures of a what-where autoencoder: pictures beside their reconstructions, the exchange of the "where", and
/// accuracies by number of labels.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/chart.hpp"
#include "deconvviz/figure/detail/headed_grid.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/palette.hpp"
#include "deconvviz/figure/reconstructions.hpp"
#include "deconvviz/unsupervised/accuracy_by_labels.hpp"

namespace deconvviz::figure {

/// Options of autoencoder and where_exchange.
struct AutoencoderFigureOptions {
    std::string title = {};
    std::string subtitle = {};
    ValueRange range = {0, 1};  // of the pictures: reconstructions are drawn on their scale, and cut off at its ends
    Index cell_size = 84;
    Style style = {};
};

/// A row for each picture (N, C, H, W): the picture, then its reconstructions on the same scale, each with its mean
/// squared error below. Throws ShapeError where a column does not have the shape of the pictures.
template <class T>
Image autoencoder(const Tensor<T>& pictures, const std::vector<ReconstructionColumn<T>>& columns,
                  const AutoencoderFigureOptions& options = {}) {
    if (pictures.rank() != 4)
        deconvviz::detail::raise<ShapeError>("autoencoder figure: expected pictures (N,C,H,W), got ", pictures.shape());
    std::vector<Cell> cells;
    std::vector<std::string> headings{"picture"};
    for (const ReconstructionColumn<T>& column : columns) {
        headings.push_back(column.heading);
        if (column.projections.shape() != pictures.shape())
            deconvviz::detail::raise<ShapeError>("autoencoder figure: column '", column.heading,
                                                 "': expected reconstructions ", pictures.shape(), ", got ",
                                                 column.projections.shape());
    }
    for (Index n = 0; n < pictures.shape()[0]; ++n) {
        cells.push_back({.picture = render(pictures.entry(n), {.range = options.range})});
        for (const ReconstructionColumn<T>& column : columns) {
            double error = 0;
            const auto made = column.projections.slice(n), wanted = pictures.slice(n);
            for (std::size_t i = 0; i < made.size(); ++i) {
                const double difference = static_cast<double>(made[i]) - static_cast<double>(wanted[i]);
                error += difference * difference / static_cast<double>(made.size());
            }
            char text[32];
            std::snprintf(text, sizeof(text), "%.4f", error);
            cells.push_back({.picture = render(column.projections.entry(n), {.range = options.range}), .below = text});
        }
    }
    return deconvviz::detail::headed_grid(cells, headings, options);
}

/// The table of exchange_where: pictures (N, C, H, W) at its left and above, and in row i and column j what the "what"
/// of picture i and the "where" of picture j give, (N, N, C, H, W). Ordinary reconstructions, on the diagonal, are
/// framed. Throws ShapeError where the two do not go together.
template <class T>
Image where_exchange(const Tensor<T>& pictures, const Tensor<T>& exchanged,
                     const AutoencoderFigureOptions& options = {}) {
    const Shape& shape = pictures.shape();
    if (shape.rank() != 4 || exchanged.shape() != Shape{shape[0], shape[0], shape[1], shape[2], shape[3]})
        deconvviz::detail::raise<ShapeError>(
            "where exchange figure: expected pictures (N,C,H,W) and reconstructions (N,N,C,H,W), got ", shape, " and ",
            exchanged.shape());
    const RenderOptions rendering{.range = options.range};
    std::vector<Cell> cells(1);
    for (Index j = 0; j < shape[0]; ++j) cells.push_back({.picture = render(pictures.entry(j), rendering)});
    for (Index i = 0; i < shape[0]; ++i) {
        cells.push_back({.picture = render(pictures.entry(i), rendering)});
        const Tensor<T> row = exchanged.entry(i);
        for (Index j = 0; j < shape[0]; ++j) {
            cells.push_back({.picture = render(row.entry(j), rendering)});
            if (i == j) cells.back().highlight = palette(0);
        }
    }
    return grid(cells, {.columns = shape[0] + 1,
                        .title = options.title,
                        .subtitle = options.subtitle,
                        .cell_size = options.cell_size,
                        .style = options.style});
}

/// A curve of accuracy_by_labels under a name.
struct LabelCurve {
    std::string name;
    std::vector<LabelPoint> points;
    bool dashed = false;
};

/// Accuracies in percent over the number of labels (a logarithmic axis), with the standard deviation over the draws as
/// error bars. Without labels on the axes in the options, it gives its own.
inline Image accuracy_by_labels(const std::vector<LabelCurve>& curves, ChartOptions options = {}) {
    std::vector<Series> series;
    for (const LabelCurve& curve : curves) {
        Series line{.name = curve.name, .x = {}, .y = {}, .markers = true, .dashed = curve.dashed};
        for (const LabelPoint& point : curve.points) {
            line.x.push_back(static_cast<double>(point.labels));
            line.y.push_back(100 * point.mean);
            line.spread.push_back(100 * point.deviation);
        }
        series.push_back(line);
    }
    options.log_x = true;
    if (options.x_label.empty()) options.x_label = "labelled pictures";
    if (options.y_label.empty()) options.y_label = "accuracy on test pictures in %";
    return chart(series, options);
}

}  // namespace deconvviz::figure
