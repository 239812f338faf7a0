/// @file
/// The loss of a stacked what-where autoencoder, and its gradients in model and mirror.
#pragma once

#include <algorithm>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/unsupervised/mirror.hpp"

namespace deconvviz {

/// The weights λ of the terms; the ratio of the two is that of a public re-implementation of [zhao2015].
struct WhatWhereWeights {
    double reconstruction = 1;
    double middle = 0.2;
};

/// The terms of the loss for a batch, without their weights.
struct WhatWhereLoss {
    double reconstruction = 0;   // mean over pictures and values of (x - x̃)²
    std::vector<double> middle;  // the same for the maps behind each pooling below the top, from the top down
    double total = 0;            // the weighted sum
};

/// The gradients of the total with respect to all parameters, and the memory of the walk.
template <class T>
struct WhatWhereGradients {
    Gradients<T> model;  // zero for layers above the mirror's top
    MirrorGradients<T> mirror;
    std::vector<Tensor<T>> signals;
};

namespace detail {

/// The mean of (a - b)² over all values, the sums of the pictures added up in order.
template <class T>
double mean_square_difference(const Tensor<T>& a, const Tensor<T>& b) {
    std::vector<double> sums(static_cast<std::size_t>(a.shape()[0]));
    parallel_for(a.shape()[0], 1, [&](Index begin, Index end) {
        for (Index n = begin; n < end; ++n) {
            const auto left = a.slice(n), right = b.slice(n);
            double sum = 0;
            for (std::size_t i = 0; i < left.size(); ++i) {
                const double difference = static_cast<double>(left[i]) - static_cast<double>(right[i]);
                sum += difference * difference;
            }
            sums[static_cast<std::size_t>(n)] = sum;
        }
    });
    double all = 0;
    for (const double sum : sums) all += sum;
    return all / static_cast<double>(a.size());
}

/// The gradient of weight · mean_square_difference(a, b) with respect to a: added (+=) or written (=).
template <class T>
void add_difference(const Tensor<T>& a, const Tensor<T>& b, double weight, Tensor<T>& grad) {
    const T factor = static_cast<T>(2 * weight / static_cast<double>(a.size()));
    for (Index i = 0; i < a.size(); ++i) grad[i] += factor * (a[i] - b[i]);
}
template <class T>
void write_difference(const Tensor<T>& a, const Tensor<T>& b, double weight, Tensor<T>& grad) {
    grad.resize(a.shape());
    grad.fill(T(0));
    add_difference(a, b, weight, grad);
}

/// Is the map above step k of the mirror compared with that of the model? Not at the top, where it is the same one.
template <class T>
bool has_middle_loss(const MirrorNetwork<T>& mirror, std::size_t k) {
    return k > 0 && mirror.steps()[k].unpools;
}

/// The way back through the model, from the mirror's top, where its gradient arrives, down.
template <class T>
void encoder_backward(const Sequential<T>& model, const MirrorNetwork<T>& mirror, const Trace<T>& trace,
                      const MirrorTrace<T>& decoded, const WhatWhereWeights& weights,
                      WhatWhereGradients<T>& gradients) {
    Gradients<T>& all = gradients.model;
    all.layers.resize(model.size());
    for (std::size_t i = 0; i < model.size(); ++i) {
        const std::vector<Shape> shapes = model.layer(i).parameter_shapes();
        all.layers[i].resize(shapes.size());
        for (std::size_t j = 0; j < shapes.size(); ++j) {
            all.layers[i][j].resize(shapes[j]);
            if (i > mirror.top()) all.layers[i][j].fill(T(0));
        }
    }
    std::swap(all.above, gradients.mirror.what);
    const auto& steps = mirror.steps();
    std::size_t k = 0;
    for (std::size_t i = mirror.top() + 1; i-- > 0;) {
        const bool mirrored = k < steps.size() && steps[k].layer == i;
        if (mirrored && has_middle_loss(mirror, k))
            add_difference(trace.activation(i), decoded.signals[k - 1], weights.middle, all.above);
        model.layer(i).backward(trace.layer(i), all.above, i > 0 ? &all.below : nullptr, all.layers[i]);
        if (mirrored && !gradients.mirror.tied[k].empty()) {
            const Tensor<T>& tied = gradients.mirror.tied[k];
            for (Index w = 0; w < tied.size(); ++w) all.layers[i][0][w] += tied[w];
        }
        if (mirrored) ++k;
        std::swap(all.above, all.below);
    }
}

}  // namespace detail

/// λ_rec · mean (x - x̃)² + λ_M · Σ_m mean (x_m - x̃_m)² [zhao2015], where x is `target` (for an ordinary autoencoder
/// what went into the model: trace.input()), x̃ the mirror's reconstruction, x_m the maps behind pooling m of the model
/// and x̃_m those that the mirror makes in the same place; m runs over all poolings but one at the top. The means are
/// over pictures and values, so that the weights mean the same for pictures and maps of any size. (The paper has sums;
/// the two differ by constant factors in the weights.)
///
/// `gradients`, where given, receives the true gradients with respect to the parameters of both networks; those of tied
/// filters are the sum of both ways. The switches count as constants.
/// Throws StateError where trace or pass are not those of model and mirror, ShapeError for a target of another shape.
template <class T>
WhatWhereLoss what_where_loss(const Sequential<T>& model, const MirrorNetwork<T>& mirror, const Trace<T>& trace,
                              const MirrorTrace<T>& decoded, const Tensor<T>& target,
                              const WhatWhereWeights& weights = {}, WhatWhereGradients<T>* gradients = nullptr) {
    mirror.check(model, trace);
    if (decoded.signals.size() != mirror.steps().size() || decoded.reconstruction().shape() != trace.input().shape())
        detail::raise<StateError>("what-where loss: the mirror's pass is not one of this mirror and trace");
    if (target.shape() != trace.input().shape())
        detail::raise<ShapeError>("what-where loss: expected a target ", trace.input().shape(), ", got ",
                                  target.shape());
    const Tensor<T>& reconstruction = decoded.reconstruction();
    WhatWhereLoss loss;
    loss.reconstruction = detail::mean_square_difference(reconstruction, target);
    loss.total = weights.reconstruction * loss.reconstruction;
    const std::size_t count = mirror.steps().size();
    if (gradients) {
        gradients->signals.resize(count);
        for (Tensor<T>& signal : gradients->signals) signal.resize({0});
        detail::write_difference(reconstruction, target, weights.reconstruction, gradients->signals.back());
    }
    for (std::size_t k = 1; k < count; ++k) {
        if (!detail::has_middle_loss(mirror, k)) continue;
        const Tensor<T>& ours = decoded.signals[k - 1];
        const Tensor<T>& theirs = trace.activation(mirror.steps()[k].layer);
        loss.middle.push_back(detail::mean_square_difference(ours, theirs));
        loss.total += weights.middle * loss.middle.back();
        if (gradients) detail::write_difference(ours, theirs, weights.middle, gradients->signals[k - 1]);
    }
    if (gradients) {
        mirror.backward(model, trace, decoded, gradients->signals, gradients->mirror);
        detail::encoder_backward(model, mirror, trace, decoded, weights, *gradients);
    }
    return loss;
}

}  // namespace deconvviz
