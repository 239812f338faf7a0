// The convolution of a change, pictures side by side; see changed_convolution.hpp and for_each_isa.inl.

/// The vectors of one pixel of all pictures.
template <class T>
inline constexpr Index pixel_vectors = side_by_side / Vector<T>::lanes;

/// What a window of the source holds, less what the known picture has there, laid out for the product: rows with
/// columns of zeros on both sides, and row y of all channels before row y + 1, as a tile goes through all channels.
template <class T>
struct StagedChange {
    T* values = nullptr;
    Index margin = 0;    // columns of zeros on each side
    Index width = 0;     // of a row, with them
    Index channels = 0;  // of all groups

    Index row() const { return width * side_by_side; }
    Index rows() const { return channels * row(); }  // of one y
};

/// The largest values of each picture, and of what it changes.
template <class T>
struct ChangeExtent {
    typename Vector<T>::type change[pixel_vectors<T>] = {};
    typename Vector<T>::type value[pixel_vectors<T>] = {};
    typename Vector<T>::type nothing[pixel_vectors<T>] = {};  // 0, or not, where a change is no number
};

/// One row of the change.
template <class T>
DECONVVIZ_TARGET inline void stage_row(const T* values, const T* known, Index width, T* to, ChangeExtent<T>& extent) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    ChangeExtent<T> seen = extent;  // in registers
    for (Index x = 0; x < width; ++x, values += side_by_side, to += side_by_side) {
        DECONVVIZ_UNROLL for (Index v = 0; v < pixel_vectors<T>; ++v) {
            const Register value = *reinterpret_cast<const Loose*>(values + v * lanes);
            const Register change = value - known[x];
            *reinterpret_cast<Loose*>(to + v * lanes) = change;
            const Register size = change < Register{} ? -change : change;
            const Register extent_of = value < Register{} ? -value : value;
            seen.change[v] = size > seen.change[v] ? size : seen.change[v];
            seen.value[v] = extent_of > seen.value[v] ? extent_of : seen.value[v];
            seen.nothing[v] += change - change;
        }
    }
    extent = seen;
}

/// The largest value of a group's maps of the known picture outside of a window.
template <class T>
inline T largest_around(const T* maps, const ConvolutionShape& s, const Window& window) {
    T largest = 0;
    for (Index c = 0; c < s.group_src(); ++c)
        for (Index y = 0; y < s.src_height; ++y) {
            const T* row = maps + c * s.src_plane() + y * s.src_width;
            const bool crosses = y >= window.y && y < window.y + window.height;
            const Index left = crosses ? window.x : s.src_width;
            for (Index x = 0; x < left; ++x) largest = std::max(largest, std::abs(row[x]));
            for (Index x = crosses ? window.x + window.width : s.src_width; x < s.src_width; ++x)
                largest = std::max(largest, std::abs(row[x]));
        }
    return largest;
}

/// False where the change is too large beside the new pictures, whose values outside of the window are at most
/// `around`.
template <class T>
DECONVVIZ_TARGET inline bool is_bounded(const ChangeExtent<T>& extent, T around) {
    constexpr Index lanes = Vector<T>::lanes;
    for (Index v = 0; v < pixel_vectors<T>; ++v)
        for (Index i = 0; i < lanes; ++i) {
            const T most = detail::most_times_larger * std::max(extent.value[v][i], around);
            if (!(extent.nothing[v][i] == 0 && extent.change[v][i] <= most && std::isfinite(most))) return false;
        }
    return true;
}

/// Stages the change; false where it is too large.
template <class T>
DECONVVIZ_TARGET inline bool stage_change(const ChangedConvolution<T>& c, const StagedChange<T>& staged) {
    const ConvolutionShape& s = c.shape;
    const Window& window = c.src.window;
    const Index margin = staged.margin * side_by_side;
    ChangeExtent<T> extent;  // of a group
    for (Index channel = 0; channel < s.src_channels; ++channel) {
        if (channel % s.group_src() == 0) extent = {};
        const T* known = c.known_src + channel * s.src_plane() + window.y * s.src_width + window.x;
        for (Index y = 0; y < window.height; ++y, known += s.src_width) {
            T* const to = staged.values + y * staged.rows() + channel * staged.row();
            std::fill_n(to, margin, T(0));
            stage_row(c.src.at(channel, window.y + y, window.x), known, window.width, to + margin, extent);
            std::fill_n(to + margin + window.width * side_by_side, margin, T(0));
        }
        if ((channel + 1) % s.group_src() != 0 || is_bounded(extent, T(0))) continue;
        const T* group = c.known_src + (channel + 1 - s.group_src()) * s.src_plane();
        if (!is_bounded(extent, largest_around(group, s, window))) return false;
    }
    return true;
}

/// row[x, p] += known[x].
template <class T>
DECONVVIZ_TARGET inline void add_known(const T* known, Index width, T* row) {
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    for (Index x = 0; x < width; ++x, row += side_by_side)
        DECONVVIZ_UNROLL for (Index v = 0; v < pixel_vectors<T>; ++v) {
            *reinterpret_cast<Loose*>(row + v * lanes) += known[x];
        }
}

/// A tile's share of each row of the outputs: it begins with vector `at` of the row and may hold several pixels. It
/// takes all taps that any of them has inside of the change, the others reading zeros.
struct RowTile {
    Index at = 0;
    Index vectors = 0;
    TapRange x;
};

