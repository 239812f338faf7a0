/// @file
/// Figure: the confusion matrix of a classifier.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/colorbar.hpp"
#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/figure/style.hpp"

namespace deconvviz::figure {

/// Options of confusion.
struct ConfusionOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<std::string> class_names = {};  // one for each class; without them, the numbers 0, 1, …
    double full_error = 0.25;  // the share of a row's pictures at which an error has the full red, in (0, 1]
    bool percent = false;      // writes shares of the row in per cent, not numbers of pictures
    Index cell_size = 34;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// The parts of a confusion matrix's figure, measured first and drawn then.
class ConfusionDrawing {
  public:
    ConfusionDrawing(const Tensor<double>& counts, const figure::ConfusionOptions& options)
        : counts_(counts),
          options_(options),
          style_(options.style),
          title_(options.title, options.subtitle, options.style),
          label_(style_, "label", style_.text_size, style_.muted),
          prediction_(style_, "prediction", style_.text_size, style_.muted) {
        detail::check(style_);
        check();
        for (Index i = 0; i < classes(); ++i) {
            names_.emplace_back(
                style_, options.class_names.empty() ? concat(i) : options.class_names[static_cast<std::size_t>(i)],
                style_.text_size, style_.ink);
            names_width_ = std::max(names_width_, names_.back().width());
        }
    }

    figure::Image draw() {
        const Index margin = px(style_.margin), cell = px(options_.cell_size), side = classes() * cell;
        const Index left = margin + label_.height() + px(8) + names_width_ + px(6);
        const Index top = margin + title_.height() + prediction_.height() + px(6) + names_width_ + px(6);
        figure::Image image(std::max(left + side, margin + title_.width()) + margin, top + side + margin,
                            style_.background);
        title_.draw(image, margin, margin);
        prediction_.draw(image, left, margin + title_.height());
        label_.draw(image, margin, top + side - label_.width(), figure::Align::start, true);
        for (Index i = 0; i < classes(); ++i) {
            auto& name = names_[static_cast<std::size_t>(i)];
            const Index middle = i * cell + (cell - name.height()) / 2;
            name.draw(image, left - px(6) - name.width(), top + middle);
            name.draw(image, left + middle, top - px(6) - name.width(), figure::Align::start, true);
        }
        for (Index row = 0; row < classes(); ++row)
            for (Index column = 0; column < classes(); ++column)
                draw_cell(image, left + column * cell, top + row * cell, row, column);
        image.outline(left - 1, top - 1, side + 2, side + 2, style_.frame);
        return image;
    }

  private:
    Index px(Index length) const { return length * style_.scale; }
    Index classes() const { return counts_.shape()[0]; }

    void check() const {
        if (counts_.rank() != 2 || counts_.empty() || counts_.shape()[0] != counts_.shape()[1])
            raise<ShapeError>("confusion figure: expected counts (classes,classes), got ", counts_.shape());
        for (Index i = 0; i < counts_.size(); ++i)
            if (!(counts_[i] >= 0) || !std::isfinite(counts_[i]))
                raise<OptionError>("confusion figure: expected counts of at least 0, that of row ", i / classes(),
                                   ", column ", i % classes(), " is ", counts_[i]);
        if (!options_.class_names.empty() && std::cmp_not_equal(options_.class_names.size(), classes()))
            raise<OptionError>("confusion figure: expected ", classes(), " class names or none, got ",
                               options_.class_names.size());
        if (!(options_.full_error > 0 && options_.full_error <= 1))
            raise<OptionError>("confusion figure: expected a full_error in (0, 1], got ", options_.full_error);
        if (options_.cell_size < 8)
            raise<OptionError>("confusion figure: expected a cell size of at least 8, got ", options_.cell_size);
    }

    double share(Index row, Index column) const {
        double all = 0;
        for (Index i = 0; i < classes(); ++i) all += counts_(row, i);
        return all > 0 ? counts_(row, column) / all : 0;
    }

    void draw_cell(figure::Image& image, Index x, Index y, Index row, Index column) {
        const Index cell = px(options_.cell_size);
        const double part = share(row, column);
        const double strength = row == column ? part : std::min(1.0, part / options_.full_error);
        const double t = row == column ? 0.5 - 0.5 * strength : 0.5 + 0.5 * strength;
        image.fill(x, y, cell, cell, figure::color(figure::Colormap::diverging, t));
        image.outline(x, y, cell, cell, figure::mix(figure::white, style_.frame, 0.45), std::max<Index>(px(1) / 2, 1));
        const double value = options_.percent ? 100 * part : counts_(row, column);
        if (value == 0) return;
        char text[32];
        std::snprintf(text, sizeof(text), "%.0f", value);
        StyledText number(style_, text, 0.9 * style_.text_size,
                          strength > 0.6 ? figure::white : figure::Color{34, 34, 38});
        number.draw(image, x + (cell - number.width()) / 2, y + (cell - number.height()) / 2);
    }

    const Tensor<double>& counts_;
    const figure::ConfusionOptions& options_;
    figure::Style style_;
    TitleBlock title_;
    StyledText label_, prediction_;
    std::vector<StyledText> names_;
    Index names_width_ = 0;
};

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// A confusion matrix (classes, classes), as `evaluate` returns it: how many pictures of the row's class were
/// classified as the column's. Right ones are blue, the stronger the larger their share of the row; errors are red,
/// with a scale of their own (`full_error`), so that few of them still show. Cells of 0 have no number.
///
///     save_png("confusion.png", figure::confusion(evaluate(model, data.test).confusion))
///
/// Throws ShapeError for a matrix that is not square, OptionError for a count that is negative or not finite and for
/// options that make no sense.
inline Image confusion(const Tensor<double>& counts, const ConfusionOptions& options = {}) {
    return deconvviz::detail::ConfusionDrawing(counts, options).draw();
}

}  // namespace deconvviz::figure
