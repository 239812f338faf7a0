// Elementwise kernels; see for_each_isa.inl.

template <class T>
DECONVVIZ_TARGET inline void relu(Index count, const T* src, T* dst) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        const Register x = *reinterpret_cast<const Loose*>(src + i);
        *reinterpret_cast<Loose*>(dst + i) = x <= Register{} ? Register{} : x;
    }
    for (; i < count; ++i) dst[i] = src[i] <= 0 ? T(0) : src[i];
}

template <class T, ReluRule Rule>
DECONVVIZ_TARGET inline void relu_reverse_by(Index count, const T* src, const T* recon_dst, T* recon_src) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        Register r = *reinterpret_cast<const Loose*>(recon_dst + i);
        if constexpr (Rule != ReluRule::gradient) r = r <= Register{} ? Register{} : r;
        if constexpr (Rule != ReluRule::deconvnet) {
            const Register x = *reinterpret_cast<const Loose*>(src + i);
            r = x <= Register{} ? Register{} : r;
        }
        *reinterpret_cast<Loose*>(recon_src + i) = r;
    }
    for (; i < count; ++i) {
        T r = recon_dst[i];
        if constexpr (Rule != ReluRule::gradient) r = r <= 0 ? T(0) : r;
        if constexpr (Rule != ReluRule::deconvnet) r = src[i] <= 0 ? T(0) : r;
        recon_src[i] = r;
    }
}

template <class T>
inline void relu_reverse(Index count, ReluRule rule, const T* src, const T* recon_dst, T* recon_src) {
    switch (rule) {
        case ReluRule::gradient:
            return relu_reverse_by<T, ReluRule::gradient>(count, src, recon_dst, recon_src);
        case ReluRule::deconvnet:
            return relu_reverse_by<T, ReluRule::deconvnet>(count, src, recon_dst, recon_src);
        case ReluRule::guided:
            return relu_reverse_by<T, ReluRule::guided>(count, src, recon_dst, recon_src);
    }
}

template <class T>
DECONVVIZ_TARGET inline void sgd_step(Index count, const SgdStep<T>& step, const T* gradient, T* velocity,
                                      T* parameter) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Index i = 0;
    for (; i + lanes <= count; i += lanes) {
        const Register g = *reinterpret_cast<const Loose*>(gradient + i);
        const Register w = *reinterpret_cast<const Loose*>(parameter + i);
        const Register v = step.momentum * Register(*reinterpret_cast<const Loose*>(velocity + i)) -
                           step.learning_rate * (g + step.weight_decay * w);
        *reinterpret_cast<Loose*>(velocity + i) = v;
        *reinterpret_cast<Loose*>(parameter + i) = w + v;
    }
    for (; i < count; ++i) {
        velocity[i] =
            step.momentum * velocity[i] - step.learning_rate * (gradient[i] + step.weight_decay * parameter[i]);
        parameter[i] += velocity[i];
    }
}

/// The sum of `plane` values of each of `batch` rows that are `stride` apart.
template <class T>
DECONVVIZ_TARGET inline T channel_sum(Index batch, Index stride, Index plane, const T* values) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Register totals[4] = {};  // additions take a few cycles each: four sums keep the adders busy
    T rest = 0;
    for (Index n = 0; n < batch; ++n, values += stride) {
        Index i = 0;
        for (; i + 4 * lanes <= plane; i += 4 * lanes) {
            DECONVVIZ_UNROLL for (Index j = 0; j < 4; ++j) {
                totals[j] += *reinterpret_cast<const Loose*>(values + i + j * lanes);
            }
        }
        for (; i + lanes <= plane; i += lanes) totals[0] += *reinterpret_cast<const Loose*>(values + i);
        for (; i < plane; ++i) rest += values[i];
    }
    const Register total = (totals[0] + totals[1]) + (totals[2] + totals[3]);
    for (Index i = 0; i < lanes; ++i) rest += total[i];
    return rest;
}
