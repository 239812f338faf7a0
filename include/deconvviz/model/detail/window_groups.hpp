/// @file
/// Windows of changed pictures, sorted into groups that a layer computes in one call.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/any_layer.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz::detail {

/// Some of the pictures, and for each the window of a layer that is computed and what is read for it. All windows are
/// of one size.
struct WindowGroup {
    std::vector<std::size_t> items;
    std::vector<ForwardWindows> windows;
};

/// Sizes of windows along one axis, rounded up so that many are equal: the largest one, or less by a multiple of a
/// step.
class WindowSizes {
  public:
    /// For windows of at most `largest`, in maps of `whole`. `grain`: sizes between its multiples save nothing.
    WindowSizes(Index largest, Index grain, Index whole) : grain_(grain), whole_(whole) {
        top_ = ceil_div(largest, grain) * grain;
        step_ = std::max(ceil_div(top_, classes), Index{1});
        step_ = ceil_div(step_, grain) * grain;
    }

    /// A run of positions that holds the given ones. Nearly all is all.
    Range around(Range range) const {
        const Index size = top_ - (top_ - range.count) / step_ * step_;
        if (size + (grain_ == 1 ? whole_ / 8 : 0) >= whole_) return {0, whole_};
        return {std::min(range.first, whole_ - size), size};
    }

  private:
    static constexpr Index classes = 5;

    Index grain_;
    Index whole_;
    Index top_ = 1;
    Index step_ = 1;
};

/// What windows of maps must have in common to be computed in one call: their sizes, and unless the padding is read
/// with them, so that they are alike everywhere, their place.
inline std::array<Index, 6> window_key(const ForwardWindows& windows, bool padded) {
    const auto& [dst, src] = windows;
    return {dst.height, dst.width, src.height, src.width, padded ? -1 : dst.y, padded ? -1 : dst.x};
}

/// The windows of a layer's output that hold `changed` (one for each picture; an empty one for a picture that is the
/// known one from here on), and what the layer reads for them, in groups. A layer that knows no windows gets one group
/// of whole maps.
template <class T>
std::vector<WindowGroup> group_windows(const AnyLayer<T>& layer, const Shape& src, const Shape& dst,
                                       const std::vector<Window>& changed) {
    const bool windowed = src.rank() == 3 && dst.rank() == 3 && layer.knows_windows();
    const bool padded = layer.padding_value().has_value();
    const Window whole = whole_window(dst);
    Index tallest = 1, widest = 1;
    for (const Window& window : changed) {
        tallest = std::max(tallest, window.height);
        widest = std::max(widest, window.width);
    }
    const Size2D grain = layer.window_grain();
    const WindowSizes heights(tallest, grain.y, whole.height), widths(widest, grain.x, whole.width);

    std::map<std::array<Index, 6>, WindowGroup> groups;
    for (std::size_t i = 0; i < changed.size(); ++i) {
        if (changed[i].empty() && windowed) continue;
        ForwardWindows windows{whole, whole_window(src)};
        if (windowed) {
            const Range rows = heights.around({changed[i].y, changed[i].height});
            const Range columns = widths.around({changed[i].x, changed[i].width});
            windows.dst = {rows.first, columns.first, rows.count, columns.count};
            if (windows.dst != whole)
                windows.src = padded ? layer.reads_padded(windows.dst) : layer.reads(windows.dst, src);
        }
        const bool all = windows.dst == whole;
        WindowGroup& group = groups[all ? std::array<Index, 6>{} : window_key(windows, padded)];
        group.items.push_back(i);
        group.windows.push_back(windows);
    }
    std::vector<WindowGroup> sorted;
    for (auto& [key, group] : groups) sorted.push_back(std::move(group));
    return sorted;
}

}  // namespace deconvviz::detail
