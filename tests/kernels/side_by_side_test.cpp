// Pictures that differ from a known one in a window, side by side, against the same operations on whole pictures.
#include <limits>

#include "convolution_support.hpp"
#include "deconvviz/kernels/average_pool.hpp"
#include "deconvviz/kernels/changed_convolution.hpp"
#include "deconvviz/kernels/max_pool.hpp"
#include "deconvviz/kernels/side_by_side.hpp"

namespace {

using namespace kernel_test;
namespace kernels = deconvviz::kernels;
using deconvviz::SlidingWindow;
using kernels::side_by_side;
using kernels::SideBySide;

/// 16 pictures, and the known one, from which they differ in a window.
template <class T>
struct Pictures {
    Index channels, height, width;
    Window changed;
    std::vector<T> known;
    std::vector<std::vector<T>> all;

    Pictures(Index channels_, Index height_, Index width_, Random& random)
        : channels(channels_), height(height_), width(width_), changed(random_window(height, width, random)) {
        known = random_values<T>(channels * height * width, random);
        for (Index p = 0; p < side_by_side; ++p) {
            std::vector<T> picture = known;
            for (std::size_t i = 0; i < picture.size(); ++i) {
                const Index at = static_cast<Index>(i) % (height * width);
                if (contains(changed, {at / width, at % width, 1, 1}))
                    picture[i] = static_cast<T>(random.between(-1, 1));
            }
            all.push_back(std::move(picture));
        }
    }

    /// Their values in a window, side by side.
    std::vector<T> in(const Window& window) const {
        std::vector<T> values;
        for (Index c = 0; c < channels; ++c)
            for (Index y = window.y; y < window.y + window.height; ++y)
                for (Index x = window.x; x < window.x + window.width; ++x)
                    for (const std::vector<T>& picture : all)
                        values.push_back(picture[static_cast<std::size_t>((c * height + y) * width + x)]);
        return values;
    }
};

/// A window that holds another one.
Window around(const Window& window, Index height, Index width, Random& random) {
    const Index y = window.y - random.below(window.y + 1), x = window.x - random.below(window.x + 1);
    const Index bottom = window.y + window.height, right = window.x + window.width;
    return {y, x, bottom + random.below(height - bottom + 1) - y, right + random.below(width - right + 1) - x};
}

/// A convolution of few small maps.
ConvolutionShape small_convolution(Random& random) {
    for (;;) {
        ConvolutionShape s = random_convolution(random);
        s.batch = 1;
        s.src_width = 1 + random.below(20);
        if (random.chance(0.1)) s.sliding.stride = random_size(random, 1, 6);
        if (set_dst_size(s) && cost(s) <= 200000) return s;
    }
}

/// Changed pictures of a convolution, and what the kernels make of them.
template <class T>
struct ChangedProblem {
    ChangedProblem(const ConvolutionShape& shape, std::uint64_t seed)
        : known(shape, seed),
          random(seed + 1),
          pictures(shape.src_channels, shape.src_height, shape.src_width, random) {
        known.src = pictures.known;
        known_dst = known.with(ConvolutionMethod::direct).up();
        const auto to_reach = shape.sliding.reached_by(pictures.changed, shape.dst_height, shape.dst_width);
        const Window inner = to_reach.empty() ? random_window(shape.dst_height, shape.dst_width, random) : to_reach;
        src_window = around(pictures.changed, shape.src_height, shape.src_width, random);
        dst_window = around(inner, shape.dst_height, shape.dst_width, random);
    }

    /// The largest error of any picture, as a part of its largest value.
    double error(const std::vector<T>& got) const {
        double worst = 0;
        for (std::size_t p = 0; p < pictures.all.size(); ++p) {
            Problem<T> whole = known;
            whole.src = pictures.all[p];
            const std::vector<double> expected = Exact(whole).up;
            std::vector<T> all;  // as the whole has them, in the window as we have them
            std::size_t next = p;
            for (std::size_t i = 0; i < expected.size(); ++i) {
                const Index at = static_cast<Index>(i) % known.shape.dst_plane();
                const bool here = contains(dst_window, {at / known.shape.dst_width, at % known.shape.dst_width, 1, 1});
                all.push_back(here ? got[next] : known_dst[i]);
                if (here) next += pictures.all.size();
            }
            worst = std::max(worst, worst_error(all, expected, 0.1));
        }
        return worst;
    }

