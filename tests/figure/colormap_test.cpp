#include "deconvviz/figure/colormap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace deconvviz;
using namespace deconvviz::figure;

namespace {

using Lab = std::array<double, 3>;

/// The way back, from an 8-bit colour to OKLab, written from the definition.
Lab lab(Color color) {
    const auto linear = [](int byte) {
        const double c = byte / 255.0;
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    const double r = linear(color.r), g = linear(color.g), b = linear(color.b);
    const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

double difference(Lab a, Lab b) {
    return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

}  // namespace

TEST_CASE("colormap: grey is the value itself") {
    for (int i = 0; i <= 255; ++i) {
        const auto byte = static_cast<std::uint8_t>(i);
        CHECK(color(Colormap::grey, i / 255.0) == Color{byte, byte, byte});
    }
}

TEST_CASE("colormap: lightness is linear and steps are even") {
    constexpr int steps = 32;
    for (const Colormap map : {Colormap::sequential, Colormap::heat}) {
        const Lab first = lab(color(map, 0)), last = lab(color(map, 1));
        CHECK(last[0] - first[0] > 0.6);
        double smallest = 1, largest = 0;
        for (int i = 0; i < steps; ++i) {
            const Lab a = lab(color(map, i / double{steps})), b = lab(color(map, (i + 1) / double{steps}));
            CHECK(a[0] == doctest::Approx(first[0] + (last[0] - first[0]) * i / steps).epsilon(0.01));
            CHECK(b[0] > a[0]);
            smallest = std::min(smallest, difference(a, b));
            largest = std::max(largest, difference(a, b));
        }
        CHECK(largest < 1.25 * smallest);  // 8 bits are coarse at the dark end
    }
}

TEST_CASE("colormap: diverging is symmetric about a neutral middle") {
    const Lab middle = lab(color(Colormap::diverging, 0.5));
    CHECK(middle[0] > 0.96);
    CHECK(std::hypot(middle[1], middle[2]) < 0.002);
    for (int i = 1; i <= 32; ++i) {
        const Lab blue = lab(color(Colormap::diverging, 0.5 - i / 64.0));
        const Lab red = lab(color(Colormap::diverging, 0.5 + i / 64.0));
        CHECK(blue[0] == doctest::Approx(red[0]).epsilon(0.008));
        CHECK(std::hypot(blue[1], blue[2]) == doctest::Approx(std::hypot(red[1], red[2])).epsilon(0.08));
        CHECK(blue[2] < 0);
        CHECK(red[1] > 0);
        CHECK(red[0] < middle[0]);
        CHECK(difference(red, lab(color(Colormap::diverging, 0.5 + (i - 1) / 64.0))) ==
              doctest::Approx(difference(lab(color(Colormap::diverging, 1)), middle) / 32).epsilon(0.3));
    }
}

TEST_CASE("colormap: the ends, beyond them, and no number") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const Colormap map : {Colormap::grey, Colormap::sequential, Colormap::heat, Colormap::diverging}) {
        CHECK(color(map, -3) == color(map, 0));
        CHECK(color(map, -infinity) == color(map, 0));
        CHECK(color(map, 1.01) == color(map, 1));
        CHECK(color(map, infinity) == color(map, 1));
        CHECK(color(map, std::numeric_limits<double>::quiet_NaN()) == nan_color);
        for (int i = 0; i <= 1000; ++i) CHECK(difference(lab(color(map, i / 1000.0)), lab(nan_color)) > 0.1);
    }
}
