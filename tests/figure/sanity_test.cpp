// The figures of ways back and of the sanity checks: what they show, on nets small enough to know it.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/figure/class_swap.hpp"
#include "deconvviz/figure/randomisation.hpp"
#include "deconvviz/figure/recovered_image.hpp"
#include "deconvviz/figure/ways_back.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;

namespace {

Sequential<float> small_model() {
    return Sequential<float>({1, 8, 8}, Conv2D<float>({.in = 1, .out = 4, .kernel = 3}), ReLU<float>(),
                             MaxPool2D<float>(), Flatten<float>(), Dense<float>({.in = 36, .out = 3}));
}

Tensor<float> pictures() {
    return support::random_tensor<float>({3, 1, 8, 8}, 4);
}

template <class Test, class Make>
std::vector<Test> of_ways(const Make& make) {
    std::vector<Test> all;
    for (const WayBack& way : {WayBack::gradient(), WayBack::saliency()})
        all.push_back(make(small_model(), pictures(), way));
    return all;
}

std::vector<Randomisation<float>> randomisations() {
    return of_ways<Randomisation<float>>([](const auto& model, const auto& images, const WayBack& way) {
        return cascading_randomisation(model, images, way);
    });
}

std::vector<ClassSwap<float>> swaps() {
    return of_ways<ClassSwap<float>>(
        [](const auto& model, const auto& images, const WayBack& way) { return class_swap(model, images, way); });
}

std::vector<RecoveredImage<float>> recovered() {
    return of_ways<RecoveredImage<float>>(
        [](const auto& model, const auto& images, const WayBack& way) { return recovered_image(model, images, way); });
}

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

Color scale_end(double t) {
    return figure::color(figure::Colormap::sequential, t);
}

}  // namespace

TEST_CASE("figure: a map with signs has zero as mid-grey, a saliency map lies on the scale from zero") {
    const Tensor<float> map({1, 1, 5}, {-2, -1, 0, 1, 2});
    const Image with_signs = figure::way_back_picture(map, MapValue::signal, 1);
    CHECK(with_signs(0, 0) == Color{0, 0, 0});
    CHECK(with_signs(2, 0) == Color{128, 128, 128});
    CHECK(with_signs(4, 0) == Color{255, 255, 255});
    const Image without = figure::way_back_picture(Tensor<float>({1, 1, 3}, {0, 1, 2}), MapValue::channel_maximum, 1);
    CHECK(without(0, 0) == scale_end(0));
    CHECK(without(1, 0) == scale_end(0.5));
    CHECK(without(2, 0) == scale_end(1));
    const Image dead = figure::way_back_picture(Tensor<float>({3, 2, 2}), MapValue::signal);
    CHECK(count(dead, Color{128, 128, 128}) == 4);
    CHECK(count(figure::way_back_picture(Tensor<float>({2, 2}), MapValue::channel_maximum), scale_end(0)) == 4);
    CHECK_THROWS_AS(figure::way_back_picture(Tensor<float>({2, 2, 2}), MapValue::signal), ShapeError);
}

TEST_CASE("figure: a clip gives the few largest values the end of the scale, but never hides all") {
    Tensor<float> map({1, 1, 11});
    for (Index i = 0; i < 11; ++i) map[i] = static_cast<float>(i);
    map[10] = 1000;
    const Image clipped = figure::way_back_picture(map, MapValue::channel_maximum, 0.9);
    CHECK(clipped(9, 0) == scale_end(1));
    CHECK(clipped(10, 0) == scale_end(1));
    CHECK(clipped(8, 0) != scale_end(1));
    // Nine in ten values are zero: the scale reaches to the largest.
    const Image sparse = figure::way_back_picture(Tensor<float>({1, 1, 3}, {0, 0, 5}), MapValue::channel_maximum, 0.5);
    CHECK(sparse(2, 0) == scale_end(1));
    CHECK(sparse(0, 0) == scale_end(0));
    for (const double clip : {0.0, -1.0, 1.1, std::nan("")})
        support::check_throws<OptionError>([&] { figure::way_back_picture(map, MapValue::signal, clip); }, {"clip"});
}

