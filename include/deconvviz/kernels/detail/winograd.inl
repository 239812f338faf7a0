// A TapProduct of 3x3 taps without stride by Winograd's minimal filtering, which multiplies 36 times where the direct
// way does 144 times; see winograd_transforms.inl, tap_product.hpp and for_each_isa.inl.
//
// Tiles of 4x4 outputs are counted from the corner of the whole output, so that a window computes the tiles of the
// whole. Source values are transformed tile by tile, then for each of the 36 transformed values there is one matrix
// product over the channels, then the tiles are transformed back.

/// The tiles that a product's window touches; they are numbered along rows, from row to row, from picture to picture.
struct WinogradTiles {
    Index first_y = 0;
    Index first_x = 0;
    Index rows = 0;
    Index columns = 0;
    Index count = 0;  // in all pictures
};

template <class T>
WinogradTiles winograd_tiles(const detail::TapProduct<T>& product) {
    WinogradTiles t;
    t.first_y = product.first_row / 4;
    t.first_x = product.first_column / 4;
    t.rows = (product.first_row + product.y.outputs + 3) / 4 - t.first_y;
    t.columns = (product.first_column + product.x.outputs + 3) / 4 - t.first_x;
    t.count = product.batch * t.rows * t.columns;
    return t;
}

/// Is it possible, and the faster way? A matter of the shape of one picture alone, so that windows and batches are
/// computed in the same way, unless the product says that all its pictures count. It compares costs in multiplications
/// of vectors, those of the transforms as measured.
template <class T>
bool winograd_pays(const detail::TapProduct<T>& product) {
    constexpr Index lanes = Vector<T>::lanes;
    const auto three = [](const detail::TapAxis& axis) {
        return axis.phases == 1 && axis.step == 1 && axis.taps[0].count == 3 && axis.span() == 2;
    };
    if (!three(product.y) || !three(product.x)) return false;
    const Index rows = product.deciding * ((product.whole_rows + 3) / 4);
    const Index vectors = (rows * ((product.whole_columns + 3) / 4) + lanes - 1) / lanes;
    const Index direct = (product.deciding * product.whole_rows * product.whole_columns + lanes - 1) / lanes * 9;
    const Index maps = (product.maps + panel_rows - 1) / panel_rows * panel_rows;
    const Index multiply = product.channels * maps * (42 * vectors + 25);
    const Index transform = product.channels * (450 * vectors + 500 * rows) + maps * (350 * vectors + 40 * rows);
    return multiply + transform < product.channels * product.maps * direct;
}

/// Tiles that are worked on at once: first … first + count - 1, in `lanes` lanes, of which the last may be empty.
/// Value k of a tile lies in a plane of its own: of the source at k * source + channel * lanes + tile, of the filters
/// at k * filters + channel * panel_rows + map, of the result at k * result + map * lanes + tile.
template <class T>
struct WinogradRun {
    Index first = 0;
    Index count = 0;
    Index lanes = 0;
    Index source = 0;
    Index filters = 0;
    Index result = 0;

    WinogradRun(Index channels, Index first_, Index count_) : first(first_), count(count_) {
        lanes = (count + Vector<T>::lanes - 1) / Vector<T>::lanes * Vector<T>::lanes;
        source = detail::odd_lines<T>(channels * lanes);
        filters = detail::odd_lines<T>(channels * panel_rows);
        result = detail::odd_lines<T>(panel_rows * lanes);
    }
};

/// Neighbouring tiles on one row of tiles, `at` … at + count - 1 of a run, and where they lie beside product's window.
template <class T>
struct TileSegment {
    Index at = 0;
    Index count = 0;
    Index picture = 0;
    Index top = 0;  // the first output row and column
    Index left = 0;

    TileSegment(const detail::TapProduct<T>& product, const WinogradTiles& tiles, const WinogradRun<T>& run, Index at_,
                Index limit)
        : at(at_) {
        const Index tile = run.first + at;
        const Index column = tile % tiles.columns;
        const Index row = tile / tiles.columns;
        count = std::min(tiles.columns - column, limit - at);
        picture = row / tiles.rows;
        top = (tiles.first_y + row % tiles.rows) * 4 - product.first_row;
        left = (tiles.first_x + column) * 4 - product.first_column;
    }
};

