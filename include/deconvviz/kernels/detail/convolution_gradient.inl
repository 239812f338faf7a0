// Weight gradient of a convolution by dot products over output positions; see for_each_isa.inl.

/// Gradients of the weights first … first + count - 1 (counted over input channels and taps) of all maps of a group.
/// `src` and `grad_dst` begin at the group's first channel.
template <class T>
DECONVVIZ_TARGET inline void weight_gradient_columns(const ConvolutionShape& s, const T* src, const T* grad_dst,
                                                     Index first, Index count, T* grad_weights) {
    using detail::Scratch;
    constexpr Index lanes = Vector<T>::lanes;
    // Of a large map a few rows at once, of small ones the maps of several pictures: what fits the cache.
    constexpr Index positions_at_once = 2048;
    const Index rows_at_once = std::clamp<Index>(positions_at_once / s.dst_width, 1, s.dst_height);
    const Index pictures_at_once = std::clamp<Index>(positions_at_once / s.dst_plane(), 1, s.batch);
    const Index room = rows_at_once * s.dst_width;
    const Index depth = s.group_src() * s.taps();
    T* values = detail::scratch<T, Scratch::rows>(pictures_at_once * count * room);
    T* sums = detail::scratch<T, Scratch::sums>(s.group_dst() * count * lanes);
    std::fill_n(sums, s.group_dst() * count * lanes, T(0));
    for (Index n = 0; n < s.batch; n += pictures_at_once)
        for (Index row = 0; row < s.dst_height; row += rows_at_once) {
            const Index pictures = std::min(pictures_at_once, s.batch - n);
            const Index rows = std::min(rows_at_once, s.dst_height - row);
            for (Index i = 0; i < pictures * count; ++i) {
                const Index column = first + i % count;
                const Index tap = column % s.taps();
                const T* plane = src + ((n + i / count) * s.src_channels + column / s.taps()) * s.src_plane();
                detail::tap_values(s, plane, tap / s.sliding.kernel.x, tap % s.sliding.kernel.x, row, rows,
                                   values + i * room);
            }
            const T* above = grad_dst + n * s.dst_channels * s.dst_plane() + row * s.dst_width;
            for (Index o = 0; o < s.group_dst(); o += dot_side)
                dot_product<T>(std::min(dot_side, s.group_dst() - o), count, rows * s.dst_width, pictures,
                               {above + o * s.dst_plane(), s.dst_plane(), s.dst_channels * s.dst_plane()},
                               {values, room, count * room}, sums + o * count * lanes);
        }
    for (Index o = 0; o < s.group_dst(); ++o)
        for (Index j = 0; j < count; ++j)
            grad_weights[o * depth + first + j] = dot_total(sums + (o * count + j) * lanes);
}

template <class T>
inline void convolution_weight_gradient(const ConvolutionShape& s, const T* src, const T* grad_dst, T* grad_weights) {
    const Index depth = s.group_src() * s.taps();
    const Index blocks = (depth + dot_side - 1) / dot_side;
    parallel_for(s.groups * blocks, 1, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index group = i / blocks;
            const Index first = i % blocks * dot_side;
            weight_gradient_columns(s, src + group * s.group_src() * s.src_plane(),
                                    grad_dst + group * s.group_dst() * s.dst_plane(), first,
                                    std::min(dot_side, depth - first), grad_weights + group * s.group_dst() * depth);
        }
    });
}
