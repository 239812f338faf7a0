/// @file
/// Unpooling without switches: each value goes to the centre of its window.
#pragma once

#include <algorithm>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/max_pool.hpp"

namespace deconvviz::kernels {

/// The position, on one axis of `size` positions, to which output `o` of a pooling unpools without its switch: the
/// middle of that part of its window which lies in the map, the upper or left one of two middles. So a window of 2x2
/// has its upper left position, one of 3x3 its middle, and one that padding or the border cut to 2x3 that of the rest:
/// a value never leaves the map. Two windows share a centre only at a border that cut one of them, or both.
constexpr Index unpooling_centre(Index o, Index kernel, Index stride, Index padding, Index size) {
    const Index start = o * stride - padding;
    return (std::max<Index>(start, 0) + std::min(start + kernel, size) - 1) / 2;
}

/// Unpooling to centres: each pooled value goes to the centre of its window, all other positions are 0. Where windows
/// share a centre, `overlap` says what happens. Only the positions of `window`, a window of the unpooled map, are
/// written (=). It has no vector version: it reads and writes each value once, and no switches.
template <class T>
void unpool_to_centres(const MaxPoolShape& s, const T* pooled, T* unpooled, Overlap overlap, const Window& window) {
    if (window.empty()) return;
    const Size2D kernel = s.sliding.kernel, stride = s.sliding.stride, padding = s.sliding.padding;
    parallel_for(s.planes, detail::pool_grain(s), [&](Index begin, Index end) {
        for (Index p = begin; p < end; ++p) {
            T* const plane = unpooled + p * s.src_plane();
            for (Index y = window.y; y < window.y + window.height; ++y)
                std::fill_n(plane + y * s.src_width + window.x, window.width, T(0));
            const T* value = pooled + p * s.dst_plane();
            for (Index y = 0; y < s.dst_height; ++y) {
                const Index row = unpooling_centre(y, kernel.y, stride.y, padding.y, s.src_height);
                for (Index x = 0; x < s.dst_width; ++x, ++value) {
                    const Index column = unpooling_centre(x, kernel.x, stride.x, padding.x, s.src_width);
                    if (!contains(window, {row, column, 1, 1})) continue;
                    T& to = plane[row * s.src_width + column];
                    to = overlap == Overlap::accumulate ? to + *value : *value;
                }
            }
        }
    });
}

}  // namespace deconvviz::kernels
