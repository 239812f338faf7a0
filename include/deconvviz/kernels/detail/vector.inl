// Vectors of one instruction set; see for_each_isa.inl.

/// A register of lanes, and the same without alignment for loads and stores anywhere.
template <class T>
struct Vector {
    typedef T type __attribute__((vector_size(DECONVVIZ_VECTOR_BYTES)));
    typedef T loose __attribute__((vector_size(DECONVVIZ_VECTOR_BYTES), aligned(alignof(T)), may_alias));
    static constexpr Index lanes = DECONVVIZ_VECTOR_BYTES / Index{sizeof(T)};
};

/// Values 0, 2, 4, … and 1, 3, 5, … of two vectors R in a row; I are the indices of the lanes of one.
template <class R, std::size_t... I>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void part(const R& a, const R& b, R& even, R& odd,
                                                         std::index_sequence<I...>) {
    even = __builtin_shufflevector(a, b, (2 * I)...);
    odd = __builtin_shufflevector(a, b, (2 * I + 1)...);
}

/// a0, b0, a1, b1, … in two vectors: the reverse of `part`.
template <class R, std::size_t... I>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void zip(const R& a, const R& b, R& low, R& high,
                                                        std::index_sequence<I...>) {
    constexpr std::size_t lanes = sizeof...(I);
    low = __builtin_shufflevector(a, b, (I / 2 + I % 2 * lanes)...);
    high = __builtin_shufflevector(a, b, ((lanes + I) / 2 + I % 2 * lanes)...);
}

template <class T>
inline constexpr auto lane_indices = std::make_index_sequence<std::size_t(Vector<T>::lanes)>{};

/// Copies exactly `count` values; runs of a few to a few dozen are what it is for.
template <class T>
DECONVVIZ_TARGET inline void copy_run(T* dst, const T* src, Index count) {
    constexpr Index wide = Vector<T>::lanes;
    constexpr Index narrow = 16 / Index{sizeof(T)};
    Index i = 0;
    for (; i + wide <= count; i += wide) __builtin_memcpy(dst + i, src + i, std::size_t{wide} * sizeof(T));
    if constexpr (wide / 2 > narrow) {
        if (i + wide / 2 <= count) {
            __builtin_memcpy(dst + i, src + i, std::size_t{wide / 2} * sizeof(T));
            i += wide / 2;
        }
    }
    for (; i + narrow <= count; i += narrow) __builtin_memcpy(dst + i, src + i, std::size_t{narrow} * sizeof(T));
    for (; i < count; ++i) dst[i] = src[i];
}
