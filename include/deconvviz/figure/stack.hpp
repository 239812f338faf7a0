/// @file
/// Finished figures beside and below each other.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/figure/colorbar.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/style.hpp"

namespace deconvviz::detail {

/// The title and subtitle of a figure. Height 0 where there is neither.
class TitleBlock {
  public:
    TitleBlock(const std::string& title, const std::string& subtitle, const figure::Style& style)
        : title_(style, title, style.title_size, style.ink),
          subtitle_(style, subtitle, style.text_size, style.muted),
          gap_(title.empty() || subtitle.empty() ? 0 : 5 * style.scale),
          after_(10 * style.scale) {}

    Index width() const { return std::max(title_.width(), subtitle_.width()); }
    /// With the gap to what follows.
    Index height() const {
        const Index text = title_.height() + gap_ + subtitle_.height();
        return text == 0 ? 0 : text + after_;
    }

    void draw(figure::Image& image, Index x, Index y) {
        title_.draw(image, x, y);
        subtitle_.draw(image, x, y + title_.height() + gap_);
    }

  private:
    StyledText title_, subtitle_;
    Index gap_, after_;
};

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// How figures are put together. Grids bring their own margins.
struct StackOptions {
    Index gap = 0;               ///< in units of the style's scale
    Align align = Align::start;  ///< across the direction of stacking
    std::string title = {};      ///< above the whole
    std::string subtitle = {};
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// One direction of stacking is the other with x and y exchanged.
inline figure::Image stack_images(const std::vector<figure::Image>& images, const figure::StackOptions& options,
                                  bool across) {
    check(options.style);
    const Index scale = options.style.scale, margin = options.style.margin * scale;
    TitleBlock title(options.title, options.subtitle, options.style);
    Index along = 0, thickness = 0;
    for (const figure::Image& image : images) {
        along += (across ? image.width() : image.height()) + (along > 0 ? options.gap * scale : 0);
        thickness = std::max(thickness, across ? image.height() : image.width());
    }
    const Index top = title.height() > 0 ? margin + title.height() : 0;
    const Index title_width = title.height() > 0 ? title.width() + 2 * margin : 0;
    figure::Image all(std::max(across ? along : thickness, title_width), top + (across ? thickness : along),
                      options.style.background);
    title.draw(all, margin, margin);
    Index at = 0;
    for (const figure::Image& image : images) {
        const Index aside = aligned(options.align, thickness, across ? image.height() : image.width());
        all.blit(image, across ? at : aside, top + (across ? aside : at));
        at += (across ? image.width() : image.height()) + options.gap * scale;
    }
    return all;
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// Figures from left to right. `align` places those less high than the highest.
inline Image hstack(const std::vector<Image>& images, const StackOptions& options = {}) {
    return deconvviz::detail::stack_images(images, options, true);
}

/// Figures from top to bottom. `align` places those less wide than the widest.
inline Image vstack(const std::vector<Image>& images, const StackOptions& options = {}) {
    return deconvviz::detail::stack_images(images, options, false);
}

}  // namespace deconvviz::figure
