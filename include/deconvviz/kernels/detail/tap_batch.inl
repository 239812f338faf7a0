// A TapProduct with the pictures of a batch side by side in a vector; see tap_product.hpp and for_each_isa.inl.
// For small maps: each position has vectors of its own, so no part of a vector is lost at the end of a row, and taps
// that leave the source are left out instead of multiplied by zeros.

/// How a block of pictures and a band of output rows are worked on at once.
struct BatchLayout {
    Index vectors = 0;   // of a block of pictures
    Index pictures = 0;  // of a block: lanes of those vectors
    Index blocks = 0;
    Index rows = 0;  // of the output, in one band
    Index bands = 0;
};

template <class T>
BatchLayout batch_layout(const detail::TapProduct<T>& product) {
    constexpr Index lanes = Vector<T>::lanes;
    BatchLayout b;
    b.vectors = std::min((product.batch + lanes - 1) / lanes, tallest_tile<T>(product.maps).vectors);
    b.pictures = b.vectors * lanes;
    b.blocks = (product.batch + b.pictures - 1) / b.pictures;
    const Index row_values = product.channels * product.x.size * b.pictures;
    const Index fitting =
        (detail::cached_values<T> / row_values - product.y.span() - 1) / product.y.step * product.y.phases + 1;
    b.rows = std::clamp<Index>(fitting, 1, product.y.outputs);
    b.bands = (product.y.outputs + b.rows - 1) / b.rows;
    return b;
}

/// The taps of one output that lie inside of the source, and where the first of them reads.
struct TapRange {
    const detail::Taps* taps = nullptr;
    Index first = 0;
    Index last = 0;  // first … last - 1
    Index read = 0;

    TapRange() = default;
    TapRange(const detail::TapAxis& axis, Index output) : taps(&axis.taps[output % axis.phases]) {
        const Index start = output / axis.phases * axis.step;
        std::tie(first, last) = taps->inside(start, axis.size);
        read = start + taps->offset_of(first);
    }

    Index count() const { return last - first; }
    /// Are the taps the same ones?
    bool same(const TapRange& other) const { return taps == other.taps && first == other.first && last == other.last; }
    /// The taps that either has; both are of one phase. Where this one reads the first of them is not kept.
    TapRange joined(const TapRange& other) const {
        TapRange both = count() > 0 ? *this : other;
        if (count() > 0 && other.count() > 0) {
            both.first = std::min(first, other.first);
            both.last = std::max(last, other.last);
        }
        return both;
    }
};

/// Taps of all outputs along one axis that lie inside of the source.
inline Index taps_inside(const detail::TapAxis& axis) {
    Index taps = 0;
    for (Index output = 0; output < axis.outputs; ++output) taps += TapRange(axis, output).count();
    return taps;
}

/// Is this the better way? It compares the vectors multiplied, and counts what turning the values costs.
template <class T>
bool batch_pays(const detail::TapProduct<T>& product) {
    constexpr Index lanes = Vector<T>::lanes;
    const auto& [y, x] = std::tie(product.y, product.x);
    if (product.batch < lanes / 2) return false;
    const BandLayout by_row = band_layout(product);
    const Index vectors = by_row.bands * by_row.vectors(by_row.rows, x.positions(), lanes);
    const Index rows_cost = product.batch * vectors * product.depth() * product.maps;
    const BatchLayout bands = batch_layout(product);
    const Index read = (bands.rows / y.phases + 1) * y.step + y.span();  // source rows of a band, at most
    const Index values =
        product.channels * bands.bands * std::min(read, y.size) * x.size + product.maps * y.outputs * x.outputs;
    const Index multiply =
        (product.batch + lanes - 1) / lanes * taps_inside(y) * taps_inside(x) * product.channels * product.maps;
    return multiply + product.batch * values / 2 < rows_cost;
}

/// A block of pictures and a band of rows, which one item of work computes for some of the maps.
struct BatchBlock {
    Index picture = 0;
    Index pictures = 0;
    Index first = 0;  // output row
    Index rows = 0;
    Index top = 0;  // the first source row that they read, and how many
    Index height = 0;
};

/// The source values of a block: staged[((channel * height + row) * width + column) * layout.pictures + picture], zeros
/// for pictures that are not there.
template <class T>
DECONVVIZ_TARGET inline void stage_batch(const detail::TapProduct<T>& product, const BatchLayout& layout,
                                         const BatchBlock& block, T* staged) {
    const Index values = block.height * product.x.size;
    const T* from = product.src + block.picture * product.src_picture + block.top * product.x.size;
    if (block.pictures < layout.pictures) std::fill_n(staged, product.channels * values * layout.pictures, T(0));
    for (Index c = 0; c < product.channels; ++c)
        transpose(block.pictures, values, from + c * product.src_plane(), product.src_picture,
                  staged + c * values * layout.pictures, layout.pictures);
}

