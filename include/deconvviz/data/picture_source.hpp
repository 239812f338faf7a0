/// @file
/// PictureSource: pictures by number, in memory or not.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/dataset.hpp"

namespace deconvviz {

/// Pictures numbered 0 … size() - 1, of which as many are in memory as are looked at: for data sets that are larger.
///
///     PictureSource<float> source(50000, [&](Index picture) { return read_jpeg(paths[picture]); });
///
/// A tensor (N, …) and a Dataset convert to it, so that functions over a PictureSource take them directly. The source
/// is a view of them: they must outlive it unchanged.
template <class T>
class PictureSource {
  public:
    /// `picture` gives one sample, (C, H, W) as a rule, and the same one each time. It is called from one thread at a
    /// time. Throws OptionError for a negative size or no function.
    PictureSource(Index size, std::function<Tensor<T>(Index picture)> picture)
        : size_(size), picture_(std::move(picture)) {
        if (size < 0) detail::raise<OptionError>("picture source: expected a size of at least 0, got ", size);
        if (!picture_) detail::raise<OptionError>("picture source: expected a function that gives a picture, got none");
    }

    PictureSource(const Tensor<T>& images)  // NOLINT: a tensor is one
        : size_(images.rank() > 0 ? images.shape()[0] : 0), images_(&images) {}

    PictureSource(const Dataset<T>& data) : PictureSource(data.images) {}  // NOLINT: so is a data set

    Index size() const { return size_; }

    /// Puts the pictures of these numbers into a batch (N, …) of samples of this shape. Throws OptionError for a number
    /// that there is not, ShapeError for a picture of another shape.
    void batch(std::span<const Index> pictures, const Shape& sample, Tensor<T>& into) const {
        into.resize(sample.batched(static_cast<Index>(pictures.size())));
        for (std::size_t i = 0; i < pictures.size(); ++i) {
            const Index picture = pictures[i];
            if (picture < 0 || picture >= size_)
                detail::raise<OptionError>("there is no picture ", picture, ": the pictures are 0 … ", size_ - 1);
            const auto to = into.slice(static_cast<Index>(i)).begin();
            if (images_) {
                expect(images_->shape().sample(), sample, picture);
                std::ranges::copy(images_->slice(picture), to);
            } else {
                const Tensor<T> one = picture_(picture);
                expect(one.shape(), sample, picture);
                std::ranges::copy(one, to);
            }
        }
    }

  private:
    static void expect(const Shape& got, const Shape& sample, Index picture) {
        if (got != sample) detail::raise<ShapeError>("picture ", picture, ": expected ", sample, ", got ", got);
    }

    Index size_ = 0;
    const Tensor<T>* images_ = nullptr;
    std::function<Tensor<T>(Index)> picture_;
};

}  // namespace deconvviz
