/// @file
/// A small canvas for drawn faces: smooth shapes with soft edges, turned and scaled together, in red, green and blue.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "deconvviz/core/random.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/window.hpp"

namespace deconvviz::detail {

/// A colour, each part in [0, 1].
struct Paint {
    double r = 0;
    double g = 0;
    double b = 0;
};

constexpr Paint blend(const Paint& a, const Paint& b, double t) {
    return {a.r + t * (b.r - a.r), a.g + t * (b.g - a.g), a.b + t * (b.b - a.b)};
}

inline constexpr Paint paint_white{1, 1, 1};
inline constexpr Paint paint_black{0.07, 0.06, 0.08};

/// A point or a direction, x to the right and y down, in units in which a head has a radius of about 1.
struct FacePoint {
    double x = 0;
    double y = 0;
};

constexpr FacePoint operator+(FacePoint a, FacePoint b) {
    return {a.x + b.x, a.y + b.y};
}
constexpr FacePoint operator-(FacePoint a, FacePoint b) {
    return {a.x - b.x, a.y - b.y};
}
constexpr FacePoint operator*(double s, FacePoint a) {
    return {s * a.x, s * a.y};
}
constexpr double dot(FacePoint a, FacePoint b) {
    return a.x * b.x + a.y * b.y;
}
inline double length(FacePoint a) {
    return std::sqrt(dot(a, a));
}

/// A turn, made of sums, products and one division, so that it is the same on every machine. `half_tangent` is the
/// tangent of half the angle, positive clockwise.
struct FaceTurn {
    double cosine = 1;
    double sine = 0;

    static constexpr FaceTurn by(double half_tangent) {
        const double t = half_tangent;
        return {(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)};
    }
    constexpr FacePoint operator()(FacePoint p) const { return {cosine * p.x - sine * p.y, sine * p.x + cosine * p.y}; }
    constexpr FacePoint back(FacePoint p) const { return {cosine * p.x + sine * p.y, cosine * p.y - sine * p.x}; }
};

// Shapes have `distance(p)`, of a point from the edge, negative inside; and a circle that holds them, `middle()` and
// `reach()`.

/// An ellipse; its distance is exact to first order at the edge.
struct Oval {
    FacePoint centre;
    double rx = 1;
    double ry = 1;
    FaceTurn turn = {};

    double distance(FacePoint p) const {
        const FacePoint q = turn.back(p - centre);
        const double whole = length({q.x / rx, q.y / ry});
        const double slope = length({q.x / (rx * rx), q.y / (ry * ry)});
        return slope > 1e-9 ? whole * (whole - 1) / slope : -std::min(rx, ry);
    }
    FacePoint middle() const { return centre; }
    double reach() const { return std::max(rx, ry); }
};

/// A line with round ends whose half width runs from `from` to `to`.
struct Stroke {
    FacePoint a;
    FacePoint b;
    double from = 0.05;
    double to = 0.05;

    double distance(FacePoint p) const {
        const FacePoint along = b - a;
        const double t = std::clamp(dot(p - a, along) / (dot(along, along) + 1e-12), 0.0, 1.0);
        return length(p - a - t * along) - (from + t * (to - from));
    }
    FacePoint middle() const { return 0.5 * (a + b); }
    double reach() const { return 0.5 * length(b - a) + std::max(from, to); }
};

/// A curved line from a by way of b, which pulls it, to c (a parabola).
struct Arc {
    FacePoint a;
    FacePoint b;
    FacePoint c;
    double half_width = 0.04;

    double distance(FacePoint p) const {
        constexpr int pieces = 8;
        double nearest = 1e9;
        FacePoint last = a;
        for (int i = 1; i <= pieces; ++i) {
            const double t = static_cast<double>(i) / pieces;
            const FacePoint next = (1 - t) * ((1 - t) * a + t * b) + t * ((1 - t) * b + t * c);
            nearest = std::min(nearest, Stroke{last, next, half_width, half_width}.distance(p));
            last = next;
        }
        return nearest;
    }
    FacePoint middle() const { return 0.5 * (a + c); }
    double reach() const { return std::max({0.5 * length(c - a), length(b - middle())}) + half_width; }
};

/// A triangle with rounded corners; a, b, c run clockwise as seen (y down).
struct Wedge {
    FacePoint a;
    FacePoint b;
    FacePoint c;
    double rounding = 0.05;