/// The steps for the taps of an output. Values are counted from those of the first tap. Returns their number.
inline Index batch_steps(const TapRange& y, const TapRange& x, Index width, Index pictures, Index tile_rows,
                         detail::TapStep* out) {
    Index count = 0;
    for (Index ty = y.first; ty < y.last; ++ty)
        for (Index tx = x.first; tx < x.last; ++tx) {
            const Index down = (ty - y.first) * y.taps->offset_step;
            const Index along = (tx - x.first) * x.taps->offset_step;
            out[count++] = {(y.taps->weight_of(ty) + x.taps->weight_of(tx)) * tile_rows,
                            (down * width + along) * pictures};
        }
    return count;
}

/// Writes one output row of one map, result[column * layout.pictures + picture], to the pictures of a block.
template <class T>
DECONVVIZ_TARGET inline void store_batch(const detail::TapProduct<T>& product, const BatchLayout& layout,
                                         const BatchBlock& block, Index map, Index row, const T* result) {
    transpose(product.x.outputs, block.pictures, result, layout.pictures, product.target(block.picture, map, row, 0),
              product.dst_picture);
}

/// The maps map … map + tile.rows - 1, with packed weights.
template <class T>
DECONVVIZ_TARGET inline void batch_strip(const detail::TapProduct<T>& product, const BatchLayout& layout,
                                         const BatchBlock& block, const Tile<T>& tile, Index map, const T* packed,
                                         const T* staged) {
    using detail::Scratch;
    constexpr Index lanes = Vector<T>::lanes;
    const Index width = product.x.size;
    auto* steps = detail::scratch<detail::TapStep, Scratch::rows>(product.taps);
    TileSteps tile_steps{steps, 0, product.channels, product.taps * tile.rows, block.height * width * layout.pictures};
    const Index row_values = product.x.outputs * layout.pictures;
    T* result = detail::scratch<T, Scratch::result>(tile.rows * row_values);
    const Index result_rows[4] = {row_values, row_values, row_values, row_values};
    const T* bias = product.bias ? product.bias + map : nullptr;
    TapRange chosen_y;
    TapRange chosen_x;
    for (Index r = block.first; r < block.first + block.rows; ++r) {
        const TapRange y(product.y, r);
        for (Index q = 0; q < product.x.outputs; ++q) {
            const TapRange x(product.x, q);
            if (!y.same(chosen_y) || !x.same(chosen_x)) {
                tile_steps.taps = batch_steps(y, x, width, layout.pictures, tile.rows, steps);
                chosen_y = y;
                chosen_x = x;
            }
            const T* from =
                tile_steps.taps > 0 ? staged + ((y.read - block.top) * width + x.read) * layout.pictures : staged;
            for (Index v = 0; v < layout.vectors;) {
                const Index count = tile.take(layout.vectors - v);
                const T* values[4];
                T* out[4];
                for (Index i = 0; i < count; ++i) {
                    values[i] = from + (v + i) * lanes;
                    out[i] = result + q * layout.pictures + (v + i) * lanes;
                }
                tile.compute(count)(tile_steps, packed, values, bias, out, result_rows);
                v += count;
            }
        }
        for (Index i = 0; i < tile.rows; ++i) store_batch(product, layout, block, map + i, r, result + i * row_values);
    }
}

/// The maps first … last - 1 of a block.
template <class T>
inline void batch_maps(const detail::TapProduct<T>& product, const BatchLayout& layout, BatchBlock block, Index first,
                       Index last) {
    using detail::Scratch;
    const auto& y = product.y;
    const Index lowest = block.first / y.phases * y.step + y.lowest;
    const Index highest = (block.first + block.rows - 1) / y.phases * y.step + y.highest;
    block.top = std::clamp<Index>(lowest, 0, y.size - 1);
    block.height = std::clamp<Index>(highest, block.top, y.size - 1) - block.top + 1;
    T* staged = detail::scratch<T, Scratch::panel>(product.channels * block.height * product.x.size * layout.pictures);
    stage_batch(product, layout, block, staged);
    T* packed = detail::scratch<T, Scratch::packed_weights>(product.depth() * panel_rows);
    for (Index map = first; map < last;) {
        const Tile<T> tile = tallest_tile<T>(last - map);
        pack_weights(product, map, tile.rows, tile.rows, packed);
        batch_strip(product, layout, block, tile, map, packed, staged);
        map += tile.rows;
    }
}

/// All of a product.
template <class T>
inline void tap_batch(const detail::TapProduct<T>& product) {
    const BatchLayout layout = batch_layout(product);
    const detail::TapItems items(layout.blocks * layout.bands, product.maps, panel_rows);
    parallel_for(items.parts * items.groups, 1, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index part = i / items.groups;
            const Index map = i % items.groups * items.maps;
            BatchBlock block;
            block.picture = part / layout.bands * layout.pictures;
            block.pictures = std::min(layout.pictures, product.batch - block.picture);
            block.first = part % layout.bands * layout.rows;
            block.rows = std::min(layout.rows, product.y.outputs - block.first);
            batch_maps(product, layout, block, map, std::min(map + items.maps, product.maps));
        }
    });
}
