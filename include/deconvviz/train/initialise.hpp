/// @file
/// Random first weights.
#pragma once

#include <cmath>
#include <cstdint>

#include "deconvviz/core/random.hpp"
#include "deconvviz/layers/detail/weights_and_bias.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {

/// he: normal, variance 2 / fan-in, for networks of ReLUs [he2015].
/// glorot: uniform, variance 2 / (fan-in + fan-out) [glorot2010].
enum class Initialisation { he, glorot };

/// Options of initialise.
struct InitialiseOptions {
    Initialisation scheme = Initialisation::he;
    std::uint64_t seed = 1;
};

/// Draws the weights of all layers anew and sets the other parameters to their first values: biases and shifts to 0,
/// scales to 1. Fan-in is the number of values that an output sums over, fan-out the number of outputs that an input
/// position feeds in a dense layer or through all taps. The same seed gives the same model on every machine.
template <class T>
void initialise(Sequential<T>& model, const InitialiseOptions& options = {}) {
    std::uint64_t number = 0;
    for (const ModelParameter<T>& each : model.parameters()) {
        const Parameter<T>& parameter = each.parameter;
        Tensor<T>& value = *parameter.value;
        if (!parameter.decays || value.rank() < 2) {
            value.fill(parameter.first);
            continue;
        }
        const std::uint64_t seed = derived_seed(options.seed, number++);
        if (options.scheme == Initialisation::he) {
            detail::draw_normal(value, detail::he_deviation(value.shape()), seed);
            continue;
        }
        const double fan_in = static_cast<double>(value.size() / value.shape()[0]);
        const double fan_out = static_cast<double>(value.size() / value.shape()[1]);
        Random random(seed);
        for (T& weight : value) weight = static_cast<T>(random.between(-1, 1) * std::sqrt(6 / (fan_in + fan_out)));
    }
}

}  // namespace deconvviz
