/// @file
/// The small network of the benchmarks.
#pragma once

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/model/sequential.hpp"
#include "suite.hpp"

namespace bench {

/// The network of README's example and of most tools' MNIST examples: 28x28; conv 16 5x5, pool, conv 32 5x5, pool,
/// dense 10.
inline dv::Sequential<float> lenet_like() {
    return dv::Sequential<float>({1, 28, 28}, dv::Conv2D<float>({.in = 1, .out = 16, .kernel = 5}), dv::ReLU<float>(),
                                 dv::MaxPool2D<float>({.kernel = 2}),
                                 dv::Conv2D<float>({.in = 16, .out = 32, .kernel = 5, .seed = 2}), dv::ReLU<float>(),
                                 dv::MaxPool2D<float>({.kernel = 2}), dv::Flatten<float>(),
                                 dv::Dense<float>({.in = 512, .out = 10}));
}

}  // namespace bench
