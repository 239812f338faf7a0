// The innermost loop of a TapProduct, and its weights in the order in which it takes them; see tap_product.hpp and
// for_each_isa.inl.

/// Vectors beside each other in a tile of so many rows: with 32 registers half of them hold sums, with 16 three
/// quarters, as sums must be many enough to hide how long one addition takes.
template <Index Rows>
inline constexpr Index tile_vectors = DECONVVIZ_REGISTERS == 32 ? (Rows > 4 ? 2 : 4) : (Rows > 2 ? 3 : 4);

/// What a tile multiplies: `channels` times the same steps, each channel's weights and values further on.
struct TileSteps {
    const detail::TapStep* steps;
    Index taps;
    Index channels;
    Index weights_channel;
    Index values_channel;
};

/// c[v][i * c_rows[v] + lane] = bias[i] + sum over channels and taps of weights[… + i] * values[v][… + lane], for
/// i < Rows and the vectors v; bias may be null.
template <class T, Index Rows, Index Vectors>
[[gnu::noinline]] DECONVVIZ_TARGET inline void tap_tile(const TileSteps& steps, const T* weights,
                                                        const T* const* values, const T* bias, T* const* c,
                                                        const Index* c_rows) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    Register sums[Rows][Vectors];
    const T* from[Vectors];
    DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) from[v] = values[v];
    DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
        const T first = bias ? bias[i] : T(0);
        DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) sums[i][v] = Register{} + first;
    }
    const detail::TapStep* const end = steps.steps + steps.taps;
    for (Index channel = 0; channel < steps.channels; ++channel) {
        for (const detail::TapStep* step = steps.steps; step != end; ++step) {
            const T* factors = weights + step->weight;
            Register right[Vectors];
            DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) {
                right[v] = *reinterpret_cast<const Loose*>(from[v] + step->value);
            }
            DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
                const T factor = factors[i];
                DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) sums[i][v] += factor * right[v];
            }
        }
        weights += steps.weights_channel;
        DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) from[v] += steps.values_channel;
    }
    DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
        DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) {
            *reinterpret_cast<Loose*>(c[v] + i * c_rows[v]) = sums[i][v];
        }
    }
}

/// A tile of so many rows and as many vectors as fit the registers, or two, or one.
template <class T>
struct Tile {
    using Compute = void (*)(const TileSteps&, const T*, const T* const*, const T*, T* const*, const Index*);
    Index rows = 0;
    Index vectors = 0;  // of the widest
    Compute widest = nullptr;
    Compute pair = nullptr;
    Compute single = nullptr;

    /// How many of `left` vectors to compute next.
    Index take(Index left) const { return left >= vectors ? vectors : std::min<Index>(left, 2); }
    Compute compute(Index count) const { return count == vectors ? widest : count == 2 ? pair : single; }
};

template <class T, Index Rows>
Tile<T> tile_of() {
    return {Rows, tile_vectors<Rows>, tap_tile<T, Rows, tile_vectors<Rows>>, tap_tile<T, Rows, 2>,
            tap_tile<T, Rows, 1>};
}

/// The tallest tile for so many rows.
template <class T>
Tile<T> tallest_tile(Index rows) {
    if constexpr (panel_rows > 4) {
        if (rows >= panel_rows) return tile_of<T, panel_rows>();
    }
    if (rows >= 4) return tile_of<T, 4>();
    if (rows == 3) return tile_of<T, 3>();
    return rows == 2 ? tile_of<T, 2>() : tile_of<T, 1>();
}

/// The weights of the maps first … first + rows - 1: packed[(channel * taps + tap) * pitch + row].
template <class T>
DECONVVIZ_TARGET inline void pack_weights(const detail::TapProduct<T>& product, Index first, Index rows, Index pitch,
                                          T* packed) {
    const T* from = product.weights + first * product.weights_row;
    const bool in_a_row = product.weights_channel == product.taps;
    const Index blocks = in_a_row ? 1 : product.channels;
    const Index width = in_a_row ? product.depth() : product.taps;
    constexpr Index line = 64 / Index{sizeof(T)};
    for (Index i = 0; i < blocks; ++i) {
        if (i + 1 < blocks)  // too far away for the processor to expect it
            for (Index at = 0; at < rows * product.weights_row; at += line)
                __builtin_prefetch(from + (i + 1) * product.weights_channel + at);
        transpose(rows, width, from + i * product.weights_channel, product.weights_row, packed + i * width * pitch,
                  pitch);
    }
}

/// to[i * step] = from[i].
template <class T>
DECONVVIZ_TARGET inline void store_run(const T* from, Index count, T* to, Index step) {
    if (step == 1) return copy_run(to, from, count);
    for (Index i = 0; i < count; ++i) to[i * step] = from[i];
}
