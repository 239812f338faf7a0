/// @file
/// Tensors and Eigen: the values of a tensor as an Eigen::Map, and tensors made of Eigen's expressions.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <Eigen/Core>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// A matrix in the order in which a tensor keeps its values, and views of a tensor's memory as one.
template <class T>
using RowMajorMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using MatrixMap = Eigen::Map<RowMajorMatrix<T>>;
template <class T>
using ConstMatrixMap = Eigen::Map<const RowMajorMatrix<T>>;

namespace detail {

/// Where the part of a tensor at some of its first indices lies, as a matrix.
struct MatrixPart {
    Index offset = 0;
    Index rows = 0;
    Index columns = 0;
};

template <class T>
MatrixPart matrix_part(const Tensor<T>& tensor, std::initializer_list<Index> at) {
    const Shape& shape = tensor.shape();
    const int fixed = static_cast<int>(at.size());
    if (fixed >= shape.rank())
        raise<ShapeError>("as_matrix: expected fewer indices than dimensions, got ", fixed, " for a tensor of ", shape);
    MatrixPart part{.rows = shape[fixed], .columns = 1};
    int dimension = 0;
    for (const Index index : at) {
        const Index extent = shape[dimension++];
        if (index < 0 || index >= extent)
            raise<OptionError>("as_matrix: expected an index from 0 to ", extent - 1, " for dimension ", dimension - 1,
                               " of ", shape, ", got ", index);
        part.offset = part.offset * extent + index;
    }
    for (int i = fixed + 1; i < shape.rank(); ++i) part.columns *= shape[i];
    part.offset *= part.rows * part.columns;
    return part;
}

}  // namespace detail

/// The values of a tensor as an Eigen matrix, without a copy: its first dimension as rows, all others, one behind the
/// other, as columns. With indices, the same of the part of the tensor that they name. For a batch (N, C, H, W):
///
///     as_matrix(batch)          // N x C·H·W: a picture a row
///     as_matrix(batch, n)       // C x H·W: a map of picture n a row
///     as_matrix(batch, n, c)    // H x W: map c of picture n
///
/// The map writes to the tensor where that is not const, and is valid as long as the tensor lives and keeps its size
/// (copying, moving or resizing the tensor ends that). Flat values (F) are a column. Throws ShapeError where the
/// indices leave no dimension, OptionError for one out of range. Cost: none; see also Tensor::values, which is a span.
template <class T, std::convertible_to<Index>... Indices>
MatrixMap<T> as_matrix(Tensor<T>& tensor, Indices... at) {
    const detail::MatrixPart part = detail::matrix_part(tensor, {static_cast<Index>(at)...});
    return {tensor.data() + part.offset, part.rows, part.columns};
}
template <class T, std::convertible_to<Index>... Indices>
ConstMatrixMap<T> as_matrix(const Tensor<T>& tensor, Indices... at) {
    const detail::MatrixPart part = detail::matrix_part(tensor, {static_cast<Index>(at)...});
    return {tensor.data() + part.offset, part.rows, part.columns};
}
template <class T, class... Indices>
void as_matrix(const Tensor<T>&& tensor, Indices...) = delete;  // its values would be gone with it

/// A tensor of this shape with the values of an Eigen matrix, array, map or expression: its rows one behind the other,
/// however it is stored (by columns, with strides, not at all). Throws ShapeError for another number of values.
///
///     to_tensor(matrix, {8, 3, 32, 32})    // of 8 x 3072, say
template <class Derived>
Tensor<typename Derived::Scalar> to_tensor(const Eigen::DenseBase<Derived>& values, const Shape& shape) {
    using T = typename Derived::Scalar;
    static_assert(std::is_floating_point_v<T>,
                  "a tensor is of float or double; cast the values, as values.cast<float>()");
    if (values.size() != shape.elements())
        detail::raise<ShapeError>("a tensor of shape ", shape, " holds ", shape.elements(), " values, got ",
                                  values.rows(), 'x', values.cols());
    Tensor<T> out;
    out.resize(shape);
    MatrixMap<T> to(out.data(), values.rows(), values.cols());
    if constexpr (std::is_same_v<typename Eigen::internal::traits<Derived>::XprKind, Eigen::ArrayXpr>) {
        to.array() = values.derived();
    } else {
        to = values.derived();
    }
    return out;
}

/// The same, of shape (rows, columns); (size) for what Eigen knows as a vector.
template <class Derived>
Tensor<typename Derived::Scalar> to_tensor(const Eigen::DenseBase<Derived>& values) {
    return to_tensor(values,
                     Derived::IsVectorAtCompileTime ? Shape{values.size()} : Shape{values.rows(), values.cols()});
}

}  // namespace deconvviz
