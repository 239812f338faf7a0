/// @file
/// IncrementalForward: what a model gives for pictures that differ from a known one in a window.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/changed_picture.hpp"
#include "deconvviz/model/detail/bundled_layers.hpp"
#include "deconvviz/model/detail/gather_window.hpp"
#include "deconvviz/model/detail/spare_tensors.hpp"
#include "deconvviz/model/detail/window_groups.hpp"
#include "deconvviz/model/incremental_cost.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"

namespace deconvviz {

/// Options of an IncrementalForward.
struct IncrementalOptions {
    /// Below 1 the result is approximate: of the window of a feature map that a change reaches, only the middle counts
    /// as changed, where it is more than this share of the map's height or width; the rest is taken to be as it was
    /// ([nakandala2019]'s projective-field threshold). From above 0 to 1, which is exact.
    double projective_field = 1;
    /// The first layer whose activations are asked for in `observe`; by default none are. The layers before it may be
    /// passed in one go.
    std::size_t watched = static_cast<std::size_t>(-1);
};

/// Forward passes of pictures that are almost known [nakandala2019]. The trace of the untouched pictures is kept; for
/// each changed one only those windows of the feature maps are computed that the change reaches, layer by layer:
///
///     IncrementalForward<float> forward(model, trace);
///     const Tensor<float>& output = forward.run(changes, [&](std::size_t i, Tensor<float>& pixels) { … });
///
/// A layer's windows of many pictures are computed in one call, sorted by size; what they read around the change comes
/// from the trace. Where a window has grown to nearly the whole map, the whole is computed; flat features, and layers
/// that know no windows, are those of an ordinary batch. So it works for every Sequential.
///
/// Small windows, whose rows would leave vectors half empty, go through the first layers another way where counting
/// says that it is the faster one: 16 neighbouring pictures lie side by side, one pixel of each in a vector
/// (kernels/side_by_side.hpp), and a convolution adds to the known result that of the change alone. Where a change is
/// huge beside its new picture, or no number, which would leave rounding errors of the hidden value, windows take over.
///
/// The result is that of `model.forward`: the same bits where all convolutions use ConvolutionMethod::direct (a
/// contrast normalisation may round differently); else within rounding, its last bits depending on which pictures go
/// together.
///
/// Differences from the source: windows are tight (dilation, clipped borders), and rounded up so that many are of one
/// size, no size larger than the largest of the batch; pictures side by side are no part of it.
///
/// The trace is one of an ordinary pass (nothing trained); it and the model must outlive the object unchanged. One
/// object serves one thread; its work uses all.
template <class T>
class IncrementalForward {
  public:
    /// Runs go as far as the trace does. Throws StateError for the trace of another model, ShapeError for a model whose
    /// input is no picture, OptionError for a projective field that there is not.
    IncrementalForward(const Sequential<T>& model, const Trace<T>& trace, const IncrementalOptions& options = {})
        : model_(model),
          trace_(trace),
          options_(options),
          bundled_(model, trace, options.watched < trace.size() ? options.watched + 1 : trace.size()) {
        model.check(trace);
        if (!(options.projective_field > 0 && options.projective_field <= 1))
            detail::raise<OptionError>("IncrementalForward: expected a projective field above 0 and up to 1, got ",
                                       options.projective_field);
        if (model.input_shape().rank() != 3)
            detail::raise<ShapeError>("IncrementalForward: expected a model of pictures (C,H,W), its input is ",
                                      model.input_shape());
    }

    /// What the trace's last layer gives for changed pictures, (N, …), N being their number. `paint(i, pixels)` gets
    /// the pixels of changes[i].window, (C, height, width), as they are in the known picture, and changes them; it is
    /// called once for each, in order. The result stays until the next run.
    ///
    /// `observe(layer)`, where given, is called after each layer, when `activation` may be asked what it gave; of the
    /// layers before `options.watched`, after some of them.
    ///
    /// Throws ShapeError for a window that leaves its picture, OptionError for a picture that there is not or no
    /// pictures. Memory: the windows of two layers and what one call reads, see `incremental_bytes`; beside it each
    /// thread keeps buffers, of 4 MB of floats at most each.
    template <class Paint>
    const Tensor<T>& run(std::span<const ChangedPicture> changes, const Paint& paint,
                         const std::function<void(std::size_t)>& observe = {}) {
        spare_.recall();
        start(changes, paint);
        const std::size_t first = pass_bundles();
        if (first > 0 && observe) observe(first - 1);
        for (std::size_t i = first; i < trace_.size(); ++i) {
            pass(i);
            if (observe) observe(i);
        }
        spare_.leave();
        const Shape output = model_.output_shape(layer_).batched(count());
        if (parts_.size() == 1 && parts_.front().values.shape() == output)
            return parts_.front().values;  // of all pictures, in order
        output_.resize(output);
        for (std::size_t item = 0; item < changes.size(); ++item)
            activation(item, 0, output_.slice(static_cast<Index>(item)));
        return output_;
    }

