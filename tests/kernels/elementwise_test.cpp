#include "deconvviz/kernels/elementwise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "deconvviz/kernels/local_response_norm.hpp"
#include "kernel_support.hpp"

using namespace kernel_test;
using namespace deconvviz::kernels;
using deconvviz::ReluRule;

TEST_CASE_TEMPLATE("relu and its reverse rules: the bits of the references, NaN included", T, float, double) {
    Random random(31);
    for (const Index count : {0, 1, 7, 16, 33, 1000, 40000}) {
        auto src = random_values<T>(count, random);
        auto above = random_values<T>(count, random);
        for (Index i = 3; i < count; i += 17) src[static_cast<std::size_t>(i)] = std::numeric_limits<T>::quiet_NaN();
        for (Index i = 5; i < count; i += 13) above[static_cast<std::size_t>(i)] = 0;
        const auto same = [](T a, T b) { return a == b || (a != a && b != b); };
        auto got = src;
        auto expected = src;
        relu(count, src.data(), got.data());
        reference::relu(count, src.data(), expected.data());
        CHECK(std::equal(got.begin(), got.end(), expected.begin(), same));
        for (const ReluRule rule : {ReluRule::gradient, ReluRule::deconvnet, ReluRule::guided}) {
            relu_reverse(count, rule, src.data(), above.data(), got.data());
            reference::relu_reverse(count, rule, src.data(), above.data(), expected.data());
            CHECK(std::equal(got.begin(), got.end(), expected.begin(), same));
        }
    }
}

TEST_CASE_TEMPLATE("sgd_step and channel_sums match the references", T, float, double) {
    Random random(32);
    for (int i = 0; i < 50; ++i) {
        const Index batch = 1 + random.below(4);
        const Index channels = 1 + random.below(5);
        const Index plane = 1 + random.below(100);
        const auto values = random_values<T>(batch * channels * plane, random);
        auto got = random_values<T>(channels, random);
        auto expected = got;
        channel_sums(batch, channels, plane, values.data(), got.data());
        reference::channel_sums(batch, channels, plane, values.data(), expected.data());
        check_close(got, expected, 10 * tolerance<T>);

        const SgdStep<T> step{T(0.1), T(0.9), T(0.01)};
        auto velocity = random_values<T>(values.size() > 0 ? static_cast<Index>(values.size()) : 1, random);
        auto parameter = random_values<T>(static_cast<Index>(values.size()), random);
        auto expected_velocity = velocity;
        auto expected_parameter = parameter;
        const auto count = static_cast<Index>(values.size());
        sgd_step(count, step, values.data(), velocity.data(), parameter.data());
        reference::sgd_step(count, step, values.data(), expected_velocity.data(), expected_parameter.data());
        check_close(velocity, expected_velocity, tolerance<T>);
        check_close(parameter, expected_parameter, tolerance<T>);
    }
}

TEST_CASE_TEMPLATE("local_response_norm, forward and backward, matches the references", T, float, double) {
    Random random(33);
    for (int i = 0; i < 60; ++i) {
        LocalResponseNormShape<T> s;
        s.batch = 1 + random.below(3);
        s.channels = 1 + random.below(12);
        s.plane = 1 + random.below(70);
        s.size = 1 + random.below(8);
        s.alpha = static_cast<T>(random.between(0.01, 2));
        s.beta = random.chance(0.5) ? T(0.75) : T(0.6);
        s.k = static_cast<T>(random.between(0.5, 2));
        const Index count = s.batch * s.channels * s.plane;
        const auto src = random_values<T>(count, random);
        const auto above = random_values<T>(count, random);
        auto scale = src, dst = src, below = src, expected_scale = src, expected_dst = src, expected_below = src;
        local_response_norm(s, src.data(), scale.data(), dst.data());
        reference::local_response_norm(s, src.data(), expected_scale.data(), expected_dst.data());
        check_close(scale, expected_scale, tolerance<T>);
        check_close(dst, expected_dst, tolerance<T>);
        local_response_norm_backward(s, src.data(), scale.data(), dst.data(), above.data(), below.data());
        reference::local_response_norm_backward(s, src.data(), scale.data(), dst.data(), above.data(),
                                                expected_below.data());
        check_close(below, expected_below, 10 * tolerance<T>);
    }
}

TEST_CASE_TEMPLATE("local_response_norm: the power 3/4 from tiny to huge numbers", T, float, double) {
    // One map, a window of one: scale = 1e-30 + src^2, over the whole range.
    LocalResponseNormShape<T> s;
    s.size = 1;
    s.alpha = 1;
    s.k = T(1e-30);
    std::vector<T> src;
    for (double exponent = -14; exponent < 18; exponent += 0.01) src.push_back(static_cast<T>(std::pow(10, exponent)));
    s.plane = static_cast<Index>(src.size());
    std::vector<T> scale(src.size()), dst(src.size()), expected_scale(src.size()), expected(src.size());
    local_response_norm(s, src.data(), scale.data(), dst.data());
    reference::local_response_norm(s, src.data(), expected_scale.data(), expected.data());
    double worst = 0;
    for (std::size_t i = 0; i < src.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(dst[i]) / static_cast<double>(expected[i]) - 1));
    CHECK(worst < 8 * static_cast<double>(std::numeric_limits<T>::epsilon()));

    // Where the scale overflows, the value goes to zero.
    std::vector<T> huge(64, std::sqrt(std::numeric_limits<T>::max()) * 2);
    s.plane = 64;
    local_response_norm(s, huge.data(), scale.data(), dst.data());
    CHECK(std::count(dst.begin(), dst.begin() + 64, T(0)) == 64);
}
