/// @file
/// The whole occlusion experiment of the paper's Fig. 7: what hiding a part of a picture does to the strongest feature
/// map and to the classes.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/detail/changed_walk.hpp"
#include "deconvviz/visualize/detail/occlusion_walk.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

/// What makes a map the strongest one of a layer: its largest activation, or the sum of its activations.
enum class MapStrength { largest, sum };

/// What of a map is projected: its strongest unit alone, or all of its activations at once.
enum class MapSeed { strongest_unit, whole_map };

/// Options of occlusion_study. Sizes are in pixels of the input.
struct OcclusionStudyOptions {
    std::optional<LayerId> layer = {};  // of feature maps; by default the last one before the first of flat features
    std::optional<Index> map = {};      // by default the strongest one on the whole picture
    MapStrength strength = MapStrength::largest;
    Size2D patch = 7;
    Size2D stride = 1;
    double fill = 0.5;                 // the value that hides, on the scale of the input, in all channels
    std::optional<Index> target = {};  // the class of the recorded probability; by default the most probable one
    OcclusionMethod method = OcclusionMethod::incremental;
    double projective_field = 1;                  // below 1 approximate, see OcclusionOptions
    Index batch = 0;                              // positions evaluated at once, at most; 0: as `memory` allows
    std::size_t memory = std::size_t{256} << 20;  // bytes, see OcclusionOptions
    MapSeed projected = MapSeed::strongest_unit;
    ReverseRules rules = {};
    OnProgress progress = {};  // told after each batch, in positions
};

/// What came of it, with the letters of the paper's columns. Rows and columns of (b), (d) and (e) count positions of
/// the patch, see OcclusionMap::patch_at.
template <class T>
struct OcclusionStudy {
    Tensor<T> image;              // (a): (C, H, W)
    std::string layer;            // the name of the layer whose map is watched
    UnitActivation<T> strongest;  // the map, and where on the whole picture it is largest
    Tensor<T> activity;           // (b): (rows, columns), the sum over the map for each position
    T unoccluded_activity = 0;    // that sum on the whole picture
    Tensor<T> projection;         // (c): (C, H, W), of the map on the whole picture
    Tensor<T> other_images;       // (c): (N, C, H, W), as they were given; empty where none were
    Tensor<T> other_projections;  // (c): (N, C, H, W), of the same map on each of them
    OcclusionMap<T> classes;      // (d) `probability` of the target, (e) `most_probable`

    Index map() const { return strongest.map; }
    Index rows() const { return activity.shape()[0]; }
    Index columns() const { return activity.shape()[1]; }
};

namespace detail {

/// The last layer of feature maps before the first layer of flat features. Throws ShapeError where there is none.
template <class T>
std::size_t last_maps(const Sequential<T>& model) {
    std::size_t count = 0;
    while (count < model.size() && model.output_shape(count).rank() == 3) ++count;
    if (count == 0)
        raise<ShapeError>("occlusion study: expected a model with feature maps, its first layer '", model.name(0),
                          "' gives ", model.output_shape(0));
    return count - 1;
}

/// The layer to be watched. Throws OptionError for an unknown one, ShapeError for one without maps.
template <class T>
std::size_t watched_layer(const Sequential<T>& model, const std::optional<LayerId>& layer) {
    if (!layer) return last_maps(model);
    const std::size_t at = model.index(*layer);
    if (model.output_shape(at).rank() != 3)
        raise<ShapeError>("occlusion study: expected a layer of feature maps (C,H,W), layer '", model.name(at),
                          "' gives ", model.output_shape(at));
    return at;
}

template <class T>
bool all_finite(std::span<const T> values) {
    return std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
}

/// Throws ShapeError for pictures of another shape, OptionError for values that are no numbers.
template <class T>
void expect_study_pictures(const Sequential<T>& model, const Tensor<T>& image, const Tensor<T>& others) {
    if (!all_finite(image.values()))
        raise<OptionError>("occlusion study: expected a picture of finite values, it has NaN or infinity");
    if (others.empty()) return;
    if (others.rank() != 4 || others.shape().sample() != model.input_shape())
        raise<ShapeError>("occlusion study: expected other pictures of ", model.input_shape(), " as a batch, got ",
                          others.shape());
    if (!all_finite(others.values()))
        raise<OptionError>("occlusion study: expected other pictures of finite values, they have NaN or infinity");
}

/// The sum of some activations, in double.
template <class T>
T sum(std::span<const T> values) {
    return static_cast<T>(std::accumulate(values.begin(), values.end(), 0.0));
}

/// The sum of a map's activations in picture n of (N, C, H, W).
template <class T>
T map_sum(const Tensor<T>& activation, Index n, Index map) {
    const MapGrid grid(activation.shape().sample());
    const auto maps = activation.slice(n).subspan(static_cast<std::size_t>(map * grid.plane()),
                                                  static_cast<std::size_t>(grid.plane()));
    return sum<T>(maps);
}

/// The strongest map of a layer; of equal ones the first.
template <class T>
Index strongest_map(const Trace<T>& trace, std::size_t layer, MapStrength strength) {
    if (strength == MapStrength::largest) return strongest_unit(trace, {.layer = layer}).map;
    const Tensor<T>& activation = trace.activation(layer);
    std::vector<T> sums;
    for (Index map = 0; map < activation.shape()[1]; ++map) sums.push_back(map_sum(activation, 0, map));
    return std::max_element(sums.begin(), sums.end()) - sums.begin();
}

/// Projects a map of one picture, whose trace is given, to the input: (C, H, W).
template <class T>
Tensor<T> map_projection(const Sequential<T>& model, const Trace<T>& trace, const MapOptions& map,
                         const OcclusionStudyOptions& options) {
    const Seed<T> seed = options.projected == MapSeed::strongest_unit ? strongest(trace, map) : whole_map(trace, map);
    return deconvnet(model, trace, seed, options.rules).entry(0);
}

/// The map's projections from other pictures, each by its own trace: (N, C, H, W).
template <class T>
Tensor<T> other_projections(const Sequential<T>& model, const Tensor<T>& others, const MapOptions& map,
                            const OcclusionStudyOptions& options) {
    if (others.empty()) return {};
    std::vector<Tensor<T>> projections;
    Trace<T> trace;
    for (Index n = 0; n < others.shape()[0]; ++n) {
        model.trace(others.entry(n), trace, {.last = map.layer});
        projections.push_back(map_projection(model, trace, map, options));
    }
    return stack(projections);
}

}  // namespace detail

