/// @file
/// Max pooling that records its switches, and unpooling by them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/vector.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace deconvviz {

/// What happens where overlapping pooling windows chose the same position, in unpooling.
/// accumulate: the values add up. This is the adjoint of pooling, what a gradient does, and the default.
/// overwrite: the last window in row-major order wins, as in PyTorch's MaxUnpool2d on one thread.
enum class Overlap { accumulate, overwrite };

namespace kernels {

/// Sizes of a max pooling from planes of src_height x src_width to planes of dst_height x dst_width. `planes` counts
/// the maps of all pictures. The padding is smaller than the kernel and counts as minus infinity, so that each window
/// holds at least one position of src. The dilation is 1.
struct MaxPoolShape {
    Index planes = 1;
    Index src_height = 1;
    Index src_width = 1;
    Index dst_height = 1;
    Index dst_width = 1;
    SlidingWindow sliding;

    Index src_plane() const { return src_height * src_width; }
    Index dst_plane() const { return dst_height * dst_width; }
    Window whole_src() const { return {0, 0, src_height, src_width}; }
    Window whole_dst() const { return {0, 0, dst_height, dst_width}; }

    /// The part of the kernel's rows ky (or columns kx) for output o that lies inside of src: [first, second).
    std::pair<Index, Index> kernel_rows(Index o) const {
        return inside(o * sliding.stride.y - sliding.padding.y, sliding.kernel.y, src_height);
    }
    std::pair<Index, Index> kernel_columns(Index o) const {
        return inside(o * sliding.stride.x - sliding.padding.x, sliding.kernel.x, src_width);
    }

    /// The position in a source plane that a switch of output (y, x) points to.
    Index target(Index y, Index x, Index place) const {
        return (y * sliding.stride.y - sliding.padding.y + place / sliding.kernel.x) * src_width +
               x * sliding.stride.x - sliding.padding.x + place % sliding.kernel.x;
    }

  private:
    static std::pair<Index, Index> inside(Index start, Index kernel, Index size) {
        return {std::max<Index>(0, -start), std::min(kernel, size - start)};
    }
};

/// Does `value` take the place of the maximum so far? Only where it is larger, so the first of equal ones stays; the
/// first NaN counts as larger than any number.
template <class T>
bool beats(T value, T best) {
    return value > best || (value != value && best == best);
}

namespace reference {

/// dst[p,y,x] = maximum of src over the window of (y, x); switches[p,y,x] = the place ky * kernel.x + kx of that
/// maximum in the window, the first one in row-major order where several are equal. S is an unsigned type that can hold
/// all places. Only the positions of `window`, a window of dst, are written (=).
template <class T, class S>
void max_pool(const MaxPoolShape& s, const T* src, T* dst, S* switches, const Window& window) {
    for (Index p = 0; p < s.planes; ++p)
        for (Index y = window.y; y < window.y + window.height; ++y)
            for (Index x = window.x; x < window.x + window.width; ++x) {
                const auto [first_y, last_y] = s.kernel_rows(y);
                const auto [first_x, last_x] = s.kernel_columns(x);
                Index best = first_y * s.sliding.kernel.x + first_x;
                const T* plane = src + p * s.src_plane();
                for (Index ky = first_y; ky < last_y; ++ky)
                    for (Index kx = first_x; kx < last_x; ++kx) {
                        const Index place = ky * s.sliding.kernel.x + kx;
                        if (beats(plane[s.target(y, x, place)], plane[s.target(y, x, best)])) best = place;
                    }
                dst[p * s.dst_plane() + y * s.dst_width + x] = plane[s.target(y, x, best)];
                switches[p * s.dst_plane() + y * s.dst_width + x] = static_cast<S>(best);
            }
}

/// Unpooling by switches [zeiler2014, §2.1]: each pooled value goes to the place where its maximum came from, all other
/// positions are 0. Where windows overlap and chose the same position, `overlap` says what happens.
/// Only the positions of `window`, a window of the unpooled map, are written (=).
template <class T, class S>
void unpool(const MaxPoolShape& s, const T* pooled, const S* switches, T* unpooled, Overlap overlap,
            const Window& window) {
    for (Index p = 0; p < s.planes; ++p) {
        T* plane = unpooled + p * s.src_plane();
        for (Index y = window.y; y < window.y + window.height; ++y)
            std::fill_n(plane + y * s.src_width + window.x, window.width, T(0));
        for (Index y = 0; y < s.dst_height; ++y)
            for (Index x = 0; x < s.dst_width; ++x) {
                const Index from = p * s.dst_plane() + y * s.dst_width + x;
                const Index to = s.target(y, x, switches[from]);
                if (!contains(window, {to / s.src_width, to % s.src_width, 1, 1})) continue;
                plane[to] = overlap == Overlap::accumulate ? plane[to] + pooled[from] : pooled[from];
            }
    }
}

}  // namespace reference
}  // namespace kernels
}  // namespace deconvviz

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/pool_vector.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/max_pool.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/unpool.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

namespace deconvviz::kernels {

namespace detail {

/// Planes that one chunk of work holds.
inline Index pool_grain(const MaxPoolShape& shape) {
    return std::max<Index>(1, 32768 / shape.src_plane());
}

/// The shape of a run of planes, for the reference versions.
inline MaxPoolShape with_planes(MaxPoolShape shape, Index planes) {
    shape.planes = planes;
    return shape;
}

template <class T>
void max_pool_planes(const MaxPoolShape& shape, Index begin, Index end, const T* src, T* dst, std::uint8_t* switches,
                     const Window& window) {
    DECONVVIZ_DISPATCH(max_pool_planes(shape, begin, end, src, dst, switches, window));
}
template <class T>
void unpool_planes(const MaxPoolShape& shape, Index begin, Index end, const T* pooled, const std::uint8_t* switches,
                   T* unpooled, Overlap overlap, const Window& window) {
    DECONVVIZ_DISPATCH(unpool_planes(shape, begin, end, pooled, switches, unpooled, overlap, window));
}

}  // namespace detail

/// The fast version of reference::max_pool: the same bits, on every instruction set.
/// Planes that hold a NaN, or both infinities, cost several times as much as others.
template <class T, class S>
void max_pool(const MaxPoolShape& shape, const T* src, T* dst, S* switches, const Window& window) {
    if (window.empty()) return;
    parallel_for(shape.planes, detail::pool_grain(shape), [&](Index begin, Index end) {
        if constexpr (sizeof(S) == 1) {
            detail::max_pool_planes(shape, begin, end, src, dst, switches, window);
        } else {  // windows of more than 256 places: rare, and not worth code of their own
            reference::max_pool(detail::with_planes(shape, end - begin), src + begin * shape.src_plane(),
                                dst + begin * shape.dst_plane(), switches + begin * shape.dst_plane(), window);
        }
    });
}

/// The fast version of reference::unpool: the same bits, on every instruction set.
template <class T, class S>
void unpool(const MaxPoolShape& shape, const T* pooled, const S* switches, T* unpooled, Overlap overlap,
            const Window& window) {
    if (window.empty()) return;
    parallel_for(shape.planes, detail::pool_grain(shape), [&](Index begin, Index end) {
        if constexpr (sizeof(S) == 1) {
            detail::unpool_planes(shape, begin, end, pooled, switches, unpooled, overlap, window);
        } else {
            reference::unpool(detail::with_planes(shape, end - begin), pooled + begin * shape.dst_plane(),
                              switches + begin * shape.dst_plane(), unpooled + begin * shape.src_plane(), overlap,
                              window);
        }
    });
}

}  // namespace deconvviz::kernels
