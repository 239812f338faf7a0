/// @file
/// The sanity check by random weights: does a map change when what the network has learned is taken away?
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/detail/weights_and_bias.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/similarity.hpp"
#include "deconvviz/visualize/ways_back.hpp"

namespace deconvviz {

/// Where the new weights of a layer come from; all its other parameters get their first values, biases 0.
/// he: normal, variance 2 / fan-in, as layers and `initialise` draw first weights [he2015].
/// truncated_normal: normal of a given standard deviation, drawn again beyond two of them [adebayo2018].
enum class RandomWeights { he, truncated_normal };

/// Options of the randomisation tests.
struct RandomisationOptions {
    /// What is asked about, as in ExplainOptions. Targets that are not named are those of the model as it came.
    std::optional<LayerId> layer = {};
    std::vector<Index> targets = {};
    RandomWeights weights = RandomWeights::he;
    double deviation = 0.01;   // of truncated_normal
    std::uint64_t seed = 1;    // of the new weights; those of a layer are the same in every test
    OnProgress progress = {};  // told after each layer
};

/// The maps after one more layer, or one layer, has lost its weights.
template <class T>
struct RandomisationStage {
    std::string layer;                      // the one that was randomised last
    Tensor<T> maps;                         // (N, C, H, W) or (N, 1, H, W)
    std::vector<MapSimilarity> similarity;  // N: of each picture's map to its original one
    MapSimilarity mean;                     // over the pictures for which it is defined
};

/// The outcome of a randomisation test.
template <class T>
struct Randomisation {
    WayBack way;
    std::vector<Index> targets;  // N: the class, feature or map that each picture was asked about
    Tensor<T> original;          // the maps of the model as it came
    std::vector<RandomisationStage<T>> stages;
};

namespace detail {

inline void check(const RandomisationOptions& options) {
    if (options.weights == RandomWeights::truncated_normal && !(options.deviation > 0 && options.deviation < 1e9))
        raise<OptionError>("randomisation: expected a deviation above 0, got ", options.deviation);
}

template <class T>
void draw_truncated_normal(Tensor<T>& weights, double deviation, std::uint64_t seed) {
    Random random(seed);
    for (T& weight : weights) {
        double value = random.normal();
        while (std::abs(value) > 2) value = random.normal();
        weight = static_cast<T>(deviation * value);
    }
}

/// Draws one layer's weights anew.
template <class T>
void randomise_layer(Sequential<T>& model, std::size_t layer, const RandomisationOptions& options) {
    for (const ModelParameter<T>& each : model.parameters()) {
        if (each.layer != layer) continue;
        Tensor<T>& value = *each.parameter.value;
        const std::uint64_t seed = derived_seed(derived_seed(options.seed, layer), each.index);
        if (!each.parameter.decays || value.rank() < 2) {
            value.fill(each.parameter.first);
        } else if (options.weights == RandomWeights::he) {
            draw_normal(value, he_deviation(value.shape()), seed);
        } else {
            draw_truncated_normal(value, options.deviation, seed);
        }
    }
}

/// The layers up to `top` that have parameters, from the top.
template <class T>
std::vector<std::size_t> layers_with_parameters(Sequential<T>& model, std::size_t top) {
    std::vector<std::size_t> layers;
    for (const ModelParameter<T>& each : model.parameters())
        if (each.layer <= top && (layers.empty() || layers.back() != each.layer)) layers.push_back(each.layer);
    return {layers.rbegin(), layers.rend()};
}

/// The similarity of each picture's map to the other's.
template <class T>
std::vector<MapSimilarity> similarities(const Tensor<T>& a, const Tensor<T>& b) {
    std::vector<MapSimilarity> all(static_cast<std::size_t>(a.shape()[0]));
    parallel_for(a.shape()[0], 1, [&](Index begin, Index end) {
        for (Index n = begin; n < end; ++n) all[static_cast<std::size_t>(n)] = map_similarity(a.entry(n), b.entry(n));
    });
    return all;
}

/// The target of each picture: the one that is named, else the strongest of the model.
template <class T>
std::vector<Index> all_targets(const Sequential<T>& model, const Tensor<T>& pictures, std::size_t layer,
                               const std::vector<Index>& named) {
    if (named.empty()) return strongest_targets(model, pictures, layer);
    return named.size() == 1 ? std::vector<Index>(static_cast<std::size_t>(pictures.shape()[0]), named[0]) : named;
}

/// What both tests share: the pictures, the layer that is asked, the targets, the original maps.
template <class T>
class RandomisationRun {
  public:
    RandomisationRun(const Sequential<T>& model, const Tensor<T>& images, WayBack way,
                     const RandomisationOptions& options)
        : model_(model),
          pictures_(explained_pictures(model, images, "randomisation")),
          asked_(asked_layer(model, {.layer = options.layer})),
          options_(options) {
        check(options);
        expect_targets(model, asked_, options.targets, pictures_.shape()[0], "randomisation");
        layers_ = layers_with_parameters(model_, asked_);
        if (layers_.empty()) raise<OptionError>("randomisation: no layer up to '", model.name(asked_), "' has weights");
        way.seed = SeedValue::one;
        result_.way = std::move(way);
        result_.targets = all_targets(model, pictures_, asked_, options.targets);
        result_.original = maps();
    }

