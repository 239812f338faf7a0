// Transposed convolution by scattering; see scatter_product.hpp and for_each_isa.inl.

/// to[i * step] += from[i].
template <class T>
DECONVVIZ_TARGET inline void add_run(T* to, const T* from, Index count, Index step) {
    using Register = typename Vector<T>::type;
    using Loose = typename Vector<T>::loose;
    Index i = 0;
    if (step == 1) {
        for (; i + Vector<T>::lanes <= count; i += Vector<T>::lanes) {
            const Register sum = *reinterpret_cast<const Loose*>(to + i) + *reinterpret_cast<const Loose*>(from + i);
            *reinterpret_cast<Loose*>(to + i) = sum;
        }
    }
    for (; i < count; ++i) to[i * step] += from[i];
}

/// Adds one tap's values at the positions `reached` to a plane of src, where they fall into `window`.
template <class T>
DECONVVIZ_TARGET inline void scatter_tap(const ConvolutionShape& s, Index ky, Index kx, const Window& reached,
                                         const Window& window, const T* values, T* plane) {
    const Index step = s.sliding.stride.x;
    const Index start = s.src_column(reached.x, kx);
    // Of the columns of `reached`, begin … end - 1 fall into the window.
    const Index begin = std::clamp<Index>(deconvviz::detail::ceil_div(window.x - start, step), 0, reached.width);
    const Index end =
        std::clamp<Index>(deconvviz::detail::ceil_div(window.x + window.width - start, step), begin, reached.width);
    for (Index r = 0; r < reached.height; ++r) {
        const Index y = s.src_row(reached.y + r, ky);
        if (y < window.y || y >= window.y + window.height) continue;
        add_run(plane + y * s.src_width + start + begin * step, values + r * reached.width + begin, end - begin, step);
    }
}

/// The values of dst in the window `reached`, of one picture and group, as panels [panel][channel][panel_width].
template <class T>
DECONVVIZ_TARGET inline void pack_positions(const ConvolutionShape& s, const T* dst, const Window& reached, T* panels) {
    const Index positions = reached.height * reached.width;
    for (Index p = 0; p < positions; p += panel_width<T>) {
        const Index count = std::min(panel_width<T>, positions - p);
        for (Index o = 0; o < s.group_dst(); ++o, panels += panel_width<T>) {
            const T* plane = dst + o * s.dst_plane();
            if (count < panel_width<T>) std::fill_n(panels, panel_width<T>, T(0));
            for (Index i = 0; i < count;) {
                const Index r = (p + i) / reached.width;
                const Index q = (p + i) % reached.width;
                const Index run = std::min(count - i, reached.width - q);
                copy_run(panels + i, plane + (reached.y + r) * s.dst_width + reached.x + q, run);
                i += run;
            }
        }
    }
}

/// One picture and group: `dst` and `src` begin at the group's first channel.
template <class T>
DECONVVIZ_TARGET inline void scatter_picture(const ConvolutionShape& s, const T* dst, const T* packed, T* src,
                                             const Window& window, const Window& reached) {
    using detail::Scratch;
    constexpr Index width = panel_width<T>;
    const Index panels = (reached.height * reached.width + width - 1) / width;
    const Index rows = s.group_src() * s.taps();
    const Index row = panels * width;
    T* positions = detail::scratch<T, Scratch::panel>(panels * s.group_dst() * width);
    pack_positions(s, dst, reached, positions);
    const Index block = std::max<Index>(panel_rows, 65536 / std::max<Index>(1, row) / panel_rows * panel_rows);
    T* values = detail::scratch<T, Scratch::result>(std::min(block, rows) * row);
    for (Index i = 0; i < s.group_src(); ++i)
        for (Index y = window.y; y < window.y + window.height; ++y)
            std::fill_n(src + i * s.src_plane() + y * s.src_width + window.x, window.width, T(0));
    for (Index first = 0; first < rows; first += block) {
        const Index count = std::min(block, rows - first);
        for (Index p = 0; p < panels; ++p)
            panel_product(count, s.group_dst(), s.group_dst(), packed + first * s.group_dst(), 0,
                          positions + p * s.group_dst() * width, width, values + p * width, row, false);
        for (Index i = 0; i < count; ++i) {
            const Index tap = (first + i) % s.taps();
            scatter_tap(s, tap / s.sliding.kernel.x, tap % s.sliding.kernel.x, reached, window, values + i * row,
                        src + (first + i) / s.taps() * s.src_plane());
        }
    }
}

template <class T>
inline void scatter_product(const ConvolutionShape& s, Index group, const T* dst, const T* weights, T* src,
                            const Window& window) {
    const Index rows = s.group_src() * s.taps();
    T* packed = detail::scratch<T, detail::Scratch::packed_weights>(rows * s.group_dst());
    const T* filters = weights + group * s.group_dst() * rows;
    T* out = packed;
    for (Index first = 0; first < rows; first += panel_rows)
        for (Index o = 0; o < s.group_dst(); ++o)
            out = std::copy_n(filters + o * rows + first, std::min(panel_rows, rows - first), out);
    const Window reached = s.sliding.reached_by(window, s.dst_height, s.dst_width);
    parallel_for(s.batch, 1, [&](Index begin, Index end) {
        for (Index n = begin; n < end; ++n)
            scatter_picture(s, dst + (n * s.dst_channels + group * s.group_dst()) * s.dst_plane(), packed,
                            src + (n * s.src_channels + group * s.group_src()) * s.src_plane(), window, reached);
    });
}
