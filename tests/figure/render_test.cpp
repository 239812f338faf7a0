#include "deconvviz/figure/render.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace deconvviz;
using namespace deconvviz::figure;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Color grey(int level) {
    const auto byte = static_cast<std::uint8_t>(level);
    return {byte, byte, byte};
}

bool uniform(const Image& image, Color wanted) {
    return std::ranges::all_of(image.pixels(), [wanted](Color pixel) { return pixel == wanted; });
}

}  // namespace

TEST_CASE("normalize: ranges ignore what is not finite") {
    const std::vector<double> values{not_a_number, 3, -1, infinity, -infinity};
    CHECK(finite_range(std::span(values)) == ValueRange{-1, 3});
    CHECK(!finite_range(std::span(values).first(1)));
    CHECK(!finite_range(std::span<const float>()));
    CHECK(symmetric({-1, 3}) == ValueRange{-3, 3});
    CHECK(unite({0, 1}, {-2, 0.5}) == ValueRange{-2, 1});
    CHECK_THROWS_AS(check(ValueRange{1, 0}), OptionError);
    CHECK_THROWS_AS(check(ValueRange{0, infinity}), OptionError);
}

TEST_CASE("normalize: positions") {
    CHECK(position(2, {0, 8}) == 0.25);
    CHECK(position(-1, {0, 8}) == 0);
    CHECK(position(9, {0, 8}) == 1);
    CHECK(position(infinity, {0, 8}) == 1);
    CHECK(position(-infinity, {0, 8}) == 0);
    CHECK(std::isnan(position(not_a_number, {0, 8})));
    CHECK(position(5, {5, 5}) == 0);
    CHECK(position(0, {0, 0}, 0.5) == 0.5);
    constexpr double huge = std::numeric_limits<double>::max();
    CHECK(position(0, {-huge, huge}) == 0.5);
}

TEST_CASE("picture: the shapes that it takes") {
    CHECK(Picture().empty());
    CHECK(Picture(Image()).empty());
    CHECK(Picture(Tensor<float>({2, 5})).width() == 5);
    CHECK(Picture(Tensor<double>({1, 2, 5})).height() == 2);
    CHECK(Picture(Tensor<float>({1, 3, 2, 5})).values()->shape() == Shape{3, 2, 5});
    CHECK_THROWS_AS(Picture(Tensor<float>({2, 2, 5})), ShapeError);
    CHECK_THROWS_AS(Picture(Tensor<float>({5})), ShapeError);
    CHECK_THROWS_AS(Picture(Tensor<float>({2, 1, 2, 5})), ShapeError);
    CHECK_THROWS_AS(Picture(Tensor<float>({0, 5})), ShapeError);
    CHECK(pictures(Tensor<float>({16, 4, 5})).size() == 16);
    CHECK(pictures(Tensor<float>({1, 16, 4, 5})).size() == 16);
    CHECK(pictures(Tensor<float>({7, 3, 4, 5})).size() == 7);
    CHECK_THROWS_AS(pictures(Tensor<float>({7})), ShapeError);
}

TEST_CASE("render: a plane in grey, its own range") {
    const Tensor<float> plane({2, 2}, {1.0F, 2.0F, 3.0F, 5.0F});
    const Image image = render(plane);
    CHECK(image.width() == 2);
    CHECK(image(0, 0) == grey(0));
    CHECK(image(1, 0) == grey(64));   // 255 / 4 = 63.75
    CHECK(image(0, 1) == grey(128));  // 127.5
    CHECK(image(1, 1) == grey(255));
    CHECK(render(plane, {.range = ValueRange{0, 10}})(1, 1) == grey(128));
    CHECK(render(plane, {.symmetric = true})(0, 0) == grey(153));  // 1 in [-5, 5] is at 0.6
    CHECK_THROWS_AS(render(plane, {.range = ValueRange{2, 1}}), OptionError);
}

TEST_CASE("render: dead maps are drawn as zero") {
    const Tensor<double> zero({3, 3}), constant({3, 3}, 4.0), none({3, 3}, not_a_number);
    CHECK(uniform(render(zero), grey(0)));
    CHECK(uniform(render(constant), grey(0)));
    CHECK(uniform(render(none), nan_color));
    CHECK(uniform(render(zero, {.colormap = Colormap::diverging}), color(Colormap::diverging, 0.5)));
    CHECK(uniform(render(zero, {.symmetric = true}), grey(128)));
    CHECK(uniform(render(constant, {.colormap = Colormap::diverging}), color(Colormap::diverging, 1)));
}

