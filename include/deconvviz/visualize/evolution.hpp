/// @file
/// Feature evolution: how a layer's maps and their projections grow while a model learns.
#pragma once

#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/feature_maps.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

/// What a FeatureEvolution watches.
struct EvolutionOptions {
    LayerId layer;
    std::vector<Index> maps = {};  // by default all maps of the layer
    ReverseRules rules = {};
};

/// The state after one epoch.
template <class T>
struct EvolutionFrame {
    int epoch = 0;
    Tensor<T> feature_maps;  // (M, H, W): the chosen maps of the base image
    Tensor<T> projections;   // (M, C, H, W): the strongest activation of each chosen map, projected to the input
    std::vector<UnitActivation<T>> strongest;  // M: where each of these was, and its value
};

/// Watches the chosen maps of one layer, on one base image, over the epochs of a training: call `record` before the
/// first epoch and after each. After [zeiler2014, §4, Fig. 4], with a fixed base image instead of the strongest
/// picture of the training set, so that what changes is the model alone.
///
///     FeatureEvolution<float> evolution(image, {.layer = "relu2", .maps = {0, 3, 7}});
///     evolution.record(model, 0);
///     fit(model, data, {.epochs = 5}, [&](const EpochReport& report) { evolution.record(model, report.epoch); });
template <class T>
class FeatureEvolution {
  public:
    FeatureEvolution(Tensor<T> image, EvolutionOptions options)
        : image_(std::move(image)), options_(std::move(options)) {}

    /// Throws OptionError for an unknown layer or map, ShapeError where the image does not fit the model.
    /// Cost: one forward pass and one reverse pass a map.
    void record(const Sequential<T>& model, int epoch) {
        const Trace<T> trace = model.trace(image_);
        if (trace.batch() != 1)
            detail::raise<ShapeError>("evolution: expected one base image, got a batch of ", trace.batch());
        const Tensor<T> maps = deconvviz::feature_maps(trace, options_.layer);
        if (options_.maps.empty())
            for (Index m = 0; m < maps.shape()[0]; ++m) options_.maps.push_back(m);
        EvolutionFrame<T> frame;
        frame.epoch = epoch;
        std::vector<Tensor<T>> chosen;
        std::vector<Tensor<T>> projections;
        for (const Index map : options_.maps) {
            const MapOptions one{.layer = options_.layer, .map = map};
            frame.strongest.push_back(strongest_unit(trace, one));
            chosen.push_back(maps.entry(map));
            projections.push_back(deconvnet(model, trace, deconvviz::strongest(trace, one), options_.rules).entry(0));
        }
        frame.feature_maps = stack(chosen);
        frame.projections = stack(projections);
        frames_.push_back(std::move(frame));
    }

    const Tensor<T>& image() const { return image_; }
    /// The maps that are watched; those of the layer, after the first record, where none were chosen.
    const std::vector<Index>& maps() const { return options_.maps; }
    const std::vector<EvolutionFrame<T>>& frames() const { return frames_; }

  private:
    Tensor<T> image_;
    EvolutionOptions options_;
    std::vector<EvolutionFrame<T>> frames_;
};

}  // namespace deconvviz
