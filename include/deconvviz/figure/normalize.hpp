/// @file
/// Which value becomes which place on a colour scale. Nothing here changes the values.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "deconvviz/core/error.hpp"

namespace deconvviz::figure {

/// The values between which a colour scale spans: `low` is at its low end, `high` at its high end.
struct ValueRange {
    double low = 0;
    double high = 1;
    friend constexpr bool operator==(const ValueRange&, const ValueRange&) = default;
};

/// Where the ranges of several pictures come from: each its own smallest and largest value (structure shows, heights do
/// not compare), one range over all of them, or one that the caller gives.
enum class RangeMode { per_picture, shared, given };

/// The smallest and the largest finite value; nothing where there is none.
template <class T>
std::optional<ValueRange> finite_range(std::span<const T> values) {
    std::optional<ValueRange> range;
    for (const T value : values) {
        if (!std::isfinite(value)) continue;
        const auto v = static_cast<double>(value);
        range = range ? ValueRange{std::min(range->low, v), std::max(range->high, v)} : ValueRange{v, v};
    }
    return range;
}

/// The smallest range that holds both.
constexpr ValueRange unite(ValueRange a, ValueRange b) {
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

/// {-m, m} with m the larger of |low| and |high|: zero is in the middle.
inline ValueRange symmetric(ValueRange range) {
    const double largest = std::max(std::abs(range.low), std::abs(range.high));
    return {-largest, largest};
}

/// Throws OptionError for a range whose ends are not finite or the wrong way round.
inline void check(ValueRange range) {
    if (!std::isfinite(range.low) || !std::isfinite(range.high) || range.low > range.high)
        deconvviz::detail::raise<OptionError>("value range: expected finite low <= high, got ", range.low, " to ",
                                              range.high);
}

/// The place of `value` in the range, 0 for low and 1 for high; NaN stays NaN, infinities go to the ends. A range of
/// no extent (a dead map, all zero or constant) puts every value at `flat`.
inline double position(double value, ValueRange range, double flat = 0) {
    if (std::isnan(value)) return value;
    if (!(range.high > range.low)) return flat;
    if (std::isinf(value)) return value > 0 ? 1 : 0;
    // Halves: the extent of two large values of opposite sign may overflow.
    return std::clamp((value / 2 - range.low / 2) / (range.high / 2 - range.low / 2), 0.0, 1.0);
}

}  // namespace deconvviz::figure
