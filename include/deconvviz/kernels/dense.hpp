/// @file
/// The products of a fully connected layer: forward, back to the input, and the gradient of its weights.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/tiles.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace deconvviz::kernels {

/// Sizes of a dense layer from src (batch, inputs) to dst (batch, outputs), weights (outputs, inputs).
struct DenseShape {
    Index batch = 1;
    Index inputs = 1;
    Index outputs = 1;
};

namespace reference {

/// dst[n,o] = bias[o] + sum over i of weights[o,i] * src[n,i]; `bias` may be null. dst is overwritten (=).
template <class T>
void dense(const DenseShape& s, const T* src, const T* weights, const T* bias, T* dst) {
    for (Index n = 0; n < s.batch; ++n)
        for (Index o = 0; o < s.outputs; ++o) {
            T sum = bias ? bias[o] : T(0);
            for (Index i = 0; i < s.inputs; ++i) sum += weights[o * s.inputs + i] * src[n * s.inputs + i];
            dst[n * s.outputs + o] = sum;
        }
}

/// src[n,i] = sum over o of weights[o,i] * dst[n,o]: the transposed weights, without bias. src is overwritten (=).
template <class T>
void dense_transposed(const DenseShape& s, const T* dst, const T* weights, T* src) {
    for (Index n = 0; n < s.batch; ++n)
        for (Index i = 0; i < s.inputs; ++i) {
            T sum = 0;
            for (Index o = 0; o < s.outputs; ++o) sum += weights[o * s.inputs + i] * dst[n * s.outputs + o];
            src[n * s.inputs + i] = sum;
        }
}

/// grad_weights[o,i] = sum over n of grad_dst[n,o] * src[n,i]. grad_weights is overwritten (=).
template <class T>
void dense_weight_gradient(const DenseShape& s, const T* src, const T* grad_dst, T* grad_weights) {
    for (Index o = 0; o < s.outputs; ++o)
        for (Index i = 0; i < s.inputs; ++i) {
            T sum = 0;
            for (Index n = 0; n < s.batch; ++n) sum += grad_dst[n * s.outputs + o] * src[n * s.inputs + i];
            grad_weights[o * s.inputs + i] = sum;
        }
}

}  // namespace reference
}  // namespace deconvviz::kernels

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/dense.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

namespace deconvviz::kernels {

/// The fast version of reference::dense; a row of the batch gets the same bits as it would alone.
template <class T>
void dense(const DenseShape& shape, const T* src, const T* weights, const T* bias, T* dst) {
    DECONVVIZ_DISPATCH(dense(shape, src, weights, bias, dst));
}

/// The fast version of reference::dense_transposed.
template <class T>
void dense_transposed(const DenseShape& shape, const T* dst, const T* weights, T* src) {
    DECONVVIZ_DISPATCH(dense_transposed(shape, dst, weights, src));
}

/// The fast version of reference::dense_weight_gradient.
template <class T>
void dense_weight_gradient(const DenseShape& shape, const T* src, const T* grad_dst, T* grad_weights) {
    DECONVVIZ_DISPATCH(dense_weight_gradient(shape, src, grad_dst, grad_weights));
}

}  // namespace deconvviz::kernels
