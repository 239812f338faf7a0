// Max pooling with switches, and unpooling, plane by plane; see for_each_isa.inl.

/// A vector of `bytes` bytes for max pooling, whose rows are often shorter than the widest register.
template <class T, std::size_t Bytes>
struct PoolVector {
    typedef T type __attribute__((vector_size(Bytes)));
    typedef T loose __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
    typedef std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> Place;
    typedef Place places __attribute__((vector_size(Bytes)));
    static constexpr std::size_t lanes = Bytes / sizeof(T);
};

/// src[0], src[step], src[2 step], … for step 1 or 2. Reads step * lanes values.
template <class T, std::size_t Bytes, std::size_t... I>
DECONVVIZ_TARGET inline void load_strided(const T* src, Index step, typename PoolVector<T, Bytes>::type& out,
                                          std::index_sequence<I...>) {
    using Loose = typename PoolVector<T, Bytes>::loose;
    const typename PoolVector<T, Bytes>::type low = *reinterpret_cast<const Loose*>(src);
    if (step == 1) {
        out = low;
    } else {
        const typename PoolVector<T, Bytes>::type high = *reinterpret_cast<const Loose*>(src + sizeof...(I));
        out = __builtin_shufflevector(low, high, (2 * I)...);
    }
}

/// As many outputs as a vector has lanes, all of whose windows lie inside of src as to their columns.
/// `corner` is the source value at kernel row 0, column 0 of the first; only rows first_y … last_y - 1 are read.
template <class T, std::size_t Bytes, class S>
DECONVVIZ_TARGET inline void max_pool_vector(const MaxPoolShape& s, const T* corner, Index first_y, Index last_y,
                                             T* dst, S* switches) {
    using Types = PoolVector<T, Bytes>;
    using Places = typename Types::places;
    constexpr auto lanes = std::make_index_sequence<Types::lanes>{};
    typename Types::type best;
    load_strided<T, Bytes>(corner + first_y * s.src_width, s.sliding.stride.x, best, lanes);
    Places place = Places{} + static_cast<typename Types::Place>(first_y * s.sliding.kernel.x);
    for (Index ky = first_y; ky < last_y; ++ky)
        for (Index kx = 0; kx < s.sliding.kernel.x; ++kx) {
            typename Types::type value;
            load_strided<T, Bytes>(corner + ky * s.src_width + kx, s.sliding.stride.x, value, lanes);
            const Places better = (value > best) | ((value != value) & (best == best));
            best = better ? value : best;
            place = better ? Places{} + static_cast<typename Types::Place>(ky * s.sliding.kernel.x + kx) : place;
        }
    *reinterpret_cast<typename Types::loose*>(dst) = best;
    for (std::size_t i = 0; i < Types::lanes; ++i) switches[i] = static_cast<S>(place[i]);
}

/// May `lanes` outputs from (y, x) on be computed as a vector: are their columns inside of src, and what is read beyond
/// the last one still inside of the plane?
DECONVVIZ_TARGET inline bool fits_vector(const MaxPoolShape& s, Index y, Index x, Index last_y, Index lanes) {
    const Index step = s.sliding.stride.x;
    const Index left = x * step - s.sliding.padding.x;
    return step <= 2 && left >= 0 && left + (lanes - 1) * step + s.sliding.kernel.x <= s.src_width &&
           s.target(y, x, 0) + (last_y - 1) * s.src_width + s.sliding.kernel.x - 1 + step * lanes <= s.src_plane();
}

/// One output of max_pool; see reference::max_pool.
template <class T, class S>
DECONVVIZ_TARGET inline void max_pool_value(const MaxPoolShape& s, const T* plane, Index y, Index x, T& dst, S& place) {
    const auto [first_y, last_y] = s.kernel_rows(y);
    const auto [first_x, last_x] = s.kernel_columns(x);
    const T* corner = plane + s.target(y, x, 0);
    Index best = first_y * s.sliding.kernel.x + first_x;
    dst = corner[first_y * s.src_width + first_x];
    for (Index ky = first_y; ky < last_y; ++ky)
        for (Index kx = first_x; kx < last_x; ++kx) {
            const T value = corner[ky * s.src_width + kx];
            if (!beats(value, dst)) continue;
            dst = value;
            best = ky * s.sliding.kernel.x + kx;
        }
    place = static_cast<S>(best);
}

template <class T, class S>
DECONVVIZ_TARGET inline void max_pool_plane(const MaxPoolShape& s, const T* src, T* dst, S* switches,
                                            const Window& window) {
    constexpr std::size_t narrow = 16;
    constexpr std::size_t wide = DECONVVIZ_VECTOR_BYTES > 16 ? 32 : 16;
    constexpr auto wide_lanes = static_cast<Index>(PoolVector<T, wide>::lanes);
    constexpr auto narrow_lanes = static_cast<Index>(PoolVector<T, narrow>::lanes);
    for (Index y = window.y; y < window.y + window.height; ++y) {
        const auto [first_y, last_y] = s.kernel_rows(y);
        T* out = dst + y * s.dst_width;
        S* places = switches + y * s.dst_width;
        for (Index x = window.x; x < window.x + window.width;) {
            const Index left = window.x + window.width - x;
            if (left >= wide_lanes && fits_vector(s, y, x, last_y, wide_lanes)) {
                max_pool_vector<T, wide>(s, src + s.target(y, x, 0), first_y, last_y, out + x, places + x);
                x += wide_lanes;
            } else if (left >= narrow_lanes && fits_vector(s, y, x, last_y, narrow_lanes)) {
                max_pool_vector<T, narrow>(s, src + s.target(y, x, 0), first_y, last_y, out + x, places + x);
                x += narrow_lanes;
            } else {
                max_pool_value(s, src, y, x, out[x], places[x]);
                ++x;
            }
        }
    }
}

template <class T, class S>
DECONVVIZ_TARGET inline void unpool_plane(const MaxPoolShape& s, const T* pooled, const S* switches, T* unpooled,
                                          Overlap overlap, const Window& window) {
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    for (Index y = window.y; y < window.y + window.height; ++y)
        std::fill_n(unpooled + y * s.src_width + window.x, window.width, T(0));
    const Window reached = s.sliding.reached_by(window, s.dst_height, s.dst_width);
    const bool whole = window == s.whole_src();
    const bool add = overlap == Overlap::accumulate;
    // Divisions are slow: the places of a small kernel are looked up.
    constexpr Index small = 64;
    std::array<Size2D, small> steps;
    for (Index place = 0; place < std::min(small, kernel.y * kernel.x); ++place)
        steps[static_cast<std::size_t>(place)] = {place / kernel.x, place % kernel.x};
    for (Index y = reached.y; y < reached.y + reached.height; ++y)
        for (Index x = reached.x; x < reached.x + reached.width; ++x) {
            const Index from = y * s.dst_width + x;
            const Index place = switches[from];
            const Size2D step =
                place < small ? steps[static_cast<std::size_t>(place)] : Size2D(place / kernel.x, place % kernel.x);
            const Index row = y * stride.y - padding.y + step.y;
            const Index column = x * stride.x - padding.x + step.x;
            if (!whole && !contains(window, {row, column, 1, 1})) continue;
            T& to = unpooled[row * s.src_width + column];
            to = add ? to + pooled[from] : pooled[from];
        }
}
