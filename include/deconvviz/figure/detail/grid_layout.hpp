/// @file
/// What a grid consists of, and where each part goes.
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
#include "deconvviz/figure/picture.hpp"
#include "deconvviz/figure/render.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/figure/style.hpp"

namespace deconvviz::figure {

/// One place of a grid.
struct Cell {
    Picture picture = {};  ///< without one, the place stays empty
    std::string above = {};
    std::string below = {};
    std::optional<Color> highlight = {};  ///< of a thick frame in place of the hairline
};

/// Everything about a grid but its pictures. Lengths are in units of the style's scale.
struct GridOptions {
    Index columns = 0;  ///< 0: as many as there are column headings, or else what fills the rows well
    std::string title = {};
    std::string subtitle = {};
    std::vector<std::string> titles = {};  ///< above picture 0, 1, ..., where its cell has no text of its own
    std::vector<std::string> row_headings = {};
    std::vector<std::string> column_headings = {};
    Colormap colormap = Colormap::grey;
    RangeMode range_mode = RangeMode::per_picture;
    ValueRange range = {};   ///< for RangeMode::given
    bool symmetric = false;  ///< zero in the middle of the scale; always so for `diverging`, but for a given range
    bool colorbar = false;   ///< for a range that the pictures share
    std::string colorbar_label = {};
    Index cell_size = 72;  ///< about the longer side of a picture after enlargement; larger pictures are not shrunk
    Index enlarge = 0;     ///< pixels of the figure for one of a picture; 0: what comes nearest to cell_size
    Index gap = 8;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// Columns for `count` pictures: about twice as many as rows, the last row as full as can be.
inline Index good_columns(Index count) {
    if (count <= 6) return std::max<Index>(count, 1);
    const auto wanted = static_cast<Index>(std::lround(std::sqrt(2.0 * static_cast<double>(count))));
    Index best = wanted;
    const auto cost = [&](Index columns) {
        return 4 * ((columns - count % columns) % columns) + std::abs(columns - wanted);
    };
    for (Index columns = std::max<Index>(wanted - 3, 2); columns <= wanted + 3; ++columns)
        if (cost(columns) <= cost(best)) best = columns;
    return best;
}

/// Measures the parts of a grid, then draws them.
class GridDrawing {
  public:
    GridDrawing(const std::vector<figure::Cell>& cells, const figure::GridOptions& options)
        : options_(options), style_(options.style), title_(options.title, options.subtitle, options.style) {
        check(style_);
        if (options.columns < 0 || options.cell_size < 1 || options.enlarge < 0 || options.gap < 0)
            deconvviz::detail::raise<OptionError>(
                "grid: expected columns, enlarge and gap of at least 0 and a cell size of at least 1");
        count_shape(static_cast<Index>(cells.size()));
        find_range(cells);
        for (std::size_t i = 0; i < cells.size(); ++i) place(cells[i], i);
        for (const std::string& text : options.row_headings) row_headings_.push_back(heading(text));
        for (const std::string& text : options.column_headings) column_headings_.push_back(heading(text));
        for (const StyledText& text : row_headings_) row_heading_width_ = std::max(row_heading_width_, text.width());
        for (const StyledText& text : column_headings_) {
            column_heading_height_ = std::max(column_heading_height_, text.height());
            column_width_ = std::max(column_width_, text.width());
        }
    }

    figure::Image draw() {
        const Index margin = px(style_.margin);
        const Index left = margin + (row_heading_width_ > 0 ? row_heading_width_ + px(10) : 0);
        const Index top = margin + title_.height() + (column_heading_height_ > 0 ? column_heading_height_ + px(7) : 0);
        const Index width = columns_ * column_width_ + std::max<Index>(columns_ - 1, 0) * px(options_.gap);
        Index height = 0;
        for (Row& row : rows_) {
            row.top = top + height + (height > 0 ? px(options_.gap) : 0);
            height = row.top - top + row.height(caption_gap());
        }
        std::optional<ColorbarDrawing> bar = make_colorbar();
        const Index bar_width = bar ? px(14) + bar->width() : 0;
        const Index bottom = std::max(margin, bar ? bar->overhang() : 0);
        figure::Image image(std::max(left + width + bar_width, margin + title_.width()) + margin, top + height + bottom,
                            style_.background);
        title_.draw(image, margin, margin);
        for (Index c = 0; c < static_cast<Index>(column_headings_.size()); ++c) {
            StyledText& text = column_headings_[static_cast<std::size_t>(c)];
            text.draw(image, column_left(left, c) + (column_width_ - text.width()) / 2, top - px(7) - text.height(),
                      figure::Align::center);
        }
        for (std::size_t r = 0; r < rows_.size(); ++r) draw_row(image, r, margin, left);
        if (bar) bar->draw(image, left + width + px(14), picture_top(rows_.front()));
        return image;
    }

  private:
    struct Place {
        figure::Image picture;
        StyledText above, below;
        std::optional<figure::Color> highlight;
    };

    struct Row {
        std::vector<Place> places;
        Index top = 0, above_height = 0, picture_height = 0, below_height = 0;

        Index above(Index gap) const { return above_height > 0 ? above_height + gap : 0; }
        Index height(Index gap) const {
            return above(gap) + picture_height + (below_height > 0 ? below_height + gap : 0);
        }
    };

    Index px(Index length) const { return length * style_.scale; }
    Index caption_gap() const { return px(4); }
    Index picture_top(const Row& row) const { return row.top + row.above(caption_gap()); }
    Index column_left(Index left, Index column) const { return left + column * (column_width_ + px(options_.gap)); }

    StyledText caption(const std::string& text) const { return {style_, text, style_.text_size, style_.ink}; }
    StyledText heading(const std::string& text) const { return caption(text); }

