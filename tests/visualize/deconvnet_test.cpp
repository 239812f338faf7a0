#include "deconvviz/visualize/deconvnet.hpp"

#include <doctest/doctest.h>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/visualize/feature_maps.hpp"

using namespace deconvviz;

namespace {

/// A 4x4 ramp through an all-one 1x1 filter of weight 2, a ReLU and a 2x2 pooling.
Sequential<double> tiny() {
    return Sequential<double>({1, 4, 4},
                              Conv2D<double>({.in = 1, .out = 1, .kernel = 1}, Tensor<double>({1, 1, 1, 1}, {2}), {}),
                              ReLU<double>(), MaxPool2D<double>({.kernel = 2}));
}

Tensor<double> ramp() {
    Tensor<double> image({1, 4, 4});
    for (Index i = 0; i < 16; ++i) image[i] = static_cast<double>(i) - 5;
    return image;
}

Tensor<double> noise(const Shape& shape, std::uint64_t seed) {
    Random random(seed);
    Tensor<double> tensor(shape);
    for (double& value : tensor) value = random.between(-1, 1);
    return tensor;
}

Sequential<double> deep() {
    return Sequential<double>(
        {2, 15, 13}, Conv2D<double>({.in = 2, .out = 6, .kernel = {3, 5}, .stride = {2, 1}, .padding = 1}),
        ReLU<double>(), MaxPool2D<double>({.kernel = 3, .stride = 2, .padding = 1, .ceil = true}),
        LocalResponseNorm<double>({.alpha = 0.5}),
        Conv2D<double>({.in = 6, .out = 4, .kernel = 3, .padding = 1, .groups = 2}), ReLU<double>(), Flatten<double>(),
        Dense<double>({.in = 4 * 5 * 6, .out = 5}), Softmax<double>());
}

}  // namespace

TEST_CASE("deconvnet: a hand-worked net, from a single unit, a whole map and the strongest") {
    const auto model = tiny();
    const auto trace = model.trace(ramp());
    CHECK(trace.activation("maxpool1") == Tensor<double>({1, 1, 2, 2}, {0, 4, 16, 20}));

    // The unit (1,0) holds 16; its switch is the picture's (3,1); the transposed filter multiplies by 2 once more.
    Tensor<double> expected({1, 1, 4, 4});
    expected(0, 0, 3, 1) = 32;
    CHECK(deconvnet(model, trace, single_unit(trace, {.layer = 2, .map = 0, .y = 1, .x = 0})) == expected);

    expected(0, 0, 3, 1) = 2;
    CHECK(deconvnet(model, trace, single_unit(trace, {.layer = 2, .y = 1, .value = SeedValue::one})) == expected);

    expected(0, 0, 3, 1) = 32;
    expected(0, 0, 1, 3) = 8;
    expected(0, 0, 3, 3) = 40;
    CHECK(deconvnet(model, trace, whole_map(trace, {.layer = 2, .map = 0})) == expected);
    CHECK(deconvnet(model, trace, all_maps(trace, "maxpool1")) == expected);

    Tensor<double> only({1, 1, 4, 4});
    only(0, 0, 3, 3) = 40;
    CHECK(deconvnet(model, trace, strongest(trace, {.layer = 2})) == only);
    const auto unit = strongest_unit(trace, {.layer = 2, .map = 0});
    CHECK(unit.y == 1);
    CHECK(unit.x == 1);
    CHECK(unit.value == 20);
}

TEST_CASE("deconvnet: the first of equal activations is the strongest") {
    const auto model = tiny();
    const auto trace = model.trace(Tensor<double>({1, 4, 4}, 1.0));
    const auto unit = strongest_unit(trace, {.layer = "relu1"});
    CHECK(unit.y == 0);
    CHECK(unit.x == 0);
}

