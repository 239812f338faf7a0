// Dense products; see for_each_isa.inl. All of them add the terms of a sum in one order, whatever the batch, the number
// of threads and the blocks are, so that a row of the batch has the bits that it has alone.

/// Terms of the sums that one block holds: its operands stay in the first two caches.
inline constexpr Index dense_depth = 1024;
/// Outputs that are computed together for the whole batch.
inline constexpr Index dense_outputs = 4 * dot_side;

/// values[i] += values[i ^ Distance]
template <class T, std::size_t Distance, std::size_t... Lane>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void add_lanes(typename Vector<T>::type& values,
                                                              std::index_sequence<Lane...>) {
    values += __builtin_shufflevector(values, values, (Lane ^ Distance)...);
}

/// The sum of the lanes of one accumulator, added pairwise.
template <class T>
[[gnu::always_inline]] DECONVVIZ_TARGET inline T sum_of_lanes(const T* sums) {
    constexpr auto lanes = static_cast<std::size_t>(Vector<T>::lanes);
    constexpr auto all = std::make_index_sequence<lanes>{};
    typename Vector<T>::type values = *reinterpret_cast<const typename Vector<T>::loose*>(sums);
    if constexpr (lanes > 8) add_lanes<T, 8>(values, all);
    if constexpr (lanes > 4) add_lanes<T, 4>(values, all);
    if constexpr (lanes > 2) add_lanes<T, 2>(values, all);
    add_lanes<T, 1>(values, all);
    return values[0];
}

/// The outputs first … first + count - 1 of all rows of the batch, count <= dense_outputs. The rows of src are
/// `src_row` values apart.
template <class T>
DECONVVIZ_TARGET inline void dense_columns(const DenseShape& s, const T* src, Index src_row, const T* weights,
                                           const T* bias, Index first, Index count, T* dst) {
    constexpr Index lanes = Vector<T>::lanes;
    constexpr Index tile = dot_side * dot_side * lanes;
    const Index blocks = (s.batch + dot_side - 1) / dot_side;
    T* sums = detail::scratch<T, detail::Scratch::sums>(blocks * dense_outputs / dot_side * tile);
    std::fill_n(sums, blocks * dense_outputs / dot_side * tile, T(0));
    // A whole row at once where there is nothing to use a second time.
    const Index step = blocks == 1 ? s.inputs : dense_depth;
    for (Index k = 0; k < s.inputs; k += step)
        for (Index j = 0; j < count; j += dot_side)
            for (Index n = 0; n < blocks; ++n)
                dot_product<T>(std::min(dot_side, s.batch - n * dot_side), std::min(dot_side, count - j),
                               std::min(step, s.inputs - k), {src + n * dot_side * src_row + k, src_row},
                               {weights + (first + j) * s.inputs + k, s.inputs},
                               sums + (j / dot_side * blocks + n) * tile);
    for (Index j = 0; j < count; ++j)
        for (Index n = 0; n < s.batch; ++n) {
            const Index columns = std::min(dot_side, count - j / dot_side * dot_side);
            const T* from =
                sums + (j / dot_side * blocks + n / dot_side) * tile + (n % dot_side * columns + j % dot_side) * lanes;
            dst[n * s.outputs + first + j] = sum_of_lanes(from) + (bias ? bias[first + j] : T(0));
        }
}

/// Rows that are a multiple of a page apart would all lie in the same few places of the caches: src with a little space
/// between its rows, if that is so; `row` becomes their distance.
template <class T>
inline const T* spread_rows(const DenseShape& s, const T* src, Index& row) {
    row = s.inputs;
    if (s.batch <= 2 * dot_side || s.outputs < 64 || s.inputs * Index{sizeof(T)} % 2048 != 0) return src;
    row += 64 / Index{sizeof(T)};
    T* spread = detail::scratch<T, detail::Scratch::staging>(s.batch * row);
    for (Index n = 0; n < s.batch; ++n) std::copy_n(src + n * s.inputs, s.inputs, spread + n * row);
    return spread;
}

