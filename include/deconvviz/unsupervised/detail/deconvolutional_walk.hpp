/// @file
/// The walk between the maps of a layer of an adaptive deconvolutional network and one picture, both ways.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/max_pool3d.hpp"
#include "deconvviz/kernels/transposed_convolution.hpp"
#include "deconvviz/unsupervised/adaptive_deconvolutional_network.hpp"

namespace deconvviz::detail {

/// For one picture, the switches of the layers 0 … l - 1.
using LowerSwitches = std::vector<const std::uint16_t*>;

/// Applies R_l and its parts to one picture at a time. Holds the maps in between, so that they are allocated once.
template <class T>
class DeconvolutionalWalk {
  public:
    DeconvolutionalWalk(const AdaptiveDeconvolutionalNetwork<T>& network, Index layer)
        : network_(network), layer_(layer) {
        for (Index l = 0; l < layer; ++l) {
            maps_.emplace_back(network.layer(l).maps);
            pooled_.emplace_back(network.layer(l).pooled);
        }
    }

    /// picture = R_l maps.
    void down(const LowerSwitches& switches, const T* maps, T* picture) {
        T* below = layer_ == 0 ? picture : pooled_.back().data();
        filter(network_.layer(layer_), maps, network_.layer(layer_).filters.data(), below);
        below_to_picture(switches, picture);
    }

    /// maps = R_lᵀ picture.
    void up(const LowerSwitches& switches, const T* picture, T* maps) {
        const DeconvolutionalLayer<T>& top = network_.layer(layer_);
        kernels::convolution<T>(top.convolution(), picture_to_below(switches, picture), top.filters.data(), nullptr,
                                maps, top.convolution().whole_dst());
    }

    /// below = F maps with any filters of the layer's shape. Maps that are 0 nearly everywhere, as codes and unpooled
    /// maps are, cost only the values that they have.
    static void filter(const DeconvolutionalLayer<T>& layer, const T* maps, const T* filters, T* below) {
        const kernels::ConvolutionShape shape = layer.convolution();
        const Index values = layer.maps.elements();
        const Index zeros = std::count(maps, maps + values, T(0));
        if (values - zeros <= values / sparse)
            lay_down(shape, maps, filters, below);
        else
            kernels::transposed_convolution(shape, maps, filters, below, shape.whole_src());
    }

    /// Where the signal below the top layer has to be written before below_to_picture; for layer 0 that is the picture.
    T* below() { return layer_ == 0 ? nullptr : pooled_.back().data(); }

    /// picture = R_{l-1} U_{s_{l-1}} below(). Nothing to do for layer 0.
    void below_to_picture(const LowerSwitches& switches, T* picture) {
        for (Index l = layer_ - 1; l >= 0; --l) {
            const auto i = static_cast<std::size_t>(l);
            const DeconvolutionalLayer<T>& at = network_.layer(l);
            kernels::unpool3d(at.pooling(), pooled_[i].data(), switches[i], maps_[i].data());
            filter(at, maps_[i].data(), at.filters.data(), l == 0 ? picture : pooled_[i - 1].data());
        }
    }

    /// P_{s_{l-1}} R_{l-1}ᵀ picture, valid until the next call; for layer 0 the picture itself.
    const T* picture_to_below(const LowerSwitches& switches, const T* picture) {
        const T* signal = picture;
        for (Index l = 0; l < layer_; ++l) {
            const auto i = static_cast<std::size_t>(l);
            const DeconvolutionalLayer<T>& at = network_.layer(l);
            kernels::convolution<T>(at.convolution(), signal, at.filters.data(), nullptr, maps_[i].data(),
                                    at.convolution().whole_dst());
            kernels::pool3d_by_switches(at.pooling(), maps_[i].data(), switches[i], pooled_[i].data());
            signal = pooled_[i].data();
        }
        return signal;
    }

  private:
    static constexpr Index sparse = 8;  // a value laid down by itself takes some times longer than one among others

    /// The transposed convolution, value by value.
    static void lay_down(const kernels::ConvolutionShape& s, const T* maps, const T* filters, T* below) {
        const auto& [kernel, stride, padding, dilation] = s.sliding;  // stride and dilation are 1
        std::fill_n(below, s.src_channels * s.src_plane(), T(0));
        for (Index k = 0; k < s.dst_channels; ++k)
            for (Index y = 0; y < s.dst_height; ++y)
                for (Index x = 0; x < s.dst_width; ++x, ++maps) {
                    if (*maps == 0) continue;
                    const Index left = std::max<Index>(0, padding.x - x);
                    const Index right = std::min(kernel.x, s.src_width + padding.x - x);
                    for (Index row = 0; row < s.src_channels * kernel.y; ++row) {
                        const Index below_y = y - padding.y + row % kernel.y;
                        if (below_y < 0 || below_y >= s.src_height) continue;
                        const T* taps = filters + (k * s.src_channels * kernel.y + row) * kernel.x;
                        T* to = below + (row / kernel.y * s.src_height + below_y) * s.src_width + x - padding.x;
                        for (Index u = left; u < right; ++u) to[u] += *maps * taps[u];
                    }
                }
    }

    const AdaptiveDeconvolutionalNetwork<T>& network_;
    Index layer_;
    std::vector<Tensor<T>> maps_;    // of the layers below, one picture
    std::vector<Tensor<T>> pooled_;  // the same, pooled
};

}  // namespace deconvviz::detail
