/// @file
/// Three-dimensional max pooling of the adaptive deconvolutional network: over space and over adjacent maps at once,
/// by absolute value, with switches.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/kernels/max_pool.hpp"

namespace deconvviz::kernels {

/// Sizes of a pooling from maps (batch, maps, height, width) to (batch, pooled_maps, pooled_height, pooled_width). The
/// cells are `group` adjacent maps by window.y by window.x positions, without overlap; the last one along each axis is
/// cut off where the maps end, which is the same as zeros beyond (a zero never beats what is there).
///
/// A switch is one number: row · window.x + column + map · window.y · window.x, all counted within the cell.
struct MaxPool3DShape {
    Index batch = 1;
    Index maps = 1;
    Index height = 1;
    Index width = 1;
    Index group = 1;
    Size2D window = 1;

    Index pooled_maps() const { return (maps + group - 1) / group; }
    Index pooled_height() const { return (height + window.y - 1) / window.y; }
    Index pooled_width() const { return (width + window.x - 1) / window.x; }
    Index plane() const { return height * width; }
    Index pooled_plane() const { return pooled_height() * pooled_width(); }
    /// How many places a cell has; an unsigned type that can hold one less is needed for the switches.
    Index places() const { return group * window.y * window.x; }
};

namespace detail {

/// Calls visit(picture's pooled map, cell, maps of the cell, the offset of its first position) for the cells of
/// pooled maps begin … end - 1, counted over the batch.
template <class Visit>
void visit_cells(const MaxPool3DShape& s, Index begin, Index end, const Visit& visit) {
    const Index columns = s.pooled_width();
    for (Index p = begin; p < end; ++p) {
        const Index first_map = p % s.pooled_maps() * s.group;
        const Index depth = std::min(s.group, s.maps - first_map);
        const Index corner = (p / s.pooled_maps() * s.maps + first_map) * s.plane();
        for (Index y = 0; y < s.pooled_height(); ++y)
            for (Index x = 0; x < columns; ++x)
                visit(p * s.pooled_plane() + y * columns + x, depth, std::min(s.window.y, s.height - y * s.window.y),
                      std::min(s.window.x, s.width - x * s.window.x),
                      corner + y * s.window.y * s.width + x * s.window.x);
    }
}

/// The offset of a place from the first position of its cell, or -1 where it lies beyond a cell of this extent.
inline Index place_offset(const MaxPool3DShape& s, Index place, Index depth, Index rows, Index columns) {
    // Divisions of 32 bits: those of 64 would take longer than all the rest.
    const auto at = static_cast<std::uint32_t>(place);
    const auto window_width = static_cast<std::uint32_t>(s.window.x);
    const auto window_height = static_cast<std::uint32_t>(s.window.y);
    const Index column = at % window_width;
    const Index row = at / window_width % window_height;
    const Index map = at / window_width / window_height;
    if (map >= depth || row >= rows || column >= columns) return -1;
    return map * s.plane() + row * s.width + column;
}

/// Pooled maps that one chunk of a parallel loop works on.
inline Index pool3d_grain(const MaxPool3DShape& s) {
    return std::max<Index>(1, 16384 / std::max<Index>(1, s.group * s.plane()));
}

}  // namespace detail

/// pooled = the value of largest magnitude of each cell, with its sign; switches = its place. The first in order of
/// map, row, column wins a tie; the first NaN counts as larger than any number. Both results are overwritten (=).
/// This is [zeiler2011, §2]'s pooling, spatial first and then over maps, in one pass.
template <class T, class S>
void max_pool3d(const MaxPool3DShape& s, const T* maps, T* pooled, S* switches) {
    parallel_for(s.batch * s.pooled_maps(), detail::pool3d_grain(s), [&](Index begin, Index end) {
        detail::visit_cells(s, begin, end, [&](Index cell, Index depth, Index rows, Index columns, Index corner) {
            T best = maps[corner];
            Index place = 0;
            for (Index m = 0; m < depth; ++m)
                for (Index y = 0; y < rows; ++y) {
                    const T* row = maps + corner + m * s.plane() + y * s.width;
                    for (Index x = 0; x < columns; ++x)
                        if (beats(std::abs(row[x]), std::abs(best))) {
                            best = row[x];
                            place = (m * s.window.y + y) * s.window.x + x;
                        }
                }
            pooled[cell] = best;
            switches[cell] = static_cast<S>(place);
        });
    });
}

/// Pooling by given switches, P_s: pooled = the value at the place that the switch names, or 0 for a place that is not
/// in the cell. Linear, and the adjoint of unpool3d. `pooled` is overwritten (=).
template <class T, class S>
void pool3d_by_switches(const MaxPool3DShape& s, const T* maps, const S* switches, T* pooled) {
    parallel_for(s.batch * s.pooled_maps(), detail::pool3d_grain(s), [&](Index begin, Index end) {
        detail::visit_cells(s, begin, end, [&](Index cell, Index depth, Index rows, Index columns, Index corner) {
            const Index offset = detail::place_offset(s, switches[cell], depth, rows, columns);
            pooled[cell] = offset < 0 ? T(0) : maps[corner + offset];
        });
    });
}

/// Unpooling, U_s: each pooled value goes to the map and position that its switch names, all others are 0. Switches
/// that name a place beyond the cell write nothing. `maps` is overwritten (=).
template <class T, class S>
void unpool3d(const MaxPool3DShape& s, const T* pooled, const S* switches, T* maps) {
    parallel_for(s.batch * s.pooled_maps(), detail::pool3d_grain(s), [&](Index begin, Index end) {
        for (Index p = begin; p < end; ++p) {
            const Index first_map = p % s.pooled_maps() * s.group;
            const Index depth = std::min(s.group, s.maps - first_map);
            std::fill_n(maps + (p / s.pooled_maps() * s.maps + first_map) * s.plane(), depth * s.plane(), T(0));
        }
        detail::visit_cells(s, begin, end, [&](Index cell, Index depth, Index rows, Index columns, Index corner) {
            const Index offset = detail::place_offset(s, switches[cell], depth, rows, columns);
            if (offset >= 0) maps[corner + offset] = pooled[cell];
        });
    });
}

}  // namespace deconvviz::kernels