template <class T>
inline void dense(const DenseShape& s, const T* src, const T* weights, const T* bias, T* dst) {
    const Index together = s.batch <= dot_side ? dot_side : dense_outputs;
    const Index blocks = (s.outputs + together - 1) / together;
    const Index work = std::max<Index>(1, together * s.inputs * s.batch);
    Index row = 0;
    const T* rows = spread_rows(s, src, row);
    parallel_for(blocks, std::max<Index>(1, 65536 / work), [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i)
            dense_columns(s, rows, row, weights, bias, i * together, std::min(together, s.outputs - i * together), dst);
    });
}

/// out[j] (+)= sum over the rows i < Rows of factors[i] * rows[i * row + j] for j < count, in this order.
template <class T, Index Rows>
DECONVVIZ_TARGET inline void add_scaled_rows(Index count, const T* factors, const T* rows, Index row, bool accumulate,
                                             T* out) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Index j = 0;
    for (; j + lanes <= count; j += lanes) {
        Register sum = accumulate ? Register(*reinterpret_cast<const Loose*>(out + j)) : Register{};
        DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
            sum += factors[i] * Register(*reinterpret_cast<const Loose*>(rows + i * row + j));
        }
        *reinterpret_cast<Loose*>(out + j) = sum;
    }
    if (j == count) return;
    // The last values, filled up with zeros, so that they are added in the same way.
    T tail[Rows + 1][lanes] = {};
    for (Index i = 0; i < Rows; ++i) copy_run(tail[i], rows + i * row + j, count - j);
    if (accumulate) copy_run(tail[Rows], out + j, count - j);
    Register sum = *reinterpret_cast<const Loose*>(tail[Rows]);
    DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
        sum += factors[i] * Register(*reinterpret_cast<const Loose*>(tail[i]));
    }
    *reinterpret_cast<Loose*>(tail[Rows]) = sum;
    copy_run(out + j, tail[Rows], count - j);
}

/// Columns first … first + count - 1 of c = a * b for one row of a: b is read once, row by row, while the sums stay in
/// the first cache.
template <class T>
DECONVVIZ_TARGET inline void row_product(Index depth, Index columns, const T* a, const T* b, T* c, Index first,
                                         Index count) {
    constexpr Index rows = 8;
    Index k = 0;
    for (; k + rows <= depth; k += rows)
        add_scaled_rows<T, rows>(count, a + k, b + k * columns + first, columns, k > 0, c + first);
    for (; k < depth; ++k) add_scaled_rows<T, 1>(count, a + k, b + k * columns + first, columns, k > 0, c + first);
}

/// A product c (rows x columns) = a (rows x depth) * b (depth x columns); a's value (i, k) is at a[i * a_row +
/// k * a_step], b and c are row-major.
template <class T>
struct MatrixProduct {
    Index rows, depth, columns;
    const T* a;
    Index a_row, a_step;
    const T* b;
    T* c;
};

/// Panels of b that are packed together, and the rows of b in one such block.
inline constexpr Index packed_panels = 8;
inline constexpr Index packed_depth = 256;

/// a in blocks of panel_rows rows, as panel_product takes it.
template <class T>
inline const T* pack_rows(const MatrixProduct<T>& m) {
    T* packed = detail::scratch<T, detail::Scratch::packed_weights>(m.rows * m.depth);
    T* out = packed;
    for (Index i = 0; i < m.rows; i += panel_rows)
        for (Index k = 0; k < m.depth; ++k)
            for (Index r = i; r < std::min(i + panel_rows, m.rows); ++r) *out++ = m.a[r * m.a_row + k * m.a_step];
    return packed;
}

/// Rows k … k + depth - 1 of b, columns first … first + count - 1, panel after panel; the last is filled up with zeros.
template <class T>
DECONVVIZ_TARGET inline void pack_panels(const MatrixProduct<T>& m, Index k, Index depth, Index first, Index count,
                                         T* panels) {
    constexpr Index width = panel_width<T>;
    for (Index row = 0; row < depth; ++row)
        for (Index j = 0; j < count; j += width) {
            T* out = panels + j * depth + row * width;
            const Index present = std::min(width, count - j);
            copy_run(out, m.b + (k + row) * m.columns + first + j, present);
            std::fill_n(out + present, width - present, T(0));
        }
}

