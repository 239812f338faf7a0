/// @file
/// What an incremental forward pass costs: multiply-adds and memory, by the windows that a change reaches.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/any_layer.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/detail/window_groups.hpp"
#include "deconvviz/model/multiply_adds.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {
namespace detail {

/// The middle of a run, where that has more than this share of an axis.
inline Range middle(const Range& run, double share, Index whole) {
    const auto most = std::max<Index>(std::llround(share * static_cast<double>(whole)), 1);
    return run.count <= most ? run : Range{run.first + (run.count - most) / 2, most};
}

/// What a change in `window` of a layer's input changes of its output. Of feature maps no more than the middle of it
/// counts, `projective_field` of their height and width.
template <class T>
Window changed_behind(const AnyLayer<T>& layer, const Shape& src, const Shape& dst, const Window& window,
                      double projective_field = 1) {
    if (src.rank() != 3 || dst.rank() != 3) return window.empty() ? window : whole_window(dst);
    const Window reached = layer.reached_by(window, dst);
    if (projective_field >= 1) return reached;
    const Range rows = middle({reached.y, reached.height}, projective_field, dst[1]);
    const Range columns = middle({reached.x, reached.width}, projective_field, dst[2]);
    return {rows.first, columns.first, rows.count, columns.count};
}

/// Values of a layer's windows, for one picture.
struct WindowValues {
    Index read = 0;
    Index written = 0;
};

/// The most values that layer i reads and writes for a picture where windows of `size` change before it, wherever they
/// lie; `size` becomes that of the largest window that changes behind it.
template <class T>
WindowValues largest_windows(const Sequential<T>& model, std::size_t i, Size2D& size) {
    const Shape &src = model.input_shape(i), &dst = model.output_shape(i);
    const AnyLayer<T>& layer = model.layer(i);
    const Window all = whole_window(src);
    Size2D reached(1, 1);
    for (Index y = 0; y + size.y <= all.height; ++y)
        reached.y = std::max(reached.y, changed_behind(layer, src, dst, {y, 0, size.y, size.x}).height);
    for (Index x = 0; x + size.x <= all.width; ++x)
        reached.x = std::max(reached.x, changed_behind(layer, src, dst, {0, x, size.y, size.x}).width);
    size = reached;
    if (dst.rank() != 3 || src.rank() != 3) return {src.elements(), dst.elements()};
    const auto groups = group_windows(layer, src, dst, {{0, 0, reached.y, reached.x}});
    const ForwardWindows& used = groups.front().windows.front();
    return {src[0] * used.src.height * used.src.width, dst[0] * used.dst.height * used.dst.width};
}

/// The values that an incremental pass holds for each changed picture at its hungriest layer from `first` on, where
/// windows of `size` change of the model's input: the windows before and behind it (an eighth more, as memory serves
/// again that is a little larger), and the largest that is read.
template <class T>
Index values_held(const Sequential<T>& model, const Size2D& size, std::size_t first = 0) {
    const Shape& input = model.input_shape();
    Size2D window(std::min(size.y, input[1]), std::min(size.x, input[2]));
    Index kept = 0, read = 0;
    Index before = input[0] * window.y * window.x;
    for (std::size_t i = 0; i < model.size(); ++i) {
        const WindowValues values = largest_windows(model, i, window);
        if (i >= first) {
            kept = std::max(kept, before + values.written);
            read = std::max(read, values.read);
        }
        before = values.written;
    }
    return kept + kept / 8 + read;
}

}  // namespace detail

/// The multiply-adds of the convolutions and dense layers that are needed anew where the pixels in `window` of a
/// picture change, up to each layer and with it: of a convolution those of the output window that is reached, of a
/// dense layer all. That is what theory promises; that windows are rounded up, or that Winograd's filtering needs
/// fewer, does not count.
/// `projective_field` below 1 is that of an approximate pass (IncrementalOptions).
template <class T>
std::vector<Index> incremental_multiply_adds_through(const Sequential<T>& model, const Window& window,
                                                     double projective_field = 1) {
    std::vector<Index> sums;
    Window changed = window;
    for (std::size_t i = 0; i < model.size(); ++i) {
        changed = detail::changed_behind(model.layer(i), model.input_shape(i), model.output_shape(i), changed,
                                         projective_field);
        const Window all = detail::whole_window(model.output_shape(i));
        const Index here =
            multiply_adds(model, i) / (all.height * all.width) * std::max<Index>(changed.height * changed.width, 0);
        sums.push_back((sums.empty() ? 0 : sums.back()) + here);
    }
    return sums;
}

/// The same of the whole model; compare with `multiply_adds(model)`. For zoo::vgg16 and a patch of 32x32 pixels in the
/// middle a fifth of that.
template <class T>
Index incremental_multiply_adds(const Sequential<T>& model, const Window& window, double projective_field = 1) {
    return incremental_multiply_adds_through(model, window, projective_field).back();
}

/// The memory that IncrementalForward takes for each changed picture, in bytes, where no changed window is larger than
/// `size`: the windows before and behind the hungriest layer, and the largest that is read. Beside that stand the
/// buffers of each thread: the kernels' (some MB), and where pictures lie side by side two of at most 4 MB of floats.
template <class T>
std::size_t incremental_bytes(const Sequential<T>& model, Size2D size) {
    return static_cast<std::size_t>(detail::values_held(model, size)) * sizeof(T);
}

}  // namespace deconvviz
