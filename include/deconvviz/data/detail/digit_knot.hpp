/// @file
/// The notation of the table of strokes: knots, and ways to write a digit.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace deconvviz::detail {

/// How the pen arrives at a knot.
enum class Pen {
    down,     ///< it is set down here: a new stroke
    through,  ///< it passes smoothly
    turn,     ///< it passes with a sharp corner
};

/// A point that the pen passes. x grows to the right, y down; a digit is about 1 high, from y = 0 to y = 1, and its
/// middle is at x = 0.5.
struct Knot {
    double x = 0;
    double y = 0;
    Pen pen = Pen::through;
};

constexpr Knot down(double x, double y) {
    return {x, y, Pen::down};
}
constexpr Knot turn(double x, double y) {
    return {x, y, Pen::turn};
}

/// One way to write a digit: the same strokes as several hands would draw them. What is drawn lies between two of the
/// hands, so they should be extremes between which everything is the same digit. Each hand has the same number of
/// knots, and handles the pen as the first does.
struct DigitVariant {
    std::string_view name;
    double weight = 1;            ///< how often, relative to the digit's other variants
    std::span<const Knot> knots;  ///< hand after hand
    std::size_t hands = 1;
    double freedom = 1;  ///< how much of the usual bending it takes and is still this digit

    constexpr std::size_t knots_per_hand() const { return knots.size() / hands; }
};

/// An entry of the table: a name, how often, the hands.
template <std::size_t Hands, std::size_t Knots>
constexpr DigitVariant variant(std::string_view name, double weight, const Knot (&hands)[Hands][Knots],
                               double freedom = 1) {
    return {name, weight, std::span<const Knot>(&hands[0][0], Hands * Knots), Hands, freedom};
}

}  // namespace deconvviz::detail
