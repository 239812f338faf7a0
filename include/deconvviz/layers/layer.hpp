/// @file
/// What a layer is: the concept, what it hands on from the forward to the reverse pass, and the rules of the way back.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/kernels/max_pool.hpp"

namespace deconvviz {

/// How a signal that comes back passes a local response normalisation.
/// automatic: gradient under ReluRule::gradient, else identity. identity: unchanged [zeiler2014, ECCV text].
/// gradient: the true gradient (as Captum does under every rule).
enum class ContrastRule { automatic, identity, gradient };

/// Where unpooling puts a value. switches: where its maximum came from [zeiler2014, §2.1]. centre: into the middle of
/// its window, so that nothing of the way forward is used: what the switches of a picture show is what such a walk
/// lacks [mahendran2016].
enum class Unpooling { switches, centre };

/// The rules of a reverse pass. The default is the paper's. `{.relu = ReluRule::gradient}` makes the whole walk a true
/// gradient: of a seeded unit where the seed holds 1, of half its square where it holds the activation.
struct ReverseRules {
    ReluRule relu = ReluRule::deconvnet;
    Overlap overlap = Overlap::accumulate;
    ContrastRule contrast = ContrastRule::automatic;
    Unpooling unpooling = Unpooling::switches;

    bool contrast_passes_unchanged() const {
        return contrast == ContrastRule::identity ||
               (contrast == ContrastRule::automatic && relu != ReluRule::gradient);
    }
};

/// Where the maxima of a pooling came from: for each output position the place ky * kernel.x + kx in its window,
/// kept in one byte where the window has at most 256 places, else in two.
class Switches {
  public:
    /// Switches for outputs of `shape` (N, C, H, W), with room for places below `places`.
    void resize(const Shape& shape, Index places) {
        shape_ = shape;
        narrow_ = places <= 256;
        bytes_.resize(static_cast<std::size_t>(shape.elements() * (narrow_ ? 1 : 2)));
    }

    const Shape& shape() const { return shape_; }
    bool empty() const { return bytes_.empty(); }
    bool narrow() const { return narrow_; }

    /// The place of output element i (row-major over shape()).
    Index operator[](Index i) const { return narrow_ ? Index{narrow_places()[i]} : Index{wide_places()[i]}; }

    /// The raw places, for the kernels: one byte each where narrow(), else two.
    std::uint8_t* narrow_places() { return bytes_.data(); }
    const std::uint8_t* narrow_places() const { return bytes_.data(); }
    std::uint16_t* wide_places() { return reinterpret_cast<std::uint16_t*>(bytes_.data()); }
    const std::uint16_t* wide_places() const { return reinterpret_cast<const std::uint16_t*>(bytes_.data()); }

    friend bool operator==(const Switches&, const Switches&) = default;

