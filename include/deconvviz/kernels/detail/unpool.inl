// Unpooling by switches, plane by plane; see for_each_isa.inl. The usual kinds gather: each unpooled position looks at
// the windows that hold it, in row-major order, and takes from those whose switch points to it; so every position is
// written once, many at a time. The others clear the map, and scatter value by value.

/// The places of the largest kernel that gathers, 3x3.
inline constexpr Index gathered_places = 9;

/// a / by for a >= 0, quick for the strides that are usual.
inline Index divided(Index a, Index by) {
    return by == 1 ? a : by == 2 ? a >> 1 : a / by;
}

/// The pooled rows (or columns) that position r of the unpooled map may take from.
inline Range takes_from(Index r, Index kernel, Index stride, Index padding, Index count) {
    const Index top = r + padding - kernel + 1;
    const Index first = top <= 0 ? 0 : divided(top + stride - 1, stride);
    const Index last = std::min(divided(r + padding, stride), count - 1);
    return {first, std::max<Index>(0, last - first + 1)};
}

/// A row of pooled values and their switches: column x is at pooled[x] and switches[x].
template <class T>
struct PooledRow {
    const T* pooled;
    const std::uint8_t* switches;
};

/// One unpooled position by the rule; for the columns at the border of the vectors.
template <class T>
[[gnu::noinline]] DECONVVIZ_TARGET inline T unpool_value(const MaxPoolShape& s, const T* pooled,
                                                         const std::uint8_t* switches, Overlap overlap, Index r,
                                                         Index c) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    const Range rows = takes_from(r, kernel.y, stride.y, padding.y, s.dst_height);
    const Range columns = takes_from(c, kernel.x, stride.x, padding.x, s.dst_width);
    T sum = 0;
    for (Index y = rows.first; y < rows.first + rows.count; ++y)
        for (Index x = columns.first; x < columns.first + columns.count; ++x) {
            const Index at = y * s.dst_width + x;
            const Index place = (r + padding.y - y * stride.y) * kernel.x + c + padding.x - x * stride.x;
            const T value = overlap == Overlap::accumulate ? sum + pooled[at] : pooled[at];
            sum = switches[at] == place ? value : sum;
        }
    return sum;
}

/// out[0], out[2], ... = even[0], even[1], ...; out[1], out[3], ... = odd[0], odd[1], ...
template <class V, class T, class Lanes>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void store_pairs(const typename V::type& even,
                                                                const typename V::type& odd, T* out,
                                                                const Lanes& lanes) {
    using Loose = typename V::loose;
    typename V::type low, high;
    zip(even, odd, low, high, lanes);
    *reinterpret_cast<Loose*>(out) = low;
    *reinterpret_cast<Loose*>(out + V::lanes) = high;
}

/// values (+)= pooled, in the lanes whose switch is the pattern.
template <class V>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void take_where(const typename V::halves& switches,
                                                               const typename V::halves& pattern,
                                                               const typename V::type& pooled, Overlap overlap,
                                                               typename V::type& values) {
    const auto same = reinterpret_cast<typename V::places>(switches == pattern);
    if (overlap == Overlap::accumulate) {
        values = same ? values + pooled : values;
    } else {
        values = same ? pooled : values;
    }
}

/// Columns of one unpooled row out of `count` pooled rows, with a horizontal stride of 2 and a kernel `width` of 2 or
/// 3: twice as many as lanes from `first` on, and so on in steps of as many, the last from `last` on; it may overlap
/// the one before. At `first` and at `last` a window begins. patterns[i] are those of row i's part of the kernel.
template <class V, class T>
DECONVVIZ_TARGET inline void unpool_row(const PooledRow<T>* rows, const typename V::halves* const* patterns,
                                        Index count, Index width, Index padding_x, Overlap overlap, Index first,
                                        Index last, T* out) {
    using Loose = typename V::loose;
    constexpr auto lanes = std::make_index_sequence<V::lane_count>{};
    for (Index c = first;; c = std::min(c + 2 * V::lanes, last)) {
        const Index x = (c + padding_x) / 2;
        typename V::type even{}, odd{};
        for (Index i = 0; i < count; ++i) {
            typename V::halves places;
            if (width == 3) {
                const typename V::type left = *reinterpret_cast<const Loose*>(rows[i].pooled + x - 1);
                load_switches<V>(rows[i].switches + x - 1, places, lanes);
                take_where<V>(places, patterns[i][2], left, overlap, even);
            }
            const typename V::type pooled = *reinterpret_cast<const Loose*>(rows[i].pooled + x);
            load_switches<V>(rows[i].switches + x, places, lanes);
            take_where<V>(places, patterns[i][0], pooled, overlap, even);
            take_where<V>(places, patterns[i][1], pooled, overlap, odd);
        }
        store_pairs<V>(even, odd, out + c, lanes);
        if (c == last) break;
    }
}

