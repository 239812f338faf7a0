/// @file
/// Average pooling, and its reverse.
#pragma once

#include <algorithm>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/max_pool.hpp"

namespace deconvviz::kernels {

/// Sizes of an average pooling: as those of a max pooling, and what a window's sum is divided by.
struct AveragePoolShape {
    MaxPoolShape pool;
    Size2D padding_after = 0;    // below and right; it counts only where `count_padding`
    bool count_padding = false;  // divided by all places of the window in the padded map, else by those in the map

    /// What the sum of output (y, x) is divided by. A place beyond the padding, in ceil mode, never counts.
    Index places(Index y, Index x) const {
        const SlidingWindow& s = pool.sliding;
        if (!count_padding) {
            const auto [first_y, last_y] = pool.kernel_rows(y);
            const auto [first_x, last_x] = pool.kernel_columns(x);
            return (last_y - first_y) * (last_x - first_x);
        }
        const Index top = y * s.stride.y - s.padding.y, left = x * s.stride.x - s.padding.x;
        return (std::min(top + s.kernel.y, pool.src_height + padding_after.y) - top) *
               (std::min(left + s.kernel.x, pool.src_width + padding_after.x) - left);
    }
};

/// dst[p,y,x] = sum of src over that part of the window of (y, x) which lies in the map, over places(y, x).
/// dst is overwritten (=).
template <class T>
void average_pool(const AveragePoolShape& s, const T* src, T* dst) {
    const MaxPoolShape& pool = s.pool;
    const Size2D stride = pool.sliding.stride, padding = pool.sliding.padding;
    parallel_for(pool.planes, std::max<Index>(1, 32768 / pool.src_plane()), [&](Index begin, Index end) {
        for (Index p = begin; p < end; ++p)
            for (Index y = 0; y < pool.dst_height; ++y)
                for (Index x = 0; x < pool.dst_width; ++x) {
                    const auto [first_y, last_y] = pool.kernel_rows(y);
                    const auto [first_x, last_x] = pool.kernel_columns(x);
                    const T* const corner = src + p * pool.src_plane() + (y * stride.y - padding.y) * pool.src_width +
                                            x * stride.x - padding.x;
                    T sum = 0;
                    for (Index ky = first_y; ky < last_y; ++ky)
                        for (Index kx = first_x; kx < last_x; ++kx) sum += corner[ky * pool.src_width + kx];
                    dst[p * pool.dst_plane() + y * pool.dst_width + x] = sum / static_cast<T>(s.places(y, x));
                }
    });
}

/// The adjoint: each value of dst, over places(y, x), is added to all positions of its window. src is overwritten (=).
template <class T>
void average_unpool(const AveragePoolShape& s, const T* dst, T* src) {
    const MaxPoolShape& pool = s.pool;
    const Size2D stride = pool.sliding.stride, padding = pool.sliding.padding;
    parallel_for(pool.planes, std::max<Index>(1, 32768 / pool.src_plane()), [&](Index begin, Index end) {
        for (Index p = begin; p < end; ++p) {
            T* const plane = src + p * pool.src_plane();
            std::fill_n(plane, pool.src_plane(), T(0));
            for (Index y = 0; y < pool.dst_height; ++y)
                for (Index x = 0; x < pool.dst_width; ++x) {
                    const auto [first_y, last_y] = pool.kernel_rows(y);
                    const auto [first_x, last_x] = pool.kernel_columns(x);
                    const T value = dst[p * pool.dst_plane() + y * pool.dst_width + x] / static_cast<T>(s.places(y, x));
                    T* const corner = plane + (y * stride.y - padding.y) * pool.src_width + x * stride.x - padding.x;
                    for (Index ky = first_y; ky < last_y; ++ky)
                        for (Index kx = first_x; kx < last_x; ++kx) corner[ky * pool.src_width + kx] += value;
                }
        }
    });
}

}  // namespace deconvviz::kernels
