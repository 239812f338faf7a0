/// @file
/// The panels of the occlusion study's figure, each a picture on one scale of pixels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/picture.hpp"
#include "deconvviz/figure/render.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/visualize/occlusion.hpp"

namespace deconvviz::detail {

/// A picture at the size at which its longer side has `side` pixels.
inline figure::Image fit_side(const figure::Image& image, Index side) {
    const Index longer = std::max(image.width(), image.height());
    return figure::resize_area(image, std::max<Index>(1, image.width() * side / longer),
                               std::max<Index>(1, image.height() * side / longer));
}

/// The picture in pale grey, `factor` pixels for each of its own: what shows where a heat map does not reach.
inline figure::Image pale_picture(const figure::Picture& picture, Index factor, const figure::Style& style) {
    figure::Image image = figure::render(picture);
    for (figure::Color& pixel : image.pixels()) {
        const auto grey = static_cast<std::uint8_t>((299 * pixel.r + 587 * pixel.g + 114 * pixel.b) / 1000);
        pixel = figure::mix(style.background, {grey, grey, grey}, 0.3);
    }
    return figure::enlarge(image, factor);
}

/// Draws what belongs to the positions of a patch over a picture that has `factor` pixels for each of its own, so that
/// all panels lie on each other: a position is a block as large as a step of the patch, around the patch's centre.
template <class T>
class PositionCanvas {
  public:
    PositionCanvas(const OcclusionMap<T>& map, Index factor, figure::Image below)
        : map_(map), factor_(factor), image_(std::move(below)) {}

    /// The block of a position in pixels of the canvas, within it.
    Window block(Index row, Index column) const {
        const Range y = extent(row, map_.stride.y, map_.patch.y, map_.image_height);
        const Range x = extent(column, map_.stride.x, map_.patch.x, map_.image_width);
        return {y.first, x.first, y.count, x.count};
    }

    template <class ColorAt>
    void paint(const ColorAt& color_at) {
        for (Index r = 0; r < map_.rows(); ++r)
            for (Index c = 0; c < map_.columns(); ++c) {
                const Window at = block(r, c);
                image_.fill(at.x, at.y, at.width, at.height, color_at(r, c));
            }
    }

    /// Rings a position, in white on black, so that it shows on any colour.
    void mark(const Size2D& position, Index thickness) {
        const Window at = block(position.y, position.x);
        const auto ring = [&](Index room, figure::Color color) {
            image_.outline(at.x - room, at.y - room, at.width + 2 * room, at.height + 2 * room, color, thickness);
        };
        ring(2 * thickness, figure::black);
        ring(thickness, figure::white);
    }

    const figure::Image& image() const { return image_; }

  private:
    Range extent(Index index, Index stride, Index patch, Index size) const {
        const Index begin = std::clamp<Index>((2 * index * stride + patch - stride) * factor_ / 2, 0, size * factor_);
        const Index end = std::clamp<Index>((2 * index * stride + patch + stride) * factor_ / 2, 0, size * factor_);
        return {begin, end - begin};
    }

    const OcclusionMap<T>& map_;
    Index factor_;
    figure::Image image_;
};

/// The values at each position (rows, columns) as a heat map over a picture of `factor` pixels for each of its own; one
/// position is ringed, in lines of `line` pixels.
template <class T>
figure::Image position_heat(const OcclusionMap<T>& map, const Tensor<T>& values, figure::ValueRange range,
                            const Size2D& marked, Index factor, figure::Image below, Index line) {
    PositionCanvas<T> canvas(map, factor, std::move(below));
    canvas.paint([&](Index r, Index c) {
        return figure::color(figure::Colormap::sequential, figure::position(static_cast<double>(values(r, c)), range));
    });
    canvas.mark(marked, line);
    return canvas.image();
}

/// The picture with the patch at one position, outlined.
template <class T>
figure::Image patched_picture(const Tensor<T>& image, const OcclusionMap<T>& map, const Size2D& position, Index factor,
                              const figure::Style& style) {
    const figure::ValueRange range =
        figure::unite(figure::range_of(image), {static_cast<double>(map.fill), static_cast<double>(map.fill)});
    const Window patch = map.patch_at(position.y, position.x);
    figure::Image drawn = figure::enlarge(figure::render(occluded(image, patch, map.fill), {.range = range}), factor);
    const Index line = style.scale;
    drawn.outline(patch.x * factor, patch.y * factor, patch.width * factor, patch.height * factor, figure::black,
                  2 * line);
    drawn.outline(patch.x * factor, patch.y * factor, patch.width * factor, patch.height * factor, figure::white, line);
    return drawn;
}

/// Pictures in a square block, the first one framed: it is about as large as one panel.
inline figure::Image framed_block(const std::vector<figure::Image>& pictures, Index side, const figure::Style& style) {
    const auto count = static_cast<Index>(pictures.size());
    const auto columns = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(count))));
    const Index rows = (count + columns - 1) / columns;
    const Index frame = 2 * style.scale, gap = 6 * style.scale;
    const Index place = std::max<Index>(1, (side - 2 * frame - (columns - 1) * gap) / columns);
    std::vector<figure::Image> fitted;
    Index width = 1, height = 1;
    for (const figure::Image& picture : pictures) {
        fitted.push_back(fit_side(picture, place));
        width = std::max(width, fitted.back().width());
        height = std::max(height, fitted.back().height());
    }
    figure::Image block(columns * width + (columns - 1) * gap + 2 * frame, rows * height + (rows - 1) * gap + 2 * frame,
                        style.background);
    for (Index i = 0; i < count; ++i) {
        const figure::Image& picture = fitted[static_cast<std::size_t>(i)];
        const Index x = frame + i % columns * (width + gap), y = frame + i / columns * (height + gap);
        if (i == 0)
            block.fill(x - frame, y - frame, picture.width() + 2 * frame, picture.height() + 2 * frame, style.ink);
        block.blit(picture, x, y);
    }
    return block;
}

}  // namespace deconvviz::detail
