// Random networks of every kind of layer, and of a layer that a user wrote.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/layers/average_pool2d.hpp"
#include "deconvviz/layers/batch_norm.hpp"
#include "deconvviz/layers/clipped_relu.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/leaky_relu.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/layers/zero_pad2d.hpp"
#include "deconvviz/model/sequential.hpp"
#include "tensor_support.hpp"

namespace support {

namespace dv = deconvviz;
using dv::ConvolutionMethod;
using dv::Random;

/// A user's layer with the required members alone: turns each map upside down, so that the signal lies elsewhere below.
template <class T>
struct Flip {
    const char* kind() const { return "Flip"; }
    Shape output_shape(const Shape& sample) const { return sample; }
    void forward(const Tensor<T>& src, Tensor<T>& dst, dv::Record<T>&, const dv::PassOptions&) const { flip(src, dst); }
    void backward(const dv::LayerTrace<T>&, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) flip(grad_dst, *grad_src);
    }
    void deconv(const dv::LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const dv::ReverseRules&) const {
        REQUIRE(recon_dst.shape() == seen.dst.shape());  // it is never given a window
        flip(recon_dst, recon_src);
    }

  private:
    static void flip(const Tensor<T>& from, Tensor<T>& to) {
        to.resize(from.shape());
        const Index rows = from.shape()[2];
        const Index width = from.shape()[3];
        for (Index row = 0; row < from.size() / width; ++row)
            std::copy_n(from.data() + row * width, width,
                        to.data() + (row / rows * rows + rows - 1 - row % rows) * width);
    }
};

inline dv::Size2D any_size(Random& random, Index least, Index most) {
    return {least + random.below(most - least + 1), least + random.below(most - least + 1)};
}

inline Index any(Random& random, Index least, Index most) {
    return any_size(random, least, most).x;
}

template <class T>
dv::AnyLayer<T> any_convolution(Random& random, Index in, ConvolutionMethod method) {
    const Index groups = in % 3 == 0 && random.chance(0.25) ? 3 : in % 2 == 0 && random.chance(0.25) ? 2 : 1;
    return dv::Conv2D<T>({.in = in,
                          .out = groups * any(random, 1, 4),
                          .kernel = any_size(random, 1, 5),
                          .stride = any_size(random, 1, random.chance(0.3) ? 3 : 1),
                          .padding = any_size(random, 0, random.chance(0.2) ? 5 : 2),
                          .dilation = any_size(random, 1, random.chance(0.3) ? 3 : 1),
                          .groups = groups,
                          .method = method,
                          .seed = random.bits()});
}

template <class T>
dv::AnyLayer<T> any_pooling(Random& random) {
    const dv::Size2D kernel = any_size(random, 1, 4);
    return dv::MaxPool2D<T>({.kernel = kernel,
                             .stride = any_size(random, 1, 3),
                             .padding = {any(random, 0, kernel.y - 1), any(random, 0, kernel.x - 1)},
                             .ceil = random.chance(0.5)});
}

template <class T>
dv::AnyLayer<T> any_average(Random& random) {
    const dv::Size2D kernel = any_size(random, 1, 4);
    return dv::AveragePool2D<T>({.kernel = kernel,
                                 .stride = any_size(random, 1, 3),
                                 .padding = {any(random, 0, kernel.y - 1), any(random, 0, kernel.x - 1)},
                                 .ceil = random.chance(0.5),
                                 .count_padding = random.chance(0.5)});
}

template <class T>
dv::AnyLayer<T> any_batch_norm(Random& random, Index maps) {
    const auto values = [&](double low, double high) { return random_tensor<T>({maps}, random.bits(), low, high); };
    return dv::BatchNorm<T>({.channels = maps}, values(0.5, 2), values(-1, 1), values(-1, 1), values(0.5, 2));
}

/// Convolutions, poolings of both kinds, what works on single values, and Flip.
template <class T>
dv::AnyLayer<T> any_layer(Random& random, Index maps, ConvolutionMethod method) {
    switch (random.below(14)) {
        case 0:
        case 1:
        case 2:
            return any_convolution<T>(random, maps, method);
        case 3:
        case 4:
            return any_pooling<T>(random);
        case 5:
            return dv::LocalResponseNorm<T>({.size = 3, .alpha = 0.5, .k = 1});
        case 6:
            return dv::Dropout<T>({.rate = 0.3});
        case 7:
            return Flip<T>();
        case 8:
            return any_average<T>(random);
        case 9:
            return any_batch_norm<T>(random, maps);
        case 12:
            return dv::Softmax<T>();
        case 10:
            return dv::ZeroPad2D<T>({.padding = {any(random, 0, 2), any(random, 0, 2)}});
        case 11:
            if (random.chance(0.5)) return dv::LeakyReLU<T>({.slope = 0.1});
            return dv::ClippedReLU<T>({.most = 0.7});
        default:
            return dv::ReLU<T>();
    }
}

/// A chain of layers that fit each other, of feature maps or with two flat ones at its end.
template <class T>
dv::Sequential<T> any_model(Random& random, ConvolutionMethod method) {
    const Shape input{any(random, 1, 6), any(random, 7, 30), any(random, 7, 30)};
    std::vector<dv::AnyLayer<T>> layers;
    Shape shape = input;
    for (const Index count = any(random, 2, 7); std::ssize(layers) < count;) {
        dv::AnyLayer<T> layer = any_layer<T>(random, shape[0], method);
        try {
            shape = layer.output_shape(shape);
        } catch (const dv::ShapeError&) {
            continue;  // does not fit: another one
        }
        layers.push_back(std::move(layer));
    }
    if (random.chance(0.3)) {
        layers.emplace_back(dv::Flatten<T>());
        layers.emplace_back(dv::Dense<T>({.in = shape.elements(), .out = 5, .seed = random.bits()}));
    }
    return dv::Sequential<T>(input, std::move(layers));
}

/// Convolutions of 3x3 with so many maps that Winograd's filtering serves.
inline dv::Sequential<float> winograd_model() {
    std::vector<dv::AnyLayer<float>> layers;
    for (const std::uint64_t i : {0U, 1U, 2U, 3U}) {
        layers.emplace_back(
            dv::Conv2D<float>({.in = i == 0 ? 3 : 32, .out = 32, .kernel = 3, .padding = 1, .seed = 1 + i}));
        layers.emplace_back(dv::ReLU<float>());
        if (i == 1) layers.emplace_back(dv::MaxPool2D<float>());
    }
    return dv::Sequential<float>({3, 48, 44}, std::move(layers));
}

}  // namespace support
