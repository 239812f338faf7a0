// What the tests of the adaptive deconvolutional network share: a network that is uneven in every way, its cost by the
// formula, and what must hold of costs.
#pragma once

#include <doctest/doctest.h>

#include <cmath>

#include "deconvviz/unsupervised/deconvolutional_inference.hpp"

namespace deconvolutional_test {

using deconvviz::AdaptiveDeconvolutionalNetwork;
using deconvviz::DeconvolutionalCode;
using deconvviz::Index;
using deconvviz::Tensor;
using Network = AdaptiveDeconvolutionalNetwork<double>;
using Code = DeconvolutionalCode<double>;

/// Three layers over pictures (2, 11, 9), with groups and windows that do not go into the sizes.
inline Network deep_network() {
    return Network({2, 11, 9}, {{.maps = 5, .filter = {4, 3}, .pool = {2, {3, 2}}, .lambda = 2},
                                {.maps = 4, .filter = 2, .pool = {3, 2}, .lambda = 1.5},
                                {.maps = 3, .filter = {2, 1}, .pool = {1, 1}, .lambda = 1}});
}

inline double l1(const Tensor<double>& values) {
    double sum = 0;
    for (const double value : values) sum += std::abs(value);
    return sum;
}

/// λ/2 ‖R z - y‖² + |z|, from `project` alone.
inline double slow_cost(const Network& network, const Code& code, Index layer, const Tensor<double>& maps,
                        const Tensor<double>& images) {
    const auto back = project(network, code, layer, maps);
    double error = 0;
    for (Index i = 0; i < back.size(); ++i) error += std::pow(back[i] - images[i], 2);
    return network.layer(layer).options.lambda / 2 * error + l1(maps);
}

inline void check_never_rises(const Tensor<double>& cost) {
    for (Index n = 0; n < cost.shape()[0]; ++n)
        for (Index t = 1; t < cost.shape()[1]; ++t) {
            CAPTURE(n);
            CAPTURE(t);
            CHECK(cost(n, t) <= cost(n, t - 1));
        }
}

}  // namespace deconvolutional_test
