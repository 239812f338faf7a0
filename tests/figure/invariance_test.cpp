#include "deconvviz/figure/invariance.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;
using support::check_throws;
using support::random_tensor;

namespace {

Sequential<float> model() {
    return Sequential<float>(
        {1, 8, 8}, Conv2D<float>({.in = 1, .out = 1, .kernel = 1}, Tensor<float>({1, 1, 1, 1}, {1}), {}),
        Flatten<float>(), Dense<float>({.in = 64, .out = 2}, random_tensor<float>({2, 64}, 1), {}));
}

std::vector<Invariance<float>> measured(const Tensor<float>& images, const std::vector<LayerId>& layers) {
    std::vector<Invariance<float>> rows;
    const std::vector<int> labels(static_cast<std::size_t>(images.shape()[0]), 1);
    for (const auto transformation : {Transformation::translation_x, Transformation::rotation})
        rows.push_back(invariance(model(), images, labels, {.transformation = transformation, .layers = layers}));
    return rows;
}

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

/// Columns in which the colour occurs.
Index columns_with(const Image& image, Color wanted) {
    Index found = 0;
    for (Index x = 0; x < image.width(); ++x) {
        bool here = false;
        for (Index y = 0; y < image.height(); ++y) here = here || image(x, y) == wanted;
        found += here ? 1 : 0;
    }
    return found;
}

}  // namespace

TEST_CASE("figure: invariance has a frame and curves in the colour of each picture, and a row for each result") {
    const auto images = random_tensor<float>({3, 1, 8, 8}, 2, 0, 1);
    const auto rows = measured(images, {"conv1", "dense1"});
    const Image two = figure::invariance(images, rows, {.title = "t", .names = {"a", "b", "c"}});
    const Image one = figure::invariance(images, {rows[0]}, {.title = "t", .names = {"a", "b", "c"}});
    CHECK(two.height() > one.height() + 200);
    for (Index n = 0; n < 3; ++n) {
        // Five frames of 40x40 units (two pixels each), two units thick, in each row; curves in three charts beside.
        CHECK(count(two, figure::palette(n)) > 2 * 5 * 4 * 80 * 4);
        CHECK(columns_with(two, figure::palette(n)) > 5 * 88 + 3 * 200);
    }
    CHECK(count(two, figure::palette(3)) == 0);
    const Image fewer = figure::invariance(images, rows, {.shown = 1});
    CHECK(fewer.width() < two.width());
    CHECK(figure::invariance(images, measured(images, {"conv1"})).width() < two.width() - 400);
}

TEST_CASE("figure: invariance draws the pictures as they were transformed") {
    // A white column at the left of a black picture; moved to the right by 3, it lies in the middle.
    Tensor<float> images({1, 1, 8, 8});
    for (Index y = 0; y < 8; ++y) images(0, 0, y, 0) = 1;
    const auto result = invariance(model(), images, {0},
                                   {.transformation = Transformation::translation_x,
                                    .amounts = {3},
                                    .border = {.rule = BorderRule::constant, .fill = 0}});
    figure::InvarianceFigureOptions options{.names = {" "}, .cell_size = 8};
    options.style.scale = 1;
    options.style.background = {1, 2, 3};
    const Image image = figure::invariance(images, {result}, options);
    const Color frame = figure::palette(0);
    Index left = -1, top = -1;  // the frame's upper left corner: two rows of twelve in its colour
    for (Index y = 0; y + 12 < image.height() && left < 0; ++y)
        for (Index x = 0; x + 12 < image.width() && left < 0; ++x) {
            bool row = true;
            for (Index i = 0; i < 12; ++i) row = row && image(x + i, y) == frame && image(x + i, y + 11) == frame;
            if (row) left = x, top = y;
        }
    REQUIRE(left >= 0);
    for (Index x = 0; x < 8; ++x) CHECK(image(left + 2 + x, top + 5) == (x == 3 ? figure::white : figure::black));
}

TEST_CASE("figure: invariance leaves gaps where a distance is not finite, and draws flat curves") {
    auto images = random_tensor<float>({2, 1, 8, 8}, 3, 0, 1);
    const auto sound = measured(images, {"conv1"});
    images(0, 0, 4, 4) = std::numeric_limits<float>::quiet_NaN();
    const auto broken = measured(images, {"conv1"});
    const Index before = count(figure::invariance(images, sound), figure::palette(0));
    const Image image = figure::invariance(images, broken);
    CHECK(count(image, figure::palette(0)) < before);
    CHECK(count(image, figure::nan_color) > 100);
    CHECK(count(figure::invariance_means(broken), figure::palette(0)) > 100);  // the mean of the sound picture

    const Tensor<float> nothing({1, 1, 8, 8});
    const auto flat = measured(nothing, {"conv1"});
    CHECK(count(figure::invariance(nothing, flat), figure::palette(0)) > 100);
    CHECK(count(figure::invariance(nothing, flat, {.shared_scale = false}), figure::palette(0)) > 100);
}

TEST_CASE("figure: mean curves have a line for each layer and one for the probability") {
    const auto images = random_tensor<float>({3, 1, 8, 8}, 4, 0, 1);
    const auto rows = measured(images, {"conv1", "dense1"});
    const Image image = figure::invariance_means(rows, {.title = "means"});
    for (Index l = 0; l < 2; ++l) CHECK(columns_with(image, figure::palette(l)) > 300);
    CHECK(count(image, figure::palette(2)) == 0);
    CHECK(figure::invariance_means(rows, {.chart_width = 120}).width() < image.width());
    CHECK(figure::invariance_means(rows, {.shared_scale = false}) != figure::invariance_means(rows));
}

TEST_CASE("figure: invariance refuses what does not go together") {
    const auto images = random_tensor<float>({2, 1, 8, 8}, 5);
    auto rows = measured(images, {"conv1"});
    check_throws<OptionError>([&] { figure::invariance(images, std::vector<Invariance<float>>{}); },
                              {"at least one transformation"});
    check_throws<OptionError>([&] { figure::invariance_means(std::vector<Invariance<float>>{}); },
                              {"at least one transformation"});
    check_throws<ShapeError>([&] { figure::invariance(images.entry(0), rows); }, {"2 pictures (N,C,H,W), got (1,8,8)"});
    check_throws<ShapeError>([&] { figure::invariance(Tensor<float>({3, 1, 8, 8}), rows); }, {"got (3,1,8,8)"});
    check_throws<OptionError>([&] { figure::invariance(images, rows, {.names = {"a"}}); }, {"2 names, got 1"});
    check_throws<OptionError>([&] { figure::invariance(images, rows, {.shown = 0}); }, {"amount shown, got 0"});
    CHECK_THROWS_AS(figure::invariance(images, rows, {.chart_width = 10}), OptionError);
    CHECK_THROWS_AS(figure::invariance(images, rows, {.cell_size = 0}), OptionError);
    rows[1].layers = {"dense1"};
    check_throws<OptionError>([&] { figure::invariance(images, rows); }, {"same pictures, layers and distance"});
}