  private:
    Shape shape_;
    bool narrow_ = true;
    detail::Buffer<std::uint8_t> bytes_;
};

/// What one forward pass leaves at one layer for the way back, besides the layer's input and output.
template <class T>
struct Record {
    Switches switches;  // of a max pooling
    Tensor<T> saved;    // whatever else the layer wants to find again: a dropout's mask, the scale of a normalisation
};

/// A layer's share of a trace.
template <class T>
struct LayerTrace {
    const Tensor<T>& src;
    const Tensor<T>& dst;
    const Record<T>& record;
};

/// The maps (C, H, W) that a layer reads, and those that it gives, for a known picture.
template <class T>
struct KnownMaps {
    Shape src_shape;
    const T* src = nullptr;
    Shape dst_shape;
    const T* dst = nullptr;
};

/// Where a signal lies on its way back through a layer of feature maps: it is zero outside of `dst` at the layer's
/// output, and so at its input outside of `src`, which is what `dst` reads.
struct ReverseWindows {
    Window dst;
    Window src;
};

/// A window of a layer's output, and that window of its input which is read for it.
struct ForwardWindows {
    Window dst;
    Window src;
};

/// What a layer is told about a forward pass. `seed` is different for each layer and step of a training.
struct PassOptions {
    bool training = false;
    std::uint64_t seed = 0;
    bool recorded = true;  // false: there will be no way back, and nobody reads the record
};

/// A parameter of a layer: its name within the layer, its value, whether weight decay acts on it, and what `initialise`
/// sets it to where it draws nothing.
template <class T>
struct Parameter {
    std::string_view name;
    Tensor<T>* value = nullptr;
    bool decays = true;
    T first = T(0);
};

/// A layer, ours or a user's: a value type with these members. All of them are const, so that one model serves many
/// threads; what a pass must remember goes into the Record.
///
/// - `std::string_view kind() const`: "Conv2D", for messages and default names.
/// - `Shape output_shape(const Shape& sample) const`: the shape of one sample's output. Throws ShapeError with what was
///   expected and what came; the model adds the layer's name.
/// - `void forward(src, dst, record, options) const`: resizes and writes dst (N, …) and fills the record.
/// - `void backward(seen, grad_dst, grad_src, gradients) const`: the true gradients. grad_src is a pointer, null where
///   nobody asks for it; gradients has one tensor for each parameter, in order and of its shape, to be overwritten.
/// - `void deconv(seen, recon_dst, recon_src, rules) const`: the reverse signal below the layer [zeiler2014, §2.1].
///
/// Where it applies, also these; shapes are those of samples:
///
/// - `void forward_in_place(Tensor<T>& values) const`: what `forward` does while nothing is trained or recorded, on the
///   input's own memory: `values` comes as src and leaves as dst. Without it, `forward` is called.
/// - `std::vector<Parameter<T>> parameters()`: what training changes.
/// - `void deconv_window(seen, windows, recon_dst, recon_src, rules, room) const`: what `deconv` does to a signal that
/// is
///   zero outside of a window, in the time that the window takes. recon_dst, (N, C, windows.dst.height,
///   windows.dst.width), holds the signal in `windows.dst`; recon_src is resized and written likewise for
///   `windows.src`. Both may be the whole map. `room` is a Record<T>& to work in, of unspecified content, whose memory
///   is used again. Only for maps on both sides, of a layer whose `deconv` turns a signal of zeros into zeros. Without
///   it, `deconv` is called with the signal laid out in whole maps.
/// - `static constexpr bool deconv_is_blind = true`, beside `deconv_window` and `reads_padded`: `deconv_window` looks
/// at
///   nothing in `seen`, and takes the number of pictures from recon_dst. Then signals on their way through different
///   pictures, and places that are cut by the borders alike, are given in one call.
/// - `Window reads(const Window& dst, const Shape& src) const`: the input window that an output window depends on.
/// - `Window reached_by(const Window& src, const Shape& dst) const`: the output window that an input window acts on.
///   Without these two, the layer counts as one that may read and reach everything.
/// - `static constexpr bool pointwise = true`: in a pass that trains nothing and is not recorded, an output value
///   depends on the inputs at its own place in the maps alone (of any channel), and in the same way everywhere. Then
///   `forward`, or `forward_in_place`, is called for windows of maps, too, as if they were maps of their own.
/// - `void forward_window(windows, src, dst, room) const`: one window of the output of many pictures. src, (N, C,
///   windows.src.height, windows.src.width), holds the input in `windows.src`; dst is resized and written for
///   `windows.dst`. `room` is as above. Without it and without `pointwise`, windows are laid out in whole maps.
/// - `T padding_value() const` (or an optional one) with `Window reads_padded(const Window& dst) const`: what the layer
///   takes to lie around its input, and what is read with that, at the same distance from `dst` everywhere.
///   `forward_window` then gets all of it in src, which may reach beyond the border, and one call may stand for windows
///   of one size at different places. Without it, windows are computed together where they lie at one place.
/// - `bool knows_side_by_side() const` and `bool forward_side_by_side(windows, known, src, dst) const`: pictures that
///   differ from a known one in a window, 16 side by side (kernels/side_by_side.hpp). src, (C, windows.src.height,
///   windows.src.width, 16), holds the input in `windows.src`, all else is as in `known` (a KnownMaps<T>); dst is
///   resized and written for `windows.dst`. False, and dst unspecified, where the result would not be as good as that
///   of `forward`. `windows.src` holds all that is read unless the layer has `Index side_by_side_multiply_adds(windows,
///   src_shape, dst_shape) const`: then it may be as small as the change, and that is the cost. Layers that are
///   `pointwise` need none of these.
/// - `Size2D window_grain() const`: heights and widths of windows that are no multiples of it cost as much as the next
///   multiple.
template <class L, class T>
concept Layer = std::copyable<L> &&
    requires(const L layer, const Shape sample, const Tensor<T> in, Tensor<T> out, Record<T> record,
             const LayerTrace<T> seen, std::span<Tensor<T>> gradients) {
    { layer.kind() } -> std::convertible_to<std::string_view>;
    { layer.output_shape(sample) } -> std::same_as<Shape>;
    layer.forward(in, out, record, PassOptions{});
    layer.backward(seen, in, &out, gradients);
    layer.deconv(seen, in, out, ReverseRules{});
};

namespace detail {

/// Throws ShapeError unless the sample is (C, H, W).
inline void expect_maps(const Shape& sample, std::string_view what) {
    if (sample.rank() != 3) detail::raise<ShapeError>("expected ", what, " of shape (C,H,W), got ", sample);
}

/// Throws OptionError unless both sides are at least `least` (and small enough for arithmetic on them).
inline void expect_at_least(Index least, const Size2D& size, std::string_view layer, std::string_view option) {
    constexpr Index most = 1 << 20;
    if (std::min(size.y, size.x) < least || std::max(size.y, size.x) > most)
        detail::raise<OptionError>(layer, ": expected a ", option, " from ", least, " to ", most, ", got ", size);
}

/// The extent of a sample as a window: all of a map, or the one "position" of flat features.
inline Window whole_window(const Shape& sample) {
    return sample.rank() == 3 ? Window{0, 0, sample[1], sample[2]} : Window{0, 0, 1, 1};
}

}  // namespace detail
}  // namespace deconvviz
