// Weight gradient of a convolution; see convolution_gradient.hpp and for_each_isa.inl.
//
// The gradient of a weight is a sum over all output positions. Maps lie side by side in a vector: the gradient of the
// output is transposed, position by position, and each position's vector is multiplied by the source values that the
// taps read there, as they lie in the buffer that convolution uses too (tap_rows.inl), or, for small maps, with the
// pictures of a batch between position and position. Positions come in bands that fit the cache.

/// The positions of a band as one sum sees them: `repeats` runs of `length`.
struct GradientRuns {
    Index length = 0;
    Index repeats = 0;
    Index source_repeat = 0;  // distance of two runs among the source values
};

/// sums[i * Vectors * lanes + …] = or += sum over positions of source[places[i] + position] * maps[position, …].
/// (Each band has a sum of its own first: that keeps the rounding error of long sums small.)
template <class T, Index Rows, Index Vectors>
[[gnu::noinline]] DECONVVIZ_TARGET inline void gradient_tile(const GradientRuns& runs, const T* source,
                                                             const Index* places, const T* maps, T* sums,
                                                             bool accumulate) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    constexpr Index lanes = Vector<T>::lanes;
    Register total[Rows][Vectors];
    const T* rows[Rows];
    DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
        rows[i] = source + places[i];
        DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) total[i][v] = Register{};
    }
    for (Index n = 0; n < runs.repeats; ++n) {
        for (Index k = 0; k < runs.length; ++k, maps += Vectors * lanes) {
            Register right[Vectors];
            DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) {
                right[v] = *reinterpret_cast<const Loose*>(maps + v * lanes);
            }
            DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
                const T factor = rows[i][k];
                DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) total[i][v] += factor * right[v];
            }
        }
        DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) rows[i] += runs.source_repeat;
    }
    DECONVVIZ_UNROLL for (Index i = 0; i < Rows; ++i) {
        DECONVVIZ_UNROLL for (Index v = 0; v < Vectors; ++v) {
            Loose& sum = *reinterpret_cast<Loose*>(sums + (i * Vectors + v) * lanes);
            sum = accumulate ? sum + total[i][v] : total[i][v];
        }
    }
}

/// How the sums of one group are divided: panels of maps, side by side in two vectors (the last one perhaps in one),
/// and rows, one for each weight of a map.
template <class T>
struct GradientLayout {
    static constexpr Index width = 2 * Vector<T>::lanes;
    Index maps = 0;
    Index depth = 0;   // weights of a map
    Index padded = 0;  // room for them in whole tiles
    Index panels = 0;

    GradientLayout(Index maps_, Index depth_) : maps(maps_), depth(depth_) {
        padded = (depth + panel_rows - 1) / panel_rows * panel_rows;
        panels = (maps + width - 1) / width;
    }
    Index values() const { return panels * padded * width; }
    Index panel_maps(Index panel) const { return std::min(width, maps - panel * width); }
    Index vectors(Index panel) const { return panel_maps(panel) > Vector<T>::lanes ? 2 : 1; }
};

/// One band of positions, and what its sums need.
template <class T>
struct GradientBand {
    GradientRuns runs;
    const T* source = nullptr;
    Index source_channel = 0;       // distance of two channels
    const Index* places = nullptr;  // where the taps of a channel read
    Index taps = 0;
    const T* maps = nullptr;
    bool first = false;  // of all bands
    bool last = false;
};

/// The sums of `count` rows of a panel from `row` on: those of the bands before plus those of this one.
template <class T>
inline void add_rows(const GradientLayout<T>& layout, const GradientBand<T>& band, Index panel, Index row, Index count,
                     T* sums) {
    constexpr Index half = panel_rows / 2;
    const Index vectors = layout.vectors(panel);
    const T* maps = band.maps + panel * band.runs.length * band.runs.repeats * layout.width;
    for (Index i = 0; i < count; i += panel_rows, sums += panel_rows * vectors * Vector<T>::lanes) {
        Index places[panel_rows];
        for (Index k = 0; k < panel_rows; ++k) {
            const Index weight = std::min(row + i + k, layout.depth - 1);
            places[k] = weight / band.taps * band.source_channel + band.places[weight % band.taps];
        }
        if (count - i <= half) {
            const auto tile = vectors == 2 ? gradient_tile<T, half, 2> : gradient_tile<T, half, 1>;
            tile(band.runs, band.source, places, maps, sums, !band.first);
        } else {
            const auto tile = vectors == 2 ? gradient_tile<T, panel_rows, 2> : gradient_tile<T, panel_rows, 1>;
            tile(band.runs, band.source, places, maps, sums, !band.first);
        }
    }
}