TEST_CASE("deconvnet: in a batch every picture has its own strongest unit, and its own switches") {
    const auto model = deep();
    const Tensor<double> first = noise({2, 15, 13}, 1);
    const Tensor<double> second = noise({2, 15, 13}, 2);
    const auto both = model.trace(stack(std::vector{first, second}));
    const auto together = deconvnet(model, both, strongest(both, {.layer = "relu2", .map = 1}));
    for (Index n = 0; n < 2; ++n) {
        const auto trace = model.trace(n == 0 ? first : second);
        const auto alone = deconvnet(model, trace, strongest(trace, {.layer = "relu2", .map = 1}));
        CHECK(together.entry(n) == alone.entry(0));
    }
}

TEST_CASE("deconvnet: under the rule gradient the walk is the true gradient, softmax and normalisation included") {
    auto model = deep();
    const auto trace = model.trace(noise({2, 15, 13}, 3));
    for (Index unit = 0; unit < 5; ++unit) {
        const auto seed = single_unit(trace, {.layer = "softmax1", .map = unit, .value = SeedValue::one});
        const auto walked = deconvnet(model, trace, seed, {.relu = ReluRule::gradient});
        Gradients<double> gradients;
        Tensor<double> expected;
        model.backward(trace, seed.signal, gradients, &expected);
        CHECK(walked == expected);
    }
}

TEST_CASE("deconvnet: a unit's projection is zero outside of its receptive field") {
    const auto model = deep();
    const auto trace = model.trace(noise({2, 15, 13}, 4));
    const auto maps = feature_maps(trace, "relu2");
    int looked_at = 0;
    for (Index map = 0; map < maps.shape()[0]; ++map)
        for (Index y = 0; y < maps.shape()[1]; ++y)
            for (Index x = 0; x < maps.shape()[2]; ++x) {
                if (maps(map, y, x) <= 0) continue;
                ++looked_at;
                Window field{y, x, 1, 1};
                for (std::size_t i = model.index("relu2") + 1; i-- > 0;)
                    field = model.layer(i).reads(field, model.input_shape(i));
                const auto shown =
                    deconvnet(model, trace, single_unit(trace, {.layer = "relu2", .map = map, .y = y, .x = x}));
                for (Index c = 0; c < 2; ++c)
                    for (Index r = 0; r < 15; ++r)
                        for (Index q = 0; q < 13; ++q)
                            if (!contains(field, {r, q, 1, 1})) CHECK(shown(0, c, r, q) == 0);
            }
    CHECK(looked_at > 5);
}

TEST_CASE("deconvnet: what does not exist is refused, with what does") {
    const auto model = tiny();
    const auto trace = model.trace(ramp());
    CHECK_THROWS_WITH_AS(strongest(trace, {.layer = "conv9"}),
                         "there is no layer 'conv9'; the layers are 0 conv1, 1 relu1, 2 maxpool1", OptionError);
    CHECK_THROWS_WITH_AS(strongest(trace, {.layer = 1, .map = 3}), "layer 'relu1' has no map 3: its maps are 0 … 0",
                         OptionError);
    CHECK_THROWS_WITH_AS(single_unit(trace, {.layer = 1, .y = 4}),
                         "layer 'relu1' has no position (4,0): its maps are 4x4", OptionError);
    CHECK_THROWS_WITH_AS(strongest_unit(trace, {.layer = 1}, 1),
                         "there is no picture 1 in the trace: its pictures are 0 … 0", OptionError);
    CHECK_THROWS_AS(feature_map(trace, 0, 1), OptionError);
    CHECK_THROWS_AS(feature_maps(trace, 0, 1), OptionError);
    CHECK_THROWS_AS(trace.switches("relu1"), OptionError);

    const auto other = deep();
    CHECK_THROWS_AS(deconvnet(other, trace, all_maps(trace, 0)), StateError);
    auto seed = all_maps(trace, 0);
    seed.signal = Tensor<double>({1, 1, 3, 3});
    CHECK_THROWS_AS(deconvnet(model, trace, seed), ShapeError);
    CHECK_THROWS_AS(all_maps(Trace<double>(), 0), StateError);
}
