// A TapProduct with the positions of a picture side by side in a vector; see tap_product.hpp and for_each_isa.inl.

/// How a band of output rows finds its source values. Rows and columns that a step keeps apart lie in planes of their
/// own (a plane for each remainder modulo the step, which a tap never leaves), rows follow each other at a distance of
/// `pitch`: a tap reads for output (r, q) at (its place) + r * pitch + q. So neighbouring positions are neighbours, on
/// one row and, with a few positions between that are none, from row to row.
struct BandLayout {
    Index rows = 0;  // positions of a phase, in one band
    Index bands = 0;
    Index parts_y = 0;  // planes
    Index parts_x = 0;
    Index shift_y = 0;  // rows of a plane that are read beyond those of the positions
    Index row = 0;      // values that are read on a row of a plane
    Index pitch = 0;
    Index plane = 0;
    Index channel = 0;
    Index vectors_in_row = 0;  // where each row begins with a new vector; else 0, and vectors run on over rows

    /// Lanes from the beginning of a row to that of the next one.
    Index row_lanes(Index lanes) const { return vectors_in_row > 0 ? vectors_in_row * lanes : pitch; }
    /// Vectors for so many rows.
    Index vectors(Index count, Index columns, Index lanes) const {
        if (vectors_in_row > 0) return count * vectors_in_row;
        return count == 0 ? 0 : ((count - 1) * pitch + columns + lanes - 1) / lanes;
    }
};

/// Zeros that end a row of the source as the taps see it and begin the next one serve for both: how many?
inline Index shared_zeros(const detail::TapAxis& x, Index parts, Index row) {
    Index shared = row;
    for (Index part = 0; part < parts; ++part) {
        const Index first = x.lowest + part;
        const Index last = first + (row - 1) * x.step;
        const Index left = std::clamp<Index>(deconvviz::detail::ceil_div(-first, x.step), 0, row);
        const Index right = std::clamp<Index>(deconvviz::detail::floor_div(last - x.size, x.step) + 1, 0, row - left);
        shared = std::min({shared, left, right});
    }
    return shared;
}

/// The layout of bands of at most `most` rows of positions, which together fit the cache if that is possible.
template <class T>
BandLayout band_layout(const detail::TapProduct<T>& product, Index most) {
    constexpr Index lanes = Vector<T>::lanes;
    const auto& [y, x] = std::tie(product.y, product.x);
    const Index rows = y.positions();
    const Index columns = x.positions();
    BandLayout b;
    b.parts_y = std::min(y.step, y.span() + 1);
    b.parts_x = std::min(x.step, x.span() + 1);
    b.shift_y = y.span() / y.step;
    b.row = columns + x.span() / x.step;
    b.pitch = std::max(columns, b.row - shared_zeros(x, b.parts_x, b.row));
    const Index by_row = (columns + lanes - 1) / lanes;
    if (rows * by_row <= ((rows - 1) * b.pitch + columns + lanes - 1) / lanes) b.vectors_in_row = by_row;
    const Index row_values = product.channels * b.parts_y * b.parts_x * b.pitch;
    const Index fitting = std::clamp<Index>(detail::cached_values<T> / row_values - b.shift_y, 1, std::min(rows, most));
    b.bands = (rows + fitting - 1) / fitting;
    b.rows = (rows + b.bands - 1) / b.bands;
    b.bands = (rows + b.rows - 1) / b.rows;
    b.plane = (b.rows + b.shift_y) * b.pitch + b.row - b.pitch;
    b.channel = detail::odd_lines<T>(b.parts_y * b.parts_x * b.plane);
    return b;
}

template <class T>
BandLayout band_layout(const detail::TapProduct<T>& product) {
    return band_layout(product, product.y.positions());
}

/// One source row of a plane: the values at x, x + step, …, zeros outside of the source.
template <class T>
DECONVVIZ_TARGET inline void stage_row(const T* source, Index width, Index x, Index step, Index count, T* to) {
    const Index begin = std::clamp<Index>(deconvviz::detail::ceil_div(-x, step), 0, count);
    const Index end = std::clamp<Index>(deconvviz::detail::ceil_div(width - x, step), begin, count);
    std::fill_n(to, begin, T(0));
    const T* from = source + x + begin * step;
    if (step == 1) {
        copy_run(to + begin, from, end - begin);
    } else {
        for (Index i = 0; i < end - begin; ++i) to[begin + i] = from[i * step];
    }
    std::fill_n(to + end, count - end, T(0));
}

