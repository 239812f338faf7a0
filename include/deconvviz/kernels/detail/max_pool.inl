// Max pooling with switches, and unpooling, plane by plane; see for_each_isa.inl.

/// A signed integer of the same size as T, for lane-wise places.
template <class T>
using PlaceOf = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// The lanes 0, 2, 4, … of two vectors that lie one behind the other.
template <class V, std::size_t... I>
DECONVVIZ_TARGET inline void even_lanes(const V& low, const V& high, V& out, std::index_sequence<I...>) {
    out = __builtin_shufflevector(low, high, (2 * I)...);
}

/// src[0], src[step], src[2 step], …, for step 1 or 2.
template <class T>
DECONVVIZ_TARGET inline void load_strided(const T* src, Index step, typename Vector<T>::type& out) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    out = *reinterpret_cast<const Loose*>(src);
    if (step == 1) return;
    const Register low = out;
    const Register high = *reinterpret_cast<const Loose*>(src + lanes);
    even_lanes(low, high, out, std::make_index_sequence<std::size_t{lanes}>{});
}

/// As many outputs as a vector has lanes, all of whose windows lie inside of src as to their columns.
/// `corner` is the source value at kernel row 0, column 0 of the first; only rows first_y … last_y - 1 are read.
template <class T, class S>
DECONVVIZ_TARGET inline void max_pool_vector(const MaxPoolShape& s, const T* corner, Index first_y, Index last_y, T* dst,
                                             S* switches) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    using Places = typename Vector<PlaceOf<T>>::type;
    constexpr Index lanes = Vector<T>::lanes;
    Register best;
    load_strided(corner + first_y * s.src_width, s.sliding.stride.x, best);
    Places place = Places{} + static_cast<PlaceOf<T>>(first_y * s.sliding.kernel.x);
    for (Index ky = first_y; ky < last_y; ++ky)
        for (Index kx = 0; kx < s.sliding.kernel.x; ++kx) {
            Register value;
            load_strided(corner + ky * s.src_width + kx, s.sliding.stride.x, value);
            const Places better = (value > best) | ((value != value) & (best == best));
            best = better ? value : best;
            place = better ? Places{} + static_cast<PlaceOf<T>>(ky * s.sliding.kernel.x + kx) : place;
        }
    *reinterpret_cast<Loose*>(dst) = best;
    for (Index i = 0; i < lanes; ++i) switches[i] = static_cast<S>(place[i]);
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
    constexpr Index lanes = Vector<T>::lanes;
    const Index step = s.sliding.stride.x;
    for (Index y = window.y; y < window.y + window.height; ++y) {
        const auto [first_y, last_y] = s.kernel_rows(y);
        T* out = dst + y * s.dst_width;
        S* places = switches + y * s.dst_width;
        for (Index x = window.x; x < window.x + window.width;) {
            const Index left = x * step - s.sliding.padding.x;
            // A vector reads, for each kernel column, `step` whole vectors from there on.
            if (step <= 2 && left >= 0 && left + s.sliding.kernel.x - 1 + step * lanes <= s.src_width &&
                x + lanes <= window.x + window.width) {
                max_pool_vector(s, src + s.target(y, x, 0), first_y, last_y, out + x, places + x);
                x += lanes;
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
            const Size2D step = place < small ? steps[static_cast<std::size_t>(place)]
                                              : Size2D(place / kernel.x, place % kernel.x);
            const Index row = y * stride.y - padding.y + step.y;
            const Index column = x * stride.x - padding.x + step.x;
            if (!whole && !contains(window, {row, column, 1, 1})) continue;
            T& to = unpooled[row * s.src_width + column];
            to = add ? to + pooled[from] : pooled[from];
        }
}
