/// @file
/// Transposed convolution by scattering, for small maps.
///
/// The gathering form (tap_product.hpp) multiplies zeros wherever a tap leaves the map, which on small maps are most of
/// its taps: 2.25 times the work for a 5x5 kernel over 8x8 positions. Here each output position is multiplied by all
/// filters first, giving a row of values for each input channel and tap; the rows are then added where they belong.
/// An input value is the sum of its taps in order, whatever the window and the number of threads: the same bits.
#pragma once

#include <algorithm>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/tiles.hpp"
#include "deconvviz/kernels/isa.hpp"

namespace deconvviz::kernels::detail {

/// Is scattering the better way? Where rows of one channel fit the cache, and gathering would do much more work or have
/// too few channels to fill its tiles. A matter of the shape alone, so that a window is computed as the whole would be.
inline bool scatter_pays(const ConvolutionShape& s) {
    const Index phases = s.sliding.stride.y * s.sliding.stride.x;
    const bool small = s.taps() * s.dst_plane() <= 16384;
    const bool wasteful = 10 * s.src_plane() > 13 * phases * s.dst_plane();
    return small && (wasteful || s.group_src() < 8) && s.group_dst() > 1;
}

}  // namespace deconvviz::kernels::detail

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/scatter_product.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