    /// Within `observe`: what the layer just computed gives for changed picture `item` in the maps first … first +
    /// values.size() / (H W) - 1, whole.
    void activation(std::size_t item, Index first_map, std::span<T> values) const {
        const Shape& shape = model_.output_shape(layer_);
        const Index plane = shape.rank() == 3 ? shape[1] * shape[2] : 1;
        const T* const around = trace_.activation(layer_).slice(changes_[item].picture).data() + first_map * plane;
        std::copy_n(around, values.size(), values.data());
        const auto [part, at] = places_[item];
        if (part == nowhere) return;
        const Part& group = parts_[part];
        const Window& window = group.windows[at];
        const Index size = window.height * window.width;
        const T* from = group.values.slice(static_cast<Index>(at)).data() + first_map * size;
        const Index maps = static_cast<Index>(values.size()) / plane;
        detail::copy_to_window(from, {1, maps, whole(shape).height, whole(shape).width}, window, values.data());
    }

    /// The window of the layer just computed that differs for `item` from the known picture's.
    const Window& changed(std::size_t item) const { return changed_[item]; }

  private:
    /// Windows of one size of some pictures, and the values in them.
    struct Part {
        std::vector<std::size_t> items;
        std::vector<Window> windows;
        Tensor<T> values;  // (N, C, height, width), or flat
    };
    static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

    /// Which part holds a picture, and where; no part for a picture that is the known one.
    struct Place {
        std::size_t part = nowhere;
        std::size_t at = 0;
    };

    static Window whole(const Shape& sample) { return detail::whole_window(sample); }
    Index count() const { return static_cast<Index>(changes_.size()); }

