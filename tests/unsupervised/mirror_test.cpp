// Reconstruction by the mirror of a network: the pass down, its gradients and its loss, what and where of two pictures.
#include "deconvviz/unsupervised/mirror.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "deconvviz/unsupervised/what_where_loss.hpp"
#include "deconvviz/unsupervised/where_exchange.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "mirror_support.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace mirror_test;
using support::check_throws;
using support::random_tensor;

namespace {

/// 1x1 filters of weight 2 and 3 around a 2x2 pooling: all can be worked out by hand.
Sequential<double> tiny() {
    return Sequential<double>({1, 4, 4}, Conv2D<double>({}, Tensor<double>({1, 1, 1, 1}, {2}), {}), ReLU<double>(),
                              MaxPool2D<double>({.kernel = 2}),
                              Conv2D<double>({}, Tensor<double>({1, 1, 1, 1}, {3}), {}), ReLU<double>());
}

MirrorNetwork<double> tiny_mirror(const Sequential<double>& model) {
    auto decoder = mirror(model);
    decoder.step("conv1").weights[0] = 0.25;
    decoder.step("conv1").bias[0] = -1;
    decoder.step("conv2").weights[0] = 0.5;
    decoder.step("conv2").bias[0] = 1;
    return decoder;
}

Tensor<double> ramp() {
    Tensor<double> image({1, 4, 4});
    for (Index i = 0; i < 16; ++i) image[i] = static_cast<double>(i) - 5;
    return image;
}

/// A layer that the library does not know.
struct Other : ReLU<double> {
    std::string_view kind() const { return "Other"; }
};

void randomise(MirrorNetwork<double>& decoder, std::uint64_t seed) {
    for (const auto& parameter : decoder.parameters())
        *parameter.parameter.value = random_tensor<double>(parameter.parameter.value->shape(), seed++, -0.5, 0.5);
}

}  // namespace

TEST_CASE("mirror: a hand-worked autoencoder, its pass and its loss") {
    const auto model = tiny();
    const auto decoder = tiny_mirror(model);
    const auto pass = run(model, decoder, ramp());
    CHECK(pass.trace.output() == Tensor<double>({1, 1, 2, 2}, {0, 12, 48, 60}));
    REQUIRE(decoder.steps().size() == 3);
    CHECK(decoder.step("conv2").rectified);
    CHECK(!decoder.step("conv1").rectified);
    CHECK(pass.decoded.signals[0] == Tensor<double>({1, 1, 2, 2}, {1, 7, 25, 31}));

    // In the first window all is rectified away: the first of four zeros is the maximum.
    Tensor<double> expected({1, 1, 4, 4}, -1.0);
    expected(0, 0, 0, 0) = 0.25 * 1 - 1;
    expected(0, 0, 1, 3) = 0.25 * 7 - 1;
    expected(0, 0, 3, 1) = 0.25 * 25 - 1;
    expected(0, 0, 3, 3) = 0.25 * 31 - 1;
    CHECK(pass.decoded.reconstruction() == expected);

    const auto loss = what_where_loss(model, decoder, pass.trace, pass.decoded, pass.trace.input(), {2, 0.5});
    REQUIRE(loss.middle.size() == 1);
    CHECK(loss.middle[0] == doctest::Approx((1 + 9 + 81 + 121) / 4.0));  // against 0, 4, 16, 20 behind the pooling
    double squares = 0;
    for (Index i = 0; i < 16; ++i) squares += std::pow(ramp()[i] - expected[i], 2);
    CHECK(loss.reconstruction == doctest::Approx(squares / 16));
    CHECK(loss.total == doctest::Approx(2 * squares / 16 + 0.5 * 53));
}

TEST_CASE("mirror: what and where come from two pictures, or the where is left out") {
    const auto model = tiny();
    const auto decoder = tiny_mirror(model);
    const auto trace = model.trace(ramp());
    Tensor<double> turned = ramp();
    std::reverse(turned.begin(), turned.end());
    const auto other = model.trace(turned);

    Tensor<double> swapped({1, 1, 4, 4}, -1.0);  // the maxima of the turned picture lie at the upper left
    swapped(0, 0, 0, 0) = 0.25 * 1 - 1;
    swapped(0, 0, 0, 2) = 0.25 * 7 - 1;
    swapped(0, 0, 2, 0) = 0.25 * 25 - 1;
    swapped(0, 0, 2, 2) = 0.25 * 31 - 1;
    CHECK(reconstruct(model, decoder, trace, other) == swapped);
    CHECK(reconstruct(model, decoder, trace, trace) == reconstruct(model, decoder, trace));
    CHECK(reconstruct(model, decoder, trace, Unpooling::centre) == swapped);  // of four places, the upper left one
    check_throws<ShapeError>(
        [&] {
            reconstruct(model, decoder, trace, model.trace(stack(std::vector{ramp(), ramp()})));
        },
        {"switches of 1 pictures, got those of 2"});
}

