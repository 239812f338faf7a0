/// @file
/// The classic ways back from a unit to the picture, each a value: one walk, under different rules.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

/// What a map shows of the signal that arrives at the picture. signal: as it is, a value for each value of the picture,
/// with both signs. channel_maximum: of each pixel the largest magnitude over its channels, one plane
/// [simonyan2014, §3.1]. times_input: the signal times the picture, element by element.
enum class MapValue { signal, channel_maximum, times_input };

/// A way back: what is seeded, by which rules the signal walks down, and what is shown of it.
///
/// Mahendran and Vedaldi [mahendran2016] take three choices apart, each of which a way makes or does not make: mask,
/// the ReLU lets through what the forward pass let through; rectify, the ReLU lets through what is positive on the way
/// back; switches, the pooling unpools to where the maximum was. A fourth is the contrast normalisation:
///
/// | here                        | mask | rectify | switches | normalisation | their name |
/// |-----------------------------|------|---------|----------|---------------|------------|
/// | `deconvnet()`               | no   | yes     | yes      | identity      | DeConvNet  |
/// | `deconvnet_to_centres()`    | no   | yes     | no       | identity      |            |
/// | `gradient()`, `saliency()`  | yes  | no      | yes      | gradient      | SaliNet    |
/// | `guided_backpropagation()`  | yes  | yes     | yes      | gradient      |            |
/// | `desalinet()`               | yes  | yes     | yes      | identity      | DeSaliNet  |
///
/// ReluRule::gradient is the mask alone, deconvnet the rectification alone, guided both; Unpooling says whether
/// switches are used, ContrastRule what a normalisation does. So the mask without switches is a way as well,
/// `{.rules = {.relu = ReluRule::guided, .unpooling = Unpooling::centre}}`; only ways without either at the ReLUs,
/// whose walk is linear, have no rule here. Guided backpropagation and DeSaliNet are the same in a model without
/// LocalResponseNorm.
struct WayBack {
    std::string name;
    ReverseRules rules = {};
    SeedValue seed = SeedValue::one;
    MapValue value = MapValue::signal;

    /// The paper's: seeded with the activation, rectified on the way back [zeiler2014, §2.1].
    static WayBack deconvnet() { return {.name = "deconvnet", .seed = SeedValue::activation}; }

    /// The same without switches, unpooling to the centre of each window: nothing but the seed knows the picture.
    static WayBack deconvnet_to_centres() {
        return {
            .name = "deconvnet, no switches", .rules = {.unpooling = Unpooling::centre}, .seed = SeedValue::activation};
    }

    /// The derivative of the unit with respect to the picture.
    static WayBack gradient() { return {.name = "gradient", .rules = {.relu = ReluRule::gradient}}; }

    /// Of each pixel the largest magnitude of the gradient over the channels [simonyan2014, §3.1].
    static WayBack saliency() {
        return {.name = "saliency", .rules = {.relu = ReluRule::gradient}, .value = MapValue::channel_maximum};
    }

    /// The gradient times the picture: what each value adds to the unit, to first order and against a picture of zeros.
    static WayBack gradient_times_input() {
        return {.name = "gradient x input", .rules = {.relu = ReluRule::gradient}, .value = MapValue::times_input};
    }

    /// The gradient, rectified on the way as well [springenberg2015]; a normalisation passes its gradient, as in
    /// Captum.
    static WayBack guided_backpropagation() {
        return {.name = "guided backpropagation",
                .rules = {.relu = ReluRule::guided, .contrast = ContrastRule::gradient}};
    }

    /// Guided backpropagation through which a normalisation passes the signal unchanged [mahendran2016].
    static WayBack desalinet() {
        return {.name = "DeSaliNet", .rules = {.relu = ReluRule::guided, .contrast = ContrastRule::identity}};
    }

    /// All of the above, in this order.
    static std::vector<WayBack> all() {
        return {deconvnet(), deconvnet_to_centres(), gradient(),
                saliency(),  gradient_times_input(), guided_backpropagation(),
                desalinet()};
    }