/// The same for two unpooled rows at once, `distance` values apart, of which the upper one is where the windows of the
/// pooled row `here` begin, for 2x2 or 3x3 windows; `above` is the pooled row before it.
/// Two rows that are written side by side are more than what the processor fetches ahead by itself: `prefetches` asks
/// for it where the map is large.
template <class V, Index Width, Overlap Rule, class T>
DECONVVIZ_TARGET inline void unpool_two_rows(const PooledRow<T>& above, const PooledRow<T>& here,
                                             const typename V::halves* patterns, Index padding_x, Index first,
                                             Index last, bool prefetches, T* out, Index distance) {
    using Loose = typename V::loose;
    constexpr auto lanes = std::make_index_sequence<V::lane_count>{};
    for (Index c = first;; c = std::min(c + 2 * V::lanes, last)) {
        const Index x = (c + padding_x) / 2;
        if (prefetches) prefetch_block<1>(out + 2 * (c - first), 4 * V::lanes);
        typename V::type upper_even{}, upper_odd{}, lower_even{}, lower_odd{};
        typename V::halves places;
        if constexpr (Width == 3) {
            const typename V::type corner = *reinterpret_cast<const Loose*>(above.pooled + x - 1);
            load_switches<V>(above.switches + x - 1, places, lanes);
            take_where<V>(places, patterns[8], corner, Rule, upper_even);
            const typename V::type top = *reinterpret_cast<const Loose*>(above.pooled + x);
            load_switches<V>(above.switches + x, places, lanes);
            take_where<V>(places, patterns[6], top, Rule, upper_even);
            take_where<V>(places, patterns[7], top, Rule, upper_odd);
            const typename V::type left = *reinterpret_cast<const Loose*>(here.pooled + x - 1);
            load_switches<V>(here.switches + x - 1, places, lanes);
            take_where<V>(places, patterns[2], left, Rule, upper_even);
            take_where<V>(places, patterns[5], left, Rule, lower_even);
        }
        const typename V::type pooled = *reinterpret_cast<const Loose*>(here.pooled + x);
        load_switches<V>(here.switches + x, places, lanes);
        take_where<V>(places, patterns[0], pooled, Rule, upper_even);
        take_where<V>(places, patterns[1], pooled, Rule, upper_odd);
        take_where<V>(places, patterns[Width], pooled, Rule, lower_even);
        take_where<V>(places, patterns[Width + 1], pooled, Rule, lower_odd);
        store_pairs<V>(upper_even, upper_odd, out + c, lanes);
        store_pairs<V>(lower_even, lower_odd, out + distance + c, lanes);
        if (c == last) break;
    }
}

/// Where the rows of a plane's pooled values and switches are read, `width` columns from x_first on. Where that reaches
/// beyond the map, a row is staged: columns that do not exist get a switch that points nowhere, so that their value
/// does not matter; it only must be there to be read.
template <class T>
struct PooledPlanes {
    const MaxPoolShape& s;
    const T* pooled;  // of all planes
    const std::uint8_t* switches;
    Index x_first, width;
    Index slots;  // staged rows that are needed at once, 1 or 2, the even and the odd ones. 0: none needs staging
    T* staged_values;
    std::uint8_t* staged_switches;
    Index plane;
    Index staged;  // the rows before this one were staged, if they were needed

