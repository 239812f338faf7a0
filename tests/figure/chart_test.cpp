// Charts, the palette and legends: where curves lie, what leaves a gap, what is refused.
#include "deconvviz/figure/chart.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

using namespace deconvviz;
using figure::Color;
using figure::Image;
using figure::Series;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr Color red{255, 0, 0};

struct Box {
    Index left = 1 << 20, right = -1, top = 1 << 20, bottom = -1;
};

/// The smallest rectangle with all pixels of a colour.
Box box(const Image& image, Color wanted) {
    Box found;
    for (Index y = 0; y < image.height(); ++y)
        for (Index x = 0; x < image.width(); ++x) {
            if (image(x, y) != wanted) continue;
            found.left = std::min(found.left, x);
            found.right = std::max(found.right, x);
            found.top = std::min(found.top, y);
            found.bottom = std::max(found.bottom, y);
        }
    return found;
}

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

figure::ChartOptions plain() {
    figure::ChartOptions options;
    options.width = 100;
    options.height = 100;
    options.style.scale = 2;
    return options;
}

/// The frame around the plot, whose inside has 200x200 pixels.
Box frame(const Image& image) {
    const Box outer = box(image, figure::Style{}.frame);
    return {outer.left + 1, outer.right - 1, outer.top + 1, outer.bottom - 1};
}

}  // namespace

TEST_CASE("chart: a line goes from corner to corner, up to the right") {
    auto options = plain();
    options.x_range = options.y_range = figure::ValueRange{0, 1};
    const Image image = figure::chart({{.x = {0, 1}, .y = {0, 1}, .color = red}}, options);
    const Box plot = frame(image);
    REQUIRE(plot.right - plot.left + 1 == 200);
    REQUIRE(plot.bottom - plot.top + 1 == 200);
    for (const Index i : {20, 100, 180}) CHECK(image(plot.left + i, plot.bottom - i) == red);
    for (const Index i : {20, 180}) CHECK(image(plot.left + i, plot.top + i) != red);
    // Values beyond the range are cut off at the frame.
    const Image cut = figure::chart({{.x = {-1, 2}, .y = {-1, 2}, .color = red}}, options);
    CHECK(box(cut, red).left >= plot.left);
    CHECK(box(cut, red).bottom <= plot.bottom);
    CHECK(image == cut);
}

TEST_CASE("chart: equal steps of a logarithmic axis are equal factors") {
    auto options = plain();
    options.log_x = true;
    options.x_range = figure::ValueRange{1, 100};
    options.y_range = figure::ValueRange{0, 2};
    const Image image = figure::chart({{.x = {10}, .y = {1}, .color = red}}, options);
    const Box plot = frame(image);
    const Box dot = box(image, red);
    CHECK(std::abs((dot.left + dot.right) / 2 - (plot.left + 100)) <= 1);
    CHECK(std::abs((dot.top + dot.bottom) / 2 - (plot.top + 100)) <= 1);
    CHECK(dot.right - dot.left > 6);  // a point alone is a dot
}

TEST_CASE("chart: values that are not finite leave gaps; so do those that a logarithm cannot show") {
    auto options = plain();
    options.x_range = figure::ValueRange{0, 4};
    options.y_range = figure::ValueRange{1, 3};
    const Series broken{.x = {0, 1, 2, 3, 4}, .y = {2, 2, missing, 2, 2}, .color = red};
    const Image image = figure::chart({broken}, options);
    const Box plot = frame(image);
    CHECK(image(plot.left + 25, plot.top + 100) == red);
    CHECK(image(plot.left + 100, plot.top + 100) != red);
    CHECK(image(plot.left + 175, plot.top + 100) == red);
    options.y_range = {};
    options.log_y = true;
    const Image logarithm = figure::chart({{.x = {0, 1, 2}, .y = {0, -1, 0}, .color = red}}, options);
    CHECK(count(logarithm, red) == 0);
    CHECK_NOTHROW(figure::chart({}));
    CHECK_NOTHROW(figure::chart({{.x = {missing}, .y = {1}}}));
    CHECK_NOTHROW(figure::chart({{.x = {1, 1}, .y = {1e300, -1e300}}}));
}

TEST_CASE("chart: error bars reach from value - spread to value + spread") {
    auto options = plain();
    options.x_range = figure::ValueRange{0, 2};
    options.y_range = figure::ValueRange{0, 4};
    const Image image = figure::chart({{.x = {1}, .y = {2}, .spread = {1}, .color = red}}, options);
    const Box plot = frame(image);
    const Box bar = box(image, red);
    CHECK(std::abs(bar.top - (plot.top + 50)) <= 2);
    CHECK(std::abs(bar.bottom - (plot.top + 150)) <= 2);
}

