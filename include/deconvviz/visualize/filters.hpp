/// @file
/// The filters of a convolution as data: their size, the paper's rescaling, and which of them are dead.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/model/filter_rms.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

/// The filters of one convolution, copied: what training does to the model later does not change them.
template <class T>
struct FilterBank {
    std::string layer;        // the layer's name
    Tensor<T> filters;        // (O, I, KH, KW): of O maps, over I input channels each (of its group)
    std::vector<double> rms;  // O: the root mean square of each filter; NaN where it has NaN

    Index size() const { return filters.rank() == 4 ? filters.shape()[0] : 0; }
};

namespace detail {

template <class T>
FilterBank<T> measured_bank(std::string layer, Tensor<T> filters) {
    FilterBank<T> bank{std::move(layer), std::move(filters), {}};
    for (Index o = 0; o < bank.size(); ++o) bank.rms.push_back(filter_rms<T>(std::as_const(bank.filters).slice(o)));
    return bank;
}

/// The layer that is named, or the first convolution. Throws OptionError where it is none.
template <class T>
std::size_t convolution_layer(const Sequential<T>& model, const std::optional<LayerId>& layer) {
    const auto is_convolution = [&](std::size_t i) { return model.layer(i).template get_if<Conv2D<T>>() != nullptr; };
    if (layer) {
        const std::size_t i = model.index(*layer);
        if (!is_convolution(i))
            raise<OptionError>("filter bank: expected a Conv2D, layer '", model.name(i), "' is a ",
                               model.layer(i).kind());
        return i;
    }
    for (std::size_t i = 0; i < model.size(); ++i)
        if (is_convolution(i)) return i;
    raise<OptionError>("filter bank: expected a model with a Conv2D, it has none among its ", model.size(), " layers");
}

}  // namespace detail

/// The filters of a convolution of the model, by default its first: those that see the picture itself, as in
/// [zeiler2014, §4.1, Fig. 6]. Throws OptionError for an unknown layer, one that is not a Conv2D, or a model without
/// any.
template <class T>
FilterBank<T> filter_bank(const Sequential<T>& model, const std::optional<LayerId>& layer = std::nullopt) {
    const std::size_t i = detail::convolution_layer(model, layer);
    return detail::measured_bank(model.name(i), model.template layer<Conv2D<T>>(i).weights());
}

/// The bank as the paper's rescaling leaves it: each filter whose root mean square exceeds `limit` is scaled to exactly
/// that (within rounding), the others stay [zeiler2014, §3]; see limit_filter_rms, which training uses (FitOptions::
/// filter_rms_limit). The paper has 0.1 for inputs of about ±128; for inputs in [0, 1] a filter of the same effect is
/// 255 times larger. A filter with NaN stays as it is. Throws OptionError for a limit that is not above 0.
template <class T>
FilterBank<T> rescaled(FilterBank<T> bank, double limit) {
    if (!(limit > 0)) detail::raise<OptionError>("rescaled filters: expected a limit above 0, got ", limit);
    limit_filter_rms(bank.filters, limit);
    return detail::measured_bank(std::move(bank.layer), std::move(bank.filters));
}

/// The middle one of the filters' root mean squares, NaN left out; of an even number the mean of the middle two. 0
/// where there is none.
template <class T>
double median_rms(const FilterBank<T>& bank) {
    std::vector<double> sorted;
    for (const double rms : bank.rms)
        if (!std::isnan(rms)) sorted.push_back(rms);
    if (sorted.empty()) return 0;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : sorted[half - 1] + (sorted[half] - sorted[half - 1]) / 2;
}

/// The largest of the filters' root mean squares, NaN left out; 0 where there is none.
template <class T>
double largest_rms(const FilterBank<T>& bank) {
    double largest = 0;
    for (const double rms : bank.rms)
        if (rms > largest) largest = rms;
    return largest;
}

/// What a filter's size is compared with: that of the middle filter, which one dominating filter does not change; or
/// that of the largest, as an eye does that sees all filters on one scale.
enum class RmsReference { median, largest };

/// When a filter's weights count as dead.
struct DeadFilterOptions {
    double fraction = 0.1;  // in [0, 1]: below this share of the reference
    RmsReference reference = RmsReference::median;
};

/// The filters that do next to nothing by their weights: whose root mean square is below `fraction` of the reference,
/// or 0; in their order. Filters with NaN are not among them, nor do they count in the reference. The paper speaks of
/// dead features [zeiler2014, §4.1] and gives no definition. What a filter's map does on pictures is another question:
/// a large filter is dead, too, where its bias keeps its map below zero (dead_maps). Throws OptionError for a fraction
/// outside [0, 1].
template <class T>
std::vector<Index> dead_filters(const FilterBank<T>& bank, const DeadFilterOptions& options = {}) {
    if (!(options.fraction >= 0 && options.fraction <= 1))
        detail::raise<OptionError>("dead filters: expected a fraction in [0, 1], got ", options.fraction);
    const double reference = options.reference == RmsReference::median ? median_rms(bank) : largest_rms(bank);
    std::vector<Index> dead;
    for (std::size_t o = 0; o < bank.rms.size(); ++o)
        if (bank.rms[o] == 0 || bank.rms[o] < options.fraction * reference) dead.push_back(static_cast<Index>(o));
    return dead;
}

