// Convolution, its transpose and its weight gradient against the references and against the exact sums.
// Batches: convolution_batch_test.cpp. 3x3 kernels: winograd_test.cpp.
#include "deconvviz/kernels/convolution.hpp"

#include <limits>

#include "convolution_support.hpp"
#include "slow_code.hpp"

namespace {

using namespace kernel_test;
using namespace deconvviz::kernels;

template <class T>
void check_against_references(const Problem<T>& p) {
    const ConvolutionShape& s = p.shape;
    INFO(describe(s));
    auto expected = p.dst;
    reference::convolution(s, p.src.data(), p.weights.data(), p.bias.data(), expected.data(), s.whole_dst());
    check_close(p.up(), expected, tolerance<T>);

    auto below = p.src;
    reference::transposed_convolution(s, p.dst.data(), p.weights.data(), below.data(), s.whole_src());
    check_close(p.down(), below, tolerance<T>);

    auto gradient = p.weights;
    reference::convolution_weight_gradient(s, p.src.data(), p.dst.data(), gradient.data());
    check_close(p.gradient(), gradient, tolerance<T>);

    const Exact exact(p);
    CHECK(worst_error(expected, exact.up) < tolerance<T>);
    CHECK(worst_error(below, exact.down) < tolerance<T>);
    CHECK(worst_error(gradient, exact.gradient) < tolerance<T>);
}

/// Operands are below 1, so errors are taken as a part of at least 1.
template <class T>
void check_exactly(const Problem<T>& p) {
    constexpr double bound = sizeof(T) == 4 ? 4e-6 : 1e-14;
    INFO(describe(p.shape));
    const Exact exact(p);
    CHECK(worst_error(p.up(), exact.up, 1) < bound);
    CHECK(worst_error(p.down(), exact.down, 1) < bound);
    CHECK(worst_error(p.gradient(), exact.gradient, 1) < bound);
}

}  // namespace

TEST_CASE("convolution: a 2x2 filter over a 3x3 ramp, by hand") {
    const ConvolutionShape s = square(1, 1, 1, 3, {2, 1, 0, 1});
    const std::vector<float> src{1, 2, 3, 4, 5, 6, 7, 8, 9};
    const std::vector<float> weights{1, 10, 100, 1000};
    const std::vector<float> bias{0.5F};
    std::vector<float> dst(4);
    const std::vector<float> expected{5421.5F, 6532.5F, 8754.5F, 9865.5F};
    convolution(s, src.data(), weights.data(), bias.data(), dst.data(), s.whole_dst());
    CHECK(dst == expected);
    reference::convolution(s, src.data(), weights.data(), bias.data(), dst.data(), s.whole_dst());
    CHECK(dst == expected);
}

TEST_CASE("transposed convolution: one value spreads the filter, by hand") {
    const ConvolutionShape s = square(1, 1, 1, 5, {2, 3, 0, 1});  // outputs at 0 and 3
    std::vector<float> dst{1, 0, 0, 2};
    const std::vector<float> weights{1, 2, 3, 4};
    std::vector<float> src(25, -1.0F);
    const std::vector<float> expected{1, 2, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0, 0, 6, 8};
    transposed_convolution(s, dst.data(), weights.data(), src.data(), s.whole_src());
    CHECK(src == expected);
    reference::transposed_convolution(s, dst.data(), weights.data(), src.data(), s.whole_src());
    CHECK(src == expected);
}

TEST_CASE_TEMPLATE("convolution, its transpose and its gradient: random shapes match the references", T, float,
                   double) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Random random(seed);
        check_against_references(Problem<T>(random_convolution(random), seed));
    }
}

// (A fifth of them under sanitizers.)
TEST_CASE("convolution, its transpose and its gradient: 3000 shapes of every kind match the exact sums") {
    Random random(1);
    for (std::uint64_t seed = 0; seed < (support::slow_code ? 600 : 3000); ++seed)
        check_exactly(Problem<float>(varied_convolution(random), seed));
}

TEST_CASE("convolution, its transpose and its gradient: 800 shapes of every kind match the exact sums in double") {
    Random random(2);
    for (std::uint64_t seed = 0; seed < (support::slow_code ? 160 : 800); ++seed)
        check_exactly(Problem<double>(varied_convolution(random), seed));
}

TEST_CASE_TEMPLATE("convolution: shapes of real networks match the exact sums", T, float, double) {
    for (const ConvolutionShape& s :
         {square(1, 3, 20, 37, {7, 2, 1, 1}), square(2, 20, 9, 13, {3, 1, 1, 1}), square(1, 130, 17, 9, {3, 1, 1, 1}),
          square(3, 1, 16, 28, {5, 1, 0, 1}), square(3, 16, 32, 12, {5, 1, 0, 1}), square(1, 3, 4, 64, {11, 4, 2, 1}),
          square(32, 6, 16, 14, {5, 1, 0, 1}), square(2, 3, 40, 112, {7, 2, 3, 1})})
        check_exactly(Problem<T>(s, 7));
}

