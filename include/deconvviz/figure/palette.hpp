/// @file
/// Categorical colours, and the legend that says what they stand for.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/colorbar.hpp"
#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/figure/style.hpp"

namespace deconvviz::figure {

/// How many colours `palette` has.
inline constexpr Index palette_size = 12;

/// A colour for category i: classes, or the lines of a chart. Neighbours differ in hue and in lightness, so that they
/// can be told apart in a small chart, on white and on black, and mostly by readers who confuse red and green. They are
/// points of the OKLab space [ottosson2020]; from palette_size on they come again. Throws OptionError for i below 0.
inline Color palette(Index i) {
    if (i < 0) deconvviz::detail::raise<OptionError>("palette: expected a category of at least 0, got ", i);
    struct Polar {
        double lightness, chroma, hue;  // hue in degrees
    };
    static constexpr std::array<Polar, palette_size> points{{{0.55, 0.16, 256},
                                                             {0.72, 0.16, 58},
                                                             {0.60, 0.14, 150},
                                                             {0.56, 0.20, 24},
                                                             {0.70, 0.12, 215},
                                                             {0.50, 0.17, 305},
                                                             {0.80, 0.15, 95},
                                                             {0.68, 0.17, 350},
                                                             {0.45, 0.07, 60},
                                                             {0.78, 0.16, 128},
                                                             {0.62, 0.02, 260},
                                                             {0.42, 0.09, 190}}};
    const Polar& at = points[static_cast<std::size_t>(i % palette_size)];
    const double angle = at.hue * std::numbers::pi / 180;
    return deconvviz::detail::srgb({at.lightness, at.chroma * std::cos(angle), at.chroma * std::sin(angle)});
}

/// One line of a legend.
struct LegendEntry {
    std::string name;
    Color color;
};

/// Options of legend.
struct LegendOptions {
    std::string title = {};
    Index columns = 1;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// A legend's entries in columns, measured first and drawn then.
class LegendDrawing {
  public:
    /// What stands before a name: a square of its colour, or a piece of a line, whole or dashed.
    enum class Sample { square, line, dashes };

    explicit LegendDrawing(const figure::Style& style, Index columns = 1) : style_(style), columns_(columns) {}

    void add(const std::string& name, figure::Color color, Sample sample = Sample::square) {
        entries_.push_back({StyledText(style_, name, style_.text_size, style_.ink), color, sample});
        const Entry& entry = entries_.back();
        text_width_ = std::max(text_width_, entry.text.width());
        row_height_ = std::max({row_height_, entry.text.height(), px(sample_size)});
        sample_width_ = std::max(sample_width_, px(sample == Sample::square ? sample_size : line_length));
    }

    bool empty() const { return entries_.empty(); }
    Index rows() const { return (static_cast<Index>(entries_.size()) + columns_ - 1) / columns_; }
    Index width() const {
        const Index columns = std::min(columns_, static_cast<Index>(entries_.size()));
        return columns * column_width() + std::max<Index>(columns - 1, 0) * px(column_gap);
    }
    Index height() const { return rows() * row_height_ + std::max<Index>(rows() - 1, 0) * px(row_gap); }

    /// Down the columns, in the order of adding.
    void draw(figure::Image& image, Index x, Index y) {
        for (Index i = 0; i < static_cast<Index>(entries_.size()); ++i) {
            Entry& entry = entries_[static_cast<std::size_t>(i)];
            const Index left = x + i / rows() * (column_width() + px(column_gap));
            const Index top = y + i % rows() * (row_height_ + px(row_gap));
            const Index text_top = top + (row_height_ - entry.text.height()) / 2;
            draw_sample(image, left, text_top + entry.text.middle(), entry);
            entry.text.draw(image, left + sample_width_ + px(text_gap), text_top);
        }
    }

  private:
    static constexpr Index sample_size = 11, line_length = 20, text_gap = 6, row_gap = 5, column_gap = 18;

    struct Entry {
        StyledText text;
        figure::Color color;
        Sample sample;
    };

    Index px(Index length) const { return length * style_.scale; }
    Index column_width() const { return sample_width_ + px(text_gap) + text_width_; }

    void draw_sample(figure::Image& image, Index x, Index middle, const Entry& entry) const {
        if (entry.sample == Sample::square) {
            image.fill(x, middle - px(sample_size) / 2, px(sample_size), px(sample_size), entry.color);
            return;
        }
        const Index thickness = px(2), top = middle - thickness / 2;
        if (entry.sample == Sample::line) return image.fill(x, top, px(line_length), thickness, entry.color);
        for (const Index part : {0, 1, 2}) image.fill(x + px(7) * part, top, px(5), thickness, entry.color);
    }

    figure::Style style_;
    Index columns_;
    std::vector<Entry> entries_;
    Index text_width_ = 0, row_height_ = 0, sample_width_ = 0;
};

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// A legend that stands alone: a square of each entry's colour and its name, with the style's margin around. Throws
/// OptionError for fewer than one column.
inline Image legend(const std::vector<LegendEntry>& entries, const LegendOptions& options = {}) {
    deconvviz::detail::check(options.style);
    if (options.columns < 1)
        deconvviz::detail::raise<OptionError>("legend: expected at least one column, got ", options.columns);
    const Index margin = options.style.margin * options.style.scale;
    deconvviz::detail::StyledText title(options.style, options.title, options.style.text_size, options.style.muted);
    deconvviz::detail::LegendDrawing drawing(options.style, options.columns);
    for (const LegendEntry& entry : entries) drawing.add(entry.name, entry.color);
    const Index top = options.title.empty() ? 0 : title.height() + 6 * options.style.scale;
    Image image(std::max(drawing.width(), title.width()) + 2 * margin, top + drawing.height() + 2 * margin,
                options.style.background);
    title.draw(image, margin, margin);
    drawing.draw(image, margin, margin + top);
    return image;
}

}  // namespace deconvviz::figure