/// A group of columns of c, for few rows of a and many of b.
template <class T>
DECONVVIZ_TARGET inline void product_columns(const MatrixProduct<T>& m, const T* packed, Index first) {
    using detail::Scratch;
    constexpr Index width = panel_width<T>;
    Index count = std::min(packed_panels * width, m.columns - first);
    if (m.depth <= 64 && (m.rows <= 16 || m.depth <= 16))  // too little work for what packing costs
        for (; count >= width; count -= width, first += width)
            panel_product(m.rows, m.depth, m.depth, packed, 0, m.b + first, m.columns, m.c + first, m.columns, false);
    if (count == 0) return;
    T* panels = detail::scratch<T, Scratch::panel>(packed_panels * width * packed_depth);
    T* result = detail::scratch<T, Scratch::result>(packed_panels * width * m.rows);
    for (Index k = 0; k < m.depth; k += packed_depth) {
        const Index depth = std::min(packed_depth, m.depth - k);
        pack_panels(m, k, depth, first, count, panels);
        for (Index j = 0; j < count; j += width)
            panel_product(m.rows, depth, m.depth, packed, k, panels + j * depth, width, result + j * m.rows, width,
                          k > 0);
    }
    for (Index i = 0; i < m.rows; ++i)
        for (Index j = 0; j < count; j += width)
            copy_run(m.c + i * m.columns + first + j, result + j * m.rows + i * width, std::min(width, count - j));
}

/// A block of panel_rows rows of c, from `first` on, for many rows of a and few of b, which are all packed in `panels`.
template <class T>
DECONVVIZ_TARGET inline void product_rows(const MatrixProduct<T>& m, const T* packed, const T* panels, Index first) {
    constexpr Index width = panel_width<T>;
    const Index rows = std::min(panel_rows, m.rows - first);
    T result[panel_rows * width];
    for (Index j = 0; j < m.columns; j += width) {
        T* out = m.c + first * m.columns + j;
        const bool whole = j + width <= m.columns;
        panel_product(rows, m.depth, m.depth, packed + first * m.depth, 0, panels + j * m.depth, width,
                      whole ? out : result, whole ? m.columns : width, false);
        for (Index i = 0; !whole && i < rows; ++i) copy_run(out + i * m.columns, result + i * width, m.columns - j);
    }
}

template <class T>
inline void matrix_product(const MatrixProduct<T>& m) {
    constexpr Index width = panel_width<T>;
    const T* packed = pack_rows(m);
    if (m.rows > m.depth) {
        T* panels = detail::scratch<T, detail::Scratch::panel>((m.columns + width - 1) / width * width * m.depth);
        pack_panels(m, 0, m.depth, 0, m.columns, panels);
        const Index work = std::max<Index>(1, panel_rows * m.depth * m.columns);
        parallel_for((m.rows + panel_rows - 1) / panel_rows, std::max<Index>(1, 65536 / work),
                     [&, panels](Index begin, Index end) {
                         for (Index i = begin; i < end; ++i) product_rows(m, packed, panels, i * panel_rows);
                     });
    } else {
        constexpr Index group = packed_panels * width;
        const Index work = std::max<Index>(1, m.rows * m.depth * group);
        parallel_for((m.columns + group - 1) / group, std::max<Index>(1, 65536 / work), [&](Index begin, Index end) {
            for (Index i = begin; i < end; ++i) product_columns(m, packed, i * group);
        });
    }
}

template <class T>
inline void dense_transposed(const DenseShape& s, const T* dst, const T* weights, T* src) {
    if (s.batch > 2)
        return matrix_product(MatrixProduct<T>{s.batch, s.outputs, s.inputs, dst, s.outputs, 1, weights, src});
    constexpr Index group = 4096;  // the sums of one chunk, in the first cache
    parallel_for((s.inputs + group - 1) / group, 1, [&](Index begin, Index end) {
        for (Index n = 0; n < s.batch; ++n)
            for (Index i = begin; i < end; ++i)
                row_product(s.outputs, s.inputs, dst + n * s.outputs, weights, src + n * s.inputs, i * group,
                            std::min(group, s.inputs - i * group));
    });
}

template <class T>
inline void dense_weight_gradient(const DenseShape& s, const T* src, const T* grad_dst, T* grad_weights) {
    matrix_product(MatrixProduct<T>{s.outputs, s.batch, s.inputs, grad_dst, 1, s.outputs, src, grad_weights});
}
