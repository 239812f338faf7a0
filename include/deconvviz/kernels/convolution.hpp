/// @file
/// Convolution of feature maps (cross-correlation, as in all deep learning libraries).
#pragma once

#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/detail/tap_product.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace deconvviz::kernels {

namespace reference {

/// dst[n,o,y,x] = bias[o] + sum over i, ky, kx of
///     weights[o,i,ky,kx] * src[n, i, y * stride - padding + ky * dilation, x * stride - padding + kx * dilation],
/// i running over the input channels of o's group and positions outside of src counting as 0.
/// Only the positions of `window` are written (=). `bias` may be null.
template <class T>
void convolution(const ConvolutionShape& s, const T* src, const T* weights, const T* bias, T* dst,
                 const Window& window) {
    for (Index n = 0; n < s.batch; ++n)
        for (Index o = 0; o < s.dst_channels; ++o)
            for (Index y = window.y; y < window.y + window.height; ++y)
                for (Index x = window.x; x < window.x + window.width; ++x) {
                    T sum = 0;
                    const T* filter = weights + o * s.group_src() * s.taps();
                    for (Index i = 0; i < s.group_src(); ++i)
                        for (Index ky = 0; ky < s.sliding.kernel.y; ++ky)
                            for (Index kx = 0; kx < s.sliding.kernel.x; ++kx, ++filter) {
                                const Index sy = s.src_row(y, ky);
                                const Index sx = s.src_column(x, kx);
                                const Index channel = n * s.src_channels + o / s.group_dst() * s.group_src() + i;
                                if (s.in_src(sy, sx))
                                    sum += *filter * src[channel * s.src_plane() + sy * s.src_width + sx];
                            }
                    dst[(n * s.dst_channels + o) * s.dst_plane() + y * s.dst_width + x] = sum + (bias ? bias[o] : T(0));
                }
}

}  // namespace reference

namespace detail {

template <class T>
void tap_product(const TapProduct<T>& product) {
    DECONVVIZ_DISPATCH(tap_product(product));
}

/// A convolution of one group, as a gathering product over the window's positions. `taps` is room for those of both
/// axes.
template <class T>
TapProduct<T> convolution_product(const ConvolutionShape& s, Index group, const T* src, const T* weights, const T* bias,
                                  T* dst, const Window& window, Taps (&taps)[2]) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    taps[0] = {kernel.y, s.src_row(window.y, 0), dilation.y, 0, kernel.x};
    taps[1] = {kernel.x, s.src_column(window.x, 0), dilation.x, 0, 1};
    TapProduct<T> p;
    p.src = src + group * s.group_src() * s.src_plane();
    p.src_picture = s.src_channels * s.src_plane();
    p.channels = s.group_src();
    p.weights = weights ? weights + group * s.group_dst() * s.group_src() * s.taps() : nullptr;
    p.weights_row = s.group_src() * s.taps();
    p.weights_channel = s.taps();
    p.taps = s.taps();
    p.bias = bias ? bias + group * s.group_dst() : nullptr;
    p.y = TapAxis(&taps[0], 1, stride.y, s.src_height, window.height);
    p.x = TapAxis(&taps[1], 1, stride.x, s.src_width, window.width);
    p.dst = dst ? dst + group * s.group_dst() * s.dst_plane() + window.y * s.dst_width + window.x : nullptr;
    p.dst_picture = s.dst_channels * s.dst_plane();
    p.dst_plane = s.dst_plane();
    p.dst_row = s.dst_width;
    p.maps = s.group_dst();
    p.batch = s.batch;
    p.first_row = window.y;
    p.first_column = window.x;
    p.whole_rows = s.dst_height;
    p.whole_columns = s.dst_width;
    p.winograd = s.method == ConvolutionMethod::automatic;
    p.deciding = s.batch_decides ? s.batch : 1;
    return p;
}

}  // namespace detail

/// The fast version of reference::convolution: same arguments, same result within rounding. Any window of the output
/// gets the same bits as in the whole, on any number of threads. Cost: 2 * batch * dst_channels * group_src * taps
/// operations for each position of the window.
template <class T>
void convolution(const ConvolutionShape& shape, const T* src, const T* weights, const T* bias, T* dst,
                 const Window& window) {
    if (window.empty()) return;
    detail::Taps taps[2];
    for (Index group = 0; group < shape.groups; ++group)
        detail::tap_product(detail::convolution_product(shape, group, src, weights, bias, dst, window, taps));
}

}  // namespace deconvviz::kernels
