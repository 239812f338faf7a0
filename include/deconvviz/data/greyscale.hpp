/// @file
/// Colour pictures as grey ones.
#pragma once

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

namespace detail {

/// The brightness of a colour (ITU-R BT.601).
constexpr double luma(double red, double green, double blue) {
    return 0.299 * red + 0.587 * green + 0.114 * blue;
}

}  // namespace detail

/// Pictures (N, 3, H, W) as their luma (N, 1, H, W): 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601). Pictures of
/// one channel come back as they are. Throws ShapeError for any other shape.
template <class T>
Tensor<T> greyscale(const Tensor<T>& images) {
    const Shape& shape = images.shape();
    if (shape.rank() != 4 || (shape[1] != 1 && shape[1] != 3))
        detail::raise<ShapeError>("greyscale: expected pictures (N,1,H,W) or (N,3,H,W), got ", shape);
    if (shape[1] == 1) return images;
    const Index plane = shape[2] * shape[3];
    Tensor<T> grey({shape[0], 1, shape[2], shape[3]});
    parallel_for(shape[0], 64, [&](Index begin, Index end) {
        for (Index n = begin; n < end; ++n) {
            const T* red = images.data() + 3 * n * plane;
            for (Index i = 0; i < plane; ++i)
                grey[n * plane + i] =
                    static_cast<T>(detail::luma(static_cast<double>(red[i]), static_cast<double>(red[plane + i]),
                                                static_cast<double>(red[2 * plane + i])));
        }
    });
    return grey;
}

}  // namespace deconvviz