    /// The one of this name. Throws OptionError where there is none, naming those that there are.
    static WayBack named(std::string_view name) {
        std::string names;
        for (WayBack& way : all()) {
            if (way.name == name) return std::move(way);
            names += (names.empty() ? "'" : ", '") + way.name + "'";
        }
        detail::raise<OptionError>("there is no way back '", name, "'; the ways are ", names);
    }
};

/// What explain is asked about.
struct ExplainOptions {
    /// Whose unit is asked about; by default the model's last layer, or the one below the Softmax that it ends in.
    std::optional<LayerId> layer = {};
    /// The class, feature or map: one number for all pictures, or one for each; none for the strongest of each picture.
    std::vector<Index> targets = {};
};

namespace detail {

/// The layer whose units are the scores of classes, before any softmax.
template <class T>
std::size_t score_layer(const Sequential<T>& model) {
    const auto softmax = final_softmax(model);
    return softmax.value_or(0) > 0 ? *softmax - 1 : model.size() - 1;
}

template <class T>
std::size_t asked_layer(const Sequential<T>& model, const ExplainOptions& options) {
    return options.layer ? model.index(*options.layer) : score_layer(model);
}

/// The pictures as a batch, (N, C, H, W). Throws ShapeError where they do not fit the model, or the model does not take
/// pictures; OptionError for a value that is not finite.
template <class T>
Tensor<T> explained_pictures(const Sequential<T>& model, const Tensor<T>& images, std::string_view what) {
    const Shape& sample = model.input_shape();
    if (sample.rank() != 3) raise<ShapeError>(what, ": the model must take pictures (C,H,W), it takes ", sample);
    const bool one = images.shape() == sample;
    const bool batch = images.rank() == 4 && images.shape().sample() == sample && images.shape()[0] > 0;
    if (!one && !batch)
        raise<ShapeError>(what, ": expected a picture of ", sample, " or a batch of them, got ", images.shape());
    for (Index i = 0; i < images.size(); ++i)
        if (!std::isfinite(images[i]))
            raise<OptionError>(what, ": expected finite values, picture ", i / sample.elements(), " holds ", images[i]);
    return one ? images.reshaped(sample.batched(1)) : images;
}

/// Throws OptionError unless there is one target for all pictures, one for each or none, and each is a map of the
/// layer.
template <class T>
void expect_targets(const Sequential<T>& model, std::size_t layer, const std::vector<Index>& targets, Index pictures,
                    std::string_view what) {
    if (targets.size() > 1 && std::cmp_not_equal(targets.size(), pictures))
        raise<OptionError>(what, ": expected one target, or one for each of ", pictures, " pictures, got ",
                           targets.size());
    const MapGrid grid(model.output_shape(layer));
    for (const Index target : targets) grid.expect_map(target, model.name(layer));
}

/// The target of picture n, if one is named.
inline std::optional<Index> target_of(const std::vector<Index>& targets, Index n) {
    if (targets.empty()) return std::nullopt;
    return targets[targets.size() == 1 ? 0 : static_cast<std::size_t>(n)];
}

/// shown[y,x] = the largest |signal[c,y,x]|; NaN where any of them is.
template <class T>
void channel_maximum(std::span<const T> signal, std::span<T> shown) {
    std::ranges::fill(shown, T(0));
    for (std::size_t i = 0; i < signal.size(); ++i) {
        const T magnitude = std::abs(signal[i]);
        T& to = shown[i % shown.size()];
        if (magnitude > to || magnitude != magnitude) to = magnitude;
    }
}

template <class T>
void write_map(MapValue value, std::span<const T> signal, std::span<const T> picture, std::span<T> map) {
    switch (value) {
        case MapValue::signal:
            std::ranges::copy(signal, map.begin());
            break;
        case MapValue::channel_maximum:
            channel_maximum(signal, map);
            break;
        case MapValue::times_input:
            std::ranges::transform(signal, picture, map.begin(), [](T s, T p) { return s * p; });
            break;
    }
}

/// The memory in which one picture after the other is explained.
template <class T>
struct ExplainRoom {
    Tensor<T> picture;
    Trace<T> trace;
    Workspace<T> workspace;
};

/// The maps of pictures that are checked. Each is traced alone, so that its map does not depend on those beside it.
template <class T>
Tensor<T> explain_checked(const Sequential<T>& model, const Tensor<T>& pictures, std::size_t layer,
                          const std::vector<Index>& targets, const WayBack& way) {
    Shape shape = pictures.shape();
    if (way.value == MapValue::channel_maximum) shape = {shape[0], 1, shape[2], shape[3]};
    Tensor<T> maps(shape);
    // Many pictures are shared out to the threads, few are walked one by one on all of them: the same bits.
    const Index count = shape[0];
    const Index grain = count < threads() ? count : (count + threads() - 1) / threads();
    parallel_for(count, grain, [&](Index begin, Index end) {
        ExplainRoom<T> room;
        for (Index n = begin; n < end; ++n) {
            room.picture.resize(model.input_shape());
            std::ranges::copy(pictures.slice(n), room.picture.begin());
            model.trace(room.picture, room.trace, {.last = layer});
            const Seed<T> seed =
                strongest(room.trace, {.layer = layer, .map = target_of(targets, n), .value = way.seed});
            const Tensor<T>& signal = deconvviz::deconvnet(model, room.trace, seed, way.rules, room.workspace);
            write_map<T>(way.value, signal.values(), pictures.slice(n), maps.slice(n));
        }
    });
    return maps;
}

}  // namespace detail

