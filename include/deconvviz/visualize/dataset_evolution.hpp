/// @file
/// Feature evolution over a data set: what excites chosen maps most, again and again while a model learns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/picture_source.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "deconvviz/visualize/top_activations.hpp"
#include "deconvviz/visualize/top_activations_pass.hpp"

namespace deconvviz {

/// A layer that is watched, and which of its maps; all of them where none are named.
struct WatchedLayer {
    LayerId layer;
    std::vector<Index> maps = {};
};

/// What a DatasetEvolution watches.
struct DatasetEvolutionOptions {
    std::vector<WatchedLayer> layers;
    std::vector<int> epochs = {};  // those at which `record` looks; by default at each that it is called for
    ReverseRules rules = {};
    SeedValue value = SeedValue::activation;
    double beyond = 0;         // what a patch holds beyond the picture's border
    Index batch = 0;           // pictures at once; 0: up to 64, fewer where their activations are large
    OnProgress progress = {};  // told during each pass over the data set, in pictures
};

/// A map that is watched.
struct WatchedMap {
    std::string layer;
    Index map = 0;

    friend bool operator==(const WatchedMap&, const WatchedMap&) = default;
};

/// What a watched map looked like after one epoch.
template <class T>
struct EvolvedMap {
    /// The strongest activation over all pictures, its projection and its patch; nothing where no picture excites the
    /// map.
    std::optional<TopProjection<T>> strongest;
    /// Another picture has it than in the frame before; never so in the first frame, or where one of the two frames has
    /// no activation.
    bool jumped = false;
};

/// The state after one epoch.
template <class T>
struct DatasetEvolutionFrame {
    int epoch = 0;
    std::vector<EvolvedMap<T>> maps;  // one for each of DatasetEvolution::maps()
};

/// Watches chosen maps of one layer or several over the epochs of a training: of each map the strongest activation over
/// all pictures of a data set, projected by that picture's switches [zeiler2014, §4, Fig. 4]. Where a frame looks
/// unlike the one before, either the features have changed or another picture has taken over, which `jumped` tells. For
/// one fixed picture, in which the model alone changes, there is FeatureEvolution.
///
///     DatasetEvolution<float> evolution({.layers = {{"relu2", {0, 3}}, {"relu3"}}, .epochs = {0, 1, 2, 5, 10}});
///     evolution.record(model, data.train, 0);
///     fit(model, data.train, {.epochs = 10},
///         [&](const EpochReport& report) { evolution.record(model, data.train, report.epoch); });
///
/// The pictures are looked at as they are: what fit's `augment` does to them plays no part. The paper's epochs are 1,
/// 2, 5, 10, 20, 30, 40 and 64.
/// Memory: for each frame and map a projection and a patch of the size of its receptive field.
template <class T>
class DatasetEvolution {
  public:
    /// Throws OptionError where no layer is named.
    explicit DatasetEvolution(DatasetEvolutionOptions options) : options_(std::move(options)) {
        if (options_.layers.empty()) detail::raise<OptionError>("dataset evolution: expected at least one layer");
    }

    /// Looks at the model as it is now; returns whether it did: not at an epoch that the options leave out. `pictures`
    /// should be the same each time, as a picture is known by its number.
    /// Throws what top_activations and project_top throw, StateError for a model of which other maps would be watched
    /// than before; no frame is added then.
    /// Cost: a forward pass of all pictures up to the highest layer, and a walk back for each map.
    bool record(const Sequential<T>& model, const std::type_identity_t<PictureSource<T>>& pictures, int epoch) {
        const auto& epochs = options_.epochs;
        if (!epochs.empty() && std::find(epochs.begin(), epochs.end(), epoch) == epochs.end()) return false;
        if (pictures.size() == 0)
            detail::raise<OptionError>("dataset evolution: expected at least one picture, got none");
        std::vector<TopActivations<T>> tops;
        std::vector<WatchedMap> maps;
        for (const WatchedLayer& watched : options_.layers) {
            tops.emplace_back(model, TopActivationsOptions{.layer = watched.layer, .maps = watched.maps, .count = 1});
            for (const Index map : tops.back().maps()) maps.push_back({tops.back().layer(), map});
        }
        if (!frames_.empty() && maps != maps_)
            detail::raise<StateError>("dataset evolution: expected a model with the same ", maps_.size(),
                                      " maps to watch as before, got one with ", maps.size());
        add_pictures<T>(model, pictures, tops, {.batch = options_.batch, .progress = options_.progress});
        DatasetEvolutionFrame<T> frame{epoch, {}};
        for (const TopActivations<T>& top : tops) {
            TopProjections<T> shown = project_top(
                model, pictures, top,
                {.rules = options_.rules, .value = options_.value, .beyond = options_.beyond, .batch = options_.batch});
            for (TopMap<T>& map : shown.maps) frame.maps.push_back(evolved(std::move(map), frame.maps.size()));
        }
        maps_ = std::move(maps);
        picture_ = model.input_shape();
        frames_.push_back(std::move(frame));
        return true;
    }

    /// The maps that are watched, layer after layer; empty before the first frame.
    const std::vector<WatchedMap>& maps() const { return maps_; }
    const std::vector<DatasetEvolutionFrame<T>>& frames() const { return frames_; }
    /// (C, H, W): of the pictures that were looked at last; of rank 0 before the first frame.
    const Shape& picture_shape() const { return picture_; }

  private:
    /// Compares a map with the same one in the frame before.
    EvolvedMap<T> evolved(TopMap<T> map, std::size_t index) const {
        if (map.entries.empty()) return {};
        EvolvedMap<T> now{std::move(map.entries.front()), false};
        if (frames_.empty()) return now;
        const auto& before = frames_.back().maps[index].strongest;
        now.jumped = before && before->unit.picture != now.strongest->unit.picture;
        return now;
    }

    DatasetEvolutionOptions options_;
    std::vector<WatchedMap> maps_;
    Shape picture_;
    std::vector<DatasetEvolutionFrame<T>> frames_;
};

}  // namespace deconvviz
