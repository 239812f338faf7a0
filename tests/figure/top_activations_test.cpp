// The figures of top activations and of evolution over a data set: what stands where, counted in pixels.
#include "deconvviz/figure/top_activations.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "deconvviz/figure/dataset_evolution.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;
using support::check_throws;

namespace {

constexpr Color grey{128, 128, 128};

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

/// Two maps, crops of 4x4: the first with `entries` entries, the second dead. A projection is zero but for two corners
/// of ±height, a patch all of one value.
TopProjections<float> by_hand(Index entries, Index channels = 1) {
    TopProjections<float> tops{"relu1", 9, {channels, 8, 8}, {channels, 4, 4}, {{3, {}}, {5, {}}}};
    for (Index k = 0; k < entries; ++k) {
        TopProjection<float> entry;
        entry.projection = Tensor<float>(tops.crop);
        entry.projection(0, 0, 0) = static_cast<float>(k + 1);
        entry.projection(0, 3, 3) = -static_cast<float>(k + 1);
        entry.window = {2, 0, 4, 4};
        entry.patch = Tensor<float>(tops.crop, k % 2 == 0 ? 1.0F : 0.25F);
        tops.maps[0].entries.push_back(entry);
    }
    return tops;
}

constexpr Index pixel = 20 * 20;  // of a crop, enlarged from 4 to 80 pixels

}  // namespace

TEST_CASE("top activations figure: zero is mid-grey, each projection on its own scale, empty places are pale") {
    const Color pale = detail::empty_place({});
    const Image four = figure::top_activations(by_hand(4));
    CHECK(count(four, grey) == 4 * 14 * pixel);
    CHECK(count(four, {64, 64, 64}) == 2 * 16 * pixel);  // patches of 1/4
    CHECK(count(four, pale) == (5 + 9) * 2 * 16 * pixel);
    const Image nine = figure::top_activations(by_hand(9));
    CHECK(nine.width() == four.width());
    CHECK(nine.height() == four.height());
    CHECK(count(nine, grey) == 9 * 14 * pixel);
    CHECK(count(nine, pale) == 9 * 2 * 16 * pixel);

    // on one scale of the map, half of the largest value is half-way to white
    const Image scaled = figure::top_activations(by_hand(4), {.scale = figure::ProjectionScale::map});
    CHECK(count(scaled, {191, 191, 191}) == pixel);
    CHECK(count(four, {191, 191, 191}) == 0);
    CHECK(figure::top_activations(by_hand(4), {.scale = figure::ProjectionScale::figure}) == scaled);
    const Image strong = figure::top_activations(by_hand(4), {.scale = figure::ProjectionScale::map, .contrast = 2});
    CHECK(count(strong, {191, 191, 191}) == pixel);  // a quarter of the largest
    CHECK(strong != scaled);
    CHECK(count(figure::top_activations(by_hand(4), {.patch_range = figure::ValueRange{0, 0.5}}), {64, 64, 64}) == 0);
}

TEST_CASE("top activations figure: patches are grey beyond the border of the picture, or as they are") {
    auto tops = by_hand(1);
    tops.maps[0].entries[0].window = {-1, 6, 4, 4};  // a row above and two columns to the right are not there
    CHECK(count(figure::top_activations(tops), grey) == (14 + 10) * pixel);
    const Color blue{0, 0, 255};
    CHECK(count(figure::top_activations(tops, {.beyond = blue}), blue) == 10 * pixel);
    CHECK(count(figure::top_activations(tops, {.beyond = std::nullopt}), grey) == 14 * pixel);
}

TEST_CASE("top activations figure: colour, one map, larger ranges") {
    auto tops = by_hand(1, 3);
    tops.maps.pop_back();
    const Image image = figure::top_activations(tops);
    CHECK(count(image, {255, 128, 128}) == pixel);
    CHECK(count(image, {0, 128, 128}) == pixel);
    tops.maps[0].entries[0].patch.fill(-1);
    tops.maps[0].entries[0].patch(1, 0, 0) = 3;
    CHECK(count(figure::top_activations(tops), {0, 255, 0}) == pixel);
}

TEST_CASE("top activations figure: what cannot be drawn is refused") {
    TopProjections<float> none{"relu1", 9, {1, 8, 8}, {1, 4, 4}, {}};
    check_throws<OptionError>([&] { figure::top_activations(none); }, {"no maps"});
    check_throws<OptionError>([] { figure::top_activations(by_hand(1), {.contrast = 0}); }, {"contrast"});
    check_throws<OptionError>([] { figure::top_activations(by_hand(1), {.tile_size = 0}); }, {"tile size"});
    check_throws<ShapeError>([] { figure::top_activations(by_hand(1, 2)); }, {"(2,4,4)"});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(figure::top_activations(by_hand(1), {.patch_range = figure::ValueRange{0, nan}}), OptionError);
}

TEST_CASE("dataset evolution figure: a frame where another picture took over, pale where nothing was active") {
    Sequential<float> model({1, 1, 2}, Conv2D<float>({.in = 1, .out = 1, .kernel = {1, 2}}), ReLU<float>());
    auto& weights = model.layer<Conv2D<float>>(0).weights();
    const Tensor<float> images({2, 1, 1, 2}, {1, 0, 0, 0.5F});
    DatasetEvolution<float> evolution({.layers = {{0}, {1}}});
    check_throws<OptionError>([&] { figure::dataset_evolution(evolution); }, {"no epoch"});
    const Color jump{214, 69, 26};
    const Color pale = detail::empty_place({});
    const auto record = [&](float left, float right) {
        weights[0] = left;
        weights[1] = right;
        evolution.record(model, images, static_cast<int>(evolution.frames().size()));
        return figure::dataset_evolution(evolution, {.subtitle = "short"});
    };
    const Image one = record(3, 1);
    CHECK(count(one, jump) == 0);
    CHECK(count(one, pale) == 0);
    const Image two = record(1, 4);
    const Index framed = count(two, jump);
    CHECK(framed > 100);
    CHECK(two.width() > one.width());
    CHECK(two.height() == one.height());
    const Image three = record(-1, -1);
    CHECK(count(three, jump) == framed);
    CHECK(count(three, pale) == 2 * 112 * (2 * 56 + 2));  // 1x2 pixels enlarged to 56x112, twice, and a gap, two layers
    const Color blue{0, 0, 255};
    const Image bare = figure::dataset_evolution(evolution, {.subtitle = "short", .patches = false, .jump = blue});
    CHECK(bare.height() < three.height());
    CHECK(count(bare, blue) > 100);
    CHECK(count(bare, pale) == 2 * 112 * 56);
    CHECK(figure::dataset_evolution(evolution, {.subtitle = "short", .columns = 1}).height() > three.height());
    check_throws<OptionError>([&] { figure::dataset_evolution(evolution, {.columns = 0}); }, {"columns"});
    check_throws<OptionError>([&] { figure::dataset_evolution(evolution, {.contrast = -1}); }, {"contrast"});
}
