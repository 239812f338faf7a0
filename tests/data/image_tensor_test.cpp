// From pictures to a network's input: sizes as Pillow computes them, crops, planes, normalisation.
#include "deconvviz/data/image_tensor.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "tensor_support.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;
using support::check_tensor_close;

TEST_CASE_TEMPLATE("resized: the values of Pillow's bilinear filter", TypeParam, float, double) {
    const Tensor<TypeParam> source({1, 5, 7},
                                   {0.0,  7.0,   28.0,  63.0, 112.0, 175.0, 1.0,  92.0,  197.0, 65.0, 198.0, 94.0,
                                    4.0,  179.0, 117.0, 69.0, 35.0,  15.0,  9.0,  17.0,  39.0,  75.0, 125.0, 189.0,
                                    16.0, 108.0, 214.0, 83.0, 217.0, 114.0, 25.0, 201.0, 140.0, 93.0, 60.0});
    // Pillow 9.4, mode F, Image.BILINEAR, to four digits
    check_tensor_close(
        resized(source, {3, 4}),
        Tensor<TypeParam>({1, 3, 4}, {60.63949966430664, 74.3313980102539, 108.4113998413086, 89.04080200195312,
                                      104.19580078125, 77.08889770507812, 53.16889953613281, 69.03170013427734,
                                      137.2041015625, 107.37139892578125, 128.72000122070312, 104.68710327148438}),
        1e-4, 1e-3);
    check_tensor_close(resized(source, {8, 9}),
                       Tensor<TypeParam>({1, 8, 9}, {0.0,
                                                     4.6666998863220215,
                                                     16.33329963684082,
                                                     35.777801513671875,
                                                     63.0,
                                                     101.11109924316406,
                                                     147.0,
                                                     117.0,
                                                     1.0,
                                                     40.25,
                                                     73.5,
                                                     69.70829772949219,
                                                     61.493099212646484,
                                                     122.0625,
                                                     108.11109924316406,
                                                     101.9375,
                                                     93.08329772949219,
                                                     78.875,
                                                     93.5625,
                                                     157.1875,
                                                     133.05560302734375,
                                                     90.55560302734375,
                                                     186.5625,
                                                     110.4375,
                                                     42.090301513671875,
                                                     59.95830154418945,
                                                     170.25,
                                                     109.1875,
                                                     109.0625,
                                                     80.27780151367188,
                                                     50.555599212646484,
                                                     72.1875,
                                                     43.70140075683594,
                                                     22.993099212646484,
                                                     36.20830154418945,
                                                     82.75,
                                                     103.875,
                                                     92.29170227050781,
                                                     85.0,
                                                     68.05560302734375,
                                                     15.3125,
                                                     34.465301513671875,
                                                     61.39580154418945,
                                                     69.95829772949219,
                                                     52.75,
                                                     77.625,
                                                     106.875,
                                                     147.22219848632812,
                                                     143.05560302734375,
                                                     15.9375,
                                                     82.72920227050781,
                                                     157.29859924316406,
                                                     161.2082977294922,
                                                     80.25,
                                                     154.875,
                                                     130.8332977294922,
                                                     109.00689697265625,
                                                     101.93060302734375,
                                                     120.0625,
                                                     124.68060302734375,
                                                     137.07640075683594,
                                                     120.64579772949219,
                                                     70.0625,
                                                     217.0,
                                                     148.3332977294922,
                                                     74.44439697265625,
                                                     64.11109924316406,
                                                     201.0,
                                                     153.55560302734375,
                                                     113.88890075683594,
                                                     82.0,
                                                     60.0}),
                       1e-4, 1e-3);
    check_tensor_close(
        resized(source, {5, 2}),
        Tensor<TypeParam>({1, 5, 2}, {27.348800659179688, 93.97669982910156, 134.23260498046875, 99.4884033203125,
                                      57.372100830078125, 20.488399505615234, 111.97679901123047, 125.4884033203125,
                                      128.76739501953125, 110.95349884033203}),
        1e-4, 1e-3);
    check_tensor_close(resized(source, {1, 1}), Tensor<TypeParam>({1, 1, 1}, {88.07969665527344}), 1e-4, 1e-3);
    CHECK(resized(source, {5, 7}) == source);
}