/// The transformed source values of the channels first … last - 1.
template <class T>
DECONVVIZ_TARGET inline void winograd_sources(const detail::TapProduct<T>& product, const WinogradTiles& tiles,
                                              const WinogradRun<T>& run, Index first, Index last, T* source) {
    using detail::Scratch;
    constexpr Index lanes = Vector<T>::lanes;
    const Index pitch = detail::odd_lines<T>(4 * (tiles.columns + lanes + 1));  // of the values of a row of tiles
    T* columns = detail::scratch<T, Scratch::rows>(7 * pitch);
    T* const zeros = columns + 6 * pitch;
    for (Index at = 0; at < run.count;) {
        const TileSegment<T> segment(product, tiles, run, at, run.count);
        const Index top = segment.top + product.y.lowest;
        const Index left = segment.left + product.x.lowest;
        const Index begin = std::clamp<Index>(-left, 0, 4 * segment.count + 2);
        const Index end = std::clamp(product.x.size - left, begin, 4 * segment.count + 2);
        std::fill_n(columns, 7 * pitch, T(0));
        for (Index c = first; c < last; ++c) {
            const T* plane = product.src + segment.picture * product.src_picture + c * product.src_plane();
            const T* rows[6];
            for (Index i = 0; i < 6; ++i) {
                const Index y = top + i;
                rows[i] = y >= 0 && y < product.y.size ? plane + y * product.x.size + left + begin : zeros;
            }
            winograd_columns<T>(rows, end - begin, columns + begin, pitch);
            for (Index i = 0; i < 6; ++i)
                winograd_row(columns + i * pitch, segment.count, run.lanes - at,
                             source + i * 6 * run.source + c * run.lanes + at, run.source);
        }
        at += segment.count;
    }
}

/// One vector of tiles from `first` of the run on, of the maps map … map + maps - 1, transformed back and written to
/// those of their outputs that lie in the window.
template <class T>
DECONVVIZ_TARGET inline void winograd_store(const detail::TapProduct<T>& product, const WinogradTiles& tiles,
                                            const WinogradRun<T>& run, Index first, Index map, Index maps,
                                            const T* result) {
    constexpr Index lanes = Vector<T>::lanes;
    alignas(64) T rows[panel_rows][16 * lanes];
    for (Index i = 0; i < maps; ++i)
        winograd_outputs(result + i * run.lanes + first, run.result, product.bias ? product.bias[map + i] : T(0),
                         rows[i]);
    const Index last = std::min(first + lanes, run.count);
    for (Index at = first; at < last;) {
        const TileSegment<T> segment(product, tiles, run, at, last);
        const Index begin = std::max<Index>(-segment.left, 0);
        const Index end = std::min(product.x.outputs - segment.left, 4 * segment.count);
        for (Index i = 0; i < maps; ++i)
            for (Index y = std::max<Index>(-segment.top, 0); y < std::min<Index>(4, product.y.outputs - segment.top);
                 ++y)
                copy_run(product.target(segment.picture, map + i, segment.top + y, segment.left + begin),
                         rows[i] + y * 4 * lanes + 4 * (at - first) + begin, end - begin);
        at += segment.count;
    }
}

/// The transformed filters of the maps map … map + panel_rows - 1, zeros for those that are not there.
template <class T>
inline void winograd_maps(const detail::TapProduct<T>& product, Index map, T* filters) {
    using detail::Scratch;
    const Index rows = std::min(panel_rows, product.maps - map);
    T* packed = detail::scratch<T, Scratch::staging>(product.depth() * panel_rows);
    if (rows < panel_rows) std::fill_n(packed, product.depth() * panel_rows, T(0));
    pack_weights(product, map, rows, panel_rows, packed);
    winograd_filters(product.channels, product.y.taps[0].offset_step > 0, product.x.taps[0].offset_step > 0, packed,
                     filters, detail::odd_lines<T>(product.channels * panel_rows));
}

/// The outputs of `strips` times panel_rows maps from `map` on in a run of tiles. Several strips are worked on
/// together, so that a plane of source values comes from far away once for all of them.
template <class T>
DECONVVIZ_TARGET inline void winograd_strips(const detail::TapProduct<T>& product, const WinogradTiles& tiles,
                                             const WinogradRun<T>& run, const T* source, const T* filters, Index map,
                                             Index strips) {
    using detail::Scratch;
    constexpr Index lanes = Vector<T>::lanes;
    const Tile<T> tile = tile_of<T, panel_rows>();
    const detail::TapStep step;
    const TileSteps steps{&step, 1, product.channels, panel_rows, run.lanes};
    const Index out_rows[4] = {run.lanes, run.lanes, run.lanes, run.lanes};
    T* result = detail::scratch<T, Scratch::result>(strips * 36 * run.result);
    for (Index k = 0; k < 36; ++k)
        for (Index s = 0; s < strips; ++s)
            for (Index v = 0; v < run.lanes;) {
                const Index count = tile.take((run.lanes - v) / lanes);
                const T* values[4];
                T* out[4];
                for (Index i = 0; i < count; ++i, v += lanes) {
                    values[i] = source + k * run.source + v;
                    out[i] = result + (s * 36 + k) * run.result + v;
                }
                tile.compute(count)(steps, filters + (s * 36 + k) * run.filters, values, nullptr, out, out_rows);
            }
    for (Index s = 0; s < strips; ++s, map += panel_rows)
        for (Index v = 0; v < run.count; v += lanes)
            winograd_store(product, tiles, run, v, map, std::min(panel_rows, product.maps - map),
                           result + s * 36 * run.result);
}

