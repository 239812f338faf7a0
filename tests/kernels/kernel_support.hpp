// What the kernel tests share: random data, random shapes, comparison of a fast kernel with its reference.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "deconvviz/core/random.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace kernel_test {

using deconvviz::Index;
using deconvviz::Random;
using deconvviz::Size2D;
using deconvviz::Window;

template <class T>
std::vector<T> random_values(Index count, Random& random) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) value = static_cast<T>(random.between(-1, 1));
    return values;
}

/// Checks that two buffers differ nowhere by more than `tolerance` of the largest value.
template <class T>
void check_close(const std::vector<T>& got, const std::vector<T>& expected, double tolerance) {
    REQUIRE(got.size() == expected.size());
    double largest = 1e-30;
    for (const T value : expected) largest = std::max(largest, std::abs(static_cast<double>(value)));
    std::size_t worst = 0;
    double error = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(static_cast<double>(got[i]) - static_cast<double>(expected[i]));
        if (!(difference > error) && difference == difference) continue;
        error = difference;
        worst = i;
    }
    INFO("at " << worst << ": got " << (got.empty() ? T(0) : got[worst]) << ", expected "
               << (got.empty() ? T(0) : expected[worst]));
    CHECK(error <= tolerance * largest);
}

template <class T>
constexpr double tolerance = sizeof(T) == 4 ? 2e-5 : 1e-13;

inline Size2D random_size(Random& random, Index low, Index high) {
    return {low + random.below(high - low + 1), low + random.below(high - low + 1)};
}

/// A convolution of any kind: odd sizes, strides, dilations, groups, paddings beyond half of the kernel, one-pixel
/// maps.
inline deconvviz::kernels::ConvolutionShape random_convolution(Random& random) {
    using deconvviz::convolved_size;
    for (;;) {
        deconvviz::kernels::ConvolutionShape s;
        s.batch = 1 + random.below(3);
        s.groups = random.chance(0.3) ? 1 + random.below(3) : 1;
        s.src_channels = s.groups * (1 + random.below(9));
        s.dst_channels = s.groups * (1 + random.below(20));
        s.src_height = 1 + random.below(20);
        s.src_width = 1 + random.below(40);
        s.sliding.kernel = random.chance(0.2) ? Size2D(1) : random_size(random, 1, 5);
        s.sliding.stride = random.chance(0.5) ? Size2D(1) : random_size(random, 1, 3);
        s.sliding.padding = random.chance(0.4) ? Size2D(0) : random_size(random, 0, 4);
        s.sliding.dilation = random.chance(0.7) ? Size2D(1) : random_size(random, 1, 3);
        s.dst_height = convolved_size(s.src_height, s.sliding.kernel.y, s.sliding.stride.y, s.sliding.padding.y,
                                      s.sliding.dilation.y);
        s.dst_width = convolved_size(s.src_width, s.sliding.kernel.x, s.sliding.stride.x, s.sliding.padding.x,
                                     s.sliding.dilation.x);
        if (s.dst_height > 0 && s.dst_width > 0) return s;
    }
}

inline Window random_window(Index height, Index width, Random& random) {
    const Index y = random.below(height);
    const Index x = random.below(width);
    return {y, x, 1 + random.below(height - y), 1 + random.below(width - x)};
}

inline std::string describe(const deconvviz::kernels::ConvolutionShape& s) {
    return deconvviz::detail::concat("batch ", s.batch, ", ", s.src_channels, " maps ", s.src_height, "x", s.src_width,
                                     " to ", s.dst_channels, " maps ", s.dst_height, "x", s.dst_width, ", kernel ",
                                     s.sliding.kernel, ", stride ", s.sliding.stride, ", padding ", s.sliding.padding,
                                     ", dilation ", s.sliding.dilation, ", groups ", s.groups);
}

}  // namespace kernel_test
