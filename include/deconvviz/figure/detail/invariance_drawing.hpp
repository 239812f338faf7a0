/// @file
/// The parts of the figures of feature invariance: strips of pictures, charts, and the table that they stand in.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/transform.hpp"
#include "deconvviz/figure/chart.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/palette.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/visualize/invariance.hpp"
#include "deconvviz/visualize/invariance_summary.hpp"

namespace deconvviz::figure {

/// Options of invariance and invariance_means. Lengths are in units of the style's scale.
struct InvarianceFigureOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<std::string> names = {};  // of the pictures; by default "class 3"
    Index shown = 5;                      // amounts whose transformed pictures are drawn, taken evenly from all
    Index cell_size = 40;
    Index chart_width = 240;   // of a plot; where pictures stand beside it, it is about as high as they are
    bool shared_scale = true;  // charts of one layer have one scale, so that transformations compare
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

inline std::string transformation_title(Transformation transformation) {
    switch (transformation) {
        case Transformation::translation_y:
            return "vertical translation";
        case Transformation::translation_x:
            return "horizontal translation";
        case Transformation::scale:
            return "scale";
        case Transformation::rotation:
            return "rotation";
    }
    raise<OptionError>("invariance figure: there is no such transformation");
}

inline std::string amount_label(Transformation transformation) {
    switch (transformation) {
        case Transformation::translation_y:
            return "pixels downward";
        case Transformation::translation_x:
            return "pixels to the right";
        case Transformation::scale:
            return "factor";
        case Transformation::rotation:
            return "degrees counterclockwise";
    }
    raise<OptionError>("invariance figure: there is no such transformation");
}

inline std::string distance_label(FeatureDistance distance) {
    return distance == FeatureDistance::relative ? "relative distance" : "Euclidean distance";
}

/// Images in rows of `columns`, each column as wide as its widest and aligned at its right side, so that plots stand
/// below plots whatever their tick labels; in a row, middles are at one height.
inline figure::Image figure_table(const std::vector<figure::Image>& images, std::size_t columns,
                                  const figure::Style& style) {
    const std::size_t rows = (images.size() + columns - 1) / columns;
    std::vector<Index> widths(columns), heights(rows);
    for (std::size_t i = 0; i < images.size(); ++i) {
        widths[i % columns] = std::max(widths[i % columns], images[i].width());
        heights[i / columns] = std::max(heights[i / columns], images[i].height());
    }
    figure::Image all(std::accumulate(widths.begin(), widths.end(), Index{0}),
                      std::accumulate(heights.begin(), heights.end(), Index{0}), style.background);
    Index x = 0, y = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        const Index width = widths[i % columns], height = heights[i / columns];
        all.blit(images[i], x + width - images[i].width(), y + (height - images[i].height()) / 2);
        const bool last = i % columns + 1 == columns;
        x = last ? 0 : x + width;
        y += last ? height : 0;
    }
    return all;
}

/// Draws the parts of both figures.
template <class T>
class InvarianceFigure {
  public:
    InvarianceFigure(const std::vector<Invariance<T>>& rows, const figure::InvarianceFigureOptions& options)
        : rows_(rows),
          options_(options),
          style_(options.style),
          height_(std::max<Index>(40, options.chart_width * 3 / 4)) {
        if (rows.empty()) raise<OptionError>("invariance figure: expected at least one transformation");
        for (const Invariance<T>& row : rows)
            if (row.layers != rows[0].layers || row.distance != rows[0].distance || row.labels != rows[0].labels ||
                row.amounts.empty())
                raise<OptionError>("invariance figure: expected results for the same pictures, layers and distance");
        style_.title_size = std::round(0.78 * style_.title_size);
    }

    /// Makes charts about as high as a strip of pictures, unless that would make them too flat or steep.
    void fit(Index strip_height) {
        const Index more = (strip_height - probabilities(rows_[0]).height()) / style_.scale;
        height_ = std::clamp(height_ + more, height_, std::max(height_, options_.chart_width));
    }

