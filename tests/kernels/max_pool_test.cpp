#include "deconvviz/kernels/max_pool.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "deconvviz/core/parallel.hpp"
#include "kernel_support.hpp"

namespace {

using namespace kernel_test;
using namespace deconvviz::kernels;
using deconvviz::Overlap;

/// Any pooling; half of them of the usual kinds that have code of their own.
MaxPoolShape random_pool(Random& random) {
    for (;;) {
        MaxPoolShape s;
        s.planes = 1 + random.below(3);
        s.src_height = 1 + random.below(15);
        s.src_width = 1 + random.below(random.chance(0.3) ? 90 : 30);
        s.sliding.kernel = random_size(random, 1, 5);
        s.sliding.stride = random_size(random, 1, 4);
        if (random.chance(0.5)) {
            s.sliding.kernel = 2 + random.below(2);
            s.sliding.stride = random.chance(0.8) ? 2 : 1;
        }
        if (random.chance(0.5))
            s.sliding.padding = {random.below(s.sliding.kernel.y), random.below(s.sliding.kernel.x)};
        const bool ceil = random.chance(0.5);
        s.dst_height =
            deconvviz::pooled_size(s.src_height, s.sliding.kernel.y, s.sliding.stride.y, s.sliding.padding.y, ceil);
        s.dst_width =
            deconvviz::pooled_size(s.src_width, s.sliding.kernel.x, s.sliding.stride.x, s.sliding.padding.x, ceil);
        if (s.dst_height > 0 && s.dst_width > 0) return s;
    }
}

/// Few different values, both zeros among them, so that ties abound; in some of the planes infinities or NaNs too.
template <class T>
std::vector<T> tied_values(Index planes, Index plane, Random& random) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    std::vector<T> values(static_cast<std::size_t>(planes * plane));
    for (Index p = 0; p < planes; ++p) {
        const double nan = random.chance(0.3) ? 0.05 : 0;
        const double large = random.chance(0.3) ? 0.1 : 0;
        const double small = random.chance(0.3) ? 0.5 : 0;
        for (Index i = p * plane; i < (p + 1) * plane; ++i) {
            T value = static_cast<T>(random.below(4)) - 2;
            if (value == 0 && random.chance(0.5)) value = -value;
            if (random.chance(large)) value = infinity;
            if (random.chance(small)) value = -infinity;
            if (random.chance(nan)) value = std::numeric_limits<T>::quiet_NaN();
            values[static_cast<std::size_t>(i)] = value;
        }
    }
    return values;
}

/// Zeros of another sign are not the same, all NaNs are.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](T x, T y) { return (x == y && std::signbit(x) == std::signbit(y)) || (x != x && y != y); });
}

std::string describe(const MaxPoolShape& s) {
    return deconvviz::detail::concat("kernel ", s.sliding.kernel, ", stride ", s.sliding.stride, ", padding ",
                                     s.sliding.padding, ", ", s.src_height, "x", s.src_width, " to ", s.dst_height, "x",
                                     s.dst_width);
}

}  // namespace

TEST_CASE_TEMPLATE("max_pool and unpool: random shapes, ties and NaN match the references to the bit", T, float,
                   double) {
    Random random(11);
    for (int i = 0; i < 6000; ++i) {
        const MaxPoolShape s = random_pool(random);
        const auto src = tied_values<T>(s.planes, s.src_plane(), random);
        const Window window = i % 3 == 0 ? random_window(s.dst_height, s.dst_width, random) : s.whole_dst();
        std::vector<T> dst(static_cast<std::size_t>(s.planes * s.dst_plane()), T(7));
        std::vector<std::uint8_t> switches(dst.size(), 77);
        auto expected = dst;
        auto expected_switches = switches;
        reference::max_pool(s, src.data(), expected.data(), expected_switches.data(), window);
        max_pool(s, src.data(), dst.data(), switches.data(), window);
        const bool pooled_alike = same_bits(dst, expected) && switches == expected_switches;
        CHECK_MESSAGE(pooled_alike, describe(s), ", outputs ", window);

        reference::max_pool(s, src.data(), expected.data(), expected_switches.data(), s.whole_dst());
        const auto pooled = i % 2 ? tied_values<T>(s.planes, s.dst_plane(), random)
                                  : random_values<T>(s.planes * s.dst_plane(), random);
        const Window below = i % 3 == 0 ? random_window(s.src_height, s.src_width, random) : s.whole_src();
        for (const Overlap overlap : {Overlap::accumulate, Overlap::overwrite}) {
            std::vector<T> unpooled(src.size(), T(7));
            auto expected_unpooled = unpooled;
            reference::unpool(s, pooled.data(), expected_switches.data(), expected_unpooled.data(), overlap, below);
            unpool(s, pooled.data(), expected_switches.data(), unpooled.data(), overlap, below);
            CHECK_MESSAGE(same_bits(unpooled, expected_unpooled), describe(s), ", positions ", below);
        }
    }
}

TEST_CASE("unpool: switches that point nowhere write nothing outside of the map") {
    Random random(12);
    for (int i = 0; i < 300; ++i) {
        const MaxPoolShape s = random_pool(random);
        const auto pooled = random_values<float>(s.planes * s.dst_plane(), random);
        std::vector<std::uint8_t> switches(pooled.size());
        for (std::uint8_t& place : switches) place = static_cast<std::uint8_t>(random.below(256));
        std::vector<float> unpooled(static_cast<std::size_t>(s.planes * s.src_plane()) + 2, 7.0F);
        unpool(s, pooled.data(), switches.data(), unpooled.data() + 1, Overlap::accumulate, s.whole_src());
        CHECK(unpooled.front() == 7);
        CHECK(unpooled.back() == 7);
    }
}

