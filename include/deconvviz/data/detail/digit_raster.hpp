/// @file
/// From the path of a pen to a picture in the manner of MNIST: fitted into a box, grey at the edges, centred by mass.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "deconvviz/data/detail/digit_path.hpp"

namespace deconvviz::detail {

inline constexpr int digit_side = 28;  ///< pixels of a picture along each side
inline constexpr int digit_box = 20;   ///< pixels of the box that the digit fills in its longer direction

/// The grey levels of one picture, row after row, 255 for full ink.
using DigitPixels = std::array<std::uint8_t, std::size_t{digit_side} * digit_side>;

/// The pen; lengths in pixels.
struct DigitPen {
    double width = 0;      ///< median over the pictures
    double spread = 0;     ///< standard deviation of its logarithm
    double roughness = 0;  ///< standard deviation of the place of the edge, pixel by pixel
};

/// Where ink reaches along one axis when a path is drawn `scale` pixels large by a pen of this radius.
struct InkSpan {
    double low = 1e9;
    double high = -1e9;

    InkSpan(const DigitPath& path, double PathPoint::*axis, double scale, double radius) {
        for (const auto& p : path) {
            low = std::min(low, scale * (p.*axis) - radius * p.pressure);
            high = std::max(high, scale * (p.*axis) + radius * p.pressure);
        }
    }

    double length() const { return high - low; }
    double middle() const { return (low + high) / 2; }
};

/// Scales the path, proportions kept, so that its ink fills the box in one direction, and centres it there.
inline void fit_to_box(DigitPath& path, double radius) {
    const auto longer_side = [&](double scale, double pen) {
        return std::max(InkSpan(path, &PathPoint::x, scale, pen).length(),
                        InkSpan(path, &PathPoint::y, scale, pen).length());
    };
    const double size = std::max(longer_side(1, 0), 1e-3);
    double scale = (digit_box - 2 * radius) / size;
    for (int round = 0; round < 3; ++round)  // the pen presses unevenly: which point reaches out depends on the scale
        scale = std::max(scale + (digit_box - longer_side(scale, radius)) / size, 1.0);
    const InkSpan columns(path, &PathPoint::x, scale, radius);
    const InkSpan rows(path, &PathPoint::y, scale, radius);
    for (auto& p : path) {
        p.x = digit_box / 2.0 + scale * p.x - columns.middle();
        p.y = digit_box / 2.0 + scale * p.y - rows.middle();
    }
}

/// For each pixel of the box, how deep its middle lies within the ink: the distance to the edge, negative outside.
class InkDepth {
  public:
    InkDepth() { depth_.fill(nowhere); }

    double at(int row, int column) const { return depth_[index(row, column)]; }

    void draw(const DigitPath& path, double radius) {
        for (std::size_t i = 1; i < path.size(); ++i)
            if (!path[i].down) draw_line(path[i - 1], path[i], radius);
    }

  private:
    static constexpr double nowhere = -100;  // no line came near

    static std::size_t index(int row, int column) { return static_cast<std::size_t>(row * digit_box + column); }

    static int first_pixel(double low) { return std::clamp(static_cast<int>(low), 0, digit_box - 1); }

    /// A line with round ends whose radius runs from that of a to that of b.
    void draw_line(const PathPoint& a, const PathPoint& b, double radius) {
        const double ra = radius * a.pressure;
        const double change = radius * b.pressure - ra;
        const double border = std::max(ra, ra + change) + 1;
        const double dx = b.x - a.x;
        const double dy = b.y - a.y;
        const double per_length = 1 / (dx * dx + dy * dy + 1e-12);
        const int x0 = first_pixel(std::min(a.x, b.x) - border), x1 = first_pixel(std::max(a.x, b.x) + border);
        const int y0 = first_pixel(std::min(a.y, b.y) - border), y1 = first_pixel(std::max(a.y, b.y) + border);
        for (int y = y0; y <= y1; ++y)
            for (int x = x0; x <= x1; ++x) {
                const double px = x + 0.5 - a.x;
                const double py = y + 0.5 - a.y;
                const double t = std::clamp((px * dx + py * dy) * per_length, 0.0, 1.0);
                const double ex = px - t * dx;
                const double ey = py - t * dy;
                double& depth = depth_[index(y, x)];
                depth = std::max(depth, ra + t * change - std::sqrt(ex * ex + ey * ey));
            }
    }

    std::array<double, std::size_t{digit_box} * digit_box> depth_;
};

using BoxPixels = std::array<std::uint8_t, std::size_t{digit_box} * digit_box>;

/// Grey levels: half ink at the edge, rising over `softness` pixels; the edge is ragged.
inline BoxPixels ink_levels(const InkDepth& depth, double softness, double roughness, Random& random) {
    constexpr double edge = 1.5;  // farther from the edge than this nothing is grey
    BoxPixels box{};
    for (int y = 0; y < digit_box; ++y)
        for (int x = 0; x < digit_box; ++x) {
            double d = depth.at(y, x);
            if (d < -edge) continue;
            if (d < edge) d += roughness * random.normal();
            const double ink = std::clamp(0.5 + d / softness, 0.0, 1.0);
            box[static_cast<std::size_t>(y * digit_box + x)] = static_cast<std::uint8_t>(255 * ink + 0.5);
        }
    return box;
}

/// Puts the box into the picture by whole pixels, so that the ink's centre of mass comes as near as it can to the
/// middle of the picture without cutting anything off.
inline DigitPixels centre_by_mass(const BoxPixels& box) {
    std::int64_t mass = 0, moment_x = 0, moment_y = 0;
    for (int y = 0; y < digit_box; ++y)
        for (int x = 0; x < digit_box; ++x) {
            const int ink = box[static_cast<std::size_t>(y * digit_box + x)];
            mass += ink;
            moment_x += ink * x;
            moment_y += ink * y;
        }
    const auto offset = [mass](std::int64_t moment) {
        const std::int64_t mean = mass == 0 ? digit_box / 2 : (moment + mass / 2) / mass;
        return static_cast<int>(std::clamp<std::int64_t>(digit_side / 2 - mean, 0, digit_side - digit_box));
    };
    const int left = offset(moment_x);
    const int top = offset(moment_y);
    DigitPixels picture{};
    for (int y = 0; y < digit_box; ++y)
        for (int x = 0; x < digit_box; ++x)
            picture[static_cast<std::size_t>((top + y) * digit_side + left + x)] =
                box[static_cast<std::size_t>(y * digit_box + x)];
    return picture;
}

/// Draws the path with one pen.
inline DigitPixels ink_digit(DigitPath path, const DigitPen& pen, Random& random) {
    constexpr double thinnest = 1.2;
    constexpr double thickest = 6;  // beyond, loops fill and nobody can tell an 8 from a 1
    const double radius = std::clamp(pen.width * scale_of(pen.spread * random.normal()), thinnest, thickest) / 2;
    fit_to_box(path, radius);
    InkDepth depth;
    depth.draw(path, radius);
    const double softness = random.between(0.9, 1.6);
    return centre_by_mass(ink_levels(depth, softness, pen.roughness, random));
}

}  // namespace deconvviz::detail
