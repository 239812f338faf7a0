/// @file
/// Pictures at another size.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {
namespace detail {

/// Which source positions, from `first` on, one target position is the weighted mean of.
struct ResizeTaps {
    Index first = 0;
    std::vector<double> weights;  // they sum to 1
};

/// Bilinear, and where pixels are merged widened to the distance of two target pixels, so that nothing falls between.
inline std::vector<ResizeTaps> resize_taps(Index size, Index target) {
    const double step = static_cast<double>(size) / static_cast<double>(target);
    const double reach = std::max(step, 1.0);
    std::vector<ResizeTaps> all;
    for (Index t = 0; t < target; ++t) {
        const double middle = (static_cast<double>(t) + 0.5) * step;
        const Index first = std::max<Index>(0, static_cast<Index>(std::floor(middle - reach + 0.5)));
        const Index last = std::min(size, static_cast<Index>(std::floor(middle + reach + 0.5)));
        ResizeTaps taps{first, {}};
        double sum = 0;
        for (Index s = first; s < last; ++s) {
            const double distance = std::abs(static_cast<double>(s) + 0.5 - middle) / reach;
            taps.weights.push_back(std::max(0.0, 1 - distance));
            sum += taps.weights.back();
        }
        for (double& weight : taps.weights) weight /= sum;
        all.push_back(std::move(taps));
    }
    return all;
}

}  // namespace detail

/// The planes (C, H, W) at another size {rows, columns}: bilinear interpolation between pixel centres. Where a side
/// shrinks, each new pixel is the mean of the old ones under a triangle as wide as two new pixels (as Pillow's resize
/// and torchvision's with antialiasing do, but without rounding to bytes). The same size gives the same values.
/// Throws ShapeError for anything but (C, H, W) with values, OptionError for a size below 1.
template <class T>
Tensor<T> resized(const Tensor<T>& planes, const Size2D& size) {
    if (planes.rank() != 3 || planes.empty())
        detail::raise<ShapeError>("resized: expected planes (C,H,W), got ", planes.shape());
    if (size.y < 1 || size.x < 1) detail::raise<OptionError>("resized: expected a size of at least 1x1, got ", size);
    const Index count = planes.shape()[0], height = planes.shape()[1], width = planes.shape()[2];
    if (size == Size2D(height, width)) return planes;
    const auto rows = detail::resize_taps(height, size.y);
    const auto columns = detail::resize_taps(width, size.x);
    Tensor<T> out({count, size.y, size.x});
    parallel_for(count * size.y, 16, [&](Index begin, Index end) {
        std::vector<double> row(static_cast<std::size_t>(width));
        for (Index i = begin; i < end; ++i) {
            const detail::ResizeTaps& vertical = rows[static_cast<std::size_t>(i % size.y)];
            std::fill(row.begin(), row.end(), 0.0);
            for (std::size_t k = 0; k < vertical.weights.size(); ++k) {
                const T* from = planes.data() + (i / size.y * height + vertical.first + static_cast<Index>(k)) * width;
                for (std::size_t x = 0; x < row.size(); ++x)
                    row[x] += vertical.weights[k] * static_cast<double>(from[x]);
            }
            for (Index x = 0; x < size.x; ++x) {
                const detail::ResizeTaps& horizontal = columns[static_cast<std::size_t>(x)];
                double sum = 0;
                for (std::size_t k = 0; k < horizontal.weights.size(); ++k)
                    sum += horizontal.weights[k] * row[static_cast<std::size_t>(horizontal.first) + k];
                out[i * size.x + x] = static_cast<T>(sum);
            }
        }
    });
    return out;
}

}  // namespace deconvviz
