/// @file
/// A model's first layers, for changed pictures that lie side by side.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/side_by_side.hpp"
#include "deconvviz/model/detail/bundles.hpp"
#include "deconvviz/model/multiply_adds.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"

namespace deconvviz::detail {

/// The way through the first layers, bundle by bundle: all layers of one while its values are in the cache.
template <class T>
class BundledLayers {
  public:
    /// Layers from `end` on take no part.
    BundledLayers(const Sequential<T>& model, const Trace<T>& trace, std::size_t end)
        : model_(model),
          trace_(trace),
          layers_(layers_side_by_side(model, std::min({end, trace.size(), model.size()}))) {}

    /// How many layers they are.
    std::size_t count() const { return layers_; }

    /// Sorts the changes into bundles. False where windows of each picture are the better way, or where the layers
    /// behind these would not find room within `limit` values.
    bool plan(std::span<const ChangedPicture> changes, Index limit) {
        bundles_.clear();
        if (layers_ == 0 || changes.size() < std::size_t{kernels::side_by_side}) return false;
        const auto count = static_cast<Index>(changes.size());
        const Index outputs = model_.output_shape(layers_ - 1).elements();
        if (outputs + held_behind(largest_change(changes)) > limit / count) return false;
        // Vectors are full here: a quarter more multiply-adds is still faster, on each instruction set.
        Index best = windows_cost(changes) / 4 * 5;
        const std::vector<Index> choices = rows_ > 0 ? std::vector<Index>{rows_} : std::vector<Index>{2, 4, 8};
        for (const Index rows : choices) {
            std::vector<Bundle> bundles = bundles_of_rows(changes, rows);
            Index cost = 0, largest = 0;
            for (Bundle& bundle : bundles) {
                bundle.windows = bundle_windows(model_, bundle.changed, layers_);
                const BundleCost of_bundle = bundle_cost(model_, bundle);
                cost += of_bundle.multiply_adds;
                largest = std::max(largest, of_bundle.largest);
            }
            if (cost >= best || largest > most_values) continue;
            best = cost;
            rows_ = rows;
            bundles_ = std::move(bundles);
        }
        return !bundles_.empty();
    }

    /// What the last of the layers gives for the changes of the plan, whole: dst (N, C, H, W). `pixels(i)` points to
    /// the changed pixels (C, height, width) of change i. False, and dst unspecified, where a convolution finds its
    /// change too large.
    template <class Pixels>
    bool run(std::span<const ChangedPicture> changes, const Pixels& pixels, Tensor<T>& dst) {
        const Shape& maps = model_.output_shape(layers_ - 1);
        dst.resize(maps.batched(static_cast<Index>(changes.size())));
        const Tensor<T>& known = trace_.activation(layers_ - 1);
        std::atomic<bool> good = true;
        parallel_for(static_cast<Index>(bundles_.size()), 1, [&](Index begin, Index end) {
            thread_local Room room;  // as the kernels' buffers; a layer does not come back here
            for (Index b = begin; b < end && good; ++b) {
                const Bundle& bundle = bundles_[static_cast<std::size_t>(b)];
                if (bundle.windows.back() != whole_window(maps))
                    for (const std::size_t item : bundle.items)
                        std::ranges::copy(known.slice(bundle.picture), dst.slice(static_cast<Index>(item)).begin());
                if (bundle.windows.back().empty()) continue;
                fill(bundle, changes, pixels, room.src);
                for (std::size_t i = 0; i < layers_ && good; ++i)
                    if (!pass(bundle, i, room)) good = false;
                if (good) take_apart(bundle, maps, room.src, dst);
            }
        });
        for (std::size_t i = 0; i < changes.size(); ++i)  // in no bundle
            if (changes[i].window.empty())
                std::ranges::copy(known.slice(changes[i].picture), dst.slice(static_cast<Index>(i)).begin());
        return good;
    }

  private:
    /// Of one layer's values, so that a bundle keeps near the processor: 4 MB of floats.
    static constexpr Index most_values = Index{1} << 20;

    struct Room {
        Tensor<T> src;  // (C, height, width, side_by_side)
        Tensor<T> dst;
        Record<T> record;
    };