/// The experiment of [zeiler2014, §4.2, Fig. 7] on one picture (C, H, W). A patch slides over it as in
/// occlusion_sensitivity. For each position the study records (b) the total activity Σ_{y,x} a[y,x] of one feature map,
/// the one with the strongest response on the whole picture, and (d, e) the probabilities of all classes; besides,
/// (c) the map's projection on this picture, and on `others` (N, C, H, W; may be left out), such as those that excite
/// the map most of all. Where hiding a part makes both the map's activity and the class probability fall, the structure
/// that the projection shows is what excites the map, and evidence for the class.
///
///     auto study = occlusion_study(model, image, {.layer = "relu4", .patch = 8}, others);
///
/// Activity and probabilities come from the same forward passes. The classes are those of occlusion_sensitivity, within
/// rounding (the same bits where all convolutions use ConvolutionMethod::direct). Only what the patch reaches is
/// computed, as there; the number of threads changes nothing.
///
/// Where the paper is silent: its layer 5 is here the last layer of feature maps, pooled where pooling is last; "the
/// strongest response" is the largest single activation (`strength` chooses the sum), of equal maps the first; what is
/// projected is that map's strongest unit with its own value (`projected` chooses the whole map). Patch and stride are
/// not stated. In a layer that is zero everywhere the first map is taken, and activity and projection are zero.
///
/// Throws ShapeError for pictures or a model that do not fit, a layer that is named but has no maps, or a model that
/// has none; OptionError for an unknown layer or map, sizes below 1, a class that there is not, a picture with NaN or
/// infinity; StateError where the model gives NaN on the whole picture (its weights are none or too large);
/// CancelledError where `progress` said so.
/// Cost: one forward pass and one reverse pass a picture, and for each position the share of a forward pass that the
/// patch reaches. Memory: a trace of the picture, and `memory`, or what one position takes where that is more.
template <class T>
OcclusionStudy<T> occlusion_study(const Sequential<T>& model, const Tensor<T>& image,
                                  const OcclusionStudyOptions& options = {}, const Tensor<T>& others = {}) {
    const OcclusionOptions occlusion{.patch = options.patch,
                                     .stride = options.stride,
                                     .fill = options.fill,
                                     .target = options.target,
                                     .method = options.method,
                                     .projective_field = options.projective_field,
                                     .batch = options.batch,
                                     .memory = options.memory,
                                     .progress = options.progress};
    detail::expect_picture(model, image);
    detail::check(model, occlusion);
    detail::expect_study_pictures(model, image, others);
    const std::size_t layer = detail::watched_layer(model, options.layer);
    const Trace<T> trace = model.trace(image);
    for (const std::size_t checked : {layer, model.size() - 1})
        if (!detail::all_finite(trace.activation(checked).values()))
            detail::raise<StateError>("occlusion study: layer '", model.name(checked),
                                      "' gives NaN or infinity on the whole picture");

    OcclusionStudy<T> study;
    study.image = image;
    study.layer = model.name(layer);
    const Index map = options.map ? *options.map : detail::strongest_map(trace, layer, options.strength);
    const MapOptions watched{.layer = layer, .map = map};
    study.strongest = strongest_unit(trace, watched);
    study.unoccluded_activity = detail::map_sum(trace.activation(layer), 0, map);
    study.projection = detail::map_projection(model, trace, watched, options);
    study.other_images = others;
    study.other_projections = detail::other_projections(model, others, watched, options);

    Tensor<T> whole = trace.output();
    detail::make_probabilities(model, whole);
    const detail::PatchGrid grid = detail::patch_grid(model, occlusion);
    study.classes = detail::empty_map<T>(grid, occlusion, whole.values());
    detail::ChangedWalk walk = detail::occlusion_walk(occlusion, grid.columns());
    walk.watched = {layer, map};
    study.activity = Tensor<T>({grid.rows(), grid.columns()});
    const std::vector<ChangedPicture> changes = detail::hidden_patches(grid, 1);
    const auto fill = static_cast<T>(options.fill);
    detail::walk_hidden(model, trace, walk, changes, fill, [&](const detail::ChangedOutputs<T>& seen) {
        detail::record_probabilities(model, seen, std::span(&study.classes, 1));
        for (Index i = 0; i < seen.count; ++i)
            study.activity[seen.first + i] = detail::sum<T>(std::as_const(*seen.watched).slice(i));
    });
    return study;
}

}  // namespace deconvviz
