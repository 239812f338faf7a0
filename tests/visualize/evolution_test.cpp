#include "deconvviz/visualize/evolution.hpp"

#include <doctest/doctest.h>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/relu.hpp"

using namespace deconvviz;

TEST_CASE("evolution: frames hold the maps and projections of the model as it was") {
    Sequential<double> model({1, 5, 5}, Conv2D<double>({.in = 1, .out = 3, .kernel = 3}), ReLU<double>());
    Random random(3);
    Tensor<double> image({1, 5, 5});
    for (double& value : image) value = random.uniform();
    FeatureEvolution<double> evolution(image, {.layer = "relu1", .maps = {2, 0}});
    evolution.record(model, 0);
    const auto before = model.trace(image);
    for (double& weight : model.layer<Conv2D<double>>(0).weights()) weight = -weight;
    evolution.record(model, 1);
    const auto after = model.trace(image);

    REQUIRE(evolution.frames().size() == 2);
    for (const auto& [frame, trace] : {std::pair{evolution.frames()[0], before}, {evolution.frames()[1], after}}) {
        CHECK(frame.feature_maps.entry(0) == feature_map(trace, "relu1", 2));
        CHECK(frame.feature_maps.entry(1) == feature_map(trace, "relu1", 0));
        CHECK(frame.strongest[0].map == 2);
        CHECK(frame.projections.shape() == Shape{2, 1, 5, 5});
    }
    CHECK(evolution.frames()[1].epoch == 1);
    CHECK(evolution.frames()[1].projections.entry(1) ==
          deconvnet(model, after, strongest(after, {.layer = 1, .map = 0})).entry(0));
}

TEST_CASE("evolution: all maps where none are chosen; unknown layers, maps and wrong images are refused") {
    const Sequential<double> model({1, 5, 5}, Conv2D<double>({.in = 1, .out = 3, .kernel = 3}));
    const Tensor<double> image({1, 5, 5}, 1.0);
    FeatureEvolution<double> all(image, {.layer = 0});
    all.record(model, 0);
    CHECK(all.maps() == std::vector<Index>{0, 1, 2});
    CHECK_THROWS_AS(FeatureEvolution<double>(image, {.layer = 7}).record(model, 0), OptionError);
    CHECK_THROWS_AS(FeatureEvolution<double>(image, {.layer = 0, .maps = {3}}).record(model, 0), OptionError);
    CHECK_THROWS_AS(FeatureEvolution<double>(Tensor<double>({1, 6, 5}), {.layer = 0}).record(model, 0), ShapeError);
    CHECK_THROWS_AS(FeatureEvolution<double>(Tensor<double>({2, 1, 5, 5}), {.layer = 0}).record(model, 0), ShapeError);
}
