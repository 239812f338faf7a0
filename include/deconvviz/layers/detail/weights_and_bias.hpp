/// @file
/// What layers with weights and a bias have in common.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz::detail {

/// weights[i] = deviation · the i-th normal number of Random(seed). Drawn on all threads; the numbers do not depend on
/// how many.
template <class T>
void draw_normal(Tensor<T>& weights, double deviation, std::uint64_t seed) {
    parallel_for(weights.size(), 1 << 16, [&](Index begin, Index end) {
        Random random(seed);
        random.skip(static_cast<std::uint64_t>(begin) * Random::bits_per_normal);
        for (Index i = begin; i < end; ++i) weights[i] = static_cast<T>(deviation * random.normal());
    });
}

/// The standard deviation of first weights (out, …) for networks of ReLUs: their variance is 2 / fan-in [he2015].
/// Fan-in is the number of values that an output sums over: all dimensions but the first.
inline double he_deviation(const Shape& shape) {
    return std::sqrt(2.0 * static_cast<double>(shape[0]) / static_cast<double>(shape.elements()));
}

template <class T>
Tensor<T> he_weights(const Shape& shape, std::uint64_t seed) {
    Tensor<T> weights;
    weights.resize(shape);
    draw_normal(weights, he_deviation(shape), derived_seed(seed, static_cast<std::uint64_t>(weights.size())));
    return weights;
}

/// Throws ShapeError unless the weights have this shape and the bias, where there is one, a value for each output.
template <class T>
void expect_weights_and_bias(std::string_view kind, const Tensor<T>& weights, const Tensor<T>& bias,
                             const Shape& expected) {
    if (weights.shape() != expected)
        raise<ShapeError>(kind, ": expected weights ", expected, ", got ", weights.shape());
    if (!bias.empty() && bias.shape() != Shape{expected[0]})
        raise<ShapeError>(kind, ": expected a bias ", Shape{expected[0]}, ", got ", bias.shape());
}

template <class T>
std::vector<Parameter<T>> weights_and_bias(Tensor<T>& weights, Tensor<T>& bias) {
    std::vector<Parameter<T>> all{{"weights", &weights, true}};
    if (!bias.empty()) all.push_back({"bias", &bias, false});
    return all;
}

}  // namespace deconvviz::detail
