/// @file
/// Windows of feature maps in memory of their own, and the window that a signal fills.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"

namespace deconvviz::detail {

/// All of a batch of maps (N, C, H, W).
inline Window whole_maps(const Shape& maps) {
    return {0, 0, maps[2], maps[3]};
}

/// The shape of a window of a batch of maps (N, C, H, W).
inline Shape window_shape(const Shape& maps, const Window& window) {
    return {maps[0], maps[1], window.height, window.width};
}

/// Copies a window of each of the maps (N, C, H, W) to maps of the window's size.
template <class V>
void copy_window(const Shape& maps, const V* from, const Window& window, V* to) {
    from += window.y * maps[3] + window.x;
    for (Index plane = 0; plane < maps[0] * maps[1]; ++plane, from += maps[2] * maps[3])
        for (Index y = 0; y < window.height; ++y, to += window.width) std::copy_n(from + y * maps[3], window.width, to);
}

/// The reverse: copies maps of the window's size into that window of each of the maps (N, C, H, W).
template <class V>
void copy_to_window(const V* from, const Shape& maps, const Window& window, V* to) {
    to += window.y * maps[3] + window.x;
    for (Index plane = 0; plane < maps[0] * maps[1]; ++plane, to += maps[2] * maps[3])
        for (Index y = 0; y < window.height; ++y, from += window.width)
            std::copy_n(from, window.width, to + y * maps[3]);
}

/// The values of a window of the maps (N, C, H, W), one behind the other: those of the tensor itself where the window
/// is all of it, else a copy in `room`.
template <class T>
const T* window_values(const Tensor<T>& maps, const Window& window, Tensor<T>& room) {
    if (window == whole_maps(maps.shape())) return maps.data();
    room.resize(window_shape(maps.shape(), window));
    copy_window(maps.shape(), maps.data(), window, room.data());
    return room.data();
}

/// Are all values the same zero? (Where zeros of both signs mix, the answer is no.)
template <class T>
bool all_zero(const T* values, Index count) {
    // Each equal to the next one: memcmp looks at many at once.
    return count == 0 ||
           (values[0] == 0 && std::memcmp(values, values + 1, static_cast<std::size_t>(count - 1) * sizeof(T)) == 0);
}

/// The smallest window of the maps (N, C, H, W) that holds all values but zeros, in any picture and map; empty where
/// there are only zeros.
template <class T>
Window occupied_window(const Tensor<T>& maps) {
    const Index height = maps.shape()[2];
    const Index width = maps.shape()[3];
    Index top = height;
    Index bottom = 0;
    Index left = width;
    Index right = 0;
    const T* const end = maps.data() + maps.size();
    for (const T* plane = maps.data(); plane != end; plane += height * width) {
        if (all_zero(plane, height * width)) continue;
        for (Index y = 0; y < height; ++y) {
            const T* row = plane + y * width;
            if (all_zero(row, width)) continue;
            top = std::min(top, y);
            bottom = std::max(bottom, y + 1);
            Index x = 0;
            while (x < left && row[x] == 0) ++x;
            left = x;
            for (x = width; x > right && row[x - 1] == 0;) --x;
            right = x;
        }
        if (bottom - top == height && right - left == width) break;
    }
    if (bottom <= top || right <= left) return {};
    return {top, left, bottom - top, right - left};
}

/// The padding with which a sliding kernel lies over the window `src` of its input, where output 0 is the corner of the
/// window `dst`. `src` holds all that `dst` reads.
inline Size2D window_padding(const SlidingWindow& sliding, const Window& dst, const Window& src) {
    const Size2D padding(sliding.padding.y + src.y - dst.y * sliding.stride.y,
                         sliding.padding.x + src.x - dst.x * sliding.stride.x);
    assert(padding.y >= 0 && padding.x >= 0);
    return padding;
}

}  // namespace deconvviz::detail
