#include "deconvviz/data/digits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

using namespace deconvviz;

namespace {

/// Rows and columns that hold ink, and its centre, as pixel coordinates.
struct Extent {
    Index top = 28, left = 28, bottom = -1, right = -1;
    double centre_y = 0, centre_x = 0, ink = 0;

    Index height() const { return bottom - top + 1; }
    Index width() const { return right - left + 1; }
};

Extent extent_of(const Tensor<float>& image) {
    Extent e;
    for (Index y = 0; y < 28; ++y)
        for (Index x = 0; x < 28; ++x) {
            const double ink = double{image(0, y, x)};
            e.ink += ink;
            e.centre_y += ink * static_cast<double>(y);
            e.centre_x += ink * static_cast<double>(x);
            if (ink < 0.25) continue;
            e.top = std::min(e.top, y);
            e.bottom = std::max(e.bottom, y);
            e.left = std::min(e.left, x);
            e.right = std::max(e.right, x);
        }
    e.centre_y /= e.ink;
    e.centre_x /= e.ink;
    return e;
}

/// Grey levels 0 … 255, added up for each label.
std::array<std::int64_t, 10> ink_by_label(const Dataset<float>& set) {
    std::array<std::int64_t, 10> ink{};
    for (Index i = 0; i < set.size(); ++i)
        for (const float value : set.images.slice(i))
            ink[static_cast<std::size_t>(set.labels[static_cast<std::size_t>(i)])] += std::lround(value * 255);
    return ink;
}

/// Restores the number of threads.
struct ThreadsGuard {
    int before = threads();
    ~ThreadsGuard() { set_threads(before); }
};

}  // namespace

TEST_CASE("digits: shapes, labels and values") {
    const auto set = draw_digits({.count = 1003, .seed = 3});
    CHECK_NOTHROW(set.check());
    CHECK(set.images.shape() == Shape{1003, 1, 28, 28});
    CHECK(set.classes == 10);
    for (const float value : set.images) {
        REQUIRE(value >= 0.0F);
        REQUIRE(value <= 1.0F);
    }
}

TEST_CASE("digits: every ten pictures hold each digit once, in changing order") {
    const auto set = draw_digits({.count = 1003, .seed = 3});
    int in_order = 0;
    for (std::size_t block = 0; block + 10 <= set.labels.size(); block += 10) {
        std::array<int, 10> labels{};
        std::copy_n(set.labels.begin() + static_cast<std::ptrdiff_t>(block), 10, labels.begin());
        in_order += std::is_sorted(labels.begin(), labels.end());
        std::sort(labels.begin(), labels.end());
        REQUIRE(labels == std::array<int, 10>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    }
    CHECK(in_order == 0);
}

TEST_CASE("digits: the seed decides, whatever the number of threads") {
    const ThreadsGuard guard;
    set_threads(1);
    const auto one = draw_digits({.count = 500, .seed = 11});
    set_threads(2);
    const auto two = draw_digits({.count = 500, .seed = 11});
    CHECK(one.images == two.images);
    CHECK(one.labels == two.labels);

    const auto other = draw_digits({.count = 500, .seed = 12});
    CHECK_FALSE(one.images == other.images);
    CHECK(one.labels != other.labels);
}

TEST_CASE("digits: a longer set begins like a shorter one") {
    const auto all = draw_digits({.count = 150, .seed = 5});
    const auto some = draw_digits({.count = 73, .seed = 5});
    CHECK(all.first(73).images == some.images);
    CHECK(all.first(73).labels == some.labels);
}

TEST_CASE("digits: double and float hold the same grey levels") {
    const auto narrow = draw_digits<float>({.count = 20});
    const auto wide = draw_digits<double>({.count = 20});
    for (Index i = 0; i < narrow.images.size(); ++i)
        REQUIRE(std::lround(narrow.images[i] * 255) == std::lround(wide.images[i] * 255));
}

TEST_CASE("digits: no two pictures are the same") {
    const auto set = draw_digits({.count = 400});
    for (Index i = 0; i < set.size(); ++i)
        for (Index j = i + 1; j < set.size(); ++j)
            REQUIRE_FALSE(std::ranges::equal(set.images.slice(i), set.images.slice(j)));
}

TEST_CASE("digits: each fills the box of 20x20 and is centred by mass") {
    for (const double variation : {0.0, 1.0, 2.0}) {
        const auto set = draw_digits({.count = 2000, .seed = 21, .variation = variation});
        int off_centre = 0;  // top-heavy ones, which would be cut off if they were moved farther
        for (Index i = 0; i < set.size(); ++i) {
            const Extent e = extent_of(set.image(i));
            CAPTURE(variation);
            CAPTURE(i);
            REQUIRE(std::max(e.height(), e.width()) <= 20);
            REQUIRE(std::max(e.height(), e.width()) >= 18);
            const double off = std::max(std::abs(e.centre_y - 14), std::abs(e.centre_x - 14));
            REQUIRE(off < 2.5);
            off_centre += off > 0.51;
        }
        CHECK(off_centre <= (variation > 1 ? 10 : 4));
    }
}

TEST_CASE("digits: neither empty nor full") {
    const auto set = draw_digits({.count = 2000, .seed = 8});
    double mean = 0;
    for (Index i = 0; i < set.size(); ++i) {
        const double ink = extent_of(set.image(i)).ink / 784;
        REQUIRE(ink > 0.02);
        REQUIRE(ink < 0.42);
        mean += ink / 2000;
    }
    CHECK(mean > 0.10);  // MNIST: 0.13
    CHECK(mean < 0.16);
}

TEST_CASE("digits: the drawing has not changed") {
    // Grey levels of 1000 pictures, by label. A tenth of a per cent leaves room for fused multiplications; a change of
    // the strokes or of the order of random numbers shifts them by more.
    const std::array<std::int64_t, 10> expected{3073467, 1482693, 2768020, 2601373, 2554257,
                                                2354258, 2828478, 2196364, 3083988, 2752965};
    const auto ink = ink_by_label(draw_digits({.count = 1000, .seed = 1}));
    for (std::size_t label = 0; label < 10; ++label) {
        CAPTURE(label);
        CHECK(static_cast<double>(ink[label]) == doctest::Approx(static_cast<double>(expected[label])).epsilon(0.001));
    }
}

TEST_CASE("digits: options shape the pictures") {
    const auto ink = [](const DrawnDigitsOptions& options) {
        double sum = 0;
        for (const float value : draw_digits(options).images) sum += double{value};
        return sum;
    };
    CHECK(ink({.count = 200, .pen_width = 4}) > 1.3 * ink({.count = 200, .pen_width = 2}));

    // A stick that leans to the right has its upper half right of its lower half.
    const auto lean = [](double slant) {
        double moment = 0;
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            const auto image = draw_digit(1, seed, {.slant = slant, .slant_spread = 0});
            for (Index y = 0; y < 28; ++y)
                for (Index x = 0; x < 28; ++x)
                    moment += double{image(0, y, x)} * static_cast<double>((14 - y) * (x - 14));
        }
        return moment;
    };
    CHECK(lean(0.5) > 0);
    CHECK(lean(-0.5) < 0);
}

