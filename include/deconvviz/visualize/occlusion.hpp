/// @file
/// Occlusion sensitivity: what a classifier says when a part of the picture is hidden.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/detail/changed_walk.hpp"
#include "deconvviz/visualize/detail/occlusion_walk.hpp"

namespace deconvviz {

/// Options of occlusion_sensitivity. Sizes are in pixels of the input.
struct OcclusionOptions {
    Size2D patch = 7;
    Size2D stride = 1;
    double fill = 0.5;                 // the value that hides, on the scale of the input, in all channels
    std::optional<Index> target = {};  // the class whose probability is recorded; by default the most probable one
    OcclusionMethod method = OcclusionMethod::incremental;
    double projective_field = 1;  // below 1 approximate, see IncrementalOptions; of the incremental method alone
    Index batch = 0;              // positions evaluated at once, at most; 0: as `memory` allows
    std::size_t memory = std::size_t{256} << 20;  // bytes for what is computed at once, beside the picture's trace
    OnProgress progress = {};                     // told after each batch, and every so often within, in positions
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
    const Shape& shape = image.shape();
    for (Index c = 0; c < shape[0]; ++c)
        for (Index y = window.y; y < window.y + window.height; ++y)
            std::fill_n(copy.data() + (c * shape[1] + y) * shape[2] + window.x, window.width, fill);
    return copy;
}

namespace detail {

template <class T>
void check(const Sequential<T>& model, const OcclusionOptions& options) {
    expect_classes(model, "occlusion");
    expect_at_least(1, options.patch, "occlusion", "patch");
    expect_at_least(1, options.stride, "occlusion", "stride");
    if (!(options.projective_field > 0 && options.projective_field <= 1) ||
        (options.projective_field < 1 && options.method == OcclusionMethod::full))
        detail::raise<OptionError>("occlusion: expected a projective field above 0 and up to 1, and 1 for the full ",
                                   "method, got ", options.projective_field);
    if (options.batch < 0) detail::raise<OptionError>("occlusion: expected a batch of at least 0, got ", options.batch);
    expect_class(model, options.target, "occlusion");
}

/// Throws ShapeError for something else than a picture of the model's.
template <class T>
void expect_picture(const Sequential<T>& model, const Tensor<T>& image) {
    if (model.input_shape().rank() != 3 || image.shape() != model.input_shape())
        detail::raise<ShapeError>("occlusion: expected a picture of ", model.input_shape(), ", got ", image.shape());
}

template <class T>
PatchGrid patch_grid(const Sequential<T>& model, const OcclusionOptions& options) {
    return {options.patch, options.stride, model.input_shape()[1], model.input_shape()[2]};
}

inline ChangedWalk occlusion_walk(const OcclusionOptions& options, Index row = 0) {
    return {.what = "occlusion",
            .steps = "positions",
            .method = options.method,
            .projective_field = options.projective_field,
            .batch = options.batch,
            .memory = options.memory,
            .row = row,
            .progress = options.progress};
}

/// All but the probabilities by position, given those of the whole picture.
template <class T>
OcclusionMap<T> empty_map(const PatchGrid& grid, const OcclusionOptions& options, std::span<const T> whole) {
    OcclusionMap<T> map;
    map.patch = options.patch;
    map.stride = options.stride;
    map.fill = static_cast<T>(options.fill);
    map.image_height = grid.height;
    map.image_width = grid.width;
    map.probabilities = Tensor<T>({grid.rows(), grid.columns(), static_cast<Index>(whole.size())});
    map.probability = Tensor<T>({grid.rows(), grid.columns()});
    map.target = options.target.value_or(std::max_element(whole.begin(), whole.end()) - whole.begin());
    map.unoccluded = whole[static_cast<std::size_t>(map.target)];
    return map;
}

/// Writes the class probabilities at one position, counted in rows, into a map.
template <class T>
void record_position(OcclusionMap<T>& map, Index position, std::span<const T> probabilities) {
    std::ranges::copy(probabilities, map.probabilities.begin() + position * static_cast<Index>(probabilities.size()));
    map.probability[position] = probabilities[static_cast<std::size_t>(map.target)];
}

/// Writes the class probabilities at the positions that were seen into the maps, one for each picture.
template <class T>
void record_probabilities(const Sequential<T>& model, const ChangedOutputs<T>& seen, std::span<OcclusionMap<T>> maps) {
    Tensor<T> probabilities = seen.output;
    make_probabilities(model, probabilities);
    for (Index i = 0; i < seen.count; ++i) {
        const Index positions = maps.front().probability.size();
        record_position<T>(maps[static_cast<std::size_t>((seen.first + i) / positions)], (seen.first + i) % positions,
                           std::as_const(probabilities).slice(i));
    }
}

/// The walk over the pictures of a trace.
template <class T>
std::vector<OcclusionMap<T>> occlusion_maps(const Sequential<T>& model, const Trace<T>& trace,
                                            const OcclusionOptions& options) {
    const PatchGrid grid = patch_grid(model, options);
    Tensor<T> whole = trace.output();
    make_probabilities(model, whole);
    std::vector<OcclusionMap<T>> maps;
    for (Index n = 0; n < trace.batch(); ++n)
        maps.push_back(empty_map<T>(grid, options, std::as_const(whole).slice(n)));
    const std::vector<ChangedPicture> changes = hidden_patches(grid, trace.batch());
    walk_hidden<T>(
        model, trace, occlusion_walk(options, grid.columns()), changes, static_cast<T>(options.fill),
        [&](const ChangedOutputs<T>& seen) { record_probabilities(model, seen, std::span<OcclusionMap<T>>(maps)); });
    return maps;
}

}  // namespace detail

/// Slides a patch over the picture and records the class probabilities for each position [zeiler2014, §4.2]: where the
/// probability of the true class drops, the model found its evidence. `image` is (C, H, W); the model takes pictures of
/// that shape and ends in logits or in a Softmax. The patch is `fill` in all channels; positions run from 0 in steps of
/// the stride, and the last one is clipped at the border (as Captum's Occlusion does). The paper does not state its
/// patch size and stride.
///
/// Only what the patch reaches is computed for each position (see IncrementalForward), for many positions at once, on
/// all threads. The result is that of OcclusionMethod::full, an ordinary forward pass for each position: the same bits
/// where all convolutions use ConvolutionMethod::direct, else within rounding, whose last bits depend on `batch` and
/// `memory` (never on the number of threads).
///
/// Throws ShapeError for a picture or model that does not fit, OptionError for sizes below 1 or a class that there is
/// not, CancelledError where `progress` said so. Cost: one forward pass, and for each position the share of one that
/// the patch reaches (incremental_multiply_adds). Memory: a trace of the picture, and `memory`, or what one
/// position takes where that is more.
template <class T>
OcclusionMap<T> occlusion_sensitivity(const Sequential<T>& model, const Tensor<T>& image,
                                      const OcclusionOptions& options = {}) {
    detail::expect_picture(model, image);
    detail::check(model, options);
    return std::move(detail::occlusion_maps(model, model.trace(image), options).front());
}

/// The same for each of some pictures (N, C, H, W), whose positions share batches: for small models and many pictures
/// faster than one after the other. Without a `target`, each picture has its own. Throws as above. Memory: a trace of
/// all pictures, and as above.
template <class T>
std::vector<OcclusionMap<T>> occlusion_sensitivities(const Sequential<T>& model, const Tensor<T>& images,
                                                     const OcclusionOptions& options = {}) {
    if (model.input_shape().rank() != 3 || images.rank() != 4 || images.shape().sample() != model.input_shape())
        detail::raise<ShapeError>("occlusion: expected pictures (N,C,H,W) of ", model.input_shape(), ", got ",
                                  images.shape());
    detail::check(model, options);
    return detail::occlusion_maps(model, model.trace(images), options);
}

}  // namespace deconvviz
