/// @file
/// How alike two maps are: correlation of values and of ranks, and structural similarity.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// Does a comparison look at the values as they are, or at their magnitudes?
enum class Signs { kept, dropped };

/// Options of structural_similarity. The constants are those of [wang2004, §III].
struct StructuralSimilarityOptions {
    double range = 1;    // the values lie in 0 … range
    Index window = 11;   // side of the Gaussian window, odd; where the map is smaller, the largest odd side that fits
    double sigma = 1.5;  // standard deviation of the Gaussian, in pixels
    double k1 = 0.01;    // (k1 · range)² steadies the comparison of means
    double k2 = 0.03;    // (k2 · range)² that of variances
};

namespace detail {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

template <class T>
void expect_same_values(std::span<const T> a, std::span<const T> b, std::string_view what) {
    if (a.size() != b.size() || a.empty())
        raise<ShapeError>(what, ": expected as many values of one map as of the other, got ", a.size(), " and ",
                          b.size());
}

/// The values in double, or their magnitudes.
template <class T>
std::vector<double> compared_values(std::span<const T> values, Signs signs) {
    std::vector<double> all(values.begin(), values.end());
    if (signs == Signs::dropped)
        for (double& value : all) value = std::abs(value);
    return all;
}

/// Pearson's coefficient of values that the caller gives away.
inline double correlation_of(std::vector<double> a, std::vector<double> b) {
    const auto constant = [](const std::vector<double>& values) {
        return std::ranges::all_of(values, [&](double value) { return value == values[0]; });
    };
    if (constant(a) || constant(b)) return undefined;
    const auto centre = [](std::vector<double>& values) {
        // Twice: what the first mean misses by rounding, the second finds.
        for (int i = 0; i < 2; ++i) {
            const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
            for (double& value : values) value -= mean;
        }
    };
    centre(a);
    centre(b);
    const auto dot = [](const std::vector<double>& x, const std::vector<double>& y) {
        return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
    };
    const double found = dot(a, b) / (std::sqrt(dot(a, a)) * std::sqrt(dot(b, b)));
    return std::isnan(found) ? undefined : std::clamp(found, -1.0, 1.0);
}

/// average_ranks of values that are in double already.
inline std::vector<double> ranks_of(const std::vector<double>& values) {
    const std::size_t count = values.size();
    if (std::ranges::any_of(values, [](double value) { return std::isnan(value); }))
        return std::vector<double>(count, undefined);
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    std::vector<double> ranks(count);
    for (std::size_t first = 0, last = 0; first < count; first = last) {
        while (last < count && values[order[last]] == values[order[first]]) ++last;
        // The ranks first + 1 … last; their mean.
        for (std::size_t i = first; i < last; ++i) ranks[order[i]] = static_cast<double>(first + 1 + last) / 2;
    }
    return ranks;
}

/// exp(-d² / (2 sigma²)) for d = -radius … radius, normalised to a sum of 1.
inline std::vector<double> gaussian_weights(Index radius, double sigma) {
    std::vector<double> weights;
    for (Index d = -radius; d <= radius; ++d)
        weights.push_back(std::exp(-static_cast<double>(d * d) / (2 * sigma * sigma)));
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& weight : weights) weight /= sum;
    return weights;
}

/// The windows of a plane (height, width) that lie inside of it, each summed with the weights along both axes.
inline std::vector<double> weighted_sums(const std::vector<double>& plane, Index height, Index width,
                                         const std::vector<double>& weights) {
    const auto side = static_cast<Index>(weights.size());
    const auto at = [](Index i) { return static_cast<std::size_t>(i); };
    std::vector<double> along_rows(at(height * (width - side + 1)));
    std::vector<double> sums(at((height - side + 1) * (width - side + 1)));
    auto to = along_rows.begin();
    for (Index y = 0; y < height; ++y)
        for (Index x = 0; x + side <= width; ++x)
            *to++ = std::inner_product(weights.begin(), weights.end(), plane.begin() + y * width + x, 0.0);
    const Index columns = width - side + 1;
    for (Index y = 0; y + side <= height; ++y)
        for (Index k = 0; k < side; ++k)
            for (Index x = 0; x < columns; ++x)
                sums[at(y * columns + x)] += weights[at(k)] * along_rows[at((y + k) * columns + x)];
    return sums;
}