/// The outputs in tiles, and the taps of each row and tile.
struct TiledOutputs {
    TapRange* rows = nullptr;
    RowTile* tiles = nullptr;  // of a row
    Index count = 0;           // how many
};

/// Divides the rows of the outputs into tiles of that kind.
template <class T>
inline void divide_rows(const detail::TapAxis& axis, const Tile<T>& tile, TiledOutputs& outputs) {
    constexpr Index each = pixel_vectors<T>;
    outputs.count = 0;
    for (Index at = 0; at < axis.outputs * each;) {
        const Index vectors = tile.take(axis.outputs * each - at);
        TapRange x(axis, at / each);
        for (Index q = at / each + 1; q <= (at + vectors - 1) / each; ++q) x = x.joined(TapRange(axis, q));
        outputs.tiles[outputs.count++] = {at, vectors, x};
        at += vectors;
    }
}

/// How many pixels the tiles for so many maps may hold beyond the first.
template <class T>
inline Index pixels_beyond(Index maps) {
    constexpr Index each = pixel_vectors<T>;
    const Index vectors = maps % panel_rows == 0 ? tile_vectors<panel_rows> : 4;
    return (vectors + each - 2) / each;
}

/// The maps map … map + tile.rows - 1 of a group, with packed weights.
template <class T>
DECONVVIZ_TARGET inline void change_strip(const detail::TapProduct<T>& product, const StagedChange<T>& staged,
                                          const TiledOutputs& outputs, const Tile<T>& tile, Index map, const T* packed,
                                          const ChangedConvolution<T>& c) {
    constexpr Index lanes = Vector<T>::lanes, each = pixel_vectors<T>;
    const Window& window = c.dst.window;
    const Index dst_plane = window.height * window.width * side_by_side;
    auto* steps = detail::scratch<detail::TapStep, detail::Scratch::taps>(product.taps);
    TileSteps tile_steps{steps, 0, product.channels, product.taps * tile.rows, staged.row()};
    const Index c_rows[4] = {dst_plane, dst_plane, dst_plane, dst_plane};
    const RowTile* const tiles = outputs.tiles;
    for (Index r = 0; r < window.height; ++r) {
        const TapRange& y = outputs.rows[r];
        T* const row = c.dst.at(map, window.y + r, window.x);
        const T* const from = staged.values + (y.count() > 0 ? y.read * staged.rows() : 0);
        for (const RowTile* t = tiles; t != tiles + outputs.count; ++t) {
            if (t == tiles || !t->x.same(t[-1].x))
                tile_steps.taps = batch_steps(y, t->x, staged.channels * staged.width, side_by_side, tile.rows, steps);
            const Index first = tile_steps.taps > 0 ? staged.margin + t->x.taps->offset_of(t->x.first) : 0;
            const T* values[4];
            T* out[4];
            for (Index v = 0; v < t->vectors; ++v) {
                const Index column = tile_steps.taps > 0 ? first + (t->at + v) / each * product.x.step : 0;
                values[v] = from + column * side_by_side + (t->at + v) % each * lanes;
                out[v] = row + (t->at + v) * lanes;
            }
            tile.compute(t->vectors)(tile_steps, packed, values, nullptr, out, c_rows);
        }
        const T* known = c.known_dst + map * c.shape.dst_plane() + (window.y + r) * c.shape.dst_width + window.x;
        for (Index i = 0; i < tile.rows; ++i)
            add_known(known + i * c.shape.dst_plane(), window.width, row + i * dst_plane);
    }
}

template <class T>
inline bool changed_convolution(const ChangedConvolution<T>& c) {
    using detail::Scratch;
    const ConvolutionShape& s = c.shape;
    const Window& from = c.src.window;
    detail::Taps taps[2];
    StagedChange<T> staged;
    staged.margin = std::min(pixels_beyond<T>(s.group_dst()), c.dst.window.width - 1) * s.sliding.stride.x;
    staged.width = from.width + 2 * staged.margin;
    staged.channels = s.src_channels;
    staged.values = detail::scratch<T, Scratch::panel>(from.height * staged.rows());
    if (!stage_change(c, staged)) return false;
    for (Index group = 0; group < s.groups; ++group) {
        const detail::TapProduct<T> product = detail::change_product(c, group, taps);
        T* packed = detail::scratch<T, Scratch::packed_weights>(product.depth() * panel_rows);
        TiledOutputs outputs{detail::scratch<TapRange, Scratch::rows>(product.y.outputs),
                             detail::scratch<RowTile, Scratch::rows>(product.x.outputs * pixel_vectors<T>)};
        for (Index r = 0; r < product.y.outputs; ++r) outputs.rows[r] = TapRange(product.y, r);
        for (Index map = 0, rows = 0; map < product.maps; map += rows) {
            const Tile<T> tile = tallest_tile<T>(product.maps - map);
            if (tile.rows != rows) divide_rows(product.x, tile, outputs);
            rows = tile.rows;
            pack_weights(product, map, rows, rows, packed);
            change_strip(product, staged, outputs, tile, group * product.maps + map, packed, c);
        }
        staged.values += product.channels * staged.row();
    }
    return true;
}