/// Options of dead_maps.
struct DeadMapOptions {
    double threshold = 0;      // an activation above it is a response
    Index batch = 64;          // pictures evaluated at once; bounds the memory
    OnProgress progress = {};  // told after each batch, in pictures
};

/// What the maps of a layer did over a set of pictures.
template <class T>
struct MapActivity {
    std::string layer;           // the layer's name
    Index pictures = 0;          // how many were looked at
    Index with_nan = 0;          // in how many of them the layer gave NaN somewhere
    double threshold = 0;        // as in the options
    std::vector<T> largest;      // for each map its largest activation; -∞ for one that gave nothing but NaN
    std::vector<double> active;  // for each map the share of pictures, in [0, 1], in which it exceeded the threshold

    /// The maps that never exceeded the threshold.
    std::vector<Index> dead() const {
        std::vector<Index> maps;
        for (std::size_t m = 0; m < active.size(); ++m)
            if (active[m] == 0) maps.push_back(static_cast<Index>(m));
        return maps;
    }
};

namespace detail {

/// Goes on with the maps' activity by the layer's output (N, …) for some more pictures; `active` counts them.
template <class T>
void add_activity(const Tensor<T>& output, MapActivity<T>& activity) {
    const MapGrid grid(output.shape().sample());
    const auto plane = static_cast<std::size_t>(grid.plane());
    const T threshold = static_cast<T>(activity.threshold);
    for (Index n = 0; n < output.shape()[0]; ++n) {
        bool nan = false;
        for (std::size_t m = 0; m < activity.active.size(); ++m) {
            T largest = -std::numeric_limits<T>::infinity();
            for (const T value : output.slice(n).subspan(m * plane, plane)) {
                nan = nan || std::isnan(value);
                if (value > largest) largest = value;  // never true of NaN
            }
            activity.largest[m] = std::max(activity.largest[m], largest);
            activity.active[m] += largest > threshold ? 1 : 0;
        }
        activity.with_nan += nan ? 1 : 0;
    }
    activity.pictures += output.shape()[0];
}

}  // namespace detail

/// Which maps of a layer respond to nothing: for every map its largest activation over the pictures (N, C, H, W), and
/// the share of pictures in which it exceeds the threshold anywhere; `dead()` are those that never do. With the
/// threshold 0 it is the same at a convolution and at the ReLU behind it. Flat features count as maps of one pixel.
///
///     dead_maps(model, "relu1", data.test.images).dead()
///
/// NaN is never the largest and exceeds nothing; `with_nan` tells in how many pictures it occurred. One pass, in
/// batches; their size and the number of threads change nothing. Throws OptionError for an unknown layer, no pictures,
/// a batch below 1 or a threshold that is NaN, ShapeError for pictures that do not fit the model, CancelledError where
/// `progress` said so. Cost: a forward pass up to the layer for each picture. Memory: the activations of one batch.
template <class T>
MapActivity<T> dead_maps(const Sequential<T>& model, const LayerId& layer, const Tensor<T>& images,
                         const DeadMapOptions& options = {}) {
    const std::size_t at = model.index(layer);
    if (images.rank() != model.input_shape().rank() + 1 || images.shape().sample() != model.input_shape())
        detail::raise<ShapeError>("dead maps: expected pictures of ", model.input_shape(), " as a batch, got ",
                                  images.shape());
    const Index total = images.shape()[0];
    if (total < 1) detail::raise<OptionError>("dead maps: expected at least one picture, got none");
    if (options.batch < 1) detail::raise<OptionError>("dead maps: expected a batch of at least 1, got ", options.batch);
    if (std::isnan(options.threshold)) detail::raise<OptionError>("dead maps: the threshold is NaN");

    MapActivity<T> activity;
    activity.layer = model.name(at);
    activity.threshold = options.threshold;
    const auto maps = static_cast<std::size_t>(model.output_shape(at)[0]);
    activity.largest.assign(maps, -std::numeric_limits<T>::infinity());
    activity.active.assign(maps, 0);
    detail::ProgressMeter meter("dead maps", "pictures", total, options.progress);
    Tensor<T> batch;
    Trace<T> trace;
    for (Index first = 0; first < total; first += options.batch) {
        const Index count = std::min(options.batch, total - first);
        batch.resize(model.input_shape().batched(count));
        const T* from = images.data() + first * model.input_shape().elements();
        std::copy_n(from, batch.size(), batch.data());
        model.trace(batch, trace, {.last = at});
        detail::add_activity(trace.activation(at), activity);
        meter.advance(count);
    }
    for (double& count : activity.active) count /= static_cast<double>(total);
    return activity;
}

}  // namespace deconvviz
