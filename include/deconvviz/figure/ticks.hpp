/// @file
/// Ticks: round numbers for the scale of a colour bar or an axis.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "deconvviz/figure/normalize.hpp"

namespace deconvviz::figure {

/// A number on a scale, and how it is written.
struct Tick {
    double value = 0;
    std::string label;
};

/// At most `count` (at least 2) ticks inside the range, at multiples of 1, 2 or 5 times a power of ten, all with as
/// many decimals; plain notation from 0.001 to 100 000, powers of ten beyond. A range of no extent has one tick.
/// Throws OptionError for a range that is not finite.
inline std::vector<Tick> ticks(ValueRange range, int count = 5) {
    check(range);
    const auto text = [](const char* format, int decimals, double value) {
        char buffer[32];
        std::snprintf(buffer, sizeof(buffer), format, decimals, value);
        return std::string(buffer);
    };
    const double extent = range.high - range.low;
    const double largest = std::max(std::abs(range.low), std::abs(range.high));
    if (!(extent > largest * 1e-12) || !std::isfinite(extent)) {
        if (!std::isfinite(extent))
            return {{range.low, text("%.*g", 3, range.low)}, {range.high, text("%.*g", 3, range.high)}};
        return {{range.low, text("%.*g", 4, range.low)}};
    }
    double power = std::pow(10, std::floor(std::log10(extent / count)));
    double step = power;
    for (const double factor : {1.0, 2.0, 5.0, 10.0, 20.0}) {
        step = factor * power;
        if (std::floor(range.high / step + 1e-9) - std::ceil(range.low / step - 1e-9) < count) break;
    }
    const bool plain = largest < 1e5 && step >= 1e-3 * (1 - 1e-9);
    const int exponent = static_cast<int>(std::floor(std::log10(step) + 1e-9));
    const int leading = static_cast<int>(std::floor(std::log10(largest)));
    std::vector<Tick> all;
    const auto first = std::ceil(range.low / step - 1e-9), last = std::floor(range.high / step + 1e-9);
    for (double i = first; i <= last; ++i) {
        const double value = i == 0 ? 0 : i * step;  // never -0
        const std::string label = value == 0 ? "0"
                                  : plain    ? text("%.*f", std::max(0, -exponent), value)
                                             : text("%.*e", std::max(0, leading - exponent), value);
        all.push_back({value, label});
    }
    return all;
}

}  // namespace deconvviz::figure