TEST_CASE("chart: names on the axis, a legend for named series only") {
    auto options = plain();
    const std::vector<Series> one{{.x = {0, 1}, .y = {1, 2}, .color = red}};
    const Index width = figure::chart(one, options).width();
    auto named = one;
    named[0].name = "accuracy";
    const Image listed = figure::chart(named, options);
    CHECK(listed.width() > width);
    CHECK(box(listed, red).right > frame(listed).right);  // its sample
    options.legend = false;
    CHECK(figure::chart(named, options).width() == width);
    options.x_names = {"a", "b"};
    const Index low = figure::chart(one, options).height();
    options.x_names = {"a name that is much too long", "and another one as long as that"};
    CHECK(figure::chart(one, options).height() > low);  // they read upward
}

TEST_CASE("chart: the largest numbers, powers far apart, and labels beyond the plot") {
    const double largest = std::numeric_limits<double>::max();
    auto options = plain();
    const Image huge = figure::chart({{.x = {0, 1}, .y = {-largest, largest}, .color = red}}, options);
    const Box line = box(huge, red), plot = frame(huge);
    CHECK(line.top <= plot.top + 2);
    CHECK(line.bottom >= plot.bottom - 2);

    deconvviz::detail::ChartAxis axis(true, figure::ValueRange{1e-300, 1e300}, {});
    axis.finish(true);
    std::vector<double> powers;
    for (const auto& tick : axis.ticks(3)) powers.push_back(std::round(std::log10(tick.value)));
    CHECK(powers == std::vector<double>{-300, -150, 0, 150, 300});

    const std::vector<Series> one{{.x = {0, 1}, .y = {1, 2}, .color = red}};
    const Image short_label = figure::chart(one, options);
    options.y_label = "a label that is longer than the plot is high, by far";
    CHECK(figure::chart(one, options).height() > short_label.height());  // and so is not cut off
    // Charts end at their plot, however long a tick label is that does not reach beyond it.
    options.x_range = figure::ValueRange{0, 1.5};
    const Image within = figure::chart(one, options);
    CHECK(within.width() - frame(within).right == 1 + 2 * options.style.margin);
}

TEST_CASE("chart: what makes no sense is refused") {
    CHECK_THROWS_WITH_AS(figure::chart({{.name = "a", .x = {1, 2}, .y = {1}}}),
                         "chart: series 0 ('a'): expected as many x as y, got 2 and 1, with 0 error bars", OptionError);
    CHECK_THROWS_AS(figure::chart({{.x = {1}, .y = {1}, .spread = {1, 2}}}), OptionError);
    figure::ChartOptions options;
    options.y_range = figure::ValueRange{1, missing};
    CHECK_THROWS_AS(figure::chart({}, options), OptionError);
    options.y_range = figure::ValueRange{0, 1};
    options.log_y = true;
    CHECK_THROWS_AS(figure::chart({}, options), OptionError);
    CHECK_THROWS_AS(figure::chart({}, {.width = 10}), OptionError);
}

TEST_CASE("palette: colours differ, and come again behind the last") {
    std::set<std::tuple<int, int, int>> all;
    for (Index i = 0; i < figure::palette_size; ++i) {
        const Color color = figure::palette(i);
        all.insert({color.r, color.g, color.b});
        CHECK(color == figure::palette(i + figure::palette_size));
    }
    CHECK(static_cast<Index>(all.size()) == figure::palette_size);
    CHECK_THROWS_AS(figure::palette(-1), OptionError);
}

TEST_CASE("legend: a square of each colour, in as many columns as asked for") {
    const std::vector<figure::LegendEntry> entries{{"one", red}, {"two", {0, 255, 0}}, {"three", {0, 0, 255}}};
    const Image below = figure::legend(entries);
    const Image beside = figure::legend(entries, {.columns = 3});
    CHECK(count(below, red) == 22 * 22);
    CHECK(beside.height() < below.height());
    CHECK(beside.width() > below.width());
    CHECK(box(below, {0, 255, 0}).top > box(below, red).bottom);
    CHECK(box(beside, {0, 255, 0}).left > box(beside, red).right);
    CHECK(figure::legend(entries, {.title = "classes"}).height() > below.height());
    CHECK_THROWS_AS(figure::legend(entries, {.columns = 0}), OptionError);
}
