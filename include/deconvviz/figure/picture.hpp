/// @file
/// Picture: what a figure shows in one place, values or finished pixels; and the splitting of tensors into pictures.
#pragma once

#include <utility>
#include <variant>
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
    Picture(const Tensor<double>& values) : content_(planes(values)) {}  // NOLINT: conversion is the point
    Picture(const Tensor<float>& values)                                 // NOLINT
        : Picture(Tensor<double>(values.shape(), std::vector<double>(values.begin(), values.end()))) {}

    Picture(Image image) {  // NOLINT
        if (!image.empty()) content_ = std::move(image);
    }

    bool empty() const { return std::holds_alternative<std::monostate>(content_); }

    /// The values, (1,H,W) or (3,H,W); null for an image or nothing.
    const Tensor<double>* values() const { return std::get_if<Tensor<double>>(&content_); }

    /// The image; null for values or nothing.
    const Image* image() const { return std::get_if<Image>(&content_); }

    Index width() const { return values() ? values()->shape()[2] : image() ? image()->width() : 0; }
    Index height() const { return values() ? values()->shape()[1] : image() ? image()->height() : 0; }

  private:
    static Tensor<double> planes(const Tensor<double>& values) {
        const Shape& shape = values.shape();
        const int rank = shape.rank();
        const Index channels = rank >= 3 ? shape[rank - 3] : 1;
        const bool one = rank != 4 || shape[0] == 1;
        if (rank < 2 || rank > 4 || !one || (channels != 1 && channels != 3) || values.empty())
            throw ShapeError(
                deconvviz::detail::concat("picture: expected values of shape (H,W), (1,H,W) or (3,H,W), got ", shape));
        return values.reshaped({channels, shape[rank - 2], shape[rank - 1]});
    }

    std::variant<std::monostate, Tensor<double>, Image> content_;
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
        throw ShapeError(
            deconvviz::detail::concat("pictures: expected maps (C,H,W) or a batch (N,C,H,W), got ", shape));
    std::vector<Picture> all;
    for (Index i = 0; i < shape[0]; ++i) all.emplace_back(values.entry(i));
    return all;
}

}  // namespace deconvviz::figure
