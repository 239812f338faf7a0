/// @file
/// Inference in an adaptive deconvolutional network: the sparse feature maps that explain pictures.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/unsupervised/adaptive_deconvolutional_network.hpp"
#include "deconvviz/unsupervised/deconvolutional_code.hpp"
#include "deconvviz/unsupervised/detail/ista.hpp"

namespace deconvviz {

/// Options of infer and infer_layer.
struct DeconvolutionalInferenceOptions {
    Index iterations = 10;             ///< steps a layer [zeiler2011]
    std::optional<Index> layers = {};  ///< infer: how many, from below; by default all
    OnProgress progress = {};          ///< told after every few pictures, in pictures times layers
};

namespace detail {

/// The maps of one layer, from what `code` holds for it (zeros where it holds nothing).
template <class T>
void infer_layer(const AdaptiveDeconvolutionalNetwork<T>& network, const Tensor<T>& images,
                 DeconvolutionalCode<T>& code, Index layer, Index iterations, ProgressMeter& meter) {
    const DeconvolutionalLayer<T>& shape = network.layer(layer);
    const Index count = images.shape()[0];
    if (static_cast<Index>(code.layers.size()) == layer)
        code.layers.push_back({Tensor<T>(shape.maps.batched(count)),
                               Tensor<T>(shape.pooled.batched(count)),
                               std::vector<std::uint16_t>(static_cast<std::size_t>(count * shape.pooled.elements())),
                               {},
                               Tensor<double>({count}),
                               Tensor<double>({count})});
    DeconvolutionalLayerCode<T>& at = code.layers[static_cast<std::size_t>(layer)];
    at.cost = Tensor<double>({count, iterations + 1});
    const auto cells = static_cast<std::size_t>(shape.pooled.elements());
    constexpr Index told = 32;  // pictures
    for (Index first = 0; first < count; first += told) {
        const Index some = std::min(told, count - first);
        parallel_for(some, 1, [&](Index begin, Index end) {
            Ista<T> ista(network, layer);
            for (Index n = first + begin; n < first + end; ++n)
                ista.run(lower_switches(network, code, layer, n), images.slice(n),
                         {at.maps.slice(n), at.pooled.slice(n),
                          std::span(at.switches).subspan(static_cast<std::size_t>(n) * cells, cells), at.cost.slice(n),
                          at.squared_error[n], at.step[n]});
        });
        meter.advance(some);
    }
}

}  // namespace detail

/// Goes on with the maps of one layer of `code`: from those that it holds, or from zeros where the layer is the first
/// one that it lacks. What it holds of the layers above is dropped, as their switches change. Each step is, for each
/// picture y by itself [zeiler2011, §2]:
///
///     z ← z - β λ R_lᵀ (R_l z - y)             a step along the gradient of the reconstruction error
///     z ← max(|z| - β, 0) sign(z)              shrinkage
///     [p, s] = P(z), z ← U_s p                 new switches: one value stays in each cell
///
/// The switches of the layers below stay as they are. The last two lines together are the exact minimum of
/// β |z|_1 + ½ ‖z - v‖² over all maps with at most one value in a cell, v being the result of the first line: of a
/// cell, keeping v_j saves ½ (|v_j| - β)², which is most for the largest. So the whole step is one of proximal gradient
/// descent, and the cost never rises if λ ‖R_l d‖² <= ‖d‖² / β for the change d of the maps. The paper gives a fixed β
/// for each layer, for which that need not hold. Without `DeconvolutionalLayerOptions::beta`, β is found for each
/// picture and step: 1.25 times the last one, and less until the condition holds (the first one minimises the error
/// along its gradient). Then the costs in the code never rise, and after a step that could only raise it by rounding
/// the picture's maps stay. With a fixed beta the steps are the paper's, and the cost may rise.
///
/// Throws ShapeError or StateError where the code and pictures do not fit the network, OptionError for no pictures, a
/// value that is not finite or negative iterations, DivergenceError where the cost is no longer finite (a fixed beta
/// that is too large), CancelledError. The result does not depend on the number of threads, nor on the other pictures.
/// Cost: two walks between maps and picture for a step, and one more for each β that is refused.
template <class T>
void infer_layer(const AdaptiveDeconvolutionalNetwork<T>& network, const Tensor<T>& images,
                 DeconvolutionalCode<T>& code, Index layer, const DeconvolutionalInferenceOptions& options = {}) {
    detail::expect_pictures(network, images, "infer");
    detail::expect_code(network, code, layer, "infer");
    if (options.iterations < 0)
        detail::raise<OptionError>("infer: expected iterations of at least 0, got ", options.iterations);
    if (static_cast<Index>(code.layers.size()) > layer) {
        code.layers.resize(static_cast<std::size_t>(layer + 1));
        detail::expect_batch(code.layers.back().maps, network.layer(layer).maps, images.shape()[0], "infer");
    } else if (layer > 0 && code.size() != images.shape()[0]) {
        detail::raise<ShapeError>("infer: expected a code of ", images.shape()[0], " pictures, got one of ",
                                  code.size());
    }
    detail::ProgressMeter meter("infer", "pictures", images.shape()[0], options.progress);
    detail::infer_layer(network, images, code, layer, options.iterations, meter);
}

/// The feature maps, switches and costs of pictures (N, C, H, W) in all layers, or in the first `layers`: layer by
/// layer from below, each from zeros, see infer_layer.
/// Throws as infer_layer; OptionError for a number of layers that the network does not have.
/// Memory: the maps of all layers for all pictures.
template <class T>
DeconvolutionalCode<T> infer(const AdaptiveDeconvolutionalNetwork<T>& network, const Tensor<T>& images,
                             const DeconvolutionalInferenceOptions& options = {}) {
    const Index layers = options.layers.value_or(network.layers());
    if (layers < 1 || layers > network.layers())
        detail::raise<OptionError>("infer: expected 1 … ", network.layers(), " layers, got ", layers);
    if (options.iterations < 0)
        detail::raise<OptionError>("infer: expected iterations of at least 0, got ", options.iterations);
    detail::expect_pictures(network, images, "infer");
    DeconvolutionalCode<T> code;
    detail::ProgressMeter meter("infer", "pictures times layers", images.shape()[0] * layers, options.progress);
    for (Index layer = 0; layer < layers; ++layer)
        detail::infer_layer(network, images, code, layer, options.iterations, meter);
    return code;
}

}  // namespace deconvviz