    Randomisation<T> run(bool cascading) {
        ProgressMeter meter("randomisation", "layers", std::ssize(layers_), options_.progress);
        for (const std::size_t layer : layers_) {
            const AnyLayer<T> trained = model_.layer(layer);
            randomise_layer(model_, layer, options_);
            RandomisationStage<T> stage;
            stage.layer = model_.name(layer);
            stage.maps = maps();
            stage.similarity = similarities(stage.maps, result_.original);
            stage.mean = mean_similarity(stage.similarity);
            result_.stages.push_back(std::move(stage));
            if (!cascading) restore(layer, trained);
            meter.advance();
        }
        return std::move(result_);
    }

  private:
    Tensor<T> maps() const { return explain_checked(model_, pictures_, asked_, result_.targets, result_.way); }

    void restore(std::size_t layer, AnyLayer<T> trained) {
        const std::vector<Parameter<T>> before = trained.parameters();
        for (const ModelParameter<T>& each : model_.parameters())
            if (each.layer == layer) *each.parameter.value = *before[each.index].value;
    }

    Sequential<T> model_;  // a copy, whose weights are drawn
    Tensor<T> pictures_;
    std::size_t asked_;
    const RandomisationOptions& options_;
    std::vector<std::size_t> layers_;
    Randomisation<T> result_;
};

}  // namespace detail

/// A copy of a model in which every layer has random weights, the same that the tests below draw. Throws OptionError
/// for a deviation that is not positive.
template <class T>
Sequential<T> randomised(const Sequential<T>& model, const RandomisationOptions& options = {}) {
    detail::check(options);
    Sequential<T> copy = model;
    for (std::size_t layer = 0; layer < copy.size(); ++layer) detail::randomise_layer(copy, layer, options);
    return copy;
}

/// Cascading randomisation [adebayo2018, §3.1]: the layers with weights lose them one after the other, from the one
/// that is asked about (by default the classifier) down to the first; after each, the maps are made again and compared
/// with the original ones. A way back that shows what the network has learned must change; one whose maps stay alike to
/// the end shows the picture and the architecture. There is no threshold: compare ways with each other.
///
///     auto test = cascading_randomisation(model, images, WayBack::guided_backpropagation());
///     test.stages.back().mean.rank    // all weights random: how alike the maps still are
///
/// Where the paper is silent: each picture is asked about the class that the model as it came gives it, all the way
/// down; asked about a map, its strongest unit is looked for again at each stage. Seeds are 1 whatever the way says: a
/// random network's activation may be negative or zero, and the map would change its sign, or be lost, for that reason
/// alone. Similarities are those of map_similarity, over all channels; the paper's HOG measure is not among them. The
/// layers above the one that is asked play no part.
///
/// Throws like `explain`, and OptionError for a model without weights or a deviation that is not positive,
/// CancelledError where `progress` said so. The model is not changed. The result does not depend on the number of
/// threads. Cost: a copy of the model; for each layer with weights one `explain` and a few sorts a picture. Memory: the
/// maps of all stages.
template <class T>
Randomisation<T> cascading_randomisation(const Sequential<T>& model, const Tensor<T>& images, const WayBack& way,
                                         const RandomisationOptions& options = {}) {
    return detail::RandomisationRun<T>(model, images, way, options).run(true);
}

/// Independent randomisation [adebayo2018, §3.2]: the same with one layer at a time, all others as they came.
template <class T>
Randomisation<T> independent_randomisation(const Sequential<T>& model, const Tensor<T>& images, const WayBack& way,
                                           const RandomisationOptions& options = {}) {
    return detail::RandomisationRun<T>(model, images, way, options).run(false);
}

}  // namespace deconvviz
