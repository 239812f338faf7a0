/// @file
/// Softmax cross-entropy, the loss of classification.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/softmax.hpp"

namespace deconvviz {

/// What a loss says of a batch.
struct LossReport {
    double loss = 0;    // mean over the batch, in nats
    Index correct = 0;  // pictures whose largest logit is that of their label (the first of equal ones counts)
};

/// The mean over the batch of -log softmax(logits[n])[labels[n]], and its gradient with respect to the logits,
/// (softmax(logits[n]) - one-hot(labels[n])) / N, into `grad` where that is given. logits: (N, classes).
/// Throws ShapeError where labels and logits do not go together, OptionError for a label that is no class.
template <class T>
LossReport softmax_cross_entropy(const Tensor<T>& logits, std::span<const int> labels, Tensor<T>* grad = nullptr) {
    if (logits.rank() != 2 || std::cmp_not_equal(logits.shape()[0], labels.size()))
        detail::raise<ShapeError>("loss: expected logits (N,classes) for ", labels.size(), " labels, got ",
                                  logits.shape());
    const Index classes = logits.shape()[1];
    if (grad != nullptr) grad->resize(logits.shape());
    LossReport report;
    for (Index n = 0; n < logits.shape()[0]; ++n) {
        const int label = labels[static_cast<std::size_t>(n)];
        if (label < 0 || label >= classes)
            detail::raise<OptionError>("loss: label ", label, " is not in 0 … ", classes - 1);
        const auto row = logits.slice(n);
        const auto largest = std::max_element(row.begin(), row.end());
        T sum = 0;
        for (const T logit : row) sum += std::exp(logit - *largest);
        report.loss -= static_cast<double>(row[static_cast<std::size_t>(label)] - *largest - std::log(sum));
        report.correct += largest - row.begin() == label;
        if (grad == nullptr) continue;
        const auto out = grad->slice(n);
        softmax<T>(row, out);
        out[static_cast<std::size_t>(label)] -= 1;
        for (T& g : out) g /= static_cast<T>(labels.size());
    }
    report.loss /= static_cast<double>(labels.size());
    return report;
}

}  // namespace deconvviz
