// Transposition in squares that fit registers; see for_each_isa.inl.

/// Vectors for squares: of 32 bytes where registers are as wide, else of 16.
template <class T, Index Bytes>
struct SquareVector {
    typedef T type __attribute__((vector_size(Bytes)));
    typedef T loose __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
};

/// to[j * to_row + i] = from[i * from_row + j] for a square of Bytes / sizeof(T) rows.
template <class T, Index Bytes>
DECONVVIZ_TARGET inline void transpose_square(const T* from, Index from_row, T* to, Index to_row) {
    using Row = typename SquareVector<T, Bytes>::type;
    using Loose = typename SquareVector<T, Bytes>::loose;
    constexpr Index side = Bytes / Index{sizeof(T)};
    Row a[side];
    Row b[side];
    DECONVVIZ_UNROLL for (Index i = 0; i < side; ++i) a[i] = *reinterpret_cast<const Loose*>(from + i * from_row);
    if constexpr (side == 8) {
        DECONVVIZ_UNROLL for (Index i = 0; i < 8; i += 2) {
            b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
            b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
        }
        DECONVVIZ_UNROLL for (Index i = 0; i < 8; i += 4) {
            a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            a[i + 1] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
            a[i + 2] = __builtin_shufflevector(b[i + 1], b[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
            a[i + 3] = __builtin_shufflevector(b[i + 1], b[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
        }
        DECONVVIZ_UNROLL for (Index i = 0; i < 4; ++i) {
            b[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
            b[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
        }
    } else if constexpr (side == 4 && Bytes == 32) {
        DECONVVIZ_UNROLL for (Index i = 0; i < 4; i += 2) {
            b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 4, 2, 6);
            b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 5, 3, 7);
        }
        a[0] = __builtin_shufflevector(b[0], b[2], 0, 1, 4, 5);
        a[1] = __builtin_shufflevector(b[1], b[3], 0, 1, 4, 5);
        a[2] = __builtin_shufflevector(b[0], b[2], 2, 3, 6, 7);
        a[3] = __builtin_shufflevector(b[1], b[3], 2, 3, 6, 7);
        DECONVVIZ_UNROLL for (Index i = 0; i < 4; ++i) b[i] = a[i];
    } else if constexpr (side == 4) {
        DECONVVIZ_UNROLL for (Index i = 0; i < 4; i += 2) {
            b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 4, 1, 5);
            b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 6, 3, 7);
        }
        a[0] = __builtin_shufflevector(b[0], b[2], 0, 1, 4, 5);
        a[1] = __builtin_shufflevector(b[0], b[2], 2, 3, 6, 7);
        a[2] = __builtin_shufflevector(b[1], b[3], 0, 1, 4, 5);
        a[3] = __builtin_shufflevector(b[1], b[3], 2, 3, 6, 7);
        DECONVVIZ_UNROLL for (Index i = 0; i < 4; ++i) b[i] = a[i];
    } else {
        b[0] = __builtin_shufflevector(a[0], a[1], 0, 2);
        b[1] = __builtin_shufflevector(a[0], a[1], 1, 3);
    }
    DECONVVIZ_UNROLL for (Index i = 0; i < side; ++i) * reinterpret_cast<Loose*>(to + i * to_row) = b[i];
}

/// A band of `rows` rows, in squares from row `first` on. Returns the first row that is left.
template <class T, Index Bytes>
DECONVVIZ_TARGET inline Index transpose_band(Index first, Index rows, const T* from, Index from_row, T* to,
                                             Index to_row) {
    constexpr Index side = Bytes / Index{sizeof(T)};
    for (; first + side <= rows; first += side)
        transpose_square<T, Bytes>(from + first * from_row, from_row, to + first, to_row);
    return first;
}

/// to[j * to_row + i] = from[i * from_row + j] for i < rows, j < columns.
template <class T>
[[gnu::noinline]] DECONVVIZ_TARGET inline void transpose(Index rows, Index columns, const T* from, Index from_row,
                                                         T* to, Index to_row) {
    constexpr Index wide = std::min(32, DECONVVIZ_VECTOR_BYTES);
    constexpr Index sides[2] = {wide / Index{sizeof(T)}, 16 / Index{sizeof(T)}};
    Index j = 0;
    for (; j + sides[0] <= columns; j += sides[0]) {
        Index i = transpose_band<T, wide>(0, rows, from + j, from_row, to + j * to_row, to_row);
        if (i + sides[1] <= rows) {
            for (Index k = j; k < j + sides[0]; k += sides[1])
                transpose_square<T, 16>(from + i * from_row + k, from_row, to + k * to_row + i, to_row);
            i += sides[1];
        }
        for (; i < rows; ++i)
            for (Index k = j; k < j + sides[0]; ++k) to[k * to_row + i] = from[i * from_row + k];
    }
    for (; j + sides[1] <= columns; j += sides[1]) {
        Index i = transpose_band<T, 16>(0, rows, from + j, from_row, to + j * to_row, to_row);
        for (; i < rows; ++i)
            for (Index k = j; k < j + sides[1]; ++k) to[k * to_row + i] = from[i * from_row + k];
    }
    for (; j < columns; ++j)
        for (Index i = 0; i < rows; ++i) to[j * to_row + i] = from[i * from_row + j];
}