    template <class Kernel>
    std::vector<T> result(const Kernel& kernel) const {
        const std::vector<T> values = pictures.in(src_window);
        std::vector<T> dst(
            static_cast<std::size_t>(known.shape.dst_channels * dst_window.height * dst_window.width * side_by_side),
            T(77));
        kernel(kernels::ChangedConvolution<T>{.shape = known.shape,
                                              .weights = known.weights.data(),
                                              .known_src = known.src.data(),
                                              .known_dst = known_dst.data(),
                                              .src = {src_window, values.data()},
                                              .dst = {dst_window, dst.data()}});
        return dst;
    }

    Problem<T> known;
    Random random;
    Pictures<T> pictures;
    std::vector<T> known_dst;
    Window src_window, dst_window;
};

/// One value, known and new, in a picture of 3x3 with a change in its middle, and a 1x1 kernel of 1.
bool takes(float known_value, float new_value, float around_it = 1) {
    ConvolutionShape s;
    s.src_height = s.src_width = s.dst_height = s.dst_width = 3;
    std::vector<float> known(9, around_it), dst(side_by_side), values(side_by_side, new_value);
    known[4] = known_value;
    const float weight = 1;
    return kernels::changed_convolution<float>({.shape = s,
                                                .weights = &weight,
                                                .known_src = known.data(),
                                                .known_dst = known.data(),
                                                .src = {{1, 1, 1, 1}, values.data()},
                                                .dst = {{1, 1, 1, 1}, dst.data()}});
}

kernels::MaxPoolShape random_pooling(Random& random) {
    for (;;) {
        kernels::MaxPoolShape s;
        s.planes = 1 + random.below(4);
        s.src_height = 1 + random.below(14);
        s.src_width = 1 + random.below(14);
        s.sliding.kernel = random_size(random, 1, 4);
        s.sliding.stride = random_size(random, 1, 4);
        s.sliding.padding = {random.below(s.sliding.kernel.y), random.below(s.sliding.kernel.x)};
        const auto& [kernel, stride, padding, dilation] = s.sliding;
        s.dst_height = deconvviz::convolved_size(s.src_height, kernel.y, stride.y, padding.y, 1);
        s.dst_width = deconvviz::convolved_size(s.src_width, kernel.x, stride.x, padding.x, 1);
        if (s.dst_height > 0 && s.dst_width > 0) return s;
    }
}

/// Compares, bit by bit, a window of what `pool(src, dst)` gives side by side with what `whole(src, dst)` gives for
/// each picture.
template <class T, class Pool, class Whole>
void check_pooling(const kernels::MaxPoolShape& s, Random& random, const Pool& pool, const Whole& whole) {
    Pictures<T> pictures(s.planes, s.src_height, s.src_width, random);
    if (random.chance(0.2)) pictures.all[3][0] = std::numeric_limits<T>::quiet_NaN();
    const Window dst_window = random_window(s.dst_height, s.dst_width, random);
    const Window read = s.sliding.reads(dst_window, s.src_height, s.src_width);
    const Window src_window = around(read, s.src_height, s.src_width, random);
    const std::vector<T> values = pictures.in(src_window);
    std::vector<T> got(static_cast<std::size_t>(s.planes * dst_window.height * dst_window.width * side_by_side));
    pool(SideBySide<const T*>{src_window, values.data()}, SideBySide<T*>{dst_window, got.data()});
    Pictures<T> expected = pictures;
    expected.height = s.dst_height;
    expected.width = s.dst_width;
    for (std::size_t p = 0; p < pictures.all.size(); ++p) {
        expected.all[p].resize(static_cast<std::size_t>(s.planes * s.dst_plane()));
        whole(pictures.all[p].data(), expected.all[p].data());
    }
    CHECK(same_bits(got, expected.in(dst_window)));
}

}  // namespace

TEST_CASE_TEMPLATE("convolution of a change: what whole convolutions give, for random shapes and windows", T, float,
                   double) {
    Random random(31);
    double worst = 0;
    int all_taken = 0;
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
        const ChangedProblem<T> p(small_convolution(random), seed);
        INFO(describe(p.known.shape));
        bool taken = false;
        const auto got = p.result([&](const auto& convolution) { taken = kernels::changed_convolution(convolution); });
        if (!taken) continue;  // a small picture that is hidden whole, by values that happen to be small
        ++all_taken;
        const double error = p.error(got);
        worst = std::max(worst, error);
        CHECK(error < (sizeof(T) == 4 ? 4e-6 : 1e-14));
        if (seed % 8 == 0)
            CHECK(p.error(p.result([](const auto& convolution) {
                kernels::reference::changed_convolution(convolution);
            })) < (sizeof(T) == 4 ? 4e-6 : 1e-14));
    }
    CHECK(worst > 0);
    CHECK(all_taken > 110);
}