TEST_CASE("exchange of the where: all pairs of what and where") {
    const auto model = odd();
    const auto decoder = mirror(model);
    const auto images = random_tensor<double>({3, 2, 16, 13}, 1);
    const auto all = exchange_where(model, decoder, images);
    CHECK(all.shape() == Shape{3, 3, 2, 16, 13});
    for (Index i = 0; i < 3; ++i)
        for (Index j = 0; j < 3; ++j) {
            const auto expected =
                reconstruct(model, decoder, model.trace(images.entry(i)), model.trace(images.entry(j)));
            support::check_close_to_largest(all.entry(i).entry(j), expected.entry(0), 1e-13);
        }
    CHECK_THROWS_AS(exchange_where(model, decoder, Tensor<double>({3, 1, 16, 13})), ShapeError);
}

TEST_CASE("mirror: with the model's filters and no bias it is the DeConvNet of all maps") {
    const auto model = odd();
    const auto tied = mirror(model, {.filters = MirrorFilters::tied});
    CHECK(tied.top() == 9);
    const auto trace = model.trace(random_tensor<double>({3, 2, 16, 13}, 1));
    const auto expected = deconvnet(model, trace, all_maps(trace, tied.top()));
    REQUIRE(support::largest(expected) > 0.1);
    support::check_close_to_largest(reconstruct(model, tied, trace), expected, 1e-13);

    auto free = mirror(model);
    CHECK(support::largest(free.step("conv1").weights) > 0);
    for (auto& step : free.steps())
        if (!step.unpools) step.weights = model.layer<Conv2D<double>>(step.name).weights();
    CHECK(reconstruct(model, free, trace) == reconstruct(model, tied, trace));

    // A lower top: that of the DeConvNet from there.
    const auto low = mirror(model, {.filters = MirrorFilters::tied, .last = "relu2"});
    support::check_close_to_largest(reconstruct(model, low, trace), deconvnet(model, trace, all_maps(trace, "relu2")),
                                    1e-13);
}

TEST_CASE("mirror: in float as in double") {
    Sequential<float> model({1, 9, 8}, Conv2D<float>({.in = 1, .out = 3, .kernel = 3, .padding = 1}), ReLU<float>(),
                            MaxPool2D<float>({.kernel = 2}));
    Sequential<double> twin({1, 9, 8}, Conv2D<double>({.in = 1, .out = 3, .kernel = 3, .padding = 1}), ReLU<double>(),
                            MaxPool2D<double>({.kernel = 2}));
    twin.layer<Conv2D<double>>(0).weights() = support::cast<double>(model.layer<Conv2D<float>>(0).weights());
    auto decoder = mirror(model);
    auto decoder_twin = mirror(twin);
    decoder_twin.step("conv1").weights = support::cast<double>(decoder.step("conv1").weights);
    const auto image = random_tensor<float>({1, 9, 8}, 4);
    support::check_close_to_largest(reconstruct(model, decoder, model.trace(image)),
                                    reconstruct(twin, decoder_twin, twin.trace(support::cast<double>(image))), 1e-5);
}

TEST_CASE("mirror: without rectification, the gradient at the top is the adjoint of the way down") {
    const Sequential<double> model({2, 9, 9}, Conv2D<double>({.in = 2, .out = 4, .kernel = 3, .stride = 2}),
                                   MaxPool2D<double>({.kernel = 3, .stride = 1, .padding = 1}),
                                   Conv2D<double>({.in = 4, .out = 3, .kernel = 2}));
    const auto decoder = mirror(model);
    const auto pass = run(model, decoder, random_tensor<double>({2, 2, 9, 9}, 1));
    std::vector<Tensor<double>> grad(3, Tensor<double>());
    grad.back() = random_tensor<double>(pass.decoded.reconstruction().shape(), 2);
    MirrorGradients<double> gradients;
    decoder.backward(model, pass.trace, pass.decoded, grad, gradients);
    CHECK(support::dot(pass.decoded.reconstruction(), grad.back()) ==
          doctest::Approx(support::dot(pass.trace.output(), gradients.what)).epsilon(1e-12));
}

