/// @file
/// Seeds: what a reverse pass starts from.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/trace.hpp"

namespace deconvviz {

/// What the chosen units hold in a seed. activation: their own activation, as in the paper [zeiler2014, §2.1]: a strong
/// unit gives a bright projection. one: 1, as where a tool takes the gradient of a unit.
enum class SeedValue { activation, one };

/// The start of a reverse pass: a signal at the output of a layer, zero but at the chosen units.
template <class T>
struct Seed {
    std::size_t layer = 0;
    Tensor<T> signal;  // (N, …), the shape of the layer's output
};

/// A position in a feature map, with the activation there.
template <class T>
struct UnitActivation {
    Index map = 0;
    Index y = 0;
    Index x = 0;
    T value = 0;
};

/// Names one unit: `{.layer = "relu2", .map = 11, .y = 3, .x = 5}`. In a layer of flat features `map` is the feature.
struct UnitOptions {
    LayerId layer;
    Index map = 0;
    Index y = 0;
    Index x = 0;
    SeedValue value = SeedValue::activation;
};

/// Names a map, or all of them where `map` is left out.
struct MapOptions {
    LayerId layer;
    std::optional<Index> map = std::nullopt;
    SeedValue value = SeedValue::activation;
};

namespace detail {

/// A layer's activations as (N, C, H, W), whatever they are.
struct MapGrid {
    Index maps = 1;
    Index height = 1;
    Index width = 1;

    explicit MapGrid(const Shape& sample) : maps(sample[0]) {
        if (sample.rank() != 3) return;
        height = sample[1];
        width = sample[2];
    }

    Index plane() const { return height * width; }

    void expect_map(Index map, const std::string& layer) const {
        if (map < 0 || map >= maps)
            detail::raise<OptionError>("layer '", layer, "' has no map ", map, ": its maps are 0 … ", maps - 1);
    }
};

template <class T>
Seed<T> empty_seed(const Trace<T>& trace, std::size_t layer) {
    return {layer, Tensor<T>(trace.activation(layer).shape())};
}

template <class T>
T seed_value(SeedValue value, T activation) {
    return value == SeedValue::one ? T(1) : activation;
}

}  // namespace detail

/// One activation, all others of the layer zeroed [zeiler2014, §2.1], in every picture of the trace.
/// Throws OptionError for an unknown layer, map or position.
template <class T>
Seed<T> single_unit(const Trace<T>& trace, const UnitOptions& unit) {
    const std::size_t layer = trace.index(unit.layer);
    const Tensor<T>& activation = trace.activation(layer);
    const detail::MapGrid grid(activation.shape().sample());
    grid.expect_map(unit.map, trace.name(layer));
    if (unit.y < 0 || unit.y >= grid.height || unit.x < 0 || unit.x >= grid.width)
        detail::raise<OptionError>("layer '", trace.name(layer), "' has no position (", unit.y, ",", unit.x,
                                   "): its maps are ", grid.height, "x", grid.width);
    Seed<T> seed = detail::empty_seed(trace, layer);
    const Index at = unit.map * grid.plane() + unit.y * grid.width + unit.x;
    for (Index n = 0; n < trace.batch(); ++n) {
        const auto i = static_cast<std::size_t>(at);
        seed.signal.slice(n)[i] = detail::seed_value(unit.value, activation.slice(n)[i]);
    }
    return seed;
}

/// Where a map (or the whole layer, where none is named) is strongest in one picture of the trace; of equal activations
/// the first in order of map, row, column. Throws OptionError for an unknown layer, map or picture.
template <class T>
UnitActivation<T> strongest_unit(const Trace<T>& trace, const MapOptions& options, Index picture = 0) {
    const std::size_t layer = trace.index(options.layer);
    if (picture < 0 || picture >= trace.batch())
        detail::raise<OptionError>("there is no picture ", picture, " in the trace: its pictures are 0 … ",
                                   trace.batch() - 1);
    const detail::MapGrid grid(trace.activation(layer).shape().sample());
    const auto activation = trace.activation(layer).slice(picture);
    const Index first = options.map.value_or(0) * grid.plane();
    if (options.map) grid.expect_map(*options.map, trace.name(layer));
    const auto candidates =
        options.map ? activation.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(grid.plane()))
                    : activation;
    const Index at = first + (std::max_element(candidates.begin(), candidates.end()) - candidates.begin());
    return {at / grid.plane(), at % grid.plane() / grid.width, at % grid.width,
            activation[static_cast<std::size_t>(at)]};
}

/// The strongest activation of a map (or of the whole layer, where none is named), all others zeroed. In a batch every
/// picture has its own. Throws OptionError for an unknown layer or map.
template <class T>
Seed<T> strongest(const Trace<T>& trace, const MapOptions& options) {
    const std::size_t layer = trace.index(options.layer);
    Seed<T> seed = detail::empty_seed(trace, layer);
    const detail::MapGrid grid(seed.signal.shape().sample());
    for (Index n = 0; n < trace.batch(); ++n) {
        const UnitActivation<T> unit = strongest_unit(trace, options, n);
        const Index at = unit.map * grid.plane() + unit.y * grid.width + unit.x;
        seed.signal.slice(n)[static_cast<std::size_t>(at)] = detail::seed_value(options.value, unit.value);
    }
    return seed;
}

/// All activations of one map, the other maps zeroed; or of all maps of the layer, where none is named.
/// Throws OptionError for an unknown layer or map.
template <class T>
Seed<T> whole_map(const Trace<T>& trace, const MapOptions& options) {
    const std::size_t layer = trace.index(options.layer);
    Seed<T> seed = detail::empty_seed(trace, layer);
    const detail::MapGrid grid(seed.signal.shape().sample());
    if (options.map) grid.expect_map(*options.map, trace.name(layer));
    const Index first = options.map.value_or(0) * grid.plane();
    const auto count = static_cast<std::size_t>(options.map ? grid.plane() : grid.maps * grid.plane());
    for (Index n = 0; n < trace.batch(); ++n) {
        const auto from = trace.activation(layer).slice(n).subspan(static_cast<std::size_t>(first), count);
        const auto to = seed.signal.slice(n).subspan(static_cast<std::size_t>(first), count);
        for (std::size_t i = 0; i < count; ++i) to[i] = detail::seed_value(options.value, from[i]);
    }
    return seed;
}

/// All maps of a layer at once.
template <class T>
Seed<T> all_maps(const Trace<T>& trace, const LayerId& layer, SeedValue value = SeedValue::activation) {
    return whole_map(trace, {.layer = layer, .value = value});
}

}  // namespace deconvviz
