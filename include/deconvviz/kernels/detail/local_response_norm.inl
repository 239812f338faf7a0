// Local response normalisation of one map, vector by vector over its positions; see for_each_isa.inl.

/// out = value ^ -1/2 for positive numbers; 0 for infinity. A guess from the bits of the value (its exponent, halved
/// and negated), then Newton's steps, each of which doubles the digits.
template <class T>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void inverse_root(const typename Vector<T>::type& value,
                                                                 typename Vector<T>::type& out) {
    using Register = typename Vector<T>::type;
    using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    typedef Bits IntegerRegister __attribute__((vector_size(DECONVVIZ_VECTOR_BYTES)));
    constexpr Bits guess = sizeof(T) == 4 ? static_cast<Bits>(0x5f375a86) : static_cast<Bits>(0x5fe6eb50c7b537a9);
    constexpr int steps = sizeof(T) == 4 ? 3 : 4;
    const Register half = T(0.5) * value;
    Register root = reinterpret_cast<Register>(guess - (reinterpret_cast<IntegerRegister>(value) >> 1));
    DECONVVIZ_UNROLL for (int i = 0; i < steps; ++i) root *= T(1.5) - half * root * root;
    out = value > std::numeric_limits<T>::max() ? Register{} : root;
}

/// out = value ^ -3/4 for positive numbers.
template <class T>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void inverse_three_quarters(const typename Vector<T>::type& value,
                                                                           typename Vector<T>::type& out) {
    typename Vector<T>::type root, fourth;
    inverse_root<T>(value, root);
    inverse_root<T>(root, fourth);  // value ^ 1/4
    out = root * (root * fourth);
}

/// out[i] = values[i] * scale[i] ^ -beta; `out` may be `values`.
template <class T>
DECONVVIZ_TARGET inline void scale_by_power(Index count, const T* values, const T* scale, T beta, T* out) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Index i = 0;
    if (beta == T(0.75)) {
        for (; i + lanes <= count; i += lanes) {
            const Register base = *reinterpret_cast<const Loose*>(scale + i);
            Register power;
            inverse_three_quarters<T>(base, power);
            *reinterpret_cast<Loose*>(out + i) = *reinterpret_cast<const Loose*>(values + i) * power;
        }
    }
    for (; i < count; ++i) out[i] = values[i] * inverse_power(scale[i], beta);
}

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
    scale_by_power(s.plane, src + c * s.plane, out, s.beta, dst + c * s.plane);
}

template <class T>
DECONVVIZ_TARGET inline void normalise_map_backward(const LocalResponseNormShape<T>& s, Index c, const T* src,
                                                    const T* scale, const T* dst, const T* grad_dst, T* grad_src) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    const T factor = 2 * s.alpha * s.beta / static_cast<T>(s.size);
    // The maps whose window holds c: the window seen from the other end.
    const Index first = std::max<Index>(0, c - s.after());
    const Index last = std::min(s.channels - 1, c + s.before());
    T* out = grad_src + c * s.plane;
    scale_by_power(s.plane, grad_dst + c * s.plane, scale + c * s.plane, s.beta, out);
    Index p = 0;
    for (; p + lanes <= s.plane; p += lanes) {
        Register sum{};
        for (Index j = first; j <= last; ++j) {
            const Index at = j * s.plane + p;
            sum += *reinterpret_cast<const Loose*>(grad_dst + at) * *reinterpret_cast<const Loose*>(dst + at) /
                   *reinterpret_cast<const Loose*>(scale + at);
        }
        *reinterpret_cast<Loose*>(out + p) -= factor * *reinterpret_cast<const Loose*>(src + c * s.plane + p) * sum;
    }
    for (; p < s.plane; ++p) {
        T sum = 0;
        for (Index j = first; j <= last; ++j)
            sum += grad_dst[j * s.plane + p] * dst[j * s.plane + p] / scale[j * s.plane + p];
        out[p] -= factor * src[c * s.plane + p] * sum;
    }
}