    /// The changed pixels as the first part's values.
    template <class Paint>
    void start(std::span<const ChangedPicture> changes, const Paint& paint) {
        const Shape& shape = model_.input_shape();
        if (changes.empty()) detail::raise<OptionError>("IncrementalForward: expected changed pictures, got none");
        changes_.assign(changes.begin(), changes.end());
        changed_.clear();
        for (Part& part : parts_) spare_.give(std::move(part.values));
        parts_.clear();
        const Size2D largest = detail::largest_change(changes);
        if (largest != largest_) bytes_ = incremental_bytes(model_, largest_ = largest);
        limit_ = static_cast<Index>(bytes_ / sizeof(T)) * count();
        places_.assign(changes.size(), {});
        std::map<std::pair<Index, Index>, std::size_t> sizes;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const auto& [picture, window] = changes[i];
            if (picture < 0 || picture >= trace_.batch())
                detail::raise<OptionError>("IncrementalForward: the trace has ", trace_.batch(),
                                           " pictures, got a change of picture ", picture);
            if (!contains(whole(shape), window))
                detail::raise<ShapeError>("IncrementalForward: expected a window of a picture of ", shape, ", got ",
                                          window);
            changed_.push_back(window);
            if (window.empty()) continue;
            const auto [found, is_new] = sizes.try_emplace({window.height, window.width}, parts_.size());
            if (is_new) parts_.emplace_back();
            Part& part = parts_[found->second];
            places_[i] = {found->second, part.items.size()};
            part.items.push_back(i);
            part.windows.push_back(window);
        }
        for (Part& part : parts_) {
            const Shape values{static_cast<Index>(part.items.size()), shape[0], part.windows.front().height,
                               part.windows.front().width};
            part.values = spare_.take(values.elements());
            part.values.resize(values);
        }
        Tensor<T> pixels;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const Window& window = changes[i].window;
            if (window.empty()) continue;
            pixels.resize({shape[0], window.height, window.width});
            detail::copy_window({1, shape[0], shape[1], shape[2]}, trace_.input().slice(changes[i].picture).data(),
                                window, pixels.data());
            paint(i, pixels);
            std::ranges::copy(pixels, parts_[places_[i].part].values.slice(static_cast<Index>(places_[i].at)).begin());
        }
    }

    /// Goes through the first layers with the pictures side by side, where that pays: how many layers.
    std::size_t pass_bundles() {
        if (options_.projective_field < 1 || !bundled_.plan(changes_, limit_)) return 0;
        const std::size_t layers = bundled_.count();
        const Shape& maps = model_.output_shape(layers - 1);
        std::vector<Part> parts(1);
        Part& all = parts.front();
        all.values = spare_.take(count() * maps.elements());
        spare_.keep(limit_ - std::max(all.values.capacity(), count() * maps.elements()) - held());
        const auto pixels = [&](std::size_t item) {
            const auto [part, at] = places_[item];
            return std::as_const(parts_[part].values).slice(static_cast<Index>(at)).data();
        };
        const bool good = bundled_.run(changes_, pixels, all.values);
        if (good) std::swap(parts, parts_);
        for (Part& part : parts) spare_.give(std::move(part.values));
        if (!good) return 0;
        for (std::size_t item = 0; item < changes_.size(); ++item) {
            parts_.front().items.push_back(item);
            parts_.front().windows.push_back(whole(maps));
            places_[item] = {0, item};
            for (std::size_t i = 0; i < layers; ++i) step(i, changed_[item]);
        }
        layer_ = layers - 1;
        return layers;
    }

    /// From the window that changes before layer i to that behind it.
    void step(std::size_t i, Window& window) const {
        window = detail::changed_behind(model_.layer(i), model_.input_shape(i), model_.output_shape(i), window,
                                        options_.projective_field);
    }

    /// Goes through one layer.
    void pass(std::size_t i) {
        const AnyLayer<T>& layer = model_.layer(i);
        const Shape &src = model_.input_shape(i), &dst = model_.output_shape(i);
        for (Window& window : changed_) step(i, window);
        layer_ = i;
        if (layer.pointwise() && src == dst) return pass_pointwise(layer);
        const std::vector<detail::WindowGroup> groups = detail::group_windows(layer, src, dst, changed_);
        std::vector<Part> next = make_room(groups, src, dst);
        std::vector<Place> places(places_.size());
        for (std::size_t g = 0; g < groups.size(); ++g) {
            compute(i, groups[g], next[g]);
            for (std::size_t at = 0; at < groups[g].items.size(); ++at) places[groups[g].items[at]] = {g, at};
        }
        for (Part& part : parts_) spare_.give(std::move(part.values));
        parts_ = std::move(next);
        places_ = std::move(places);
    }

    /// Parts for what a layer gives for the groups, with the memory of spare tensors where it fits; of the others go as
    /// many as the limit demands.
    std::vector<Part> make_room(const std::vector<detail::WindowGroup>& groups, const Shape& src, const Shape& dst) {
        const auto values = [](const detail::WindowGroup& group, const Shape& sample, const Window& window) {
            const Index maps = sample.elements() / (whole(sample).height * whole(sample).width);
            return static_cast<Index>(group.items.size()) * maps * window.height * window.width;
        };
        std::vector<Part> parts(groups.size());
        Index held = this->held(), read = gathered_.capacity();
        for (std::size_t g = 0; g < groups.size(); ++g) {
            const ForwardWindows& windows = groups[g].windows.front();
            const Index needed = values(groups[g], dst, windows.dst);
            parts[g].values = spare_.take(needed);
            held += std::max(needed, parts[g].values.capacity());
            read = std::max(read, values(groups[g], src, windows.src));
        }
        spare_.keep(limit_ - held - read);
        return parts;
    }

    /// Values that the parts' memory has room for.
    Index held() const {
        Index held = 0;
        for (const Part& part : parts_) held += part.values.capacity();
        return held;
    }

    /// A layer that treats each position alike needs no more than what is there.
    void pass_pointwise(const AnyLayer<T>& layer) {
        for (Part& part : parts_) {
            if (layer.forward_in_place(part.values)) continue;
            Tensor<T> values = spare_.take(part.values.size());
            layer.forward(part.values, values, room_, {.recorded = false});
            std::swap(part.values, values);
            spare_.give(std::move(values));
        }
    }

    void compute(std::size_t i, const detail::WindowGroup& group, Part& part) {
        const AnyLayer<T>& layer = model_.layer(i);
        part.items = group.items;
        for (const ForwardWindows& windows : group.windows) part.windows.push_back(windows.dst);
        const bool all = part.windows.front() == whole(model_.output_shape(i));
        // What is there already, whole and in this order, needs no gathering.
        Part* const before = same_part(group, model_.input_shape(i));
        if (before == nullptr) gather(i, group);
        Tensor<T>& values = before == nullptr ? gathered_ : before->values;
        if (!all) return layer.forward_window(group.windows.front(), values, part.values, room_);
        if (layer.forward_in_place(values)) {
            std::swap(part.values, values);
        } else {
            layer.forward(values, part.values, room_, {.recorded = false});
        }
    }

    /// The part that holds just what a group reads.
    Part* same_part(const detail::WindowGroup& group, const Shape& src) {
        const std::size_t first = places_[group.items.front()].part;
        if (first == nowhere || parts_[first].items != group.items) return nullptr;
        for (std::size_t at = 0; at < group.items.size(); ++at)
            if (group.windows[at].src != whole(src) || parts_[first].windows[at] != whole(src)) return nullptr;
        return &parts_[first];
    }

    /// What layer i reads for a group, into gathered_: from the changed windows, around them from the trace.
    void gather(std::size_t i, const detail::WindowGroup& group) {
        const Shape& src = model_.input_shape(i);
        const auto count = static_cast<Index>(group.items.size());
        if (src.rank() != 3) {
            gathered_.resize(src.batched(count));
            return parallel_for(count, 8, [&](Index begin, Index end) {
                for (Index n = begin; n < end; ++n) gather_flat(i, group.items[static_cast<std::size_t>(n)], n);
            });
        }
        const Window& window = group.windows.front().src;
        gathered_.resize({count, src[0], window.height, window.width});
        const T beyond = model_.layer(i).padding_value().value_or(T(0));
        const Index plane = window.height * window.width;
        const Tensor<T>& around = trace_.layer(i).src;
        // Pieces of a picture's maps are work for a thread.
        const Index maps = std::clamp<Index>(32768 / plane, 1, src[0]), pieces = detail::ceil_div(src[0], maps);
        parallel_for(count * pieces, 1, [&](Index begin, Index end) {
            for (Index piece = begin; piece < end; ++piece) {
                const auto n = static_cast<std::size_t>(piece / pieces);
                const Index first = piece % pieces * maps;
                gather_maps(around, group.items[n], group.windows[n].src, {first, std::min(maps, src[0] - first)},
                            beyond, gathered_.data() + (piece / pieces * src[0] + first) * plane);
            }
        });
    }

    void gather_flat(std::size_t i, std::size_t item, Index n) {
        const auto [part, at] = places_[item];
        const auto from = part == nowhere ? trace_.layer(i).src.slice(changes_[item].picture)
                                          : std::as_const(parts_[part].values).slice(static_cast<Index>(at));
        std::ranges::copy(from, gathered_.slice(n).begin());
    }

    /// Some maps of what is read, in a window that may reach beyond the border.
    void gather_maps(const Tensor<T>& around, std::size_t item, const Window& window, const Range& maps, T beyond,
                     T* out) const {
        const Index height = around.shape()[2], width = around.shape()[3];
        detail::ChangedMaps<T> source{
            .known = around.slice(changes_[item].picture).data() + maps.first * height * width,
            .count = maps.count,
            .height = height,
            .width = width,
            .held = {}};
        if (const auto [part, at] = places_[item]; part != nowhere) {
            source.held = parts_[part].windows[at];
            source.changed = parts_[part].values.slice(static_cast<Index>(at)).data() +
                             maps.first * source.held.height * source.held.width;
        }
        detail::gather_window(source, window, beyond, out);
    }

    const Sequential<T>& model_;
    const Trace<T>& trace_;
    IncrementalOptions options_;
    std::vector<ChangedPicture> changes_;
    std::size_t layer_ = 0;        // the one just computed
    std::vector<Window> changed_;  // of each picture, behind that layer
    std::vector<Part> parts_;
    std::vector<Place> places_;
    detail::SpareTensors<T> spare_;
    Size2D largest_ = 0;     // of the changed windows
    std::size_t bytes_ = 0;  // for a picture with such a window
    Index limit_ = 0;        // values that all tensors together may take
    detail::BundledLayers<T> bundled_;
    Tensor<T> gathered_;
    Tensor<T> output_;
    Record<T> room_;
};

}  // namespace deconvviz
