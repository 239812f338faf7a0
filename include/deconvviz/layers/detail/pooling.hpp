/// @file
/// What all layers that pool windows have in common: their options, and the size of their output.
#pragma once

#include <algorithm>
#include <string_view>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz::detail {

/// A stride of 0 becomes the kernel's size. Throws OptionError for sizes that make no sense.
template <class Options>
void complete_pooling(std::string_view kind, Options& options) {
    expect_at_least(1, options.kernel, kind, "kernel");
    if (options.stride == Size2D(0)) options.stride = options.kernel;
    expect_at_least(1, options.stride, kind, "stride");
    const Padding2D& padding = options.padding;
    expect_at_least(0, padding.before(), kind, "padding");
    expect_at_least(0, padding.after(), kind, "padding");
    if (std::max(padding.top, padding.bottom) >= options.kernel.y ||
        std::max(padding.left, padding.right) >= options.kernel.x)
        raise<OptionError>(kind, ": expected a padding smaller than the kernel of ", options.kernel, ", got ", padding);
}

/// The shape of one sample's output. Throws ShapeError for what is no maps, or maps that the kernel does not fit into.
template <class Options>
Shape pooled_shape(const Shape& sample, const Options& options) {
    expect_maps(sample, "feature maps");
    const Size2D &kernel = options.kernel, &stride = options.stride;
    const Padding2D& padding = options.padding;
    const Index height = pooled_size(sample[1], kernel.y, stride.y, padding.top, padding.bottom, options.ceil);
    const Index width = pooled_size(sample[2], kernel.x, stride.x, padding.left, padding.right, options.ceil);
    if (height == 0 || width == 0)
        raise<ShapeError>("a kernel of ", kernel, " with padding ", padding, " does not fit into an input of ", sample);
    return {sample[0], height, width};
}

}  // namespace deconvviz::detail