TEST_CASE("max_pool and unpool: a plane has the bits that it has alone, on any number of threads") {
    const int before = deconvviz::threads();
    Random random(13);
    MaxPoolShape s;
    s.planes = 24;
    s.src_height = s.src_width = 57;
    s.sliding = {3, 2, 1, 1};
    s.dst_height = s.dst_width = 29;
    const auto src = tied_values<float>(s.planes, s.src_plane(), random);
    std::vector<float> dst(static_cast<std::size_t>(s.planes * s.dst_plane()));
    std::vector<std::uint8_t> switches(dst.size());
    std::vector<float> unpooled(src.size());
    deconvviz::set_threads(3);
    max_pool(s, src.data(), dst.data(), switches.data(), s.whole_dst());
    unpool(s, dst.data(), switches.data(), unpooled.data(), Overlap::accumulate, s.whole_src());
    deconvviz::set_threads(1);
    MaxPoolShape one = s;
    one.planes = 1;
    for (Index p = 0; p < s.planes; ++p) {
        std::vector<float> alone(static_cast<std::size_t>(s.dst_plane()));
        std::vector<std::uint8_t> alone_switches(alone.size());
        std::vector<float> alone_unpooled(static_cast<std::size_t>(s.src_plane()));
        max_pool(one, src.data() + p * s.src_plane(), alone.data(), alone_switches.data(), s.whole_dst());
        unpool(one, alone.data(), alone_switches.data(), alone_unpooled.data(), Overlap::accumulate, s.whole_src());
        const auto from = [p](const auto& values, Index plane) {
            using Values = std::decay_t<decltype(values)>;
            return Values(values.begin() + p * plane, values.begin() + (p + 1) * plane);
        };
        CHECK(same_bits(from(dst, s.dst_plane()), alone));
        CHECK(from(switches, s.dst_plane()) == alone_switches);
        CHECK(same_bits(from(unpooled, s.src_plane()), alone_unpooled));
    }
    deconvviz::set_threads(before);
}

TEST_CASE("max_pool: overlapping windows and a tie, by hand") {
    MaxPoolShape s;  // 3x3 windows, stride 2, over 5x5
    s.src_height = s.src_width = 5;
    s.dst_height = s.dst_width = 2;
    s.sliding = {3, 2, 0, 1};
    const std::vector<float> src{0, 0, 0, 0, 0,  //
                                 0, 5, 0, 5, 0,  //
                                 0, 0, 9, 0, 0,  // the middle belongs to all four windows
                                 0, 0, 0, 0, 0,  //
                                 0, 0, 0, 0, 0};
    std::vector<float> dst(4);
    std::vector<std::uint8_t> switches(4);
    max_pool(s, src.data(), dst.data(), switches.data(), s.whole_dst());
    CHECK(dst == std::vector<float>{9, 9, 9, 9});
    CHECK(switches == std::vector<std::uint8_t>{8, 6, 2, 0});

    const std::vector<float> pooled{1, 2, 3, 4};
    std::vector<float> unpooled(25);
    unpool(s, pooled.data(), switches.data(), unpooled.data(), Overlap::accumulate, s.whole_src());
    CHECK(unpooled[12] == 10);
    CHECK(std::count(unpooled.begin(), unpooled.end(), 0.0F) == 24);
    unpool(s, pooled.data(), switches.data(), unpooled.data(), Overlap::overwrite, s.whole_src());
    CHECK(unpooled[12] == 4);

    const std::vector<float> flat(25, 3.0F);
    max_pool(s, flat.data(), dst.data(), switches.data(), s.whole_dst());
    CHECK(switches == std::vector<std::uint8_t>{0, 0, 0, 0});
}

TEST_CASE("max_pool: a first NaN counts as larger than any number") {
    MaxPoolShape s;
    s.src_height = 1;
    s.src_width = 4;
    s.sliding = {{1, 4}, 1, 0, 1};
    const float nan = std::numeric_limits<float>::quiet_NaN();
    float dst = 0;
    std::uint8_t place = 0;
    for (const auto& [src, expected] : {std::pair{std::vector<float>{1, nan, 9, nan}, 1}, {{nan, 1, 2, 3}, 0}}) {
        max_pool(s, src.data(), &dst, &place, s.whole_dst());
        CHECK(dst != dst);
        CHECK(place == expected);
    }
}

TEST_CASE("max_pool: switches of two bytes where a window has more than 256 places") {
    MaxPoolShape s;
    s.planes = 3;
    s.src_height = s.src_width = 20;
    s.sliding = {20, 1, 0, 1};
    std::vector<float> src(3 * 400, 0.0F);
    src[399] = 1;
    src[400 + 300] = 2;
    src[800] = 3;
    std::vector<float> dst(3);
    std::vector<std::uint16_t> switches(3);
    max_pool(s, src.data(), dst.data(), switches.data(), s.whole_dst());
    CHECK(dst == std::vector<float>{1, 2, 3});
    CHECK(switches == std::vector<std::uint16_t>{399, 300, 0});
    std::vector<float> unpooled(src.size());
    unpool(s, dst.data(), switches.data(), unpooled.data(), Overlap::accumulate, s.whole_src());
    CHECK(unpooled == src);
}