    /// The transformed pictures, a row for each, framed in the colour of its curves.
    figure::Image strip(const Tensor<T>& images, const Invariance<T>& row) const {
        const auto last = static_cast<double>(row.amounts.size() - 1);
        const Index shown = std::min(options_.shown, static_cast<Index>(row.amounts.size()));
        std::vector<figure::Cell> cells(static_cast<std::size_t>(shown * row.pictures()));
        std::vector<std::string> headings;
        for (Index k = 0; k < shown; ++k) {
            const double part = shown == 1 ? 0.5 : static_cast<double>(k) / static_cast<double>(shown - 1);
            const double amount = sorted_amounts(row)[static_cast<std::size_t>(std::lround(part * last))].first;
            headings.push_back(number(amount));
            for (Index n = 0; n < row.pictures(); ++n)
                cells[static_cast<std::size_t>(n * shown + k)] = {
                    .picture = transformed(images.entry(n), row.transformation, amount, row.border),
                    .highlight = figure::palette(n)};
        }
        const figure::ValueRange own = figure::finite_range(images.values()).value_or(figure::ValueRange{0, 1});
        return figure::grid(cells, {.columns = shown,
                                    .title = transformation_title(row.transformation),
                                    .subtitle = amount_label(row.transformation),
                                    .row_headings = names(row),
                                    .column_headings = headings,
                                    .range_mode = figure::RangeMode::given,
                                    .range = own,
                                    .cell_size = options_.cell_size,
                                    .style = style_});
    }

    /// The curves of all pictures at a layer.
    figure::Image distances(const Invariance<T>& row, std::size_t layer) const {
        std::vector<figure::Series> series;
        for (Index n = 0; n < row.pictures(); ++n)
            series.push_back(curve(row, row.distances.slice(static_cast<Index>(layer)).data() + n * amounts(row), n));
        return chart(row, "layer " + row.layers[layer], distance_label(row.distance), series, range(layer));
    }

    figure::Image probabilities(const Invariance<T>& row) const {
        std::vector<figure::Series> series;
        for (Index n = 0; n < row.pictures(); ++n)
            series.push_back(curve(row, row.probability.data() + n * amounts(row), n));
        return chart(row, "true class", "probability", series, figure::ValueRange{0, 1});
    }

    figure::Image mean_distances(const Invariance<T>& row) const {
        std::vector<figure::Series> series;
        for (std::size_t l = 0; l < row.layers.size(); ++l) {
            series.push_back(curve(row, mean_distance(row, l).mean.data(), static_cast<Index>(l)));
            series.back().name = row.layers[l];
        }
        return chart(row, transformation_title(row.transformation), "mean " + distance_label(row.distance), series,
                     mean_range(), true);
    }

    figure::Image mean_probabilities(const Invariance<T>& row) const {
        const MeanCurve means = mean_probability(row);
        const figure::Series mean = curve(row, means.mean.data(), 0);
        std::vector<figure::Series> series;
        for (const double side : {1.0, -1.0}) {
            figure::Series edge = curve(row, means.mean.data(), 0);
            const figure::Series apart = curve(row, means.deviation.data(), 0);
            for (std::size_t i = 0; i < edge.y.size(); ++i) edge.y[i] += side * apart.y[i];
            edge.name = side > 0 ? "standard deviation" : "";
            edge.dashed = true;
            edge.color = figure::mix(style_.background, style_.ink, 0.45);
            series.push_back(std::move(edge));
        }
        series.push_back(mean);
        series.back().name = concat("mean of ", row.pictures());
        series.back().color = style_.ink;
        return chart(row, "true class", "probability", series, figure::ValueRange{0, 1}, true);
    }

