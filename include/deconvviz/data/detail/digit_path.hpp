/// @file
/// From the table of strokes to the path of one pen: a mixture of hands, shaken, slanted and bent, as short lines.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "deconvviz/core/random.hpp"
#include "deconvviz/data/detail/digit_strokes.hpp"

namespace deconvviz::detail {

/// How far digits differ from one another: standard deviations, lengths in digit heights, where nothing else is said.
struct DigitHand {
    double slant = 0.15;         ///< mean of the shear: tangent of the angle, positive to the right
    double slant_spread = 0.25;  ///< of that
    double beyond = 0.1;         ///< how far a mixture of hands may go beyond them (a bound)
    double knot = 0.028;         ///< place of each knot
    double stroke = 0.03;        ///< place of each stroke against the first
    double end = 0.2;            ///< length of the first and last piece of a stroke, relative
    double bend = 0.045;         ///< each term of the smooth deformation
    double width = 0.25;         ///< logarithm of the ratio of width to height
    double turn = 0.1;           ///< angle in radians
    double rounding = 8;         ///< passes of the smoothing of corners (a bound)
    double pressure = 0.18;      ///< logarithm of the pen's width along the path

    /// This hand with all but its slant scaled: 0 keeps the strokes as they are.
    constexpr DigitHand scaled(double by) const {
        DigitHand hand = *this;
        for (double DigitHand::*part :
             {&DigitHand::beyond, &DigitHand::knot, &DigitHand::stroke, &DigitHand::end, &DigitHand::bend,
              &DigitHand::width, &DigitHand::turn, &DigitHand::rounding, &DigitHand::pressure})
            hand.*part *= by;
        return hand;
    }
};

/// A point of the flattened path. `pressure` scales the pen's width; `down` starts a stroke.
struct PathPoint {
    double x = 0;
    double y = 0;
    double pressure = 1;
    bool down = false;
};

using DigitPath = std::vector<PathPoint>;

/// Close to e^z for small z, always positive, never beyond 1/7 and 7; the same on every machine.
constexpr double scale_of(double z) {
    z = std::clamp(z, -1.5, 1.5);
    return (2 + z) / (2 - z);
}

inline const DigitVariant& choose_variant(int label, Random& random) {
    const auto variants = digit_variants[static_cast<std::size_t>(label)];
    double total = 0;
    for (const auto& v : variants) total += v.weight;
    double at = random.uniform() * total;
    for (const auto& v : variants)
        if ((at -= v.weight) < 0) return v;
    return variants.back();
}

/// The knots of a new hand: somewhere between two hands of the variant, or a little beyond one of them.
inline std::vector<Knot> mix_hands(const DigitVariant& variant, double beyond, Random& random) {
    const auto count = static_cast<std::ptrdiff_t>(variant.knots_per_hand());
    const auto hands = static_cast<Index>(variant.hands);
    const auto one = variant.knots.begin() + random.below(hands) * count;
    const auto other = variant.knots.begin() + random.below(hands) * count;
    const double t = random.between(-beyond, 1 + beyond);

    std::vector<Knot> knots(variant.knots.begin(), variant.knots.begin() + count);
    for (std::ptrdiff_t k = 0; k < count; ++k) {
        knots[static_cast<std::size_t>(k)].x = one[k].x + t * (other[k].x - one[k].x);
        knots[static_cast<std::size_t>(k)].y = one[k].y + t * (other[k].y - one[k].y);
    }
    return knots;
}

/// Moves every knot by itself, and every stroke but the first as a whole.
inline void shake_knots(std::span<Knot> knots, const DigitHand& hand, Random& random) {
    double stroke_x = 0;
    double stroke_y = 0;
    for (std::size_t k = 0; k < knots.size(); ++k) {
        if (k > 0 && knots[k].pen == Pen::down) {
            stroke_x = hand.stroke * random.normal();
            stroke_y = hand.stroke * random.normal();
        }
        knots[k].x += stroke_x + hand.knot * random.normal();
        knots[k].y += stroke_y + hand.knot * random.normal();
    }
}

/// Strokes begin and end sooner or later: moves each first and last knot along the line to its neighbour.
inline void shift_ends(std::span<Knot> knots, double spread, Random& random) {
    const auto shift = [&](Knot& end, const Knot& next) {
        const double by = spread * random.normal();
        end.x += by * (end.x - next.x);
        end.y += by * (end.y - next.y);
    };
    for (std::size_t k = 0; k < knots.size(); ++k) {
        const bool first = knots[k].pen == Pen::down;
        const bool last = k + 1 == knots.size() || knots[k + 1].pen == Pen::down;
        if (first)
            shift(knots[k], knots[k + 1]);
        else if (last)
            shift(knots[k], knots[k - 1]);
    }
}

/// The smooth deformation of one hand: proportions, bends, turn and slant, applied in this order around the middle of
/// the digit.
class HandWarp {
  public:
    HandWarp(const DigitHand& hand, double freedom, Random& random) {
        for (std::size_t i = 0; i < terms; ++i) bend_x_[i] = freedom * hand.bend * spread_x[i] * random.normal();
        for (std::size_t i = 0; i < terms; ++i) bend_y_[i] = freedom * hand.bend * spread_y[i] * random.normal();
        width_ = scale_of(hand.width * random.normal());
        turn_ = hand.turn * random.normal();
        slant_ = hand.slant + hand.slant_spread * random.normal();
    }

