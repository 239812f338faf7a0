/// @file
/// What a chart consists of, and where each part goes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/colorbar.hpp"
#include "deconvviz/figure/detail/chart_axis.hpp"
#include "deconvviz/figure/detail/stroke.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/palette.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/figure/style.hpp"

namespace deconvviz::figure {

/// One curve of a chart.
struct Series {
    std::string name = {};  ///< in the legend; without one it is not listed there
    std::vector<double> x;
    std::vector<double> y;
    std::vector<double> spread = {};  ///< half the length of an error bar at each point; empty for none
    std::optional<Color> color = {};  ///< by default that of its place in the palette
    bool markers = false;             ///< a dot at each point
    bool line = true;                 ///< points are joined
    bool dashed = false;
};

/// Everything about a chart but its curves. Lengths are in units of the style's scale.
struct ChartOptions {
    std::string title = {};
    std::string subtitle = {};
    std::string x_label = {};
    std::string y_label = {};
    std::optional<ValueRange> x_range = {};
    std::optional<ValueRange> y_range = {};
    std::vector<std::string> x_names = {};  ///< in place of numbers at x = 0, 1, 2, ...
    Index width = 420;                      ///< of the plot, without labels
    Index height = 260;
    bool legend = true;
    bool log_x = false;
    bool log_y = false;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// Measures the parts of a chart, then draws them.
class ChartDrawing {
  public:
    ChartDrawing(const std::vector<figure::Series>& series, const figure::ChartOptions& options)
        : series_(series),
          options_(options),
          style_(options.style),
          title_(options.title, options.subtitle, style_),
          x_(options.log_x, options.x_range, options.x_names),
          y_(options.log_y, options.y_range, {}),
          x_label_(style_, options.x_label, style_.text_size, style_.ink),
          y_label_(style_, options.y_label, style_.text_size, style_.ink),
          legend_(style_) {
        detail::check(style_);
        if (options.width < 40 || options.height < 40)
            raise<OptionError>("chart: expected a plot of at least 40x40, got ", options.width, 'x', options.height);
        gather();
        x_ticks_ = labels(x_, std::clamp<Index>(options.width / 60, 2, 8));
        y_ticks_ = labels(y_, std::clamp<Index>(options.height / 40, 2, 8));
        Index widths = 0;
        for (const Label& tick : x_ticks_) {
            widths += tick.text.width() + px(8);
            x_extent_ = std::max(x_extent_, tick.text.height());
        }
        upward_ = x_.named() && widths > px(options.width);
        if (upward_)
            for (const Label& tick : x_ticks_) x_extent_ = std::max(x_extent_, tick.text.width());
        for (const Label& tick : y_ticks_) y_extent_ = std::max(y_extent_, tick.text.width());
    }

    figure::Image draw() {
        const Index margin = px(style_.margin);
        Index overhang = 0;  // of the last label beyond the plot's right side
        for (const Label& tick : x_ticks_) {
            const Index half = (upward_ ? tick.text.height() : tick.text.width()) / 2;
            const auto right_of =
                static_cast<Index>(std::lround((tick.place - 1) * static_cast<double>(px(options_.width))));
            overhang = std::max(overhang, right_of + half);
        }
        const Index y_label_room = y_label_.height() > 0 ? y_label_.height() + px(8) : 0;
        const Index x_label_room = x_label_.height() > 0 ? x_label_.height() + px(6) : 0;
        left_ = margin + y_label_room + y_extent_ + px(tick_length + tick_gap);
        width_ = px(options_.width);
        height_ = px(options_.height);
        const Index y_label_beyond = std::max<Index>(0, (y_label_.width() - height_ + 1) / 2);  // at both ends
        top_ = margin + title_.height() +
               std::max(y_ticks_.empty() ? 0 : y_ticks_.back().text.height() / 2, y_label_beyond);
        const Index right = legend_.empty() ? overhang : std::max(overhang, px(16) + legend_.width());
        const Index below = px(tick_length + tick_gap) + x_extent_ + x_label_room;
        const Index bottom = std::max(below, y_label_beyond);
        figure::Image image(std::max(left_ + width_ + right, margin + title_.width()) + margin,
                            top_ + std::max(height_ + bottom, legend_.height()) + margin, style_.background);
        title_.draw(image, margin, margin);
        draw_axes(image);
        y_label_.draw(image, margin, top_ + (height_ - y_label_.width()) / 2, figure::Align::center, true);
        x_label_.draw(image, left_ + (width_ - x_label_.width()) / 2, top_ + height_ + below - x_label_.height());
        for (std::size_t i = 0; i < series_.size(); ++i) draw_series(image, series_[i], color(i));
        image.outline(left_ - hairline(), top_ - hairline(), width_ + 2 * hairline(), height_ + 2 * hairline(),
                      style_.frame, hairline());
        legend_.draw(image, left_ + width_ + px(16), top_);
        return image;
    }

  private:
    static constexpr Index tick_length = 4, tick_gap = 4;

    struct Label {
        double place;  // on the axis, 0 … 1
        StyledText text;
    };

    Index px(Index length) const { return length * style_.scale; }
    Index hairline() const { return std::max<Index>(1, style_.scale / 2); }
    figure::Color color(std::size_t i) const {
        return series_[i].color.value_or(figure::palette(static_cast<Index>(i)));
    }