    double distance(FacePoint p) const {
        const std::array<FacePoint, 3> corners{a, b, c};
        double nearest = 1e9;
        bool inside = true;
        for (std::size_t i = 0; i < 3; ++i) {
            const FacePoint from = corners[i];
            const FacePoint to = corners[(i + 1) % 3];
            nearest = std::min(nearest, Stroke{from, to, 0, 0}.distance(p));
            inside = inside && (to.x - from.x) * (p.y - from.y) - (to.y - from.y) * (p.x - from.x) >= 0;
        }
        return (inside ? -nearest : nearest) - rounding;
    }
    FacePoint middle() const { return 1.0 / 3 * (a + b + c); }
    double reach() const {
        const FacePoint m = middle();
        return std::max({length(a - m), length(b - m), length(c - m)}) + rounding;
    }
};

/// An upright box with rounded corners.
struct Panel {
    FacePoint centre;
    double half_width = 1;
    double half_height = 1;
    double rounding = 0.1;

    double distance(FacePoint p) const {
        const double x = std::abs(p.x - centre.x) - half_width + rounding;
        const double y = std::abs(p.y - centre.y) - half_height + rounding;
        return length({std::max(x, 0.0), std::max(y, 0.0)}) + std::min(std::max(x, y), 0.0) - rounding;
    }
    FacePoint middle() const { return centre; }
    double reach() const { return half_width + half_height; }
};

/// The picture under way. Shapes are given in units of the face and land turned, scaled and moved.
class FaceCanvas {
  public:
    /// `origin` is where the face's (0, 0) lies, in pixels; `scale` the pixels of one unit.
    FaceCanvas(Index side, FacePoint origin, double scale, FaceTurn turn)
        : side_(side), origin_(origin), scale_(scale), turn_(turn), pixels_(static_cast<std::size_t>(side * side)) {}

    Index side() const { return side_; }
    Paint& at(Index y, Index x) { return pixels_[static_cast<std::size_t>(y * side_ + x)]; }
    const Paint& at(Index y, Index x) const { return pixels_[static_cast<std::size_t>(y * side_ + x)]; }

    /// Half covered at the edge, over one pixel; `grow` moves the edge outwards.
    template <class Form>
    void fill(const Form& form, const Paint& paint, double opacity = 1, double grow = 0) {
        const FacePoint middle = origin_ + scale_ * turn_(form.middle());
        const double reach = scale_ * (form.reach() + grow) + 2;
        const Index top = pixel(middle.y - reach), bottom = pixel(middle.y + reach);
        const Index left = pixel(middle.x - reach), right = pixel(middle.x + reach);
        for (Index y = top; y <= bottom; ++y)
            for (Index x = left; x <= right; ++x) {
                const FacePoint at_pixel{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
                const double depth = scale_ * (grow - form.distance(on_face(at_pixel)));
                const double cover = std::clamp(0.5 + depth, 0.0, 1.0);
                if (cover > 0) at(y, x) = blend(at(y, x), paint, opacity * cover);
            }
    }

    /// The same over a rim of the given width and colour.
    template <class Form>
    void rimmed(const Form& form, const Paint& paint, const Paint& rim, double width) {
        fill(form, rim, 1, width);
        fill(form, paint);
    }

    /// The pixels of an upright box of the face, with what its turn makes it reach, cut off at the border; never empty.
    Window window(FacePoint centre, double half_width, double half_height) const {
        const FacePoint m = origin_ + scale_ * turn_(centre);
        const double sine = std::abs(turn_.sine);
        const double rx = scale_ * (turn_.cosine * half_width + sine * half_height);
        const double ry = scale_ * (turn_.cosine * half_height + sine * half_width);
        const Index top = pixel(m.y - ry), bottom = pixel(m.y + ry);
        const Index left = pixel(m.x - rx), right = pixel(m.x + rx);
        return {top, left, bottom - top + 1, right - left + 1};
    }

  private:
    FacePoint on_face(FacePoint at_pixel) const { return 1 / scale_ * turn_.back(at_pixel - origin_); }

    Index pixel(double at) const { return static_cast<Index>(std::clamp(at, 0.0, static_cast<double>(side_) - 0.5)); }

    Index side_;
    FacePoint origin_;
    double scale_;
    FaceTurn turn_;
    std::vector<Paint> pixels_;
};

}  // namespace deconvviz::detail