/// Adds one band to all sums; the last band's are turned back into the order of the weights.
template <class T>
inline void add_band(const GradientLayout<T>& layout, const GradientBand<T>& band, T* sums, T* grad_weights) {
    constexpr Index rows = 64;
    const Index blocks = (layout.depth + rows - 1) / rows;
    parallel_for(layout.panels * blocks, 1, [=, &layout, &band](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index panel = i / blocks;
            const Index first = i % blocks * rows;
            const Index count = std::min(rows, layout.depth - first);
            const Index row = layout.vectors(panel) * Vector<T>::lanes;
            const bool only = band.first && band.last;
            T* to = only ? detail::scratch<T, detail::Scratch::result>(rows * layout.width)
                         : sums + panel * layout.padded * layout.width + first * row;
            add_rows(layout, band, panel, first, count, to);
            if (band.last)
                transpose(count, layout.panel_maps(panel), to, row,
                          grad_weights + panel * layout.width * layout.depth + first, layout.depth);
        }
    });
}

/// The gradients of the outputs, transposed: maps[panel][position * step + …][map]. From each picture `count`
/// neighbouring positions; `grad_dst` is the first map's first position in the first of `pictures` pictures, which lie
/// side by side for each position.
template <class T>
inline void transpose_maps(const GradientLayout<T>& layout, const T* grad_dst, Index plane, Index picture,
                           Index pictures, Index room, Index count, T* maps) {
    constexpr Index width = GradientLayout<T>::width;
    constexpr Index lanes = Vector<T>::lanes;
    const Index halves = (layout.maps + lanes - 1) / lanes;
    parallel_for(halves, std::max<Index>(1, 16384 / (count * pictures * lanes)), [=, &layout](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index panel = i * lanes / width;
            const Index row = layout.vectors(panel) * lanes;
            const Index there = std::min(lanes, layout.maps - i * lanes);
            T* to = maps + panel * room * count * width + i * lanes % width;
            for (Index n = 0; n < pictures; ++n)
                transpose(there, count, grad_dst + i * lanes * plane + n * picture, plane, to + n * row, room * row);
            for (Index k = 0; k < room * count && there < lanes; ++k)
                std::fill_n(to + k * row + there, lanes - there, T(0));
            for (Index k = 0; k < count; ++k)
                for (Index n = pictures; n < room; ++n) std::fill_n(to + (k * room + n) * row, lanes, T(0));
        }
    });
}

/// Positions whose maps fill a quarter of a cache of 1 MB.
template <class T>
inline constexpr Index gradient_positions = detail::cached_values<T> / 2 / GradientLayout<T>::width;

/// One group, picture by picture.
template <class T>
inline void gradient_by_rows(const ConvolutionShape& s, const detail::TapProduct<T>& product, const T* grad_dst,
                             const GradientLayout<T>& layout, T* grad_weights) {
    using detail::Scratch;
    const BandLayout bands = band_layout(product, std::max<Index>(1, gradient_positions<T> / s.dst_width));
    T* staged = detail::scratch<T, Scratch::panel>(product.channels * bands.channel);
    T* maps = detail::scratch<T, Scratch::packed_weights>(layout.panels * layout.width * bands.rows * s.dst_width);
    auto* places = detail::scratch<Index, Scratch::rows>(s.taps());
    for (Index i = 0; i < s.taps(); ++i)
        places[i] = tap_place(product, bands, i / s.sliding.kernel.x * s.sliding.dilation.y,
                              i % s.sliding.kernel.x * s.sliding.dilation.x);
    T* sums = s.batch * bands.bands == 1 ? nullptr : detail::scratch<T, Scratch::sums>(layout.values());
    for (Index n = 0; n < s.batch; ++n)
        for (Index first = 0; first < s.dst_height; first += bands.rows) {
            const Index rows = std::min(bands.rows, s.dst_height - first);
            const T* picture = product.src + n * product.src_picture;
            parallel_for(product.channels, std::max<Index>(1, 16384 / bands.channel), [&](Index begin, Index end) {
                for (Index c = begin; c < end; ++c)
                    stage_channel(product, bands, picture + c * s.src_plane(), first, rows, staged + c * bands.channel);
            });
            transpose_maps(layout, grad_dst + n * s.dst_channels * s.dst_plane() + first * s.dst_width, s.dst_plane(),
                           Index{0}, Index{1}, Index{1}, rows * s.dst_width, maps);
            add_band(layout,
                     {{s.dst_width, rows, bands.pitch},
                      staged,
                      bands.channel,
                      places,
                      s.taps(),
                      maps,
                      n == 0 && first == 0,
                      n + 1 == s.batch && first + rows == s.dst_height},
                     sums, grad_weights);
        }
}

