/// @file
/// Saliency maps: how much each pixel matters for the score of a class.
#pragma once

#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/ways_back.hpp"

namespace deconvviz {

/// Saliency maps [simonyan2014, §3.1] of pictures (N, C, H, W), or of one picture (C, H, W): (N, 1, H, W),
///
///     M[n,0,y,x] = max_c |∂S / ∂I[n,c,y,x]|,
///
/// S the score of the class before any softmax. `classes` names one class for all pictures or one for each; without it,
/// each picture is asked about the class that the model gives it.
///
///     auto where = saliency(model, image, {6});
///
/// The same as `explain` with WayBack::saliency() for a model that ends in classes; throws as that does, and ShapeError
/// for a model that does not. The paper's map is that of one class of one picture; it crops, averages and thresholds
/// nothing, and neither does this.
template <class T>
Tensor<T> saliency(const Sequential<T>& model, const Tensor<T>& images, const std::vector<Index>& classes = {}) {
    detail::expect_classes(model, "saliency");
    return explain(model, images, {.targets = classes}, WayBack::saliency());
}

}  // namespace deconvviz
