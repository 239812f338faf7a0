/// @file
/// Occlusion sensitivity: what a classifier says when a part of the picture is hidden.
#pragma once

#include <algorithm>
#include <optional>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/detail/occlusion_walk.hpp"

namespace deconvviz {

/// Options of occlusion_sensitivity. Sizes are in pixels of the input.
struct OcclusionOptions {
    Size2D patch = 7;
    Size2D stride = 1;
    double fill = 0.5;                 // the value that hides, on the scale of the input, in all channels
    std::optional<Index> target = {};  // the class whose probability is recorded; by default the most probable one
    Index batch = 64;                  // positions evaluated at once; bounds the memory
    OnProgress progress = {};          // told after each batch, in positions
};

/// Class probabilities for each position of the patch. Rows and columns count positions: the patch at (r, c) covers the
/// pixels of `patch_at(r, c)`.
template <class T>
struct OcclusionMap {
    Index target = 0;         // the class that was asked for
    T unoccluded = 0;         // its probability on the whole picture
    Tensor<T> probabilities;  // (rows, columns, classes)
    Tensor<T> probability;    // (rows, columns): of the target
    Size2D patch;
    Size2D stride;
    T fill = 0;
    Index image_height = 0;
    Index image_width = 0;

    Index rows() const { return probability.shape()[0]; }
    Index columns() const { return probability.shape()[1]; }

    /// The pixels that position (row, column) hides: from (row · stride.y, column · stride.x), clipped at the border.
    Window patch_at(Index row, Index column) const {
        return detail::PatchGrid{patch, stride, image_height, image_width}.at(row, column);
    }

    /// The most probable class at a position (the first of equal ones).
    Index most_probable(Index row, Index column) const {
        const Index classes = probabilities.shape()[2];
        const T* first = probabilities.data() + (row * columns() + column) * classes;
        return std::max_element(first, first + classes) - first;
    }

    /// The target's probability as a picture (H, W): each pixel has the mean over the positions that hide it.
    Tensor<T> per_pixel() const {
        Tensor<T> sum({image_height, image_width});
        Tensor<T> count({image_height, image_width});
        for (Index r = 0; r < rows(); ++r)
            for (Index c = 0; c < columns(); ++c) {
                const Window window = patch_at(r, c);
                for (Index y = window.y; y < window.y + window.height; ++y)
                    for (Index x = window.x; x < window.x + window.width; ++x) {
                        sum(y, x) += probability(r, c);
                        count(y, x) += 1;
                    }
            }
        // A stride larger than the patch leaves pixels that are never hidden: they keep the whole picture's
        // probability.
        for (Index i = 0; i < sum.size(); ++i) sum[i] = count[i] > 0 ? sum[i] / count[i] : unoccluded;
        return sum;
    }
};

/// A copy of a picture (C, H, W) with the pixels of `window` set to `fill` in all channels. Throws ShapeError where the
/// window leaves the picture.
template <class T>
Tensor<T> occluded(const Tensor<T>& image, const Window& window, T fill) {
    if (image.rank() != 3 || !contains({0, 0, image.shape()[1], image.shape()[2]}, window))
        detail::raise<ShapeError>("occluded: expected a window of a picture (C,H,W), got ", window, " of ",
                                  image.shape());
    Tensor<T> copy = image;
    detail::hide(copy.data(), copy.shape(), window, fill);
    return copy;
}

namespace detail {

template <class T>
void check(const Sequential<T>& model, const Tensor<T>& image, const OcclusionOptions& options) {
    if (model.input_shape().rank() != 3 || image.shape() != model.input_shape())
        detail::raise<ShapeError>("occlusion: expected a picture of ", model.input_shape(), ", got ", image.shape());
    expect_classes(model, "occlusion");
    expect_at_least(1, options.patch, "occlusion", "patch");
    expect_at_least(1, options.stride, "occlusion", "stride");
    if (options.batch < 1) detail::raise<OptionError>("occlusion: expected a batch of at least 1, got ", options.batch);
    if (options.target && (*options.target < 0 || *options.target >= model.output_shape()[0]))
        detail::raise<OptionError>("occlusion: there is no class ", *options.target, ": the classes are 0 … ",
                                   model.output_shape()[0] - 1);
}

template <class T>
OcclusionWalk occlusion_walk(const Tensor<T>& image, const OcclusionOptions& options) {
    return {.grid = {options.patch, options.stride, image.shape()[1], image.shape()[2]},
            .fill = options.fill,
            .batch = options.batch,
            .progress = options.progress};
}

/// All but the probabilities by position, given those of the whole picture, (1, classes).
template <class T>
OcclusionMap<T> empty_map(const Tensor<T>& image, const OcclusionOptions& options, const Tensor<T>& whole) {
    const PatchGrid grid = occlusion_walk(image, options).grid;
    OcclusionMap<T> map;
    map.patch = options.patch;
    map.stride = options.stride;
    map.fill = static_cast<T>(options.fill);
    map.image_height = grid.height;
    map.image_width = grid.width;
    map.probabilities = Tensor<T>({grid.rows(), grid.columns(), whole.size()});
    map.probability = Tensor<T>({grid.rows(), grid.columns()});
    map.target = options.target.value_or(std::max_element(whole.begin(), whole.end()) - whole.begin());
    map.unoccluded = whole[map.target];
    return map;
}

/// Writes the class probabilities at the positions that were seen into the map.
template <class T>
void record_probabilities(const Sequential<T>& model, const OccludedOutputs<T>& seen, OcclusionMap<T>& map) {
    Tensor<T> probabilities = seen.output;
    make_probabilities(model, probabilities);
    const Index classes = probabilities.shape()[1];
    std::copy(probabilities.begin(), probabilities.end(), map.probabilities.begin() + seen.first * classes);
    for (Index i = 0; i < seen.count; ++i) map.probability[seen.first + i] = probabilities(i, map.target);
}

}  // namespace detail

/// Slides a patch over the picture and records the class probabilities for each position [zeiler2014, §4.2]: where the
/// probability of the true class drops, the model found its evidence. `image` is (C, H, W); the model takes pictures of
/// that shape and ends in logits or in a Softmax. The patch is `fill` in all channels; positions run from 0 in steps of
/// the stride, and the last one is clipped at the border (as Captum's Occlusion does). The paper does not state its
/// patch size and stride. Positions are evaluated in batches, each on all threads.
///
/// Throws ShapeError for a picture or model that does not fit, OptionError for sizes below 1 or a class that there is
/// not, CancelledError where `progress` said so. Cost: one forward pass a position. Memory: the activations of one
/// batch.
template <class T>
OcclusionMap<T> occlusion_sensitivity(const Sequential<T>& model, const Tensor<T>& image,
                                      const OcclusionOptions& options = {}) {
    detail::check(model, image, options);
    OcclusionMap<T> map = detail::empty_map(image, options, class_probabilities(model, image));
    const auto walk = detail::occlusion_walk(image, options);
    detail::walk_occluded(model, image, walk, [&](const detail::OccludedOutputs<T>& seen) {
        detail::record_probabilities(model, seen, map);
    });
    return map;
}

}  // namespace deconvviz