/// The source values of one channel for `rows` rows of positions from `first` on; `source` is its plane.
template <class T>
DECONVVIZ_TARGET inline void stage_channel(const detail::TapProduct<T>& product, const BandLayout& layout,
                                           const T* source, Index first, Index rows, T* to) {
    const auto& [y, x] = std::tie(product.y, product.x);
    constexpr Index line = 64 / Index{sizeof(T)};  // the next channel lies too far away for the processor to expect it
    for (Index py = 0; py < layout.parts_y; ++py)
        for (Index px = 0; px < layout.parts_x; ++px, to += layout.plane)
            for (Index r = 0; r < rows + layout.shift_y; ++r) {
                const Index row = (first + r) * y.step + y.lowest + py;
                if (row >= 0 && row < y.size) {
                    stage_row(source + row * x.size, x.size, x.lowest + px, x.step, layout.row, to + r * layout.pitch);
                    for (Index i = 0; i < x.size && px == 0; i += line)
                        __builtin_prefetch(source + product.src_plane() + row * x.size + i);
                } else {
                    std::fill_n(to + r * layout.pitch, layout.row, T(0));
                }
            }
}

/// Where the tap (dy, dx), counted from the lowest ones, reads in a channel for position (0, 0).
template <class T>
Index tap_place(const detail::TapProduct<T>& product, const BandLayout& layout, Index dy, Index dx) {
    const Index part = dy % product.y.step * layout.parts_x + dx % product.x.step;
    return part * layout.plane + dy / product.y.step * layout.pitch + dx / product.x.step;
}

/// The part of one picture that one item of work computes.
struct Band {
    Index picture = 0;
    Index first = 0;  // row of positions
    Index rows = 0;
};

/// One phase of the outputs in a band, for the maps of one tile.
template <class T>
struct BandPhase {
    const detail::TapProduct<T>& product;
    const BandLayout& layout;
    const Band& band;
    const Tile<T>& tile;
    Index map = 0;
    Index py = 0;
    Index px = 0;
    Index rows = 0;  // of positions
    Index columns = 0;

    BandPhase(const detail::TapProduct<T>& product_, const BandLayout& layout_, const Band& band_, const Tile<T>& tile_,
              Index map_, Index py_, Index px_)
        : product(product_), layout(layout_), band(band_), tile(tile_), map(map_), py(py_), px(px_) {
        rows = std::clamp<Index>(product.y.positions(py) - band.first, 0, band.rows);
        columns = product.x.positions(px);
    }

    T* target(Index r, Index q) const {
        return product.target(band.picture, map, (band.first + r) * product.y.phases + py, q * product.x.phases + px);
    }

    /// Where each tap reads, and its weights among those of a channel. Returns their number.
    Index steps(detail::TapStep* out) const {
        const detail::Taps& taps_y = product.y.taps[py];
        const detail::Taps& taps_x = product.x.taps[px];
        Index count = 0;
        for (Index ty = 0; ty < taps_y.count; ++ty)
            for (Index tx = 0; tx < taps_x.count; ++tx) {
                const Index dy = taps_y.offset_of(ty) - product.y.lowest;
                const Index dx = taps_x.offset_of(tx) - product.x.lowest;
                out[count++] = {(taps_y.weight_of(ty) + taps_x.weight_of(tx)) * tile.rows,
                                tap_place(product, layout, dy, dx)};
            }
        return count;
    }
};

/// A vector of positions begins here.
struct VectorPlace {
    Index r = 0;
    Index q = 0;

    void advance(const BandLayout& layout, Index lanes) {
        q += lanes;
        const Index end = layout.row_lanes(lanes);
        for (; q >= end; q -= end) ++r;
    }
};

/// Writes one vector of a tile's result, from[map * lanes + lane], to the positions that it stands for.
template <class T>
DECONVVIZ_TARGET inline void store_positions(const BandPhase<T>& phase, const VectorPlace& place, const T* from) {
    constexpr Index lanes = Vector<T>::lanes;
    const Index end = phase.layout.row_lanes(lanes);
    Index q = place.q;
    Index r = place.r;
    for (Index lane = 0; lane < lanes && r < phase.rows; ++r, q = 0) {
        if (const Index run = std::min(lanes - lane, phase.columns - q); run > 0) {
            T* const to = phase.target(r, q);
            for (Index i = 0; i < phase.tile.rows; ++i)
                store_run(from + i * lanes + lane, run, to + i * phase.product.dst_plane, phase.product.x.phases);
        }
        lane += end - q;
    }
}

