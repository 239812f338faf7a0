#include "deconvviz/figure/grid.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "deconvviz/figure/stack.hpp"

using namespace deconvviz;
using namespace deconvviz::figure;

namespace {

/// No margin, no gap, one pixel a value: what is left is the pictures and their hairlines.
GridOptions bare(Index columns) {
    return {.columns = columns, .enlarge = 1, .gap = 1, .style = {.scale = 1, .margin = 1}};
}

Tensor<float> dot(float value) {
    return Tensor<float>({1, 1}, value);
}

bool shows(const Image& image, Color wanted) {
    for (const Color pixel : image.pixels())
        if (pixel == wanted) return true;
    return false;
}

constexpr Color marker{1, 2, 3};

}  // namespace

TEST_CASE("ticks: round numbers inside the range") {
    const auto labels = [](ValueRange range, int count) {
        std::string all;
        for (const Tick& tick : ticks(range, count)) all += tick.label + ' ';
        return all;
    };
    CHECK(labels({0, 1}, 5) == "0 0.5 1.0 ");
    CHECK(labels({0, 1}, 6) == "0 0.2 0.4 0.6 0.8 1.0 ");
    CHECK(labels({0, 7.35}, 5) == "0 2 4 6 ");
    CHECK(labels({-3.1, 3.1}, 5) == "-2 0 2 ");
    CHECK(labels({0.12, 0.19}, 5) == "0.12 0.14 0.16 0.18 ");
    CHECK(labels({0, 255}, 6) == "0 50 100 150 200 250 ");
    CHECK(labels({0, 3e-6}, 4) == "0 1e-06 2e-06 3e-06 ");
    CHECK(labels({0, 250000}, 4) == "0 1e+05 2e+05 ");
    CHECK(labels({4, 4}, 5) == "4 ");
    CHECK(labels({0, 0}, 5) == "0 ");
    CHECK_THROWS_AS(ticks({0, std::numeric_limits<double>::infinity()}), OptionError);
    for (const double high : {1e-300, 3.3e-9, 0.7, 1.0, 9.99, 1234.5, 8e15, 1e300})
        for (int count = 2; count <= 6; ++count) {
            const auto all = ticks({-high / 3, high}, count);
            CHECK(all.size() >= 1);
            CHECK(all.size() <= static_cast<std::size_t>(count));
            for (const Tick& tick : all) {
                CHECK(tick.value >= -high / 3 * (1 + 1e-9));
                CHECK(tick.value <= high * (1 + 1e-9));
            }
        }
}

TEST_CASE("grid: where the pictures go") {
    const Image image = grid(
        {dot(0), dot(1), dot(2), dot(4)},
        {.columns = 2, .range_mode = RangeMode::shared, .enlarge = 2, .gap = 3, .style = {.scale = 1, .margin = 5}});
    CHECK(image.width() == 5 + 2 + 3 + 2 + 5);
    CHECK(image.height() == 5 + 2 + 3 + 2 + 5);
    CHECK(image(5, 5) == black);
    CHECK(image(6, 6) == black);
    CHECK(image(10, 5) == Color{64, 64, 64});
    CHECK(image(5, 10) == Color{128, 128, 128});
    CHECK(image(11, 11) == white);
    CHECK(image(4, 4) == Style{}.frame);
    CHECK(image(7, 5) == Style{}.frame);
    CHECK(image(8, 5) == white);
}

TEST_CASE("grid: ranges per picture, shared and given") {
    const Tensor<float> small({1, 2}, {0.0F, 1.0F}), large({1, 2}, {0.0F, 4.0F});
    const auto bright = [&](GridOptions options) {
        const Image image = grid({small, large}, options);  // pixels at x = 1, 2 and 4, 5
        return std::pair(image(2, 1).r, image(5, 1).r);
    };
    GridOptions options = bare(2);
    CHECK(bright(options) == std::pair<std::uint8_t, std::uint8_t>(255, 255));
    options.range_mode = RangeMode::shared;
    CHECK(bright(options) == std::pair<std::uint8_t, std::uint8_t>(64, 255));
    options.range_mode = RangeMode::given;
    options.range = {0, 8};
    CHECK(bright(options) == std::pair<std::uint8_t, std::uint8_t>(32, 128));
    options.range = {1, 0};
    CHECK_THROWS_AS(bright(options), OptionError);
}

TEST_CASE("grid: a shared range passes over NaN, images and empty places") {
    GridOptions options = bare(5);
    options.range_mode = RangeMode::shared;
    const Tensor<double> none({1, 1}, std::numeric_limits<double>::quiet_NaN());
    const Image image =
        grid({Tensor<double>({1, 1}, 3.0), none, Image(1, 1, marker), Picture(), Tensor<double>({1, 1}, 5.0)}, options);
    CHECK(image(1, 1) == black);
    CHECK(image(3, 1) == nan_color);
    CHECK(image(5, 1) == marker);
    CHECK(image(7, 0) == white);  // not even a frame
    CHECK(image(7, 1) == white);
    CHECK(image(9, 1) == white);
}

TEST_CASE("grid: zero maps, one map, no map") {
    GridOptions options = bare(0);
    options.range_mode = RangeMode::shared;
    CHECK(grid(std::vector<Tensor<float>>(3, Tensor<float>({2, 2})), options)(1, 1) == black);
    options.colormap = Colormap::diverging;
    CHECK(grid(std::vector<Tensor<float>>(3, Tensor<float>({2, 2})), options)(1, 1) == color(Colormap::diverging, 0.5));
    options.colorbar = true;
    CHECK(!grid({dot(0)}, options).empty());
    CHECK(grid(std::vector<Picture>(), options).width() == 2);  // the margin
}