    void gather() {
        bool padded = false;
        for (std::size_t i = 0; i < series_.size(); ++i) {
            const figure::Series& each = series_[i];
            if (each.x.size() != each.y.size() || (!each.spread.empty() && each.spread.size() != each.y.size()))
                raise<OptionError>("chart: series ", i, " ('", each.name, "'): expected as many x as y, got ",
                                   each.x.size(), " and ", each.y.size(), ", with ", each.spread.size(), " error bars");
            padded = padded || each.markers || !each.line;
            for (std::size_t k = 0; k < each.x.size(); ++k) {
                if (!x_.shows(each.x[k]) || !y_.shows(each.y[k])) continue;
                x_.include(each.x[k]);
                y_.include(each.y[k]);
                if (each.spread.empty() || !std::isfinite(each.spread[k])) continue;
                y_.include(each.y[k] - each.spread[k]);
                y_.include(each.y[k] + each.spread[k]);
            }
            using Sample = LegendDrawing::Sample;
            if (options_.legend && !each.name.empty())
                legend_.add(each.name, color(i),
                            !each.line    ? Sample::square
                            : each.dashed ? Sample::dashes
                                          : Sample::line);
        }
        x_.finish(padded);
        y_.finish(true);
    }

    std::vector<Label> labels(const ChartAxis& axis, Index count) const {
        std::vector<Label> all;
        for (const figure::Tick& tick : axis.ticks(static_cast<int>(count)))
            all.push_back({axis.place(tick.value), StyledText(style_, tick.label, style_.text_size, style_.muted)});
        return all;
    }

    PlotPoint at(double x, double y) const {
        return {static_cast<double>(left_) + x_.place(x) * static_cast<double>(width_),
                static_cast<double>(top_) + (1 - y_.place(y)) * static_cast<double>(height_)};
    }

    void draw_axes(figure::Image& image) {
        const figure::Color faint = figure::mix(style_.background, style_.frame, 0.4);
        for (Label& tick : y_ticks_) {
            const Index y = top_ + static_cast<Index>(std::lround((1 - tick.place) * static_cast<double>(height_)));
            image.fill(left_, y - hairline() / 2, width_, hairline(), faint);
            image.fill(left_ - px(tick_length), y - hairline() / 2, px(tick_length), hairline(), style_.muted);
            tick.text.draw(image, left_ - px(tick_length + tick_gap) - tick.text.width(), y - tick.text.middle());
        }
        for (Label& tick : x_ticks_) {
            const Index x = left_ + static_cast<Index>(std::lround(tick.place * static_cast<double>(width_)));
            const Index below = top_ + height_;
            image.fill(x - hairline() / 2, top_, hairline(), height_, faint);
            image.fill(x - hairline() / 2, below, hairline(), px(tick_length), style_.muted);
            const Index across = upward_ ? tick.text.height() : tick.text.width();
            tick.text.draw(image, x - across / 2, below + px(tick_length + tick_gap), figure::Align::end, upward_);
        }
    }

    /// The points of a series that are there, in runs without a gap.
    std::vector<std::vector<PlotPoint>> runs(const figure::Series& each) const {
        std::vector<std::vector<PlotPoint>> all;
        bool open = false;
        for (std::size_t k = 0; k < each.x.size(); ++k) {
            const bool there = x_.shows(each.x[k]) && y_.shows(each.y[k]);
            if (there && !open) all.emplace_back();
            if (there) all.back().push_back(at(each.x[k], each.y[k]));
            open = there;
        }
        return all;
    }

    void draw_series(figure::Image& image, const figure::Series& each, figure::Color color) const {
        const auto scale = static_cast<double>(style_.scale);
        // Dots on the frame are whole, but nothing shows of what lies beyond a given range.
        const Index x_room = x_.cuts() ? 0 : px(4), y_room = y_.cuts() ? 0 : px(4);
        StrokeLayer layer(left_ - x_room, top_ - y_room, width_ + 2 * x_room, height_ + 2 * y_room);
        draw_bars(each, layer);
        for (const std::vector<PlotPoint>& run : runs(each)) {
            const bool alone = run.size() == 1 || each.markers || !each.line;
            for (std::size_t i = 0; each.line && !each.dashed && i + 1 < run.size(); ++i)
                layer.line(run[i], run[i + 1], 1.7 * scale);
            if (each.line && each.dashed) layer.dashes(run, 1.7 * scale, 5 * scale, 4 * scale);
            for (std::size_t i = 0; alone && i < run.size(); ++i) layer.line(run[i], run[i], 6 * scale);
        }
        layer.draw(image, color);
    }

    void draw_bars(const figure::Series& each, StrokeLayer& layer) const {
        const auto scale = static_cast<double>(style_.scale);
        for (std::size_t k = 0; k < each.spread.size(); ++k) {
            if (!x_.shows(each.x[k]) || !y_.shows(each.y[k]) || !(each.spread[k] > 0)) continue;
            const PlotPoint middle = at(each.x[k], each.y[k]);
            const PlotPoint high = at(each.x[k], each.y[k] + each.spread[k]);
            const double least = each.y[k] - each.spread[k];  // may be none on a logarithmic axis: to the frame then
            const double low = y_.shows(least) ? at(each.x[k], least).y : static_cast<double>(top_ + height_);
            layer.line({middle.x, high.y}, {middle.x, low}, scale);
            for (const double y : {high.y, low})
                layer.line({middle.x - 3 * scale, y}, {middle.x + 3 * scale, y}, scale);
        }
    }

    const std::vector<figure::Series>& series_;
    const figure::ChartOptions& options_;
    figure::Style style_;
    TitleBlock title_;
    ChartAxis x_, y_;
    StyledText x_label_, y_label_;
    LegendDrawing legend_;
    std::vector<Label> x_ticks_, y_ticks_;
    Index x_extent_ = 0, y_extent_ = 0;  // of the longest tick label, away from the axis
    bool upward_ = false;                // names along x read upward: they would not fit beside each other
    Index left_ = 0, top_ = 0, width_ = 0, height_ = 0;
};

}  // namespace deconvviz::detail
