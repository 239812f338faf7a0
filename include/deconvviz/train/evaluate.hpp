/// @file
/// Evaluation of a classifier on a data set.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/workspace.hpp"
#include "deconvviz/train/loss.hpp"

namespace deconvviz {

/// How well a model classifies.
struct Evaluation {
    double accuracy = 0;           // share of pictures classified as their label, in [0, 1]
    double loss = 0;               // mean softmax cross-entropy, in nats
    std::vector<int> predictions;  // the class of the largest logit (the first of equal ones), for each picture
    Tensor<double> confusion;      // (classes, classes): how many pictures of class row were classified as class column
};

namespace detail {

/// Throws ShapeError unless the model takes the data set's pictures and gives a logit for each of its classes.
template <class T>
void expect_fit(const Sequential<T>& model, const Dataset<T>& data) {
    data.check();
    if (data.images.shape().sample() != model.input_shape())
        detail::raise<ShapeError>("the model takes ", model.input_shape(), ", the data set has pictures of ",
                                  data.images.shape().sample());
    if (model.output_shape() != Shape{data.classes})
        detail::raise<ShapeError>("the data set has ", data.classes, " classes, so the model must end in (",
                                  data.classes, "), it ends in ", model.output_shape());
}

/// Copies the pictures `order[first]` … of a data set, with their labels.
template <class T>
void gather(const Dataset<T>& data, std::span<const Index> order, Tensor<T>& images, std::vector<int>& labels) {
    images.resize(data.images.shape().sample().batched(static_cast<Index>(order.size())));
    labels.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        std::ranges::copy(data.images.slice(order[i]), images.slice(static_cast<Index>(i)).begin());
        labels[i] = data.labels[static_cast<std::size_t>(order[i])];
    }
}

}  // namespace detail

/// Runs the model, whose output are logits, over the whole data set in batches. Memory grows with the batch, not the
/// set. Throws ShapeError where model and data do not fit, OptionError for an empty set or a batch below 1,
/// CancelledError where `progress`, told after each batch in pictures, said so.
template <class T>
Evaluation evaluate(const Sequential<T>& model, const Dataset<T>& data, Index batch = 256,
                    const OnProgress& progress = {}) {
    detail::expect_fit(model, data);
    if (batch < 1) detail::raise<OptionError>("evaluate: expected a batch of at least 1, got ", batch);
    detail::ProgressMeter meter("evaluate", "pictures", data.size(), progress);
    Evaluation result;
    result.confusion = Tensor<double>({data.classes, data.classes});
    std::vector<Index> order;
    Tensor<T> images;
    Workspace<T> workspace;
    std::vector<int> labels;
    for (Index begin = 0; begin < data.size(); begin += batch) {
        order.resize(static_cast<std::size_t>(std::min(batch, data.size() - begin)));
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = begin + static_cast<Index>(i);
        detail::gather(data, order, images, labels);
        const Tensor<T>& logits = model.forward(images, workspace);
        result.loss += softmax_cross_entropy<T>(logits, labels).loss * static_cast<double>(order.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            const auto row = logits.slice(static_cast<Index>(i));
            const auto predicted = std::max_element(row.begin(), row.end()) - row.begin();
            result.predictions.push_back(static_cast<int>(predicted));
            result.confusion(labels[i], predicted) += 1;
            result.accuracy += predicted == labels[i];
        }
        meter.advance(static_cast<Index>(order.size()));
    }
    result.accuracy /= static_cast<double>(data.size());
    result.loss /= static_cast<double>(data.size());
    return result;
}

}  // namespace deconvviz
