#include "deconvviz/kernels/max_pool.hpp"

#include <cstdint>
#include <limits>

#include "deconvviz/core/parallel.hpp"
#include "kernel_support.hpp"

namespace {

using namespace kernel_test;
using namespace deconvviz::kernels;
using deconvviz::Overlap;

MaxPoolShape random_pool(Random& random) {
    for (;;) {
        MaxPoolShape s;
        s.planes = 1 + random.below(4);
        s.src_height = 1 + random.below(20);
        s.src_width = 1 + random.below(50);
        s.sliding.kernel = random_size(random, 1, 4);
        s.sliding.stride = random_size(random, 1, 4);
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

/// Few different values, so that ties abound; now and then an infinity or a NaN.
template <class T>
std::vector<T> tied_values(Index count, Random& random) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) {
        value = static_cast<T>(random.below(4)) - 2;
        if (random.chance(0.02)) value = std::numeric_limits<T>::quiet_NaN();
        if (random.chance(0.02)) value = -std::numeric_limits<T>::infinity();
    }
    return values;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](T x, T y) { return x == y || (x != x && y != y); });
}

}  // namespace

TEST_CASE_TEMPLATE("max_pool and unpool: random shapes, ties and NaN match the references to the bit", T, float,
                   double) {
    Random random(11);
    for (int i = 0; i < 500; ++i) {
        const MaxPoolShape s = random_pool(random);
        INFO("kernel " << s.sliding.kernel.y << 'x' << s.sliding.kernel.x << " stride " << s.sliding.stride.y << 'x'
                       << s.sliding.stride.x << " source " << s.src_height << 'x' << s.src_width);
        const auto src = tied_values<T>(s.planes * s.src_plane(), random);
        const Window window = i % 2 ? random_window(s.dst_height, s.dst_width, random) : s.whole_dst();
        std::vector<T> dst(static_cast<std::size_t>(s.planes * s.dst_plane()), T(7));
        std::vector<std::uint8_t> switches(dst.size(), 77);
        auto expected = dst;
        auto expected_switches = switches;
        reference::max_pool(s, src.data(), expected.data(), expected_switches.data(), window);
        max_pool(s, src.data(), dst.data(), switches.data(), window);
        CHECK(same_bits(dst, expected));
        CHECK(switches == expected_switches);

        reference::max_pool(s, src.data(), expected.data(), expected_switches.data(), s.whole_dst());
        const auto pooled = random_values<T>(s.planes * s.dst_plane(), random);
        const Window below = i % 2 ? random_window(s.src_height, s.src_width, random) : s.whole_src();
        for (const Overlap overlap : {Overlap::accumulate, Overlap::overwrite}) {
            std::vector<T> unpooled(src.size(), T(7));
            auto expected_unpooled = unpooled;
            reference::unpool(s, pooled.data(), expected_switches.data(), expected_unpooled.data(), overlap, below);
            unpool(s, pooled.data(), expected_switches.data(), unpooled.data(), overlap, below);
            CHECK(unpooled == expected_unpooled);
        }
    }
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
