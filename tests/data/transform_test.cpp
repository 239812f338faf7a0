#include "deconvviz/data/transform.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using support::check_tensor_close;
using support::check_throws;
using support::random_tensor;

namespace {

constexpr BorderOptions black{.rule = BorderRule::constant, .fill = 0};
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The bilinear value as a sum over all pixels, each with a weight that falls linearly to 0 at one pixel's distance.
/// `reach` more pixels on each side stand for what lies beyond the border.
double tent_sum(const Tensor<double>& image, Index c, double y, double x, const BorderOptions& border, Index reach) {
    const Index height = image.shape()[1], width = image.shape()[2];
    double sum = 0;
    for (Index v = -reach; v < height + reach; ++v)
        for (Index u = -reach; u < width + reach; ++u) {
            const double weight = std::max(0.0, 1 - std::abs(y - static_cast<double>(v))) *
                                  std::max(0.0, 1 - std::abs(x - static_cast<double>(u)));
            const bool inside = v >= 0 && v < height && u >= 0 && u < width;
            const double value =
                border.rule == BorderRule::constant && !inside
                    ? border.fill
                    : image(c, std::clamp(v, Index{0}, height - 1), std::clamp(u, Index{0}, width - 1));
            sum += weight * value;
        }
    return sum;
}

}  // namespace

TEST_CASE_TEMPLATE("transform: whole pixels, quarter turns and a factor of 1 change no bit", T, float, double) {
    const auto image = random_tensor<T>({2, 5, 5}, 1);
    CHECK(translated(image, 0, 0) == image);
    CHECK(scaled(image, 1) == image);
    CHECK(rotated(image, 0) == image);
    CHECK(rotated(image, -720) == image);
    const auto down_left = translated(image, 2, -1, black);
    const auto edge = translated(image, 2, -1);
    for (Index c = 0; c < 2; ++c)
        for (Index y = 0; y < 5; ++y)
            for (Index x = 0; x < 5; ++x) {
                CHECK(down_left(c, y, x) == (y >= 2 && x < 4 ? image(c, y - 2, x + 1) : T(0)));
                CHECK(edge(c, y, x) == image(c, std::max<Index>(y - 2, 0), std::min<Index>(x + 1, 4)));
            }
    for (const Index side : {1, 4, 5}) {
        const auto square = random_tensor<T>({2, side, side}, 2);
        auto turned = square;
        for (int quarter = 1; quarter <= 4; ++quarter) {
            const auto before = turned;
            for (Index c = 0; c < 2; ++c)  // the right column becomes the top row: counterclockwise
                for (Index y = 0; y < side; ++y)
                    for (Index x = 0; x < side; ++x) turned(c, y, x) = before(c, x, side - 1 - y);
            CHECK(rotated(square, 90 * quarter) == turned);
            CHECK(rotated(square, 90 * quarter - 360, black) == turned);
            CHECK(rotated(square, 90 * quarter + 7200.0, black) == turned);
        }
        CHECK(turned == square);
    }
    CHECK(rotated(image, 1) != image);
}

TEST_CASE("transform: bilinear values by hand") {
    const Tensor<double> image({1, 2, 3}, {0, 1, 2,  //
                                           4, 8, 6});
    // half a pixel to the right: each new pixel is the mean of the old one and its left neighbour
    CHECK(translated(image, 0, 0.5) == Tensor<double>({1, 2, 3}, {0, 0.5, 1.5, 4, 6, 7}));
    CHECK(translated(image, 0, 0.5, {.rule = BorderRule::constant, .fill = 10}) ==
          Tensor<double>({1, 2, 3}, {5, 0.5, 1.5, 7, 6, 7}));
    // a quarter of a pixel up, and one to the left
    CHECK(translated(image, -0.25, -1, black) == Tensor<double>({1, 2, 3}, {2.75, 3, 0, 6, 4.5, 0}));
    // twice as large about the centre (0.5, 1): rows come from 0.25 and 0.75, columns from 0.5, 1 and 1.5
    CHECK(scaled(image, 2) == Tensor<double>({1, 2, 3}, {1.875, 2.75, 2.875, 4.625, 6.25, 5.625}));
    // half as large: rows from -0.5 and 1.5, columns from -1, 1 and 3
    CHECK(scaled(image, 0.5, black) == Tensor<double>({1, 2, 3}, {0, 0.5, 0, 0, 4, 0}));
    CHECK(scaled(image, 0.5) == Tensor<double>({1, 2, 3}, {0, 1, 2, 4, 8, 6}));
    // 45 degrees: the corners of four pixels come from √½ above, right of, left of and below their centre
    const Tensor<double> four({1, 2, 2}, {1, 2,  //
                                          3, 4});
    const auto turned = rotated(four, 45);
    CHECK(turned(0, 0, 0) == doctest::Approx(1.5));
    CHECK(turned(0, 0, 1) == doctest::Approx(3));
    CHECK(turned(0, 1, 0) == doctest::Approx(2));
    CHECK(turned(0, 1, 1) == doctest::Approx(3.5));
    // which is √½ - ½ beyond the outer pixels' centres, so that much black is mixed in
    CHECK(rotated(four, 45, black)(0, 0, 1) == doctest::Approx(3 * (1.5 - std::sqrt(0.5))));
}

