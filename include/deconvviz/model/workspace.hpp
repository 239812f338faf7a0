/// @file
/// Workspace: the memory of a forward pass, to be used again.
#pragma once

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// What a pass needs while it runs and nobody needs afterwards. With a workspace of its own, a pass that is done again
/// and again allocates nothing from its second time on:
///
///     Workspace<float> workspace;
///     for (const Tensor<float>& image : images) show(model.forward(image, workspace));
///
/// It serves any model, shape and batch, one pass at a time: threads take one each. Its memory grows as passes need it,
/// and is given back by `workspace = {}` or with the workspace.
///
/// It holds two tensors, between which a pass goes to and fro, and the record of one layer. So a forward pass takes the
/// memory of two activations: the largest two that are neighbours, where those of a network get smaller on its way (at
/// worst the largest two). Layers that work in place (ReLU, Flatten, Dropout, Softmax) take no second one, and the
/// input stays where it is.
template <class T>
class Workspace {
  public:
    /// The first tensor, or the second where `taken` is the first: room for what is computed from `taken`.
    Tensor<T>& other_than(const Tensor<T>& taken) { return &taken == &first_ ? second_ : first_; }

    /// For layers to write in; nobody reads it.
    Record<T>& record() { return record_; }

  private:
    Tensor<T> first_;
    Tensor<T> second_;
    Record<T> record_;
};

}  // namespace deconvviz
