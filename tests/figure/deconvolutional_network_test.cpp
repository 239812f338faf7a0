// The figures of the adaptive deconvolutional network: that they show what they say.
#include "deconvviz/figure/deconvolutional_network.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;
using support::random_tensor;

namespace {

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

AdaptiveDeconvolutionalNetwork<float> small_network() {
    return {
        {1, 8, 8},
        {{.maps = 4, .filter = 3, .pool = {2, 2}, .lambda = 3}, {.maps = 3, .filter = 2, .pool = {1, 2}, .lambda = 2}}};
}

constexpr Color white{255, 255, 255}, black{0, 0, 0}, middle{128, 128, 128};

}  // namespace

TEST_CASE("figure: filters of a deconvolutional network have zero as mid-grey, and can be chosen") {
    auto network = small_network();
    Tensor<float> filters({4, 1, 3, 3});
    filters[0] = 1;
    filters[9] = -1;
    network.set_filters(0, filters);
    const Image all = figure::deconvolutional_filters(network, {.columns = 4});
    const Image one = figure::deconvolutional_filters(network, {.maps = {1}, .columns = 1});
    CHECK(count(one, black) > 500);
    CHECK(count(one, middle) > 7 * count(one, black));  // eight of nine
    CHECK(count(all, black) >= count(one, black));
    CHECK(all.width() > 3 * one.width() / 2);
    support::check_throws<OptionError>([&] { (void)figure::deconvolutional_filters(network, {.maps = {4}}); },
                                       {"filters figure", "map 4", "0 … 3"});
    const AdaptiveDeconvolutionalNetwork<float> odd({2, 8, 8}, {{}});
    CHECK_THROWS_AS((void)figure::deconvolutional_filters(odd), ShapeError);
}

TEST_CASE("figure: projections stand where the activation reaches, parts beyond the border are mid-grey") {
    const auto part = detail::cut_out(Tensor<float>({1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}), {0, 1, 2, 2}, 3);
    CHECK(part == Tensor<float>({1, 3, 3}, {0, 0, 0, 2, 3, 0, 5, 6, 0}));

    const auto network = small_network();
    const auto images = random_tensor<float>({5, 1, 8, 8}, 1);
    const auto code = infer(network, images);
    const Image nine = figure::deconvolutional_projections(network, code, 1, images, {.title = "layer 2"});
    const Image four = figure::deconvolutional_projections(network, code, 1, images, {.maps = {0}, .count = 4});
    CHECK(nine.width() > four.width());
    CHECK(count(nine, middle) > 100);
    auto negative = code;  // the sign of a map's strongest value is that of what is shown
    for (float& value : negative.layers[1].maps) value = -value;
    CHECK(figure::deconvolutional_projections(network, negative, 1, images, {.title = "layer 2"}) != nine);
    auto empty = code;
    std::ranges::fill(empty.layers[1].maps, 0.0F);  // nothing to show, but a figure
    CHECK(!figure::deconvolutional_projections(network, empty, 1, images).empty());
    CHECK_THROWS_AS((void)figure::deconvolutional_projections(network, code, 2, images), OptionError);
    CHECK_THROWS_AS((void)figure::deconvolutional_projections(network, code, 1, images.entry(0).reshaped({1, 1, 8, 8})),
                    ShapeError);
}

TEST_CASE("figure: reconstructions have a row a layer on the scale of the pictures") {
    const auto network = small_network();
    auto images = random_tensor<float>({2, 1, 8, 8}, 3, -0.01, 0.01);
    const auto set_row = [&](float value) { std::fill_n(&images(0, 0, 2, 2), 4, value); };
    set_row(2);
    std::fill_n(&images(1, 0, 5, 2), 4, -2.0F);  // of 128 values, more than one in a hundred
    const auto code = infer(network, images);
    const Image all = figure::deconvolutional_reconstructions(network, code, images);
    CHECK(count(all, black) > 200);
    set_row(0);  // no white pixel is left but those of the page
    const auto without = infer(network, images);
    CHECK(count(all, white) > 200 + count(figure::deconvolutional_reconstructions(network, without, images), white));
    set_row(2);
    const Image one = figure::deconvolutional_reconstructions(network, code, images, {1});
    CHECK(one.height() == all.height());
    CHECK(one.width() < all.width());
    CHECK_THROWS_AS((void)figure::deconvolutional_reconstructions(network, code, images, {2}), OptionError);
    CHECK(detail::quantile({3, 1, 2, 5, 4}, 0.5) == 3);
    CHECK(detail::quantile({}, 0.5) == 0);
    CHECK(detail::percent(0.314) == "31 %");
    CHECK(detail::percent(0.0042) == "0.4 %");
}

TEST_CASE("figure: costs and errors are drawn in the colours of their layers") {
    auto network = small_network();
    const auto images = random_tensor<float>({3, 1, 8, 8}, 2);
    std::vector<DeconvolutionalEpochReport> reports;
    const auto code =
        learn(network, images,
              {.epochs = 3, .on_epoch = [&](const DeconvolutionalEpochReport& report) { reports.push_back(report); }});
    for (const Image& image : {figure::inference_costs(code), figure::learning_errors(reports)}) {
        CHECK(count(image, figure::palette(0)) > 50);
        CHECK(count(image, figure::palette(1)) > 50);
        CHECK(count(image, figure::palette(2)) == 0);
    }
}
