// Vectors of one instruction set; see for_each_isa.inl.

/// A register of lanes, and the same without alignment for loads and stores anywhere.
template <class T>
struct Vector {
    typedef T type __attribute__((vector_size(DECONVVIZ_VECTOR_BYTES)));
    typedef T loose __attribute__((vector_size(DECONVVIZ_VECTOR_BYTES), aligned(alignof(T)), may_alias));
    static constexpr Index lanes = DECONVVIZ_VECTOR_BYTES / Index{sizeof(T)};
};

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
