/// @file
/// The walk of a patch over a picture: its positions, and what the model gives at each.
#pragma once

#include <algorithm>
#include <optional>

#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/model/workspace.hpp"

namespace deconvviz::detail {

/// Sets the pixels of `window` to `fill` in all channels of a picture (C, H, W).
template <class T>
void hide(T* picture, const Shape& shape, const Window& window, T fill) {
    for (Index c = 0; c < shape[0]; ++c)
        for (Index y = window.y; y < window.y + window.height; ++y)
            std::fill_n(picture + (c * shape[1] + y) * shape[2] + window.x, window.width, fill);
}

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

/// What the model gives at some positions, one behind the other in rows: `first` … `first + count - 1`.
template <class T>
struct OccludedOutputs {
    Index first = 0;
    Index count = 0;
    const Tensor<T>& output;             // (count, …): of the model
    const Tensor<T>* watched = nullptr;  // (count, …): of the watched layer; null where none is
};

/// How the walk is done.
struct OcclusionWalk {
    PatchGrid grid;
    double fill = 0;
    Index batch = 1;                          // positions evaluated at once
    std::optional<std::size_t> watched = {};  // a layer whose output is wanted, too
    const OnProgress& progress;
};

/// Hides the patch's pixels of a picture (C, H, W) at each position in turn, and hands what the model gives to
/// `consume(const OccludedOutputs<T>&)`, in batches. What it is handed does not outlive the call. All that slides a
/// patch over a picture comes through here.
template <class T, class Consume>
void walk_occluded(const Sequential<T>& model, const Tensor<T>& image, const OcclusionWalk& walk, Consume&& consume) {
    const PatchGrid& grid = walk.grid;
    ProgressMeter meter("occlusion", "positions", grid.count(), walk.progress);
    Tensor<T> batch;
    Workspace<T> workspace;
    Trace<T> trace;
    for (Index first = 0; first < grid.count(); first += walk.batch) {
        const Index count = std::min(walk.batch, grid.count() - first);
        batch.resize(image.shape().batched(count));
        for (Index i = 0; i < count; ++i) {
            const Window window = grid.at((first + i) / grid.columns(), (first + i) % grid.columns());
            std::copy(image.begin(), image.end(), batch.slice(i).begin());
            hide(batch.slice(i).data(), image.shape(), window, static_cast<T>(walk.fill));
        }
        if (walk.watched) {
            model.trace(batch, trace);
            consume(OccludedOutputs<T>{first, count, trace.output(), &trace.activation(*walk.watched)});
        } else {
            consume(OccludedOutputs<T>{first, count, model.forward(batch, workspace)});
        }
        meter.advance(count);
    }
}

}  // namespace deconvviz::detail
