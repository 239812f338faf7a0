/// @file
/// The product that convolution and transposed convolution have in common, in its fast version.
///
/// Both gather: an output value is a sum over source channels and over a small grid of taps. A convolution has the taps
/// of its kernel; a transposed convolution of stride s falls into s x s phases (output positions equal modulo s), each
/// a product of its own with the taps that meet that phase. Source values go into a panel, one column for each output
/// position, however the positions lie on rows and pictures; the panel is multiplied by the packed weights.
/// An output value's sum runs in the same order in every window, batch and number of threads: the same bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/tiles.hpp"

namespace deconvviz::kernels::detail {

/// One row or column of taps: where it reads, counted from output position 0, and which weight it takes.
struct Tap {
    Index offset = 0;
    Index weight = 0;
};

/// dst[n, m, r, q] = bias[m] + sum over c, ty, tx of
///     weights[m * weights_row + c * weights_channel + taps_y[ty].weight + taps_x[tx].weight]
///   * src[n, c, r * step_y + taps_y[ty].offset, q * step_x + taps_x[tx].offset],
/// source values outside of height x width being 0, for r < rows, q < columns.
template <class T>
struct TapProduct {
    const T* src = nullptr;
    Index src_picture = 0;  // distance of two pictures
    Index channels = 0;
    Index height = 0;
    Index width = 0;

    const T* weights = nullptr;
    Index weights_row = 0;
    Index weights_channel = 0;
    std::vector<Tap> taps_y;
    std::vector<Tap> taps_x;
    Index step_y = 1;
    Index step_x = 1;
    const T* bias = nullptr;  // may be absent

    T* dst = nullptr;  // where row 0, column 0 of picture 0 and map 0 goes
    Index dst_picture = 0;
    Index dst_plane = 0;
    Index dst_row = 0;     // distance of two rows r
    Index dst_column = 1;  // distance of two columns q
    Index maps = 0;
    Index batch = 0;
    Index rows = 0;
    Index columns = 0;

    Index depth() const { return channels * std::ssize(taps_y) * std::ssize(taps_x); }
    Index positions() const { return batch * rows * columns; }
};

/// A run of panel columns whose positions are neighbours on one output row.
template <class T>
struct Segment {
    Index lane = 0;
    Index count = 0;
    const T* picture = nullptr;
    Index y = 0;  // source row and column that a tap of offset 0 reads for the first position
    Index x = 0;
    T* dst = nullptr;
};

/// Weights of `maps` rows with the taps of each channel together, interleaved in blocks of `block` rows as
/// panel_product takes them.
template <class T>
void pack_weights(const TapProduct<T>& product, Index block, T* packed) {
    const Index depth = product.depth();
    const Index blocks = (product.maps + block - 1) / block;
    parallel_for(blocks, std::max<Index>(1, 65536 / std::max<Index>(1, block * depth)), [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            T* out = packed + i * block * depth;
            const Index rows = std::min(block, product.maps - i * block);
            const T* from = product.weights + i * block * product.weights_row;
            for (Index c = 0; c < product.channels; ++c, from += product.weights_channel)
                for (const Tap& y : product.taps_y)
                    for (const Tap& x : product.taps_x)
                        for (Index row = 0; row < rows; ++row)
                            *out++ = from[row * product.weights_row + y.weight + x.weight];
        }
    });
}

/// The panel positions first … first + count - 1, row by row. Returns the number of segments written.
template <class T>
Index make_segments(const TapProduct<T>& product, Index first, Index count, Segment<T>* segments) {
    Index made = 0;
    const Index plane = product.rows * product.columns;
    for (Index lane = 0; lane < count;) {
        const Index n = (first + lane) / plane;
        const Index r = (first + lane) % plane / product.columns;
        const Index q = (first + lane) % product.columns;
        const Index run = std::min(count - lane, product.columns - q);
        segments[made++] = {lane,
                            run,
                            product.src + n * product.src_picture,
                            r * product.step_y,
                            q * product.step_x,
                            product.dst + n * product.dst_picture + r * product.dst_row + q * product.dst_column};
        lane += run;
    }
    return made;
}

}  // namespace deconvviz::kernels::detail

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/tap_product.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