TEST_CASE("transform: equal to a sum of tents over all pixels, for any map and border") {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        Random random(seed);
        const Shape shape{1 + random.below(3), 1 + random.below(7), 1 + random.below(7)};
        const auto image = random_tensor<double>(shape, seed + 100);
        const double middle_y = static_cast<double>(shape[1] - 1) / 2, middle_x = static_cast<double>(shape[2] - 1) / 2;
        for (const BorderOptions& border :
             {BorderOptions{}, BorderOptions{.rule = BorderRule::constant, .fill = 0.7}}) {
            const double dy = random.between(-4, 4), dx = random.between(-4, 4), factor = random.between(0.4, 3);
            const double degrees = random.between(-400, 400);
            const double turn = degrees * 3.14159265358979323846 / 180;
            const auto moved = translated(image, dy, dx, border), grown = scaled(image, factor, border),
                       turned = rotated(image, degrees, border);
            Tensor<double> slow_moved(shape), slow_grown(shape), slow_turned(shape);
            for (Index c = 0; c < shape[0]; ++c)
                for (Index row = 0; row < shape[1]; ++row)
                    for (Index column = 0; column < shape[2]; ++column) {
                        const double y = static_cast<double>(row), x = static_cast<double>(column);
                        const double up = middle_y - y, right = x - middle_x;
                        slow_moved(c, row, column) = tent_sum(image, c, y - dy, x - dx, border, 25);
                        slow_grown(c, row, column) =
                            tent_sum(image, c, middle_y - up / factor, middle_x + right / factor, border, 25);
                        // counterclockwise by `turn`, so what is here was clockwise of here
                        slow_turned(c, row, column) =
                            tent_sum(image, c, middle_y - (up * std::cos(turn) - right * std::sin(turn)),
                                     middle_x + right * std::cos(turn) + up * std::sin(turn), border, 25);
                    }
            check_tensor_close(moved, slow_moved, 0, 1e-12);
            check_tensor_close(grown, slow_grown, 0, 1e-12);
            check_tensor_close(turned, slow_turned, 0, 1e-12);
        }
    }
}

TEST_CASE("transform: one place for all pixels, far away, and the mirror image") {
    const Tensor<float> image({1, 2, 3}, {1, 2, 3, 4, 5, 6});
    CHECK(affine(image, {.xx = -1}) == Tensor<float>({1, 2, 3}, {3, 2, 1, 6, 5, 4}));
    CHECK(translated(image, -1e90, 1e90) == Tensor<float>({1, 2, 3}, 4));
    CHECK(translated(image, 1e90, 0, {.rule = BorderRule::constant, .fill = -2}) == Tensor<float>({1, 2, 3}, -2));
    const auto middle = scaled(image, 1e90);  // everything comes from the centre, between 2 and 5
    for (const float value : middle) CHECK(value == 3.5F);
    CHECK(rotated(Tensor<float>({3, 0, 4}), 30).empty());
}

TEST_CASE("transform: NaN spreads to the pixels it has a weight in, and no further") {
    Tensor<double> image({1, 3, 3}, 1.0);
    image(0, 1, 1) = not_a_number;
    const auto count = [](const Tensor<double>& picture) {
        return std::count_if(picture.begin(), picture.end(), [](double value) { return std::isnan(value); });
    };
    CHECK(count(translated(image, 1, 0)) == 1);
    CHECK(count(translated(image, 0.5, 0)) == 2);
    CHECK(count(translated(image, 0.5, 0.5)) == 4);
    CHECK(count(rotated(image, 90)) == 1);
    const Tensor<double> whole({1, 3, 3}, 1.0);
    CHECK(count(translated(whole, 1, 0, {.rule = BorderRule::constant, .fill = not_a_number})) == 3);
}

TEST_CASE("transform: the four transformations by name") {
    const auto image = random_tensor<float>({1, 4, 4}, 3);
    CHECK(transformed(image, Transformation::translation_y, 1.5, black) == translated(image, 1.5, 0, black));
    CHECK(transformed(image, Transformation::translation_x, -1) == translated(image, 0, -1));
    CHECK(transformed(image, Transformation::scale, 1.3, black) == scaled(image, 1.3, black));
    CHECK(transformed(image, Transformation::rotation, 20) == rotated(image, 20));
    for (const auto each : {Transformation::translation_y, Transformation::translation_x, Transformation::scale,
                            Transformation::rotation})
        CHECK(transformed(image, each, identity_amount(each)) == image);
}

TEST_CASE("transform: what makes no sense is refused") {
    const Tensor<double> image({1, 2, 2});
    for (const double amount : {not_a_number, infinity, -infinity}) {
        CHECK_THROWS_AS(translated(image, amount, 0), OptionError);
        CHECK_THROWS_AS(translated(image, 0, amount), OptionError);
        CHECK_THROWS_AS(scaled(image, amount), OptionError);
        CHECK_THROWS_AS(rotated(image, amount), OptionError);
        CHECK_THROWS_AS(affine(image, {.xy = amount}), OptionError);
    }
    check_throws<OptionError>([&] { scaled(image, 0); }, {"scaled: expected a factor above 0, got 0"});
    check_throws<OptionError>([&] { scaled(image, -2); }, {"above 0, got -2"});
    check_throws<OptionError>([&] { scaled(image, 1e-200); }, {"at most 1e100, got 1e+200"});
    check_throws<OptionError>([&] { rotated(image, not_a_number); }, {"rotated: expected a finite angle, got nan"});
    check_throws<ShapeError>(
        [&] {
            translated(Tensor<double>({2, 2}), 1, 0);
        },
        {"affine: expected a picture of shape (C,H,W), got (2,2)"});
    CHECK_THROWS_AS(transformed(image, static_cast<Transformation>(9), 1), OptionError);
}
