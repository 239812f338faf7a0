/// @file
/// A picture that is a known one but for a window.
#pragma once

#include <algorithm>
#include <span>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/window.hpp"

namespace deconvviz {

/// A picture that is picture `picture` of a trace but for the pixels in `window`.
struct ChangedPicture {
    Index picture = 0;
    Window window;
};

namespace detail {

/// The height of the tallest changed window and the width of the widest, at least 1.
inline Size2D largest_change(std::span<const ChangedPicture> changes) {
    Size2D largest(1, 1);
    for (const ChangedPicture& change : changes)
        largest = {std::max(largest.y, change.window.height), std::max(largest.x, change.window.width)};
    return largest;
}

}  // namespace detail
}  // namespace deconvviz
