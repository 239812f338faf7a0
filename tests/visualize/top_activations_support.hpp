// What the tests of top activations share: a small network, one that gives out what comes in, pictures with ties.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "deconvviz/core/random.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/initialise.hpp"

namespace top_test {

namespace dv = deconvviz;
using dv::Conv2D;
using dv::Index;
using dv::MaxPool2D;
using dv::ReLU;
using dv::Sequential;
using dv::Tensor;

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
Sequential<T> small_net(std::uint64_t seed = 5) {
    Sequential<T> model({2, 11, 9},  //
                        Conv2D<T>({.in = 2, .out = 5, .kernel = 3, .padding = 1}), ReLU<T>(),
                        MaxPool2D<T>({.kernel = 3, .stride = 2, .ceil = true}),
                        Conv2D<T>({.in = 5, .out = 4, .kernel = 3, .stride = 1, .padding = 1}), ReLU<T>(),
                        dv::Flatten<T>(), dv::Dense<T>({.in = 80, .out = 3}));
    dv::initialise(model, {.seed = seed});
    return model;
}

/// Pictures of few different values, some of them equal, so that there are ties.
template <class T>
Tensor<T> pictures(Index count, std::uint64_t seed = 1) {
    Tensor<T> images({count, 2, 11, 9});
    dv::Random random(seed);
    for (Index n = 0; n < count; ++n) {
        if (n % 4 == 3) {
            std::ranges::copy(images.slice(random.below(n)), images.slice(n).begin());
            continue;
        }
        for (T& value : images.slice(n)) value = static_cast<T>(random.below(3)) / 2;
    }
    return images;
}

/// A layer that gives out what comes in: what is in the picture is the activation.
template <class T>
Sequential<T> mirror_net(const dv::Shape& shape) {
    return Sequential<T>(shape, dv::named("seen", MaxPool2D<T>({.kernel = 1})));
}

}  // namespace top_test
