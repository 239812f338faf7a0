/// @file
/// Few labels: a small labelled part of a data set, and a layer's features for all of its pictures.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/evaluate.hpp"

namespace deconvviz {

/// Options of layer_features.
struct LayerFeaturesOptions {
    Index batch = 256;
    OnProgress progress = {};  // counts pictures
};

/// What a layer gives for each picture of a data set, flattened: (N, F), F = C · H · W in row-major order. Memory: the
/// result, and the trace of a batch. Throws OptionError for an unknown layer or a batch below 1, ShapeError for
/// pictures that are not a batch (N, …) of the model's input.
template <class T>
Tensor<T> layer_features(const Sequential<T>& model, const Tensor<T>& images, const LayerId& layer,
                         const LayerFeaturesOptions& options = {}) {
    if (options.batch < 1)
        detail::raise<OptionError>("layer features: expected a batch of at least 1, got ", options.batch);
    if (images.rank() == 0 || images.shape().sample() != model.input_shape())
        detail::raise<ShapeError>("layer features: expected a batch of ", model.input_shape(), ", got ",
                                  images.shape());
    const Index count = images.shape()[0];
    Tensor<T> features({count, model.output_shape(layer).elements()});
    detail::ProgressMeter meter("layer features", "pictures", count, options.progress);
    Trace<T> trace;
    Tensor<T> batch;
    for (Index begin = 0; begin < count; begin += options.batch) {
        const Index taken = std::min(options.batch, count - begin);
        batch.resize(images.shape().sample().batched(taken));
        std::copy_n(images.data() + begin * model.input_shape().elements(), batch.size(), batch.data());
        model.trace(batch, trace, {.last = layer});
        std::ranges::copy(trace.activation(layer), features.data() + begin * features.shape()[1]);
        meter.advance(taken);
    }
    return features;
}

/// A data set of `per_class` pictures of each class, drawn at random from another, in random order: few labels.
/// Throws what Dataset::check throws, and OptionError where a class has fewer pictures, or for less than one.
template <class T>
Dataset<T> draw_labelled(const Dataset<T>& data, Index per_class, std::uint64_t seed) {
    data.check();
    if (per_class < 1)
        detail::raise<OptionError>("draw_labelled: expected at least one picture of each class, got ", per_class);
    Random random(seed);
    std::vector<Index> order(static_cast<std::size_t>(data.size()));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
    random.shuffle(order);
    std::vector<Index> found(static_cast<std::size_t>(data.classes));
    std::erase_if(order, [&](Index i) {
        return ++found[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(i)])] > per_class;
    });
    for (std::size_t label = 0; label < found.size(); ++label)
        if (found[label] < per_class)
            detail::raise<OptionError>("draw_labelled: expected ", per_class, " pictures of class ", label,
                                       ", there are ", found[label]);
    Dataset<T> drawn{.images = {}, .labels = {}, .classes = data.classes};
    detail::gather(data, order, drawn.images, drawn.labels);
    return drawn;
}

}  // namespace deconvviz