TEST_CASE("render: NaN and infinities do not disturb the others") {
    const Tensor<double> plane({1, 5}, {not_a_number, 0.0, 1.0, infinity, -infinity});
    const Image image = render(plane);
    CHECK(image(0, 0) == nan_color);
    CHECK(image(1, 0) == grey(0));
    CHECK(image(2, 0) == grey(255));
    CHECK(image(3, 0) == grey(255));
    CHECK(image(4, 0) == grey(0));
}

TEST_CASE("render: three planes are red, green and blue in one range") {
    const Tensor<float> rgb({3, 1, 2}, {0.0F, 2.0F, 1.0F, 0.0F, 0.0F, 0.0F});
    const Image image = render(rgb, {.colormap = Colormap::sequential});
    CHECK(image(0, 0) == Color{0, 128, 0});
    CHECK(image(1, 0) == Color{255, 0, 0});
    CHECK(render(Tensor<float>({3, 1, 1}), {.symmetric = true})(0, 0) == grey(128));
}

TEST_CASE("render: values are left alone, images pass") {
    const Tensor<double> plane({1, 2}, {1.0, not_a_number});
    const Tensor<double> kept({1, 2}, {1.0, not_a_number});
    render(plane);
    CHECK(plane[0] == kept[0]);
    const Image image(2, 2, {1, 2, 3});
    CHECK(render(image) == image);
    CHECK(render(Picture()).empty());
}

TEST_CASE("overlay: weights by hand, blocks") {
    const Tensor<double> base({2, 4}, {0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0});
    const Tensor<double> heat({1, 2}, {0.0, 10.0});
    const Image image = overlay(base, heat, {.alpha = 0.25, .colormap = Colormap::grey});
    CHECK(image(0, 0) == grey(0));    // 0 mixed with 0
    CHECK(image(1, 1) == grey(191));  // 255 + (0 - 255) / 4 = 191.25
    CHECK(image(2, 0) == grey(64));   // 0 + 255 / 4 = 63.75
    CHECK(image(3, 1) == grey(255));
    CHECK(overlay(base, heat, {.alpha = 0, .colormap = Colormap::heat}) == render(base));
    const Image covered = overlay(base, heat, {.alpha = 1, .colormap = Colormap::heat});
    CHECK(covered(0, 0) == color(Colormap::heat, 0));
    CHECK(covered(3, 0) == color(Colormap::heat, 1));
    const Image faded = overlay(base, Tensor<double>({1, 2}, {5.0, 10.0}),
                                {.alpha = 0.5, .fade = true, .colormap = Colormap::grey, .range = ValueRange{0, 10}});
    CHECK(faded(0, 0) == grey(32));  // grey 128 at weight 0.5 * 0.5
    CHECK(faded(2, 0) == grey(128));
}

TEST_CASE("overlay: bilinear between the centres of the cells") {
    const Tensor<double> base({1, 4}), heat({1, 2}, {0.0, 1.0});
    const Image image =
        overlay(base, heat, {.alpha = 1, .colormap = Colormap::grey, .interpolation = Interpolation::bilinear});
    CHECK(image(0, 0) == grey(0));   // at cell 0.25: before the first centre
    CHECK(image(1, 0) == grey(64));  // at cell 0.75: a quarter of the way
    CHECK(image(2, 0) == grey(191));
    CHECK(image(3, 0) == grey(255));

    const Image down = overlay(Tensor<double>({4, 1}), Tensor<double>({2, 1}, {0.0, 1.0}),
                               {.alpha = 1, .colormap = Colormap::grey, .interpolation = Interpolation::bilinear});
    for (Index y = 0; y < 4; ++y) CHECK(down(0, y) == image(y, 0));
}

TEST_CASE("overlay: an area, enlargement, and what does not fit") {
    const Tensor<double> base({3, 3}), heat({1, 1}, 1.0), gaps({1, 1}, not_a_number);
    const Image image =
        overlay(base, heat, {.alpha = 1, .range = ValueRange{0, 1}, .area = Window{1, 2, 1, 1}, .enlarge = 2});
    CHECK(image.width() == 6);
    Index changed = 0;
    for (const Color pixel : image.pixels()) changed += pixel == color(Colormap::heat, 1);
    CHECK(changed == 4);
    CHECK(image(4, 2) == color(Colormap::heat, 1));
    CHECK(overlay(base, gaps) == render(base));
    CHECK_THROWS_AS(overlay(base, heat, {.area = Window{1, 2, 1, 2}}), OptionError);
    CHECK_THROWS_AS(overlay(base, heat, {.alpha = 1.5}), OptionError);
    CHECK_THROWS_AS(overlay(base, heat, {.alpha = not_a_number}), OptionError);
    CHECK_THROWS_AS(overlay(Picture(), heat), OptionError);
    CHECK_THROWS_AS(overlay(base, Tensor<double>({3, 2, 2})), ShapeError);
    CHECK_THROWS_AS(overlay(base, Picture()), ShapeError);
}
