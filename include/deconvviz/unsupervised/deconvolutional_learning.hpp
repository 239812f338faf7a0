/// @file
/// Learning the filters of an adaptive deconvolutional network from pictures without labels.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/unsupervised/adaptive_deconvolutional_network.hpp"
#include "deconvviz/unsupervised/deconvolutional_code.hpp"
#include "deconvviz/unsupervised/deconvolutional_inference.hpp"
#include "deconvviz/unsupervised/detail/filter_least_squares.hpp"
#include "deconvviz/unsupervised/detail/unused_filters.hpp"

namespace deconvviz {

/// What the inference of an epoch starts from: zeros, or the maps that the epoch before ended with.
enum class MapStart { zero, kept };

/// What happens to the filters of maps that the pictures do not use. `replace`: after each epoch but the last they
/// become what is explained worst, the strongest windows of the largest residuals (of P_{s_{l-1}} R_{l-1}ᵀ (y - R_l
/// z)), as K-SVD does it [aharon2006, §IV]. `keep`: they stay, as in [zeiler2011], and mostly stay unused.
enum class UnusedFilters { keep, replace };

/// How an epoch of a layer went.
struct DeconvolutionalEpochReport {
    Index layer = 0;
    int epoch = 0;  // 1 … epochs
    int epochs = 0;
    DeconvolutionalMeasures measures;  // after the epoch's inference, with the filters that it used
    double fitted_error = 0;           // the relative error after the filters were fitted to these maps
    Index unused = 0;                  // maps that the pictures do not use, see `unused_below`
    double seconds = 0;                // since the beginning of the call
};

/// Options of learn and learn_layer.
struct DeconvolutionalLearningOptions {
    int epochs = 10;        ///< a layer [zeiler2011]
    Index iterations = 10;  ///< of inference, an epoch [zeiler2011]
    int filter_steps = 4;   ///< of conjugate gradient, an epoch
    MapStart start = MapStart::kept;
    UnusedFilters unused = UnusedFilters::replace;
    double unused_below = 0.05;  ///< a map is unused where its Σ |z| is 0 or below this share of the mean over the maps
    std::function<void(const DeconvolutionalEpochReport&)> on_epoch = {};
    OnProgress progress = {};  ///< told after each epoch
};

namespace detail {

inline void check(const DeconvolutionalLearningOptions& options) {
    if (options.epochs < 1 || options.iterations < 1 || options.filter_steps < 1)
        raise<OptionError>(
            "learn: expected epochs, iterations and filter_steps of at least 1, got epochs = ", options.epochs,
            ", iterations = ", options.iterations, ", filter_steps = ", options.filter_steps);
}

/// Brings each filter to unit length and multiplies its maps by what it was divided by, so that the reconstruction
/// stays. A filter of zeros stays.
template <class T>
void normalise_filters(Tensor<T>& filters, Tensor<T>& maps) {
    const Index count = filters.shape()[0];
    const Index plane = maps.shape()[2] * maps.shape()[3];
    for (Index k = 0; k < count; ++k) {
        const double length = std::sqrt(squared_norm<T>(filters.slice(k)));
        if (!(length > 0)) continue;
        for (T& value : filters.slice(k)) value = static_cast<T>(static_cast<double>(value) / length);
        for (Index n = 0; n < maps.shape()[0]; ++n)
            for (T& value : maps.slice(n).subspan(static_cast<std::size_t>(k * plane), static_cast<std::size_t>(plane)))
                value = static_cast<T>(static_cast<double>(value) * length);
    }
}

template <class T>
void learn_layer(AdaptiveDeconvolutionalNetwork<T>& network, const Tensor<T>& images, DeconvolutionalCode<T>& code,
                 Index layer, const DeconvolutionalLearningOptions& options, ProgressMeter& meter,
                 std::chrono::steady_clock::time_point start) {
    const DeconvolutionalInferenceOptions inference{.iterations = options.iterations};
    const auto fresh = static_cast<std::size_t>(layer);
    code.layers.resize(fresh);
    for (int epoch = 1; epoch <= options.epochs; ++epoch) {
        if (options.start == MapStart::zero) code.layers.resize(fresh);
        deconvviz::infer_layer(network, images, code, layer, inference);
        DeconvolutionalEpochReport report{layer, epoch, options.epochs, measure(network, code, layer, images)};

        FilterLeastSquares<T> problem(network, code, layer, images);
        Tensor<T> filters = network.layer(layer).filters;
        const double error = problem.solve(filters, options.filter_steps);
        if (!std::isfinite(error))
            raise<DivergenceError>("learn: the filters of layer ", layer, " diverged in epoch ", epoch,
                                   "; the network has those of the epoch before");
        report.fitted_error = problem.energy() > 0 ? error / problem.energy() : 0;
        normalise_filters(filters, code.layers.back().maps);
        const std::vector<Index> unused = unused_maps(code.layers.back().maps, options.unused_below);
        report.unused = static_cast<Index>(unused.size());
        if (options.unused == UnusedFilters::replace && epoch < options.epochs)
            replace_unused_filters(network, code, layer, images, unused, filters);
        network.set_filters(layer, std::move(filters));
        report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (options.on_epoch) options.on_epoch(report);
        meter.advance();
    }
    if (options.start == MapStart::zero) code.layers.resize(fresh);
    deconvviz::infer_layer(network, images, code, layer, inference);
}

}  // namespace detail

/// Learns the filters of one layer, those of the layers below being what they are. Each epoch infers the maps of all
/// pictures (infer_layer) and then, with maps and switches fixed, fits all filters of the layer to all pictures at once
/// by least squares,
///
///     min over f of Σ_n ‖R_{l-1} U_{s_{l-1}} (Σ_k z_k * f_k) - y_n‖²,
///
/// with `filter_steps` steps of conjugate gradient from the filters so far, and brings each map's filter to unit length
/// [zeiler2011, §2]. The paper does not say whether maps are kept from one epoch to the next (`start`), nor whether
/// they follow the scale of their filters: here they do. A map that is 0 in all pictures keeps its filter.
///
/// `code` must hold the switches of the layers below for these pictures; what it holds of this layer and those above is
/// dropped, and afterwards it holds the maps and switches of this layer with its final filters.
///
/// Throws as infer_layer; OptionError for options below 1; DivergenceError where filters are no longer finite;
/// CancelledError. The result does not depend on the number of threads.
/// Memory: the maps of the layer for all pictures, and four times the pictures.
template <class T>
void learn_layer(AdaptiveDeconvolutionalNetwork<T>& network, const Tensor<T>& images, DeconvolutionalCode<T>& code,
                 Index layer, const DeconvolutionalLearningOptions& options = {}) {
    detail::check(options);
    detail::expect_pictures(network, images, "learn");
    detail::expect_code(network, code, layer, "learn");
    detail::ProgressMeter meter("learn", "epochs", options.epochs, options.progress);
    detail::learn_layer(network, images, code, layer, options, meter, std::chrono::steady_clock::now());
}

/// Learns all layers of a network, one after the other from below, from pictures (N, C, H, W); see learn_layer.
/// Returns the code of the pictures in all layers. The pictures should be contrast-normalised (contrast_normalise).
/// Throws as learn_layer.
template <class T>
DeconvolutionalCode<T> learn(AdaptiveDeconvolutionalNetwork<T>& network, const Tensor<T>& images,
                             const DeconvolutionalLearningOptions& options = {}) {
    detail::check(options);
    detail::expect_pictures(network, images, "learn");
    DeconvolutionalCode<T> code;
    detail::ProgressMeter meter("learn", "epochs", options.epochs * network.layers(), options.progress);
    const auto start = std::chrono::steady_clock::now();
    for (Index layer = 0; layer < network.layers(); ++layer)
        detail::learn_layer(network, images, code, layer, options, meter, start);
    return code;
}

}  // namespace deconvviz
