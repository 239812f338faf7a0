// The figures of the experiments: what they show, on nets small enough to know it.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "deconvviz/figure/activations.hpp"
#include "deconvviz/figure/evolution.hpp"
#include "deconvviz/figure/occlusion.hpp"
#include "deconvviz/figure/reconstructions.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/relu.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;

namespace {

Sequential<float> small_model() {
    return Sequential<float>({1, 8, 8}, Conv2D<float>({.in = 1, .out = 4, .kernel = 3}), ReLU<float>(),
                             Flatten<float>(), Dense<float>({.in = 144, .out = 3}));
}

Tensor<float> noise(const Shape& shape) {
    Random random(4);
    Tensor<float> values(shape);
    for (float& value : values) value = static_cast<float>(random.uniform());
    return values;
}

/// How many pixels of an image have this colour.
Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

}  // namespace

TEST_CASE("figure: activations show the input and every map; the largest value has the end of the scale") {
    const auto model = small_model();
    const auto trace = model.trace(noise({1, 8, 8}));
    const Image rectified = figure::activations(trace, "relu1");
    CHECK(count(rectified, figure::color(figure::Colormap::sequential, 1)) > 100);
    CHECK(count(rectified, figure::color(figure::Colormap::sequential, 0)) > 100);
    const Image before = figure::activations(trace, "conv1");
    CHECK(count(before, figure::color(figure::Colormap::diverging, 1)) +
              count(before, figure::color(figure::Colormap::diverging, 0)) >
          100);
    const Image alone = figure::activations(trace, "relu1", {.title = "maps", .shared_range = false});
    CHECK(alone.width() < rectified.width());  // no colour bar
    CHECK_THROWS_AS(figure::activations(trace, "nothing"), OptionError);
    CHECK_THROWS_AS(figure::activations(trace, "relu1", {.picture = 1}), OptionError);
    CHECK_THROWS_AS(figure::activations(Trace<float>(), 0), StateError);
}

TEST_CASE("figure: a projection of zero is mid-grey, and a column of another shape is refused") {
    const auto pictures = noise({2, 1, 8, 8});
    const Tensor<float> nothing({2, 1, 8, 8});
    const Image image = figure::reconstructions<float>(pictures, {{"dead", nothing}}, {.row_headings = {"a", "b"}});
    // 8x8 pixels enlarged by 14 at a scale of 2, twice
    CHECK(count(image, {128, 128, 128}) >= 2 * (8 * 28 - 4) * (8 * 28 - 4));
    CHECK_THROWS_AS(figure::reconstructions<float>(pictures, {{"other", noise({1, 1, 8, 8})}}), ShapeError);
}

TEST_CASE("figure: occlusion marks in red where another class wins") {
    const auto model = small_model();
    const auto image = noise({1, 8, 8});
    auto map = occlusion_sensitivity(model, image, {.patch = 3, .target = 0});
    const Color red{200, 30, 30};
    std::fill(map.probabilities.begin(), map.probabilities.end(), 0.0F);
    for (Index r = 0; r < map.rows(); ++r)
        for (Index c = 0; c < map.columns(); ++c) map.probabilities(r, c, 0) = 1;
    CHECK(count(figure::occlusion_rows(image, map), red) == 0);
    map.probabilities(0, 0, 1) = 2;
    CHECK(count(figure::occlusion_rows(image, map, {.shown = {2, 2}}), red) > 100);
    CHECK_THROWS_AS(figure::occlusion_rows(image, map, {.shown = 0}), OptionError);

    std::fill(map.probability.begin(), map.probability.end(), 0.5F);
    map.probability(0, 0) = 0;
    map.probability(5, 5) = 1;
    const Image heat = figure::occlusion_heatmap(image, map);
    CHECK(count(heat, figure::color(figure::Colormap::sequential, 0)) > 100);
    CHECK(count(heat, figure::color(figure::Colormap::sequential, 1)) > 100);
    CHECK_THROWS_AS(figure::occlusion_heatmap(noise({1, 9, 8}), map), ShapeError);
}

TEST_CASE("figure: evolution has a column for each epoch, and frames of one size") {
    auto model = small_model();
    FeatureEvolution<float> evolution(noise({1, 8, 8}), {.layer = "relu1", .maps = {0, 2, 3}});
    CHECK_THROWS_AS(figure::evolution(evolution), OptionError);
    evolution.record(model, 0);
    const Image one = figure::evolution(evolution);
    model.layer<Conv2D<float>>(0).weights().fill(0.5F);
    for (int epoch = 1; epoch < 8; ++epoch) evolution.record(model, epoch);
    const Image two = figure::evolution(evolution);
    CHECK(two.width() > one.width());
    CHECK(two.height() == one.height());
    const Image fewer = figure::evolution(evolution, {.rows = {2}});
    CHECK(fewer.height() < two.height());
    CHECK_THROWS_AS(figure::evolution(evolution, {.rows = {3}}), OptionError);

    const Image first = figure::evolution_frame(evolution, 0, {.title = "before"});
    const Image second = figure::evolution_frame(evolution, 1, {.title = "after"});
    CHECK(first.width() == second.width());
    CHECK(first.height() == second.height());
    CHECK_THROWS_AS(figure::evolution_frame(evolution, 8), OptionError);
}
