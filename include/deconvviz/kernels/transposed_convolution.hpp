/// @file
/// Transposed convolution: the adjoint of a convolution, which carries a signal from its output back to its input.
#pragma once

#include <algorithm>
#include <numeric>

#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/detail/tap_product.hpp"

namespace deconvviz::kernels {

namespace reference {

/// src[n,i,y,x] = sum over o, ky, kx of weights[o,i,ky,kx] * dst[n, o, (y + padding - ky * dilation) / stride, ...],
/// over those taps for which the division has no remainder and the position lies in dst; o runs over the output
/// channels of i's group. Sizes are those of the convolution, whose input `src` is and whose output `dst` is.
/// Only the positions of `window`, a window of src, are written (=).
/// It equals the gradient of the convolution with respect to its input, and the "filtering by the transposed filters"
/// of a DeConvNet [zeiler2014, §2.1].
template <class T>
void transposed_convolution(const ConvolutionShape& s, const T* dst, const T* weights, T* src, const Window& window) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    for (Index n = 0; n < s.batch; ++n)
        for (Index i = 0; i < s.src_channels; ++i)
            for (Index y = window.y; y < window.y + window.height; ++y)
                for (Index x = window.x; x < window.x + window.width; ++x) {
                    T sum = 0;
                    for (Index g = 0; g < s.group_dst(); ++g)
                        for (Index ky = 0; ky < kernel.y; ++ky)
                            for (Index kx = 0; kx < kernel.x; ++kx) {
                                const Index o = i / s.group_src() * s.group_dst() + g;
                                const Index dy = y + padding.y - ky * dilation.y;
                                const Index dx = x + padding.x - kx * dilation.x;
                                if (dy < 0 || dy % stride.y != 0 || dy / stride.y >= s.dst_height) continue;
                                if (dx < 0 || dx % stride.x != 0 || dx / stride.x >= s.dst_width) continue;
                                sum +=
                                    weights[((o * s.group_src() + i % s.group_src()) * kernel.y + ky) * kernel.x + kx] *
                                    dst[(n * s.dst_channels + o) * s.dst_plane() + dy / stride.y * s.dst_width +
                                        dx / stride.x];
                            }
                    src[(n * s.src_channels + i) * s.src_plane() + y * s.src_width + x] = sum;
                }
}

}  // namespace reference

namespace detail {

/// The taps that reach the positions first, first + stride, first + 2 stride, ... of the convolution's input: those k
/// for which first + padding - k * dilation is a multiple of the stride.
inline Taps phase_taps(Index first, Index kernel, Index stride, Index padding, Index dilation, Index weight_step) {
    const Index period = stride / std::gcd(stride, dilation);
    for (Index k = 0; k < std::min(period, kernel); ++k) {
        const Index at = first + padding - k * dilation;
        if (at % stride == 0)
            return {(kernel - k + period - 1) / period, at / stride, -(period * dilation / stride), k * weight_step,
                    period * weight_step};
    }
    return {};
}

/// A transposed convolution of one group, as a gathering product over the window's positions; `y` and `x` are its axes.
template <class T>
TapProduct<T> transposed_product(const ConvolutionShape& s, Index group, const T* dst, const T* weights, T* src,
                                 const Window& window, const TapAxis& y, const TapAxis& x) {
    TapProduct<T> p;
    p.src = dst + group * s.group_dst() * s.dst_plane();
    p.src_picture = s.dst_channels * s.dst_plane();
    p.channels = s.group_dst();
    p.weights = weights + group * s.group_dst() * s.group_src() * s.taps();
    p.weights_row = s.taps();
    p.weights_channel = s.group_src() * s.taps();
    p.taps = s.taps();
    p.y = y;
    p.x = x;
    p.dst = src + group * s.group_src() * s.src_plane() + window.y * s.src_width + window.x;
    p.dst_picture = s.src_channels * s.src_plane();
    p.dst_plane = s.src_plane();
    p.dst_row = s.src_width;
    p.maps = s.group_src();
    p.batch = s.batch;
    p.first_row = window.y;
    p.first_column = window.x;
    p.whole_rows = s.src_height;
    p.whole_columns = s.src_width;
    // A window within one phase of a stride looks like a convolution without stride, but the whole is none.
    p.winograd = s.method == ConvolutionMethod::automatic && s.sliding.stride == Size2D(1);
    return p;
}

}  // namespace detail

/// The fast version of reference::transposed_convolution: same arguments, same result within rounding. Any window gets
/// the same bits as in the whole, on any number of threads. Cost: that of the convolution, as taps which would meet the
/// zeros between strided positions are never multiplied.
template <class T>
void transposed_convolution(const ConvolutionShape& shape, const T* dst, const T* weights, T* src,
                            const Window& window) {
    if (window.empty()) return;
    const auto& [kernel, stride, padding, dilation] = shape.sliding;
    const Index phases_y = std::min(stride.y, window.height);
    const Index phases_x = std::min(stride.x, window.width);
    auto* taps = detail::scratch<detail::Taps, detail::Scratch::taps>(phases_y + phases_x);
    for (Index p = 0; p < phases_y; ++p)
        taps[p] = detail::phase_taps(window.y + p, kernel.y, stride.y, padding.y, dilation.y, kernel.x);
    for (Index p = 0; p < phases_x; ++p)
        taps[phases_y + p] = detail::phase_taps(window.x + p, kernel.x, stride.x, padding.x, dilation.x, 1);
    const detail::TapAxis y(taps, phases_y, 1, shape.dst_height, window.height);
    const detail::TapAxis x(taps + phases_y, phases_x, 1, shape.dst_width, window.width);
    for (Index group = 0; group < shape.groups; ++group)
        detail::tap_product(detail::transposed_product(shape, group, dst, weights, src, window, y, x));
}

}  // namespace deconvviz::kernels
