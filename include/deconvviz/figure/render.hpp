/// @file
/// From values to pixels: one picture, and a heat map over a picture.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/picture.hpp"

namespace deconvviz::figure {

/// How values become colours.
struct RenderOptions {
    /// For one plane. Three planes are red, green and blue whatever is set here, their range symmetric for `diverging`.
    Colormap colormap = Colormap::grey;
    /// The values at the ends of the scale; without it, the smallest and largest finite value.
    std::optional<ValueRange> range = {};
    /// Widens the range to be symmetric about zero, so that zero is mid-grey: for signed values such as projections.
    /// Always so for `diverging`, unless a range is given.
    bool symmetric = false;
};

/// The range of values that `render` would use; {0, 0} where there is no finite value and none is given.
inline ValueRange range_of(const Picture& picture, const RenderOptions& options = {}) {
    if (options.range) {
        check(*options.range);
        return *options.range;
    }
    const auto finite = picture.values() ? finite_range(picture.values()->values()) : std::nullopt;
    const ValueRange found = finite.value_or(ValueRange{0, 0});
    return options.symmetric || options.colormap == Colormap::diverging ? symmetric(found) : found;
}

/// One pixel a value. Values beyond the range get the colour of its end, NaN gets nan_color. A picture whose range has
/// no extent, such as a dead map, is drawn in the colour of zero: the scale's low end, or its middle where the range is
/// symmetric. An image comes back as it is, nothing as an empty image.
/// Throws OptionError for a range that is not finite.
inline Image render(const Picture& picture, const RenderOptions& options = {}) {
    if (picture.image()) return *picture.image();
    if (picture.empty()) return {};
    const Tensor<double>& values = *picture.values();
    const ValueRange range = range_of(picture, options);
    const double flat = options.symmetric || options.colormap == Colormap::diverging ? 0.5 : 0;
    Image image(picture.width(), picture.height());
    for (Index y = 0; y < image.height(); ++y) {
        for (Index x = 0; x < image.width(); ++x) {
            const double red = position(values(0, y, x), range, flat);
            if (values.shape()[0] == 1) {
                image(x, y) = color(options.colormap, red);
                continue;
            }
            const double green = position(values(1, y, x), range, flat);
            const double blue = position(values(2, y, x), range, flat);
            const bool missing = std::isnan(red) || std::isnan(green) || std::isnan(blue);
            const auto byte = [](double t) { return static_cast<std::uint8_t>(255 * t + 0.5); };
            image(x, y) = missing ? nan_color : Color{byte(red), byte(green), byte(blue)};
        }
    }
    return image;
}

/// How a plane of values is brought to another size: blocks, or linearly between the centres of its cells.
enum class Interpolation { nearest, bilinear };

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// The value of a plane at a place in its own cells: the centre of cell (0,0) is (0.5, 0.5). Constant beyond the
/// centres of the outer cells.
inline double sample(const Tensor<double>& plane, double y, double x, figure::Interpolation interpolation) {
    const Index height = plane.shape()[1], width = plane.shape()[2];
    const auto cell = [](double at, Index size) {
        return std::clamp(static_cast<Index>(std::floor(at)), Index{0}, size - 1);
    };
    if (interpolation == figure::Interpolation::nearest) return plane(0, cell(y, height), cell(x, width));
    const double v = std::clamp(y - 0.5, 0.0, static_cast<double>(height - 1));
    const double u = std::clamp(x - 0.5, 0.0, static_cast<double>(width - 1));
    const Index top = cell(v, height), left = cell(u, width);
    const Index bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
    const double fv = v - static_cast<double>(top), fu = u - static_cast<double>(left);
    const auto between = [](double a, double b, double f) { return f == 0 ? a : a + f * (b - a); };  // 0 * inf is NaN
    return between(between(plane(0, top, left), plane(0, top, right), fu),
                   between(plane(0, bottom, left), plane(0, bottom, right), fu), fv);
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// How a heat map lies over a picture.
struct OverlayOptions {
    /// Weight of the heat map's colour: 0 shows the picture alone, 1 the heat map alone.
    double alpha = 0.55;
    /// Makes the weight grow from 0 at the low end of the range (the middle for `diverging`) to alpha at its ends, so
    /// that the picture stays as it is where the heat map says nothing.
    bool fade = false;
    Colormap colormap = Colormap::heat;
    /// Of the heat map; without it, its smallest and largest finite value, symmetric about zero for `diverging`.
    std::optional<ValueRange> range = {};
    Interpolation interpolation = Interpolation::nearest;
    /// The part of the picture that the heat map covers; without it, all. An occlusion map of patch p and stride 1 has
    /// its centres at {.y = p / 2, .x = p / 2, .height = rows of the map, .width = its columns}.
    std::optional<Window> area = {};
    /// Pixels for each pixel of the picture, so that a smooth heat map over a small picture is smooth.
    Index enlarge = 1;
};

/// The picture in grey (one plane, its own range) or its own colours, and over it the heat map, one plane of any size:
/// each pixel is mix(picture, heat, alpha). Where the heat map is NaN or does not reach, the picture shows.
/// Throws ShapeError where the heat map is not one plane, OptionError for a weight outside [0, 1], an area outside
/// the picture or an empty picture.
inline Image overlay(const Picture& base, const Picture& heat, const OverlayOptions& options = {}) {
    using deconvviz::detail::concat;
    if (!heat.values() || heat.values()->shape()[0] != 1)
        deconvviz::detail::raise<ShapeError>(
            "overlay: expected a heat map of one plane of values, got colours or nothing");
    if (base.empty()) deconvviz::detail::raise<OptionError>("overlay: expected a picture to draw over, got nothing");
    if (!(options.alpha >= 0 && options.alpha <= 1))
        deconvviz::detail::raise<OptionError>("overlay: expected a weight alpha in [0, 1], got ", options.alpha);
    const Window all{0, 0, base.height(), base.width()};
    const Window area = options.area.value_or(all);
    if (!contains(all, area) || area.empty())
        deconvviz::detail::raise<OptionError>("overlay: expected an area inside ", all, ", got ", area);

    const ValueRange range = range_of(heat, {.colormap = options.colormap, .range = options.range});
    const double flat = options.colormap == Colormap::diverging ? 0.5 : 0;
    Image image = enlarge(render(base), options.enlarge);
    const Index factor = options.enlarge;
    for (Index y = area.y * factor; y < (area.y + area.height) * factor; ++y) {
        for (Index x = area.x * factor; x < (area.x + area.width) * factor; ++x) {
            const auto along = [factor](Index at, Index first, Index extent, Index cells) {
                return (static_cast<double>(at - first * factor) + 0.5) / static_cast<double>(extent * factor) *
                       static_cast<double>(cells);
            };
            const double value =
                deconvviz::detail::sample(*heat.values(), along(y, area.y, area.height, heat.height()),
                                          along(x, area.x, area.width, heat.width()), options.interpolation);
            if (std::isnan(value)) continue;
            const double t = position(value, range, flat);
            const double strength = options.colormap == Colormap::diverging ? std::abs(2 * t - 1) : t;
            image.blend(x, y, color(options.colormap, t), options.fade ? options.alpha * strength : options.alpha);
        }
    }
    return image;
}

}  // namespace deconvviz::figure