TEST_CASE("figure: ways back have a row for each picture and a column for each way") {
    const auto images = pictures();
    const auto model = small_model();
    std::vector<figure::WayBackColumn<float>> columns;
    for (const WayBack& way : {WayBack::gradient(), WayBack::saliency()})
        columns.push_back({way, explain(model, images, {}, way)});
    const Image both = figure::ways_back(images, columns, {.row_headings = {"a", "b", "c"}});
    CHECK(count(both, scale_end(1)) >= 3 * 20 * 20);  // of each saliency map the largest pixel, enlarged
    columns.pop_back();
    const Image one = figure::ways_back(images, columns, {.row_headings = {"a", "b", "c"}});
    CHECK(one.width() < both.width());
    CHECK(one.height() == both.height());
    CHECK(count(one, scale_end(1)) == 0);
    columns[0].maps = Tensor<float>({2, 1, 8, 8});
    support::check_throws<ShapeError>([&] { figure::ways_back(images, columns); },
                                      {"ways back", "gradient", "(3,1,8,8)", "(2,1,8,8)"});
    columns[0].maps = Tensor<float>({3, 1, 8, 9});
    CHECK_THROWS_AS(figure::ways_back(images, columns), ShapeError);
}

TEST_CASE("figure: randomisation shows each way at each stage, and charts of all measures") {
    const auto images = pictures();
    auto tests = randomisations();
    const Image maps = figure::randomisation_maps(images, tests);
    CHECK(count(maps, scale_end(1)) >= 3 * 18 * 18);  // saliency: the original and two stages
    const Image two = figure::randomisation_maps(images, tests, {.pictures = {0, 2}});
    CHECK(two.width() == maps.width());
    CHECK(two.height() > maps.height() * 3 / 2);
    const Image charts = figure::randomisation_charts(tests);
    for (const Index way : {0, 1}) CHECK(count(charts, figure::palette(way)) > 100);

    support::check_throws<OptionError>([&] { figure::randomisation_maps(images, tests, {.pictures = {3}}); },
                                       {"no picture 3", "gradient", "has 3"});
    support::check_throws<OptionError>([&] { figure::randomisation_charts(std::vector<Randomisation<float>>()); },
                                       {"no test"});
    tests[1].stages.pop_back();
    support::check_throws<OptionError>([&] { figure::randomisation_charts(tests); }, {"same layers", "saliency"});
}

TEST_CASE("figure: a similarity that is not defined is a dash below its map and a gap in the chart") {
    auto tests = randomisations();
    tests.resize(1);
    for (auto& stage : tests[0].stages) {
        stage.mean = {};
        for (auto& similarity : stage.similarity) similarity = {};
    }
    CHECK(detail::two_digits(tests[0].stages[0].mean.rank) == "-");
    CHECK(detail::two_digits(-0.001) == "0.00");
    CHECK(detail::two_digits(-0.126) == "-0.13");
    CHECK(!figure::randomisation_maps(pictures(), tests).empty());
    const Image charts = figure::randomisation_charts(tests);
    CHECK(count(charts, figure::palette(0)) > 10);  // the original
}

TEST_CASE("figure: class swap has two rows a picture, names of classes and a chart of ways") {
    const auto images = pictures();
    const auto tests = swaps();
    const Image one = figure::class_swap_maps(images, tests);
    const Image two = figure::class_swap_maps(images, tests, {.pictures = {0, 1}});
    CHECK(two.height() > one.height() * 3 / 2);
    CHECK(count(one, scale_end(1)) >= 2 * 18 * 18);
    const Image named = figure::class_swap_maps(images, tests, {.class_names = {"a", "b", "quite a long name"}});
    CHECK(named.width() != one.width());
    support::check_throws<OptionError>(
        [&] {
            figure::class_swap_maps(images, tests, {.pictures = {0, 1, 2}, .class_names = {"only one"}});
        },
        {"class swap figure", "has no name"});
    support::check_throws<OptionError>([&] { figure::class_swap_maps(images, tests, {.pictures = {-1}}); },
                                       {"no picture -1"});
    const Image chart = figure::class_swap_chart(tests);
    for (const Index measure : {0, 1, 2}) CHECK(count(chart, figure::palette(measure)) > 100);
    CHECK_THROWS_AS(figure::class_swap_chart(std::vector<ClassSwap<float>>()), OptionError);
}

TEST_CASE("figure: recovered image shows the trained and the random network, and a chart of both") {
    const auto images = pictures();
    const auto tests = recovered();
    const Image maps = figure::recovered_image_maps(images, tests, {.pictures = {1}});
    CHECK(count(maps, scale_end(1)) >= 2 * 18 * 18);
    const Image chart = figure::recovered_image_chart(tests);
    for (const Index measure : {0, 1, 2}) {
        CHECK(count(chart, figure::palette(measure)) > 100);
        CHECK(count(chart, figure::mix(figure::palette(measure), figure::white, 0.55)) > 100);
    }
    CHECK_THROWS_AS(figure::recovered_image_maps(images, tests, {.pictures = {5}}), OptionError);
    CHECK_THROWS_AS(figure::recovered_image_chart(std::vector<RecoveredImage<float>>()), OptionError);
}
