/// @file
/// Transposed convolution: the adjoint of a convolution, which carries a signal from its output back to its input.
#pragma once

#include <algorithm>
#include <vector>

#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/detail/scatter_product.hpp"
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

/// The taps that reach the positions first, first + stride, first + 2 stride, ... of the convolution's input.
inline std::vector<Tap> phase_taps(Index first, Index kernel, Index stride, Index padding, Index dilation,
                                   Index weight_step) {
    std::vector<Tap> taps;
    for (Index k = 0; k < kernel; ++k) {
        const Index at = first + padding - k * dilation;
        if (at % stride == 0) taps.push_back({at / stride, k * weight_step});
    }
    return taps;
}

/// One group and one phase of a transposed convolution: the positions of `window` whose distances from its corner are
/// (phase_y, phase_x) modulo the stride.
template <class T>
TapProduct<T> transposed_product(const ConvolutionShape& s, Index group, Index phase_y, Index phase_x, const T* dst,
                                 const T* weights, T* src, const Window& window) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    TapProduct<T> p;
    p.src = dst + group * s.group_dst() * s.dst_plane();
    p.src_picture = s.dst_channels * s.dst_plane();
    p.channels = s.group_dst();
    p.height = s.dst_height;
    p.width = s.dst_width;
    p.weights = weights + group * s.group_dst() * s.group_src() * s.taps();
    p.weights_row = s.taps();
    p.weights_channel = s.group_src() * s.taps();
    p.taps_y = phase_taps(window.y + phase_y, kernel.y, stride.y, padding.y, dilation.y, kernel.x);
    p.taps_x = phase_taps(window.x + phase_x, kernel.x, stride.x, padding.x, dilation.x, 1);
    p.dst = src + group * s.group_src() * s.src_plane() + (window.y + phase_y) * s.src_width + window.x + phase_x;
    p.dst_picture = s.src_channels * s.src_plane();
    p.dst_plane = s.src_plane();
    p.dst_row = stride.y * s.src_width;
    p.dst_column = stride.x;
    p.maps = s.group_src();
    p.batch = s.batch;
    p.rows = (window.height - phase_y + stride.y - 1) / stride.y;
    p.columns = (window.width - phase_x + stride.x - 1) / stride.x;
    return p;
}

template <class T>
void scatter_product(const ConvolutionShape& shape, Index group, const T* dst, const T* weights, T* src,
                     const Window& window) {
    DECONVVIZ_DISPATCH(scatter_product(shape, group, dst, weights, src, window));
}

}  // namespace detail

/// The fast version of reference::transposed_convolution: same arguments, same result within rounding. Any window gets
/// the same bits as in the whole, on any number of threads. Cost: that of the convolution, as taps which would meet the
/// zeros between strided positions are never multiplied.
template <class T>
void transposed_convolution(const ConvolutionShape& shape, const T* dst, const T* weights, T* src,
                            const Window& window) {
    if (window.empty()) return;
    for (Index group = 0; group < shape.groups; ++group) {
        if (detail::scatter_pays(shape)) {
            detail::scatter_product(shape, group, dst, weights, src, window);
            continue;
        }
        for (Index py = 0; py < std::min(shape.sliding.stride.y, window.height); ++py)
            for (Index px = 0; px < std::min(shape.sliding.stride.x, window.width); ++px)
                detail::tap_product(detail::transposed_product(shape, group, py, px, dst, weights, src, window));
    }
}

}  // namespace deconvviz::kernels
