#include "deconvviz/figure/autoencoder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace deconvviz;
using figure::Color;
using figure::Image;

namespace {

/// Two pictures of one grey each.
Tensor<float> greys(float first, float second) {
    Tensor<float> pictures({2, 1, 4, 4});
    std::ranges::fill(pictures.slice(0), first);
    std::ranges::fill(pictures.slice(1), second);
    return pictures;
}

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

/// Pixels of one picture in a figure: 4x4, enlarged to a cell of 40 at a scale of 2, less what a frame takes.
constexpr Index at_least = 70 * 70;
constexpr Index at_most = 81 * 81;

}  // namespace

TEST_CASE("figure: reconstructions are drawn on the scale of the pictures and cut off at its ends") {
    const Image image = figure::autoencoder<float>(
        greys(0.2F, 0.6F), {{"true", greys(0.4F, 1.7F)}, {"none", greys(0.8F, -3)}}, {.cell_size = 40});
    for (const int grey : {51, 153, 102, 204}) {
        CAPTURE(grey);
        const auto g = static_cast<std::uint8_t>(grey);
        const Index found = count(image, {g, g, g});
        CHECK(found >= at_least);
        CHECK(found <= at_most);
    }
    CHECK(count(image, figure::black) >= at_least);
    const Image narrower = figure::autoencoder<float>(greys(0, 1), {{"true", greys(0, 1)}}, {.cell_size = 40});
    CHECK(narrower.width() < image.width());
    CHECK_THROWS_AS(figure::autoencoder<float>(greys(0, 1), {{"other", Tensor<float>({1, 1, 4, 4})}}), ShapeError);
    CHECK_THROWS_AS(figure::autoencoder<float>(Tensor<float>({1, 4, 4}), {}), ShapeError);
}

TEST_CASE("figure: the exchange has the pictures at the left and above, and a frame on the diagonal") {
    Tensor<float> exchanged({2, 2, 1, 4, 4});
    for (Index i = 0; i < 4; ++i) std::fill_n(exchanged.data() + 16 * i, 16, 0.2F * static_cast<float>(i + 1));
    const Image image = figure::where_exchange(greys(0, 1), exchanged, {.cell_size = 40});
    for (const int grey : {51, 102, 153, 204}) {
        const auto g = static_cast<std::uint8_t>(grey);
        CHECK(count(image, {g, g, g}) >= at_least);
        CHECK(count(image, {g, g, g}) <= at_most);
    }
    CHECK(count(image, figure::black) >= 2 * at_least);
    CHECK(count(image, figure::palette(0)) > 200);
    CHECK_THROWS_AS(figure::where_exchange(greys(0, 1), greys(0, 1)), ShapeError);
}

TEST_CASE("figure: accuracies have a line for each curve, with error bars") {
    const std::vector<LabelPoint> points{{.labels = 30, .mean = 0.5, .deviation = 0.01, .accuracies = {}},
                                         {.labels = 300, .mean = 0.8, .deviation = 0.01, .accuracies = {}}};
    auto higher = points;
    for (auto& point : higher) point.mean += 0.1;
    auto wide = higher;
    for (auto& point : wide) point.deviation = 0.2;
    const Image two = figure::accuracy_by_labels({{"pixels", points}, {"learned", higher}});
    CHECK(count(two, figure::palette(0)) > 100);
    CHECK(count(two, figure::palette(1)) > 100);
    const Image bars = figure::accuracy_by_labels({{"pixels", points}, {"learned", wide}});
    CHECK(count(bars, figure::palette(1)) > count(two, figure::palette(1)));
    CHECK(count(figure::accuracy_by_labels({{"pixels", points}}), figure::palette(1)) == 0);
}
