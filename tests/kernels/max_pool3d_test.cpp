#include "deconvviz/kernels/max_pool3d.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "kernel_support.hpp"

namespace {

using namespace kernel_test;
using namespace deconvviz::kernels;

MaxPool3DShape random_pool(Random& random) {
    MaxPool3DShape s;
    s.batch = 1 + random.below(3);
    s.maps = 1 + random.below(7);
    s.height = 1 + random.below(9);
    s.width = 1 + random.below(9);
    s.group = 1 + random.below(4);
    s.window = random_size(random, 1, 4);
    return s;
}

template <class T>
std::size_t map_values(const MaxPool3DShape& s, T) {
    return static_cast<std::size_t>(s.batch * s.maps * s.plane());
}

std::size_t cells(const MaxPool3DShape& s) {
    return static_cast<std::size_t>(s.batch * s.pooled_maps() * s.pooled_plane());
}

/// As the paper says it: first over space in each map, with a switch for it, then over groups of maps that are filled
/// up with zeros. Beyond the border of a map there are zeros.
template <class T>
void pool_in_two_steps(const MaxPool3DShape& s, const std::vector<T>& maps, std::vector<T>& pooled,
                       std::vector<std::uint16_t>& switches) {
    pooled.clear();
    switches.clear();
    const auto at = [&](Index n, Index m, Index y, Index x) {
        if (m >= s.maps || y >= s.height || x >= s.width) return T(0);
        return maps[static_cast<std::size_t>(((n * s.maps + m) * s.height + y) * s.width + x)];
    };
    for (Index n = 0; n < s.batch; ++n)
        for (Index p = 0; p < s.pooled_maps(); ++p)
            for (Index y = 0; y < s.pooled_height(); ++y)
                for (Index x = 0; x < s.pooled_width(); ++x) {
                    T best = 0;
                    Index best_place = -1;
                    for (Index m = 0; m < s.group; ++m) {
                        T in_map = 0;
                        Index place = -1;
                        for (Index i = 0; i < s.window.y * s.window.x; ++i) {
                            const T value = at(n, p * s.group + m, y * s.window.y + i / s.window.x,
                                               x * s.window.x + i % s.window.x);
                            if (place >= 0 && std::abs(value) <= std::abs(in_map)) continue;
                            in_map = value;
                            place = i;
                        }
                        if (best_place >= 0 && std::abs(in_map) <= std::abs(best)) continue;
                        best = in_map;
                        best_place = place + m * s.window.y * s.window.x;
                    }
                    pooled.push_back(best);
                    switches.push_back(static_cast<std::uint16_t>(best_place));
                }
}

}  // namespace

TEST_CASE_TEMPLATE("max_pool3d: random shapes with ties are pooled as in two steps with zeros beyond", T, float,
                   double) {
    Random random(31);
    for (int i = 0; i < 400; ++i) {
        const MaxPool3DShape s = random_pool(random);
        std::vector<T> maps(map_values(s, T()));
        for (T& value : maps) value = static_cast<T>(random.below(5)) - 2;
        std::vector<T> pooled(cells(s)), expected;
        std::vector<std::uint16_t> switches(cells(s)), expected_switches;
        max_pool3d(s, maps.data(), pooled.data(), switches.data());
        pool_in_two_steps(s, maps, expected, expected_switches);
        CHECK(pooled == expected);
        CHECK(switches == expected_switches);

        std::vector<T> gathered(cells(s), T(9));
        pool3d_by_switches(s, maps.data(), switches.data(), gathered.data());
        CHECK(gathered == pooled);  // the switches of these maps pool them again
        std::vector<T> unpooled(maps.size(), T(9));
        unpool3d(s, pooled.data(), switches.data(), unpooled.data());
        std::size_t kept = 0;
        for (std::size_t v = 0; v < maps.size(); ++v) {
            CHECK((unpooled[v] == 0 || unpooled[v] == maps[v]));
            kept += unpooled[v] != 0;
        }
        CHECK(kept == pooled.size() - static_cast<std::size_t>(std::count(pooled.begin(), pooled.end(), T(0))));
    }
}

