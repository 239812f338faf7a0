// The figure of the whole occlusion experiment: what its panels show, on studies that are made up so that it is known.
#include "deconvviz/figure/occlusion_study.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/relu.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Colormap;
using figure::Image;

namespace {

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

/// 8x8 pictures, patch 2: 7x7 positions, three classes. All probability is with class 1, the activity is 4 everywhere.
OcclusionStudy<double> plain_study(Index channels = 1) {
    OcclusionStudy<double> study;
    study.image = Tensor<double>({channels, 8, 8}, 0.25);
    study.layer = "relu1";
    study.activity = Tensor<double>({7, 7}, 4.0);
    study.unoccluded_activity = 4;
    study.projection = Tensor<double>({channels, 8, 8});
    study.classes.target = 1;
    study.classes.unoccluded = 1;
    study.classes.probabilities = Tensor<double>({7, 7, 3});
    study.classes.probability = Tensor<double>({7, 7}, 1.0);
    for (Index i = 0; i < 49; ++i) study.classes.probabilities[3 * i + 1] = 1;
    study.classes.patch = 2;
    study.classes.stride = 1;
    study.classes.fill = 0.5;
    study.classes.image_height = study.classes.image_width = 8;
    return study;
}

void win(OcclusionStudy<double>& study, Index row, Index column, Index winner) {
    study.classes.probabilities(row, column, 1) = 0.1;
    study.classes.probabilities(row, column, winner) = 0.9;
    study.classes.probability(row, column) = winner == 1 ? 0.9 : 0.1;
}

/// A panel of 8x8 at a cell size of 40 and a scale of 2 has 10 pixels for one of the picture.
figure::OcclusionStudyFigureOptions small() {
    return {.cell_size = 40};
}

const Color largest = figure::color(Colormap::sequential, 1);

}  // namespace

TEST_CASE("figure occlusion study: a position is a block around the patch's centre, within the picture") {
    auto study = plain_study();
    const detail::PositionCanvas<double> canvas(study.classes, 10, Image(80, 80));
    CHECK(canvas.block(0, 0) == Window{5, 5, 10, 10});
    CHECK(canvas.block(6, 3) == Window{65, 35, 10, 10});
    study.classes.patch = {3, 7};
    study.classes.stride = {3, 6};  // rows at 0, 3 and 6, the last of which hangs over; columns at 0 and 6
    const detail::PositionCanvas<double> wide(study.classes, 10, Image(80, 80));
    CHECK(wide.block(0, 0) == Window{0, 5, 30, 60});
    CHECK(wide.block(2, 1) == Window{60, 65, 20, 15});
}

TEST_CASE("figure occlusion study: a position for each block of the heat maps, and its winner's colour") {
    auto study = plain_study();
    auto options = small();
    options.position = Size2D{3, 3};
    const Image image = figure::occlusion_study(study, options);
    // (b) and (d) are all at their largest but for the ring, which covers 18x18 pixels; so are the tops of two bars
    const Index blocks = 49 * 100 - (18 * 18 - 10 * 10);
    CHECK(count(image, largest) >= 2 * blocks);
    CHECK(count(image, largest) < 2 * blocks + 400);
    // (e) shows one winner, which is the only one of the legend: a square of 22x22
    CHECK(count(image, figure::palette(0)) == 4900 + 22 * 22);
    CHECK(count(image, figure::palette(1)) == 0);

    win(study, 0, 6, 2);
    win(study, 1, 6, 2);
    win(study, 4, 4, 0);
    study.activity(1, 5) = 0;
    const Image other = figure::occlusion_study(study, options);
    CHECK(count(other, figure::palette(0)) == 1 * 100 + 22 * 22);  // class 0
    CHECK(count(other, figure::palette(1)) == 46 * 100 + 22 * 22);
    CHECK(count(other, figure::palette(2)) == 2 * 100 + 22 * 22);
    CHECK(count(other, figure::color(Colormap::sequential, 0)) >= 100);
    CHECK(count(image, largest) - count(other, largest) == 400 - 4 * 4);  // the ring hides a corner
}

