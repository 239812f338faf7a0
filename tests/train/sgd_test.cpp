// Sgd by hand-worked steps, the limit on the size of filters, schedules.
#include "deconvviz/train/sgd.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/train/schedule.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
namespace schedule = dv::schedule;
using dv::Index;
using dv::Tensor;

namespace {

/// One weight and one bias, both 1.
dv::Sequential<double> one_weight() {
    return dv::Sequential<double>({1}, dv::Dense<double>({}, Tensor<double>({1, 1}, {1}), Tensor<double>({1}, {1})));
}

/// The gradients g of both.
dv::Gradients<double> both(double g) {
    dv::Gradients<double> gradients;
    gradients.layers = {{Tensor<double>({1, 1}, {g}), Tensor<double>({1}, {g})}};
    return gradients;
}

}  // namespace

TEST_CASE("sgd: two hand-worked steps; weight decay spares the bias") {
    auto model = one_weight();
    const auto& dense = model.layer<dv::Dense<double>>(0);
    dv::Sgd<double> sgd({.momentum = 0.5, .weight_decay = 0.25});
    sgd.step(model, both(0.5), 0.5);
    CHECK(dense.weights()[0] == 0.625);  // 1 - 0.5 (0.5 + 0.25 · 1)
    CHECK(dense.bias()[0] == 0.75);      // 1 - 0.5 · 0.5
    sgd.step(model, both(-1), 0.5);
    CHECK(dense.weights()[0] == 0.859375);  // velocity 0.5 · -0.375 - 0.5 (-1 + 0.25 · 0.625) = 0.234375
    CHECK(dense.bias()[0] == 1.125);        // velocity 0.5 · -0.25 + 0.5
}

TEST_CASE("sgd: the learning rate is that of the step, velocities keep what they have") {
    auto model = one_weight();
    dv::Sgd<double> sgd({.momentum = 0.5});
    sgd.step(model, both(1), 1);  // velocity -1
    sgd.step(model, both(8), 0);  // velocity -0.5
    CHECK(model.layer<dv::Dense<double>>(0).weights()[0] == -0.5);
}

TEST_CASE("sgd: without momentum it is plain gradient descent") {
    auto model = one_weight();
    dv::Sgd<double> sgd({.momentum = 0});
    sgd.step(model, both(2), 0.25);
    sgd.step(model, both(2), 0.25);
    CHECK(model.layer<dv::Dense<double>>(0).weights()[0] == 0);
}

TEST_CASE("sgd: every parameter takes its own gradient and velocity") {
    dv::Sequential<float> model({2, 5, 5}, dv::Conv2D<float>({.in = 2, .out = 3, .kernel = 3}), dv::ReLU<float>(),
                                dv::Conv2D<float>({.in = 3, .out = 2, .kernel = 2, .bias = false}),
                                dv::Conv2D<float>({.in = 2, .out = 7}));
    dv::Sgd<float> sgd({.momentum = 0.5, .weight_decay = 0.125});
    dv::Gradients<float> gradients;
    gradients.layers.resize(4);
    std::vector<Tensor<double>> expected;
    std::vector<Tensor<double>> velocities;
    for (const auto& parameter : model.parameters()) {
        const Tensor<float>& value = *parameter.parameter.value;
        gradients.layers[parameter.layer].push_back(support::random_tensor<float>(value.shape(), expected.size() + 1));
        expected.push_back(support::cast<double>(value));
        velocities.emplace_back(value.shape());
    }
    for (int step = 0; step < 3; ++step) {
        sgd.step(model, gradients, 0.5);
        std::size_t i = 0;
        for (const auto& layer : gradients.layers)
            for (std::size_t j = 0; j < layer.size(); ++j, ++i)
                for (Index k = 0; k < layer[j].size(); ++k) {
                    const double decay = j == 0 ? 0.125 : 0;  // weights come first
                    const double gradient = static_cast<double>(layer[j][k]) + decay * expected[i][k];
                    velocities[i][k] = 0.5 * velocities[i][k] - 0.5 * gradient;
                    expected[i][k] += velocities[i][k];
                }
    }
    std::size_t i = 0;
    for (const auto& parameter : model.parameters()) {
        CAPTURE(parameter.name());
        support::check_close_to_largest(*parameter.parameter.value, expected[i++], 1e-6);
    }
}

