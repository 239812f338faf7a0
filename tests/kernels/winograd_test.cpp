// 3x3 convolutions by Winograd's minimal filtering: where it is used, how exact it is, and that bits depend on nothing
// but the shape of a picture.
#include <limits>

#include "convolution_support.hpp"

namespace {

using namespace kernel_test;
using deconvviz::SlidingWindow;

constexpr SlidingWindow three{3, 1, 1, 1};

/// As in a network: weights as they are initialised, rectified inputs, any gradient.
template <class T>
Problem<T> as_in_a_network(const ConvolutionShape& s, std::uint64_t seed) {
    Problem<T> p(s, seed);
    Random random(seed + 1);
    const double deviation = std::sqrt(2 / static_cast<double>(s.group_src() * s.taps()));
    for (T& value : p.weights) value = static_cast<T>(deviation * random.normal());
    for (T& value : p.src) value = static_cast<T>(std::max(0.0, random.normal()));
    for (T& value : p.dst) value = static_cast<T>(random.normal());
    return p;
}

template <class T>
void check_errors(const Problem<T>& p) {
    constexpr double bound = sizeof(T) == 4 ? 1e-5 : 1e-13;
    INFO(describe(p.shape));
    const Exact exact(p);
    const Problem<T> direct = p.with(ConvolutionMethod::direct);
    const double up[] = {worst_error(p.up(), exact.up), worst_error(direct.up(), exact.up)};
    const double down[] = {worst_error(p.down(), exact.down), worst_error(direct.down(), exact.down)};
    INFO("errors of the convolution " << up[0] << ", direct " << up[1] << "; of its transpose " << down[0]
                                      << ", direct " << down[1]);
    CHECK(up[0] < bound);
    CHECK(up[1] < bound);
    CHECK(down[0] < bound);
    CHECK(down[1] < bound);
}

/// A 3x3 convolution that is worth Winograd's filtering with most instruction sets.
ConvolutionShape random_three(Random& random) {
    for (;;) {
        ConvolutionShape s;
        s.batch = 1 + random.below(3);
        s.groups = random.chance(0.2) ? 2 : 1;
        s.src_channels = s.groups * (9 + random.below(40));
        s.dst_channels = s.groups * (9 + random.below(40));
        s.src_height = 9 + random.below(40);
        s.src_width = 9 + random.below(40);
        s.sliding.kernel = 3;
        s.sliding.padding = random_size(random, 0, 3);
        if (set_dst_size(s) && cost(s) <= 4000000) return s;
    }
}

/// Which of the two ways to divide the work runs depends on the number of filters; both take these in several parts.
const ConvolutionShape& few_filters() {
    static const ConvolutionShape s = square(3, 32, 42, 30, three);
    return s;
}
const ConvolutionShape& many_filters() {
    static const ConvolutionShape s = square(3, 500, 55, 18, three);
    return s;
}

/// Some shapes that are worth it for certain.
std::vector<ConvolutionShape> certain() {
    return {few_filters(), many_filters(), square(1, 41, 40, 67, {3, 1, 0, 1}), square(2, 43, 41, 29, {3, 1, 3, 1})};
}

}  // namespace

TEST_CASE_TEMPLATE("winograd: is used for 3x3 kernels, and only for those without stride and dilation", T, float,
                   double) {
    for (const ConvolutionShape& s : certain()) {
        INFO(describe(s));
        const Problem<T> p(s, 1);
        const Problem<T> direct = p.with(ConvolutionMethod::direct);
        CHECK_FALSE(same_bits(p.up(), direct.up()));
        CHECK_FALSE(same_bits(p.down(), direct.down()));
    }
    for (const SlidingWindow& sliding : {SlidingWindow{5, 1, 2, 1},
                                         {3, 2, 1, 1},
                                         {3, 1, 2, 2},
                                         {{3, 5}, 1, 1, 1},
                                         {3, {1, 2}, 1, 1},
                                         {3, 1, 1, {2, 1}},
                                         {1, 1, 0, 1},
                                         {2, 1, 1, 1},
                                         {5, 2, 2, 1},
                                         {3, 2, 1, 2}}) {
        const Problem<T> p(square(1, 33, 34, 29, sliding), 1);
        INFO(describe(p.shape));
        const Problem<T> direct = p.with(ConvolutionMethod::direct);
        CHECK(same_bits(p.up(), direct.up()));
        CHECK(same_bits(p.down(), direct.down()));
        const Window pixel{17, 22, 1, 1};
        CHECK(same_bits(p.down(pixel), direct.down(pixel)));
    }
}

