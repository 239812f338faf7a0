/// @file
/// The DeConvNet: projection of activations back to the input.
#pragma once

#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/any_layer.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/model/workspace.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

namespace detail {

/// A signal on its way down, in the tensors of a workspace. Of feature maps it is only that window (in all maps and
/// pictures) outside of which it is zero.
template <class T>
class ReverseSignal {
  public:
    /// The seed must outlive the signal unchanged.
    ReverseSignal(const Tensor<T>& seed, Workspace<T>& workspace)
        : whole_(seed.shape()), values_(&seed), workspace_(workspace) {
        to_window();
    }

    bool is_zero() const { return window_.empty(); }

    /// Goes through one layer.
    void pass(const AnyLayer<T>& layer, const LayerTrace<T>& seen, const ReverseRules& rules) {
        const Shape below = seen.src.shape();
        Tensor<T>& recon_src = room();
        if (whole_.rank() == 4 && below.rank() == 4) {
            const ReverseWindows windows{window_, layer.reads(window_, below.sample())};
            if (windows.src.empty() ||
                layer.deconv_window(seen, windows, *values_, recon_src, rules, workspace_.record())) {
                values_ = &recon_src;
                whole_ = below;
                window_ = windows.src;
                return;
            }
        }
        to_whole();
        Tensor<T>& whole_src = room();
        layer.deconv(seen, *values_, whole_src, rules);
        values_ = &whole_src;
        whole_ = below;
        to_window();
    }

    /// The whole signal, zeros included, of the shape that it has where it arrived.
    Tensor<T>& to_whole(const Shape& shape) {
        whole_ = shape;
        to_whole();
        return workspace_.other_than(room());
    }

  private:
    /// Room for what is computed from the signal.
    Tensor<T>& room() { return workspace_.other_than(*values_); }

    Window everything() const { return whole_.rank() == 4 ? whole_maps(whole_) : Window{0, 0, 1, 1}; }

    void to_window() {
        window_ = whole_.rank() == 4 ? occupied_window(*values_) : everything();
        if (window_.empty() || window_ == everything()) return;
        Tensor<T>& part = room();
        part.resize(window_shape(whole_, window_));
        copy_window(whole_, values_->data(), window_, part.data());
        values_ = &part;
    }

    void to_whole() {
        if (window_ == everything()) return;
        Tensor<T>& whole = room();
        whole.resize(whole_);
        whole.fill(T(0));
        if (!window_.empty()) copy_to_window(values_->data(), whole_, window_, whole.data());
        values_ = &whole;
        window_ = everything();
    }

    Shape whole_;    // of the signal with all its zeros
    Window window_;  // what is held of it; of flat features the one position {0, 0, 1, 1}
    const Tensor<T>* values_;
    Workspace<T>& workspace_;
};

/// The walk of deconvnet; the result is one of the workspace's tensors.
template <class T>
Tensor<T>& carry_down(const Sequential<T>& model, const Trace<T>& trace, const Seed<T>& seed, const ReverseRules& rules,
                      Workspace<T>& workspace) {
    model.check(trace);
    if (seed.layer >= model.size() || seed.signal.shape() != trace.activation(seed.layer).shape())
        raise<ShapeError>("deconvnet: the seed is a signal ", seed.signal.shape(), " at layer ", seed.layer,
                          ", which does not fit the trace");
    ReverseSignal<T> signal(seed.signal, workspace);
    for (std::size_t i = seed.layer + 1; i-- > 0 && !signal.is_zero();)
        signal.pass(model.layer(i), trace.layer(i), rules);
    return signal.to_whole(trace.input().shape());
}

}  // namespace detail

/// Carries a seed down from its layer to the input: through each layer below, from the seed's own on, by the layer's
/// `deconv`: unpooling by switches, rectification, filtering by the transposed filters [zeiler2014, §2.1].
/// Returns (N, C, H, W), the shape of the trace's input: for each picture the pattern in it that the seeded units
/// respond to, on an arbitrary scale and with both signs.
///
///     auto trace = model.trace(image);
///     auto shown = deconvnet(model, trace, strongest(trace, {.layer = "relu2", .map = 11}));
///
/// The seed stands at the *output* of its layer. Seeded at a ReLU, the signal first passes that ReLU's rule, which
/// changes nothing for activations of a ReLU under the rule deconvnet; seeded at a convolution, it goes into the
/// transposed filter directly.
/// `{.relu = ReluRule::gradient}` gives the gradient of the seeded activations, `guided` guided backpropagation: the
/// same walk under another rule, then usually with SeedValue::one. What it does not do: no bias enters, contrast
/// normalisation passes unchanged (unless the rules say otherwise), nothing is normalised; it is an approximate
/// projection, not an inverse.
///
/// The walk carries the signal only in the window that it can fill: from the smallest window that holds all of the seed
/// (in all pictures of the batch, which share it), down through the receptive fields. Feature maps that are zero take
/// no part in filtering either, such as those beside the one that is seeded. The result is that of a walk over whole
/// maps: the same bits where all convolutions use ConvolutionMethod::direct (or have no 3x3 kernel), the same within
/// rounding where Winograd's filtering serves; its last bits depend on the window, and so on the other pictures of the
/// batch. (Weights and switches outside of the window do not count: an infinite weight spreads no NaN beyond.)
///
/// Throws StateError for the trace of another model or one that ends below the seed, ShapeError for a seed that does
/// not fit.
/// Cost: for each layer the share of a forward pass that the window has of its maps, at least a pass over its filters;
/// with a seed of whole maps, a forward pass up to the seed's layer. So a unit of VGG-16's relu3_3 (40x40 pixels of
/// 224x224) costs a twentieth of a walk over whole maps, one in the middle of relu5_3 (196x196) three fifths. The
/// forward pass need not go on above the seed's layer: `model.trace(image, {.last = "relu3_3"})`. Layers without the
/// optional member `deconv_window` (flat features, and a user's own) are walked as a whole.
template <class T>
Tensor<T> deconvnet(const Sequential<T>& model, const Trace<T>& trace, const Seed<T>& seed,
                    const ReverseRules& rules = {}) {
    Workspace<T> workspace;
    return std::move(detail::carry_down(model, trace, seed, rules, workspace));
}

/// The same in the memory of a workspace, where the result stays until the workspace is used again. Allocates nothing
/// where the workspace has served for such a walk before.
template <class T>
const Tensor<T>& deconvnet(const Sequential<T>& model, const Trace<T>& trace, const Seed<T>& seed,
                           const ReverseRules& rules, Workspace<T>& workspace) {
    return detail::carry_down(model, trace, seed, rules, workspace);
}

/// The window of the input (H, W) outside of which the projection of a seed is zero: the receptive field of all its
/// units that are not zero, in any picture; empty for a seed of zeros. For cutting out what a projection shows. Throws
/// OptionError for a seed at an unknown layer.
template <class T>
Window receptive_field(const Sequential<T>& model, const Seed<T>& seed) {
    const bool maps = seed.signal.rank() == 4;
    return receptive_field(model, seed.layer, maps ? detail::occupied_window(seed.signal) : Window{0, 0, 1, 1});
}

}  // namespace deconvviz
