/// @file
/// Feature ablation: what a classifier says when regions of any shape are hidden.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/detail/changed_walk.hpp"
#include "deconvviz/visualize/masks.hpp"

namespace deconvviz {

/// Options of feature_ablation.
struct AblationOptions {
    double fill = 0.5;                 // the value that hides, on the scale of the input, in all channels
    std::optional<Index> target = {};  // the class whose probability is recorded; by default the most probable one
    OcclusionMethod method = OcclusionMethod::incremental;
    Index batch = 0;                              // regions evaluated at once, at most; 0: as `memory` allows
    std::size_t memory = std::size_t{256} << 20;  // bytes for what is computed at once, beside the picture's trace
    OnProgress progress = {};                     // told after each batch, and every so often within, in regions
};

/// Class probabilities for each hidden region.
template <class T>
struct Ablation {
    Index target = 0;         // the class that was asked for
    T whole = 0;              // its probability on the whole picture
    Tensor<T> probabilities;  // (regions, classes)
    Tensor<T> probability;    // (regions): of the target
    Tensor<T> masks;          // (regions, 1, H, W): what was hidden

    /// What hiding costs the target at each pixel, (H, W): Σ_r mask_r (whole - probability_r). Where regions do not
    /// overlap, each pixel has what its region costs.
    Tensor<T> attribution() const {
        Tensor<T> sum({masks.shape()[2], masks.shape()[3]});
        for (Index r = 0; r < probability.size(); ++r)
            for (Index p = 0; p < sum.size(); ++p) sum[p] += masks[r * sum.size() + p] * (whole - probability[r]);
        return sum;
    }
};

/// One mask for each region of a picture: `labels` (H, W) has a whole number from 0 on for each pixel, as a
/// segmentation gives them; mask r, of (R, 1, H, W), is 1 where the label is r. Negative labels belong to no region.
/// Throws ShapeError for something else than (H, W), OptionError for labels that are no whole numbers, above 65,535, or
/// none from 0 on.
template <class T>
Tensor<T> region_masks(const Tensor<T>& labels) {
    if (labels.rank() != 2) detail::raise<ShapeError>("region masks: expected labels (H,W), got ", labels.shape());
    T largest = -1;
    for (const T label : labels) {
        if (!(label <= T(65535)) || label != std::floor(label))
            detail::raise<OptionError>("region masks: expected whole numbers up to 65535, got ", label);
        largest = std::max(largest, label);
    }
    if (largest < 0) detail::raise<OptionError>("region masks: expected a label from 0 on, all are negative");
    Tensor<T> masks({static_cast<Index>(largest) + 1, 1, labels.shape()[0], labels.shape()[1]});
    for (Index p = 0; p < labels.size(); ++p)
        if (labels[p] >= 0) masks[static_cast<Index>(labels[p]) * labels.size() + p] = 1;
    return masks;
}

namespace detail {

/// Mask r of (R, 1, H, W) alone, (1, 1, H, W).
template <class T>
Tensor<T> one_mask(const Tensor<T>& masks, Index r) {
    return Tensor<T>({1, 1, masks.shape()[2], masks.shape()[3]}, masks.slice(r));
}

/// The part of mask r that lies in a window.
template <class T>
Tensor<T> mask_part(const Tensor<T>& masks, Index r, const Window& window) {
    Tensor<T> part({window.height, window.width});
    copy_window({1, 1, masks.shape()[2], masks.shape()[3]}, masks.slice(r).data(), window, part.data());
    return part;
}

template <class T>
void check(const Sequential<T>& model, const Tensor<T>& image, const Tensor<T>& masks, const AblationOptions& options) {
    const Shape& shape = model.input_shape();
    if (shape.rank() != 3 || image.shape() != shape)
        raise<ShapeError>("feature ablation: expected a picture of ", shape, ", got ", image.shape());
    if (masks.rank() != 4 || masks.shape()[0] < 1 || masks.shape().sample() != Shape{1, shape[1], shape[2]})
        raise<ShapeError>("feature ablation: expected masks (R,1,", shape[1], ",", shape[2], "), got ", masks.shape());
    expect_shares(masks, "feature ablation");
    expect_classes(model, "feature ablation");
    if (options.batch < 0) raise<OptionError>("feature ablation: expected a batch of at least 0, got ", options.batch);
    expect_class(model, options.target, "feature ablation");
}

}  // namespace detail

/// Hides each of some regions of a picture (C, H, W) in turn and records the class probabilities: occlusion
/// sensitivity with regions instead of a patch, as Captum's FeatureAblation [kokhlikyan2020] with its feature mask.
/// `masks`, (R, 1, H, W), say for each region and pixel which share `fill` hides, as in `occluded`; `region_masks`
/// makes them of labels, `window_masks` of windows.
///
///     const auto shown = feature_ablation(model, image, region_masks(labels));
///     shown.attribution();
///
/// Only what a region's bounding window reaches is computed (see IncrementalForward); what `occlusion_sensitivity` says
/// of exactness, `method`, `batch` and `memory` holds here too.
/// Throws ShapeError for a picture, masks or a model that do not fit, OptionError for shares outside of [0, 1], a
/// negative batch or a class that there is not, CancelledError where `progress` said so. Cost: one forward pass, and
/// for each region the share of one that its window reaches.
template <class T>
Ablation<T> feature_ablation(const Sequential<T>& model, const Tensor<T>& image, const Tensor<T>& masks,
                             const AblationOptions& options = {}) {
    detail::check(model, image, masks, options);
    const Trace<T> trace = model.trace(image);
    Tensor<T> whole = trace.output();
    detail::make_probabilities(model, whole);
    Ablation<T> result;
    result.target = options.target.value_or(std::max_element(whole.begin(), whole.end()) - whole.begin());
    result.whole = whole[result.target];
    result.masks = masks;
    const Index regions = masks.shape()[0], classes = whole.size();
    result.probabilities = Tensor<T>({regions, classes});
    result.probability = Tensor<T>({regions});

    std::vector<ChangedPicture> changes;
    for (Index r = 0; r < regions; ++r) changes.push_back({0, detail::occupied_window(detail::one_mask(masks, r))});
    const auto fill = static_cast<T>(options.fill);
    const typename detail::ChangedWalker<T>::Paint paint = [&](std::size_t i, Tensor<T>& pixels) {
        const Tensor<T> mask = detail::mask_part(masks, static_cast<Index>(i), changes[i].window);
        for (Index p = 0; p < pixels.size(); ++p)
            pixels[p] = detail::hidden_value(pixels[p], mask[p % mask.size()], fill);
    };
    const detail::ChangedWalk walk{.what = "feature ablation",
                                   .steps = "regions",
                                   .method = options.method,
                                   .batch = options.batch,
                                   .memory = options.memory,
                                   .progress = options.progress};
    detail::ChangedWalker<T>(model, trace, walk, changes, paint).run([&](const detail::ChangedOutputs<T>& seen) {
        Tensor<T> probabilities = seen.output;
        detail::make_probabilities(model, probabilities);
        std::ranges::copy(probabilities, result.probabilities.begin() + seen.first * classes);
        for (Index i = 0; i < seen.count; ++i) result.probability[seen.first + i] = probabilities(i, result.target);
    });
    return result;
}

}  // namespace deconvviz
