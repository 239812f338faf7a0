// What the tests of what-where autoencoders share: two networks to mirror, and a pass through one and its mirror.
#pragma once

#include "deconvviz/unsupervised/what_where_autoencoder.hpp"

namespace mirror_test {

using namespace deconvviz;

/// Poolings that do not overlap; every other option is odd. The classifier has no mirror.
inline Sequential<double> odd() {
    return Sequential<double>(
        {2, 16, 13}, Conv2D<double>({.in = 2, .out = 6, .kernel = {3, 5}, .stride = {2, 1}, .padding = 1}),
        ReLU<double>(), MaxPool2D<double>({.kernel = 2, .ceil = true}), LocalResponseNorm<double>({.alpha = 0.5}),
        Conv2D<double>({.in = 6, .out = 4, .kernel = 3, .padding = 1, .groups = 2}), ReLU<double>(),
        Dropout<double>({.rate = 0.3}), Conv2D<double>({.in = 4, .out = 5, .kernel = 2, .dilation = 2}), ReLU<double>(),
        MaxPool2D<double>({.kernel = {1, 2}}), Flatten<double>(), Dense<double>({.in = 5 * 2 * 2, .out = 3}));
}

/// Overlapping poolings, two of them and two convolutions without anything between.
inline Sequential<double> overlapping() {
    return Sequential<double>({1, 11, 10}, Conv2D<double>({.in = 1, .out = 3, .kernel = 3}),
                              Conv2D<double>({.in = 3, .out = 3, .kernel = 2, .seed = 2}), ReLU<double>(),
                              MaxPool2D<double>({.kernel = 3, .stride = 2, .padding = 1}),
                              Conv2D<double>({.in = 3, .out = 4, .kernel = 2}), ReLU<double>(),
                              MaxPool2D<double>({.kernel = 2, .stride = 1}));
}

struct Pass {
    Trace<double> trace;
    MirrorTrace<double> decoded;
};

inline Pass run(const Sequential<double>& model, const MirrorNetwork<double>& decoder, const Tensor<double>& images) {
    Pass pass;
    model.trace(images, pass.trace, {.last = static_cast<Index>(decoder.top())});
    decoder.trace(model, pass.trace, pass.trace, pass.decoded);
    return pass;
}

}  // namespace mirror_test