/// Zeros for the lanes that stand for no tile.
template <class T>
inline void clear_empty_lanes(Index channels, const WinogradRun<T>& run, T* source) {
    constexpr Index lanes = Vector<T>::lanes;
    if (run.count == run.lanes) return;
    for (Index k = 0; k < 36; ++k)
        for (Index c = 0; c < channels; ++c)
            std::fill_n(source + k * run.source + (c + 1) * run.lanes - lanes, lanes, T(0));
}

/// Few filters: all of them are transformed first, then runs of tiles are computed, each by one thread.
template <class T>
inline void winograd_by_tiles(const detail::TapProduct<T>& product, const WinogradTiles& tiles) {
    using detail::Scratch;
    constexpr Index lanes = Vector<T>::lanes;
    const Index strips = (product.maps + panel_rows - 1) / panel_rows;
    const Index strip = 36 * detail::odd_lines<T>(product.channels * panel_rows);
    T* filters = detail::scratch<T, Scratch::packed_weights>(strips * strip);
    parallel_for(strips, 1, [&product, filters, strip](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) winograd_maps(product, i * panel_rows, filters + i * strip);
    });
    constexpr Index wide = tile_vectors<panel_rows>;
    const Index at_once =
        std::max<Index>(1, detail::cached_values<T> / (36 * product.channels) / (wide * lanes)) * wide * lanes;
    parallel_for((tiles.count + at_once - 1) / at_once, 1, [&, filters](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const WinogradRun<T> run(product.channels, i * at_once, std::min(at_once, tiles.count - i * at_once));
            T* source = detail::scratch<T, Scratch::panel>(36 * run.source);
            clear_empty_lanes(product.channels, run, source);
            winograd_sources(product, tiles, run, 0, product.channels, source);
            for (Index s = 0; s < strips; ++s)
                winograd_strips(product, tiles, run, source, filters + s * strip, s * panel_rows, 1);
        }
    });
}

/// Many filters: as many tiles as fit a few MB are transformed at once, then the maps are computed, some strips of them
/// together, their filters being transformed when their turn comes.
template <class T>
inline void winograd_by_maps(const detail::TapProduct<T>& product, const WinogradTiles& tiles) {
    using detail::Scratch;
    constexpr Index lanes = Vector<T>::lanes;
    constexpr Index budget = (Index{5} << 20) / Index{sizeof(T)};
    const Index fitting = std::max<Index>(1, budget / (36 * product.channels) / lanes) * lanes;
    const Index runs = (tiles.count + fitting - 1) / fitting;
    const Index at_once = ((tiles.count + runs - 1) / runs + lanes - 1) / lanes * lanes;
    for (Index first = 0; first < tiles.count; first += at_once) {
        const WinogradRun<T> run(product.channels, first, std::min(at_once, tiles.count - first));
        T* source = detail::scratch<T, Scratch::panel>(36 * run.source);
        clear_empty_lanes(product.channels, run, source);
        parallel_for(product.channels, 8, [&, source](Index begin, Index end) {
            winograd_sources(product, tiles, run, begin, end, source);
        });
        const Index strips = (product.maps + panel_rows - 1) / panel_rows;
        const Index together = std::clamp<Index>(strips / (2 * threads()), 1, 4);
        parallel_for(strips, together, [&, source](Index begin, Index end) {
            T* filters = detail::scratch<T, Scratch::packed_weights>((end - begin) * 36 * run.filters);
            for (Index i = begin; i < end; ++i)
                winograd_maps(product, i * panel_rows, filters + (i - begin) * 36 * run.filters);
            winograd_strips(product, tiles, run, source, filters, begin * panel_rows, end - begin);
        });
    }
}

template <class T>
inline void winograd(const detail::TapProduct<T>& product) {
    constexpr Index few = 3 * (Index{1} << 20) / Index{sizeof(T)} / 36;  // filters that fit 3 MB
    const WinogradTiles tiles = winograd_tiles(product);
    if (product.channels * product.maps <= few) return winograd_by_tiles(product, tiles);
    winograd_by_maps(product, tiles);
}