TEST_CASE("max_pool3d: two groups of maps by hand") {
    MaxPool3DShape s;  // three maps of 2x3 in groups of two, windows of 2x2
    s.maps = 3;
    s.height = 2;
    s.width = 3;
    s.group = 2;
    s.window = 2;
    const std::vector<double> maps{1, -3, 0,   //
                                   2, 0,  -1,  // map 0
                                   0, 0,  5,   //
                                   3, 0,  0,   // map 1: its 3 ties with the -3 before it
                                   0, 0,  0,   //
                                   0, -7, 0};  // map 2, alone in its group
    std::vector<double> pooled(4);
    std::vector<std::uint16_t> switches(4);
    max_pool3d(s, maps.data(), pooled.data(), switches.data());
    CHECK(pooled == std::vector<double>{-3, 5, -7, 0});
    CHECK(switches == std::vector<std::uint16_t>{1, 4, 3, 0});
    std::vector<double> unpooled(maps.size(), 9.0);
    unpool3d(s, pooled.data(), switches.data(), unpooled.data());
    CHECK(unpooled == std::vector<double>{0, -3, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, -7, 0});
}

TEST_CASE("max_pool3d: a first NaN counts as larger than any number, infinities by magnitude") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    MaxPool3DShape s;
    s.width = 4;
    s.window = {1, 4};
    double pooled = 0;
    std::uint16_t place = 9;
    max_pool3d(s, std::vector<double>{1, nan, infinity, nan}.data(), &pooled, &place);
    CHECK(std::isnan(pooled));
    CHECK(place == 1);
    max_pool3d(s, std::vector<double>{1, 2, -infinity, infinity}.data(), &pooled, &place);
    CHECK(pooled == -infinity);
    CHECK(place == 2);
}

TEST_CASE("unpool3d is the adjoint of pooling by the same switches, any switches, and writes nowhere else") {
    Random random(32);
    for (int i = 0; i < 200; ++i) {
        const MaxPool3DShape s = random_pool(random);
        const auto maps = random_values<double>(s.batch * s.maps * s.plane(), random);
        const auto signal = random_values<double>(static_cast<Index>(cells(s)), random);
        std::vector<std::uint16_t> switches(cells(s));
        const bool beyond = random.chance(0.5);
        for (auto& place : switches)
            place = static_cast<std::uint16_t>(random.below(beyond ? Index{65536} : s.places()));
        std::vector<double> pooled(cells(s)), unpooled(maps.size() + 2, 7.0);
        pool3d_by_switches(s, maps.data(), switches.data(), pooled.data());
        unpool3d(s, signal.data(), switches.data(), unpooled.data() + 1);
        CHECK(unpooled.front() == 7);
        CHECK(unpooled.back() == 7);
        double above = 0, below = 0;
        for (std::size_t v = 0; v < pooled.size(); ++v) above += pooled[v] * signal[v];
        for (std::size_t v = 0; v < maps.size(); ++v) below += maps[v] * unpooled[v + 1];
        CHECK(above == doctest::Approx(below).epsilon(1e-12));
    }
}

TEST_CASE("max_pool3d, pool3d_by_switches and unpool3d: the same on any number of threads") {
    const int before = deconvviz::threads();
    Random random(33);
    MaxPool3DShape s;
    s.batch = 5;
    s.maps = 7;
    s.height = s.width = 40;
    s.group = 3;
    s.window = 3;
    const auto maps = random_values<float>(s.batch * s.maps * s.plane(), random);
    const auto all = [&](int threads) {
        deconvviz::set_threads(threads);
        std::vector<float> result(2 * cells(s) + maps.size());
        std::vector<std::uint16_t> switches(cells(s));
        max_pool3d(s, maps.data(), result.data(), switches.data());
        pool3d_by_switches(s, maps.data(), switches.data(), result.data() + cells(s));
        unpool3d(s, result.data(), switches.data(), result.data() + 2 * cells(s));
        result.insert(result.end(), switches.begin(), switches.end());
        return result;
    };
    const auto one = all(1);
    CHECK(all(3) == one);
    deconvviz::set_threads(before);
}
