/// @file
/// What an adaptive deconvolutional network knows about pictures: feature maps, switches, costs; and the way from the
/// maps of a layer to the picture and back.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/unsupervised/adaptive_deconvolutional_network.hpp"
#include "deconvviz/unsupervised/detail/deconvolutional_walk.hpp"

namespace deconvviz {

/// The code of N pictures in one layer.
template <class T>
struct DeconvolutionalLayerCode {
    Tensor<T> maps;                       // (N, K, H, W), z: at most one value other than 0 in a pooling cell
    Tensor<T> pooled;                     // (N, pooled shape), p: these values
    std::vector<std::uint16_t> switches;  // one a pooled value, s: z = U_s p
    Tensor<double> cost;           // (N, iterations + 1): C_l of each picture, before the first step and after each
    Tensor<double> squared_error;  // (N): ‖R_l z - y‖² after the last step
    Tensor<double> step;           // (N): beta of the last step; 0 before any
};

/// The code of N pictures in the layers that were inferred, from below.
template <class T>
struct DeconvolutionalCode {
    std::vector<DeconvolutionalLayerCode<T>> layers;

    /// Pictures; 0 where nothing was inferred.
    Index size() const { return layers.empty() ? 0 : layers.front().maps.shape()[0]; }

    /// Throws OptionError for a layer that was not inferred.
    const DeconvolutionalLayerCode<T>& layer(Index index) const {
        if (index < 0 || index >= static_cast<Index>(layers.size()))
            detail::raise<OptionError>("deconvolutional code: layer ", index, " was not inferred, the code has ",
                                       layers.size(), " layers");
        return layers[static_cast<std::size_t>(index)];
    }
};

namespace detail {

/// Throws unless the code is of this network and has the switches of all layers below `layer`.
template <class T>
void expect_code(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code, Index layer,
                 std::string_view what) {
    (void)network.layer(layer);
    if (static_cast<Index>(code.layers.size()) < layer)
        raise<StateError>(what, ": layer ", layer, " needs the switches of the layers below, the code has ",
                          code.layers.size(), " layers");
    for (Index l = 0; l < std::min<Index>(layer, static_cast<Index>(code.layers.size())); ++l) {
        const Shape expected = network.layer(l).pooled.batched(code.size());
        const auto& at = code.layer(l);
        if (at.pooled.shape() != expected || static_cast<Index>(at.switches.size()) != expected.elements())
            raise<ShapeError>(what, ": expected a code whose pooled maps of layer ", l, " are ", expected, ", got ",
                              at.pooled.shape());
    }
}

/// The switches of the layers below `layer`, of picture n.
template <class T>
LowerSwitches lower_switches(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code,
                             Index layer, Index n) {
    LowerSwitches all;
    for (Index l = 0; l < layer; ++l)
        all.push_back(code.layers[static_cast<std::size_t>(l)].switches.data() +
                      n * network.layer(l).pooled.elements());
    return all;
}

/// Throws unless `values` is a batch of `sample` shapes, as many as the code has pictures (if it has any).
template <class T>
void expect_batch(const Tensor<T>& values, const Shape& sample, Index count, std::string_view what) {
    if (values.rank() != 4 || values.shape().sample() != sample || (count > 0 && values.shape()[0] != count))
        raise<ShapeError>(what, ": expected ", count > 0 ? sample.batched(count) : sample.batched(1),
                          count > 0 ? "" : " (any number of them)", ", got ", values.shape());
}

/// Throws unless there is at least one picture, all finite and of the network's shape.
template <class T>
void expect_pictures(const AdaptiveDeconvolutionalNetwork<T>& network, const Tensor<T>& images, std::string_view what) {
    expect_batch(images, network.picture_shape(), 0, what);
    if (images.shape()[0] == 0) raise<OptionError>(what, ": expected at least one picture, got none");
    for (Index n = 0; n < images.shape()[0]; ++n)
        for (const T value : images.slice(n))
            if (!std::isfinite(value)) raise<OptionError>(what, ": picture ", n, " holds a value that is not finite");
}

}  // namespace detail

/// R_l applied to `signal`, maps of layer l of as many pictures as the code has, through the switches that each picture
/// has in the layers below: the projection (N, C, H, W) to the picture. The signal is any tensor of the shape of the
/// layer's maps: all of them (`reconstruct`), one map, one activation. For layer 0, which needs no switches, the code
/// may be empty. The negative values are kept: there is no rectification.
/// Throws ShapeError where shapes do not fit, StateError where the code lacks a layer below.
template <class T>
Tensor<T> project(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code, Index layer,
                  const Tensor<T>& signal) {
    detail::expect_code(network, code, layer, "project");
    detail::expect_batch(signal, network.layer(layer).maps, layer == 0 ? 0 : code.size(), "project");
    Tensor<T> pictures(network.picture_shape().batched(signal.shape()[0]));
    parallel_for(signal.shape()[0], 1, [&](Index begin, Index end) {
        detail::DeconvolutionalWalk<T> walk(network, layer);
        for (Index n = begin; n < end; ++n)
            walk.down(detail::lower_switches(network, code, layer, n), signal.slice(n).data(),
                      pictures.slice(n).data());
    });
    return pictures;
}

/// R_lᵀ applied to pictures (N, C, H, W): maps of layer l. The adjoint of `project`; the gradient of the
/// reconstruction error is λ R_lᵀ(R_l z - y). Throws as `project`.
template <class T>
Tensor<T> project_adjoint(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code,
                          Index layer, const Tensor<T>& pictures) {
    detail::expect_code(network, code, layer, "project_adjoint");
    detail::expect_batch(pictures, network.picture_shape(), layer == 0 ? 0 : code.size(), "project_adjoint");
    Tensor<T> maps(network.layer(layer).maps.batched(pictures.shape()[0]));
    parallel_for(pictures.shape()[0], 1, [&](Index begin, Index end) {
        detail::DeconvolutionalWalk<T> walk(network, layer);
        for (Index n = begin; n < end; ++n)
            walk.up(detail::lower_switches(network, code, layer, n), pictures.slice(n).data(), maps.slice(n).data());
    });
    return maps;
}

/// R_l z_l: the pictures (N, C, H, W) as the maps of a layer give them back. Throws OptionError where the layer was not
/// inferred.
template <class T>
Tensor<T> reconstruct(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code,
                      Index layer) {
    (void)network.layer(layer);
    return project(network, code, layer, code.layer(layer).maps);
}

/// How well and how sparsely a layer describes pictures.
struct DeconvolutionalMeasures {
    double relative_error = 0;  ///< Σ ‖R z - y‖² / Σ ‖y‖² over all pictures; 0 for pictures without any value but 0
    double snr = 0;             ///< the same in decibels: -10 log10(relative_error)
    double nonzero = 0;  ///< share of the values of z that are not 0
    double active = 0;   ///< values of z that are not 0, for each picture
    double l1 = 0;       ///< Σ |z| of a picture, the mean over pictures
    double cost = 0;     ///< C_l of a picture, the mean over pictures
};

/// Measures the code of a layer against its pictures (N, C, H, W). Throws as `project`.
template <class T>
DeconvolutionalMeasures measure(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code,
                                Index layer, const Tensor<T>& images) {
    const Tensor<T> back = reconstruct(network, code, layer);
    detail::expect_batch(images, network.picture_shape(), code.size(), "measure");
    const Tensor<T>& maps = code.layer(layer).maps;
    const auto pictures = static_cast<double>(code.size());
    double error = 0, energy = 0;
    for (Index i = 0; i < images.size(); ++i) {
        const double difference = static_cast<double>(back[i]) - static_cast<double>(images[i]);
        error += difference * difference;
        energy += static_cast<double>(images[i]) * static_cast<double>(images[i]);
    }
    DeconvolutionalMeasures result;
    for (const T value : maps) {
        result.active += value != 0;
        result.l1 += std::abs(static_cast<double>(value));
    }
    result.nonzero = result.active / static_cast<double>(maps.size());
    result.active /= pictures;
    result.l1 /= pictures;
    result.relative_error = energy > 0 ? error / energy : 0;
    result.snr = -10 * std::log10(result.relative_error);
    result.cost = network.layer(layer).options.lambda / 2 * error / pictures + result.l1;
    return result;
}

}  // namespace deconvviz