    /// Multiply-adds of all changes by windows, in these layers, from what some changes need.
    Index windows_cost(std::span<const ChangedPicture> changes) const {
        constexpr std::size_t asked = 16;
        const std::size_t step = (changes.size() + asked - 1) / asked;
        Index sum = 0, count = 0;
        for (std::size_t i = step / 2; i < changes.size(); i += step, ++count)
            sum += incremental_multiply_adds_through(model_, changes[i].window)[layers_ - 1];
        return sum / std::max<Index>(count, 1) * static_cast<Index>(changes.size());
    }

    /// Values held for each picture behind the bundled layers, for windows of that size.
    Index held_behind(const Size2D& largest) {
        if (largest != largest_) held_ = values_held(model_, largest_ = largest, layers_);
        return held_;
    }

    /// The changed pixels of a bundle, among those that are known. Places without a picture hold the last one again.
    template <class Pixels>
    void fill(const Bundle& bundle, std::span<const ChangedPicture> changes, const Pixels& pixels, Tensor<T>& to) {
        const Shape& shape = model_.input_shape();
        const Window& window = bundle.windows.front();
        to.resize({shape[0], window.height, window.width, kernels::side_by_side});
        const kernels::SideBySide<T*> values{window, to.data()};
        const T* picture = trace_.input().slice(bundle.picture).data();
        for (Index c = 0; c < shape[0]; ++c)
            for (Index y = window.y; y < window.y + window.height; ++y)
                for (Index x = window.x; x < window.x + window.width; ++x)
                    std::fill_n(values.at(c, y, x), kernels::side_by_side, picture[(c * shape[1] + y) * shape[2] + x]);
        for (Index p = 0; p < kernels::side_by_side; ++p) {
            const std::size_t item = bundle.items[std::min(static_cast<std::size_t>(p), bundle.items.size() - 1)];
            const Window& changed = changes[item].window;
            const T* from = pixels(item);
            for (Index c = 0; c < shape[0]; ++c)
                for (Index y = changed.y; y < changed.y + changed.height; ++y) {
                    const bool within = y >= window.y && y < window.y + window.height;
                    for (Index x = changed.x; x < changed.x + changed.width; ++x, ++from)
                        if (within && x >= window.x && x < window.x + window.width) values.at(c, y, x)[p] = *from;
                }
        }
    }

    /// One layer, from room.src to room.src.
    bool pass(const Bundle& bundle, std::size_t i, Room& room) const {
        const AnyLayer<T>& layer = model_.layer(i);
        const Window &src = bundle.windows[i], &dst = bundle.windows[i + 1];
        if (layer.pointwise()) {  // as one picture that is 16 times as wide
            const Shape maps = room.src.shape();
            room.src.resize({1, maps[0], maps[1], maps[2] * maps[3]});
            if (!layer.forward_in_place(room.src)) {
                layer.forward(room.src, room.dst, room.record, {.recorded = false});
                std::swap(room.src, room.dst);
            }
            room.src.resize(maps);
            return true;
        }
        const LayerTrace<T> known = trace_.layer(i);
        const KnownMaps<T> maps{model_.input_shape(i), known.src.slice(bundle.picture).data(), model_.output_shape(i),
                                known.dst.slice(bundle.picture).data()};
        if (!layer.forward_side_by_side({dst, src}, maps, room.src, room.dst)) return false;
        std::swap(room.src, room.dst);
        return true;
    }

    /// Puts the values of a bundle's last window into the maps of its pictures.
    static void take_apart(const Bundle& bundle, const Shape& maps, const Tensor<T>& values, Tensor<T>& dst) {
        std::array<T*, kernels::side_by_side> pictures{};
        for (std::size_t p = 0; p < bundle.items.size(); ++p)
            pictures[p] = dst.slice(static_cast<Index>(bundle.items[p])).data();
        kernels::take_apart<T>({bundle.windows.back(), values.data()}, maps[0], {maps[1], maps[2]},
                               static_cast<Index>(bundle.items.size()), pictures.data());
    }

    const Sequential<T>& model_;
    const Trace<T>& trace_;
    std::size_t layers_;
    Size2D largest_ = 0;  // of the changed windows, and what held_behind says for it
    Index held_ = 0;
    Index rows_ = 0;  // of windows in a bundle, as the first plan found them best
    std::vector<Bundle> bundles_;
};

}  // namespace deconvviz::detail
