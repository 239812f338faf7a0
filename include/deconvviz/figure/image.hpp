/// @file
/// Image: a picture of 8-bit RGB pixels, and the few operations that figures are put together with.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"

namespace deconvviz {
namespace detail {

/// Which part of source pixel s target pixel t covers when `size` pixels become `target`: the share of the source, 0
/// where they do not touch.
inline double coverage(Index s, Index t, Index size, Index target) {
    const double step = static_cast<double>(size) / static_cast<double>(target);
    const double first = static_cast<double>(t) * step;
    const auto begin = static_cast<double>(s);
    return std::max(0.0, std::min(begin + 1, first + step) - std::max(begin, first)) / step;
}

}  // namespace detail

namespace figure {

/// sRGB, 0 … 255 each.
struct Color {
    std::uint8_t r = 0;
    std::uint8_t g = 0;
    std::uint8_t b = 0;
    friend constexpr bool operator==(const Color&, const Color&) = default;
};

inline constexpr Color white{255, 255, 255};
inline constexpr Color black{0, 0, 0};

/// `a` where weight is 0, `b` where it is 1, in between channel by channel: a + weight (b - a), rounded.
constexpr Color mix(Color a, Color b, double weight) {
    const auto channel = [weight](int from, int to) {
        return static_cast<std::uint8_t>(from + weight * (to - from) + 0.5);
    };
    return {channel(a.r, b.r), channel(a.g, b.g), channel(a.b, b.b)};
}

/// Pixels in rows from the top, x to the right, y down. A value: copies are independent, equality compares pixels.
/// Everything that draws is clipped to the picture; positions may be negative.
class Image {
  public:
    Image() = default;

    /// Throws OptionError for a negative size or one of more than 2^28 pixels.
    Image(Index width, Index height, Color color = white) : width_(width), height_(height) {
        if (width < 0 || height < 0 || (width > 0 && height > max_pixels / width))
            deconvviz::detail::raise<OptionError>("image: expected a size of 0 to ", max_pixels, " pixels, got ", width,
                                                  'x', height);
        pixels_.assign(static_cast<std::size_t>(width * height), color);
    }

    Index width() const { return width_; }
    Index height() const { return height_; }
    bool empty() const { return pixels_.empty(); }

    Color& operator()(Index x, Index y) { return pixels_[at(x, y)]; }
    const Color& operator()(Index x, Index y) const { return pixels_[at(x, y)]; }

    std::span<Color> pixels() & { return pixels_; }
    std::span<const Color> pixels() const& { return pixels_; }
    void pixels() const&& = delete;  // they would be gone with the temporary image

    /// Fills the rectangle of the given corner and size.
    void fill(Index x, Index y, Index width, Index height, Color color) {
        const Index right = std::min(x + width, width_);
        const Index bottom = std::min(y + height, height_);
        for (Index row = std::max<Index>(y, 0); row < bottom; ++row)
            for (Index column = std::max<Index>(x, 0); column < right; ++column) (*this)(column, row) = color;
    }

    /// Draws the border of a rectangle, `thickness` pixels inward from its edge.
    void outline(Index x, Index y, Index width, Index height, Color color, Index thickness = 1) {
        thickness = std::min({thickness, (width + 1) / 2, (height + 1) / 2});
        fill(x, y, width, thickness, color);
        fill(x, y + height - thickness, width, thickness, color);
        fill(x, y, thickness, height, color);
        fill(x + width - thickness, y, thickness, height, color);
    }

    /// Copies `source` here, its upper left corner at (x, y).
    void blit(const Image& source, Index x, Index y) {
        const Index right = std::min(source.width_, width_ - x);
        const Index bottom = std::min(source.height_, height_ - y);
        for (Index row = std::max<Index>(-y, 0); row < bottom; ++row)
            for (Index column = std::max<Index>(-x, 0); column < right; ++column)
                (*this)(x + column, y + row) = source(column, row);
    }

    /// Mixes `color` into one pixel with a weight in [0, 1]; nothing happens outside the picture.
    void blend(Index x, Index y, Color color, double weight) {
        if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
        (*this)(x, y) = mix((*this)(x, y), color, weight);
    }

    friend bool operator==(const Image&, const Image&) = default;

  private:
    static constexpr Index max_pixels = Index{1} << 28;

    std::size_t at(Index x, Index y) const {
        assert(x >= 0 && y >= 0 && x < width_ && y < height_);
        return static_cast<std::size_t>(y * width_ + x);
    }

    Index width_ = 0;
    Index height_ = 0;
    std::vector<Color> pixels_;
};

/// The part of `image` in the given rectangle. Throws OptionError where that is not inside.
inline Image crop(const Image& image, Index x, Index y, Index width, Index height) {
    if (x < 0 || y < 0 || width < 0 || height < 0 || x + width > image.width() || y + height > image.height())
        deconvviz::detail::raise<OptionError>("crop: expected a rectangle inside ", image.width(), 'x', image.height(),
                                              ", got ", width, 'x', height, " at (", x, ',', y, ')');
    Image part(width, height);
    part.blit(image, -x, -y);
    return part;
}

/// Every pixel becomes a square of `factor` x `factor`. Throws OptionError for a factor below 1.
inline Image enlarge(const Image& image, Index factor) {
    if (factor < 1) deconvviz::detail::raise<OptionError>("enlarge: expected a factor of at least 1, got ", factor);
    Image large(image.width() * factor, image.height() * factor);
    for (Index y = 0; y < large.height(); ++y)
        for (Index x = 0; x < large.width(); ++x) large(x, y) = image(x / factor, y / factor);
    return large;
}

/// The picture at another size; each new pixel is the mean of the area that it covers, so that shrinking loses no
/// thin line. Throws OptionError where something is to come out of an empty picture.
inline Image resize_area(const Image& image, Index width, Index height) {
    Image small(width, height);
    if (image.empty() && !small.empty()) deconvviz::detail::raise<OptionError>("resize_area: the picture is empty");
    for (Index y = 0; y < height; ++y) {
        for (Index x = 0; x < width; ++x) {
            double sum[3] = {0.5, 0.5, 0.5};  // rounds
            for (Index v = y * image.height() / height; v * height < (y + 1) * image.height(); ++v) {
                for (Index u = x * image.width() / width; u * width < (x + 1) * image.width(); ++u) {
                    const double share =
                        detail::coverage(u, x, image.width(), width) * detail::coverage(v, y, image.height(), height);
                    const Color color = image(u, v);
                    sum[0] += share * color.r;
                    sum[1] += share * color.g;
                    sum[2] += share * color.b;
                }
            }
            small(x, y) = {static_cast<std::uint8_t>(sum[0]), static_cast<std::uint8_t>(sum[1]),
                           static_cast<std::uint8_t>(sum[2])};
        }
    }
    return small;
}

}  // namespace figure
}  // namespace deconvviz
