/// @file
/// Sizes: the shape of a tensor, the two sides of a kernel or stride, the output sizes of convolution and pooling.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <ostream>
#include <span>
#include <string>

#include "deconvviz/core/error.hpp"

namespace deconvviz {

/// Signed, so that differences of positions (padding reaches to negative ones) need no casts.
using Index = std::ptrdiff_t;

/// The dimensions of a tensor, outermost first: (N, C, H, W) for a batch of feature maps, (N, F) for a batch of flat
/// features; a layer's sample shape is the same without N. At most `Shape::max_rank` dimensions, none negative.
class Shape {
  public:
    static constexpr int max_rank = 8;

    Shape() = default;

    Shape(std::initializer_list<Index> dimensions) : Shape(std::span(dimensions.begin(), dimensions.size())) {}

    /// Throws ShapeError for too many dimensions, a negative one, or more elements than an Index can count.
    [[gnu::noinline]] explicit Shape(std::span<const Index> dimensions) {
        if (dimensions.size() > std::size_t{max_rank})
            detail::raise<ShapeError>("a shape has at most ", max_rank, " dimensions, got ", dimensions.size());
        Index count = 1;
        for (const Index extent : dimensions) {
            if (extent < 0) detail::raise<ShapeError>("a dimension cannot be negative, got ", extent);
            if (extent > 0 && count > std::numeric_limits<Index>::max() / extent)
                detail::raise<ShapeError>("a shape has more elements than can be counted");
            count *= extent;
            dimensions_[static_cast<std::size_t>(rank_++)] = extent;
        }
    }

    int rank() const { return rank_; }

    Index operator[](int i) const { return dimensions_[static_cast<std::size_t>(i)]; }

    /// The number of elements; 1 for rank 0.
    Index elements() const {
        Index count = 1;
        for (int i = 0; i < rank_; ++i) count *= (*this)[i];
        return count;
    }

    /// This shape with a batch dimension of n in front.
    [[gnu::noinline]] Shape batched(Index n) const {
        std::array<Index, max_rank + 1> all{n};
        std::copy_n(dimensions_.begin(), rank_, all.begin() + 1);
        return Shape(std::span<const Index>(all.data(), static_cast<std::size_t>(rank_) + 1));
    }

    /// This shape without its first dimension.
    Shape sample() const {
        return rank_ == 0 ? Shape{} : Shape(std::span(dimensions_.data() + 1, static_cast<std::size_t>(rank_) - 1));
    }

    std::span<const Index> dimensions() const { return {dimensions_.data(), static_cast<std::size_t>(rank_)}; }

    friend bool operator==(const Shape&, const Shape&) = default;

    friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
        out << '(';
        for (int i = 0; i < shape.rank_; ++i) out << (i ? "," : "") << shape[i];
        return out << ')';
    }

  private:
    std::array<Index, max_rank> dimensions_{};
    int rank_ = 0;
};

/// Something with a vertical and a horizontal side: a kernel, a stride, a padding. One number sets both:
/// `.kernel = 5` is `.kernel = {5, 5}`; `{3, 7}` is 3 rows and 7 columns.
struct Size2D {
    Index y = 1;
    Index x = 1;

    constexpr Size2D() = default;
    constexpr Size2D(Index both) : y(both), x(both) {}  // NOLINT: one number for both sides is the point
    constexpr Size2D(Index rows, Index columns) : y(rows), x(columns) {}

    friend constexpr bool operator==(const Size2D&, const Size2D&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Size2D& size) { return out << size.y << 'x' << size.x; }
};

/// Padding on the four sides of a picture or map. One number pads all sides, two are rows above and below and columns
/// left and right: `.padding = 1`, `.padding = {2, 0}`; four are top, left, bottom, right.
struct Padding2D {
    Index top = 0;
    Index left = 0;
    Index bottom = 0;
    Index right = 0;

    constexpr Padding2D() = default;
    constexpr Padding2D(Index all) : Padding2D(all, all) {}                 // NOLINT: one number for all sides
    constexpr Padding2D(const Size2D& both) : Padding2D(both.y, both.x) {}  // NOLINT
    constexpr Padding2D(Index rows, Index columns) : Padding2D(rows, columns, rows, columns) {}
    constexpr Padding2D(Index above, Index leading, Index below, Index trailing)
        : top(above), left(leading), bottom(below), right(trailing) {}

    /// What lies before the first row and column.
    constexpr Size2D before() const { return {top, left}; }
    constexpr Size2D after() const { return {bottom, right}; }

    friend constexpr bool operator==(const Padding2D&, const Padding2D&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Padding2D& padding) {
        out << padding.before();
        return padding.before() == padding.after() ? out : out << " before and " << padding.after() << " behind";
    }
};

/// Output positions of a convolution along one axis, with the paddings `before` and `after` at its two ends:
/// floor((size + before + after - dilation (kernel - 1) - 1) / stride) + 1, or 0 where the kernel does not fit.
constexpr Index convolved_size(Index size, Index kernel, Index stride, Index before, Index after, Index dilation) {
    const Index room = size + before + after - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

/// The same for equal padding at both ends.
constexpr Index convolved_size(Index size, Index kernel, Index stride, Index padding, Index dilation = 1) {
    return convolved_size(size, kernel, stride, padding, padding, dilation);
}

/// Output positions of a pooling along one axis. As convolved_size without dilation, but with `ceil` the division
/// rounds up, and a last window that would start beyond the input and its leading padding is dropped (PyTorch's
/// MaxPool2d and ONNX's MaxPool agree on this rule).
constexpr Index pooled_size(Index size, Index kernel, Index stride, Index before, Index after, bool ceil) {
    const Index room = size + before + after - kernel;
    if (room < 0) return 0;
    const Index steps = ceil ? (room + stride - 1) / stride : room / stride;
    return ceil && steps * stride >= size + before ? steps : steps + 1;
}

/// The same for equal padding at both ends.
constexpr Index pooled_size(Index size, Index kernel, Index stride, Index padding, bool ceil) {
    return pooled_size(size, kernel, stride, padding, padding, ceil);
}

}  // namespace deconvviz
