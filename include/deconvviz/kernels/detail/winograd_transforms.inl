// The transforms of Winograd's minimal filtering F(4x4, 3x3); see winograd.inl and for_each_isa.inl.
//
// An output tile of 4x4 is A' [(G g G') * (B' d B)] A for the filter g (3x3) and the source values d (6x6), with *
// value by value [lavin2016, §4.1]. The matrices interpolate at 0, a, -a, b, -b and infinity. With a = 5/8 and b = 3/2
// instead of the usual 1 and 2 the rounding error is a third (docs/performance.md), and all products of them are exact.

template <class T>
struct WinogradPoints {
    static constexpr T a = T(0.625);
    static constexpr T b = T(1.5);
    static constexpr T aa = a * a;
    static constexpr T bb = b * b;
};

/// B' d for six values (in vectors) of one row or column.
template <class T, class R>
DECONVVIZ_TARGET inline void winograd_source(const R (&d)[6], R (&out)[6]) {
    using P = WinogradPoints<T>;
    const R even_a = d[4] - P::bb * d[2];
    const R odd_a = P::a * (d[3] - P::bb * d[1]);
    const R even_b = d[4] - P::aa * d[2];
    const R odd_b = P::b * (d[3] - P::aa * d[1]);
    out[0] = P::aa * P::bb * d[0] - (P::aa + P::bb) * d[2] + d[4];
    out[1] = even_a + odd_a;
    out[2] = even_a - odd_a;
    out[3] = even_b + odd_b;
    out[4] = even_b - odd_b;
    out[5] = P::aa * P::bb * d[1] - (P::aa + P::bb) * d[3] + d[5];
}

/// G g for three values of one row or column.
template <class T, class R>
DECONVVIZ_TARGET inline void winograd_filter(const R (&g)[3], R (&out)[6]) {
    using P = WinogradPoints<T>;
    constexpr T scale_a = 1 / (2 * P::aa * (P::aa - P::bb));
    constexpr T scale_b = 1 / (2 * P::bb * (P::bb - P::aa));
    const R even_a = scale_a * g[0] + scale_a * P::aa * g[2];
    const R odd_a = scale_a * P::a * g[1];
    const R even_b = scale_b * g[0] + scale_b * P::bb * g[2];
    const R odd_b = scale_b * P::b * g[1];
    out[0] = (1 / (P::aa * P::bb)) * g[0];
    out[1] = even_a + odd_a;
    out[2] = even_a - odd_a;
    out[3] = even_b + odd_b;
    out[4] = even_b - odd_b;
    out[5] = g[2];
}

/// A' m for six values of one row or column.
template <class T, class R>
DECONVVIZ_TARGET inline void winograd_output(const R (&m)[6], R (&out)[4]) {
    using P = WinogradPoints<T>;
    const R sum_a = m[1] + m[2];
    const R difference_a = m[1] - m[2];
    const R sum_b = m[3] + m[4];
    const R difference_b = m[3] - m[4];
    out[0] = m[0] + sum_a + sum_b;
    out[1] = P::a * difference_a + P::b * difference_b;
    out[2] = P::aa * sum_a + P::bb * sum_b;
    out[3] = P::aa * P::a * difference_a + P::bb * P::b * difference_b + m[5];
}

/// G g G' for the filters of panel_rows maps, channel by channel:
/// filters[(channel * 9 + tap) * panel_rows + map] to transformed[k * pitch + channel * panel_rows + map], k < 36.
/// `down` and `along`: do the taps run through the filter forwards, or backwards?
template <class T>
[[gnu::noinline]] DECONVVIZ_TARGET inline void winograd_filters(Index channels, bool down, bool along, const T* filters,
                                                                T* transformed, Index pitch) {
    typedef T Row __attribute__((vector_size(panel_rows * sizeof(T)), aligned(alignof(T)), may_alias));
    typedef T Value __attribute__((vector_size(panel_rows * sizeof(T))));
    for (Index c = 0; c < channels; ++c) {
        Value half[3][6];  // by column, then transformed row
        DECONVVIZ_UNROLL for (Index x = 0; x < 3; ++x) {
            Value g[3];
            DECONVVIZ_UNROLL for (Index y = 0; y < 3; ++y) g[y] = *reinterpret_cast<const Row*>(
                filters + (c * 9 + (down ? y : 2 - y) * 3 + (along ? x : 2 - x)) * panel_rows);
            winograd_filter<T>(g, half[x]);
        }
        DECONVVIZ_UNROLL for (Index i = 0; i < 6; ++i) {
            const Value g[3] = {half[0][i], half[1][i], half[2][i]};
            Value out[6];
            winograd_filter<T>(g, out);
            DECONVVIZ_UNROLL for (Index j = 0; j < 6; ++j) {
                *reinterpret_cast<Row*>(transformed + (i * 6 + j) * pitch + c * panel_rows) = out[j];
            }
        }
    }
}

