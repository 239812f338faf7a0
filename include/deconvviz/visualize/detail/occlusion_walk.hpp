/// @file
/// The walk of a patch over a picture: its positions.
#pragma once

#include <algorithm>
#include <vector>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/model/incremental_forward.hpp"

namespace deconvviz::detail {

/// Positions of a patch along one axis, from 0 in steps of the stride until the border is reached; the last patch is
/// clipped there. With a stride larger than the patch, the last one that still hides a pixel.
constexpr Index patch_positions(Index size, Index patch, Index stride) {
    return patch >= size ? 1 : std::min((size - patch + stride - 1) / stride, (size - 1) / stride) + 1;
}

/// The positions of a patch on a picture.
struct PatchGrid {
    Size2D patch;
    Size2D stride;
    Index height = 0;  // of the picture
    Index width = 0;

    constexpr Index rows() const { return patch_positions(height, patch.y, stride.y); }
    constexpr Index columns() const { return patch_positions(width, patch.x, stride.x); }
    constexpr Index count() const { return rows() * columns(); }

    constexpr Window at(Index row, Index column) const {
        const Index y = row * stride.y;
        const Index x = column * stride.x;
        return {y, x, std::min(patch.y, height - y), std::min(patch.x, width - x)};
    }
};

/// The changes that hide the patch at each position of each of some pictures, in rows, picture by picture.
inline std::vector<ChangedPicture> hidden_patches(const PatchGrid& grid, Index pictures) {
    std::vector<ChangedPicture> changes;
    for (Index picture = 0; picture < pictures; ++picture)
        for (Index row = 0; row < grid.rows(); ++row)
            for (Index column = 0; column < grid.columns(); ++column)
                changes.push_back({picture, grid.at(row, column)});
    return changes;
}

}  // namespace deconvviz::detail
