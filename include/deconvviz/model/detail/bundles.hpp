/// @file
/// Changed pictures in bundles of neighbours, which share one window of each layer, and what those cost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <tuple>
#include <vector>

#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/side_by_side.hpp"
#include "deconvviz/model/changed_picture.hpp"
#include "deconvviz/model/incremental_cost.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz::detail {

/// At most 16 changed pictures, all of one known picture.
struct Bundle {
    Index picture = 0;
    std::vector<std::size_t> items;
    Window changed;               // holds the changes of all
    std::vector<Window> windows;  // of the model's input and of each layer's output: where values are computed
};

/// The smallest window that holds both.
inline Window joined(const Window& a, const Window& b) {
    if (a.empty() || b.empty()) return a.empty() ? b : a;
    const Index y = std::min(a.y, b.y), x = std::min(a.x, b.x);
    return {y, x, std::max(a.y + a.height, b.y + b.height) - y, std::max(a.x + a.width, b.x + b.width) - x};
}

/// Sorts changes into bundles: along strips of so many rows of windows (`rows` different y), from left to right, in the
/// next strip back, and so on, 16 at a time. A change of nothing is in none.
inline std::vector<Bundle> bundles_of_rows(std::span<const ChangedPicture> changes, Index rows) {
    struct Place {
        Index picture, strip, x, y;
        std::size_t item;
        auto order() const { return std::tie(picture, strip, x, y, item); }  // along the strip
    };
    std::vector<Place> places;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto& [picture, window] = changes[i];
        if (!window.empty()) places.push_back({picture, window.y, window.x, window.y, i});
    }
    const auto in_order = [](const Place& a, const Place& b) { return a.order() < b.order(); };
    if (!std::ranges::is_sorted(places, in_order)) std::ranges::sort(places, in_order);
    Index last_y = -1, different = -1, picture = -1;
    for (Place& place : places) {
        if (place.picture != picture) different = last_y = -1;
        if (place.y != last_y) ++different;
        picture = place.picture;
        last_y = place.y;
        place.strip = different / rows;
        if (place.strip % 2 != 0) place.x = -place.x;
    }
    std::ranges::sort(places, in_order);
    std::vector<Bundle> bundles;
    for (const Place& place : places) {
        if (bundles.empty() || bundles.back().picture != place.picture ||
            bundles.back().items.size() == std::size_t{kernels::side_by_side})
            bundles.push_back({place.picture, {}, {}, {}});
        bundles.back().items.push_back(place.item);
        bundles.back().changed = joined(bundles.back().changed, changes[place.item].window);
    }
    return bundles;
}

/// How many of a model's first layers, up to `end`, can work on pictures side by side.
template <class T>
std::size_t layers_side_by_side(const Sequential<T>& model, std::size_t end) {
    std::size_t count = 0;
    for (; count < end; ++count) {
        const AnyLayer<T>& layer = model.layer(count);
        const Shape &src = model.input_shape(count), &dst = model.output_shape(count);
        if (!layer.knows_side_by_side() || src.rank() != 3 || dst.rank() != 3) break;
        if (layer.pointwise() && src != dst) break;
    }
    return count;
}

/// The windows of a bundle's first `layers` layers: all that the change reaches, and what layers that are no
/// convolutions read around it. Where the change ends on its way, all windows from there on are empty.
template <class T>
std::vector<Window> bundle_windows(const Sequential<T>& model, const Window& changed, std::size_t layers) {
    std::vector<Window> windows{changed};
    for (std::size_t i = 0; i < layers; ++i)
        windows.push_back(changed_behind(model.layer(i), model.input_shape(i), model.output_shape(i), windows.back()));
    for (std::size_t i = layers; i-- > 0;) {
        const AnyLayer<T>& layer = model.layer(i);
        const Shape &src = model.input_shape(i), &dst = model.output_shape(i);
        if (windows[i + 1].empty()) continue;
        if (layer.pointwise()) {
            windows[i] = windows[i + 1];
        } else if (!layer.side_by_side_multiply_adds({windows[i + 1], windows[i]}, src, dst)) {
            windows[i] = layer.reads(windows[i + 1], src);
        }
    }
    return windows;
}

/// What a bundle costs in its first layers: multiply-adds, those for pictures that are not there included, and the
/// values of its largest window.
struct BundleCost {
    Index multiply_adds = 0;
    Index largest = 0;
};

template <class T>
BundleCost bundle_cost(const Sequential<T>& model, const Bundle& bundle) {
    BundleCost cost;
    for (std::size_t i = 0; i + 1 < bundle.windows.size(); ++i) {
        const Window &src = bundle.windows[i], &dst = bundle.windows[i + 1];
        if (dst.empty()) break;
        const Shape &src_shape = model.input_shape(i), &dst_shape = model.output_shape(i);
        if (const auto each = model.layer(i).side_by_side_multiply_adds({dst, src}, src_shape, dst_shape))
            cost.multiply_adds += kernels::side_by_side * *each;
        cost.largest = std::max({cost.largest, kernels::side_by_side * src_shape[0] * src.height * src.width,
                                 kernels::side_by_side * dst_shape[0] * dst.height * dst.width});
    }
    return cost;
}

}  // namespace deconvviz::detail