TEST_CASE("sgd: a filter above the limit of its root mean square is scaled down to it, others stay") {
    // Root mean squares 5, 0.5 and 1 of two weights each.
    Tensor<double> weights({3, 1, 1, 2}, {7, 1, 0.5, -0.5, 1, -1});
    CHECK(dv::limit_filter_rms(weights, 1) == 1);
    support::check_tensor_close(weights, Tensor<double>({3, 1, 1, 2}, {1.4, 0.2, 0.5, -0.5, 1, -1}), 1e-15);
    CHECK(dv::limit_filter_rms(weights, 2) == 0);
    CHECK(dv::limit_filter_rms(weights, 0.1) == 3);
    for (Index o = 0; o < 3; ++o) {
        const auto filter = weights.slice(o);
        CHECK(std::hypot(filter[0], filter[1]) / std::sqrt(2.0) == doctest::Approx(0.1).epsilon(1e-14));
    }
}

TEST_CASE("sgd: the limit acts after a step, on filters of convolutions alone") {
    dv::Sequential<double> model({1, 1, 1}, dv::Conv2D<double>({}, Tensor<double>({1, 1, 1, 1}, {3}), {}));
    dv::Sequential<double> flat = one_weight();
    dv::Sgd<double> sgd({.momentum = 0, .filter_rms_limit = 0.5});
    dv::Gradients<double> gradients;
    gradients.layers = {{Tensor<double>({1, 1, 1, 1}, {1})}};
    sgd.step(model, gradients, 1);
    CHECK(model.layer<dv::Conv2D<double>>(0).weights()[0] == 0.5);
    dv::Sgd<double>({.momentum = 0, .filter_rms_limit = 0.5}).step(flat, both(-1), 1);
    CHECK(flat.layer<dv::Dense<double>>(0).weights()[0] == 2);
}

TEST_CASE("sgd: options that make no sense throw OptionError") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const dv::SgdOptions& options : {dv::SgdOptions{.momentum = 1}, dv::SgdOptions{.momentum = -0.1},
                                          dv::SgdOptions{.momentum = nan}, dv::SgdOptions{.weight_decay = -1},
                                          dv::SgdOptions{.weight_decay = nan}, dv::SgdOptions{.filter_rms_limit = -1}})
        support::check_throws<dv::OptionError>([&] { dv::Sgd<float> sgd(options); }, {"Sgd", "momentum in [0, 1)"});
}

TEST_CASE("schedule: constant, cosine, warmup and steps at the shares where they are easy to tell") {
    CHECK(schedule::constant()(0) == 1);
    CHECK(schedule::constant()(0.9) == 1);

    const auto cosine = schedule::cosine();
    CHECK(cosine(0) == 1);
    CHECK(cosine(1.0 / 3) == doctest::Approx(0.75).epsilon(1e-14));
    CHECK(cosine(0.5) == doctest::Approx(0.5).epsilon(1e-14));
    CHECK(cosine(1) == doctest::Approx(0).epsilon(1e-14));

    const auto warm = schedule::cosine(0.25);
    CHECK(warm(0) == 0);
    CHECK(warm(0.125) == 0.5);
    CHECK(warm(0.25) == 1);
    CHECK(warm(0.625) == doctest::Approx(0.5).epsilon(1e-14));
    CHECK(warm(1) == doctest::Approx(0).epsilon(1e-14));

    const auto steps = schedule::steps({0.5, 0.75}, 0.5);
    CHECK(steps(0) == 1);
    CHECK(steps(0.49) == 1);
    CHECK(steps(0.5) == 0.5);
    CHECK(steps(0.8) == 0.25);
    CHECK(schedule::steps({})(0.5) == 1);
    CHECK(schedule::steps({0.5})(0.6) == 0.1);
}

TEST_CASE("schedule: a warmup outside of [0, 1) throws OptionError") {
    for (const double warmup : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()})
        support::check_throws<dv::OptionError>([&] { schedule::cosine(warmup); }, {"cosine", "[0, 1)"});
}