TEST_CASE("digits: one digit") {
    for (int label = 0; label < 10; ++label) {
        const auto image = draw_digit(label, 4);
        CHECK(image.shape() == Shape{1, 28, 28});
        CHECK(image == draw_digit(label, 4));
        CHECK_FALSE(image == draw_digit(label, 5));
    }
}

TEST_CASE("digits: options out of range") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(draw_digits({.count = 0}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = -5}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = 1, .variation = -0.1}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = 1, .variation = nan}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = 1, .slant = 1.5}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = 1, .slant_spread = -1}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = 1, .pen_width = 0}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = 1, .pen_spread = 2}), OptionError);
    CHECK_THROWS_AS(draw_digits({.count = 1, .roughness = 1.01}), OptionError);
    CHECK_THROWS_AS(draw_digit(10, 1), OptionError);
    CHECK_THROWS_AS(draw_digit(-1, 1), OptionError);
    CHECK_THROWS_WITH_AS(draw_digits({.count = 1, .pen_width = 9}), "draw_digits: pen_width expected in 1.2 … 6, got 9",
                         OptionError);
}

TEST_CASE("digits: the table of strokes is sound") {
    for (const auto variants : detail::digit_variants) {
        CHECK_FALSE(variants.empty());
        for (const auto& variant : variants) {
            CAPTURE(variant.name);
            const std::size_t count = variant.knots_per_hand();
            REQUIRE(count >= 2);
            CHECK(variant.weight > 0);
            CHECK(variant.knots.size() == count * variant.hands);
            for (std::size_t k = 0; k < variant.knots.size(); ++k) {
                CHECK(variant.knots[k].pen == variant.knots[k % count].pen);  // all hands make the same strokes
                CHECK(variant.knots[k].x > -0.2);
                CHECK(variant.knots[k].x < 1.2);
                CHECK(variant.knots[k].y > -0.2);
                CHECK(variant.knots[k].y < 1.2);
            }
            CHECK(variant.knots.front().pen == detail::Pen::down);
            CHECK(variant.knots[count - 1].pen != detail::Pen::down);
        }
    }
}
