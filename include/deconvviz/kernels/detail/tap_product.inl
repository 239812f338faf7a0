// The panel of a TapProduct: gathered, multiplied, written; see tap_product.hpp and for_each_isa.inl.

/// How the taps of one segment lie over the source: the same for all channels.
template <class T>
struct Footprint {
    Index left = 0;   // source column of the leftmost value that a tap reads
    Index span = 0;   // columns from there on
    Index first = 0;  // tap offset that belongs to `left`
    Index begin = 0;  // of the span, begin … end - 1 lie inside of the source
    Index end = 0;

    DECONVVIZ_TARGET Footprint(const detail::TapProduct<T>& product, const detail::Segment<T>& segment)
        : first(std::min(product.taps_x.front().offset, product.taps_x.back().offset)) {
        const Index last = std::max(product.taps_x.front().offset, product.taps_x.back().offset);
        left = segment.x + first;
        span = (segment.count - 1) * product.step_x + last - first + 1;
        begin = std::clamp<Index>(-left, 0, span);
        end = std::clamp(product.width - left, begin, span);
    }
};

/// Copies the rows that the taps of a segment read, for `channels` channels from `channel` on, each with zeros where it
/// leaves the source: staged[channel][tap row][span].
template <class T>
DECONVVIZ_TARGET inline void stage_rows(const detail::TapProduct<T>& product, const detail::Segment<T>& segment,
                                        const Footprint<T>& footprint, Index channel, Index channels, T* staged) {
    const auto& [left, span, first_x, begin, end] = footprint;
    std::fill_n(staged, channels * std::ssize(product.taps_y) * span, T(0));
    for (Index c = channel; c < channel + channels; ++c) {
        const T* plane = segment.picture + c * product.height * product.width;
        for (const detail::Tap& tap : product.taps_y) {
            const Index y = segment.y + tap.offset;
            if (y >= 0 && y < product.height)
                copy_run(staged + begin, plane + y * product.width + left + begin, end - begin);
            staged += span;
        }
    }
}

/// Values of one segment for `channels` channels from `channel` on: a row of `panel` for each channel and tap.
template <class T>
DECONVVIZ_TARGET inline void gather_segment(const detail::TapProduct<T>& product, const detail::Segment<T>& segment,
                                            Index channel, Index channels, T* panel) {
    const Footprint<T> footprint(product, segment);
    const Index first_y = std::min(product.taps_y.front().offset, product.taps_y.back().offset);
    const Index last_y = std::max(product.taps_y.front().offset, product.taps_y.back().offset);
    const bool inside = footprint.end - footprint.begin == footprint.span && segment.y + first_y >= 0 &&
                        segment.y + last_y < product.height;
    const T* staged = nullptr;
    if (!inside) {
        // All rows before the first tap: a tap would wait for rows that were stored just before it.
        T* rows = detail::scratch<T, detail::Scratch::staging>(channels * std::ssize(product.taps_y) * footprint.span);
        stage_rows(product, segment, footprint, channel, channels, rows);
        staged = rows;
    }
    T* to = panel + segment.lane;
    for (Index c = channel; c < channel + channels; ++c) {
        const T* plane = segment.picture + c * product.height * product.width;
        for (const detail::Tap& tap_y : product.taps_y) {
            const T* row = inside ? plane + (segment.y + tap_y.offset) * product.width + footprint.left : staged;
            if (!inside) staged += footprint.span;
            for (const detail::Tap& tap_x : product.taps_x) {
                const T* from = row + tap_x.offset - footprint.first;
                if (product.step_x == 1) {
                    copy_run(to, from, segment.count);
                } else {
                    for (Index i = 0; i < segment.count; ++i) to[i] = from[i * product.step_x];
                }
                to += panel_width<T>;
            }
        }
    }
}

/// Writes result[map][lane] plus bias to the positions of the segments.
template <class T>
DECONVVIZ_TARGET inline void write_segments(const detail::TapProduct<T>& product, const detail::Segment<T>* segments,
                                            Index segment_count, const T* result) {
    for (Index m = 0; m < product.maps; ++m) {
        const T bias = product.bias ? product.bias[m] : T(0);
        for (Index s = 0; s < segment_count; ++s) {
            const T* from = result + m * panel_width<T> + segments[s].lane;
            T* to = segments[s].dst + m * product.dst_plane;
            if (product.dst_column == 1) {
                for (Index i = 0; i < segments[s].count; ++i) to[i] = from[i] + bias;
            } else {
                for (Index i = 0; i < segments[s].count; ++i) to[i * product.dst_column] = from[i] + bias;
            }
        }
    }
}

/// One panel of positions: all source channels, in blocks that fit the cache, and all maps.
template <class T>
DECONVVIZ_TARGET inline void tap_panel(const detail::TapProduct<T>& product, const T* packed, Index first) {
    using detail::Scratch;
    constexpr Index block_depth = 384;
    detail::Segment<T> segments[panel_width<T>];
    const Index count = std::min(panel_width<T>, product.positions() - first);
    const Index segment_count = detail::make_segments(product, first, count, segments);
    const Index taps = std::ssize(product.taps_y) * std::ssize(product.taps_x);
    const Index block = std::max<Index>(1, block_depth / std::max<Index>(1, taps));
    T* panel = detail::scratch<T, Scratch::panel>(block * taps * panel_width<T>);
    T* result = detail::scratch<T, Scratch::result>(product.maps * panel_width<T>);
    if (taps * product.channels == 0) std::fill_n(result, product.maps * panel_width<T>, T(0));
    if (count < panel_width<T>) std::fill_n(panel, block * taps * panel_width<T>, T(0));
    for (Index c = 0; c < product.channels && taps > 0; c += block) {
        const Index channels = std::min(block, product.channels - c);
        for (Index s = 0; s < segment_count; ++s) gather_segment(product, segments[s], c, channels, panel);
        panel_product(product.maps, channels * taps, product.depth(), packed, c * taps, panel, panel_width<T>, result,
                      panel_width<T>, c > 0);
    }
    write_segments(product, segments, segment_count, result);
}

template <class T>
inline void tap_product(const detail::TapProduct<T>& product) {
    const Index panels = (product.positions() + panel_width<T> - 1) / panel_width<T>;
    if (panels == 0 || product.maps == 0) return;
    T* packed = detail::scratch<T, detail::Scratch::packed_weights>(product.maps * product.depth());
    detail::pack_weights(product, panel_rows, packed);
    const Index work = product.maps * std::max<Index>(1, product.depth()) * panel_width<T>;
    parallel_for(panels, std::max<Index>(1, 131072 / work), [&product, packed](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) tap_panel(product, packed, i * panel_width<T>);
    });
}
