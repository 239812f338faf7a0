/// @file
/// The colour bar: which colour means which value.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/figure/ticks.hpp"

namespace deconvviz::detail {

/// A text in a style; lengths are pixels of the figure.
class StyledText {
  public:
    StyledText(const figure::Style& style, std::string text, double size, figure::Color color)
        : font_(style.font), text_(std::move(text)), options_{size * static_cast<double>(style.scale), color} {
        if (!text_.empty()) extent_ = font_.measure(text_, options_.size);
    }

    Index width() const { return extent_.width; }
    Index height() const { return extent_.height; }
    /// From the top of the box to the middle of the first line's capitals.
    Index middle() const {
        const auto metrics = font_.metrics(options_.size);
        return metrics.ascent - metrics.cap_height / 2;
    }

    void draw(figure::Image& image, Index x, Index y, figure::Align align = figure::Align::start, bool upward = false) {
        options_.align = align;
        options_.upward = upward;
        if (!text_.empty()) figure::draw_text(image, x, y, text_, font_, options_);
    }

  private:
    figure::Font font_;
    std::string text_;
    figure::TextOptions options_;
    figure::TextExtent extent_;
};

/// Throws OptionError for a style that no figure can be drawn in.
inline void check(const figure::Style& style) {
    if (style.scale < 1 || style.scale > 16)
        deconvviz::detail::raise<OptionError>("figure style: expected a scale of 1 to 16, got ", style.scale);
    if (style.margin < 0)
        deconvviz::detail::raise<OptionError>("figure style: expected a margin of at least 0, got ", style.margin);
}

/// A colour bar with its ticks and label, measured first and drawn then. Its top and bottom lie where the caller says;
/// the labels reach beyond them by up to `overhang`.
class ColorbarDrawing {
  public:
    ColorbarDrawing(figure::ValueRange range, figure::Colormap colormap, Index height, const std::string& label,
                    const figure::Style& style)
        : style_(style),
          range_(range),
          colormap_(colormap),
          height_(height),
          label_(style, label, style.text_size, style.ink) {
        const auto line = static_cast<Index>(2.2 * style.text_size * static_cast<double>(style.scale));
        const auto count = static_cast<int>(std::clamp<Index>(height / std::max<Index>(line, 1), 2, 6));
        for (figure::Tick& tick : figure::ticks(range, count))
            ticks_.emplace_back(tick.value, StyledText(style, std::move(tick.label), style.text_size, style.muted));
        for (const auto& [value, text] : ticks_) text_width_ = std::max(text_width_, text.width());
    }

    Index width() const {
        return px(bar_width + tick_length + tick_gap) + text_width_ +
               (label_.height() > 0 ? px(label_gap) + label_.height() : 0);
    }
    Index overhang() const { return ticks_.empty() ? 0 : ticks_.front().second.height() / 2 + 1; }

    void draw(figure::Image& image, Index x, Index y) {
        const Index hairline = std::max<Index>(1, style_.scale / 2);
        for (Index row = 0; row < height_; ++row) {
            const double t = 1 - (static_cast<double>(row) + 0.5) / static_cast<double>(height_);
            image.fill(x, y + row, px(bar_width), 1, figure::color(colormap_, t));
        }
        image.outline(x - hairline, y - hairline, px(bar_width) + 2 * hairline, height_ + 2 * hairline, style_.frame,
                      hairline);
        for (auto& [value, text] : ticks_) {
            const double up = figure::position(value, range_, 0.5);
            const Index at = y + static_cast<Index>((1 - up) * static_cast<double>(height_ - 1) + 0.5);
            image.fill(x + px(bar_width), at - hairline / 2, px(tick_length), hairline, style_.muted);
            text.draw(image, x + px(bar_width + tick_length + tick_gap), at - text.middle());
        }
        const Index label_x = x + px(bar_width + tick_length + tick_gap + label_gap) + text_width_;
        label_.draw(image, label_x, y + (height_ - label_.width()) / 2, figure::Align::center, true);
    }

  private:
    static constexpr Index bar_width = 11, tick_length = 4, tick_gap = 4, label_gap = 8;

    Index px(Index length) const { return length * style_.scale; }

    figure::Style style_;
    figure::ValueRange range_;
    figure::Colormap colormap_;
    Index height_;
    StyledText label_;
    std::vector<std::pair<double, StyledText>> ticks_;
    Index text_width_ = 0;
};

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// What belongs to a colour bar that stands alone.
struct ColorbarOptions {
    Colormap colormap = Colormap::sequential;
    Index height = 160;  ///< in units of the style's scale
    std::string label = {};
    Style style = {};
};

/// An upright colour bar from range.low (bottom) to range.high (top) with ticks at round numbers, with the style's
/// margin around. Throws OptionError for a range that is not finite or a height below 1.
inline Image colorbar(ValueRange range, const ColorbarOptions& options = {}) {
    deconvviz::detail::check(options.style);
    if (options.height < 1)
        deconvviz::detail::raise<OptionError>("colour bar: expected a height of at least 1, got ", options.height);
    const Index scale = options.style.scale, margin = options.style.margin * scale;
    deconvviz::detail::ColorbarDrawing bar(range, options.colormap, options.height * scale, options.label,
                                           options.style);
    const Index room = std::max(margin, bar.overhang());
    Image image(bar.width() + 2 * margin, options.height * scale + 2 * room, options.style.background);
    bar.draw(image, margin, room);
    return image;
}

}  // namespace deconvviz::figure