TEST_CASE("convolution of a change: multiply-adds are those of the taps that meet it, by hand") {
    ConvolutionShape s;
    s.src_channels = 2;
    s.dst_channels = 3;
    s.src_height = s.src_width = 12;
    s.dst_height = s.dst_width = 8;
    s.sliding.kernel = 5;
    // Output row r reads rows r … r + 4: of 2 … 8 those are 3, 4, 5, 5, 5, 4, 3, 2. Column 0 is read by output 0 alone.
    CHECK(kernels::changed_multiply_adds(s, {2, 0, 7, 1}, s.whole_dst()) == 2 * 3 * 31);
    CHECK(kernels::changed_multiply_adds(s, {0, 0, 12, 12}, s.whole_dst()) == 2 * 3 * 40 * 40);
    CHECK(kernels::changed_multiply_adds(s, {0, 0, 1, 1}, {1, 0, 7, 8}) == 0);
    s.sliding.stride = {2, 1};
    s.dst_height = 4;
    // Output row r reads 2r … 2r + 4: of rows 4 … 7 those are 1, 3, 4, 2.
    CHECK(kernels::changed_multiply_adds(s, {4, 11, 4, 1}, s.whole_dst()) == 2 * 3 * 10);
}

TEST_CASE("convolution of a change: refused where the known value would leave its rounding error, or is no number") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
    CHECK(takes(1, 0));
    CHECK(takes(-7, 1));  // by 8, beside values of 1
    CHECK_FALSE(takes(-7.01F, 1));
    CHECK(takes(1e6F, 1e6F));
    CHECK(takes(1, 1e6F));
    CHECK_FALSE(takes(1e6F, 1));
    CHECK(takes(1e6F, 1, 1e6F));
    CHECK_FALSE(takes(1, 0, 0));
    CHECK(takes(0, 0, 0));
    CHECK_FALSE(takes(nothing, 1));
    CHECK_FALSE(takes(1, nothing));
    CHECK_FALSE(takes(infinity, infinity));
    CHECK_FALSE(takes(1, infinity));
    CHECK_FALSE(takes(1e7F, 1, infinity));
}

TEST_CASE("convolution of a change: the values of other groups do not let a large one through") {
    ConvolutionShape s;
    s.src_channels = s.dst_channels = s.groups = 2;
    const std::vector<float> weights{1, 1}, known{1e6F, 1e6F};
    std::vector<float> dst(2 * side_by_side), values(2 * side_by_side, 1e6F);
    const auto taken = [&] {
        return kernels::changed_convolution<float>({.shape = s,
                                                    .weights = weights.data(),
                                                    .known_src = known.data(),
                                                    .known_dst = known.data(),
                                                    .src = {{0, 0, 1, 1}, values.data()},
                                                    .dst = {{0, 0, 1, 1}, dst.data()}});
    };
    CHECK(taken());
    std::fill(values.begin() + side_by_side, values.end(), 1.0F);
    CHECK_FALSE(taken());
}

TEST_CASE_TEMPLATE("max pooling side by side: the bits of each picture's own", T, float, double) {
    Random random(32);
    for (int n = 0; n < 150; ++n) {
        const kernels::MaxPoolShape s = random_pooling(random);
        std::vector<std::uint8_t> switches(static_cast<std::size_t>(s.planes * s.dst_plane()));
        check_pooling<T>(
            s, random, [&](const auto& src, const auto& dst) { kernels::max_pool_side_by_side<T>(s, src, dst); },
            [&](const T* src, T* dst) { kernels::reference::max_pool(s, src, dst, switches.data(), s.whole_dst()); });
    }
}

TEST_CASE_TEMPLATE("average pooling side by side: the bits of each picture's own", T, float, double) {
    Random random(33);
    for (int n = 0; n < 150; ++n) {
        const kernels::MaxPoolShape pool = random_pooling(random);
        const kernels::AveragePoolShape s{pool, pool.sliding.padding, random.chance(0.5)};
        check_pooling<T>(
            pool, random, [&](const auto& src, const auto& dst) { kernels::average_pool_side_by_side<T>(s, src, dst); },
            [&](const T* src, T* dst) { kernels::average_pool(s, src, dst); });
    }
}
