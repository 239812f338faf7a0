// Transposition in squares that fit registers; see for_each_isa.inl.

/// A vector of 16 bytes, anywhere in memory.
template <class T>
struct ShortVector {
    typedef T type __attribute__((vector_size(16)));
    typedef T loose __attribute__((vector_size(16), aligned(alignof(T)), may_alias));
    static constexpr Index lanes = 16 / Index{sizeof(T)};
};

/// to[j * to_row + i] = from[i * from_row + j] for a square of as many rows as 16 bytes hold values.
template <class T>
DECONVVIZ_TARGET inline void transpose_square(const T* from, Index from_row, T* to, Index to_row) {
    using Short = typename ShortVector<T>::type;
    using Loose = typename ShortVector<T>::loose;
    if constexpr (ShortVector<T>::lanes == 4) {
        const Short a = *reinterpret_cast<const Loose*>(from);
        const Short b = *reinterpret_cast<const Loose*>(from + from_row);
        const Short c = *reinterpret_cast<const Loose*>(from + 2 * from_row);
        const Short d = *reinterpret_cast<const Loose*>(from + 3 * from_row);
        const Short ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
        const Short ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const Short cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
        const Short cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        *reinterpret_cast<Loose*>(to) = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
        *reinterpret_cast<Loose*>(to + to_row) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
        *reinterpret_cast<Loose*>(to + 2 * to_row) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
        *reinterpret_cast<Loose*>(to + 3 * to_row) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
    } else {
        const Short a = *reinterpret_cast<const Loose*>(from);
        const Short b = *reinterpret_cast<const Loose*>(from + from_row);
        *reinterpret_cast<Loose*>(to) = __builtin_shufflevector(a, b, 0, 2);
        *reinterpret_cast<Loose*>(to + to_row) = __builtin_shufflevector(a, b, 1, 3);
    }
}

/// to[j * to_row + i] = from[i * from_row + j] for i < rows, j < columns.
template <class T>
[[gnu::noinline]] DECONVVIZ_TARGET inline void transpose(Index rows, Index columns, const T* from, Index from_row,
                                                         T* to, Index to_row) {
    constexpr Index side = ShortVector<T>::lanes;
    const Index whole_rows = rows / side * side;
    Index j = 0;
    for (; j + side <= columns; j += side) {
        for (Index i = 0; i < whole_rows; i += side)
            transpose_square(from + i * from_row + j, from_row, to + j * to_row + i, to_row);
        for (Index i = whole_rows; i < rows; ++i)
            for (Index k = j; k < j + side; ++k) to[k * to_row + i] = from[i * from_row + k];
    }
    for (; j < columns; ++j)
        for (Index i = 0; i < rows; ++i) to[j * to_row + i] = from[i * from_row + j];
}
