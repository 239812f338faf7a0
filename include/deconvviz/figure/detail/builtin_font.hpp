/// @file
/// The font that needs no file: the letters of stb_easy_font, made of upright rectangles.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "deconvviz/figure/detail/glyph.hpp"
#include "deconvviz/io/detail/stb_easy_font.hpp"

namespace deconvviz::detail {

/// Sizes in the font's own units, of which its strokes are one wide. A text of size s has units of s / 12 pixels.
inline constexpr double builtin_units = 12;
inline constexpr double builtin_baseline = 7;  // capitals are as high
inline constexpr double builtin_descent = 2;

/// The ASCII character that is drawn: the nearest in shape for some typographic ones, '?' for what the font lacks.
constexpr char builtin_character(char32_t character) {
    switch (character) {
        case U'×':
            return 'x';
        case U'–':
        case U'—':
        case U'−':
            return '-';
        case U'‘':
        case U'’':
            return '\'';
        case U'“':
        case U'”':
            return '"';
        case U'\u00A0':
            return ' ';
        default:
            return character >= 32 && character < 127 ? static_cast<char>(character) : '?';
    }
}

/// How far the pen moves, in units.
inline double builtin_advance(char32_t character) {
    char text[2] = {builtin_character(character), '\0'};
    return stb::stb_easy_font_width(text);
}

/// Adds a rectangle to a letter; pixels on its edge by the part that it covers.
inline void cover(Glyph& glyph, double x0, double y0, double x1, double y1) {
    const auto part = [](Index pixel, double from, double to) {
        const auto start = static_cast<double>(pixel);
        return std::max(0.0, std::min(start + 1, to) - std::max(start, from));
    };
    for (Index y = 0; y < glyph.height; ++y) {
        for (Index x = 0; x < glyph.width; ++x) {
            float& covered = glyph.coverage[static_cast<std::size_t>(y * glyph.width + x)];
            const double more = part(x, x0, x1) * part(y, y0, y1);
            covered = std::min(1.0F, covered + static_cast<float>(more));
        }
    }
}

/// The letter at `unit` pixels a unit, the pen `shift` pixels right of a pixel's left edge.
inline Glyph builtin_glyph(char32_t character, double unit, double shift) {
    constexpr std::size_t vertex_floats = 4, quad_floats = 4 * vertex_floats,
                          max_quads = 32;  // the widest letter has 11
    alignas(float) std::array<char, max_quads * quad_floats * sizeof(float)> buffer;
    char text[2] = {builtin_character(character), '\0'};
    const int quads = stb::stb_easy_font_print(0, 0, text, nullptr, buffer.data(), static_cast<int>(buffer.size()));

    Glyph glyph;
    glyph.top = -static_cast<Index>(std::ceil(builtin_baseline * unit));
    glyph.width = static_cast<Index>(std::ceil(8 * unit + shift));
    glyph.height = static_cast<Index>(std::ceil(builtin_descent * unit)) - glyph.top;
    glyph.coverage.assign(static_cast<std::size_t>(glyph.width * glyph.height), 0.0F);
    const double baseline = -static_cast<double>(glyph.top);
    for (std::size_t quad = 0; quad < static_cast<std::size_t>(quads); ++quad) {
        std::array<float, quad_floats> corners;  // x, y, z and a colour each; the first and third are opposite
        std::memcpy(corners.data(), buffer.data() + quad * sizeof(corners), sizeof(corners));
        const auto down = [&](float y) { return baseline + (static_cast<double>(y) - builtin_baseline) * unit; };
        cover(glyph, corners[0] * unit + shift, down(corners[1]), corners[8] * unit + shift, down(corners[9]));
    }
    return glyph;
}

}  // namespace deconvviz::detail
