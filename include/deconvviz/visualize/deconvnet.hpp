/// @file
/// The DeConvNet: projection of activations back to the input.
#pragma once

#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

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
    model.check(trace);
    if (seed.layer >= model.size() || seed.signal.shape() != trace.activation(seed.layer).shape())
        detail::raise<ShapeError>("deconvnet: the seed is a signal ", seed.signal.shape(), " at layer ", seed.layer,
                                  ", which does not fit the trace");
    Tensor<T> above = seed.signal;
    Tensor<T> below;
    for (std::size_t i = seed.layer + 1; i-- > 0;) {
        model.layer(i).deconv(trace.layer(i), above, below, rules);
        std::swap(above, below);
    }
    return above;
}

}  // namespace deconvviz
