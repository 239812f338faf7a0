/// @file
/// Gradients of a convolution with respect to its weights and bias.
/// (The one with respect to its input is the transposed convolution.)
#pragma once

#include <algorithm>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/tap_product.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace deconvviz::kernels {

namespace reference {

/// grad_weights[o,i,ky,kx] = sum over n, y, x of grad_dst[n,o,y,x] * (the src value that this tap reads there).
/// grad_weights is overwritten (=).
template <class T>
void convolution_weight_gradient(const ConvolutionShape& s, const T* src, const T* grad_dst, T* grad_weights) {
    for (Index o = 0; o < s.dst_channels; ++o)
        for (Index i = 0; i < s.group_src(); ++i)
            for (Index ky = 0; ky < s.sliding.kernel.y; ++ky)
                for (Index kx = 0; kx < s.sliding.kernel.x; ++kx) {
                    T sum = 0;
                    for (Index n = 0; n < s.batch; ++n)
                        for (Index y = 0; y < s.dst_height; ++y)
                            for (Index x = 0; x < s.dst_width; ++x) {
                                const Index sy = s.src_row(y, ky);
                                const Index sx = s.src_column(x, kx);
                                if (!s.in_src(sy, sx)) continue;
                                const Index channel = n * s.src_channels + o / s.group_dst() * s.group_src() + i;
                                sum += grad_dst[((n * s.dst_channels + o) * s.dst_height + y) * s.dst_width + x] *
                                       src[channel * s.src_plane() + sy * s.src_width + sx];
                            }
                    *grad_weights++ = sum;
                }
}

}  // namespace reference

}  // namespace deconvviz::kernels

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/convolution_gradient.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

namespace deconvviz::kernels {

/// The fast version of reference::convolution_weight_gradient: same arguments, same result within rounding, same bits
/// on any number of threads (work is split over the weights, never over the sum).
template <class T>
void convolution_weight_gradient(const ConvolutionShape& shape, const T* src, const T* grad_dst, T* grad_weights) {
    DECONVVIZ_DISPATCH(convolution_weight_gradient(shape, src, grad_dst, grad_weights));
}

}  // namespace deconvviz::kernels
