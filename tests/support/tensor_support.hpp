// Tensors in tests: random ones, their dot product, comparison that names the worst element, numeric gradients.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"

namespace support {

using deconvviz::Index;
using deconvviz::Shape;
using deconvviz::Tensor;

/// Uniform values in [low, high).
template <class T>
Tensor<T> random_tensor(const Shape& shape, std::uint64_t seed, double low = -1, double high = 1) {
    Tensor<T> tensor(shape);
    deconvviz::Random random(seed);
    for (T& value : tensor) value = static_cast<T>(random.between(low, high));
    return tensor;
}

/// Different whole numbers in a random order, so that no maximum is near a tie and no value near 0: ±1, ±2, … times
/// `step`.
template <class T>
Tensor<T> distinct_tensor(const Shape& shape, std::uint64_t seed, double step = 0.01) {
    Tensor<T> tensor(shape);
    std::vector<double> values;
    for (Index i = 0; i < tensor.size(); ++i)
        values.push_back(step * static_cast<double>(i % 2 ? i / 2 + 1 : -i / 2 - 1));
    deconvviz::Random(seed).shuffle(values);
    std::transform(values.begin(), values.end(), tensor.begin(), [](double value) { return static_cast<T>(value); });
    return tensor;
}

template <class To, class From>
Tensor<To> cast(const Tensor<From>& from) {
    Tensor<To> to(from.shape());
    std::transform(from.begin(), from.end(), to.begin(), [](From value) { return static_cast<To>(value); });
    return to;
}

/// Summed in double.
template <class T>
double dot(const Tensor<T>& a, const Tensor<T>& b) {
    REQUIRE(a.shape() == b.shape());
    double sum = 0;
    for (Index i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

/// The largest absolute value.
template <class T>
double largest(const Tensor<T>& tensor) {
    double found = 0;
    for (const T value : tensor) found = std::max(found, std::abs(static_cast<double>(value)));
    return found;
}

/// "(1,0,3)": where element `at` of a tensor of this shape lies.
inline std::string position(const Shape& shape, Index at) {
    std::string text;
    for (int i = shape.rank(); i-- > 0; at /= shape[i])
        text = std::to_string(at % shape[i]) + (text.empty() ? "" : ",") + text;
    return "(" + text + ")";
}

/// Checks |actual - expected| <= atol + rtol * |expected| for every element, and names the worst one. Equal infinities
/// are equal, two NaN as well.
template <class A, class B>
void check_tensor_close(const Tensor<A>& actual, const Tensor<B>& expected, double rtol, double atol = 0) {
    REQUIRE(actual.shape() == expected.shape());
    Index worst = -1;
    double worst_excess = 0;
    for (Index i = 0; i < actual.size(); ++i) {
        const auto a = static_cast<double>(actual[i]);
        const auto b = static_cast<double>(expected[i]);
        if (a == b || (std::isnan(a) && std::isnan(b))) continue;
        const double excess = std::abs(a - b) - (atol + rtol * std::abs(b));
        if (excess <= worst_excess && !std::isnan(excess)) continue;
        worst = i;
        worst_excess = std::isnan(excess) ? std::numeric_limits<double>::infinity() : excess;
    }
    if (worst < 0) {
        CHECK(worst < 0);
        return;
    }
    std::ostringstream text;
    text.precision(17);
    text << "worst element " << position(actual.shape(), worst) << " of " << actual.shape() << ": got " << actual[worst]
         << ", expected " << expected[worst];
    FAIL_CHECK(text.str());
}

/// The same with a tolerance relative to the largest expected value, for sums in which single elements may cancel.
template <class A, class B>
void check_close_to_largest(const Tensor<A>& actual, const Tensor<B>& expected, double tolerance) {
    check_tensor_close(actual, expected, 0, tolerance * largest(expected));
}

/// The gradient of `value(): double` with respect to each element of `at`, which it reads: central differences.
/// The elements are changed one by one and restored.
template <class Value>
Tensor<double> finite_difference(Tensor<double>& at, const Value& value, double step = 1e-5) {
    Tensor<double> gradient(at.shape());
    for (Index i = 0; i < at.size(); ++i) {
        const double kept = at[i];
        at[i] = kept + step;
        const double above = value();
        at[i] = kept - step;
        const double below = value();
        at[i] = kept;
        gradient[i] = (above - below) / (2 * step);
    }
    return gradient;
}

}  // namespace support