    void apply(double& px, double& py) const {
        const double x = px - 0.5;
        const double y = py - 0.5;
        const double bent_x = x + bend(bend_x_, x, y);
        const double bent_y = y + bend(bend_y_, x, y);
        const double wide = width_ * bent_x;
        const double turned_x = wide - turn_ * bent_y;
        const double turned_y = bent_y + turn_ * wide;
        px = turned_x - slant_ * turned_y;
        py = turned_y;
    }

  private:
    static constexpr std::size_t terms = 6;
    /// How freely people bend, term by term of `bend`. Heights are the freest: where the middle of the digit lies
    /// (v v) and how much of the height it takes (v - v v v) differ most.
    static constexpr std::array<double, terms> spread_x = {1.2, 1.3, .8, .6, 1.0, .9};
    static constexpr std::array<double, terms> spread_y = {1.0, 1.0, 1.6, 1.6, 1.2, 1.0};

    /// A polynomial of low degree, each term at most about 1 in size on the digit: smooth, without waves.
    static double bend(const std::array<double, terms>& c, double x, double y) {
        const double u = 3 * x;
        const double v = 2 * y;
        return c[0] * u * v + c[1] * u * u + c[2] * v * v + c[3] * v * (1 - v * v) * 2 + c[4] * u * v * v +
               c[5] * u * u * v;
    }

