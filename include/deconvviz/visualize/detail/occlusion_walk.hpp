/// @file
/// The walk of a patch over a picture: its positions, and what the model gives at each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/model/incremental_forward.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/model/workspace.hpp"

namespace deconvviz {

/// How the model's answers to pictures with a hidden part are computed. incremental: only what the hidden part reaches
/// (IncrementalForward), the same within rounding. full: an ordinary forward pass for each.
enum class OcclusionMethod { incremental, full };

}  // namespace deconvviz

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

/// One map of one layer, whose activations are wanted, too.
struct WatchedMap {
    std::size_t layer = 0;
    Index map = 0;
};

/// What the model gives at some positions, one behind the other in rows, and picture by picture: `first` … `first +
/// count - 1`.
template <class T>
struct OccludedOutputs {
    Index first = 0;
    Index count = 0;
    const Tensor<T>& output;             // (count, …): of the model
    const Tensor<T>* watched = nullptr;  // (count, H, W): of the watched map; null where none is
};

/// How the walk is done.
struct OcclusionWalk {
    PatchGrid grid;
    double fill = 0;
    OcclusionMethod method = OcclusionMethod::incremental;
    Index batch = 0;         // positions evaluated at once, at most; 0: as many as the memory allows
    std::size_t memory = 0;  // bytes
    std::optional<WatchedMap> watched = {};
    const OnProgress& progress;
};

/// The walk over some pictures, whose trace is given.
template <class T>
class OcclusionWalker {
  public:
    OcclusionWalker(const Sequential<T>& model, const Trace<T>& trace, const OcclusionWalk& walk)
        : model_(model),
          trace_(trace),
          walk_(walk),
          total_(trace.batch() * walk.grid.count()),
          meter_("occlusion", "positions", total_, walk.progress) {}

    /// Hands what the model gives at each position to `consume(const OccludedOutputs<T>&)`, in batches. What that is
    /// handed does not outlive the call.
    template <class Consume>
    void run(const Consume& consume) {
        const bool incremental = walk_.method == OcclusionMethod::incremental;
        const Index at_once = positions_at_once(incremental ? incremental_bytes() : whole_bytes(), incremental);
        IncrementalForward<T> forward(model_, trace_);
        if (incremental) measure_layers();
        for (Index first = 0; first < total_; first += at_once) {
            const Index count = std::min(at_once, total_ - first);
            const Tensor<T>& output =
                incremental ? changed_windows(forward, first, count) : whole_pictures(first, count);
            consume(OccludedOutputs<T>{first, count, output, walk_.watched ? &watched_ : nullptr});
            meter_.reach(first + count);
        }
    }

  private:
    Window window(Index position) const {
        const Index place = position % walk_.grid.count();
        return walk_.grid.at(place / walk_.grid.columns(), place % walk_.grid.columns());
    }
    Index picture(Index position) const { return position / walk_.grid.count(); }
    T fill() const { return static_cast<T>(walk_.fill); }

    std::size_t incremental_bytes() const { return IncrementalForward<T>::bytes_per_picture(model_, walk_.grid.patch); }

    /// Of an ordinary pass, for each picture: two neighbouring activations; where a map is watched, all of them.
    std::size_t whole_bytes() const {
        Index most = 0, all = 2 * model_.input_shape().elements();
        for (std::size_t i = 0; i < model_.size(); ++i) {
            most = std::max(most, model_.input_shape(i).elements() + model_.output_shape(i).elements());
            all += model_.output_shape(i).elements();
        }
        return static_cast<std::size_t>(walk_.watched ? all : most + model_.input_shape().elements()) * sizeof(T);
    }

    Index positions_at_once(std::size_t bytes, bool incremental) const {
        const Index most = walk_.batch > 0 ? walk_.batch : incremental ? 1024 : 64;
        return std::clamp<Index>(static_cast<Index>(walk_.memory / std::max<std::size_t>(bytes, 1)), 1, most);
    }

    /// The share of the work that is done behind each layer, for one patch.
    void measure_layers() {
        const Window patch = walk_.grid.at(walk_.grid.rows() / 2, walk_.grid.columns() / 2);
        shares_ = IncrementalForward<T>::multiply_adds_through(model_, patch);
    }

    const Tensor<T>& changed_windows(IncrementalForward<T>& forward, Index first, Index count) {
        changes_.clear();
        for (Index i = first; i < first + count; ++i) changes_.push_back({picture(i), window(i)});
        const auto paint = [this](std::size_t, Tensor<T>& pixels) { pixels.fill(fill()); };
        return forward.run(changes_, paint, [&](std::size_t layer) {
            if (walk_.watched && walk_.watched->layer == layer) {
                watched_.resize(watched_shape(count));
                for (Index i = 0; i < count; ++i)
                    forward.activation(static_cast<std::size_t>(i), walk_.watched->map, watched_.slice(i));
            }
            const auto done =
                static_cast<double>(shares_[layer]) / static_cast<double>(std::max<Index>(shares_.back(), 1));
            meter_.pass(first + static_cast<Index>(done * static_cast<double>(count - 1)));
        });
    }

    const Tensor<T>& whole_pictures(Index first, Index count) {
        const Shape& shape = model_.input_shape();
        batch_.resize(shape.batched(count));
        for (Index i = 0; i < count; ++i) {
            std::ranges::copy(trace_.input().slice(picture(first + i)), batch_.slice(i).begin());
            hide(batch_.slice(i).data(), shape, window(first + i), fill());
        }
        if (!walk_.watched) return model_.forward(batch_, workspace_);
        model_.trace(batch_, whole_trace_);
        watched_.resize(watched_shape(count));
        const Tensor<T>& activation = whole_trace_.activation(walk_.watched->layer);
        const Index plane = watched_.size() / count;
        for (Index i = 0; i < count; ++i)
            std::copy_n(activation.slice(i).data() + walk_.watched->map * plane, plane, watched_.slice(i).data());
        return whole_trace_.output();
    }

    Shape watched_shape(Index count) const {
        const Shape& maps = model_.output_shape(walk_.watched->layer);
        return {count, maps[1], maps[2]};
    }

    const Sequential<T>& model_;
    const Trace<T>& trace_;
    const OcclusionWalk& walk_;
    Index total_;
    ProgressMeter meter_;
    std::vector<Index> shares_;
    std::vector<ChangedPicture> changes_;
    Tensor<T> batch_;
    Tensor<T> watched_;
    Workspace<T> workspace_;
    Trace<T> whole_trace_;
};

/// Hides the patch's pixels of the pictures of a trace at each position in turn, and hands what the model gives to
/// `consume`. All that slides a patch over pictures comes through here.
template <class T, class Consume>
void walk_occluded(const Sequential<T>& model, const Trace<T>& trace, const OcclusionWalk& walk,
                   const Consume& consume) {
    OcclusionWalker<T>(model, trace, walk).run(consume);
}

}  // namespace deconvviz::detail
