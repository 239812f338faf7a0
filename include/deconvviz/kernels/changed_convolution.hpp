/// @file
/// What a convolution gives for pictures that differ from a known one in a window: the known result, and to it the
/// convolution of the change.
#pragma once

#include <algorithm>
#include <cmath>

#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/tap_product.hpp"
#include "deconvviz/kernels/isa.hpp"
#include "deconvviz/kernels/side_by_side.hpp"

namespace deconvviz::kernels {

/// What a convolution gives for the pictures.
template <class T>
struct ChangedConvolution {
    ConvolutionShape shape;  // of the whole maps of one picture
    const T* weights = nullptr;
    const T* known_src = nullptr;  // what it reads for the known picture, and what it gives (with its bias), whole
    const T* known_dst = nullptr;
    SideBySide<const T*> src;
    SideBySide<T*> dst;
};

namespace reference {

/// In the window dst.window what `convolution` gives for each whole picture, with the bias that known_dst has.
template <class T>
void changed_convolution(const ChangedConvolution<T>& c) {
    const ConvolutionShape& s = c.shape;
    const Window &from = c.src.window, &to = c.dst.window;
    for (Index o = 0; o < s.dst_channels; ++o)
        for (Index y = to.y; y < to.y + to.height; ++y)
            for (Index x = to.x; x < to.x + to.width; ++x)
                for (Index p = 0; p < side_by_side; ++p) {
                    T sum = c.known_dst[o * s.dst_plane() + y * s.dst_width + x];
                    const T* filter = c.weights + o * s.group_src() * s.taps();
                    for (Index i = 0; i < s.group_src(); ++i)
                        for (Index ky = 0; ky < s.sliding.kernel.y; ++ky)
                            for (Index kx = 0; kx < s.sliding.kernel.x; ++kx, ++filter) {
                                const Index sy = s.src_row(y, ky), sx = s.src_column(x, kx);
                                if (!contains(from, {sy, sx, 1, 1})) continue;
                                const Index channel = o / s.group_dst() * s.group_src() + i;
                                const T known = c.known_src[channel * s.src_plane() + sy * s.src_width + sx];
                                sum += *filter * (c.src.at(channel, sy, sx)[p] - known);
                            }
                    c.dst.at(o, y, x)[p] = sum;
                }
}

}  // namespace reference

namespace detail {

/// How many times larger than the values of the new picture a change may be, for its sums to be as good as new ones.
inline constexpr int most_times_larger = 8;

/// Of the outputs 0 … outputs - 1, whose tap k reads at `first_read` + output * stride + k * dilation: how many such
/// places lie in a window of the source, 0 … size - 1, over all taps.
inline Index taps_between(Index outputs, Index first_read, Index stride, Index kernel, Index dilation, Index size) {
    using deconvviz::detail::ceil_div;
    using deconvviz::detail::floor_div;
    Index count = 0;
    for (Index k = 0; k < kernel; ++k) {
        const Index read = first_read + k * dilation;
        const Index first = std::max<Index>(ceil_div(-read, stride), 0);
        const Index last = std::min(floor_div(size - 1 - read, stride), outputs - 1);
        count += std::max<Index>(last - first + 1, 0);
    }
    return count;
}

/// One group of the convolution of a change, whose source is the window of it.
template <class T>
TapProduct<T> change_product(const ChangedConvolution<T>& c, Index group, Taps (&taps)[2]) {
    ConvolutionShape s = c.shape;
    const Window& from = c.src.window;
    s.sliding.padding.y += from.y;
    s.sliding.padding.x += from.x;
    s.src_height = from.height;
    s.src_width = from.width;
    return convolution_product<T>(s, group, c.src.values, c.weights, nullptr, nullptr, c.dst.window, taps);
}

}  // namespace detail

/// The multiply-adds of `changed_convolution` for each picture.
inline Index changed_multiply_adds(const ConvolutionShape& s, const Window& src, const Window& dst) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    return s.dst_channels * s.group_src() *
           detail::taps_between(dst.height, s.src_row(dst.y, 0) - src.y, stride.y, kernel.y, dilation.y, src.height) *
           detail::taps_between(dst.width, s.src_column(dst.x, 0) - src.x, stride.x, kernel.x, dilation.x, src.width);
}

}  // namespace deconvviz::kernels

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/changed_convolution.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

namespace deconvviz::kernels {

/// The fast version of reference::changed_convolution: what the layer gives for the known picture, and to it the
/// convolution of the change. A product with what has not changed is never computed.
///
/// The result is that of a convolution of the new picture within rounding as long as the change is not much larger than
/// that picture: sums of a huge known value less itself would leave its rounding error. So where a change exceeds 8
/// times the largest value of its new picture, in the maps of its group, or is no number, false is returned and dst is
/// unspecified.
/// Cost: `changed_multiply_adds` for each of the 16 pictures.
template <class T>
bool changed_convolution(const ChangedConvolution<T>& convolution) {
    DECONVVIZ_DISPATCH(changed_convolution(convolution));
}

}  // namespace deconvviz::kernels
