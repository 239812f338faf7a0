/// @file
/// What layers with weights and a bias have in common.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz::detail {

/// First weights (out, …): normal, of variance 2 / fan-in [he2015]. Fan-in is the number of values that an output sums
/// over: all dimensions but the first.
template <class T>
Tensor<T> he_weights(const Shape& shape, std::uint64_t seed) {
    Tensor<T> weights(shape);
    const double deviation = std::sqrt(2.0 * static_cast<double>(shape[0]) / static_cast<double>(weights.size()));
    Random random(derived_seed(seed, static_cast<std::uint64_t>(weights.size())));
    for (T& weight : weights) weight = static_cast<T>(deviation * random.normal());
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
