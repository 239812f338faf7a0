/// @file
/// What a model gives for many changed pictures, in batches that keep to a bound of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/model/incremental_cost.hpp"
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

/// One map of one layer, whose activations are wanted, too.
struct WatchedMap {
    std::size_t layer = 0;
    Index map = 0;
};

/// What the model gives for some changes, `first` … `first + count - 1`.
template <class T>
struct ChangedOutputs {
    Index first = 0;
    Index count = 0;
    const Tensor<T>& output;             // (count, …): of the model
    const Tensor<T>* watched = nullptr;  // (count, H, W): of the watched map; null where none is
};

/// How the walk is done.
struct ChangedWalk {
    std::string_view what = "changes";   // for messages: "occlusion"
    std::string_view steps = "changes";  // "positions"
    OcclusionMethod method = OcclusionMethod::incremental;
    double projective_field = 1;  // of the incremental method; below 1 approximate
    Index batch = 0;              // changes evaluated at once, at most; 0: as many as the memory allows
    std::size_t memory = 0;       // bytes
    Index row = 0;                // how many changes lie in a row, where they lie in a grid
    std::optional<WatchedMap> watched = {};
    const OnProgress& progress;
};

/// The walk over changes of the pictures of a trace.
template <class T>
class ChangedWalker {
  public:
    /// Changes the pixels of changes[i].window, (C, height, width), which come as they are in the picture.
    using Paint = std::function<void(std::size_t i, Tensor<T>& pixels)>;

    ChangedWalker(const Sequential<T>& model, const Trace<T>& trace, const ChangedWalk& walk,
                  std::span<const ChangedPicture> changes, const Paint& paint)
        : model_(model),
          trace_(trace),
          walk_(walk),
          changes_(changes),
          paint_(paint),
          meter_(walk.what, walk.steps, static_cast<Index>(changes.size()), walk.progress) {}

    /// Hands what the model gives to `consume(const ChangedOutputs<T>&)`, in batches. What that is handed does not
    /// outlive the call.
    template <class Consume>
    void run(const Consume& consume) {
        const bool incremental = walk_.method == OcclusionMethod::incremental;
        const auto total = static_cast<Index>(changes_.size());
        const Index at_once = changes_at_once(incremental);
        IncrementalOptions options{.projective_field = walk_.projective_field};
        if (walk_.watched) options.watched = walk_.watched->layer;
        IncrementalForward<T> forward(model_, trace_, options);
        for (Index first = 0; first < total; first += at_once) {
            const Index count = std::min(at_once, total - first);
            const Tensor<T>& output =
                incremental ? changed_windows(forward, first, count) : whole_pictures(first, count);
            consume(ChangedOutputs<T>{first, count, output, walk_.watched ? &watched_ : nullptr});
            meter_.reach(first + count);
        }
    }

  private:
    const ChangedPicture& change(Index i) const { return changes_[static_cast<std::size_t>(i)]; }

    /// Of an ordinary pass, for each picture: two neighbouring activations; where a map is watched, all of them.
    std::size_t whole_bytes() const {
        Index most = 0, all = 2 * model_.input_shape().elements();
        for (std::size_t i = 0; i < model_.size(); ++i) {
            most = std::max(most, model_.input_shape(i).elements() + model_.output_shape(i).elements());
            all += model_.output_shape(i).elements();
        }
        return static_cast<std::size_t>(walk_.watched ? all : most + model_.input_shape().elements()) * sizeof(T);
    }

    Index changes_at_once(bool incremental) const {
        constexpr Index most_incremental = 256, most_whole = 64;
        const std::size_t bytes = incremental ? incremental_bytes(model_, largest_change(changes_)) : whole_bytes();
        const Index most = walk_.batch > 0 ? walk_.batch : incremental ? most_incremental : most_whole;
        const Index fitting =
            std::clamp<Index>(static_cast<Index>(walk_.memory / std::max<std::size_t>(bytes, 1)), 1, most);
        if (walk_.batch > 0) return fitting;
        // Neighbours go together: a batch should not end within a strip of some rows; else they are of nearly one size.
        const Index strip = 4 * walk_.row, total = std::max<Index>(static_cast<Index>(changes_.size()), 1);
        return strip > 0 && fitting >= 2 * strip ? fitting / strip * strip : ceil_div(total, ceil_div(total, fitting));
    }

    const Tensor<T>& changed_windows(IncrementalForward<T>& forward, Index first, Index count) {
        const auto begin = static_cast<std::size_t>(first), size = static_cast<std::size_t>(count);
        // How much of the work is done behind each layer, as far as one change tells.
        const std::vector<Index> through = incremental_multiply_adds_through(model_, change(first + count / 2).window);
        return forward.run(
            changes_.subspan(begin, size), [&](std::size_t i, Tensor<T>& pixels) { paint_(begin + i, pixels); },
            [&](std::size_t layer) {
                if (walk_.watched && walk_.watched->layer == layer) watch(forward, count);
                const double share =
                    static_cast<double>(through[layer]) / static_cast<double>(std::max<Index>(through.back(), 1));
                meter_.pass(first + static_cast<Index>(share * static_cast<double>(count - 1)));
            });
    }

    void watch(const IncrementalForward<T>& forward, Index count) {
        watched_.resize(watched_shape(count));
        for (Index i = 0; i < count; ++i)
            forward.activation(static_cast<std::size_t>(i), walk_.watched->map, watched_.slice(i));
    }

    const Tensor<T>& whole_pictures(Index first, Index count) {
        const Shape& shape = model_.input_shape();
        batch_.resize(shape.batched(count));
        for (Index i = 0; i < count; ++i) {
            const auto& [picture, window] = change(first + i);
            std::ranges::copy(trace_.input().slice(picture), batch_.slice(i).begin());
            if (window.empty()) continue;
            pixels_.resize({shape[0], window.height, window.width});
            copy_window(shape.batched(1), batch_.slice(i).data(), window, pixels_.data());
            paint_(static_cast<std::size_t>(first + i), pixels_);
            copy_to_window(pixels_.data(), shape.batched(1), window, batch_.slice(i).data());
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
    const ChangedWalk& walk_;
    std::span<const ChangedPicture> changes_;
    const Paint& paint_;
    ProgressMeter meter_;
    Tensor<T> batch_;
    Tensor<T> pixels_;
    Tensor<T> watched_;
    Workspace<T> workspace_;
    Trace<T> whole_trace_;
};

/// Hides the same patch at each position, and hands what the model gives to `consume`. All that slides a patch over
/// pictures comes through here.
template <class T, class Consume>
void walk_hidden(const Sequential<T>& model, const Trace<T>& trace, const ChangedWalk& walk,
                 std::span<const ChangedPicture> changes, T fill, const Consume& consume) {
    const typename ChangedWalker<T>::Paint paint = [fill](std::size_t, Tensor<T>& pixels) { pixels.fill(fill); };
    ChangedWalker<T>(model, trace, walk, changes, paint).run(consume);
}

}  // namespace deconvviz::detail
