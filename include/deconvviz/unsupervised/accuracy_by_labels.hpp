/// @file
/// accuracy_by_labels: how well a linear classifier on features does with few labels, and with more.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/unsupervised/few_labels.hpp"
#include "deconvviz/unsupervised/linear_probe.hpp"

namespace deconvviz {

/// What came of one number of labels.
struct LabelPoint {
    Index labels = 0;                // in all
    double mean = 0;                 // of the accuracies, in [0, 1]
    double deviation = 0;            // their standard deviation over the draws (divided by draws - 1); 0 for one draw
    std::vector<double> accuracies;  // of each draw, on the test pictures
};

/// The point with the mean and the deviation of its accuracies, of which there must be one.
inline LabelPoint summarised(LabelPoint point) {
    if (point.accuracies.empty()) detail::raise<OptionError>("label point: expected at least one accuracy, got none");
    const auto count = static_cast<double>(point.accuracies.size());
    double squares = 0;
    point.mean = 0;
    for (const double accuracy : point.accuracies) point.mean += accuracy / count;
    for (const double accuracy : point.accuracies) squares += (accuracy - point.mean) * (accuracy - point.mean);
    point.deviation = count > 1 ? std::sqrt(squares / (count - 1)) : 0;
    return point;
}

/// Options of accuracy_by_labels.
struct AccuracyByLabelsOptions {
    std::vector<Index> per_class = {3, 10, 30, 100};  // labelled pictures of each class
    Index draws = 5;
    std::uint64_t seed = 1;         // of the draws: the same seed draws the same pictures, whatever the features
    LinearProbeOptions probe = {};  // but for its progress
    OnProgress progress = {};       // counts classifiers
};

/// For each number of labels, several times: draws so many pictures of each class (draw_labelled), learns a
/// linear_probe on their features and measures it on all test pictures. Features are (N, F), as of layer_features or
/// pixels; labels are those of the pictures, and only those of the drawn ones are used.
///
/// Curves of several kinds of features compare where the seed is the same. Throws OptionError for no draws or where a
/// class has too few pictures, and what draw_labelled, linear_probe and evaluate throw.
template <class T>
std::vector<LabelPoint> accuracy_by_labels(const Tensor<T>& train, const std::vector<int>& train_labels,
                                           const Tensor<T>& test, const std::vector<int>& test_labels, int classes,
                                           const AccuracyByLabelsOptions& options = {}) {
    if (options.draws < 1)
        detail::raise<OptionError>("accuracy by labels: expected at least one draw, got ", options.draws);
    if (train.rank() != 2)
        detail::raise<ShapeError>("accuracy by labels: expected features (N,F), got ", train.shape());
    const Dataset<T> all = detail::feature_set(train, train_labels, classes);
    const Index features = train.shape()[1];
    detail::ProgressMeter meter("accuracy by labels", "classifiers",
                                options.draws * static_cast<Index>(options.per_class.size()), options.progress);
    std::vector<LabelPoint> points;
    for (const Index per_class : options.per_class) {
        LabelPoint point{.labels = per_class * classes, .accuracies = {}};
        for (Index draw = 0; draw < options.draws; ++draw) {
            const Dataset<T> few =
                draw_labelled(all, per_class, derived_seed(options.seed, static_cast<std::uint64_t>(draw)));
            const auto probe =
                linear_probe(few.images.reshaped({few.size(), features}), few.labels, classes, options.probe);
            point.accuracies.push_back(evaluate(probe, test, test_labels).accuracy);
            meter.advance();
        }
        points.push_back(summarised(std::move(point)));
    }
    return points;
}

}  // namespace deconvviz
