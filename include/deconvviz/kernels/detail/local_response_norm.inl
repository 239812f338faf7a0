// Local response normalisation of one map, vector by vector over its positions; see for_each_isa.inl.

/// The arguments begin at the picture's first map; map c is written.
template <class T>
DECONVVIZ_TARGET inline void normalise_map(const LocalResponseNormShape<T>& s, Index c, const T* src, T* scale,
                                           T* dst) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    const T factor = s.alpha / static_cast<T>(s.size);
    T* out = scale + c * s.plane;
    Index p = 0;
    for (; p + lanes <= s.plane; p += lanes) {
        Register sum{};
        for (Index j = s.first(c); j <= s.last(c); ++j) {
            const Register value = *reinterpret_cast<const Loose*>(src + j * s.plane + p);
            sum += value * value;
        }
        *reinterpret_cast<Loose*>(out + p) = s.k + factor * sum;
    }
    for (; p < s.plane; ++p) {
        T sum = 0;
        for (Index j = s.first(c); j <= s.last(c); ++j) sum += src[j * s.plane + p] * src[j * s.plane + p];
        out[p] = s.k + factor * sum;
    }
    for (p = 0; p < s.plane; ++p) dst[c * s.plane + p] = src[c * s.plane + p] * inverse_power(out[p], s.beta);
}

template <class T>
DECONVVIZ_TARGET inline void normalise_map_backward(const LocalResponseNormShape<T>& s, Index c, const T* src,
                                                    const T* scale, const T* dst, const T* grad_dst, T* grad_src) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    const T factor = 2 * s.alpha * s.beta / static_cast<T>(s.size);
    // The maps whose window holds c: the window seen from the other end.
    const Index first = std::max<Index>(0, c - s.size / 2);
    const Index last = std::min(s.channels - 1, c + (s.size - 1) / 2);
    T* out = grad_src + c * s.plane;
    Index p = 0;
    for (; p + lanes <= s.plane; p += lanes) {
        Register sum{};
        for (Index j = first; j <= last; ++j) {
            const Index at = j * s.plane + p;
            sum += *reinterpret_cast<const Loose*>(grad_dst + at) * *reinterpret_cast<const Loose*>(dst + at) /
                   *reinterpret_cast<const Loose*>(scale + at);
        }
        *reinterpret_cast<Loose*>(out + p) = factor * *reinterpret_cast<const Loose*>(src + c * s.plane + p) * sum;
    }
    for (; p < s.plane; ++p) {
        T sum = 0;
        for (Index j = first; j <= last; ++j)
            sum += grad_dst[j * s.plane + p] * dst[j * s.plane + p] / scale[j * s.plane + p];
        out[p] = factor * src[c * s.plane + p] * sum;
    }
    for (p = 0; p < s.plane; ++p)
        out[p] = grad_dst[c * s.plane + p] * inverse_power(scale[c * s.plane + p], s.beta) - out[p];
}