    void count_shape(Index cells) {
        const auto headings = static_cast<Index>(options_.column_headings.size());
        const auto row_headings = static_cast<Index>(options_.row_headings.size());
        columns_ = options_.columns > 0 ? options_.columns
                   : headings > 0       ? headings
                   : row_headings > 0   ? (cells + row_headings - 1) / row_headings
                                        : good_columns(cells);
        columns_ = std::max<Index>(columns_, 1);
        const Index rows = (cells + columns_ - 1) / columns_;
        if (headings != 0 && headings != columns_)
            deconvviz::detail::raise<OptionError>("grid: expected ", columns_, " column headings, got ", headings);
        if (row_headings != 0 && row_headings != rows)
            deconvviz::detail::raise<OptionError>("grid: expected ", rows, " row headings for ", cells, " cells in ",
                                                  columns_, " columns, got ", row_headings);
        if (std::cmp_greater(options_.titles.size(), cells))
            deconvviz::detail::raise<OptionError>("grid: expected at most ", cells, " titles, got ",
                                                  options_.titles.size());
        rows_.resize(static_cast<std::size_t>(rows));
    }

    /// Sets `shared_` where all pictures have one range.
    void find_range(const std::vector<figure::Cell>& cells) {
        using figure::RangeMode;
        if (options_.range_mode == RangeMode::given) {
            figure::check(options_.range);
            shared_ = options_.range;
        } else if (options_.range_mode == RangeMode::shared || cells.size() == 1) {
            for (const figure::Cell& cell : cells) {
                if (!cell.picture.values()) continue;
                const auto own = figure::finite_range(cell.picture.values()->values());
                if (own) shared_ = shared_ ? figure::unite(*shared_, *own) : *own;
            }
            if (!shared_) shared_ = figure::ValueRange{0, 0};
            if (options_.symmetric || options_.colormap == figure::Colormap::diverging)
                shared_ = figure::symmetric(*shared_);
        } else if (options_.colorbar) {
            deconvviz::detail::raise<OptionError>(
                "grid: a colour bar needs a range that is shared or given, got one per picture");
        }
    }

    void place(const figure::Cell& cell, std::size_t i) {
        figure::Image image = figure::render(
            cell.picture, {.colormap = options_.colormap, .range = shared_, .symmetric = options_.symmetric});
        if (!image.empty()) image = figure::enlarge(image, factor(image));
        const bool titled = cell.above.empty() && i < options_.titles.size();
        Place place{std::move(image), caption(titled ? options_.titles[i] : cell.above), caption(cell.below),
                    cell.highlight};
        Row& row = rows_[i / static_cast<std::size_t>(columns_)];
        row.above_height = std::max(row.above_height, place.above.height());
        row.below_height = std::max(row.below_height, place.below.height());
        row.picture_height = std::max(row.picture_height, place.picture.height());
        column_width_ = std::max({column_width_, place.picture.width(), place.above.width(), place.below.width()});
        row.places.push_back(std::move(place));
    }

    Index factor(const figure::Image& image) const {
        if (options_.enlarge > 0) return options_.enlarge;
        const Index side = std::max(image.width(), image.height());
        return std::max<Index>(1, (px(options_.cell_size) + side / 2) / side);
    }

    /// From the top of the first row of pictures to the bottom of the last row that a bar of good height reaches.
    std::optional<ColorbarDrawing> make_colorbar() const {
        if (!options_.colorbar || rows_.empty()) return std::nullopt;
        const Index top = picture_top(rows_.front());
        const Index longest = px(260);
        Index height = std::min(rows_.front().picture_height, longest);
        for (const Row& row : rows_) {
            const Index reached = picture_top(row) + row.picture_height - top;
            if (reached <= longest) height = std::max(height, reached);
        }
        return ColorbarDrawing(*shared_, options_.colormap, std::max<Index>(height, 1), options_.colorbar_label,
                               style_);
    }

    void draw_row(figure::Image& image, std::size_t r, Index margin, Index left) {
        Row& row = rows_[r];
        const Index pictures = picture_top(row);
        if (r < row_headings_.size()) {
            StyledText& text = row_headings_[r];
            text.draw(image, margin + row_heading_width_ - text.width(),
                      pictures + (row.picture_height - text.height()) / 2, figure::Align::end);
        }
        const Index hairline = std::max<Index>(1, style_.scale / 2);
        for (Index c = 0; c < static_cast<Index>(row.places.size()); ++c) {
            Place& place = row.places[static_cast<std::size_t>(c)];
            const Index x = column_left(left, c);
            const Index picture_x = x + (column_width_ - place.picture.width()) / 2;
            const Index picture_y = pictures + (row.picture_height - place.picture.height()) / 2;
            const auto centred = [&](const StyledText& text) { return x + (column_width_ - text.width()) / 2; };
            place.above.draw(image, centred(place.above), pictures - caption_gap() - place.above.height(),
                             figure::Align::center);
            place.below.draw(image, centred(place.below), pictures + row.picture_height + caption_gap(),
                             figure::Align::center);
            if (place.picture.empty()) continue;
            const Index frame = place.highlight ? px(2) : hairline;
            image.outline(picture_x - frame, picture_y - frame, place.picture.width() + 2 * frame,
                          place.picture.height() + 2 * frame, place.highlight.value_or(style_.frame), frame);
            image.blit(place.picture, picture_x, picture_y);
        }
    }

    figure::GridOptions options_;
    figure::Style style_;
    TitleBlock title_;
    std::optional<figure::ValueRange> shared_;
    Index columns_ = 1;
    std::vector<Row> rows_;
    std::vector<StyledText> row_headings_, column_headings_;
    Index column_width_ = 0, row_heading_width_ = 0, column_heading_height_ = 0;
};

}  // namespace deconvviz::detail