    PooledPlanes(const MaxPoolShape& shape, const T* all_pooled, const std::uint8_t* all_switches, Index first,
                 Index count)
        : s(shape), pooled(all_pooled), switches(all_switches), x_first(first), width(count) {
        const bool direct = first >= 0 && first + count <= s.dst_width;
        slots = direct ? 0 : s.sliding.kernel.y - 1;
        staged_values = detail::scratch<T, detail::Scratch::rows>(slots * width);
        staged_switches = detail::scratch<std::uint8_t, detail::Scratch::rows>(slots * width);
    }

    void go_to_plane(Index p) {
        plane = p;
        staged = 0;
    }

    PooledRow<T> row(Index y) {
        const Index from = plane * s.dst_plane() + y * s.dst_width;
        if (slots == 0) return {pooled + from, switches + from};
        const Index slot = (slots == 1 ? 0 : y % 2) * width;
        const bool copies = from + x_first < 0 || from + x_first + width > s.planes * s.dst_plane();
        if (y >= staged) stage(from, slot, copies);
        staged = std::max(staged, y + 1);
        return {copies ? staged_values + slot - x_first : pooled + from, staged_switches + slot - x_first};
    }

    void stage(Index from, Index slot, bool copies) {
        const Index before = std::max<Index>(0, -x_first);
        const Index begin = std::max<Index>(0, x_first);
        const auto count = static_cast<std::size_t>(std::min(s.dst_width, x_first + width) - begin);
        __builtin_memset(staged_switches + slot, 255, static_cast<std::size_t>(width));
        __builtin_memcpy(staged_switches + slot + before, switches + from + begin, count);
        if (!copies) return;
        std::fill_n(staged_values + slot, width, T(0));
        __builtin_memcpy(staged_values + slot + before, pooled + from + begin, count * sizeof(T));
    }
};

/// Unpools the planes begin … end - 1 with vectors V, for a stride of 2 and a kernel of 2x2 or 3x3. From the first
/// column of `window` where a window begins, there are at least twice as many columns as lanes.
template <class V, class T>
DECONVVIZ_TARGET inline void unpool_gathered(const MaxPoolShape& s, Index begin, Index end, const T* pooled,
                                             const std::uint8_t* switches, T* unpooled, Overlap overlap,
                                             const Window& window) {
    const Index kernel = s.sliding.kernel.x;
    const auto padding = s.sliding.padding;
    typename V::halves patterns[gathered_places];
    for (Index place = 0; place < kernel * kernel; ++place) {
        typename V::bytes pattern;
        switch_pattern<V>(place, pattern, std::make_index_sequence<V::size>{});
        patterns[place] = reinterpret_cast<typename V::halves>(pattern);
    }
    const Index first = window.x + (window.x + padding.x) % 2;
    const Index stop = window.x + window.width;
    const Index last = first + (stop - first - 2 * V::lanes) / 2 * 2;
    const Index reach = kernel - 2;  // columns before its own that a vector takes from
    PooledPlanes<T> source(s, pooled, switches, (first + padding.x) / 2 - reach, (last - first) / 2 + V::lanes + reach);
    const bool prefetches = s.planes * s.src_plane() * Index{sizeof(T)} > prefetched_bytes;
    for (Index p = begin; p < end; ++p) {
        source.go_to_plane(p);
        T* out = unpooled + p * s.src_plane();
        for (Index r = window.y; r < window.y + window.height;) {
            const Range from = takes_from(r, kernel, 2, padding.y, s.dst_height);
            PooledRow<T> rows[2];
            const typename V::halves* row_patterns[2];
            for (Index i = 0; i < from.count; ++i) {
                rows[i] = source.row(from.first + i);
                row_patterns[i] = patterns + (r + padding.y - (from.first + i) * 2) * kernel;
            }
            const bool two =
                from.count == kernel - 1 && row_patterns[kernel - 2] == patterns && r + 1 < window.y + window.height;
            T* row = out + r * s.src_width;
            if (!two) {
                unpool_row<V>(rows, row_patterns, from.count, kernel, padding.x, overlap, first, last, row);
            } else if (kernel == 3) {
                unpool_two_rows<V, 3, Overlap::accumulate>(rows[0], rows[1], patterns, padding.x, first, last,
                                                           prefetches, row, s.src_width);
            } else if (overlap == Overlap::accumulate) {
                unpool_two_rows<V, 2, Overlap::accumulate>(rows[0], rows[0], patterns, padding.x, first, last,
                                                           prefetches, row, s.src_width);
            } else {
                unpool_two_rows<V, 2, Overlap::overwrite>(rows[0], rows[0], patterns, padding.x, first, last,
                                                          prefetches, row, s.src_width);
            }
            for (const Index next = r + (two ? 2 : 1); r < next; ++r, row += s.src_width) {
                const Index plane = p * s.dst_plane();
                for (Index c = window.x; c < first; ++c)
                    row[c] = unpool_value(s, pooled + plane, switches + plane, overlap, r, c);
                for (Index c = last + 2 * V::lanes; c < stop; ++c)
                    row[c] = unpool_value(s, pooled + plane, switches + plane, overlap, r, c);
            }
        }
    }
}