    /// The name of each picture in the colour of its curves.
    figure::Image legend() const {
        std::vector<figure::LegendEntry> entries;
        const std::vector<std::string> all = names(rows_[0]);
        for (std::size_t n = 0; n < all.size(); ++n)
            entries.push_back({all[n], figure::palette(static_cast<Index>(n))});
        return figure::legend(
            entries, {.columns = std::max<Index>(1, std::min<Index>(10, rows_[0].pictures())), .style = style_});
    }

  private:
    static Index amounts(const Invariance<T>& row) { return static_cast<Index>(row.amounts.size()); }

    static std::string number(double amount) {
        std::ostringstream text;
        text.precision(3);
        text << amount;
        return text.str();
    }

    std::vector<std::string> names(const Invariance<T>& row) const {
        if (!options_.names.empty()) return options_.names;
        std::vector<std::string> all;
        for (const int label : row.labels) all.push_back(concat("class ", label));
        return all;
    }

    /// Amounts in rising order, and where each stands in the result.
    static std::vector<std::pair<double, std::size_t>> sorted_amounts(const Invariance<T>& row) {
        std::vector<std::pair<double, std::size_t>> sorted;
        for (std::size_t a = 0; a < row.amounts.size(); ++a) sorted.emplace_back(row.amounts[a], a);
        std::ranges::sort(sorted);
        return sorted;
    }

    /// A curve of the result, one value an amount, as a series in colour n.
    template <class Value>
    figure::Series curve(const Invariance<T>& row, const Value* values, Index n) const {
        figure::Series series;
        series.color = figure::palette(n);
        for (const auto& [amount, at] : sorted_amounts(row)) {
            series.x.push_back(amount);
            series.y.push_back(static_cast<double>(values[at]));
        }
        return series;
    }

    /// The scale of a layer's charts: from zero, common to all transformations; by default what the chart shows.
    std::optional<figure::ValueRange> range(std::size_t layer) const {
        if (!options_.shared_scale) return std::nullopt;
        std::optional<figure::ValueRange> all;
        for (const Invariance<T>& row : rows_)
            all = with(all, figure::finite_range(std::span<const T>(row.distances.slice(static_cast<Index>(layer)))));
        return from_zero(all);
    }

    /// The same for the charts of mean distances, which show all layers.
    std::optional<figure::ValueRange> mean_range() const {
        if (!options_.shared_scale) return std::nullopt;
        std::optional<figure::ValueRange> all;
        for (const Invariance<T>& row : rows_)
            for (std::size_t l = 0; l < row.layers.size(); ++l)
                all = with(all, figure::finite_range(std::span<const double>(mean_distance(row, l).mean)));
        return from_zero(all);
    }

    static std::optional<figure::ValueRange> with(std::optional<figure::ValueRange> a,
                                                  std::optional<figure::ValueRange> b) {
        return a && b ? figure::unite(*a, *b) : a ? a : b;
    }

    static figure::ValueRange from_zero(std::optional<figure::ValueRange> all) {
        return {0, all && all->high > 0 ? 1.05 * all->high : 1};
    }

    figure::Image chart(const Invariance<T>& row, const std::string& title, const std::string& y_label,
                        const std::vector<figure::Series>& series, std::optional<figure::ValueRange> y_range,
                        bool legend = false) const {
        const auto sorted = sorted_amounts(row);
        std::optional<figure::ValueRange> x_range;
        if (sorted.size() > 1) x_range = figure::ValueRange{sorted.front().first, sorted.back().first};
        return figure::chart(series, {.title = title,
                                      .x_label = amount_label(row.transformation),
                                      .y_label = y_label,
                                      .x_range = x_range,
                                      .y_range = y_range,
                                      .width = options_.chart_width,
                                      .height = height_,
                                      .legend = legend,
                                      .style = style_});
    }

    const std::vector<Invariance<T>>& rows_;
    const figure::InvarianceFigureOptions& options_;
    figure::Style style_;
    Index height_;  // of a plot
};

}  // namespace deconvviz::detail
