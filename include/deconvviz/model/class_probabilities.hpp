/// @file
/// Class probabilities of a classifier, whether it ends in logits or in a Softmax.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {

namespace detail {

/// Throws ShapeError unless the model ends in flat features, one for each class; `what` is who asks.
template <class T>
void expect_classes(const Sequential<T>& model, std::string_view what) {
    if (model.output_shape().rank() != 1)
        raise<ShapeError>(what, ": the model must end in classes (F), it ends in ", model.output_shape());
}

/// Throws OptionError for a class that the model, which ends in classes, does not have.
template <class T>
void expect_class(const Sequential<T>& model, std::optional<Index> label, std::string_view what) {
    const Index classes = model.output_shape()[0];
    if (label && (*label < 0 || *label >= classes))
        raise<OptionError>(what, ": there is no class ", *label, ": the classes are 0 … ", classes - 1);
}

/// The softmax that the model ends in, where it ends in one over the classes: of flat features, or of maps of one pixel
/// that are flattened then.
template <class T>
std::optional<std::size_t> final_softmax(const Sequential<T>& model) {
    std::size_t i = model.size() - 1;
    while (i > 0 && (model.layer(i).kind() == "Flatten" || model.layer(i).kind() == "Dropout")) --i;
    const Shape& shape = model.output_shape(i);
    if (model.layer(i).kind() != "Softmax" || shape[0] != shape.elements()) return std::nullopt;
    return i;
}

/// Makes probabilities of the model's output (N, classes), in place.
template <class T>
void make_probabilities(const Sequential<T>& model, Tensor<T>& output) {
    if (final_softmax(model)) return;
    for (Index n = 0; n < output.shape()[0]; ++n) softmax<T>(output.slice(n), output.slice(n));
}

}  // namespace detail

/// Class probabilities (N, classes) of a batch, or of one picture as a batch of one: the model's output where its last
/// layer is of the kind Softmax (a Flatten or Dropout behind it does not count), else the softmax of its output, which
/// then are logits.
/// Throws ShapeError for an input of another shape or a model that does not end in classes (F).
template <class T>
Tensor<T> class_probabilities(const Sequential<T>& model, const Tensor<T>& images) {
    detail::expect_classes(model, "class probabilities");
    Tensor<T> output = model.forward(images);
    detail::make_probabilities(model, output);
    return output;
}

}  // namespace deconvviz