/// What of a picture a unit responds to, by one way back. `images` is (N, C, H, W) or one picture (C, H, W); returns
/// (N, C, H, W), or (N, 1, H, W) for MapValue::channel_maximum:
///
///     auto maps = explain(model, images, {.targets = {6}}, WayBack::guided_backpropagation());
///
/// Asked about flat features, the unit is the feature; asked about a layer of maps, it is the map's strongest unit in
/// each picture. Asked about nothing, it is the class with the largest score. A score is what stands before the softmax
/// [simonyan2014, §3.1]: its gradient speaks of that class, whereas a probability can also grow because another class
/// falls. So a Softmax at the end of the model is left out, unless it is named as the layer.
///
/// Each picture is traced and walked alone: the same bits whatever pictures stand beside it, and on any number of
/// threads.
///
/// Throws ShapeError for pictures or a model that do not fit, OptionError for an unknown layer or target, a number of
/// targets that is neither one nor that of the pictures, or a picture with a value that is not finite.
/// Cost: one forward and one reverse pass a picture. Memory: the maps, and a trace for each thread.
template <class T>
Tensor<T> explain(const Sequential<T>& model, const Tensor<T>& images, const ExplainOptions& options,
                  const WayBack& way) {
    const Tensor<T> pictures = detail::explained_pictures(model, images, "explain");
    const std::size_t layer = detail::asked_layer(model, options);
    detail::expect_targets(model, layer, options.targets, pictures.shape()[0], "explain");
    return detail::explain_checked(model, pictures, layer, options.targets, way);
}

/// The targets that `explain` takes where none are named: for each picture, the feature or map with the strongest unit
/// at the layer (by default the scores); of equal ones the first. Throws like explain.
template <class T>
std::vector<Index> strongest_targets(const Sequential<T>& model, const Tensor<T>& images,
                                     const std::optional<LayerId>& layer = {}) {
    const Tensor<T> pictures = detail::explained_pictures(model, images, "strongest targets");
    const std::size_t asked = detail::asked_layer(model, {.layer = layer});
    std::vector<Index> targets;
    for (Index n = 0; n < pictures.shape()[0]; ++n)
        targets.push_back(strongest_unit(model.trace(pictures.entry(n), {.last = asked}), {.layer = asked}).map);
    return targets;
}

}  // namespace deconvviz
