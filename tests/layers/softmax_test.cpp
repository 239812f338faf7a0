// Softmax: values by hand, large logits, the gradient, and who passes it unchanged.
#include "deconvviz/layers/softmax.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::ReluRule;
using dv::Tensor;

TEST_CASE("softmax: logarithms of 1, 2, 5 become eighths") {
    const dv::Softmax<double> layer;
    const auto pass = support::run(
        layer, Tensor<double>({2, 3}, {0, std::log(2.0), std::log(5.0), std::log(5.0) - 9, std::log(2.0) - 9, -9}));
    support::check_tensor_close(pass.dst, Tensor<double>({2, 3}, {0.125, 0.25, 0.625, 0.625, 0.25, 0.125}), 1e-15);
}

TEST_CASE("softmax: large logits neither overflow nor lose their ratio") {
    const dv::Softmax<float> layer;
    const auto pass = support::run(layer, Tensor<float>({3, 3}, {10000, 9999, -10000,     //
                                                                 -10000, -10001, -30000,  //
                                                                 3e38F, -3e38F, -3e38F}));
    const double p = 1 / (1 + std::exp(-1.0));
    support::check_tensor_close(pass.dst, Tensor<double>({3, 3}, {p, 1 - p, 0, p, 1 - p, 0, 1, 0, 0}), 1e-6);
}

TEST_CASE("softmax: a logit of minus infinity has no probability, and one class has all") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(support::run(dv::Softmax<double>(), Tensor<double>({1, 2}, {-infinity, 3})).dst ==
          Tensor<double>({1, 2}, {0, 1}));
    CHECK(support::run(dv::Softmax<double>(), Tensor<double>({1, 1}, {-500})).dst == Tensor<double>({1, 1}, {1}));
}

TEST_CASE("softmax: the function may write over its input") {
    auto values = support::random_tensor<double>({9}, 1, -3, 3);
    Tensor<double> apart({9});
    dv::softmax<double>(values.values(), apart.values());
    dv::softmax<double>(values.values(), values.values());
    CHECK(values == apart);
}

TEST_CASE("softmax: gradients equal finite differences") {
    support::check_gradients(dv::Softmax<double>(), support::random_tensor<double>({4, 7}, 2, -2, 2));
}

TEST_CASE("softmax: the way back is the gradient under the rule gradient, else the identity") {
    const dv::Softmax<double> layer;
    const auto pass = support::run(layer, support::random_tensor<double>({2, 5}, 2));
    const auto above = support::random_tensor<double>({2, 5}, 3);
    CHECK(support::deconv(layer, pass, above) == above);
    CHECK(support::deconv(layer, pass, above, {.relu = ReluRule::guided}) == above);
    const auto gradient = support::deconv(layer, pass, above, {.relu = ReluRule::gradient});
    CHECK(gradient == support::input_gradient(layer, pass, above));
    CHECK(gradient != above);
}

TEST_CASE("softmax: feature maps throw ShapeError") {
    support::check_throws<dv::ShapeError>([] { dv::Softmax<float>().output_shape({3, 2, 2}); }, {"(F)", "(3,2,2)"});
}

TEST_CASE("softmax: in place, the same bits on the same memory") {
    support::check_in_place(dv::Softmax<float>(), support::random_tensor<float>({3, 10}, 1));
}
