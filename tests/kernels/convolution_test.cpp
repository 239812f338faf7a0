#include "deconvviz/kernels/convolution.hpp"

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/kernels/convolution_gradient.hpp"
#include "deconvviz/kernels/transposed_convolution.hpp"
#include "kernel_support.hpp"

namespace {

using namespace kernel_test;
using namespace deconvviz::kernels;

/// A convolution with its operands, random.
template <class T>
struct Problem {
    explicit Problem(std::uint64_t seed) : random(seed), shape(random_convolution(random)) { fill(); }
    Problem(const ConvolutionShape& given, std::uint64_t seed) : random(seed), shape(given) { fill(); }

    void fill() {
        src = random_values<T>(shape.batch * shape.src_channels * shape.src_plane(), random);
        dst = random_values<T>(shape.batch * shape.dst_channels * shape.dst_plane(), random);
        weights = random_values<T>(shape.dst_channels * shape.group_src() * shape.taps(), random);
        bias = random_values<T>(shape.dst_channels, random);
    }

    Random random;
    ConvolutionShape shape;
    std::vector<T> src, dst, weights, bias;
};

template <class T>
void check_against_references(Problem<T> p) {
    INFO(describe(p.shape));
    auto expected = p.dst;
    reference::convolution(p.shape, p.src.data(), p.weights.data(), p.bias.data(), expected.data(),
                           p.shape.whole_dst());
    auto got = p.dst;
    convolution(p.shape, p.src.data(), p.weights.data(), p.bias.data(), got.data(), p.shape.whole_dst());
    check_close(got, expected, tolerance<T>);

    auto below = p.src;
    reference::transposed_convolution(p.shape, p.dst.data(), p.weights.data(), below.data(), p.shape.whole_src());
    auto got_below = p.src;
    transposed_convolution(p.shape, p.dst.data(), p.weights.data(), got_below.data(), p.shape.whole_src());
    check_close(got_below, below, tolerance<T>);

    auto gradient = p.weights;
    reference::convolution_weight_gradient(p.shape, p.src.data(), p.dst.data(), gradient.data());
    auto got_gradient = p.weights;
    convolution_weight_gradient(p.shape, p.src.data(), p.dst.data(), got_gradient.data());
    check_close(got_gradient, gradient, tolerance<T>);
}

ConvolutionShape square(Index batch, Index in, Index out, Index size, Index kernel, Index stride, Index padding) {
    ConvolutionShape s;
    s.batch = batch;
    s.src_channels = in;
    s.dst_channels = out;
    s.src_height = s.src_width = size;
    s.sliding = {kernel, stride, padding, 1};
    s.dst_height = s.dst_width = deconvviz::convolved_size(size, kernel, stride, padding);
    return s;
}

}  // namespace

TEST_CASE("convolution: a 2x2 filter over a 3x3 ramp, by hand") {
    const ConvolutionShape s = square(1, 1, 1, 3, 2, 1, 0);
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
    const ConvolutionShape s = square(1, 1, 1, 5, 2, 3, 0);  // outputs at 0 and 3
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
    for (std::uint64_t seed = 0; seed < 400; ++seed) check_against_references(Problem<T>(seed));
}

TEST_CASE("convolution: shapes of real networks match the references") {
    for (const ConvolutionShape& s :
         {square(1, 3, 20, 37, 7, 2, 1), square(2, 20, 9, 13, 3, 1, 1), square(1, 130, 17, 9, 3, 1, 1),
          square(3, 1, 16, 28, 5, 1, 0), square(3, 16, 32, 12, 5, 1, 0), square(1, 3, 4, 64, 11, 4, 2)})
        check_against_references(Problem<float>(s, 7));
}

