/// @file
/// Windows of a feature map, and how a convolution or pooling carries them from its output to its input and back.
#pragma once

#include <algorithm>
#include <ostream>

#include "deconvviz/core/shape.hpp"

namespace deconvviz {

/// A rectangle of a feature map: rows y … y + height - 1, columns x … x + width - 1.
struct Window {
    Index y = 0;
    Index x = 0;
    Index height = 0;
    Index width = 0;

    constexpr bool empty() const { return height <= 0 || width <= 0; }
    friend constexpr bool operator==(const Window&, const Window&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Window& w) {
        return out << w.height << 'x' << w.width << " at (" << w.y << ',' << w.x << ')';
    }
};

/// Does `outer` hold all of `inner`? An empty window lies in every other.
constexpr bool contains(const Window& outer, const Window& inner) {
    return inner.empty() ||
           (inner.y >= outer.y && inner.x >= outer.x && inner.y + inner.height <= outer.y + outer.height &&
            inner.x + inner.width <= outer.x + outer.width);
}

/// A run of positions on one axis: first … first + count - 1.
struct Range {
    Index first = 0;
    Index count = 0;
    friend constexpr bool operator==(const Range&, const Range&) = default;
};

namespace detail {

constexpr Index floor_div(Index a, Index b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
constexpr Index ceil_div(Index a, Index b) {
    return -floor_div(-a, b);
}

constexpr Range between(Index first, Index last) {
    return last < first ? Range{} : Range{first, last - first + 1};
}

}  // namespace detail

/// How a sliding kernel lies over its input along both axes: output position o reads the input positions
/// o * stride - padding + k * dilation for k = 0 … kernel - 1.
struct SlidingWindow {
    Size2D kernel = 1;
    Size2D stride = 1;
    Size2D padding = 0;
    Size2D dilation = 1;

    /// The smallest input window that holds everything that the output window `dst` reads, clipped to an input of
    /// src_height x src_width: the receptive field of one layer. Tight for stride, padding and dilation.
    constexpr Window reads(const Window& dst, Index src_height, Index src_width) const {
        if (dst.empty()) return {};
        const Range rows = reads({dst.y, dst.height}, kernel.y, stride.y, padding.y, dilation.y, src_height);
        const Range columns = reads({dst.x, dst.width}, kernel.x, stride.x, padding.x, dilation.x, src_width);
        if (rows.count == 0 || columns.count == 0) return {};
        return {rows.first, columns.first, rows.count, columns.count};
    }

    /// What the output window `dst` reads of an input with its padding, which goes on beyond the border: from the first
    /// tap of the first output to the last tap of the last one. Row -1 is the padding's row next to the input.
    constexpr Window reads_padded(const Window& dst) const {
        if (dst.empty()) return {};
        return {dst.y * stride.y - padding.y, dst.x * stride.x - padding.x,
                (dst.height - 1) * stride.y + (kernel.y - 1) * dilation.y + 1,
                (dst.width - 1) * stride.x + (kernel.x - 1) * dilation.x + 1};
    }

    /// The smallest output window, in an output of dst_height x dst_width, that holds every position which reads some
    /// position of the input window `src`: the projective field of one layer. Tight for stride and for dilation.
    constexpr Window reached_by(const Window& src, Index dst_height, Index dst_width) const {
        if (src.empty()) return {};
        const Range rows = reached_by({src.y, src.height}, kernel.y, stride.y, padding.y, dilation.y, dst_height);
        const Range columns = reached_by({src.x, src.width}, kernel.x, stride.x, padding.x, dilation.x, dst_width);
        if (rows.count == 0 || columns.count == 0) return {};
        return {rows.first, columns.first, rows.count, columns.count};
    }

  private:
    static constexpr Range reads(Range dst, Index k, Index s, Index p, Index d, Index size) {
        Index first = size;
        Index last = -1;
        // The lowest position that is read belongs to one of the outputs that begin in the padding, or to the next one.
        for (Index o = dst.first; o < dst.first + dst.count; ++o) {
            const Index start = o * s - p;
            const Index tap = std::max<Index>(detail::ceil_div(-start, d), 0);
            if (tap < k && start + tap * d < size) first = std::min(first, start + tap * d);
            if (start >= 0) break;
        }
        // Likewise the highest one, from the other end.
        for (Index o = dst.first + dst.count; o-- > dst.first;) {
            const Index start = o * s - p;
            const Index tap = std::min(detail::floor_div(size - 1 - start, d), k - 1);
            if (tap >= 0 && start + tap * d >= 0) last = std::max(last, start + tap * d);
            if (start + (k - 1) * d < size) break;
        }
        return detail::between(first, last);
    }

    /// Does output position o read an input position in [first, last]?
    static constexpr bool touches(Index o, Index k, Index s, Index p, Index d, Index first, Index last) {
        const Index start = o * s - p;
        const Index tap = std::max<Index>(detail::ceil_div(first - start, d), 0);
        return tap < k && start + tap * d <= last;
    }

    static constexpr Range reached_by(Range src, Index k, Index s, Index p, Index d, Index size) {
        const Index last_src = src.first + src.count - 1;
        Index first = std::max<Index>(detail::ceil_div(src.first + p - (k - 1) * d, s), 0);
        Index last = std::min(detail::floor_div(last_src + p, s), size - 1);
        // Dilation leaves gaps: the bounds above may lie in one.
        while (first <= last && !touches(first, k, s, p, d, src.first, last_src)) ++first;
        while (first <= last && !touches(last, k, s, p, d, src.first, last_src)) --last;
        return detail::between(first, last);
    }
};

}  // namespace deconvviz