/// `count` vectors of a phase from `place` on. Returns the place behind them. (By value: what a tile has just stored
/// must not be waited for.)
template <class T>
DECONVVIZ_TARGET inline VectorPlace band_tile(const BandPhase<T>& phase, const TileSteps& steps, const T* packed,
                                              const T* staged, Index count, VectorPlace place) {
    constexpr Index lanes = Vector<T>::lanes;
    constexpr Index most = 4;
    alignas(64) T result[most * panel_rows * lanes];
    const T* values[most];
    T* out[most];
    Index out_rows[most];
    VectorPlace at[most];
    bool whole[most];
    for (Index v = 0; v < count; ++v, place.advance(phase.layout, lanes)) {
        at[v] = place;
        values[v] = staged + place.r * phase.layout.pitch + place.q;
        whole[v] = phase.product.x.phases == 1 && place.q + lanes <= phase.columns;
        out[v] = whole[v] ? phase.target(place.r, place.q) : result + v * panel_rows * lanes;
        out_rows[v] = whole[v] ? phase.product.dst_plane : lanes;
        for (Index i = 0; whole[v] && i < phase.tile.rows; ++i) __builtin_prefetch(out[v] + i * out_rows[v], 1);
    }
    phase.tile.compute(count)(steps, packed, values, phase.product.bias ? phase.product.bias + phase.map : nullptr, out,
                              out_rows);
    for (Index v = 0; v < count; ++v)
        if (!whole[v]) store_positions(phase, at[v], out[v]);
    return place;
}

/// Maps first … last - 1 of a band.
template <class T>
inline void band_maps(const detail::TapProduct<T>& product, const BandLayout& layout, const Band& band, Index first,
                      Index last) {
    using detail::Scratch;
    constexpr Index slack = 4 * Vector<T>::lanes;  // what the last vectors read beyond
    T* staged = detail::scratch<T, Scratch::panel>(product.channels * layout.channel + slack);
    std::fill_n(staged + product.channels * layout.channel, slack, T(0));
    const T* picture = product.src + band.picture * product.src_picture;
    for (Index c = 0; c < product.channels; ++c)
        stage_channel(product, layout, picture + c * product.src_plane(), band.first, band.rows,
                      staged + c * layout.channel);
    T* packed = detail::scratch<T, Scratch::packed_weights>(product.depth() * panel_rows);
    auto* steps = detail::scratch<detail::TapStep, Scratch::rows>(product.taps);
    for (Index map = first; map < last;) {
        const Tile<T> tile = tallest_tile<T>(last - map);
        pack_weights(product, map, tile.rows, tile.rows, packed);
        for (Index py = 0; py < product.y.phases; ++py)
            for (Index px = 0; px < product.x.phases; ++px) {
                const BandPhase<T> phase(product, layout, band, tile, map, py, px);
                const TileSteps tile_steps{steps, phase.steps(steps), product.channels, product.taps * tile.rows,
                                           layout.channel};
                const Index vectors = layout.vectors(phase.rows, phase.columns, Vector<T>::lanes);
                VectorPlace place;
                for (Index v = 0; v < vectors;) {
                    const Index count = tile.take(vectors - v);
                    place = band_tile(phase, tile_steps, packed, staged, count, place);
                    v += count;
                }
            }
        map += tile.rows;
    }
}

/// All of a product.
template <class T>
inline void tap_rows(const detail::TapProduct<T>& product) {
    const BandLayout layout = band_layout(product);
    const detail::TapItems items(product.batch * layout.bands, product.maps, panel_rows);
    parallel_for(items.parts * items.groups, 1, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index part = i / items.groups;
            const Index map = i % items.groups * items.maps;
            const Index row = part % layout.bands * layout.rows;
            band_maps(product, layout, {part / layout.bands, row, std::min(layout.rows, product.y.positions() - row)},
                      map, std::min(map + items.maps, product.maps));
        }
    });
}
