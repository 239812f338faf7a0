// Max pooling with switches, plane by plane; see for_each_isa.inl.

/// even = row[0], row[2], ...; odd = row[1], row[3], ...; sum = the sum of both.
template <class V, class T, class Lanes>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void load_pairs(const T* row, typename V::type& even,
                                                               typename V::type& odd, typename V::type& sum,
                                                               const Lanes& lanes) {
    const typename V::type low = *reinterpret_cast<const typename V::loose*>(row);
    const typename V::type high = *reinterpret_cast<const typename V::loose*>(row + V::lanes);
    sum = low + high;
    part(low, high, even, odd, lanes);
}

/// values[1], values[2], ..., last
template <class V, class T, std::size_t... Lane>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void shift_in(const typename V::type& values, T last,
                                                             typename V::type& out, std::index_sequence<Lane...>) {
    const typename V::type filled = {(static_cast<void>(Lane), last)...};
    out = __builtin_shufflevector(values, filled, (Lane + 1)...);
}

/// best = max(best, value) with its place; a NaN is not treated as it should be.
template <class V>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void take_larger(const typename V::type& value,
                                                                const typename V::places& where, typename V::type& best,
                                                                typename V::places& place) {
    const typename V::places better = value > best;
    best = better ? value : best;
    place = better ? where : place;
}

/// The maximum of each lane's window in one row, and its column times `unit`. Adds all values that it saw to `seen`.
/// Reads nothing beyond the last window.
template <class V, Index Width, Index Step, class T>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void max_of_row(const T* row, Index kernel_x,
                                                               const typename V::places& unit, typename V::type& best,
                                                               typename V::places& place, typename V::type& seen) {
    constexpr auto lanes = std::make_index_sequence<V::lane_count>{};
    const Index width = Width > 0 ? Width : kernel_x;
    typename V::places column = unit;
    typename V::type sum;
    place = typename V::places{};
    if constexpr (Step == 1) {
        best = *reinterpret_cast<const typename V::loose*>(row);
        sum = best;
        for (Index kx = 1; kx < width; ++kx, column += unit) {
            const typename V::type value = *reinterpret_cast<const typename V::loose*>(row + kx);
            sum += value;
            take_larger<V>(value, column, best, place);
        }
    } else {
        typename V::type even, odd;
        load_pairs<V>(row, even, odd, sum, lanes);
        best = even;
        take_larger<V>(odd, column, best, place);
        for (Index kx = 2; kx < width; kx += 2) {
            column += unit;
            if (kx + 1 < width) {
                typename V::type more;
                load_pairs<V>(row + kx, even, odd, more, lanes);
                sum += more;
                take_larger<V>(even, column, best, place);
                column += unit;
                take_larger<V>(odd, column, best, place);
            } else {
                shift_in<V>(even, row[kx + 2 * (V::lanes - 1)], odd, lanes);
                sum += odd;
                take_larger<V>(odd, column, best, place);
            }
        }
    }
    seen += sum;
}

/// The outputs of `inner`, whose windows lie inside of src as to their columns, and which is at least a vector wide.
/// Width is the kernel's, or 0 for any; Step its horizontal stride. A NaN is not treated as it should be: true where
/// there may have been one, that is where the sum of all values is one.
template <class V, Index Width, Index Step, class T>
DECONVVIZ_TARGET inline bool max_pool_inner(const MaxPoolShape& s, bool prefetches, const T* src, T* dst,
                                            std::uint8_t* switches, const Window& inner) {
    using Values = typename V::type;
    using Places = typename V::places;
    const auto [kernel, stride, padding, dilation] = s.sliding;
    const Index src_width = s.src_width;
    const Index last = inner.width - V::lanes;
    typename V::bytes pattern;
    switch_pattern<V>(1, pattern, std::make_index_sequence<V::size>{});
    const Places unit = reinterpret_cast<Places>(pattern);
    const Places row_unit = unit * static_cast<typename V::Lane>(kernel.x);
    Values seen{};
    for (Index y = inner.y; y < inner.y + inner.height; ++y) {
        const auto [first_y, last_y] = s.kernel_rows(y);
        const T* rows = src + (y * stride.y - padding.y + first_y) * src_width + inner.x * Step - padding.x;
        const Places first_row = row_unit * static_cast<typename V::Lane>(first_y);
        T* out = dst + y * s.dst_width + inner.x;
        std::uint8_t* out_switches = switches + y * s.dst_width + inner.x;
        for (Index x = 0;; x = std::min(x + V::lanes, last)) {
            const T* row = rows + x * Step;
            if (prefetches) prefetch_block<0>(rows + x * Step * stride.y, V::lanes * Step * stride.y);
            Values best;
            Places place;
            max_of_row<V, Width, Step>(row, kernel.x, unit, best, place, seen);
            Places before = first_row;
            place += before;
            for (Index left = last_y - first_y - 1; left > 0; --left) {
                Values value;
                Places column;
                row += src_width;
                max_of_row<V, Width, Step>(row, kernel.x, unit, value, column, seen);
                before += row_unit;
                column += before;
                take_larger<V>(value, column, best, place);
            }
            *reinterpret_cast<typename V::loose*>(out + x) = best;
            store_switches<V>(place, out_switches + x, std::make_index_sequence<V::lane_count>{});
            if (x == last) break;
        }
    }
    T sum = 0;
    for (Index i = 0; i < V::lanes; ++i) sum += seen[i];
    return sum != sum;
}

