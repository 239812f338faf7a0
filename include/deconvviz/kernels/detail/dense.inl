// Dense products by the tiles; see for_each_isa.inl.

/// The outputs first … first + count - 1 of all rows of the batch, count <= dot_side.
template <class T>
DECONVVIZ_TARGET inline void dense_columns(const DenseShape& s, const T* src, const T* weights, const T* bias,
                                           Index first, Index count, T* dst) {
    constexpr Index lanes = Vector<T>::lanes;
    T sums[dot_side * dot_side * lanes];
    for (Index n = 0; n < s.batch; n += dot_side) {
        const Index rows = std::min(dot_side, s.batch - n);
        std::fill_n(sums, dot_side * dot_side * lanes, T(0));
        dot_product<T>(rows, count, s.inputs, 1, {src + n * s.inputs, s.inputs, 0},
                       {weights + first * s.inputs, s.inputs, 0}, sums);
        for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < count; ++j)
                dst[(n + i) * s.outputs + first + j] =
                    dot_total(sums + (i * count + j) * lanes) + (bias ? bias[first + j] : T(0));
    }
}

template <class T>
inline void dense(const DenseShape& s, const T* src, const T* weights, const T* bias, T* dst) {
    const Index blocks = (s.outputs + dot_side - 1) / dot_side;
    const Index work = std::max<Index>(1, dot_side * s.inputs * s.batch);
    parallel_for(blocks, std::max<Index>(1, 65536 / work), [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i)
            dense_columns(s, src, weights, bias, i * dot_side, std::min(dot_side, s.outputs - i * dot_side), dst);
    });
}

/// c[i, j] = sum over k of a[i, k] * b[k, j] for the columns of one panel, first … first + panel_width - 1, where there
/// are as many; `packed` is a as panel_product takes it.
template <class T>
DECONVVIZ_TARGET inline void product_panel(Index rows, Index depth, Index columns, const T* packed, const T* b, T* c,
                                           Index first) {
    using detail::Scratch;
    constexpr Index width = panel_width<T>;
    if (first + width <= columns)
        return panel_product(rows, depth, depth, packed, 0, b + first, columns, c + first, columns, false);
    const Index rest = columns - first;
    T* panel = detail::scratch<T, Scratch::panel>(depth * width);
    T* result = detail::scratch<T, Scratch::result>(rows * width);
    for (Index k = 0; k < depth; ++k) {
        copy_run(panel + k * width, b + k * columns + first, rest);
        std::fill_n(panel + k * width + rest, width - rest, T(0));
    }
    panel_product(rows, depth, depth, packed, 0, panel, width, result, width, false);
    for (Index i = 0; i < rows; ++i) copy_run(c + i * columns + first, result + i * width, rest);
}

/// c (rows x columns) = a (rows x depth) * b (depth x columns); a's value (i, k) is at a[i * a_row + k * a_step],
/// b and c are row-major.
template <class T>
inline void matrix_product(Index rows, Index depth, Index columns, const T* a, Index a_row, Index a_step, const T* b,
                           T* c) {
    T* packed = detail::scratch<T, detail::Scratch::packed_weights>(rows * depth);
    T* out = packed;
    for (Index i = 0; i < rows; i += panel_rows)
        for (Index k = 0; k < depth; ++k)
            for (Index r = i; r < std::min(i + panel_rows, rows); ++r) *out++ = a[r * a_row + k * a_step];
    const Index panels = (columns + panel_width<T> - 1) / panel_width<T>;
    const Index work = std::max<Index>(1, rows * depth * panel_width<T>);
    parallel_for(panels, std::max<Index>(1, 65536 / work), [=](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) product_panel(rows, depth, columns, packed, b, c, i * panel_width<T>);
    });
}

template <class T>
inline void dense_transposed(const DenseShape& s, const T* dst, const T* weights, T* src) {
    matrix_product(s.batch, s.outputs, s.inputs, dst, s.outputs, 1, weights, src);
}

template <class T>
inline void dense_weight_gradient(const DenseShape& s, const T* src, const T* grad_dst, T* grad_weights) {
    matrix_product(s.outputs, s.batch, s.inputs, grad_dst, 1, s.outputs, src, grad_weights);
}
