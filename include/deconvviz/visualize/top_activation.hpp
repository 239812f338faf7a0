/// @file
/// One entry of a list of top activations, and the order of such entries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/shape.hpp"

namespace deconvviz {

/// The strongest activation of a map in one picture: its value, the picture's number, the position in the map.
template <class T>
struct TopActivation {
    T value = 0;
    Index picture = 0;
    Index y = 0;
    Index x = 0;

    friend bool operator==(const TopActivation&, const TopActivation&) = default;

    /// Does `a` come before `b`? The larger value, then the lower picture number, then the first position in row-major
    /// order.
    friend bool operator<(const TopActivation& a, const TopActivation& b) {
        if (a.value != b.value) return a.value > b.value;
        if (a.picture != b.picture) return a.picture < b.picture;
        return a.y != b.y ? a.y < b.y : a.x < b.x;
    }
};

namespace detail {

/// Takes more entries into a list: of each picture the first in order stays, of these the first `count`.
template <class T>
void merge_top(std::vector<TopActivation<T>>& list, std::span<const TopActivation<T>> more, Index count) {
    if (more.empty()) return;
    const std::vector<TopActivation<T>> copy(more.begin(), more.end());  // `more` may be the list itself
    list.insert(list.end(), copy.begin(), copy.end());
    std::sort(list.begin(), list.end(), [](const TopActivation<T>& a, const TopActivation<T>& b) {
        return a.picture != b.picture ? a.picture < b.picture : a < b;
    });
    const auto same = [](const TopActivation<T>& a, const TopActivation<T>& b) { return a.picture == b.picture; };
    list.erase(std::unique(list.begin(), list.end(), same), list.end());
    std::sort(list.begin(), list.end());
    if (std::cmp_greater(list.size(), count)) list.resize(static_cast<std::size_t>(count));
}

}  // namespace detail
}  // namespace deconvviz