TEST_CASE("resized: constant planes stay constant, planes do not mix, bad sizes are refused") {
    Tensor<double> planes({2, 9, 4});
    std::ranges::fill(planes.slice(0), 3.0);
    std::ranges::fill(planes.slice(1), -1.0);
    const auto out = resized(planes, {4, 17});
    for (Index i = 0; i < 4 * 17; ++i) {
        CHECK(out[i] == doctest::Approx(3));
        CHECK(out[4 * 17 + i] == doctest::Approx(-1));
    }
    CHECK_THROWS_AS(resized(planes, {0, 3}), OptionError);
    CHECK_THROWS_AS(resized(Tensor<double>({9, 4}), {2, 2}), ShapeError);
}

TEST_CASE("image tensor: planes in the order asked for") {
    Image image(2, 1);
    image(0, 0) = {10, 20, 30};
    image(1, 0) = {40, 50, 60};
    CHECK(image_tensor<double>(image, {.scale = 1}) == Tensor<double>({3, 1, 2}, {10, 40, 20, 50, 30, 60}));
    CHECK(image_tensor<double>(image, {.channels = Channels::bgr, .scale = 1}) ==
          Tensor<double>({3, 1, 2}, {30, 60, 20, 50, 10, 40}));
    check_tensor_close(image_tensor<double>(image, {.channels = Channels::grey, .scale = 1}),
                       Tensor<double>({1, 1, 2}, {0.299 * 10 + 0.587 * 20 + 0.114 * 30, 48.15}), 1e-12);
}

TEST_CASE("image tensor: mean and deviation act behind the scale, plane by plane") {
    Image image(1, 1);
    image(0, 0) = {255, 51, 0};
    const ImageTensorOptions each{.mean = {0.5, 0.2, 0.1}, .deviation = {0.5, 2, 0.1}};
    check_tensor_close(image_tensor<double>(image, each), Tensor<double>({3, 1, 1}, {1, 0, -1}), 1e-12, 1e-12);
    check_tensor_close(image_tensor<double>(image, {.mean = {0.2}, .deviation = {0.4}}),
                       Tensor<double>({3, 1, 1}, {2, 0, -0.5}), 1e-12, 1e-12);
    CHECK_THROWS_AS(image_tensor<double>(image, {.mean = {1, 2}}), OptionError);
    CHECK_THROWS_AS(image_tensor<double>(image, {.deviation = {0.0}}), OptionError);
}

TEST_CASE("image tensor: the shorter side is brought to a length, then the middle is cut out") {
    Image image(40, 20, {255, 0, 0});
    image.fill(15, 0, 10, 20, {0, 255, 0});
    CHECK(image_tensor<float>(image, {.short_side = 10}).shape() == Shape{3, 10, 20});
    const auto middle = image_tensor<float>(image, {.short_side = 10, .crop = {10, 3}});
    CHECK(middle == Tensor<float>({3, 10, 3}, [] {
              std::vector<float> values(90, 0.0F);
              std::fill(values.begin() + 30, values.begin() + 60, 1.0F);
              return values;
          }()));
    CHECK(image_tensor<float>(image, {.size = {5, 7}}).shape() == Shape{3, 5, 7});
    CHECK(image_tensor<float>(image, {.crop = {0, 8}}).shape() == Shape{3, 20, 8});
    CHECK_THROWS_AS(image_tensor<float>(image, {.crop = 21}), OptionError);
    CHECK_THROWS_AS(image_tensor<float>(image, {.short_side = 8, .size = 8}), OptionError);
    CHECK_THROWS_AS(image_tensor<float>(image, {.short_side = -1}), OptionError);
    CHECK_THROWS_WITH_AS(
        image_tensor<float>(Image(1, 200), {.short_side = 224}),
        "picture: a short side of 224 would make 44800x224 of 200x1, expected at most 32768 pixels a side",
        OptionError);
    CHECK_THROWS_AS(image_tensor<float>(Image()), OptionError);
}
