/// @file
/// The sizes of one convolution, as all kernels that belong to it take them.
#pragma once

#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/window.hpp"

namespace deconvviz {

/// How a convolution, and its reverse, is computed.
/// automatic: kernels of 3x3 without stride or dilation by Winograd's minimal filtering [lavin2016] where that is the
/// faster way, all others directly. Its rounding error is a few times that of the direct way (docs/performance.md), and
/// a value whose sum has only zeros may come out as a rounding error instead of a zero. For a picture that differs from
/// a known one in a window, the convolution of the change may be added to the known result (IncrementalForward).
/// direct: each output is the sum over its taps, term by term in order.
enum class ConvolutionMethod { automatic, direct };

}  // namespace deconvviz

namespace deconvviz::kernels {

/// Sizes of a convolution from src (batch, src_channels, src_height, src_width) to
/// dst (batch, dst_channels, dst_height, dst_width), with weights
/// (dst_channels, src_channels / groups, sliding.kernel.y, sliding.kernel.x).
/// Channels are multiples of `groups`; dst sizes are those of convolved_size. The layer checks, kernels trust.
struct ConvolutionShape {
    Index batch = 1;
    Index src_channels = 1;
    Index src_height = 1;
    Index src_width = 1;
    Index dst_channels = 1;
    Index dst_height = 1;
    Index dst_width = 1;
    SlidingWindow sliding;
    Index groups = 1;
    ConvolutionMethod method = ConvolutionMethod::automatic;
    /// Whether Winograd's filtering pays may depend on how many pictures there are: for batches of small windows, whose
    /// last bits are those of no other pass anyhow. Otherwise it depends on one picture's shape alone.
    bool batch_decides = false;

    Index group_src() const { return src_channels / groups; }
    Index group_dst() const { return dst_channels / groups; }
    Index taps() const { return sliding.kernel.y * sliding.kernel.x; }
    Index src_plane() const { return src_height * src_width; }
    Index dst_plane() const { return dst_height * dst_width; }
    Window whole_src() const { return {0, 0, src_height, src_width}; }
    Window whole_dst() const { return {0, 0, dst_height, dst_width}; }

    /// The input row that tap k of output row o reads, and the same for columns; outside of the input it is padding.
    Index src_row(Index o, Index k) const { return o * sliding.stride.y - sliding.padding.y + k * sliding.dilation.y; }
    Index src_column(Index o, Index k) const {
        return o * sliding.stride.x - sliding.padding.x + k * sliding.dilation.x;
    }
    bool in_src(Index y, Index x) const { return y >= 0 && y < src_height && x >= 0 && x < src_width; }
};

}  // namespace deconvviz::kernels
