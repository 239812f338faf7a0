// The two products that everything heavy is made of, each on a tile that fits the registers; see for_each_isa.inl.

/// Columns of a panel: two vectors.
template <class T>
inline constexpr Index panel_width = 2 * Vector<T>::lanes;

/// Rows of the tallest panel tile: with its accumulators, a tile fills half of 32 registers or of 16.
inline constexpr Index panel_rows = DECONVVIZ_REGISTERS / 4;

/// Side of the square dot tile.
inline constexpr Index dot_side = DECONVVIZ_REGISTERS == 32 ? 4 : 3;

/// c[i, j] (+)= sum_k a[i + k * a_step] * b[k * b_row + j], for i < Rows and j < panel_width.
/// The sum over k runs in order, whatever Rows is.
template <class T, Index Rows>
DECONVVIZ_TARGET inline void panel_tile(Index depth, const T* a, Index a_step, const T* b, Index b_row, T* c,
                                        Index c_row, bool accumulate) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Register sums[Rows][2];
    DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
        sums[i][0] = accumulate ? Register(*reinterpret_cast<const Loose*>(c + i * c_row)) : Register{};
        sums[i][1] = accumulate ? Register(*reinterpret_cast<const Loose*>(c + i * c_row + lanes)) : Register{};
    }
    for (Index k = 0; k < depth; ++k) {
        const Register left = *reinterpret_cast<const Loose*>(b + k * b_row);
        const Register right = *reinterpret_cast<const Loose*>(b + k * b_row + lanes);
        DECONVVIZ_UNROLL for (int i = 0; i < Rows; ++i) {
            const T factor = a[i + k * a_step];
            sums[i][0] += factor * left;
            sums[i][1] += factor * right;
        }
    }
    DECONVVIZ_UNROLL for (int i = 0; i < Rows; ++i) {
        *reinterpret_cast<Loose*>(c + i * c_row) = sums[i][0];
        *reinterpret_cast<Loose*>(c + i * c_row + lanes) = sums[i][1];
    }
}

/// c[i, j] (+)= sum_k a[i, first + k] * b[k * b_row + j], for k < depth, any number of rows and j < panel_width.
/// `packed` holds a's rows in blocks of panel_rows, those of a block interleaved: value (i, k) of a block of r rows at
/// k * r + i; each row has `packed_depth` values.
template <class T>
[[gnu::noinline]] DECONVVIZ_TARGET inline void panel_product(Index rows, Index depth, Index packed_depth,
                                                             const T* packed, Index first, const T* b, Index b_row,
                                                             T* c, Index c_row, bool accumulate) {
    for (Index i = 0; i < rows; i += panel_rows) {
        const Index block = std::min(panel_rows, rows - i);
        const T* a = packed + i * packed_depth + first * block;
        T* out = c + i * c_row;
        if (block == panel_rows) {
            panel_tile<T, panel_rows>(depth, a, block, b, b_row, out, c_row, accumulate);
            continue;
        }
        Index done = 0;  // few rows: in tiles of four, two and one, as few kinds as will do
        for (; panel_rows > 4 && done + 4 <= block; done += 4)
            panel_tile<T, 4>(depth, a + done, block, b, b_row, out + done * c_row, c_row, accumulate);
        for (; done + 2 <= block; done += 2)
            panel_tile<T, 2>(depth, a + done, block, b, b_row, out + done * c_row, c_row, accumulate);
        for (; done < block; ++done)
            panel_tile<T, 1>(depth, a + done, block, b, b_row, out + done * c_row, c_row, accumulate);
    }
}

/// total[i][j] += a[i * a_row ...] * b[j * b_row ...], one vector of each.
template <class T, int Rows, int Columns>
DECONVVIZ_TARGET inline void dot_step(const T* a, Index a_row, const T* b, Index b_row,
                                      typename Vector<T>::type (&total)[Rows][Columns]) {
    using Loose = typename Vector<T>::loose;
    typename Vector<T>::type right[Columns];
    DECONVVIZ_UNROLL for (int j = 0; j < Columns; ++j) right[j] = *reinterpret_cast<const Loose*>(b + j * b_row);
    DECONVVIZ_UNROLL for (int i = 0; i < Rows; ++i) {
        const typename Vector<T>::type left = *reinterpret_cast<const Loose*>(a + i * a_row);
        DECONVVIZ_UNROLL for (int j = 0; j < Columns; ++j) total[i][j] += left * right[j];
    }
}

/// Rows of a dot product, each of neighbouring values.
template <class T>
struct DotRows {
    const T* first;
    Index row;  // distance of two rows
};

/// sums[i, j, lane] += sum over k = lane, lane + lanes, ... of a[i, k] * b[j, k]. `sums` is [Rows][Columns][lanes].
template <class T, int Rows, int Columns>
DECONVVIZ_TARGET inline void dot_tile(Index depth, const DotRows<T>& a, const DotRows<T>& b, T* sums) {
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    typename Vector<T>::type total[Rows][Columns];
    DECONVVIZ_UNROLL for (int i = 0; i < Rows; ++i) {
        DECONVVIZ_UNROLL for (int j = 0; j < Columns; ++j) {
            total[i][j] = *reinterpret_cast<const Loose*>(sums + (i * Columns + j) * lanes);
        }
    }
    Index k = 0;
    for (; k + lanes <= depth; k += lanes) dot_step<T, Rows, Columns>(a.first + k, a.row, b.first + k, b.row, total);
    if (k < depth) {
        T tail[Rows + Columns][lanes] = {};  // the last values, filled up with zeros
        for (int i = 0; i < Rows; ++i) copy_run(tail[i], a.first + i * a.row + k, depth - k);
        for (int j = 0; j < Columns; ++j) copy_run(tail[Rows + j], b.first + j * b.row + k, depth - k);
        dot_step<T, Rows, Columns>(tail[0], lanes, tail[Rows], lanes, total);
    }
    DECONVVIZ_UNROLL for (int i = 0; i < Rows; ++i) {
        DECONVVIZ_UNROLL for (int j = 0; j < Columns; ++j) {
            *reinterpret_cast<Loose*>(sums + (i * Columns + j) * lanes) = total[i][j];
        }
    }
}

/// dot_tile for up to dot_side rows and columns.
template <class T>
[[gnu::noinline]] DECONVVIZ_TARGET inline void dot_product(Index rows, Index columns, Index depth, const DotRows<T>& a,
                                                           const DotRows<T>& b, T* sums) {
    constexpr int side = int{dot_side};
    if (rows == side && columns == side) return dot_tile<T, side, side>(depth, a, b, sums);
    for (Index i = 0; i < rows; ++i) {
        const DotRows<T> row{a.first + i * a.row, a.row};
        if (columns == side) {
            dot_tile<T, 1, side>(depth, row, b, sums + i * side * Vector<T>::lanes);
            continue;
        }
        for (Index j = 0; j < columns; ++j)
            dot_tile<T, 1, 1>(depth, row, {b.first + j * b.row, b.row}, sums + (i * columns + j) * Vector<T>::lanes);
    }
}
