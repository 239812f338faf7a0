/// @file
/// The strongest activations of the maps of an adaptive deconvolutional network over pictures, and their projections.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/unsupervised/adaptive_deconvolutional_network.hpp"
#include "deconvviz/unsupervised/deconvolutional_code.hpp"
#include "deconvviz/visualize/seed.hpp"

namespace deconvviz {

/// One value of the feature maps of pictures.
template <class T>
struct CodeActivation {
    Index layer = 0;
    Index picture = 0;
    Index map = 0;
    Index y = 0;
    Index x = 0;
    T value = 0;
    Window window;  // the pixels that it can reach, AdaptiveDeconvolutionalNetwork::reach
};

/// Options of strongest_code.
struct StrongestCodeOptions {
    Index layer = 0;
    Index map = 0;
    Index count = 9;
};

/// The `count` largest values by magnitude that a map has in the pictures of a code, at most one a picture, the largest
/// first; of equal ones the first picture, and in it the first position. Fewer where the map is 0 in all other
/// pictures. Throws OptionError for a layer that was not inferred, a map that there is not, or a count below 1.
template <class T>
std::vector<CodeActivation<T>> strongest_code(const AdaptiveDeconvolutionalNetwork<T>& network,
                                              const DeconvolutionalCode<T>& code, const StrongestCodeOptions& options) {
    detail::expect_code(network, code, options.layer, "strongest_code");
    const Tensor<T>& maps = code.layer(options.layer).maps;
    detail::expect_batch(maps, network.layer(options.layer).maps, 0, "strongest_code");
    if (options.map < 0 || options.map >= maps.shape()[1])
        detail::raise<OptionError>("strongest_code: there is no map ", options.map, ": the maps of layer ",
                                   options.layer, " are 0 … ", maps.shape()[1] - 1);
    if (options.count < 1)
        detail::raise<OptionError>("strongest_code: expected a count of at least 1, got ", options.count);
    const Index plane = maps.shape()[2] * maps.shape()[3];
    std::vector<CodeActivation<T>> found;
    for (Index n = 0; n < maps.shape()[0]; ++n) {
        const T* first = maps.slice(n).data() + options.map * plane;
        const T* best = std::max_element(first, first + plane, [](T a, T b) { return std::abs(a) < std::abs(b); });
        const Index at = best - first;
        if (*best != 0)
            found.push_back({options.layer, n, options.map, at / maps.shape()[3], at % maps.shape()[3], *best, {}});
    }
    std::ranges::stable_sort(found, [](const CodeActivation<T>& a, const CodeActivation<T>& b) {
        return std::abs(a.value) > std::abs(b.value);
    });
    if (static_cast<Index>(found.size()) > options.count) found.resize(static_cast<std::size_t>(options.count));
    for (CodeActivation<T>& each : found) each.window = network.reach(options.layer, each.y, each.x);
    return found;
}

/// One activation alone, projected to its picture (C, H, W) through the picture's switches: R_l applied to maps that
/// are 0 everywhere else. SeedValue::activation keeps its value and sign, the share that it has in the reconstruction;
/// SeedValue::one shows the map's own pattern, whose sign does not change from picture to picture.
/// Throws OptionError or StateError for an activation that is not of this code.
template <class T>
Tensor<T> project(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code,
                  const CodeActivation<T>& activation, SeedValue value = SeedValue::activation) {
    detail::expect_code(network, code, activation.layer, "project");
    const Shape& maps = network.layer(activation.layer).maps;
    const bool inside = activation.map >= 0 && activation.map < maps[0] && activation.y >= 0 &&
                        activation.y < maps[1] && activation.x >= 0 && activation.x < maps[2];
    if (!inside || activation.picture < 0 || activation.picture >= code.size())
        detail::raise<OptionError>("project: there is no activation (", activation.map, ",", activation.y, ",",
                                   activation.x, ") of picture ", activation.picture, " among ", code.size(),
                                   " pictures with maps ", maps);
    Tensor<T> signal(maps);
    signal(activation.map, activation.y, activation.x) = value == SeedValue::one ? T(1) : activation.value;
    Tensor<T> picture(network.picture_shape());
    detail::DeconvolutionalWalk<T> walk(network, activation.layer);
    walk.down(detail::lower_switches(network, code, activation.layer, activation.picture), signal.data(),
              picture.data());
    return picture;
}

}  // namespace deconvviz