/// The mean structural similarity of two planes.
inline double plane_similarity(const std::vector<double>& a, const std::vector<double>& b, Index height, Index width,
                               const StructuralSimilarityOptions& options) {
    const Index fits = std::min({options.window, height, width});
    const std::vector<double> weights = gaussian_weights((fits - 1) / 2, options.sigma);
    const auto products = [](const std::vector<double>& x, const std::vector<double>& y) {
        std::vector<double> all(x.size());
        std::ranges::transform(x, y, all.begin(), [](double p, double q) { return p * q; });
        return all;
    };
    const auto mean_a = weighted_sums(a, height, width, weights);
    const auto mean_b = weighted_sums(b, height, width, weights);
    const auto square_a = weighted_sums(products(a, a), height, width, weights);
    const auto square_b = weighted_sums(products(b, b), height, width, weights);
    const auto mixed = weighted_sums(products(a, b), height, width, weights);
    const double c1 = options.k1 * options.range * options.k1 * options.range;
    const double c2 = options.k2 * options.range * options.k2 * options.range;
    double sum = 0;
    for (std::size_t i = 0; i < mean_a.size(); ++i) {
        const double means = mean_a[i] * mean_b[i];
        const double squares = mean_a[i] * mean_a[i] + mean_b[i] * mean_b[i];
        sum += (2 * means + c1) * (2 * (mixed[i] - means) + c2) /
               ((squares + c1) * (square_a[i] + square_b[i] - squares + c2));
    }
    return sum / static_cast<double>(mean_a.size());
}

}  // namespace detail

/// The ranks of values in ascending order, from 1; equal values share the mean of their ranks. All NaN where any value
/// is NaN. Cost: one sort.
template <class T>
std::vector<double> average_ranks(std::span<const T> values) {
    return detail::ranks_of(detail::compared_values(values, Signs::kept));
}

/// Pearson's correlation of the values of two maps, in [-1, 1], computed in double. NaN, as there is none, where one of
/// the two is constant or holds a value that is not finite. Throws ShapeError for different numbers of values, or none.
template <class T>
double correlation(std::span<const T> a, std::span<const T> b, Signs signs = Signs::kept) {
    detail::expect_same_values(a, b, "correlation");
    return detail::correlation_of(detail::compared_values(a, signs), detail::compared_values(b, signs));
}

/// Spearman's rank correlation: Pearson's of the average ranks [spearman1904], in [-1, 1]. It asks whether the same
/// places are bright, and not how bright; any growing curve may lie between the two maps. With `Signs::dropped` it
/// compares magnitudes, as [adebayo2018] does beside the signed one. NaN where one of the two is constant or holds a
/// NaN. Throws ShapeError for different numbers of values, or none.
/// Cost: two sorts.
template <class T>
double rank_correlation(std::span<const T> a, std::span<const T> b, Signs signs = Signs::kept) {
    detail::expect_same_values(a, b, "rank correlation");
    return detail::correlation_of(detail::ranks_of(detail::compared_values(a, signs)),
                                  detail::ranks_of(detail::compared_values(b, signs)));
}

