/// @file
/// Signals of several units on their way down, through different pictures and places, many at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"

namespace deconvviz::detail {

/// A signal somewhere in a picture's feature maps: zero but in the window.
template <class T>
struct LocalSignal {
    const Trace<T>* trace = nullptr;  // of one picture
    Window window;
    Tensor<T> values;  // (1, C, height, width)
};

/// Carries signals down from the output of one layer. A convolution takes all signals of one size in one call, and so
/// packs its filters once for them; other layers look at each signal's own trace, and take one by one, on all threads.
/// The result is that of a walk for each signal alone, to the last bit.
template <class T>
class ReverseBatch {
  public:
    ReverseBatch(const Sequential<T>& model, const ReverseRules& rules) : model_(model), rules_(rules) {}

    /// Goes from the output of `layer` to the input; all layers on the way have maps on both sides and know the windows
    /// of a signal (see `all_in_windows`).
    void carry_down(std::size_t layer, std::span<LocalSignal<T>> signals) {
        for (std::size_t i = layer + 1; i-- > 0;) {
            const Shape& src = model_.input_shape(i);
            if (!model_.layer(i).deconv_is_blind()) {
                parallel_for(static_cast<Index>(signals.size()), 1, [&](Index begin, Index end) {
                    for (Index s = begin; s < end; ++s) pass_alone(i, signals[static_cast<std::size_t>(s)]);
                });
                continue;
            }
            std::map<std::array<Index, 6>, std::vector<std::size_t>> groups;
            for (std::size_t s = 0; s < signals.size(); ++s) groups[key(i, signals[s].window, src)].push_back(s);
            for (const auto& [key, members] : groups) pass_together(i, members, signals);
        }
    }

    /// Can a signal at the output of `layer` be carried down in windows alone?
    static bool all_in_windows(const Sequential<T>& model, std::size_t layer) {
        for (std::size_t i = 0; i <= layer; ++i)
            if (model.input_shape(i).rank() != 3 || model.output_shape(i).rank() != 3 ||
                !model.layer(i).knows_signal_windows())
                return false;
        return true;
    }

  private:
    /// The sizes of a window and of what it reads, and how far the border cuts that.
    std::array<Index, 6> key(std::size_t i, const Window& dst, const Shape& src) const {
        const Window read = model_.layer(i).reads(dst, src), uncut = model_.layer(i).reads_padded(dst);
        return {dst.height, dst.width, read.height, read.width, read.y - uncut.y, read.x - uncut.x};
    }

    void pass_alone(std::size_t i, LocalSignal<T>& signal) const {
        if (signal.window.empty()) return;
        thread_local Record<T> room;
        const ReverseWindows windows{signal.window, model_.layer(i).reads(signal.window, model_.input_shape(i))};
        Tensor<T> below;
        if (!windows.src.empty())
            model_.layer(i).deconv_window(signal.trace->layer(i), windows, signal.values, below, rules_, room);
        signal.values = std::move(below);
        signal.window = windows.src;
    }

    void pass_together(std::size_t i, const std::vector<std::size_t>& members, std::span<LocalSignal<T>> signals) {
        const LocalSignal<T>& first = signals[members.front()];
        if (first.window.empty()) return;
        const ReverseWindows windows{first.window, model_.layer(i).reads(first.window, model_.input_shape(i))};
        const auto count = static_cast<Index>(members.size());
        if (!windows.src.empty()) {
            above_.resize({count, first.values.shape()[1], windows.dst.height, windows.dst.width});
            for (Index n = 0; n < count; ++n)
                std::ranges::copy(signals[members[static_cast<std::size_t>(n)]].values, above_.slice(n).begin());
            model_.layer(i).deconv_window(first.trace->layer(i), windows, above_, below_, rules_, room_);
        }
        for (Index n = 0; n < count; ++n) {
            LocalSignal<T>& signal = signals[members[static_cast<std::size_t>(n)]];
            signal.window = model_.layer(i).reads(signal.window, model_.input_shape(i));
            if (signal.window.empty()) continue;
            signal.values.resize(below_.shape().sample().batched(1));
            std::ranges::copy(std::as_const(below_).slice(n), signal.values.begin());
        }
    }

    const Sequential<T>& model_;
    const ReverseRules& rules_;
    Tensor<T> above_;
    Tensor<T> below_;
    Record<T> room_;
};

}  // namespace deconvviz::detail