/// The outputs of `window` one by one; see reference::max_pool.
template <class T>
DECONVVIZ_TARGET inline void max_pool_values(const MaxPoolShape& s, const T* src, T* dst, std::uint8_t* switches,
                                             const Window& window) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    for (Index y = window.y; y < window.y + window.height; ++y)
        for (Index x = window.x; x < window.x + window.width; ++x) {
            const auto [first_y, last_y] = s.kernel_rows(y);
            const auto [first_x, last_x] = s.kernel_columns(x);
            const T* row = src + (y * stride.y - padding.y + first_y) * s.src_width + x * stride.x - padding.x;
            // No branch on the data: which value is the largest cannot be foreseen.
            const T* best = row + first_x;
            Index place = first_y * kernel.x + first_x;
            for (Index ky = first_y; ky < last_y; ++ky, row += s.src_width)
                for (Index kx = first_x; kx < last_x; ++kx) {
                    const T value = row[kx];
                    const bool better = (value > *best) | ((value != value) & (*best == *best));
                    best = better ? row + kx : best;
                    place = better ? ky * kernel.x + kx : place;
                }
            dst[y * s.dst_width + x] = *best;
            switches[y * s.dst_width + x] = static_cast<std::uint8_t>(place);
        }
}

template <class T>
using MaxPoolInner = bool (*)(const MaxPoolShape&, bool, const T*, T*, std::uint8_t*, const Window&);

/// The function for outputs that are `width` wide, or null where there is none.
template <class T>
inline MaxPoolInner<T> choose_max_pool_inner(const MaxPoolShape& s, Index width) {
    using Wide = PoolVector<T, widest_pool_vector>;
    using Narrow = PoolVector<T, 16>;
    const Index step = s.sliding.stride.x;
    const bool three = s.sliding.kernel.x == 3;
    if (step > 2 || s.sliding.kernel.x < step) return nullptr;
    if (width >= Wide::lanes)
        return step == 1 ? max_pool_inner<Wide, 0, 1, T>
               : three   ? max_pool_inner<Wide, 3, 2, T>
                         : max_pool_inner<Wide, 0, 2, T>;
    if (width >= Narrow::lanes) return step == 1 ? max_pool_inner<Narrow, 0, 1, T> : max_pool_inner<Narrow, 0, 2, T>;
    return nullptr;
}

/// The positions of `window` in the planes begin … end - 1; see reference::max_pool.
template <class T>
inline void max_pool_planes(const MaxPoolShape& s, Index begin, Index end, const T* src, T* dst, std::uint8_t* switches,
                            const Window& window) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    // The columns whose windows lie inside of src, and those of `window` to their left and right.
    const Index first = std::max(window.x, (padding.x + stride.x - 1) / stride.x);
    const Index room = s.src_width + padding.x - kernel.x;
    const Index last = std::min(window.x + window.width, room < 0 ? 0 : room / stride.x + 1);
    const auto inner = choose_max_pool_inner<T>(s, last - first);
    const Window middle{window.y, first, window.height, last - first};
    const Window left{window.y, window.x, window.height, first - window.x};
    const Window right{window.y, last, window.height, window.x + window.width - last};
    const bool prefetches = s.planes * s.src_plane() * Index{sizeof(T)} > prefetched_bytes;
    for (Index p = begin; p < end; ++p) {
        const T* plane = src + p * s.src_plane();
        T* out = dst + p * s.dst_plane();
        std::uint8_t* places = switches + p * s.dst_plane();
        if (inner == nullptr || inner(s, prefetches, plane, out, places, middle)) {
            max_pool_values(s, plane, out, places, window);
        } else {
            if (left.width > 0) max_pool_values(s, plane, out, places, left);
            if (right.width > 0) max_pool_values(s, plane, out, places, right);
        }
    }
}