/// B' over the columns of six rows: out[i * pitch + x], for x < count. Rows may be read up to the next full vector only
/// where `count` says so: the last ones are copied first.
template <class T>
DECONVVIZ_TARGET inline void winograd_columns(const T* const (&rows)[6], Index count, T* out, Index pitch) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Register d[6];
    Register transformed[6];
    Index x = 0;
    for (; x + lanes <= count; x += lanes) {
        DECONVVIZ_UNROLL for (Index i = 0; i < 6; ++i) d[i] = *reinterpret_cast<const Loose*>(rows[i] + x);
        winograd_source<T>(d, transformed);
        DECONVVIZ_UNROLL for (Index i = 0; i < 6; ++i) * reinterpret_cast<Loose*>(out + i * pitch + x) = transformed[i];
    }
    if (x >= count) return;
    T tail[6][lanes] = {};
    for (Index i = 0; i < 6; ++i) copy_run(tail[i], rows[i] + x, count - x);
    DECONVVIZ_UNROLL for (Index i = 0; i < 6; ++i) d[i] = *reinterpret_cast<const Loose*>(tail[i]);
    winograd_source<T>(d, transformed);
    DECONVVIZ_UNROLL for (Index i = 0; i < 6; ++i) * reinterpret_cast<Loose*>(out + i * pitch + x) = transformed[i];
}

/// The values x = 4 t + first … of a row for a vector of tiles t: out[i] holds x = 4 t + i for i < 4.
template <class T>
DECONVVIZ_TARGET inline void part_in_four(const T* row, typename Vector<T>::type (&out)[4]) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Register v[4];
    Register even[2];
    Register odd[2];
    DECONVVIZ_UNROLL for (Index i = 0; i < 4; ++i) v[i] = *reinterpret_cast<const Loose*>(row + i * lanes);
    part(v[0], v[1], even[0], odd[0], lane_indices<T>);
    part(v[2], v[3], even[1], odd[1], lane_indices<T>);
    part(even[0], even[1], out[0], out[2], lane_indices<T>);
    part(odd[0], odd[1], out[1], out[3], lane_indices<T>);
}

/// B along a row of `tiles` tiles; result j of tile t goes to out[j * out_row + t]. Whole vectors are written as long
/// as there is room for that many tiles in out's row. The row is read up to 4 * (lanes + 1) values beyond the last
/// tile.
template <class T>
DECONVVIZ_TARGET inline void winograd_row(const T* row, Index tiles, Index room, T* out, Index out_row) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    for (Index t = 0; t < tiles; t += lanes) {
        Register here[4];
        Register next[4];
        part_in_four(row + 4 * t, here);
        part_in_four(row + 4 * t + 4, next);
        const Register d[6] = {here[0], here[1], here[2], here[3], next[0], next[1]};
        Register transformed[6];
        winograd_source<T>(d, transformed);
        if (t + lanes <= room) {
            DECONVVIZ_UNROLL for (Index j = 0; j < 6; ++j) {
                *reinterpret_cast<Loose*>(out + j * out_row + t) = transformed[j];
            }
            continue;
        }
        T values[6][lanes];
        DECONVVIZ_UNROLL for (Index j = 0; j < 6; ++j) * reinterpret_cast<Loose*>(values[j]) = transformed[j];
        for (Index j = 0; j < 6; ++j) copy_run(out + j * out_row + t, values[j], tiles - t);
    }
}

/// A' m A for one vector of tiles: value k of it at m[k * m_row], k < 36; out[y * 4 * lanes + 4 * tile + x].
template <class T>
[[gnu::noinline]] DECONVVIZ_TARGET inline void winograd_outputs(const T* m, Index m_row, T bias, T* out) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Register half[6][4];  // by column, then output row
    DECONVVIZ_UNROLL for (Index j = 0; j < 6; ++j) {
        Register column[6];
        DECONVVIZ_UNROLL for (Index i = 0; i < 6; ++i) {
            column[i] = *reinterpret_cast<const Loose*>(m + (i * 6 + j) * m_row);
        }
        winograd_output<T>(column, half[j]);
    }
    DECONVVIZ_UNROLL for (Index y = 0; y < 4; ++y) {
        const Register row[6] = {half[0][y], half[1][y], half[2][y], half[3][y], half[4][y], half[5][y]};
        Register v[4];
        winograd_output<T>(row, v);
        DECONVVIZ_UNROLL for (Index x = 0; x < 4; ++x) v[x] = v[x] + bias;
        Register even[2];
        Register odd[2];
        Register mixed[4];
        zip(v[0], v[2], even[0], even[1], lane_indices<T>);
        zip(v[1], v[3], odd[0], odd[1], lane_indices<T>);
        zip(even[0], odd[0], mixed[0], mixed[1], lane_indices<T>);
        zip(even[1], odd[1], mixed[2], mixed[3], lane_indices<T>);
        DECONVVIZ_UNROLL for (Index i = 0; i < 4; ++i) * reinterpret_cast<Loose*>(out + (y * 4 + i) * lanes) = mixed[i];
    }
}
