/// @file
/// linear_probe: a linear classifier on features, which shows what they know of the classes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/evaluate.hpp"
#include "deconvviz/train/fit.hpp"

namespace deconvviz {

/// How features are brought to one scale before a linear classifier. overall: their means are taken off, and all are
/// divided by one number, so that those that vary little stay small. each: every feature is divided by its own
/// deviation.
enum class FeatureScaling { overall, each };

/// Shifts and scales features so that those that it was made from have mean 0 and, as vectors, a mean square length of
/// 1: so that one learning rate fits any number of features.
template <class T>
struct Standardisation {
    std::vector<double> mean;
    std::vector<double> factor;

    /// features: (N, F). Throws ShapeError for another number of features.
    void apply(Tensor<T>& features) const {
        if (features.rank() != 2 || std::cmp_not_equal(features.shape()[1], mean.size()))
            detail::raise<ShapeError>("standardisation: expected features (N,", mean.size(), "), got ",
                                      features.shape());
        for (Index n = 0; n < features.shape()[0]; ++n) {
            const auto row = features.slice(n);
            for (std::size_t f = 0; f < row.size(); ++f)
                row[f] = static_cast<T>((static_cast<double>(row[f]) - mean[f]) * factor[f]);
        }
    }
};

/// That of features (N, F). Those that do not vary, or for `each` less than by a 10^-6 of the one that varies most (a
/// dead map), become 0. Throws ShapeError for another shape or no features.
template <class T>
Standardisation<T> standardisation(const Tensor<T>& features, FeatureScaling scaling = FeatureScaling::overall) {
    if (features.rank() != 2 || features.empty())
        detail::raise<ShapeError>("standardisation: expected features (N,F), got ", features.shape());
    const auto count = static_cast<double>(features.shape()[0]);
    const auto width = static_cast<std::size_t>(features.shape()[1]);
    Standardisation<T> result{std::vector<double>(width), std::vector<double>(width)};
    std::vector<double> variance(width);
    for (Index n = 0; n < features.shape()[0]; ++n)
        for (std::size_t f = 0; f < width; ++f) result.mean[f] += static_cast<double>(features.slice(n)[f]) / count;
    for (Index n = 0; n < features.shape()[0]; ++n)
        for (std::size_t f = 0; f < width; ++f) {
            const double difference = static_cast<double>(features.slice(n)[f]) - result.mean[f];
            variance[f] += difference * difference / count;
        }
    const double largest = *std::max_element(variance.begin(), variance.end());
    double length = 0;  // mean square
    for (const double v : variance) length += scaling == FeatureScaling::overall ? v : v > 1e-12 * largest ? 1 : 0;
    if (!(length > 0)) return result;
    for (std::size_t f = 0; f < width; ++f) {
        if (!(variance[f] > 1e-12 * largest)) continue;
        result.factor[f] = 1 / std::sqrt(scaling == FeatureScaling::overall ? length : length * variance[f]);
    }
    return result;
}

/// Options of linear_probe.
struct LinearProbeOptions {
    FeatureScaling scaling = FeatureScaling::overall;
    /// The weight decays to choose from.
    std::vector<double> weight_decays = {1e-5, 1e-4, 1e-3, 1e-2};
    Index folds = 5;    // of the cross-validation that chooses
    Index steps = 300;  // of gradient descent for each training
    Index batch = 100;
    double learning_rate = 3;
    std::uint64_t seed = 1;
    OnProgress progress = {};  // counts trainings
};

/// A linear classifier on features.
template <class T>
struct LinearProbe {
    Standardisation<T> scale;
    Sequential<T> classifier;  // of (F, 1, 1): Flatten and Dense
    double weight_decay = 0;   // the one that was chosen
    double validation = 0;     // its accuracy on the folds left out
};

namespace detail {

/// Flat features as the pictures (F, 1, 1) of a data set.
template <class T>
Dataset<T> feature_set(Tensor<T> features, const std::vector<int>& labels, int classes) {
    const Shape shape{features.shape()[0], features.shape()[1], 1, 1};
    return {std::move(features).reshaped(shape), labels, classes};
}

template <class T>
Sequential<T> fit_linear(const Dataset<T>& data, double weight_decay, const LinearProbeOptions& options) {
    const Index features = data.images.shape()[1];
    Sequential<T> classifier({features, 1, 1}, Flatten<T>(), Dense<T>({.in = features, .out = data.classes}));
    classifier.template layer<Dense<T>>(1).weights().fill(T(0));
    const Index batches = (data.size() + options.batch - 1) / options.batch;
    fit(classifier, data,
        {.epochs = static_cast<int>((options.steps + batches - 1) / batches),
         .batch = options.batch,
         .learning_rate = options.learning_rate,
         .weight_decay = weight_decay,
         .seed = options.seed});
    return classifier;
}

/// For each picture the fold that it belongs to: drawn at random, with as many of each class in each fold as can be.
inline std::vector<Index> draw_folds(const std::vector<int>& labels, Index folds, std::uint64_t seed) {
    std::vector<std::size_t> order(labels.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    Random(seed).shuffle(order);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return labels[a] < labels[b]; });
    std::vector<Index> fold_of(labels.size());
    for (std::size_t i = 0; i < order.size(); ++i) fold_of[order[i]] = static_cast<Index>(i) % folds;
    return fold_of;
}

/// The pictures of a fold, or all others.
template <class T>
Dataset<T> part_of(const Dataset<T>& data, const std::vector<Index>& fold_of, Index fold, bool others) {
    std::vector<Index> order;
    for (Index i = 0; i < data.size(); ++i)
        if ((fold_of[static_cast<std::size_t>(i)] != fold) == others) order.push_back(i);
    Dataset<T> part{.images = {}, .labels = {}, .classes = data.classes};
    gather(data, order, part.images, part.labels);
    return part;
}

}  // namespace detail

