/// @file
/// Picture: what a figure shows in one place, values or finished pixels; and the splitting of tensors into pictures.
#pragma once

#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/image.hpp"

namespace deconvviz::figure {

/// Values to be coloured when the figure is drawn, or an Image that is shown as it is, or nothing. Tensors and images
/// convert to it, so that figures take them directly.
class Picture {
  public:
    /// Nothing: the place in the figure stays empty.
    Picture() = default;

    /// One plane (H,W) or (1,H,W), which a colour scale will colour, or red, green and blue (3,H,W); a batch of one of
    /// these also fits. Throws ShapeError for another shape or one without values.
    Picture(const Tensor<double>& values) : values_(planes(values)) {}  // NOLINT: conversion is the point
    Picture(const Tensor<float>& values)                                // NOLINT
        : Picture(Tensor<double>(values.shape(), std::vector<double>(values.begin(), values.end()))) {}

    Picture(Image image) : image_(std::move(image)) {}  // NOLINT

    bool empty() const { return values_.empty() && image_.empty(); }

    /// The values, (1,H,W) or (3,H,W); null for an image or nothing.
    const Tensor<double>* values() const { return values_.empty() ? nullptr : &values_; }

    /// The image; null for values or nothing.
    const Image* image() const { return image_.empty() ? nullptr : &image_; }

    Index width() const { return values() ? values_.shape()[2] : image_.width(); }
    Index height() const { return values() ? values_.shape()[1] : image_.height(); }

  private:
    static Tensor<double> planes(const Tensor<double>& values) {
        const Shape& shape = values.shape();
        const int rank = shape.rank();
        const Index channels = rank >= 3 ? shape[rank - 3] : 1;
        const bool one = rank != 4 || shape[0] == 1;
        if (rank < 2 || rank > 4 || !one || (channels != 1 && channels != 3) || values.empty())
            deconvviz::detail::raise<ShapeError>("picture: expected values of shape (H,W), (1,H,W) or (3,H,W), got ",
                                                 shape);
        return values.reshaped({channels, shape[rank - 2], shape[rank - 1]});
    }

    Tensor<double> values_;  // at most one of the two holds something
    Image image_;
};

/// Every entry of the first dimension as a picture of its own: the maps of (C,H,W), the pictures of a batch (N,1,H,W)
/// or (N,3,H,W). Feature maps as a batch of one, (1,C,H,W) with C > 3 or 2, count as (C,H,W).
/// Throws ShapeError for another shape.
template <class T>
std::vector<Picture> pictures(const Tensor<T>& values) {
    const Shape& shape = values.shape();
    if (shape.rank() == 4 && shape[0] == 1 && shape[1] != 1 && shape[1] != 3)
        return pictures(values.reshaped(shape.sample()));
    if (shape.rank() != 3 && shape.rank() != 4)
        deconvviz::detail::raise<ShapeError>("pictures: expected maps (C,H,W) or a batch (N,C,H,W), got ", shape);
    std::vector<Picture> all;
    for (Index i = 0; i < shape[0]; ++i) all.emplace_back(values.entry(i));
    return all;
}

}  // namespace deconvviz::figure
