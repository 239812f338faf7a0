/// @file
/// The adaptive deconvolutional network: layers of filters that reconstruct pictures from sparse feature maps.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/convolution_shape.hpp"
#include "deconvviz/kernels/max_pool3d.hpp"

namespace deconvviz {

/// A cell of three-dimensional pooling: so many adjacent maps by so many positions. 1 and 1 is no pooling.
struct Pool3D {
    Index maps = 1;
    Size2D window = 2;
};

/// One layer of an AdaptiveDeconvolutionalNetwork. [zeiler2011] has filters of 7x7 and, from below, maps = 15, 50, 100,
/// 150 with pools of 3x3 positions by 3, 2, 2, 2 maps, for pictures of 150x150.
struct DeconvolutionalLayerOptions {
    Index maps = 15;
    Size2D filter = 7;
    Pool3D pool = {};
    double lambda = 1;                ///< weight of the reconstruction error against the sparsity
    std::optional<double> beta = {};  ///< a fixed threshold of shrinkage; without it, found for each picture and step
};

/// A layer: its sizes and its filters.
template <class T>
struct DeconvolutionalLayer {
    DeconvolutionalLayerOptions options;
    Shape below;        // (C, H, W): what the filters reconstruct, the picture or the pooled maps of the layer below
    Shape maps;         // (K, H + filter.y - 1, W + filter.x - 1)
    Shape pooled;       // (ceil(K / pool.maps), ...)
    Tensor<T> filters;  // (K, C, filter.y, filter.x), as they appear in `below`

    /// The convolution whose input is `below` and whose output are the maps: F is its transpose.
    kernels::ConvolutionShape convolution(Index batch = 1) const {
        kernels::ConvolutionShape s;
        s.batch = batch;
        s.src_channels = below[0];
        s.src_height = below[1];
        s.src_width = below[2];
        s.dst_channels = maps[0];
        s.dst_height = maps[1];
        s.dst_width = maps[2];
        s.sliding.kernel = options.filter;
        s.sliding.padding = {options.filter.y - 1, options.filter.x - 1};
        s.method = ConvolutionMethod::direct;  // sums of zeros stay zeros
        return s;
    }

    kernels::MaxPool3DShape pooling(Index batch = 1) const {
        return {batch, maps[0], maps[1], maps[2], options.pool.maps, options.pool.window};
    }
};

/// A network of deconvolutional layers [zeiler2011, §2]. Layer l explains pictures y by feature maps z_l, so that the
/// cost
///
///     C_l(z) = λ_l/2 ‖R_l z - y‖² + Σ_k |z_k|_1,      R_l = F_1 U_{s_1} F_2 U_{s_2} … F_l
///
/// is small. F_l lays down a copy of its filter for each value of a map, and the copies add up: a convolution, 'valid'
/// on maps that are larger than the result by filter - 1, or in other words the transposed convolution of a Conv2D of
/// padding filter - 1. U_s unpools by the switches s that three-dimensional max pooling found (max_pool3d). So each
/// layer, whatever its height, is judged by the picture and not by the layer below.
///
/// This class holds filters and sizes. `infer` finds the feature maps of pictures, `learn` the filters,
/// `reconstruct` applies R_l. Layers are counted from 0, as in all of the library: layer 0 is the paper's layer 1.
/// Every map of a layer is connected with every pooled map below.
///
/// Layer 0 without pooling is the first layer of the older, layer-wise deconvolutional network [zeiler2010] with p = 1;
/// its layers above reconstruct the maps below instead of the picture, which are not here.
template <class T>
class AdaptiveDeconvolutionalNetwork {
  public:
    /// For pictures of shape (C, H, W). The filters are drawn from a normal distribution and set to unit length.
    /// Throws ShapeError for a shape without pixels, OptionError for no layers, sizes below 1, pooling cells of more
    /// than 65536 places, lambda or beta not above 0.
    AdaptiveDeconvolutionalNetwork(const Shape& picture, const std::vector<DeconvolutionalLayerOptions>& layers,
                                   std::uint64_t seed = 1)
        : picture_(picture) {
        if (picture.rank() != 3 || picture.elements() == 0)
            detail::raise<ShapeError>("AdaptiveDeconvolutionalNetwork: expected pictures (C,H,W), got ", picture);
        if (layers.empty())
            detail::raise<OptionError>("AdaptiveDeconvolutionalNetwork: expected at least one layer, got none");
        Shape below = picture;
        for (const DeconvolutionalLayerOptions& options : layers) {
            layers_.push_back(make_layer(options, below, layers_.size(), seed));
            below = layers_.back().pooled;
        }
    }