TEST_CASE_TEMPLATE("winograd: random shapes are as exact as promised", T, float, double) {
    Random random(31);
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const ConvolutionShape s = random_three(random);
        check_errors(seed % 2 == 0 ? Problem<T>(s, seed) : as_in_a_network<T>(s, seed));
    }
}

TEST_CASE_TEMPLATE("winograd: the layers of networks are as exact as promised", T, float, double) {
    for (const ConvolutionShape& s : {square(1, 512, 48, 14, three), square(1, 48, 512, 14, three)})
        check_errors(as_in_a_network<T>(s, 2));
    for (const ConvolutionShape& s : {square(1, 256, 40, 13, three), square(1, 3, 16, 64, three),
                                      square(1, 64, 24, 29, {3, 1, 0, 1}), square(1, 24, 48, 27, {3, 1, {3, 2}, 1})}) {
        check_errors(Problem<T>(s, 2));
        check_errors(as_in_a_network<T>(s, 2));
    }
}

TEST_CASE_TEMPLATE("winograd: a window has the bits of the whole, and nothing else is written", T, float, double) {
    Random random(32);
    for (const ConvolutionShape& s : certain()) {
        const Problem<T> p(s, 3);
        INFO(describe(s));
        check_windows(p, 6, random);
        const auto up = p.up();
        const auto down = p.down();
        for (int i = 0; i < 6; ++i) {
            check_up_window(p, up, {random.below(s.dst_height), random.below(s.dst_width), 1, 1});
            check_down_window(p, down, {random.below(s.src_height), random.below(s.src_width), 1, 1});
        }
        check_up_window(p, up, {3, 0, 2, s.dst_width});
        check_down_window(p, down, {0, 5, s.src_height, 4});
    }
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
        const Problem<T> p(random_three(random), seed);
        INFO(describe(p.shape));
        check_windows(p, 3, random);
    }
}

TEST_CASE_TEMPLATE("winograd: a picture alone has the bits that it has in its batch", T, float, double) {
    for (const ConvolutionShape& s : certain()) {
        const Problem<T> p(s, 4);
        INFO(describe(s));
        const auto up = p.up();
        const auto down = p.down();
        for (const Index n : {Index{0}, s.batch / 2, s.batch - 1}) check_alone(p, up, down, n);
    }
}

TEST_CASE_TEMPLATE("winograd: the same bits on any number of threads", T, float, double) {
    for (const ConvolutionShape& s : certain()) {
        INFO(describe(s));
        check_threads(Problem<T>(s, 5), &Problem<T>::up_and_down);
    }
}

TEST_CASE_TEMPLATE("winograd: what was computed before does not matter", T, float, double) {
    for (const ConvolutionShape& s : certain()) {
        INFO(describe(s));
        const Problem<T> p(s, 6);
        Problem<T> poison = p;
        for (auto* values : {&poison.src, &poison.dst})
            std::fill(values->begin(), values->end(), std::numeric_limits<T>::quiet_NaN());
        const auto up = p.up();
        poison.up_and_down();
        CHECK(same_bits(p.up(), up));
        const auto down = p.down();
        poison.up_and_down();
        CHECK(same_bits(p.down(), down));
    }
}

TEST_CASE_TEMPLATE("winograd: zeros give the bias, and zeros on the way back, exactly", T, float, double) {
    for (const ConvolutionShape& s : certain()) {
        Problem<T> p(s, 7);
        std::fill(p.src.begin(), p.src.end(), T(0));
        const auto up = p.up();
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < up.size(); ++i)
            wrong += up[i] != p.bias[i / static_cast<std::size_t>(s.dst_plane()) % p.bias.size()];
        CHECK(wrong == 0);
        std::fill(p.dst.begin(), p.dst.end(), T(0));
        CHECK(same_bits(p.down(), std::vector<T>(p.src.size(), T(0))));
    }
}
