/// @file
/// The class-swap test: does the map change when it is asked about another class?
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/randomisation.hpp"
#include "deconvviz/visualize/similarity.hpp"
#include "deconvviz/visualize/ways_back.hpp"

namespace deconvviz {

/// Options of class_swap.
struct ClassSwapOptions {
    std::vector<Index> classes = {};  // those that the predicted one is compared with; by default all
    OnProgress progress = {};         // told after each class
};

/// The outcome of a class-swap test; the lists have an entry for each picture.
template <class T>
struct ClassSwap {
    WayBack way;
    std::vector<Index> predicted;            // the class with the largest score
    std::vector<Index> least;                // of the classes that are compared, the one with the smallest score
    Tensor<T> predicted_maps;                // (N, C, H, W) or (N, 1, H, W)
    Tensor<T> least_maps;                    // likewise
    std::vector<MapSimilarity> with_least;   // of these two
    std::vector<MapSimilarity> with_others;  // of the predicted one's map to the others', the mean over these classes
    MapSimilarity mean_with_least;           // over the pictures for which it is defined
    MapSimilarity mean_with_others;
};

namespace detail {

/// The classes to compare with. Throws OptionError for one that there is not, or where there is none but one.
inline std::vector<Index> swapped_classes(std::vector<Index> classes, Index count) {
    if (classes.empty())
        for (Index c = 0; c < count; ++c) classes.push_back(c);
    for (const Index c : classes)
        if (c < 0 || c >= count)
            raise<OptionError>("class swap: there is no class ", c, ": the classes are 0 … ", count - 1);
    std::ranges::sort(classes);
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    if (classes.size() < 2) raise<OptionError>("class swap: expected at least two classes, got ", classes.size());
    return classes;
}

}  // namespace detail

/// The class-swap test: makes the map of the class that the model gives a picture, and that of each other class, and
/// compares them. Where they are alike, the map does not say why the picture was given that class [nie2018]
/// [mahendran2016]; it shows what the network sees in it, or the picture. A map that depends on the class may still
/// be no faithful one.
///
/// Seeds are 1 at the class's score, before any softmax, whatever the way says: the activation of a class that the
/// model does not see is negative, and would turn the sign of the whole map.
///
/// Throws like `explain`, ShapeError for a model that does not end in classes, OptionError for a class that there is
/// not or fewer than two, CancelledError where `progress` said so. The result does not depend on the number of threads.
/// Cost: one `explain` a class and picture. Memory: the maps of three classes.
template <class T>
ClassSwap<T> class_swap(const Sequential<T>& model, const Tensor<T>& images, WayBack way,
                        const ClassSwapOptions& options = {}) {
    detail::expect_classes(model, "class swap");
    const Tensor<T> pictures = detail::explained_pictures(model, images, "class swap");
    const std::vector<Index> classes = detail::swapped_classes(options.classes, model.output_shape()[0]);
    const std::size_t layer = detail::score_layer(model);
    way.seed = SeedValue::one;

    ClassSwap<T> swap;
    swap.predicted = strongest_targets(model, pictures);
    const Index count = pictures.shape()[0];
    const auto at = [](Index i) { return static_cast<std::size_t>(i); };
    for (Index n = 0; n < count; ++n) {
        const Trace<T> trace = model.trace(pictures.entry(n), {.last = layer});
        const auto score = [&](Index c) { return trace.activation(layer)[c]; };
        std::vector<Index> others = classes;
        std::erase(others, swap.predicted[at(n)]);
        swap.least.push_back(*std::ranges::min_element(others, {}, score));
    }
    const auto maps_of = [&](const std::vector<Index>& targets) {
        return detail::explain_checked(model, pictures, layer, targets, way);
    };
    swap.predicted_maps = maps_of(swap.predicted);
    swap.least_maps = maps_of(swap.least);
    swap.with_least = detail::similarities(swap.least_maps, swap.predicted_maps);

    detail::ProgressMeter meter("class swap", "classes", std::ssize(classes), options.progress);
    std::vector<std::vector<MapSimilarity>> with_others(at(count));
    for (const Index c : classes) {
        const std::vector<MapSimilarity> all = detail::similarities(maps_of({c}), swap.predicted_maps);
        for (Index n = 0; n < count; ++n)
            if (swap.predicted[at(n)] != c) with_others[at(n)].push_back(all[at(n)]);
        meter.advance();
    }
    for (const std::vector<MapSimilarity>& all : with_others) swap.with_others.push_back(mean_similarity(all));
    swap.mean_with_least = mean_similarity(swap.with_least);
    swap.mean_with_others = mean_similarity(swap.with_others);
    swap.way = std::move(way);
    return swap;
}

}  // namespace deconvviz