TEST_CASE("convolution: with many channels a band holds few rows") {
    for (const ConvolutionShape& s :
         {square(1, 400, 9, 31, {3, 2, 1, 1}), square(2, 1100, 3, 13, {{5, 1}, 1, {2, 0}, 1}),
          square(20, 300, 5, 9, {5, 1, 2, 1}), square(70, 150, 4, 7, {3, 2, 1, 1})})
        check_exactly(Problem<float>(s, 8));
}

TEST_CASE("convolution: a missing bias is 0, and an empty window writes nothing") {
    Problem<float> p(square(2, 3, 5, 9, {3, 1, 1, 1}), 4);
    CHECK(same_bits(p.up({}), p.dst));
    CHECK(same_bits(p.down({}), p.src));
    auto without = p.dst;
    convolution<float>(p.shape, p.src.data(), p.weights.data(), nullptr, without.data(), p.shape.whole_dst());
    std::fill(p.bias.begin(), p.bias.end(), 0.0F);
    CHECK(same_bits(without, p.up()));
}

TEST_CASE_TEMPLATE("convolution and its transpose: a window has the bits of the whole, and nothing else is written", T,
                   float, double) {
    Random random(1000);
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const Problem<T> p(varied_convolution(random), seed);
        INFO(describe(p.shape));
        check_windows(p, 2, random);
    }
}

TEST_CASE("transposed convolution: a window within one phase of the stride has the bits of the whole") {
    Random random(5);
    // Each phase has up to three taps that follow each other, as those of a 3x3 kernel.
    for (const deconvviz::SlidingWindow& sliding :
         {deconvviz::SlidingWindow{5, 2, 2, 1}, {6, 2, 0, 1}, {3, 2, 2, 2}, {9, 3, 1, 1}, {{3, 6}, {1, 2}, 1, 1}}) {
        const Problem<float> p(square(1, 24, 40, 31, sliding), 5);
        INFO(describe(p.shape));
        const auto whole = p.down();
        CHECK(worst_error(whole, Exact(p).down, 1) < 4e-6);
        for (int i = 0; i < 8; ++i) {
            const Window pixel{random.below(31), random.below(31), 1, 1};
            check_down_window(p, whole, pixel);
            check_down_window(p, whole, {pixel.y, 0, 1, 31});
            check_down_window(p, whole, {0, pixel.x, 31, 1});
        }
    }
}

TEST_CASE_TEMPLATE("convolution, its transpose and its gradient: the same bits on any number of threads", T, float,
                   double) {
    for (const ConvolutionShape& s :
         {square(5, 3, 20, 33, {5, 2, 2, 1}), square(6, 16, 32, 12, {5, 1, 0, 1}), square(1, 7, 61, 19, {3, 2, 1, 2})})
        check_threads(Problem<T>(s, 3));
    Random random(6);
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const Problem<T> p(varied_convolution(random), seed);
        INFO(describe(p.shape));
        check_threads(p);
    }
}

TEST_CASE("convolution weight gradient: large maps are summed up in bands") {
    const Problem<float> p(square(2, 3, 5, 130, {3, 1, 1, 1}), 9);
    CHECK(worst_error(p.gradient(), Exact(p).gradient) < 4e-6);
    check_threads(p);
    const Problem<double> wide(square(1, 2, 35, 130, {{2, 5}, {1, 2}, 3, 1}), 9);
    CHECK(worst_error(wide.gradient(), Exact(wide).gradient) < 1e-13);
    check_threads(wide);
}

TEST_CASE_TEMPLATE("convolution: what was computed before does not matter", T, float, double) {
    // Buffers are kept from call to call: NaN in them must not be seen.
    const auto poison = [](Problem<T> p) {
        for (auto* values : {&p.src, &p.dst, &p.weights})
            std::fill(values->begin(), values->end(), std::numeric_limits<T>::quiet_NaN());
        p.all();
    };
    Random random(7);
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        const Problem<T> p(varied_convolution(random), seed);
        INFO(describe(p.shape));
        const auto fresh = p.all();
        poison(p);
        poison(Problem<T>(varied_convolution(random), 0));
        CHECK(same_bits(p.all(), fresh));
    }
}

TEST_CASE_TEMPLATE("transposed convolution is the adjoint of convolution", T, float, double) {
    Random random(8);
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Problem<T> p(varied_convolution(random), seed);
        std::fill(p.bias.begin(), p.bias.end(), T(0));
        INFO(describe(p.shape));
        const auto up = p.up();
        const auto down = p.down();
        double left = 0;
        double right = 0;
        double size = 1;
        for (std::size_t i = 0; i < up.size(); ++i) {
            left += static_cast<double>(up[i]) * static_cast<double>(p.dst[i]);
            size += std::abs(static_cast<double>(up[i]) * static_cast<double>(p.dst[i]));
        }
        for (std::size_t i = 0; i < down.size(); ++i)
            right += static_cast<double>(down[i]) * static_cast<double>(p.src[i]);
        CHECK(std::abs(left - right) <= (sizeof(T) == 4 ? 1e-6 : 1e-14) * size);
    }
}
