/// @file
/// Invariance in few numbers: how far a picture can be transformed before the answer is lost, and mean curves.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/data/transform.hpp"
#include "deconvviz/visualize/invariance.hpp"

namespace deconvviz {

/// Two amounts of a transformation, low <= high.
struct AmountRange {
    double low = 0;
    double high = 0;
    friend bool operator==(const AmountRange&, const AmountRange&) = default;
};

/// How far a picture can be transformed before its true class's probability falls below `share` of what it was: the
/// amounts around the identity up to where the curve first crosses that height, linear between the measured amounts; or
/// up to the last amount measured on that side, where it never does ("at least so far"). Angles count from -180 to 180.
/// A probability that is NaN counts as below. Throws OptionError for a picture out of range or a share outside (0, 1].
template <class T>
AmountRange tolerated_range(const Invariance<T>& result, Index picture, double share = 0.5) {
    if (picture < 0 || picture >= result.pictures())
        detail::raise<OptionError>("tolerated range: there is no picture ", picture, " among ", result.pictures());
    if (!(share > 0 && share <= 1))
        detail::raise<OptionError>("tolerated range: expected a share above 0 and at most 1, got ", share);
    const double identity = identity_amount(result.transformation);
    const auto before = static_cast<double>(result.unchanged[picture]);
    std::vector<std::pair<double, double>> curve;  // distance from the identity, signed; probability
    for (std::size_t a = 0; a < result.amounts.size(); ++a) {
        const double amount = result.transformation == Transformation::rotation ? std::remainder(result.amounts[a], 360)
                                                                                : result.amounts[a] - identity;
        curve.emplace_back(amount, static_cast<double>(result.probability(picture, static_cast<Index>(a))));
    }
    const auto reach = [&](double side) {  // how far along one side, 1 or -1
        std::vector<std::pair<double, double>> points;
        for (const auto& [amount, probability] : curve)
            if (amount * side > 0) points.emplace_back(amount * side, probability);
        std::ranges::sort(points, {}, &std::pair<double, double>::first);
        double at = 0, height = before;
        for (const auto& [amount, probability] : points) {
            if (!(probability >= share * before)) {
                const double part = (height - share * before) / (height - probability);
                return std::isfinite(part) ? at + part * (amount - at) : at;
            }
            at = amount;
            height = probability;
        }
        return at;
    };
    return {identity - reach(-1), identity + reach(1)};
}

/// A curve over the amounts: the mean over pictures, and their standard deviation (of N, not N - 1).
struct MeanCurve {
    std::vector<double> mean;
    std::vector<double> deviation;
};

namespace detail {

/// For each column the mean over the rows. NaN does not count; without any other value the mean
/// is NaN.
template <class T>
MeanCurve mean_of_rows(const T* first, Index rows, Index columns) {
    MeanCurve curve;
    for (Index a = 0; a < columns; ++a) {
        double sum = 0, squares = 0, count = 0;
        for (Index n = 0; n < rows; ++n)
            if (const auto value = static_cast<double>(first[n * columns + a]); !std::isnan(value)) {
                sum += value;
                ++count;
            }
        const double mean = count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
        for (Index n = 0; n < rows; ++n)
            if (const auto value = static_cast<double>(first[n * columns + a]); !std::isnan(value))
                squares += (value - mean) * (value - mean);
        curve.mean.push_back(mean);
        curve.deviation.push_back(count > 0 ? std::sqrt(squares / count) : mean);
    }
    return curve;
}

}  // namespace detail

/// The mean distance at a layer, by its position in result.layers, for each amount. Pictures whose distance is NaN do
/// not count. Throws OptionError for a layer that was not measured.
template <class T>
MeanCurve mean_distance(const Invariance<T>& result, std::size_t layer) {
    if (layer >= result.layers.size())
        detail::raise<OptionError>("mean distance: there is no layer ", layer, " among ", result.layers.size());
    const auto amounts = static_cast<Index>(result.amounts.size());
    return detail::mean_of_rows(result.distances.slice(static_cast<Index>(layer)).data(), result.pictures(), amounts);
}

/// The mean probability of the true class for each amount.
template <class T>
MeanCurve mean_probability(const Invariance<T>& result) {
    return detail::mean_of_rows(result.probability.data(), result.pictures(),
                                static_cast<Index>(result.amounts.size()));
}

}  // namespace deconvviz