/// A softmax classifier on features (N, F) of labelled pictures: what a layer knows of the classes. The features are
/// standardised, the weights begin at 0 and are learned by `fit`; the weight decay is the one with the best mean
/// accuracy in a cross-validation over random folds with the classes evenly spread (the first of equal ones, so the
/// weakest where they are given in rising order), with which the classifier is then learned from all pictures. (A
/// problem with one minimum: the seed matters little.) Throws OptionError for folds outside of 2 … N, no weight decay,
/// or steps below 1; ShapeError where features and labels do not go together; and what fit throws. Cost: (weight decays
/// · folds + 1) · steps · batch · F · classes · 6 operations.
template <class T>
LinearProbe<T> linear_probe(Tensor<T> features, const std::vector<int>& labels, int classes,
                            const LinearProbeOptions& options = {}) {
    if (features.rank() != 2 || std::cmp_not_equal(features.shape()[0], labels.size()))
        detail::raise<ShapeError>("linear probe: expected features (N,F) for ", labels.size(), " labels, got ",
                                  features.shape());
    if (options.folds < 2 || std::cmp_greater(options.folds, labels.size()) || options.weight_decays.empty() ||
        options.steps < 1 || options.batch < 1)
        detail::raise<OptionError>("linear probe: expected 2 … ", labels.size(),
                                   " folds, a weight decay or more, and steps and batch of at least 1, got ",
                                   options.folds, " folds, ", options.weight_decays.size(), " weight decays, ",
                                   options.steps, " steps and a batch of ", options.batch);
    const Standardisation<T> scale = standardisation(features, options.scaling);
    scale.apply(features);
    const Dataset<T> data = detail::feature_set(std::move(features), labels, classes);
    detail::ProgressMeter meter("linear probe", "trainings",
                                options.folds * static_cast<Index>(options.weight_decays.size()) + 1, options.progress);
    const std::vector<Index> folds = detail::draw_folds(labels, options.folds, options.seed);
    double best = -1;
    double chosen = 0;
    for (const double decay : options.weight_decays) {
        double accuracy = 0;
        for (Index fold = 0; fold < options.folds; ++fold) {
            const auto classifier = detail::fit_linear(detail::part_of(data, folds, fold, true), decay, options);
            accuracy += evaluate(classifier, detail::part_of(data, folds, fold, false)).accuracy /
                        static_cast<double>(options.folds);
            meter.advance();
        }
        if (!(accuracy > best)) continue;
        best = accuracy;
        chosen = decay;
    }
    LinearProbe<T> probe{scale, detail::fit_linear(data, chosen, options), chosen, best};
    meter.advance();
    return probe;
}

/// How well the probe classifies other features. Throws ShapeError where they do not fit.
template <class T>
Evaluation evaluate(const LinearProbe<T>& probe, Tensor<T> features, const std::vector<int>& labels) {
    probe.scale.apply(features);
    return evaluate(probe.classifier, detail::feature_set(std::move(features), labels,
                                                          static_cast<int>(probe.classifier.output_shape()[0])));
}

}  // namespace deconvviz