/// Is that the faster way? Always for 2x2; 3x3 windows overlap and pay on wide maps only.
inline bool unpool_gathers(const MaxPoolShape& s, Overlap overlap, const Window& window) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    if (!(stride == Size2D(2))) return false;
    return kernel == Size2D(2) || (kernel == Size2D(3) && overlap == Overlap::accumulate && window.width >= 72);
}

/// Any kernel, stride and window, value by value: clears, and writes where the switches point.
template <class T>
DECONVVIZ_TARGET inline void unpool_scattered(const MaxPoolShape& s, Index begin, Index end, const T* pooled,
                                              const std::uint8_t* switches, T* unpooled, Overlap overlap,
                                              const Window& window) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    const Window reached = s.sliding.reached_by(window, s.dst_height, s.dst_width);
    const bool add = overlap == Overlap::accumulate;
    const bool whole = window == s.whole_src();
    // Divisions are slow: the places of a small kernel are looked up.
    constexpr Index small = 64;
    std::array<Size2D, small> steps{};
    for (Index place = 0; place < std::min(small, kernel.y * kernel.x); ++place)
        steps[static_cast<std::size_t>(place)] = {place / kernel.x, place % kernel.x};
    for (Index p = begin; p < end; ++p) {
        T* plane = unpooled + p * s.src_plane();
        for (Index y = window.y; y < window.y + window.height; ++y)
            std::fill_n(plane + y * s.src_width + window.x, window.width, T(0));
        for (Index y = reached.y; y < reached.y + reached.height; ++y)
            for (Index x = reached.x; x < reached.x + reached.width; ++x) {
                const Index from = p * s.dst_plane() + y * s.dst_width + x;
                const Index place = switches[from];
                const Size2D step =
                    place < small ? steps[static_cast<std::size_t>(place)] : Size2D(place / kernel.x, place % kernel.x);
                const Index row = y * stride.y - padding.y + step.y;
                const Index column = x * stride.x - padding.x + step.x;
                const Index to = row * s.src_width + column;
                // A switch that points out of the map must not be followed, whatever it came from.
                if (whole ? to < 0 || to >= s.src_plane() : !contains(window, {row, column, 1, 1})) continue;
                plane[to] = add ? plane[to] + pooled[from] : pooled[from];
            }
    }
}

/// The positions of `window` in the planes begin … end - 1; see reference::unpool.
template <class T>
inline void unpool_planes(const MaxPoolShape& s, Index begin, Index end, const T* pooled, const std::uint8_t* switches,
                          T* unpooled, Overlap overlap, const Window& window) {
    using Wide = PoolVector<T, widest_pool_vector>;
    using Narrow = PoolVector<T, 16>;
    const Index columns = window.width - (window.x + s.sliding.padding.x) % 2;  // from where a window begins
    const bool gathers = unpool_gathers(s, overlap, window);
    if (gathers && columns >= 2 * Wide::lanes) {
        unpool_gathered<Wide>(s, begin, end, pooled, switches, unpooled, overlap, window);
    } else if (gathers && columns >= 2 * Narrow::lanes) {
        unpool_gathered<Narrow>(s, begin, end, pooled, switches, unpooled, overlap, window);
    } else {
        unpool_scattered(s, begin, end, pooled, switches, unpooled, overlap, window);
    }
}