    std::array<double, terms> bend_x_{};
    std::array<double, terms> bend_y_{};
    double width_ = 1;
    double turn_ = 0;
    double slant_ = 0;
};

/// The time that the pen takes between two knots: the square root of the distance, as in the centripetal spline.
inline double knot_time(const Knot& a, const Knot& b) {
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    return std::sqrt(std::sqrt(dx * dx + dy * dy)) + 1e-6;
}

/// The knot before a, seen from a → b, at the end of a smooth run: b mirrored, so that the curve runs out straight.
inline Knot mirrored(const Knot& a, const Knot& b) {
    return {2 * a.x - b.x, 2 * a.y - b.y, Pen::through};
}

/// The curve between p1 and p2 of the centripetal Catmull-Rom spline [yuksel2011] through p0, p1, p2, p3, without p1.
inline void flatten_span(const Knot& p0, const Knot& p1, const Knot& p2, const Knot& p3, DigitPath& path) {
    constexpr int steps = 6;
    const double t01 = knot_time(p0, p1);
    const double t12 = knot_time(p1, p2);
    const double t23 = knot_time(p2, p3);
    const auto tangent = [&](double a, double b, double c, double ab, double bc) {
        return t12 * ((b - a) / ab - (c - a) / (ab + bc) + (c - b) / bc);
    };
    const double m1x = tangent(p0.x, p1.x, p2.x, t01, t12);
    const double m1y = tangent(p0.y, p1.y, p2.y, t01, t12);
    const double m2x = tangent(p1.x, p2.x, p3.x, t12, t23);
    const double m2y = tangent(p1.y, p2.y, p3.y, t12, t23);
    for (int i = 1; i <= steps; ++i) {
        const double t = static_cast<double>(i) / steps;
        const double h1 = t * (1 - t) * (1 - t);
        const double h2 = t * t * (t - 1);
        const double h = t * t * (3 - 2 * t);
        path.push_back(
            {p1.x + h * (p2.x - p1.x) + h1 * m1x + h2 * m2x, p1.y + h * (p2.y - p1.y) + h1 * m1y + h2 * m2y, 1, false});
    }
}

/// Smooth curves through the knots, broken at turns and where the pen was lifted, as short straight lines.
inline DigitPath flatten(std::span<const Knot> knots) {
    DigitPath path;
    for (std::size_t k = 0; k < knots.size(); ++k) {
        if (knots[k].pen == Pen::down) {
            path.push_back({knots[k].x, knots[k].y, 1, true});
            continue;
        }
        const Knot& from = knots[k - 1];
        const Knot& to = knots[k];
        const bool begins = from.pen != Pen::through;
        const bool ends = to.pen == Pen::turn || k + 1 == knots.size() || knots[k + 1].pen == Pen::down;
        flatten_span(begins ? mirrored(from, to) : knots[k - 2], from, to, ends ? mirrored(to, from) : knots[k + 1],
                     path);
    }
    return path;
}

/// A fast pen cuts corners: smooths the path, now hardly, now much; the ends of strokes stay.
inline void round_corners(DigitPath& path, double most_passes, Random& random) {
    const int passes = static_cast<int>(most_passes * random.uniform());
    for (int pass = 0; pass < passes; ++pass) {
        PathPoint previous = path.front();
        for (std::size_t i = 1; i + 1 < path.size(); ++i) {
            const PathPoint here = path[i];
            if (!here.down && !path[i + 1].down) {
                path[i].x = (previous.x + 2 * here.x + path[i + 1].x) / 4;
                path[i].y = (previous.y + 2 * here.y + path[i + 1].y) / 4;
            }
            previous = here;
        }
    }
}

/// The pen presses harder here and softer there: a straight change along the whole path, and a bend of it.
inline void press(DigitPath& path, double spread, Random& random) {
    const double slope = spread * random.normal();
    const double curve = spread * random.normal();
    const double last = std::max<double>(1, static_cast<double>(path.size()) - 1);
    for (std::size_t i = 0; i < path.size(); ++i) {
        const double t = 2 * static_cast<double>(i) / last - 1;
        path[i].pressure = std::clamp(scale_of(slope * t + curve * (t * t - 0.4)), 0.6, 1.6);
    }
}

/// The path of the pen for one digit, in digit heights.
inline DigitPath write_digit(int label, const DigitHand& hand, Random& random) {
    const DigitVariant& variant = choose_variant(label, random);
    std::vector<Knot> knots = mix_hands(variant, hand.beyond, random);
    shake_knots(knots, hand, random);
    shift_ends(knots, hand.end, random);
    DigitPath path = flatten(knots);
    round_corners(path, hand.rounding, random);
    const HandWarp warp(hand, variant.freedom, random);
    for (auto& point : path) warp.apply(point.x, point.y);
    press(path, hand.pressure, random);
    return path;
}

}  // namespace deconvviz::detail
