/// @file
/// Colour scales in which equal steps of the value look like equal steps.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include "deconvviz/figure/image.hpp"

namespace deconvviz {
namespace figure {

/// - `grey`: black to white, the sRGB value proportional to t.
/// - `sequential`: deep indigo, teal, yellow. For magnitudes that start at zero.
/// - `heat`: nearly black, crimson, pale yellow. For heat maps over grey pictures.
/// - `diverging`: blue, near white, red; white is exactly t = 0.5. For signed values in a range symmetric about zero.
///
/// All but `grey` are defined in the OKLab space [ottosson2020]: lightness is linear in t, and the colour moves at
/// constant speed (along an arc, or a straight line from the middle), so the perceived steps are even. `sequential` and
/// `heat` stay readable in black and white print; the two arms of `diverging` are equally light.
enum class Colormap { grey, sequential, heat, diverging };

/// What is drawn for a value that is not a number; no colour scale comes near it.
inline constexpr Color nan_color{255, 0, 255};

}  // namespace figure

namespace detail {

/// A colour by its lightness and two opponent axes, green-red and blue-yellow [ottosson2020].
struct OkLab {
    double lightness = 0;
    double a = 0;
    double b = 0;
};

inline std::uint8_t srgb_byte(double linear) {
    const double c = std::clamp(linear, 0.0, 1.0);
    const double encoded = c <= 0.0031308 ? 12.92 * c : 1.055 * std::pow(c, 1 / 2.4) - 0.055;
    return static_cast<std::uint8_t>(255 * encoded + 0.5);
}

inline figure::Color srgb(const OkLab& lab) {
    const auto cube = [](double x) { return x * x * x; };
    const double l = cube(lab.lightness + 0.3963377774 * lab.a + 0.2158037573 * lab.b);
    const double m = cube(lab.lightness - 0.1055613458 * lab.a - 0.0638541728 * lab.b);
    const double s = cube(lab.lightness - 0.0894841775 * lab.a - 1.2914855480 * lab.b);
    return {srgb_byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
            srgb_byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
            srgb_byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

/// Lightness linear in t, and in the plane of a and b an arc of a circle at constant speed. The numbers of the two
/// scales were searched for: the most colourful arcs through the wanted hues that sRGB can show all along.
struct ColorArc {
    double dark, light;
    double center_a, center_b, radius;
    double start, sweep;  // degrees

    OkLab operator()(double t) const {
        const double angle = (start + sweep * t) * std::numbers::pi / 180;
        return {dark + (light - dark) * t, center_a + radius * std::cos(angle), center_b + radius * std::sin(angle)};
    }
};

inline constexpr ColorArc sequential_arc{0.26, 0.91, 0.0567, 0.0464, 0.1630, 274.5, -149.6};
inline constexpr ColorArc heat_arc{0.13, 0.96, 0.0221, 0.0306, 0.1320, 255.7, 227.7};

/// Straight from near white to full colour on both sides, mirrored in lightness and chroma.
inline OkLab diverging_color(double t) {
    constexpr double middle = 0.97, end = 0.45, chroma = 0.18, blue = 262, red = 27;
    const double distance = std::abs(2 * t - 1);
    const double hue = (t < 0.5 ? blue : red) * std::numbers::pi / 180;
    return {middle + (end - middle) * distance, chroma * distance * std::cos(hue), chroma * distance * std::sin(hue)};
}

/// Many more steps than a screen shows, and odd, so that the middle is one of them.
using ColorTable = std::array<figure::Color, 2049>;

inline ColorTable make_color_table(figure::Colormap colormap) {
    ColorTable table;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const double t = static_cast<double>(i) / static_cast<double>(table.size() - 1);
        const auto grey = static_cast<std::uint8_t>(255 * t + 0.5);
        switch (colormap) {
            case figure::Colormap::grey:
                table[i] = {grey, grey, grey};
                break;
            case figure::Colormap::sequential:
                table[i] = srgb(sequential_arc(t));
                break;
            case figure::Colormap::heat:
                table[i] = srgb(heat_arc(t));
                break;
            case figure::Colormap::diverging:
                table[i] = srgb(diverging_color(t));
                break;
        }
    }
    return table;
}

inline const ColorTable& color_table(figure::Colormap colormap) {
    using enum figure::Colormap;
    static const std::array<ColorTable, 4> tables{make_color_table(grey), make_color_table(sequential),
                                                  make_color_table(heat), make_color_table(diverging)};
    return tables[static_cast<std::size_t>(colormap)];
}

}  // namespace detail

namespace figure {

/// The colour at t: 0 is the low end, 1 the high end; beyond them the end's colour; nan_color for NaN.
inline Color color(Colormap colormap, double t) {
    if (std::isnan(t)) return nan_color;
    const auto& table = deconvviz::detail::color_table(colormap);
    const double position = std::clamp(t, 0.0, 1.0) * static_cast<double>(table.size() - 1);
    return table[static_cast<std::size_t>(position + 0.5)];
}

}  // namespace figure
}  // namespace deconvviz
