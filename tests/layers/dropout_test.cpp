// Dropout: how many values fall out, what the others become, and that both ways use one mask.
#include "deconvviz/layers/dropout.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Tensor;

TEST_CASE("dropout: drops its rate of the values and keeps the mean") {
    constexpr Index count = 200000;
    for (const double rate : {0.1, 0.5, 0.8}) {
        CAPTURE(rate);
        const dv::Dropout<double> layer({.rate = rate});
        const auto pass = support::run(layer, Tensor<double>({1, count}, 3.0), {.training = true, .seed = 5});
        Index dropped = 0;
        double sum = 0;
        for (const double value : pass.dst) {
            dropped += value == 0;
            sum += value;
            if (value != 0) REQUIRE(value == doctest::Approx(3 / (1 - rate)).epsilon(1e-14));
        }
        const double deviation = std::sqrt(rate * (1 - rate) / count);  // of the share of dropped values
        CHECK(std::abs(static_cast<double>(dropped) / count - rate) < 4 * deviation);
        CHECK(std::abs(sum / count - 3) < 4 * 3 * deviation / (1 - rate));
    }
}

TEST_CASE("dropout: values fall out independently of their neighbours") {
    constexpr Index count = 100000;
    const dv::Dropout<double> layer({.rate = 0.5});
    const auto pass = support::run(layer, Tensor<double>({1, count}, 1.0), {.training = true, .seed = 6});
    Index both = 0;
    for (Index i = 0; i + 1 < count; ++i) both += pass.dst[i] == 0 && pass.dst[i + 1] == 0;
    CHECK(std::abs(static_cast<double>(both) / count - 0.25) < 0.01);
}

TEST_CASE("dropout: outside of training it is the identity, both ways") {
    const dv::Dropout<float> layer({.rate = 0.7});
    const auto pass = support::run(layer, support::random_tensor<float>({2, 3, 4, 4}, 1), {.seed = 5});
    CHECK(pass.dst == pass.src);
    CHECK(pass.record.saved.empty());
    const auto above = support::random_tensor<float>(pass.dst.shape(), 2);
    CHECK(support::deconv(layer, pass, above) == above);
    CHECK(support::input_gradient(layer, pass, above) == above);
}

TEST_CASE("dropout: a record that held a mask is cleared by an ordinary pass") {
    const dv::Dropout<float> layer;
    auto pass = support::run(layer, support::random_tensor<float>({1, 50}, 1), {.training = true, .seed = 5});
    CHECK(pass.dst != pass.src);
    layer.forward(pass.src, pass.dst, pass.record, {});
    CHECK(pass.dst == pass.src);
    CHECK(support::deconv(layer, pass, pass.src) == pass.src);
}

TEST_CASE("dropout: a rate of 0 changes nothing, in training too") {
    const dv::Dropout<float> layer({.rate = 0});
    const auto pass = support::run(layer, support::random_tensor<float>({1, 50}, 1), {.training = true});
    CHECK(pass.dst == pass.src);
}

TEST_CASE("dropout: the seed decides the mask") {
    const dv::Dropout<float> layer;
    const auto mask = [&](std::uint64_t seed) {
        return support::run(layer, Tensor<float>({4, 100}, 1.0F), {.training = true, .seed = seed}).dst;
    };
    CHECK(mask(1) == mask(1));
    CHECK(mask(1) != mask(2));
    CHECK(mask(1).entry(0) != mask(1).entry(1));  // each picture has a mask of its own
}

TEST_CASE("dropout: in training the way back takes the mask of the way there") {
    const dv::Dropout<double> layer({.rate = 0.4});
    const auto pass = support::run(layer, Tensor<double>({2, 60}, 1.0), {.training = true, .seed = 8});
    const auto above = support::random_tensor<double>({2, 60}, 3);
    Tensor<double> masked(above.shape());
    for (Index i = 0; i < above.size(); ++i) masked[i] = above[i] * pass.dst[i];
    for (const dv::ReluRule relu : {dv::ReluRule::gradient, dv::ReluRule::deconvnet, dv::ReluRule::guided})
        CHECK(support::deconv(layer, pass, above, {.relu = relu}) == masked);
    CHECK(support::input_gradient(layer, pass, above) == masked);
}

TEST_CASE("dropout: gradients equal finite differences with the mask held") {
    support::check_gradients(dv::Dropout<double>({.rate = 0.3}), support::random_tensor<double>({2, 3, 4, 4}, 1),
                             {.training = true, .seed = 4});
    support::check_gradients(dv::Dropout<double>({.rate = 0.3}), support::random_tensor<double>({2, 9}, 1));
}

TEST_CASE("dropout: a rate outside of [0, 1) throws OptionError") {
    for (const double rate : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()})
        support::check_throws<dv::OptionError>([&] { dv::Dropout<float> layer({.rate = rate}); },
                                               {"Dropout", "[0, 1)", "got"});
}

TEST_CASE("dropout: in place, which is never while training, nothing changes") {
    support::check_in_place(dv::Dropout<float>({.rate = 0.7}), support::random_tensor<float>({3, 2, 7, 9}, 1));
}