TEST_CASE_TEMPLATE("convolution and its transpose: a window has the bits of the whole, and nothing else is written", T,
                   float, double) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Problem<T> p(seed + 1000);
        const ConvolutionShape& s = p.shape;
        INFO(describe(s));
        const Window out = random_window(s.dst_height, s.dst_width, p.random);
        const Window in = random_window(s.src_height, s.src_width, p.random);
        auto whole = p.dst;
        convolution(s, p.src.data(), p.weights.data(), p.bias.data(), whole.data(), s.whole_dst());
        auto part = p.dst;
        convolution(s, p.src.data(), p.weights.data(), p.bias.data(), part.data(), out);
        auto below = p.src;
        transposed_convolution(s, p.dst.data(), p.weights.data(), below.data(), s.whole_src());
        auto part_below = p.src;
        transposed_convolution(s, p.dst.data(), p.weights.data(), part_below.data(), in);
        const auto check_window = [](const auto& partial, const auto& all, const auto& before, const Window& window,
                                     Index height, Index width) {
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < all.size(); ++i) {
                const auto at = static_cast<Index>(i) % (height * width);
                const bool inside = contains(window, {at / width, at % width, 1, 1});
                wrong += partial[i] != (inside ? all[i] : before[i]);
            }
            CHECK(wrong == 0);
        };
        check_window(part, whole, p.dst, out, s.dst_height, s.dst_width);
        check_window(part_below, below, p.src, in, s.src_height, s.src_width);
    }
}

TEST_CASE("convolution: the same bits on any number of threads, and for each picture alone") {
    const int before = deconvviz::threads();
    for (const ConvolutionShape& s : {square(5, 3, 20, 33, 5, 2, 2), square(6, 16, 32, 12, 5, 1, 0)}) {
        Problem<float> p(s, 3);
        std::vector<std::vector<float>> results;
        for (const int threads : {1, 2, 5}) {
            deconvviz::set_threads(threads);
            auto dst = p.dst;
            convolution(s, p.src.data(), p.weights.data(), p.bias.data(), dst.data(), s.whole_dst());
            auto src = p.src;
            transposed_convolution(s, p.dst.data(), p.weights.data(), src.data(), s.whole_src());
            auto gradient = p.weights;
            convolution_weight_gradient(s, p.src.data(), p.dst.data(), gradient.data());
            dst.insert(dst.end(), src.begin(), src.end());
            dst.insert(dst.end(), gradient.begin(), gradient.end());
            results.push_back(dst);
        }
        CHECK(results[0] == results[1]);
        CHECK(results[0] == results[2]);
        ConvolutionShape one = s;
        one.batch = 1;
        std::vector<float> alone(static_cast<std::size_t>(s.dst_channels * s.dst_plane()));
        convolution(one, p.src.data() + 2 * s.src_channels * s.src_plane(), p.weights.data(), p.bias.data(),
                    alone.data(), s.whole_dst());
        CHECK(std::equal(alone.begin(), alone.end(), results[0].begin() + 2 * static_cast<Index>(alone.size())));
    }
    deconvviz::set_threads(before);
}

TEST_CASE_TEMPLATE("transposed convolution is the adjoint of convolution", T, float, double) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Problem<T> p(seed + 5000);
        const ConvolutionShape& s = p.shape;
        INFO(describe(s));
        auto up = p.dst;
        convolution<T>(s, p.src.data(), p.weights.data(), nullptr, up.data(), s.whole_dst());
        auto down = p.src;
        transposed_convolution(s, p.dst.data(), p.weights.data(), down.data(), s.whole_src());
        double left = 0;
        double right = 0;
        double size = 0;
        for (std::size_t i = 0; i < up.size(); ++i) {
            left += static_cast<double>(up[i]) * static_cast<double>(p.dst[i]);
            size += std::abs(static_cast<double>(up[i]) * static_cast<double>(p.dst[i]));
        }
        for (std::size_t i = 0; i < down.size(); ++i)
            right += static_cast<double>(down[i]) * static_cast<double>(p.src[i]);
        CHECK(std::abs(left - right) <= tolerance<T> * std::max(1.0, size));
    }
}