TEST_CASE("grid: the highlight takes the place of the hairline") {
    GridOptions options = bare(1);
    options.style.margin = 4;
    const Image image = grid({{.picture = dot(1), .highlight = marker}}, options);
    CHECK(image(4, 4) == black);
    CHECK(image(3, 4) == marker);
    CHECK(image(2, 2) == marker);
    CHECK(image(1, 4) == white);
    CHECK(!shows(image, Style{}.frame));
}

TEST_CASE("grid: smaller pictures are centred, small maps are enlarged") {
    GridOptions options = bare(2);
    const Image image = grid({Tensor<float>({3, 3}), dot(0)}, options);
    CHECK(image.width() == 1 + 3 + 1 + 3 + 1);
    CHECK(image(6, 2) == black);
    CHECK(image(6, 1) == Style{}.frame);
    const auto size = [](Index side, Index cell) {
        return grid({Tensor<float>({side, side})}, {.cell_size = cell, .style = {.scale = 2, .margin = 0}}).width();
    };
    CHECK(size(28, 72) == 140);
    CHECK(size(8, 72) == 144);
    CHECK(size(200, 72) == 200);
}

TEST_CASE("grid: every text has its room and shows") {
    Style style;
    style.ink = marker;
    const std::vector<Cell> plain(4, Cell{.picture = dot(0)});
    const Index width = grid(plain, {.columns = 2, .style = style}).width();
    const Index height = grid(plain, {.columns = 2, .style = style}).height();
    CHECK(!shows(grid(plain, {.columns = 2, .style = style}), marker));
    const auto grows = [&](const GridOptions& options, bool wider, bool higher) {
        const Image image = grid(plain, options);
        CHECK(shows(image, marker));
        CHECK((image.width() > width) == wider);
        CHECK((image.height() > height) == higher);
    };
    grows({.columns = 2, .title = "T", .style = style}, false, true);
    grows({.columns = 2, .title = "A title that is much wider than its pictures", .style = style}, true, true);
    grows({.columns = 2, .titles = {"a", "b"}, .style = style}, false, true);
    grows({.columns = 2, .row_headings = {"a", "b"}, .style = style}, true, false);
    grows({.column_headings = {"a", "b"}, .style = style}, false, true);
    grows({.columns = 2, .range_mode = RangeMode::shared, .colorbar = true, .colorbar_label = "l", .style = style},
          true, false);
    CHECK(shows(grid({{.picture = dot(0), .below = "b"}}, {.style = style}), marker));
}

TEST_CASE("grid: the number of columns") {
    const auto columns = [](Index count) { return detail::good_columns(count); };
    CHECK(columns(0) == 1);
    CHECK(columns(1) == 1);
    CHECK(columns(6) == 6);
    CHECK(columns(16) == 8);
    CHECK(columns(32) == 8);
    CHECK(columns(64) == 8);
    CHECK(columns(10) == 5);
}

TEST_CASE("grid: options that do not go together") {
    const std::vector<Picture> three{dot(0), dot(1), dot(2)};
    CHECK_THROWS_WITH_AS(grid(three, {.columns = 2, .row_headings = {"a"}}),
                         "grid: expected 2 row headings for 3 cells in 2 columns, got 1", OptionError);
    CHECK_THROWS_AS(grid(three, {.columns = 2, .column_headings = {"a"}}), OptionError);
    CHECK_THROWS_AS(grid(three, {.titles = {"a", "b", "c", "d"}}), OptionError);
    CHECK_THROWS_AS(grid(three, {.colorbar = true}), OptionError);
    CHECK_THROWS_AS(grid(three, {.columns = -1}), OptionError);
    CHECK_THROWS_AS(grid(three, {.style = {.scale = 0}}), OptionError);
    CHECK_THROWS_AS(grid({Tensor<float>({2, 2, 2})}), ShapeError);
}

TEST_CASE("colorbar: the scale from bottom to top") {
    const Image image =
        colorbar({0, 1}, {.colormap = Colormap::heat, .height = 100, .style = {.scale = 1, .margin = 20}});
    CHECK(image.height() == 140);
    CHECK(image(22, 20) == color(Colormap::heat, 0.995));
    CHECK(image(22, 119) == color(Colormap::heat, 0.005));
    CHECK(image(19, 19) == Style{}.frame);
    CHECK(shows(image, Style{}.muted));
    CHECK_THROWS_AS(colorbar({0, 1}, {.height = 0}), OptionError);
    CHECK_THROWS_AS(colorbar({1, 0}), OptionError);
}

TEST_CASE("stack: beside and below") {
    const Image a(2, 5, marker), b(3, 1, black);
    const StackOptions options{.gap = 4, .align = Align::center, .style = {.scale = 1}};
    const Image beside = hstack({a, b}, options);
    CHECK(beside.width() == 2 + 4 + 3);
    CHECK(beside.height() == 5);
    CHECK(beside(0, 0) == marker);
    CHECK(beside(6, 2) == black);
    CHECK(beside(6, 1) == white);
    CHECK(beside(3, 2) == white);
    const Image below = vstack({a, b}, {.align = Align::end, .style = {.scale = 1}});
    CHECK(below.width() == 3);
    CHECK(below.height() == 6);
    CHECK(below(1, 0) == marker);
    CHECK(below(0, 0) == white);
    CHECK(below(0, 5) == black);
    CHECK(vstack({a}, {.title = "Title", .style = {.scale = 1, .margin = 10}}).height() > 5 + 10);
    CHECK(hstack({}).empty());
}
