/// @file
/// Tensor: a dense array of `float` or `double` that owns its values, in row-major order.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/detail/buffer.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"

namespace deconvviz {
namespace detail {
template <class T>
class ReshapedView;
}

/// A dense array with value semantics: copying copies the values, equality compares them.
/// Batches of feature maps are (N, C, H, W), flat features (N, F), filters (O, I, KH, KW).
template <class T>
class Tensor {
  public:
    using value_type = T;

    Tensor() : shape_{0} {}

    /// All values set to `fill`.
    [[gnu::noinline]] explicit Tensor(const Shape& shape, T fill = T(0))
        : shape_(shape), values_(static_cast<std::size_t>(shape.elements())) {
        this->fill(fill);
    }

    /// Throws ShapeError where the number of values is not that of the shape.
    Tensor(const Shape& shape, std::span<const T> values) : shape_(shape), values_(values.size()) {
        if (std::cmp_not_equal(values.size(), shape.elements()))
            detail::raise<ShapeError>("a tensor of shape ", shape, " holds ", shape.elements(), " values, got ",
                                      values.size());
        std::copy(values.begin(), values.end(), values_.begin());
    }

    Tensor(const Shape& shape, std::initializer_list<T> values)
        : Tensor(shape, std::span<const T>(values.begin(), values.size())) {}

    const Shape& shape() const { return shape_; }
    int rank() const { return shape_.rank(); }
    Index size() const { return static_cast<Index>(values_.size()); }
    bool empty() const { return values_.empty(); }
    /// How many values fit without new memory.
    Index capacity() const { return static_cast<Index>(values_.capacity()); }

    T* data() { return values_.data(); }
    const T* data() const { return values_.data(); }
    std::span<T> values() { return values_; }
    std::span<const T> values() const { return values_; }
    auto begin() { return values_.begin(); }
    auto begin() const { return values_.begin(); }
    auto end() { return values_.end(); }
    auto end() const { return values_.end(); }

    T& operator[](Index i) { return values_[checked(i)]; }
    const T& operator[](Index i) const { return values_[checked(i)]; }

    /// The element at as many indices as the tensor has dimensions; bounds are asserted, not thrown on.
    template <class... Indices>
    T& operator()(Indices... indices) {
        return values_[offset({static_cast<Index>(indices)...})];
    }
    template <class... Indices>
    const T& operator()(Indices... indices) const {
        return values_[offset({static_cast<Index>(indices)...})];
    }

    /// Takes the new shape and keeps the memory where it is large enough. The values are unspecified afterwards.
    [[gnu::noinline]] void resize(const Shape& shape) {
        shape_ = shape;
        values_.resize(static_cast<std::size_t>(shape.elements()));
    }

    void fill(T value) { std::fill(values_.begin(), values_.end(), value); }

    /// The same values under another shape of as many elements. Throws ShapeError for another number.
    Tensor reshaped(const Shape& shape) const& { return Tensor(*this).reshaped(shape); }
    Tensor reshaped(const Shape& shape) && {
        if (shape.elements() != size()) detail::raise<ShapeError>("cannot reshape ", shape_, " to ", shape);
        shape_ = shape;
        return std::move(*this);
    }

    /// The values of entry i of the first dimension: one picture of a batch, one map of a picture.
    std::span<T> slice(Index i) { return {data() + i * slice_size(), static_cast<std::size_t>(slice_size())}; }
    std::span<const T> slice(Index i) const {
        return {data() + i * slice_size(), static_cast<std::size_t>(slice_size())};
    }

    /// A copy of entry i of the first dimension, without that dimension. Throws OptionError where i is out of range.
    Tensor entry(Index i) const {
        if (rank() == 0 || i < 0 || i >= shape_[0])
            detail::raise<OptionError>("entry ", i, " of a tensor of shape ", shape_);
        return Tensor(shape_.sample(), slice(i));
    }

    friend bool operator==(const Tensor&, const Tensor&) = default;

  private:
    friend class detail::ReshapedView<T>;

    Index slice_size() const { return shape_[0] == 0 ? 0 : size() / shape_[0]; }

    std::size_t checked(Index i) const {
        assert(i >= 0 && i < size());
        return static_cast<std::size_t>(i);
    }

    std::size_t offset(std::initializer_list<Index> indices) const {
        assert(indices.size() == static_cast<std::size_t>(rank()));
        Index at = 0;
        int dimension = 0;
        for (const Index index : indices) {
            assert(index >= 0 && index < shape_[dimension]);
            at = at * shape_[dimension++] + index;
        }
        return static_cast<std::size_t>(at);
    }

    Shape shape_;
    detail::Buffer<T> values_;
};

namespace detail {

/// The values of a tensor under another shape, for reading, without a copy. The tensor must outlive the view unchanged.
template <class T>
class ReshapedView {
  public:
    /// Throws ShapeError for another number of elements.
    ReshapedView(const Tensor<T>& tensor, const Shape& shape) {
        if (shape.elements() != tensor.size()) raise<ShapeError>("cannot reshape ", tensor.shape(), " to ", shape);
        view_.shape_ = shape;
        view_.values_.borrow(tensor.values_);
    }
    ReshapedView(const ReshapedView&) = delete;
    ReshapedView& operator=(const ReshapedView&) = delete;
    ~ReshapedView() { view_.values_.return_borrowed(); }

    const Tensor<T>& operator*() const { return view_; }

  private:
    Tensor<T> view_;
};

}  // namespace detail

/// Puts samples of one shape into a batch, one behind the other. Throws ShapeError where a shape differs, OptionError
/// for no samples.
template <class T>
Tensor<T> stack(std::span<const Tensor<T>> samples) {
    if (samples.empty()) detail::raise<OptionError>("stack: no samples given");
    Tensor<T> batch(samples.front().shape().batched(static_cast<Index>(samples.size())));
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (samples[i].shape() != samples.front().shape())
            detail::raise<ShapeError>("stack: sample ", i, " has shape ", samples[i].shape(), ", expected ",
                                      samples.front().shape());
        std::ranges::copy(samples[i], batch.slice(static_cast<Index>(i)).begin());
    }
    return batch;
}

template <class T>
Tensor<T> stack(const std::vector<Tensor<T>>& samples) {
    return stack(std::span<const Tensor<T>>(samples));
}

}  // namespace deconvviz
