/// @file
/// The convolutions that are measured: layers of real networks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "suite.hpp"

namespace bench {

using dv::kernels::ConvolutionShape;

struct ConvolutionOptions {
    Index in = 1;
    Index out = 1;
    Index kernel = 3;
    Index stride = 1;
    Index padding = 0;
    Index size = 1;
    Index batch = 1;
};

inline ConvolutionShape convolution_shape(const ConvolutionOptions& o) {
    const Index dst_size = dv::convolved_size(o.size, o.kernel, o.stride, o.padding);
    return {.batch = o.batch,
            .src_channels = o.in,
            .src_height = o.size,
            .src_width = o.size,
            .dst_channels = o.out,
            .dst_height = dst_size,
            .dst_width = dst_size,
            .sliding = {o.kernel, o.stride, o.padding, 1}};
}

/// Those of VGG-16 (3x3), ZFNet (7x7) and the LeNet-like net (5x5).
inline std::vector<ConvolutionShape> convolutions() {
    return {convolution_shape({.in = 64, .out = 64, .kernel = 3, .padding = 1, .size = 224}),
            convolution_shape({.in = 256, .out = 256, .kernel = 3, .padding = 1, .size = 56}),
            convolution_shape({.in = 512, .out = 512, .kernel = 3, .padding = 1, .size = 14}),
            convolution_shape({.in = 3, .out = 96, .kernel = 7, .stride = 2, .padding = 1, .size = 224}),
            convolution_shape({.in = 3, .out = 64, .kernel = 3, .padding = 1, .size = 224}),
            convolution_shape({.in = 16, .out = 32, .kernel = 5, .size = 12, .batch = 64})};
}

/// The convolutions whose transposed ones are measured, on the way back in the same networks.
inline std::vector<ConvolutionShape> reversed_convolutions() {
    return {convolution_shape({.in = 64, .out = 64, .kernel = 3, .padding = 1, .size = 224}),
            convolution_shape({.in = 512, .out = 512, .kernel = 3, .padding = 1, .size = 28}),
            convolution_shape({.in = 96, .out = 256, .kernel = 5, .stride = 2, .size = 55}),
            convolution_shape({.in = 3, .out = 96, .kernel = 7, .stride = 2, .padding = 1, .size = 224}),
            convolution_shape({.in = 3, .out = 64, .kernel = 3, .padding = 1, .size = 224}),
            convolution_shape({.in = 1, .out = 16, .kernel = 5, .size = 28, .batch = 64})};
}

namespace detail {

inline std::string shape_name(const ConvolutionShape& s, Index in, Index out, Index size) {
    return dv::detail::concat(in, 'x', out, "_k", s.sliding.kernel.y, 's', s.sliding.stride.y, '_', size,
                              s.batch > 1 ? dv::detail::concat("_b", s.batch) : "");
}

}  // namespace detail

/// "3x96_k7s2_224": channels in and out, kernel and stride, size of the input, the batch where it is not 1.
inline std::string shape_name(const ConvolutionShape& s) {
    return detail::shape_name(s, s.src_channels, s.dst_channels, s.src_height);
}

/// The same seen from the transposed convolution, whose input is the convolution's output: "96x3_k7s2_110".
inline std::string transposed_name(const ConvolutionShape& s) {
    return detail::shape_name(s, s.dst_channels, s.src_channels, s.dst_height);
}

/// Those of the convolution, for its transposed and its weight gradient too: no tap that meets an inserted zero counts.
inline Cost cost(const ConvolutionShape& s) {
    return {.operations =
                2.0 * static_cast<double>(s.batch * s.dst_channels * s.group_src() * s.taps() * s.dst_plane())};
}

/// The same without Winograd's method, for the share of the peak; none where it is not to be expected.
inline std::optional<ConvolutionShape> held_to_direct(ConvolutionShape s) {
    if (s.sliding.kernel != dv::Size2D(3) || s.sliding.stride != dv::Size2D(1)) return std::nullopt;
    s.method = dv::ConvolutionMethod::direct;
    return s;
}

/// A convolution with random operands; each program overwrites another of them.
template <class T>
struct ConvolutionOperands {
    ConvolutionShape shape;
    dv::Tensor<T> src, weights, dst;

    explicit ConvolutionOperands(const ConvolutionShape& s)
        : shape(s),
          src(random_tensor<T>({s.batch, s.src_channels, s.src_height, s.src_width}, 1)),
          weights(random_tensor<T>({s.dst_channels, s.group_src(), s.sliding.kernel.y, s.sliding.kernel.x}, 2)),
          dst(random_tensor<T>({s.batch, s.dst_channels, s.dst_height, s.dst_width}, 3)) {}
};

#ifdef DECONVVIZ_HAVE_ONEDNN
namespace onednn {

/// The sizes of a convolution as oneDNN takes them.
struct Sizes {
    dnnl::memory::dims src, weights, dst, stride, padding, padding_end;

    explicit Sizes(const ConvolutionShape& s)
        : src{s.batch, s.src_channels, s.src_height, s.src_width},
          weights{s.dst_channels, s.src_channels, s.sliding.kernel.y, s.sliding.kernel.x},
          dst{s.batch, s.dst_channels, s.dst_height, s.dst_width},
          stride{s.sliding.stride.y, s.sliding.stride.x},
          padding{s.sliding.padding.y, s.sliding.padding.x},
          padding_end{(s.dst_height - 1) * stride[0] + s.sliding.kernel.y - s.src_height - padding[0],
                      (s.dst_width - 1) * stride[1] + s.sliding.kernel.x - s.src_width - padding[1]} {}

    dnnl::convolution_forward::primitive_desc forward() const {
        return {{dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, described(src),
                 described(weights), described(dst), stride, padding, padding_end},
                engine()};
    }
};

}  // namespace onednn
#endif

}  // namespace bench
