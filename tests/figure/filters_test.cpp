// The figure of a convolution's filters: colours, scales and frames, on banks whose pixels are known.
#include "deconvviz/figure/filters.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

using namespace deconvviz;
using figure::Color;
using figure::Colormap;
using figure::Image;
using figure::RangeMode;

namespace {

constexpr Color red{200, 30, 30};

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

FilterBank<double> bank_of(const Shape& shape, const std::vector<double>& weights) {
    const Sequential<double> model({shape[1], 4, 4},
                                   Conv2D<double>({.in = shape[1], .out = shape[0], .kernel = {shape[2], shape[3]}},
                                                  Tensor<double>(shape, weights), {}));
    return filter_bank(model);
}

/// 12 units at a scale of 2, enlarged to squares: the pixels of one weight.
constexpr Index one = 24 * 24;

figure::FiltersOptions plain() {
    figure::FiltersOptions options{.numbers = false, .cell_size = 12};
    options.style.frame = Color{1, 2, 3};
    return options;
}

}  // namespace

TEST_CASE("figure filters: three channels are a colour picture, zero is mid-grey, the scale is one for all or each") {
    const auto bank = bank_of({2, 3, 1, 1}, {0.4, 0, -0.4, 0.2, 0.2, 0});
    auto options = plain();
    const Image shared = figure::filters(bank, options);
    CHECK(count(shared, {255, 128, 0}) == one);
    CHECK(count(shared, {191, 191, 128}) == one);
    options.range_mode = RangeMode::per_picture;
    const Image each = figure::filters(bank, options);
    CHECK(count(each, {255, 128, 0}) == one);
    CHECK(count(each, {255, 255, 128}) == one);
    CHECK(each.width() <= shared.width());
    options.range_mode = RangeMode::given;
    options.range = {-0.8, 0.8};
    CHECK(count(figure::filters(bank, options), {191, 128, 64}) == one);
}

TEST_CASE("figure filters: one channel is drawn on the colour scale") {
    const auto bank = bank_of({3, 1, 1, 1}, {1, -1, 0});
    auto options = plain();
    options.range_mode = RangeMode::given;
    const Image image = figure::filters(bank, options);
    for (const double t : {0.0, 0.5, 1.0}) CHECK(count(image, figure::color(Colormap::diverging, t)) >= one);
    options.colormap = Colormap::grey;
    const Image grey = figure::filters(bank, options);
    CHECK(count(grey, {128, 128, 128}) >= one);
    CHECK(count(grey, figure::color(Colormap::diverging, 0.0)) == 0);
}

TEST_CASE("figure filters: dead ones have a red frame, found or given") {
    const auto bank = bank_of({3, 1, 1, 1}, {1, -1, 0});
    auto options = plain();
    const Index frame = count(figure::filters(bank, options), red);
    CHECK(frame == 4 * 4 * (24 + 4));  // of 2 units around one
    options.dead = std::vector<Index>{};
    CHECK(count(figure::filters(bank, options), red) == 0);
    options.dead = std::vector<Index>{0, 1};
    CHECK(count(figure::filters(bank, options), red) == 2 * frame);
    options.dead = std::vector<Index>{3};
    CHECK_THROWS_WITH_AS(figure::filters(bank, options), "filters figure: there is no filter 3: they are 0 … 2",
                         OptionError);
}

TEST_CASE("figure filters: other numbers of channels make a table, of which the first rows and columns are shown") {
    std::vector<double> weights(20 * 18, 0.5);
    const auto bank = bank_of({20, 18, 1, 1}, weights);
    auto options = plain();
    options.colormap = Colormap::grey;
    options.range_mode = RangeMode::given;
    options.range = {0, 1};  // 0.5 is mid-grey, which the bar has on a line of its own
    const Color middle{128, 128, 128};
    const auto squares = [&] { return (count(figure::filters(bank, options), middle) + one / 2) / one; };
    CHECK(squares() == 16 * 16);
    options.shown = 20;
    options.channels = 18;
    CHECK(squares() == 20 * 18);
    options.shown = 3;
    options.channels = 2;
    CHECK(squares() == 3 * 2);
    options.dead = std::vector<Index>{1};
    CHECK(count(figure::filters(bank, options), red) == 2 * 4 * 4 * (24 + 4));
    options.shown = 300;
    CHECK(squares() == 20 * 2);
    options.shown = -1;
    CHECK_THROWS_AS(figure::filters(bank, options), OptionError);
}

TEST_CASE("figure filters: NaN is magenta, zeros have a figure, and an empty bank has none") {
    const double not_a_number = std::numeric_limits<double>::quiet_NaN();
    CHECK(count(figure::filters(bank_of({2, 1, 1, 1}, {not_a_number, 1}), plain()), figure::nan_color) == one);
    CHECK(count(figure::filters(bank_of({2, 3, 1, 1}, {0, 0, 0, 0, 0, 0}), plain()), {128, 128, 128}) >= 2 * one);
    CHECK_THROWS_WITH_AS(figure::filters(FilterBank<float>()), "filters figure: the bank has no filters", OptionError);
    CHECK(detail::filters_title(bank_of({2, 1, 1, 1}, {1, 1})) == "conv1: 2 filters 1x1 over 1 channel");
    CHECK(detail::filters_subtitle(bank_of({2, 1, 1, 1}, {0.25, 1.5}), 1) == "RMS 0.25 to 1.5; dead: 1 of 2 (framed)");
}
