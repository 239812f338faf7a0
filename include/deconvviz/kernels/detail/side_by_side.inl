// Pooling of pictures side by side, and taking them apart; see side_by_side.hpp and for_each_isa.inl.

/// The places of a window of the source that one output reads; rows are `row` values apart.
template <class T>
struct PooledPlaces {
    const T* first;
    Index rows;
    Index columns;
    Index row;
};

/// The largest of them for each picture.
template <class T>
struct Largest {
    DECONVVIZ_TARGET void operator()(const PooledPlaces<T>& places, Index, Index, T* to) const {
        using Register = typename Vector<T>::type;
        using Loose = typename Vector<T>::loose;
        constexpr Index lanes = Vector<T>::lanes;
        DECONVVIZ_UNROLL for (Index v = 0; v < side_by_side; v += lanes) {
            Register best = *reinterpret_cast<const Loose*>(places.first + v);
            const T* row = places.first + v;
            for (Index y = 0; y < places.rows; ++y, row += places.row)
                for (Index x = 0; x < places.columns; ++x) {
                    const Register value = *reinterpret_cast<const Loose*>(row + x * side_by_side);
                    // As `beats` has it: a NaN, too, is no number that a value is at most; the first one stays.
                    best = ((value <= best) | (best != best)) ? best : value;
                }
            *reinterpret_cast<Loose*>(to + v) = best;
        }
    }
};

/// Their mean.
template <class T>
struct Mean {
    const AveragePoolShape& shape;

    DECONVVIZ_TARGET void operator()(const PooledPlaces<T>& places, Index row, Index column, T* to) const {
        using Register = typename Vector<T>::type;
        using Loose = typename Vector<T>::loose;
        constexpr Index lanes = Vector<T>::lanes;
        const auto count = static_cast<T>(shape.places(row, column));
        DECONVVIZ_UNROLL for (Index v = 0; v < side_by_side; v += lanes) {
            Register sum = {};
            for (Index y = 0; y < places.rows; ++y)
                for (Index x = 0; x < places.columns; ++x)
                    sum += *reinterpret_cast<const Loose*>(places.first + y * places.row + x * side_by_side + v);
            *reinterpret_cast<Loose*>(to + v) = sum / count;
        }
    }
};

/// Calls `pool(places, y, x, to)` for each output.
template <class T, class Pool>
DECONVVIZ_TARGET inline void pool_side_by_side(const MaxPoolShape& s, const SideBySide<const T*>& src,
                                               const SideBySide<T*>& dst, const Pool& pool) {
    const Window& window = dst.window;
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    PooledPlaces<T> places{nullptr, 0, 0, src.window.width * side_by_side};
    T* to = dst.values;
    for (Index plane = 0; plane < s.planes; ++plane)
        for (Index y = window.y; y < window.y + window.height; ++y) {
            const auto [first_y, last_y] = s.kernel_rows(y);
            places.rows = last_y - first_y;
            const T* row = src.at(plane, y * stride.y - padding.y + first_y, src.window.x);
            for (Index x = window.x; x < window.x + window.width; ++x, to += side_by_side) {
                const auto [first_x, last_x] = s.kernel_columns(x);
                places.columns = last_x - first_x;
                places.first = row + (x * stride.x - padding.x + first_x - src.window.x) * side_by_side;
                pool(places, y, x, to);
            }
        }
}

template <class T>
inline void max_pool_side_by_side(const MaxPoolShape& s, const SideBySide<const T*>& src, const SideBySide<T*>& dst) {
    pool_side_by_side<T>(s, src, dst, Largest<T>());
}

template <class T>
inline void average_pool_side_by_side(const AveragePoolShape& s, const SideBySide<const T*>& src,
                                      const SideBySide<T*>& dst) {
    pool_side_by_side<T>(s.pool, src, dst, Mean<T>{s});
}

template <class T>
DECONVVIZ_TARGET inline void take_apart(const SideBySide<const T*>& src, Index channels, const Size2D& map, Index count,
                                        T* const* pictures) {
    const Window& window = src.window;
    const bool in_a_row = window.width == map.x;  // rows of the window follow each other in a map
    const Index run = window.width * (in_a_row ? window.height : 1), runs = in_a_row ? 1 : window.height;
    T* apart = detail::scratch<T, detail::Scratch::staging>(run * side_by_side);
    const T* from = src.values;
    for (Index c = 0; c < channels; ++c)
        for (Index r = 0; r < runs; ++r, from += run * side_by_side) {
            transpose(run, side_by_side, from, side_by_side, apart, run);
            for (Index p = 0; p < count; ++p)
                copy_run(pictures[p] + (c * map.y + window.y + r) * map.x + window.x, apart + p * run, run);
        }
}
