/// @file
/// The loops of a mirror network that no layer has: the adjoint of unpooling, the bias of a transposed convolution.
#pragma once

#include <algorithm>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/kernels/max_pool.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz::detail {

/// Planes that one chunk of a loop over whole planes takes.
inline Index plane_grain(Index plane) {
    return std::max<Index>(1, 16384 / std::max<Index>(1, plane));
}

/// pooled[p,y,x] = unpooled at the place that the switch of (y, x) points to: the adjoint of unpooling that
/// accumulates. `pooled` has its shape already and is overwritten (=).
template <class T>
void pool_by_switches(const SlidingWindow& sliding, const Switches& switches, const Tensor<T>& unpooled,
                      Tensor<T>& pooled) {
    const Shape& src = unpooled.shape();
    const Shape& dst = pooled.shape();
    const kernels::MaxPoolShape s{.planes = src[0] * src[1],
                                  .src_height = src[2],
                                  .src_width = src[3],
                                  .dst_height = dst[2],
                                  .dst_width = dst[3],
                                  .sliding = sliding};
    parallel_for(s.planes, plane_grain(s.dst_plane()), [&](Index begin, Index end) {
        for (Index p = begin; p < end; ++p)
            for (Index y = 0; y < s.dst_height; ++y)
                for (Index x = 0; x < s.dst_width; ++x) {
                    const Index i = p * s.dst_plane() + y * s.dst_width + x;
                    pooled[i] = unpooled[p * s.src_plane() + s.target(y, x, switches[i])];
                }
    });
}

/// values[n,c,·] += bias[c], then max(·, 0) where `rectified`.
template <class T>
void add_bias(const Tensor<T>& bias, bool rectified, Tensor<T>& values) {
    const Index channels = values.shape()[1];
    const Index plane = values.shape()[2] * values.shape()[3];
    parallel_for(values.shape()[0] * channels, plane_grain(plane), [&](Index begin, Index end) {
        for (Index p = begin; p < end; ++p) {
            T* const at = values.data() + p * plane;
            for (Index i = 0; i < plane; ++i) at[i] += bias[p % channels];
        }
    });
    if (rectified) kernels::relu(values.size(), values.data(), values.data());
}

}  // namespace deconvviz::detail
