/// @file
/// MaxPool2D: max pooling that records its switches, and unpooling by them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "deconvviz/kernels/max_pool.hpp"
#include "deconvviz/kernels/side_by_side.hpp"
#include "deconvviz/kernels/unpool_to_centres.hpp"
#include "deconvviz/layers/detail/pooling.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a MaxPool2D, in pixels; a stride of 0 stands for the kernel's size.
struct MaxPool2DOptions {
    Size2D kernel = 2;
    Size2D stride = 0;
    Padding2D padding = 0;  // of minus infinity; smaller than the kernel
    bool ceil = false;      // round output sizes up: a last window may hang over the border
};

/// Max pooling of each feature map, with a record of where each maximum came from: the switches.
///
/// src: (N, C, H, W). dst: (N, C, OH, OW), OH = floor((H + 2 padding - kernel) / stride) + 1, or with `ceil` rounded up
/// and without a last window that would start beyond the input (see pooled_size). Of equal maxima the first in
/// row-major order wins, on every instruction set; a NaN counts as larger than any number.
///
/// `deconv` is unpooling [zeiler2014, §2.1]: each value goes back to its switch, all else is 0; rules.overlap says what
/// happens where overlapping windows chose the same position. Under Unpooling::centre each value goes to the centre of
/// its window instead (see kernels::unpooling_centre). `backward` is unpooling by switches with Overlap::accumulate.
///
/// The constructor throws OptionError for sizes that make no sense or a kernel of more than 65,536 places; output_shape
/// throws ShapeError where the input is smaller than the kernel.
/// Cost: N · C · OH · OW · kernel.y · kernel.x comparisons; one byte a switch (two from 257 places on).
template <class T>
class MaxPool2D {
  public:
    explicit MaxPool2D(const MaxPool2DOptions& options = {}) : options_(options) {
        detail::complete_pooling(kind(), options_);
        if (places() > 65536)
            detail::raise<OptionError>("MaxPool2D: expected a kernel of at most 65536 places, got ", options_.kernel);
    }

    std::string_view kind() const { return "MaxPool2D"; }
    const MaxPool2DOptions& options() const { return options_; }
    SlidingWindow sliding() const { return {options_.kernel, options_.stride, options_.padding.before(), 1}; }

    Shape output_shape(const Shape& sample) const { return detail::pooled_shape(sample, options_); }