/// The source rows `first` … of some pictures side by side, with the zeros around them:
/// staged[((channel * rows + row) * columns + column) * room + picture].
template <class T>
DECONVVIZ_TARGET inline void stage_pictures(const ConvolutionShape& s, const T* plane, Index picture, Index pictures,
                                            Index room, Index first, Index rows, Index columns, T* staged) {
    for (Index r = 0; r < rows; ++r, staged += columns * room) {
        const Index begin = std::min(s.sliding.padding.x, columns);
        const Index end = std::clamp(s.src_width + s.sliding.padding.x, begin, columns);
        if (begin > 0 || end < columns || pictures < room || first + r < 0 || first + r >= s.src_height)
            std::fill_n(staged, columns * room, T(0));
        if (first + r < 0 || first + r >= s.src_height) continue;
        transpose(pictures, end - begin, plane + (first + r) * s.src_width, picture, staged + begin * room, room);
    }
}

/// One group of a convolution without horizontal stride, with the pictures of the batch side by side.
template <class T>
inline void gradient_by_batch(const ConvolutionShape& s, const detail::TapProduct<T>& product, const T* grad_dst,
                              const GradientLayout<T>& layout, T* grad_weights) {
    using detail::Scratch;
    const auto& [kernel, stride, padding, dilation] = s.sliding;
    const Index room = std::min(2 * Vector<T>::lanes, (s.batch + 3) / 4 * 4);
    const Index most = std::clamp<Index>(gradient_positions<T> / (s.dst_width * room), 1, s.dst_height);
    const Index columns = s.dst_width + (kernel.x - 1) * dilation.x;
    const Index source_rows = (most - 1) * stride.y + (kernel.y - 1) * dilation.y + 1;
    const Index channel = detail::odd_lines<T>(source_rows * columns * room);
    T* staged = detail::scratch<T, Scratch::panel>(product.channels * channel);
    T* maps = detail::scratch<T, Scratch::packed_weights>(layout.panels * layout.width * most * s.dst_width * room);
    auto* places = detail::scratch<Index, Scratch::rows>(s.taps());
    for (Index i = 0; i < s.taps(); ++i)
        places[i] = (i / kernel.x * dilation.y * columns + i % kernel.x * dilation.x) * room;
    T* sums = detail::scratch<T, Scratch::sums>(layout.values());
    for (Index n = 0; n < s.batch; n += room)
        for (Index first = 0; first < s.dst_height; first += most) {
            const Index rows = std::min(most, s.dst_height - first);
            const Index pictures = std::min(room, s.batch - n);
            const Index read = (rows - 1) * stride.y + (kernel.y - 1) * dilation.y + 1;
            const Index top = first * stride.y - padding.y;
            const T* source = product.src + n * product.src_picture;
            parallel_for(product.channels, std::max<Index>(1, 16384 / channel), [&](Index begin, Index end) {
                for (Index c = begin; c < end; ++c)
                    stage_pictures(s, source + c * s.src_plane(), product.src_picture, pictures, room, top, read,
                                   columns, staged + c * channel);
            });
            const Index picture = s.dst_channels * s.dst_plane();
            transpose_maps(layout, grad_dst + n * picture + first * s.dst_width, s.dst_plane(), picture, pictures, room,
                           rows * s.dst_width, maps);
            add_band(layout,
                     {{s.dst_width * room, rows, stride.y * columns * room},
                      staged,
                      channel,
                      places,
                      s.taps(),
                      maps,
                      n == 0 && first == 0,
                      n + pictures == s.batch && first + rows == s.dst_height},
                     sums, grad_weights);
        }
}

template <class T>
inline void convolution_weight_gradient(const ConvolutionShape& s, const T* src, const T* grad_dst, T* grad_weights) {
    const GradientLayout<T> layout(s.group_dst(), s.group_src() * s.taps());
    detail::Taps taps[2];
    for (Index group = 0; group < s.groups; ++group) {
        const auto product =
            detail::convolution_product<T>(s, group, src, nullptr, nullptr, nullptr, s.whole_dst(), taps);
        const T* above = grad_dst + group * s.group_dst() * s.dst_plane();
        const bool small = s.batch >= Vector<T>::lanes / 2 && s.dst_width < 32 && s.sliding.stride.x == 1;
        T* below = grad_weights + group * s.group_dst() * layout.depth;
        if (small) {
            gradient_by_batch(s, product, above, layout, below);
        } else {
            gradient_by_rows(s, product, above, layout, below);
        }
    }
}
