/// @file
/// Local response normalisation across feature maps: the "contrast normalisation" of AlexNet and ZFNet.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/kernels/detail/vector.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace deconvviz::kernels {

/// Sizes and constants of a local response normalisation over tensors (batch, channels, plane).
/// Channel c is normalised by the squares of the `size` channels c - before() … c + after(), as far as they exist. With
/// an odd size the window is symmetric; of an even one, the half that is larger lies behind (as in ONNX's LRN) or, with
/// `more_before`, in front (as in PyTorch).
template <class T>
struct LocalResponseNormShape {
    Index batch = 1;
    Index channels = 1;
    Index plane = 1;
    Index size = 5;
    T alpha = T(1e-4);
    T beta = T(0.75);
    T k = 2;
    bool more_before = false;

    Index before() const { return more_before ? size / 2 : (size - 1) / 2; }
    Index after() const { return size - 1 - before(); }
    Index first(Index c) const { return std::max<Index>(0, c - before()); }
    Index last(Index c) const { return std::min(channels - 1, c + after()); }
};

/// value ^ -beta, for beta = 3/4 (that of all published networks) by square roots, which are many times faster.
/// The fast versions compute that one by Newton's method, to the last few bits; value > 0.
template <class T>
T inverse_power(T value, T beta) {
    if (beta == T(0.75)) {
        const T root = std::sqrt(value);
        return T(1) / (root * std::sqrt(root));
    }
    return std::pow(value, -beta);
}

namespace reference {

/// scale[n,c,p] = k + alpha / size * sum over the window's channels j of src[n,j,p]^2;
/// dst[n,c,p] = src[n,c,p] * scale[n,c,p]^-beta. Both are overwritten (=). Note the division of alpha by size, as in
/// PyTorch and ONNX; AlexNet's paper has the alpha alone [krizhevsky2012, §3.3].
template <class T>
void local_response_norm(const LocalResponseNormShape<T>& s, const T* src, T* scale, T* dst) {
    for (Index n = 0; n < s.batch; ++n)
        for (Index c = 0; c < s.channels; ++c)
            for (Index p = 0; p < s.plane; ++p) {
                T sum = 0;
                for (Index j = s.first(c); j <= s.last(c); ++j) {
                    const T value = src[(n * s.channels + j) * s.plane + p];
                    sum += value * value;
                }
                const Index at = (n * s.channels + c) * s.plane + p;
                scale[at] = s.k + s.alpha / static_cast<T>(s.size) * sum;
                dst[at] = src[at] * inverse_power(scale[at], s.beta);
            }
}

/// The gradient with respect to src: grad_src[c] = grad_dst[c] * scale[c]^-beta - 2 alpha beta / size * src[c] * sum,
/// the sum running over grad_dst[j] * dst[j] / scale[j] of the channels j whose window holds c.
/// grad_src is overwritten (=).
template <class T>
void local_response_norm_backward(const LocalResponseNormShape<T>& s, const T* src, const T* scale, const T* dst,
                                  const T* grad_dst, T* grad_src) {
    for (Index n = 0; n < s.batch; ++n)
        for (Index c = 0; c < s.channels; ++c)
            for (Index p = 0; p < s.plane; ++p) {
                const Index at = (n * s.channels + c) * s.plane + p;
                T sum = 0;
                for (Index j = 0; j < s.channels; ++j) {
                    const Index other = (n * s.channels + j) * s.plane + p;
                    if (c >= s.first(j) && c <= s.last(j)) sum += grad_dst[other] * dst[other] / scale[other];
                }
                grad_src[at] = grad_dst[at] * inverse_power(scale[at], s.beta) -
                               2 * s.alpha * s.beta / static_cast<T>(s.size) * src[at] * sum;
            }
}

}  // namespace reference
}  // namespace deconvviz::kernels

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/local_response_norm.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

namespace deconvviz::kernels {

namespace detail {

template <class T>
void normalise_map(const LocalResponseNormShape<T>& shape, Index c, const T* src, T* scale, T* dst) {
    DECONVVIZ_DISPATCH(normalise_map(shape, c, src, scale, dst));
}
template <class T>
void normalise_map_backward(const LocalResponseNormShape<T>& shape, Index c, const T* src, const T* scale, const T* dst,
                            const T* grad_dst, T* grad_src) {
    DECONVVIZ_DISPATCH(normalise_map_backward(shape, c, src, scale, dst, grad_dst, grad_src));
}

}  // namespace detail

/// The fast version of reference::local_response_norm.
template <class T>
void local_response_norm(const LocalResponseNormShape<T>& shape, const T* src, T* scale, T* dst) {
    parallel_for(shape.batch * shape.channels, std::max<Index>(1, 4096 / shape.plane), [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index picture = i / shape.channels * shape.channels * shape.plane;
            detail::normalise_map(shape, i % shape.channels, src + picture, scale + picture, dst + picture);
        }
    });
}

/// The fast version of reference::local_response_norm_backward.
template <class T>
void local_response_norm_backward(const LocalResponseNormShape<T>& shape, const T* src, const T* scale, const T* dst,
                                  const T* grad_dst, T* grad_src) {
    parallel_for(shape.batch * shape.channels, std::max<Index>(1, 4096 / shape.plane), [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index picture = i / shape.channels * shape.channels * shape.plane;
            detail::normalise_map_backward(shape, i % shape.channels, src + picture, scale + picture, dst + picture,
                                           grad_dst + picture, grad_src + picture);
        }
    });
}

}  // namespace deconvviz::kernels
