// What the tests of convolutions share: a convolution with its operands, what it is exactly, shapes of every kind.
#pragma once

#include <cstring>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_gradient.hpp"
#include "deconvviz/kernels/transposed_convolution.hpp"
#include "kernel_support.hpp"

namespace kernel_test {

using deconvviz::ConvolutionMethod;
using deconvviz::kernels::ConvolutionShape;

/// A convolution with its operands, random, and what the fast kernels make of them. Results are written over copies of
/// `dst`, `src` and `weights`, so that a value which was not written can be told.
template <class T>
struct Problem {
    Problem(const ConvolutionShape& shape_, std::uint64_t seed) : shape(shape_) {
        Random random(seed);
        src = random_values<T>(shape.batch * shape.src_channels * shape.src_plane(), random);
        dst = random_values<T>(shape.batch * shape.dst_channels * shape.dst_plane(), random);
        weights = random_values<T>(shape.dst_channels * shape.group_src() * shape.taps(), random);
        bias = random_values<T>(shape.dst_channels, random);
    }

    std::vector<T> up(const Window& window) const {
        std::vector<T> out = dst;
        deconvviz::kernels::convolution(shape, src.data(), weights.data(), bias.data(), out.data(), window);
        return out;
    }
    std::vector<T> up() const { return up(shape.whole_dst()); }

    std::vector<T> down(const Window& window) const {
        std::vector<T> out = src;
        deconvviz::kernels::transposed_convolution(shape, dst.data(), weights.data(), out.data(), window);
        return out;
    }
    std::vector<T> down() const { return down(shape.whole_src()); }

    std::vector<T> gradient() const {
        std::vector<T> out = weights;
        deconvviz::kernels::convolution_weight_gradient(shape, src.data(), dst.data(), out.data());
        return out;
    }

    /// Both ways, one after the other.
    std::vector<T> up_and_down() const { return joined(up(), down()); }
    std::vector<T> all() const { return joined(up_and_down(), gradient()); }

    static std::vector<T> joined(std::vector<T> first, const std::vector<T>& second) {
        first.insert(first.end(), second.begin(), second.end());
        return first;
    }

    /// Picture n alone.
    Problem picture(Index n) const {
        Problem one = *this;
        one.shape.batch = 1;
        one.src = picture_of(src, n);
        one.dst = picture_of(dst, n);
        return one;
    }

    std::vector<T> picture_of(const std::vector<T>& batch, Index n) const {
        const Index size = static_cast<Index>(batch.size()) / shape.batch;
        return {batch.begin() + n * size, batch.begin() + (n + 1) * size};
    }

    Problem with(ConvolutionMethod method) const {
        Problem other = *this;
        other.shape.method = method;
        return other;
    }

    ConvolutionShape shape;
    std::vector<T> src, dst, weights, bias;
};

/// The three results in double.
struct Exact {
    std::vector<double> up, down, gradient;

    /// One walk over all products of the sums, in which each product of a convolution also gives those of the other
    /// two.
    template <class T>
    explicit Exact(const Problem<T>& p) : up(p.dst.size()), down(p.src.size()), gradient(p.weights.size()) {
        const ConvolutionShape& s = p.shape;
        const Index depth = s.group_src() * s.taps();
        for (Index n = 0; n < s.batch; ++n)
            for (Index o = 0; o < s.dst_channels; ++o) {
                const Index above = (n * s.dst_channels + o) * s.dst_plane();
                std::fill_n(up.begin() + above, s.dst_plane(),
                            static_cast<double>(p.bias[static_cast<std::size_t>(o)]));
                for (Index k = 0; k < depth; ++k) {
                    const Index channel = n * s.src_channels + o / s.group_dst() * s.group_src() + k / s.taps();
                    add_tap(p, above, channel * s.src_plane(), o * depth + k, k % s.taps());
                }
            }
    }

  private:
    /// A tap of one map and channel at all positions; `above`, `below` and `weight` say where those begin.
    template <class T>
    void add_tap(const Problem<T>& p, Index above, Index below, Index weight, Index tap) {
        const ConvolutionShape& s = p.shape;
        const auto factor = static_cast<double>(p.weights[static_cast<std::size_t>(weight)]);
        double sum = 0;
        for (Index y = 0; y < s.dst_height; ++y) {
            const Index sy = s.src_row(y, tap / s.sliding.kernel.x);
            if (sy < 0 || sy >= s.src_height) continue;
            const T* given = p.dst.data() + above + y * s.dst_width;
            const T* source = p.src.data() + below + sy * s.src_width;
            double* to_up = up.data() + above + y * s.dst_width;
            double* to_down = down.data() + below + sy * s.src_width;
            for (Index x = 0, sx = s.src_column(0, tap % s.sliding.kernel.x); x < s.dst_width;
                 ++x, sx += s.sliding.stride.x) {
                if (sx < 0 || sx >= s.src_width) continue;
                to_up[x] += factor * static_cast<double>(source[sx]);
                to_down[sx] += factor * static_cast<double>(given[x]);
                sum += static_cast<double>(given[x]) * static_cast<double>(source[sx]);
            }
        }
        gradient[static_cast<std::size_t>(weight)] += sum;
    }
};

/// The largest difference as a part of the largest value, or of `least` where all values are below it.
template <class T>
double worst_error(const std::vector<T>& got, const std::vector<double>& expected, double least = 0) {
    REQUIRE(got.size() == expected.size());
    double largest = least;
    double error = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(static_cast<double>(got[i]) - expected[i]);
        if (!(difference <= error)) error = difference;
        if (error != error) return error;
        largest = std::max(largest, std::abs(expected[i]));
    }
    return error == 0 ? 0 : error / largest;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// How many values of `part` are neither, inside of the window, those of `whole` nor, outside, those of `before`.
template <class T>
Index wrong_in_window(const std::vector<T>& part, const std::vector<T>& whole, const std::vector<T>& before,
                      const Window& window, Index height, Index width) {
    Index wrong = 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const Index at = static_cast<Index>(i) % (height * width);
        const bool inside = contains(window, {at / width, at % width, 1, 1});
        wrong += std::memcmp(&part[i], inside ? &whole[i] : &before[i], sizeof(T)) != 0;
    }
    return wrong;
}

