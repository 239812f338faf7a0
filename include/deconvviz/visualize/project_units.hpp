/// @file
/// Projections of many single units, each in the window that it can reach.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/detail/reverse_batch.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

/// One unit of a layer, in one picture. In a layer of flat features `map` is the feature.
template <class T>
struct TracedUnit {
    const Trace<T>* trace = nullptr;  // of that picture alone; must outlive the projection
    Index map = 0;
    Index y = 0;
    Index x = 0;
};

/// Options of project_units.
struct ProjectUnitsOptions {
    SeedValue value = SeedValue::activation;
    ReverseRules rules = {};
    Index batch = 128;         // units that are carried down together; bounds the memory
    OnProgress progress = {};  // told after each batch, in units
};

/// A unit's projection: zero outside of the window.
template <class T>
struct UnitProjection {
    Window window;     // of the picture: the unit's receptive field
    Tensor<T> values;  // (C, height, width)
};

namespace detail {

/// Where a unit stands among its layer's activations. Throws as project_units.
template <class T>
Index unit_position(const Sequential<T>& model, std::size_t layer, const TracedUnit<T>& unit) {
    if (unit.trace == nullptr || unit.trace->empty()) raise<StateError>("project_units: a unit without a trace");
    model.check(*unit.trace);
    if (unit.trace->batch() != 1)
        raise<OptionError>("project_units: expected traces of one picture each, got one of ", unit.trace->batch());
    const MapGrid grid(unit.trace->activation(layer).shape().sample());
    grid.expect_map(unit.map, model.name(layer));
    if (unit.y < 0 || unit.y >= grid.height || unit.x < 0 || unit.x >= grid.width)
        raise<OptionError>("project_units: layer '", model.name(layer), "' has no position (", unit.y, ",", unit.x,
                           "): its maps are ", grid.height, "x", grid.width);
    return unit.map * grid.plane() + unit.y * grid.width + unit.x;
}

/// The walk of one unit over whole maps, and its window.
template <class T>
UnitProjection<T> project_alone(const Sequential<T>& model, std::size_t layer, const TracedUnit<T>& unit,
                                const ProjectUnitsOptions& options) {
    const Index at = unit_position(model, layer, unit);
    Seed<T> seed = empty_seed(*unit.trace, layer);
    seed.signal[at] = seed_value(options.value, unit.trace->activation(layer)[at]);
    const bool maps = model.output_shape(layer).rank() == 3;
    const Window window = receptive_field(model, layer, maps ? Window{unit.y, unit.x, 1, 1} : Window{0, 0, 1, 1});
    const Tensor<T> whole = deconvnet(model, *unit.trace, seed, options.rules);
    if (model.input_shape().rank() != 3) return {window, whole.entry(0)};
    Tensor<T> values({whole.shape()[1], window.height, window.width});
    copy_window(whole.shape(), whole.data(), window, values.data());
    return {window, std::move(values)};
}

/// Some units at once, each in the windows that its signal reaches.
template <class T>
void project_in_windows(const Sequential<T>& model, std::size_t layer, std::span<const TracedUnit<T>> units,
                        const ProjectUnitsOptions& options, std::vector<UnitProjection<T>>& projections) {
    std::vector<LocalSignal<T>> signals;
    for (const TracedUnit<T>& unit : units) {
        const Index at = unit_position(model, layer, unit);
        Tensor<T> seed({1, model.output_shape(layer)[0], 1, 1});
        seed[unit.map] = seed_value(options.value, unit.trace->activation(layer)[at]);
        signals.push_back({unit.trace, {unit.y, unit.x, 1, 1}, std::move(seed)});
    }
    ReverseBatch<T>(model, options.rules).carry_down(layer, signals);
    for (LocalSignal<T>& signal : signals) {
        if (signal.window.empty()) {  // the unit reads nothing but padding
            projections.push_back({{}, Tensor<T>({model.input_shape()[0], 0, 0})});
        } else {
            projections.push_back({signal.window, std::move(signal.values).reshaped(signal.values.shape().sample())});
        }
    }
}

}  // namespace detail

/// Projects single units of a layer to the input, each by its own picture's trace: what `deconvnet` gives for
/// `single_unit`, in the window of the unit's receptive field, for many units at once:
///
///     const auto shown = project_units<float>(model, "relu5", {{&trace, 11, 4, 7}, {&other, 11, 2, 2}});
///     shown[0].window; shown[0].values;
///
/// Each layer is computed in the windows that the signals reach. Signals whose windows are of one size go through a
/// convolution in one call: its filters are packed once for all, and all threads have work. The values are those of
/// `deconvnet` for each unit alone: the same bits where all convolutions use ConvolutionMethod::direct or have no 3x3
/// kernel, else within rounding.
///
/// Throws StateError for a trace of another model or one that ends below the layer, OptionError for an unknown layer,
/// map or position, the trace of several pictures or a batch below 1, CancelledError where `progress` said so. Cost:
/// for each unit the share of a reverse walk that its window has. Memory: the result, and the signals of a batch of
/// units at their largest layer. Where a layer knows no windows of a signal (flat features, a user's own), each unit is
/// walked alone.
template <class T>
std::vector<UnitProjection<T>> project_units(const Sequential<T>& model, const LayerId& layer,
                                             const std::vector<TracedUnit<T>>& units,
                                             const ProjectUnitsOptions& options = {}) {
    const std::size_t from = model.index(layer);
    if (options.batch < 1)
        detail::raise<OptionError>("project_units: expected a batch of at least 1, got ", options.batch);
    const bool in_windows = detail::ReverseBatch<T>::all_in_windows(model, from);
    detail::ProgressMeter meter("project_units", "units", static_cast<Index>(units.size()), options.progress);
    std::vector<UnitProjection<T>> projections;
    for (std::size_t first = 0; first < units.size();) {
        const std::size_t count = std::min(static_cast<std::size_t>(options.batch), units.size() - first);
        const std::span<const TracedUnit<T>> some = std::span(units).subspan(first, count);
        if (in_windows) {
            detail::project_in_windows(model, from, some, options, projections);
        } else {
            for (const TracedUnit<T>& unit : some)
                projections.push_back(detail::project_alone(model, from, unit, options));
        }
        first += count;
        meter.advance(static_cast<Index>(count));
    }
    return projections;
}

}  // namespace deconvviz
