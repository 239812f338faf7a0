// Dense: values by hand and against the formula, gradients against finite differences, deconv as the adjoint.
#include "deconvviz/layers/dense.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;

namespace {

template <class T>
dv::Dense<T> with_bias(const dv::DenseOptions& options) {
    dv::Dense<T> layer(options);
    if (options.bias) layer.bias() = support::random_tensor<T>({options.out}, 5);
    return layer;
}

template <class T>
Tensor<double> by_formula(const dv::Dense<T>& layer, const Tensor<T>& src) {
    const auto& [in, out, bias, seed] = layer.options();
    Tensor<double> dst({src.shape()[0], out});
    for (Index n = 0; n < src.shape()[0]; ++n)
        for (Index o = 0; o < out; ++o) {
            dst(n, o) = bias ? static_cast<double>(layer.bias()[o]) : 0;
            for (Index i = 0; i < in; ++i)
                dst(n, o) += static_cast<double>(layer.weights()(o, i)) * static_cast<double>(src(n, i));
        }
    return dst;
}

template <class T>
void check(const dv::DenseOptions& options, Index batch, double tolerance) {
    CAPTURE(options.in);
    CAPTURE(options.out);
    CAPTURE(batch);
    const dv::Dense<T> layer = with_bias<T>(options);
    dv::DenseOptions plain = options;
    plain.bias = false;
    const dv::Dense<T> linear(plain, layer.weights(), Tensor<T>());
    const auto x = support::random_tensor<T>({batch, options.in}, 21);
    const auto pass = support::run(layer, x);
    support::check_close_to_largest(pass.dst, by_formula(layer, x), tolerance);
    const auto y = support::random_tensor<T>(pass.dst.shape(), 22);
    const auto back = support::deconv(layer, pass, y);
    CHECK(back == support::input_gradient(layer, pass, y));
    const double scale = std::sqrt(support::dot(back, back) * support::dot(x, x));
    CHECK(std::abs(support::dot(back, x) - support::dot(y, support::run(linear, x).dst)) <= tolerance * scale);
}

}  // namespace

TEST_CASE("dense: a hand-computed layer, forth and back") {
    const dv::Dense<double> layer({.in = 3, .out = 2}, Tensor<double>({2, 3}, {1, 2, 3, 4, 5, 6}),
                                  Tensor<double>({2}, {10, -10}));
    const auto pass = support::run(layer, Tensor<double>({2, 3}, {1, 0, -1, 2, 2, 2}));
    CHECK(pass.dst == Tensor<double>({2, 2}, {8, -12, 22, 20}));
    const Tensor<double> y({2, 2}, {1, -1, 0, 2});
    CHECK(support::deconv(layer, pass, y) == Tensor<double>({2, 3}, {-3, -3, -3, 8, 10, 12}));
}

TEST_CASE("dense: forward equals the formula and deconv is its adjoint without bias, for random sizes") {
    dv::Random random(1);
    for (int i = 0; i < 150; ++i) {
        const dv::DenseOptions options{1 + random.below(70), 1 + random.below(50), random.chance(0.7), random.bits()};
        const Index batch = 1 + random.below(9);
        check<double>(options, batch, 1e-13);
        check<float>(options, batch, 2e-6);
    }
    check<float>({.in = 1, .out = 1}, 1, 2e-6);
    check<float>({.in = 513, .out = 130}, 3, 2e-6);
    check<float>({.in = 130, .out = 513}, 33, 2e-6);
}

TEST_CASE("dense: gradients equal finite differences") {
    for (const dv::DenseOptions& options :
         {dv::DenseOptions{.in = 5, .out = 7}, dv::DenseOptions{.in = 33, .out = 9},
          dv::DenseOptions{.in = 4, .out = 6, .bias = false}, dv::DenseOptions{.in = 1, .out = 1}})
        for (const Index batch : {1, 4})
            support::check_gradients(with_bias<double>(options),
                                     support::random_tensor<double>({batch, options.in}, 2));
}

TEST_CASE("dense: deconv is the same under all rules") {
    const auto layer = with_bias<float>({.in = 12, .out = 5});
    const auto pass = support::run(layer, support::random_tensor<float>({2, 12}, 1));
    const auto y = support::random_tensor<float>({2, 5}, 2);
    for (const dv::ReluRule relu : {dv::ReluRule::gradient, dv::ReluRule::deconvnet, dv::ReluRule::guided})
        CHECK(support::deconv(layer, pass, y, {.relu = relu}) == support::deconv(layer, pass, y));
}

TEST_CASE("dense: the first weights have variance 2 / in, and the seed decides them") {
    const dv::Dense<double> layer({.in = 200, .out = 50, .seed = 9});
    CHECK(support::dot(layer.weights(), layer.weights()) / 1e4 == doctest::Approx(2.0 / 200).epsilon(0.05));
    CHECK(support::largest(layer.bias()) == 0);
    CHECK(dv::Dense<double>({.in = 200, .out = 50, .seed = 9}).weights() == layer.weights());
    CHECK(dv::Dense<double>({.in = 200, .out = 50, .seed = 8}).weights() != layer.weights());
}

TEST_CASE("dense: names its parameters; decay spares the bias") {
    dv::Dense<float> layer({.in = 2, .out = 3});
    const auto parameters = layer.parameters();
    REQUIRE(parameters.size() == 2);
    CHECK(parameters[0].name == "weights");
    CHECK(parameters[0].value == &layer.weights());
    CHECK(parameters[0].decays);
    CHECK(parameters[1].name == "bias");
    CHECK(parameters[1].value == &layer.bias());
    CHECK_FALSE(parameters[1].decays);
    CHECK(dv::Dense<float>({.bias = false}).parameters().size() == 1);
}

TEST_CASE("dense: bad options, parameters and inputs throw, with what was expected and what came") {
    support::check_throws<dv::OptionError>([] { dv::Dense<float>({.in = 0, .out = 3}); }, {"Dense", "in = 0"});
    support::check_throws<dv::OptionError>([] { dv::Dense<float>({.in = 3, .out = -1}); }, {"Dense", "out = -1"});
    const auto make = [](const Shape& weights, const Shape& bias) {
        dv::Dense<float> layer({.in = 3, .out = 2}, Tensor<float>(weights), Tensor<float>(bias));
    };
    support::check_throws<dv::ShapeError>([&] { make({3, 2}, {2}); }, {"Dense", "weights", "(2,3)", "(3,2)"});
    support::check_throws<dv::ShapeError>([&] { make({2, 3}, {3}); }, {"Dense", "bias", "(2)", "(3)"});
    const dv::Dense<float> layer({.in = 3, .out = 2});
    support::check_throws<dv::ShapeError>([&] { layer.output_shape({4}); }, {"expected 3", "got 4"});
    support::check_throws<dv::ShapeError>([&] { layer.output_shape({3, 1, 1}); }, {"(F)", "(3,1,1)", "Flatten"});
}
