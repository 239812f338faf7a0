/// @file
/// Kernels that go over values one by one: rectification and its three reverse rules, sums, the step of gradient
/// descent.
#pragma once

#include <algorithm>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/kernels/detail/vector.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace deconvviz {

/// How a signal that comes back passes a ReLU whose input was x; r is the signal from above.
/// gradient:  0 where x <= 0, else r: the true gradient (saliency maps [simonyan2014]).
/// deconvnet: max(r, 0), whatever x was [zeiler2014, §2.1].
/// guided:    0 where x <= 0 or r <= 0, else r [springenberg2015].
/// (So a NaN goes through, and is seen, instead of turning to 0.)
enum class ReluRule { gradient, deconvnet, guided };

namespace kernels {

/// One step of stochastic gradient descent with momentum; see sgd_step.
template <class T>
struct SgdStep {
    T learning_rate = 0;
    T momentum = 0;
    T weight_decay = 0;
};

namespace reference {

/// dst[i] = max(src[i], 0); NaN stays NaN. dst may be src.
template <class T>
void relu(Index count, const T* src, T* dst) {
    for (Index i = 0; i < count; ++i) dst[i] = src[i] <= 0 ? T(0) : src[i];
}

/// The signal below a ReLU by one of the rules; src is the ReLU's input in the forward pass. recon_src may be
/// recon_dst.
template <class T>
void relu_reverse(Index count, ReluRule rule, const T* src, const T* recon_dst, T* recon_src) {
    for (Index i = 0; i < count; ++i) {
        const bool off = rule != ReluRule::deconvnet && src[i] <= 0;
        const bool negative = rule != ReluRule::gradient && recon_dst[i] <= 0;
        recon_src[i] = off || negative ? T(0) : recon_dst[i];
    }
}

/// velocity = momentum * velocity - learning_rate * (gradient + weight_decay * parameter); parameter += velocity.
template <class T>
void sgd_step(Index count, const SgdStep<T>& step, const T* gradient, T* velocity, T* parameter) {
    for (Index i = 0; i < count; ++i) {
        velocity[i] =
            step.momentum * velocity[i] - step.learning_rate * (gradient[i] + step.weight_decay * parameter[i]);
        parameter[i] += velocity[i];
    }
}

/// sums[c] = sum over n and p of values[n, c, p], for values of shape (batch, channels, plane). sums is overwritten
/// (=).
template <class T>
void channel_sums(Index batch, Index channels, Index plane, const T* values, T* sums) {
    for (Index c = 0; c < channels; ++c) {
        sums[c] = 0;
        for (Index n = 0; n < batch; ++n)
            for (Index p = 0; p < plane; ++p) sums[c] += values[(n * channels + c) * plane + p];
    }
}

}  // namespace reference
}  // namespace kernels
}  // namespace deconvviz

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/elementwise.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"

namespace deconvviz::kernels {

namespace detail {

/// Values that one chunk of an elementwise loop works on.
inline constexpr Index elementwise_grain = 16384;

template <class T>
void relu(Index count, const T* src, T* dst) {
    DECONVVIZ_DISPATCH(relu(count, src, dst));
}
template <class T>
void relu_reverse(Index count, ReluRule rule, const T* src, const T* recon_dst, T* recon_src) {
    DECONVVIZ_DISPATCH(relu_reverse(count, rule, src, recon_dst, recon_src));
}
template <class T>
T channel_sum(Index batch, Index stride, Index plane, const T* values) {
    DECONVVIZ_DISPATCH(channel_sum(batch, stride, plane, values));
}

}  // namespace detail

/// The fast version of reference::relu: the same bits.
template <class T>
void relu(Index count, const T* src, T* dst) {
    parallel_for(count, detail::elementwise_grain,
                 [=](Index begin, Index end) { detail::relu(end - begin, src + begin, dst + begin); });
}

/// The fast version of reference::relu_reverse: the same bits.
template <class T>
void relu_reverse(Index count, ReluRule rule, const T* src, const T* recon_dst, T* recon_src) {
    parallel_for(count, detail::elementwise_grain, [=](Index begin, Index end) {
        detail::relu_reverse(end - begin, rule, src + begin, recon_dst + begin, recon_src + begin);
    });
}

/// The fast version of reference::sgd_step.
template <class T>
void sgd_step(Index count, const SgdStep<T>& step, const T* gradient, T* velocity, T* parameter) {
    DECONVVIZ_DISPATCH(sgd_step(count, step, gradient, velocity, parameter));
}

/// The fast version of reference::channel_sums.
template <class T>
void channel_sums(Index batch, Index channels, Index plane, const T* values, T* sums) {
    parallel_for(channels, std::max<Index>(1, detail::elementwise_grain / std::max<Index>(1, batch * plane)),
                 [=](Index begin, Index end) {
                     for (Index c = begin; c < end; ++c)
                         sums[c] = detail::channel_sum(batch, channels * plane, plane, values + c * plane);
                 });
}

}  // namespace deconvviz::kernels