    Window reads(const Window& dst, const Shape& src) const { return sliding().reads(dst, src[1], src[2]); }
    Window reached_by(const Window& src, const Shape& dst) const { return sliding().reached_by(src, dst[1], dst[2]); }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>& record, const PassOptions&) const {
        dst.resize(output_shape(src.shape().sample()).batched(src.shape()[0]));
        record.switches.resize(dst.shape(), places());
        pool(kernel_shape(src.shape(), dst.shape()), src.data(), dst.data(), record.switches);
    }

    T padding_value() const { return -std::numeric_limits<T>::infinity(); }
    Window reads_padded(const Window& dst) const { return sliding().reads_padded(dst); }

    void forward_window(const ForwardWindows& windows, const Tensor<T>& src, Tensor<T>& dst, Record<T>& room) const {
        dst.resize({src.shape()[0], src.shape()[1], windows.dst.height, windows.dst.width});
        room.switches.resize(dst.shape(), places());
        kernels::MaxPoolShape shape = kernel_shape(src.shape(), dst.shape());
        shape.sliding.padding = detail::window_padding(sliding(), windows.dst, windows.src);
        pool(shape, src.data(), dst.data(), room.switches);
    }

    bool knows_side_by_side() const { return true; }
    bool forward_side_by_side(const ForwardWindows& windows, const KnownMaps<T>& known, const Tensor<T>& src,
                              Tensor<T>& dst) const {
        dst.resize({src.shape()[0], windows.dst.height, windows.dst.width, kernels::side_by_side});
        kernels::max_pool_side_by_side<T>(kernel_shape(known.src_shape.batched(1), known.dst_shape.batched(1)),
                                          {windows.src, src.data()}, {windows.dst, dst.data()});
        return true;
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) unpool(seen, grad_dst, *grad_src, Overlap::accumulate);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules& rules) const {
        if (rules.unpooling == Unpooling::centre)
            return unpool_to_centres(seen.src.shape(), recon_dst, recon_src, rules.overlap);
        unpool(seen, recon_dst, recon_src, rules.overlap);
    }

    /// Unpooling by the switches of `seen`: recon_src takes the shape of the layer's input.
    void unpool(const LayerTrace<T>& seen, const Tensor<T>& pooled, Tensor<T>& unpooled, Overlap overlap) const {
        expect_switches(seen, pooled.shape());
        unpooled.resize(seen.src.shape());
        const kernels::MaxPoolShape shape = kernel_shape(unpooled.shape(), pooled.shape());
        unpool(shape, pooled.data(), seen.record.switches, unpooled.data(), {.overlap = overlap}, shape.whole_src());
    }

    /// Unpooling to the centres of the windows, without switches; `src` is the shape of the layer's input.
    void unpool_to_centres(const Shape& src, const Tensor<T>& pooled, Tensor<T>& unpooled, Overlap overlap) const {
        unpooled.resize(src);
        const kernels::MaxPoolShape shape = kernel_shape(src, pooled.shape());
        kernels::unpool_to_centres(shape, pooled.data(), unpooled.data(), overlap, shape.whole_src());
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) const {
        const Shape& src = seen.src.shape();
        const Shape& dst = seen.dst.shape();
        if (windows.dst == detail::whole_maps(dst) && windows.src == detail::whole_maps(src))
            return deconv(seen, recon_dst, recon_src, rules);
        const bool by_switches = rules.unpooling == Unpooling::switches;
        if (by_switches) expect_switches(seen, dst);
        recon_src.resize(detail::window_shape(src, windows.src));
        // Where the last window counts that points to a position, one beyond the signal's may be it, with its zero.
        const bool zeros_count = rules.overlap == Overlap::overwrite &&
                                 (options_.stride.y < options_.kernel.y || options_.stride.x < options_.kernel.x);
        const Window from = zeros_count ? reached_by(windows.src, dst.sample()) : windows.dst;
        const Window to = zeros_count ? reads(from, src.sample()) : windows.src;
        const Shape pooled_shape = detail::window_shape(dst, from);
        const Shape unpooled_shape = detail::window_shape(src, to);
        if (by_switches) copy_switches(seen.record.switches, from, room.switches);
        kernels::MaxPoolShape shape = kernel_shape(unpooled_shape, pooled_shape);
        shape.sliding.padding = detail::window_padding(sliding(), from, to);
        if (from == windows.dst && to == windows.src)
            return unpool(shape, recon_dst.data(), room.switches, recon_src.data(), rules, shape.whole_src());
        room.saved.resize({pooled_shape.elements() + unpooled_shape.elements()});
        T* const pooled = room.saved.data();
        T* const unpooled = pooled + pooled_shape.elements();
        std::fill_n(pooled, pooled_shape.elements(), T(0));
        detail::copy_to_window(recon_dst.data(), pooled_shape, inside(windows.dst, from), pooled);
        const Window wanted = inside(windows.src, to);
        unpool(shape, pooled, room.switches, unpooled, rules, wanted);
        detail::copy_window(unpooled_shape, unpooled, wanted, recon_src.data());
    }

  private:
    static void pool(const kernels::MaxPoolShape& shape, const T* src, T* dst, Switches& switches) {
        if (switches.narrow()) {
            kernels::max_pool(shape, src, dst, switches.narrow_places(), shape.whole_dst());
        } else {
            kernels::max_pool(shape, src, dst, switches.wide_places(), shape.whole_dst());
        }
    }

    static void expect_switches(const LayerTrace<T>& seen, const Shape& pooled) {
        if (seen.record.switches.shape() != pooled)
            detail::raise<StateError>("MaxPool2D: expected switches for ", pooled, ", the trace holds ",
                                      seen.record.switches.shape());
    }

    static void unpool(const kernels::MaxPoolShape& shape, const T* pooled, const Switches& switches, T* unpooled,
                       const ReverseRules& rules, const Window& window) {
        if (rules.unpooling == Unpooling::centre) {
            kernels::unpool_to_centres(shape, pooled, unpooled, rules.overlap, window);
        } else if (switches.narrow()) {
            kernels::unpool(shape, pooled, switches.narrow_places(), unpooled, rules.overlap, window);
        } else {
            kernels::unpool(shape, pooled, switches.wide_places(), unpooled, rules.overlap, window);
        }
    }

    /// The window as seen from the corner of another one that holds it.
    static Window inside(const Window& window, const Window& outer) {
        return {window.y - outer.y, window.x - outer.x, window.height, window.width};
    }

    void copy_switches(const Switches& from, const Window& window, Switches& to) const {
        to.resize(detail::window_shape(from.shape(), window), places());
        if (from.narrow()) {
            detail::copy_window(from.shape(), from.narrow_places(), window, to.narrow_places());
        } else {
            detail::copy_window(from.shape(), from.wide_places(), window, to.wide_places());
        }
    }

    Index places() const { return options_.kernel.y * options_.kernel.x; }

    kernels::MaxPoolShape kernel_shape(const Shape& src, const Shape& dst) const {
        return {.planes = src[0] * src[1],
                .src_height = src[2],
                .src_width = src[3],
                .dst_height = dst[2],
                .dst_width = dst[3],
                .sliding = sliding()};
    }

    MaxPool2DOptions options_;
};

}  // namespace deconvviz