template <class T>
void check_up_window(const Problem<T>& p, const std::vector<T>& whole, const Window& window) {
    INFO("window of the output at " << window.y << ',' << window.x << ", " << window.height << 'x' << window.width);
    CHECK(wrong_in_window(p.up(window), whole, p.dst, window, p.shape.dst_height, p.shape.dst_width) == 0);
}

template <class T>
void check_down_window(const Problem<T>& p, const std::vector<T>& whole, const Window& window) {
    INFO("window of the input at " << window.y << ',' << window.x << ", " << window.height << 'x' << window.width);
    CHECK(wrong_in_window(p.down(window), whole, p.src, window, p.shape.src_height, p.shape.src_width) == 0);
}

/// Any window gets the bits of the whole: `count` random ones, and one of a single position.
template <class T>
void check_windows(const Problem<T>& p, int count, Random& random) {
    const ConvolutionShape& s = p.shape;
    const std::vector<T> up = p.up();
    const std::vector<T> down = p.down();
    for (int i = 0; i < count; ++i) {
        check_up_window(p, up, random_window(s.dst_height, s.dst_width, random));
        check_down_window(p, down, random_window(s.src_height, s.src_width, random));
    }
    check_up_window(p, up, {random.below(s.dst_height), random.below(s.dst_width), 1, 1});
    check_down_window(p, down, {random.below(s.src_height), random.below(s.src_width), 1, 1});
}

/// The same bits on 1, 2, 3 and 5 threads, of whatever `results` says.
template <class T>
void check_threads(const Problem<T>& p, std::vector<T> (Problem<T>::*results)() const = &Problem<T>::all) {
    const int before = deconvviz::threads();
    deconvviz::set_threads(1);
    const std::vector<T> alone = (p.*results)();
    for (const int threads : {2, 3, 5}) {
        INFO(threads << " threads");
        deconvviz::set_threads(threads);
        CHECK(same_bits((p.*results)(), alone));
    }
    deconvviz::set_threads(before);
}

/// Picture n has the bits that it has in its batch.
template <class T>
void check_alone(const Problem<T>& p, const std::vector<T>& up, const std::vector<T>& down, Index n) {
    INFO("picture " << n);
    const Problem<T> one = p.picture(n);
    CHECK(same_bits(one.up(), p.picture_of(up, n)));
    CHECK(same_bits(one.down(), p.picture_of(down, n)));
}

/// Sets the size of the output. Is there one?
inline bool set_dst_size(ConvolutionShape& s) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    s.dst_height = deconvviz::convolved_size(s.src_height, kernel.y, stride.y, padding.y, dilation.y);
    s.dst_width = deconvviz::convolved_size(s.src_width, kernel.x, stride.x, padding.x, dilation.x);
    return s.dst_height > 0 && s.dst_width > 0;
}

/// Multiplications of one convolution.
inline Index cost(const ConvolutionShape& s) {
    return s.batch * s.dst_channels * s.dst_plane() * s.group_src() * s.taps();
}

inline ConvolutionShape square(Index batch, Index in, Index out, Index size, const deconvviz::SlidingWindow& sliding) {
    ConvolutionShape s;
    s.batch = batch;
    s.src_channels = in;
    s.dst_channels = out;
    s.src_height = s.src_width = size;
    s.sliding = sliding;
    REQUIRE(set_dst_size(s));
    return s;
}

/// A side of a map: 1, some, or more than a row of vectors.
inline Index random_side(Random& random) {
    if (random.chance(0.1)) return 1;
    return random.chance(0.15) ? 65 + random.below(140) : 1 + random.below(20);
}

/// A convolution of any kind, more so than random_convolution: batches up to 70, up to 40 maps in a group, wide maps,
/// strides beyond the kernel and different by axis, paddings and kernels beyond the map. At most 400,000
/// multiplications.
inline ConvolutionShape varied_convolution(Random& random) {
    const auto maps = [&] { return 1 + random.below(random.chance(0.4) ? 40 : 9); };
    for (;;) {
        ConvolutionShape s;
        s.batch = 1 + random.below(random.chance(0.3) ? 70 : 4);
        s.groups = random.chance(0.2) ? 2 + random.below(3) : 1;
        s.src_channels = s.groups * maps();
        s.dst_channels = s.groups * maps();
        s.src_height = random_side(random);
        s.src_width = random_side(random);
        s.sliding.kernel = random.chance(0.4) ? Size2D(random.chance(0.5) ? 1 : 3) : random_size(random, 1, 7);
        s.sliding.stride = random.chance(0.4) ? Size2D(1) : random_size(random, 1, 5);
        s.sliding.padding = random.chance(0.3) ? Size2D(0) : random_size(random, 0, random.chance(0.5) ? 3 : 9);
        s.sliding.dilation = random.chance(0.7) ? Size2D(1) : random_size(random, 1, 4);
        if (!set_dst_size(s) || cost(s) > 400000) continue;
        if (s.batch * s.src_channels * s.src_plane() <= 100000) return s;
    }
}

}  // namespace kernel_test
