// What max pooling and unpooling share: vectors of several widths, since rows are often shorter than the widest
// register, and switches in their lanes; see for_each_isa.inl.
//
// While a lane works with its switch, the switch stays in one byte of the lane: byte i % group of lane i. So the
// switches of a group of lanes, or'd together, are the bytes that stand in memory, and one word of memory in all lanes
// of a group, with the other bytes masked out, gives each lane its own. Compilers make poor code of the conversion
// between bytes and wide lanes, and good code of this.

/// Vectors of 64 bytes were hardly faster than those of 32, which fit more rows.
inline constexpr std::size_t widest_pool_vector = DECONVVIZ_VECTOR_BYTES > 32 ? 32 : DECONVVIZ_VECTOR_BYTES;

template <class T, std::size_t Bytes>
struct PoolVector {
    typedef T type __attribute__((vector_size(Bytes)));
    typedef T loose __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
    typedef std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> Lane;
    typedef Lane places __attribute__((vector_size(Bytes)));
    // SSE2 compares no integers of 64 bits: narrow vectors of double compare both halves of a lane.
    typedef std::conditional_t<Bytes == 16, std::int32_t, Lane> Half;
    typedef Half halves __attribute__((vector_size(Bytes)));
    typedef std::uint8_t bytes __attribute__((vector_size(Bytes)));
    typedef std::int64_t words __attribute__((vector_size(Bytes)));
    static constexpr std::size_t size = Bytes;
    static constexpr std::size_t lane_count = Bytes / sizeof(T);
    static constexpr auto lanes = static_cast<Index>(lane_count);
    static constexpr std::size_t group = std::min(lane_count, sizeof(Half));
};

/// Each lane: `place` in the byte of its switch, and 0 elsewhere.
template <class V, std::size_t... Byte>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void switch_pattern(Index place, typename V::bytes& pattern,
                                                                   std::index_sequence<Byte...>) {
    constexpr std::size_t lane = V::size / V::lane_count;
    const typename V::bytes mask = {
        (Byte % sizeof(typename V::Half) == Byte / lane % V::group ? std::uint8_t{255} : std::uint8_t{0})...};
    pattern = mask & static_cast<std::uint8_t>(place);
}

/// The switches at `switches` in the lanes of a vector.
template <class V, std::size_t... Lane>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void load_switches(const std::uint8_t* switches,
                                                                  typename V::halves& lanes,
                                                                  std::index_sequence<Lane...>) {
    if constexpr (V::group == V::lane_count) {
        typename V::Half word = 0;
        __builtin_memcpy(&word, switches, V::group);
        lanes = typename V::halves{} + word;
    } else {  // float, 8 or 16 lanes in groups of 4
        typename V::words word;
        if constexpr (V::lane_count == 8) {
            std::int64_t first;
            __builtin_memcpy(&first, switches, 8);
            word = typename V::words{first};
        } else {
            std::int64_t first, second;
            __builtin_memcpy(&first, switches, 8);
            __builtin_memcpy(&second, switches + 8, 8);
            word = typename V::words{first, second};
        }
        const auto loaded = reinterpret_cast<typename V::halves>(word);
        lanes = __builtin_shufflevector(loaded, loaded, (Lane / V::group)...);
    }
    typename V::bytes mask;
    switch_pattern<V>(255, mask, std::make_index_sequence<V::size>{});
    lanes &= reinterpret_cast<typename V::halves>(mask);
}

/// lanes[i] |= lanes[i ^ Step]
template <class V, std::size_t Step, std::size_t... Lane>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void or_lanes(typename V::places& lanes, std::index_sequence<Lane...>) {
    lanes |= __builtin_shufflevector(lanes, lanes, (Lane ^ Step)...);
}

/// Writes the switches that stand in the lanes.
template <class V, std::size_t... Lane>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void store_switches(typename V::places& lanes, std::uint8_t* switches,
                                                                   std::index_sequence<Lane...> all) {
    or_lanes<V, 1>(lanes, all);
    if constexpr (V::group > 2) or_lanes<V, 2>(lanes, all);
    if constexpr (V::group > 4) or_lanes<V, 4>(lanes, all);
    if constexpr (V::group < V::lane_count)
        lanes = __builtin_shufflevector(lanes, lanes, (Lane * V::group % V::lane_count)...);
    __builtin_memcpy(switches, &lanes, V::lane_count);
}

/// Maps of more bytes than this come from memory, or from a cache that is as far away.
inline constexpr Index prefetched_bytes = Index{4} << 20;

/// Asks for what will be read (Writes 0) or written (1) three kilobytes later; `count` values are before the next call.
template <int Writes, class T>
[[gnu::always_inline]] DECONVVIZ_TARGET inline void prefetch_block(const T* now, Index count) {
    const char* later = reinterpret_cast<const char*>(now) + 3072;
    for (Index i = 0; i < count * Index{sizeof(T)}; i += 64) __builtin_prefetch(later + i, Writes);
}