    const Shape& picture_shape() const { return picture_; }
    Index layers() const { return static_cast<Index>(layers_.size()); }

    /// Throws OptionError for a layer that there is not.
    const DeconvolutionalLayer<T>& layer(Index index) const {
        if (index < 0 || index >= layers())
            detail::raise<OptionError>("AdaptiveDeconvolutionalNetwork: there is no layer ", index,
                                       ", the layers are 0 … ", layers() - 1);
        return layers_[static_cast<std::size_t>(index)];
    }

    /// Throws ShapeError for filters of another shape, OptionError for one that is not finite.
    void set_filters(Index index, Tensor<T> filters) {
        const Shape& expected = layer(index).filters.shape();
        if (filters.shape() != expected)
            detail::raise<ShapeError>("AdaptiveDeconvolutionalNetwork: layer ", index, " expected filters ", expected,
                                      ", got ", filters.shape());
        for (const T value : filters)
            if (!std::isfinite(value))
                detail::raise<OptionError>("AdaptiveDeconvolutionalNetwork: layer ", index,
                                           " got a filter that is not finite");
        layers_[static_cast<std::size_t>(index)].filters = std::move(filters);
    }

    /// The pixels that a value of a map of this layer can reach through any switches; empty for a position that is not
    /// in the map.
    Window reach(Index index, Index y, Index x) const {
        Window window{y, x, 1, 1};
        if (!contains({0, 0, layer(index).maps[1], layer(index).maps[2]}, window)) return {};
        for (Index l = index; l >= 0; --l) {
            const DeconvolutionalLayer<T>& at = layer(l);
            window = at.convolution().sliding.reads(window, at.below[1], at.below[2]);
            if (l == 0) break;
            const Shape& maps = layer(l - 1).maps;
            const Size2D cell = layer(l - 1).options.pool.window;
            window = SlidingWindow{cell, cell, 0, 1}.reads(window, maps[1], maps[2]);
        }
        return window;
    }

  private:
    static DeconvolutionalLayer<T> make_layer(const DeconvolutionalLayerOptions& options, const Shape& below,
                                              std::size_t index, std::uint64_t seed) {
        const auto expect = [index](bool good, std::string_view what, const auto& got) {
            if (!good)
                detail::raise<OptionError>("AdaptiveDeconvolutionalNetwork: layer ", index, " expected ", what,
                                           ", got ", got);
        };
        expect(options.maps >= 1, "at least one map", options.maps);
        expect(options.filter.y >= 1 && options.filter.x >= 1, "filters of at least 1x1", options.filter);
        const auto& [group, window] = options.pool;
        expect(group >= 1, "pooling over at least one map", group);
        expect(window.y >= 1 && window.x >= 1, "a pooling window of at least 1x1", window);
        constexpr Index most = Index{1} << 16;
        expect(group <= most && window.y <= most && window.x <= most && group * window.y * window.x <= most,
               "a pooling cell of at most 65536 places", concat_cell(options.pool));
        expect(options.lambda > 0 && std::isfinite(options.lambda), "lambda above 0", options.lambda);
        expect(!options.beta || (*options.beta > 0 && std::isfinite(*options.beta)), "beta above 0",
               options.beta.value_or(0));

        DeconvolutionalLayer<T> layer;
        layer.options = options;
        layer.below = below;
        layer.maps = {options.maps, below[1] + options.filter.y - 1, below[2] + options.filter.x - 1};
        const kernels::MaxPool3DShape pooling = layer.pooling();
        layer.pooled = {pooling.pooled_maps(), pooling.pooled_height(), pooling.pooled_width()};
        layer.filters = Tensor<T>({options.maps, below[0], options.filter.y, options.filter.x});
        Random random(derived_seed(seed, index));
        for (Index k = 0; k < options.maps; ++k) {
            std::vector<double> filter(layer.filters.slice(k).size());
            double length = 0;
            for (double& value : filter) {
                value = random.normal();
                length += value * value;
            }
            for (std::size_t i = 0; i < filter.size(); ++i)
                layer.filters.slice(k)[i] = static_cast<T>(length > 0 ? filter[i] / std::sqrt(length) : 1);
        }
        return layer;
    }

    static std::string concat_cell(const Pool3D& pool) { return detail::concat(pool.maps, " maps of ", pool.window); }

    Shape picture_;
    std::vector<DeconvolutionalLayer<T>> layers_;
};

}  // namespace deconvviz