/// The mean structural similarity of two maps (H, W) or (C, H, W) [wang2004, §III]: over all windows inside the map
/// and all channels, of
///
///     (2 μa μb + c1) (2 σab + c2) / ((μa² + μb² + c1) (σa² + σb² + c2)),
///
/// means, variances and covariance weighted by the Gaussian window, c1 = (k1 range)², c2 = (k2 range)². 1 for equal
/// maps, near 0 for unrelated ones. It is made for pictures, of values from 0 to `range`: bring both maps there first
/// (where values have both signs, opposite means and opposite deviations make a positive product). Where both are flat,
/// a window counts as equal. NaN where a value is not finite. Border: only windows that lie inside count, as
/// scikit-image crops it.
///
/// Throws ShapeError for other shapes or maps of different ones, OptionError for an even window or one below 1, or for
/// a range or sigma that is not positive. Cost: 10 · window multiply-adds a pixel.
template <class T>
double structural_similarity(const Tensor<T>& a, const Tensor<T>& b, const StructuralSimilarityOptions& options = {}) {
    if (a.shape() != b.shape() || a.empty() || (a.rank() != 2 && a.rank() != 3))
        detail::raise<ShapeError>("structural similarity: expected two maps (C,H,W) or (H,W) of one shape, got ",
                                  a.shape(), " and ", b.shape());
    if (options.window < 1 || options.window % 2 == 0 || !(options.range > 0) || !(options.sigma > 0))
        detail::raise<OptionError>(
            "structural similarity: expected an odd window, a range and a sigma above 0, got window = ", options.window,
            ", range = ", options.range, ", sigma = ", options.sigma);
    const Index height = a.shape()[a.rank() - 2];
    const Index width = a.shape()[a.rank() - 1];
    const Index planes = a.size() / (height * width);
    double sum = 0;
    for (Index p = 0; p < planes; ++p) {
        const auto plane = [&](const Tensor<T>& of) {
            const auto first = of.begin() + p * height * width;
            return std::vector<double>(first, first + height * width);
        };
        sum += detail::plane_similarity(plane(a), plane(b), height, width, options);
    }
    return sum / static_cast<double>(planes);
}

/// How alike two maps are, by the measures of [adebayo2018, §3].
struct MapSimilarity {
    double rank = detail::undefined;        // rank correlation of the values
    double magnitude = detail::undefined;   // rank correlation of their magnitudes
    double structural = detail::undefined;  // structural similarity of the two as pictures
};

/// Compares two maps (C, H, W) or (H, W). A map has an arbitrary scale: for the structural similarity it becomes the
/// picture that a figure shows, its largest magnitude 1 and zero at 0.5, or at 0 where neither map has a negative
/// value. All three are NaN where a value is NaN; the correlations also where a map is constant, the structural
/// similarity where a map is zero everywhere. Throws ShapeError for maps of different shapes.
template <class T>
MapSimilarity map_similarity(const Tensor<T>& a, const Tensor<T>& b) {
    const bool has_signs = std::ranges::any_of(a, [](T value) { return value < 0; }) ||
                           std::ranges::any_of(b, [](T value) { return value < 0; });
    const auto picture = [has_signs](const Tensor<T>& map) {
        double largest = 0;
        for (const T value : map) largest = std::max(largest, std::abs(static_cast<double>(value)));
        Tensor<double> shown(map.shape());
        for (Index i = 0; i < map.size(); ++i) {
            const double value = static_cast<double>(map[i]) / largest;  // 0 / 0 is NaN
            shown[i] = has_signs ? (1 + value) / 2 : value;
        }
        return shown;
    };
    return {.rank = rank_correlation(a.values(), b.values()),
            .magnitude = rank_correlation(a.values(), b.values(), Signs::dropped),
            .structural = structural_similarity(picture(a), picture(b))};
}

namespace detail {

/// The mean of a measure over those for which it is defined (not NaN); NaN where it is so for none.
template <class Measures>
double mean_of_defined(std::span<const Measures> all, double Measures::*measure) {
    double sum = 0;
    int defined = 0;
    for (const Measures& each : all) {
        if (std::isnan(each.*measure)) continue;
        sum += each.*measure;
        ++defined;
    }
    return defined == 0 ? undefined : sum / defined;
}

}  // namespace detail

/// The mean of each measure over the comparisons for which it is defined (not NaN); NaN where it is so for none.
inline MapSimilarity mean_similarity(std::span<const MapSimilarity> all) {
    return {.rank = detail::mean_of_defined(all, &MapSimilarity::rank),
            .magnitude = detail::mean_of_defined(all, &MapSimilarity::magnitude),
            .structural = detail::mean_of_defined(all, &MapSimilarity::structural)};
}

}  // namespace deconvviz