TEST_CASE("figure occlusion study: (a) shows the patch where the probability is lowest, or where it is asked for") {
    auto study = plain_study();
    study.image.fill(0);
    study.classes.fill = 1;
    win(study, 0, 0, 1);
    study.classes.probability(5, 2) = 0.05;
    const auto patched = [&](Size2D at) {
        return detail::patched_picture(study.image, study.classes, at, 10, {.scale = 1});
    };
    const Image lowest = patched({5, 2});
    CHECK(lowest(30, 60) == Color{255, 255, 255});  // rows 5 and 6, columns 2 and 3
    CHECK(lowest(30, 45) == Color{0, 0, 0});
    CHECK(lowest(45, 60) == Color{0, 0, 0});
    auto options = small();
    const Image by_default = figure::occlusion_study(study, options);
    options.position = Size2D{5, 2};
    CHECK(figure::occlusion_study(study, options) == by_default);
    options.position = Size2D{0, 0};
    CHECK(figure::occlusion_study(study, options) != by_default);
}

TEST_CASE("figure occlusion study: the own projection is framed, others stand beside it, their pictures if wanted") {
    auto study = plain_study(3);
    auto options = small();
    options.style.ink = {1, 2, 250};  // of the frame, and of text
    const Image alone = figure::occlusion_study(study, options);
    study.other_images = Tensor<double>({3, 3, 8, 8}, 0.75);
    study.other_projections = Tensor<double>({3, 3, 8, 8});
    const Image four = figure::occlusion_study(study, options);
    CHECK(four.height() == alone.height());
    CHECK(count(four, {128, 128, 128}) < count(alone, {128, 128, 128}));
    options.other_pictures = true;
    CHECK(figure::occlusion_study(study, options).width() > four.width() + 60);

    const std::vector<Image> pictures(4, Image(8, 8, {9, 9, 9}));
    const Image block = detail::framed_block(pictures, 80, options.style);
    CHECK(block.width() == 80);
    CHECK(count(block, options.style.ink) == 38 * 38 - 30 * 30);  // four pixels around one of 30x30
    CHECK(count(block, {9, 9, 9}) == 4 * 30 * 30);
    CHECK(detail::framed_block({Image(300, 200)}, 80, options.style).width() == 80);
}

TEST_CASE("figure occlusion study: a class has one colour in all rows, and the rows go below each other") {
    auto first = plain_study();
    auto second = plain_study();
    for (Index r = 0; r < 7; ++r)
        for (Index c = 0; c < 7; ++c) win(second, r, c, 2);
    auto options = small();
    options.class_names = {"cat", "dog", "frog"};
    const Image one = figure::occlusion_study(first, options);
    const Image both = figure::occlusion_study(std::vector<OcclusionStudy<double>>{first, second}, options);
    CHECK(both.height() > one.height() + 80);
    CHECK(count(both, figure::palette(0)) == 4900 + 22 * 22);
    CHECK(count(both, figure::palette(1)) == 4900 + 22 * 22);
    CHECK(figure::occlusion_study(std::vector<OcclusionStudy<double>>{first, second}, options) == both);
}

TEST_CASE("figure occlusion study: what occlusion_study returns is drawn, and what makes no sense is refused") {
    const Sequential<float> model({1, 8, 8}, Conv2D<float>({.in = 1, .out = 4, .kernel = 3}), ReLU<float>(),
                                  Flatten<float>(), Dense<float>({.in = 144, .out = 3}));
    const auto drawn = occlusion_study(model, Tensor<float>({1, 8, 8}, 0.5F), {.patch = 3, .stride = 2});
    CHECK(figure::occlusion_study(drawn, {.title = "one", .cell_size = 40}).width() > 400);

    auto study = plain_study();
    auto options = small();
    CHECK_THROWS_WITH_AS(figure::occlusion_study(std::vector<OcclusionStudy<double>>{}, options),
                         "occlusion study figure: expected at least one study, got none", OptionError);
    options.class_names = {"cat"};
    CHECK_THROWS_WITH_AS(figure::occlusion_study(study, options),
                         "occlusion study figure: expected 3 class names, got 1", OptionError);
    options = small();
    options.position = Size2D{7, 0};
    CHECK_THROWS_AS(figure::occlusion_study(study, options), OptionError);
    options = small();
    options.range = {1, 0};
    CHECK_THROWS_AS(figure::occlusion_study(study, options), OptionError);
    CHECK_THROWS_AS(figure::occlusion_study(plain_study(2), small()), ShapeError);
    CHECK_THROWS_AS(figure::occlusion_study(OcclusionStudy<double>{}, small()), ShapeError);
    study.activity(5, 5) = std::numeric_limits<double>::quiet_NaN();
    CHECK(count(figure::occlusion_study(study, small()), figure::nan_color) == 100);
}
