/// @file
/// What a layer reads of maps that are known but for a window.
#pragma once

#include <algorithm>

#include "deconvviz/core/window.hpp"

namespace deconvviz::detail {

/// Maps of height x width that are known, but for a window in which others hold.
template <class T>
struct ChangedMaps {
    const T* known = nullptr;  // (count, height, width)
    Index count = 0;
    Index height = 0;
    Index width = 0;
    const T* changed = nullptr;  // (count, held.height, held.width)
    Window held;                 // empty where nothing changes
};

/// Writes their values in `window`, (count, window.height, window.width), which may reach beyond the border: there is
/// `beyond`.
template <class T>
void gather_window(const ChangedMaps<T>& maps, const Window& window, T beyond, T* out) {
    const Index height = maps.height, width = maps.width;
    const Window& held = maps.held;
    const T* outer = maps.known;
    const T* inner = maps.changed;
    // Columns: left … first from the known map, first … last from the changed window, last … right known again.
    const Index left = std::max<Index>(window.x, 0), right = std::min(window.x + window.width, width);
    const Index first = std::clamp(held.x, left, right);
    const Index last = std::clamp(held.x + held.width, first, right);
    const bool inside = left == window.x && right == window.x + window.width;
    for (Index map = 0; map < maps.count; ++map, outer += height * width, inner += held.height * held.width)
        for (Index y = window.y; y < window.y + window.height; ++y, out += window.width) {
            if (y < 0 || y >= height) {
                std::fill_n(out, window.width, beyond);
                continue;
            }
            T* const row = out - window.x;
            if (!inside) {
                std::fill_n(out, left - window.x, beyond);
                std::fill(row + right, out + window.width, beyond);
            }
            const T* const known_row = outer + y * width;
            if (y < held.y || y >= held.y + held.height) {
                std::copy(known_row + left, known_row + right, row + left);
                continue;
            }
            const T* const within = inner + (y - held.y) * held.width - held.x;
            // A few values beside the window: not worth a call.
            for (Index x = left; x < first; ++x) row[x] = known_row[x];
            std::copy(within + first, within + last, row + first);
            for (Index x = last; x < right; ++x) row[x] = known_row[x];
        }
}

}  // namespace deconvviz::detail
