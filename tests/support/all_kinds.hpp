// A small network with every kind of layer.
#pragma once

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/model/sequential.hpp"
#include "tensor_support.hpp"

namespace support {

using deconvviz::Conv2D;
using deconvviz::Dense;
using deconvviz::Dropout;
using deconvviz::Flatten;
using deconvviz::LocalResponseNorm;
using deconvviz::MaxPool2D;
using deconvviz::ReLU;
using deconvviz::Sequential;
using deconvviz::Softmax;

/// Every kind of layer. The scale of the first ReLU's input keeps it and the pool away from their kinks.
template <class T>
Sequential<T> all_kinds() {
    Sequential<T> model(
        {2, 8, 9}, Conv2D<T>({.in = 2, .out = 6, .kernel = 3, .padding = {1, 0}, .groups = 2}), ReLU<T>(),
        LocalResponseNorm<T>({.size = 3, .alpha = 0.5, .k = 1}), MaxPool2D<T>({.kernel = 3, .stride = 2, .ceil = true}),
        Conv2D<T>({.in = 6, .out = 4, .kernel = 2, .stride = 2, .padding = 1, .bias = false}), ReLU<T>(), Flatten<T>(),
        Dropout<T>({.rate = 0.3}), Dense<T>({.in = 24, .out = 5}), Softmax<T>());
    for (const auto& parameter : model.parameters())
        if (parameter.parameter.name == "bias")
            *parameter.parameter.value = random_tensor<T>(parameter.parameter.value->shape(), 4, -0.3, 0.3);
    return model;
}

}  // namespace support