TEST_CASE("what-where loss: all gradients, by finite differences") {
    for (const bool overlaps : {false, true}) {
        for (const MirrorFilters filters : {MirrorFilters::free, MirrorFilters::tied}) {
            CAPTURE(overlaps);
            CAPTURE(static_cast<int>(filters));
            auto model = overlaps ? overlapping() : odd();
            auto decoder = mirror(model, {.filters = filters});
            randomise(decoder, 20);
            for (const auto& parameter : model.parameters())  // no bias of 0, so that no value is at the ReLU's corner
                if (parameter.parameter.name == "bias") parameter.parameter.value->fill(0.05);
            const Shape shape = model.input_shape().batched(2);
            const auto images = random_tensor<double>(shape, 5);
            const auto target = random_tensor<double>(shape, 6);
            const WhatWhereWeights weights{0.7, 0.4};
            const auto loss = [&] {
                const auto pass = run(model, decoder, images);
                return what_where_loss(model, decoder, pass.trace, pass.decoded, target, weights).total;
            };
            const auto pass = run(model, decoder, images);
            WhatWhereGradients<double> gradients;
            const auto found = what_where_loss(model, decoder, pass.trace, pass.decoded, target, weights, &gradients);
            CHECK(found.middle.size() == 1);
            CHECK(found.middle[0] > 0);
            for (const auto& parameter : model.parameters()) {
                INFO(parameter.name());
                const Tensor<double>& gradient = gradients.model.layers[parameter.layer][parameter.index];
                if (parameter.layer > decoder.top()) {
                    CHECK(gradient == Tensor<double>(parameter.parameter.value->shape()));
                    continue;
                }
                const auto expected = support::finite_difference(*parameter.parameter.value, loss, 1e-6);
                CHECK(support::largest(expected) > 1e-4);
                support::check_close_to_largest(gradient, expected, 1e-6);
            }
            for (const auto& parameter : decoder.parameters()) {
                INFO("mirror " << parameter.name());
                support::check_close_to_largest(gradients.mirror.layers[parameter.layer][parameter.index],
                                                support::finite_difference(*parameter.parameter.value, loss, 1e-6),
                                                1e-6);
            }
        }
    }
}

TEST_CASE("mirror: what has no mirror is named") {
    const Sequential<double> with_other({1, 4, 4}, Conv2D<double>({}), Other());
    check_throws<OptionError>([&] { mirror(with_other); },
                              {"layer 'other1' (layer 1) has the kind Other", "no mirror"});
    CHECK(mirror(with_other, {.last = "conv1"}).steps().size() == 1);
    check_throws<OptionError>([&] { mirror(odd(), {.last = "dense1"}); },
                              {"layer 'flatten1' (layer 10) has the kind Flatten"});
    check_throws<OptionError>([&] { mirror(odd(), {.last = "conv9"}); }, {"there is no layer 'conv9'"});
    const Sequential<double> flat({16}, Dense<double>({.in = 16, .out = 2}));
    check_throws<OptionError>([&] { mirror(flat); },
                              {"begins with feature maps", "'dense1' (layer 0) has the kind Dense"});
    const Sequential<double> pooling({1, 4, 4}, MaxPool2D<double>());
    check_throws<OptionError>([&] { mirror(pooling); }, {"at least one convolution up to layer 'maxpool1'"});
    check_throws<OptionError>([&] { (void)mirror(odd()).step("relu1"); }, {"no step mirrors a layer 'relu1'"});
}

TEST_CASE("mirror: passes and gradients that do not belong together are refused") {
    const auto model = odd();
    const auto decoder = mirror(model);
    const auto other = overlapping();
    const auto images = random_tensor<double>({2, 2, 16, 13}, 1);
    const auto pass = run(model, decoder, images);
    check_throws<StateError>(
        [&] {
            reconstruct(other, decoder, other.trace(Tensor<double>({1, 11, 10})));
        },
        {"not the one that it was made from"});
    check_throws<StateError>([&] { reconstruct(model, decoder, model.trace(images, {.last = "relu1"})); },
                             {"'maxpool2'", "was not computed"});
    check_throws<StateError>([&] { (void)MirrorTrace<double>().reconstruction(); }, {"no pass has filled it"});
    check_throws<StateError>([&] { what_where_loss(model, decoder, pass.trace, {}, images); },
                             {"not one of this mirror"});
    check_throws<ShapeError>(
        [&] {
            what_where_loss(model, decoder, pass.trace, pass.decoded, Tensor<double>({1, 2, 16, 13}));
        },
        {"expected a target (2,2,16,13), got (1,2,16,13)"});
    MirrorGradients<double> gradients;
    check_throws<StateError>([&] { decoder.backward(model, pass.trace, pass.decoded, {}, gradients); },
                             {"of 5 steps, got 5 and 0"});
    std::vector<Tensor<double>> grad(5, Tensor<double>());
    grad.back() = Tensor<double>({1, 2, 3, 4});
    check_throws<ShapeError>([&] { decoder.backward(model, pass.trace, pass.decoded, grad, gradients); },
                             {"gradient of a signal (2,2,16,13), got (1,2,3,4)"});
}
