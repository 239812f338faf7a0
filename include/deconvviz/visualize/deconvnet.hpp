/// @file
/// The DeConvNet: projection of activations back to the input.
#pragma once

#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/model/workspace.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

namespace detail {

/// The walk of deconvnet; the result is one of the workspace's tensors.
template <class T>
Tensor<T>& carry_down(const Sequential<T>& model, const Trace<T>& trace, const Seed<T>& seed, const ReverseRules& rules,
                      Workspace<T>& workspace) {
    model.check(trace);
    if (seed.layer >= model.size() || seed.signal.shape() != trace.activation(seed.layer).shape())
        raise<ShapeError>("deconvnet: the seed is a signal ", seed.signal.shape(), " at layer ", seed.layer,
                          ", which does not fit the trace");
    Tensor<T>* signal = &workspace.other_than(seed.signal);
    model.layer(seed.layer).deconv(trace.layer(seed.layer), seed.signal, *signal, rules);
    for (std::size_t i = seed.layer; i-- > 0;) {
        Tensor<T>& below = workspace.other_than(*signal);
        model.layer(i).deconv(trace.layer(i), *signal, below, rules);
        signal = &below;
    }
    return *signal;
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
/// Throws StateError for the trace of another model, ShapeError for a seed that does not fit.
/// Cost: about that of a forward pass up to the seed's layer.
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

}  // namespace deconvviz
