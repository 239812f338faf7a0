/// @file
/// New filters for the maps of a layer that pictures hardly use.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/unsupervised/deconvolutional_code.hpp"
#include "deconvviz/unsupervised/detail/deconvolutional_walk.hpp"
#include "deconvviz/unsupervised/detail/ista.hpp"

namespace deconvviz::detail {

/// The maps whose Σ |z| over all pictures is below `share` of the mean over the maps, or 0.
template <class T>
std::vector<Index> unused_maps(const Tensor<T>& maps, double share) {
    const Index count = maps.shape()[1];
    const auto plane = static_cast<std::size_t>(maps.shape()[2] * maps.shape()[3]);
    std::vector<double> use(static_cast<std::size_t>(count));
    for (Index n = 0; n < maps.shape()[0]; ++n)
        for (std::size_t k = 0; k < use.size(); ++k) use[k] += absolute_sum<T>(maps.slice(n).subspan(k * plane, plane));
    const double mean = std::accumulate(use.begin(), use.end(), 0.0) / static_cast<double>(count);
    std::vector<Index> unused;
    for (std::size_t k = 0; k < use.size(); ++k)
        if (!(use[k] > 0) || use[k] < share * mean) unused.push_back(static_cast<Index>(k));
    return unused;
}

/// The window of a signal (C, H, W) that has the size of `filter` (C, FH, FW), cut off where the signal is smaller, and
/// the largest sum of squares (the first of equal ones), copied into `filter`.
template <class T>
void strongest_window(const T* signal, const Shape& shape, const Shape& filter_shape, T* filter) {
    const Index rows = std::min(filter_shape[1], shape[1]);
    const Index columns = std::min(filter_shape[2], shape[2]);
    std::vector<double> squares(static_cast<std::size_t>(shape[1] * shape[2]));
    for (Index c = 0; c < shape[0]; ++c)
        for (std::size_t i = 0; i < squares.size(); ++i) {
            const auto value = static_cast<double>(signal[static_cast<std::size_t>(c) * squares.size() + i]);
            squares[i] += value * value;
        }
    double best = -1;
    Index top = 0, left = 0;
    for (Index y = 0; y + rows <= shape[1]; ++y)
        for (Index x = 0; x + columns <= shape[2]; ++x) {
            double sum = 0;
            for (Index dy = 0; dy < rows; ++dy)
                for (Index dx = 0; dx < columns; ++dx)
                    sum += squares[static_cast<std::size_t>((y + dy) * shape[2] + x + dx)];
            if (!(sum > best)) continue;
            best = sum;
            top = y;
            left = x;
        }
    std::fill_n(filter, filter_shape.elements(), T(0));
    for (Index c = 0; c < shape[0]; ++c)
        for (Index y = 0; y < rows; ++y)
            std::copy_n(signal + (c * shape[1] + top + y) * shape[2] + left, columns,
                        filter + (c * filter_shape[1] + y) * filter_shape[2]);
}

/// Gives each of `unused` maps of a layer a new filter of unit length: of the pictures with the largest error, one for
/// each map, the window of P_{s_{l-1}} R_{l-1}ᵀ (y - R_l z) with the largest sum of squares. These maps are set to 0. A
/// filter stays where the picture has no error, or where there are more unused maps than pictures.
template <class T>
void replace_unused_filters(const AdaptiveDeconvolutionalNetwork<T>& network, DeconvolutionalCode<T>& code, Index layer,
                            const Tensor<T>& images, const std::vector<Index>& unused, Tensor<T>& filters) {
    DeconvolutionalLayerCode<T>& at = code.layers[static_cast<std::size_t>(layer)];
    const DeconvolutionalLayer<T>& top = network.layer(layer);
    std::vector<Index> worst(static_cast<std::size_t>(images.shape()[0]));
    std::iota(worst.begin(), worst.end(), Index{0});
    std::ranges::stable_sort(worst, [&](Index a, Index b) { return at.squared_error[a] > at.squared_error[b]; });

    DeconvolutionalWalk<T> walk(network, layer);
    Tensor<T> residual(network.picture_shape());
    const auto plane = static_cast<std::size_t>(top.maps[1] * top.maps[2]);
    for (std::size_t i = 0; i < std::min(unused.size(), worst.size()); ++i) {
        const Index n = worst[i];
        const LowerSwitches lower = lower_switches(network, code, layer, n);
        walk.down(lower, at.maps.slice(n).data(), residual.data());
        for (Index p = 0; p < residual.size(); ++p)
            residual[p] = images.slice(n)[static_cast<std::size_t>(p)] - residual[p];
        Tensor<T> filter(filters.shape().sample());
        strongest_window(walk.picture_to_below(lower, residual.data()), top.below, filter.shape(), filter.data());
        const double length = std::sqrt(squared_norm<T>(filter.values()));
        if (!(length > 0)) continue;
        for (Index p = 0; p < filter.size(); ++p)
            filters.slice(unused[i])[static_cast<std::size_t>(p)] =
                static_cast<T>(static_cast<double>(filter[p]) / length);
        for (Index picture = 0; picture < images.shape()[0]; ++picture)
            std::ranges::fill(at.maps.slice(picture).subspan(static_cast<std::size_t>(unused[i]) * plane, plane), T(0));
    }
}

}  // namespace deconvviz::detail
