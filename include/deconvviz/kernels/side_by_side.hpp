/// @file
/// Kernels for many pictures that differ from a known one in a small window: a vector holds one pixel of each.
///
/// Where windows are a few pixels wide, rows of them leave vectors half empty. Here the pictures lie side by side
/// instead: values (C, height, width, side_by_side), those of one window of the maps, the same for all pictures.
/// Whatever lies around that window is as in the known picture. So each operation fills its vectors, however small the
/// windows are, and a known value serves all pictures at once.
#pragma once

#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/average_pool.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/transpose.hpp"
#include "deconvviz/kernels/detail/vector.hpp"
#include "deconvviz/kernels/isa.hpp"
#include "deconvviz/kernels/max_pool.hpp"

namespace deconvviz::kernels {

/// How many pictures lie side by side.
inline constexpr Index side_by_side = 16;

/// A window of maps of pictures side by side: values (C, window.height, window.width, side_by_side).
template <class Pointer>
struct SideBySide {
    Window window;
    Pointer values;

    /// Where the pictures' values of one place of the maps lie; y and x count in the map.
    Pointer at(Index channel, Index y, Index x) const {
        return values + ((channel * window.height + y - window.y) * window.width + x - window.x) * side_by_side;
    }
};

}  // namespace deconvviz::kernels

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/side_by_side.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

namespace deconvviz::kernels {

/// Max pooling of such pictures, as reference::max_pool without switches. `shape` is that of whole maps, planes being
/// those of one picture; src holds all that the outputs in dst.window read of the map.
template <class T>
void max_pool_side_by_side(const MaxPoolShape& shape, const SideBySide<const T*>& src, const SideBySide<T*>& dst) {
    DECONVVIZ_DISPATCH(max_pool_side_by_side(shape, src, dst));
}

/// Average pooling of such pictures, likewise.
template <class T>
void average_pool_side_by_side(const AveragePoolShape& shape, const SideBySide<const T*>& src,
                               const SideBySide<T*>& dst) {
    DECONVVIZ_DISPATCH(average_pool_side_by_side(shape, src, dst));
}

/// Puts the values of the first `count` pictures into that window of their own maps (channels, map.y, map.x), to which
/// `pictures` points.
template <class T>
void take_apart(const SideBySide<const T*>& src, Index channels, const Size2D& map, Index count, T* const* pictures) {
    DECONVVIZ_DISPATCH(take_apart(src, channels, map, count, pictures));
}

}  // namespace deconvviz::kernels
