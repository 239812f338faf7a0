/// @file
/// Feature invariance: how far a layer's features, and the answer, move when the picture is shifted, enlarged or
/// turned.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/transform.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {

/// How far two feature vectors are apart. euclidean: |f - f'|. relative: |f - f'| / |f|, f that of the picture as it
/// is; then layers of different size and scale compare. Where |f| is 0 there is no ratio: NaN.
enum class FeatureDistance { euclidean, relative };

/// Options of invariance.
struct InvarianceOptions {
    Transformation transformation = Transformation::translation_y;
    std::vector<double> amounts = {};  // by default those of the paper, for the picture's size: paper_amounts
    std::vector<LayerId> layers = {};  // by default the first and the last of feature_layers
    FeatureDistance distance = FeatureDistance::euclidean;
    BorderOptions border = {};
    Index batch = 64;          // pictures that go through the model at once; bounds the memory
    OnProgress progress = {};  // told after each batch, in pictures
};

/// What invariance measured: L layers, N pictures, A amounts.
template <class T>
struct Invariance {
    Transformation transformation = Transformation::translation_y;
    FeatureDistance distance = FeatureDistance::euclidean;
    BorderOptions border;
    std::vector<double> amounts;      // A, as they were given
    std::vector<std::string> layers;  // L: names
    std::vector<int> labels;          // N: the true classes
    Tensor<T> distances;              // (L, N, A): between a picture's features and those of the transformed picture
    Tensor<T> norms;                  // (L, N): |f| of each picture as it is
    Tensor<T> probability;            // (N, A): of the true class
    Tensor<T> unchanged;              // (N): the same for each picture as it is

    Index pictures() const { return static_cast<Index>(labels.size()); }
};

/// `count` amounts at equal distances, both ends among them; for 1 it is `low`. Throws OptionError for a count below 1.
inline std::vector<double> evenly_spaced(double low, double high, Index count) {
    if (count < 1) detail::raise<OptionError>("evenly spaced: expected at least one amount, got ", count);
    std::vector<double> amounts(static_cast<std::size_t>(count), low);
    for (Index i = 1; i < count; ++i)
        amounts[static_cast<std::size_t>(i)] =
            low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1);
    return amounts;
}

/// The ranges of [zeiler2014, §4.1, Fig. 5], read from its axes, for pictures of shape (C, H, W): shifts by up to 60 of
/// 224 pixels to both sides, here the same share of the side, in whole pixels (of large pictures every second, third,
/// …: at most 61 amounts); factors 1, 1.05, …, 1.8; angles 0, 10, …, 350. The paper does not give its steps.
inline std::vector<double> paper_amounts(Transformation transformation, const Shape& picture) {
    if (picture.rank() != 3)
        detail::raise<ShapeError>("paper amounts: expected the shape (C,H,W) of a picture, got ", picture);
    if (transformation == Transformation::scale) return evenly_spaced(1, 1.8, 17);
    if (transformation == Transformation::rotation) return evenly_spaced(0, 350, 36);
    const Index side = picture[transformation == Transformation::translation_y ? 1 : 2];
    const Index furthest = std::max<Index>(1, (2 * 60 * side + 224) / (2 * 224));  // rounded
    const Index step = (furthest + 29) / 30, steps = furthest / step;
    const auto reach = static_cast<double>(steps * step);
    return evenly_spaced(-reach, reach, 2 * steps + 1);
}

/// Where the feature layers of a model end, in the paper's way of counting: such a layer begins with one that has
/// parameters (a convolution, a dense layer) and takes in what follows it, rectification, pooling, normalisation;
/// flatten and dropout, which change no feature, are left out. The last one, which gives the classes, is no feature
/// layer. For a model with but one layer of parameters, that one; for a model with none, the last layer.
template <class T>
std::vector<std::size_t> feature_layers(const Sequential<T>& model) {
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < model.size(); ++i) {
        const AnyLayer<T>& layer = model.layer(i);
        if (!layer.parameter_shapes().empty())
            ends.push_back(i);
        else if (!ends.empty() && layer.kind() != "Flatten" && layer.kind() != "Dropout")
            ends.back() = i;
    }
    if (ends.empty()) return {model.size() - 1};
    if (ends.size() > 1) ends.pop_back();
    return ends;
}

namespace detail {

template <class T>
void check(const Sequential<T>& model, const Tensor<T>& images, const std::vector<int>& labels,
           const InvarianceOptions& options) {
    const Shape& shape = images.shape();
    if (model.input_shape().rank() != 3 || shape.rank() != 4 || shape.sample() != model.input_shape() || shape[0] < 1)
        raise<ShapeError>("invariance: expected pictures (N,C,H,W), each ", model.input_shape(), ", got ", shape);
    expect_classes(model, "invariance");
    if (std::cmp_not_equal(labels.size(), shape[0]))
        raise<ShapeError>("invariance: expected ", shape[0], " labels, one for each picture, got ", labels.size());
    for (const int label : labels)
        if (label < 0 || label >= model.output_shape()[0])
            raise<OptionError>("invariance: there is no class ", label, ": the classes are 0 … ",
                               model.output_shape()[0] - 1);
    if (options.batch < 1) raise<OptionError>("invariance: expected a batch of at least 1, got ", options.batch);
    for (const double amount : options.amounts) {
        const bool scales = options.transformation == Transformation::scale;
        if (!std::isfinite(amount) || (scales && amount <= 0))
            raise<OptionError>("invariance: expected amounts that are finite", scales ? " factors above 0" : "",
                               ", got ", amount);
    }
}

/// Summed in double, in order.
template <class T>
double euclidean(std::span<const T> a, std::span<const T> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double apart = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sum += apart * apart;
    }
    return std::sqrt(sum);
}

template <class T>
double norm(std::span<const T> a) {
    double sum = 0;
    for (const T value : a) sum += static_cast<double>(value) * static_cast<double>(value);
    return std::sqrt(sum);
}

/// One measurement under way: the features of the pictures as they are, and the memory of a forward pass.
template <class T>
class InvarianceRun {
  public:
    InvarianceRun(const Sequential<T>& model, const Tensor<T>& images, const InvarianceOptions& options,
                  Invariance<T>& result)
        : model_(model), images_(images), batch_(options.batch), result_(result) {
        for (const std::string& layer : result.layers) layers_.push_back(model.index(layer));
        features_.resize(layers_.size());
    }

    /// Features, norms and probabilities of the pictures first … first + count - 1 as they are.
    void originals(Index first, Index count) {
        forward(count, [&](Index i) { return images_.entry(first + i); });
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            const Tensor<T>& seen = trace_.activation(layers_[l]);
            if (features_[l].empty()) features_[l] = Tensor<T>(seen.shape().sample().batched(images_.shape()[0]));
            for (Index i = 0; i < count; ++i) {
                std::ranges::copy(seen.slice(i), features_[l].slice(first + i).begin());
                result_.norms(static_cast<Index>(l), first + i) = static_cast<T>(norm(seen.slice(i)));
            }
        }
        for (Index i = 0; i < count; ++i) result_.unchanged[first + i] = true_class(i, first + i);
    }

    /// Distances and probabilities of transformed pictures, counted picture by picture, each with all amounts.
    void transformations(Index first, Index count) {
        const auto amounts = static_cast<Index>(result_.amounts.size());
        forward(count, [&](Index i) {
            return transformed(images_.entry((first + i) / amounts), result_.transformation,
                               result_.amounts[static_cast<std::size_t>((first + i) % amounts)], result_.border);
        });
        parallel_for(count, 1, [&](Index begin, Index end) {
            for (Index i = begin; i < end; ++i) {
                const Index picture = (first + i) / amounts, amount = (first + i) % amounts;
                for (Index l = 0; l < static_cast<Index>(layers_.size()); ++l)
                    result_.distances(l, picture, amount) = distance(l, picture, i);
                result_.probability(picture, amount) = true_class(i, picture);
            }
        });
    }

    Index batch() const { return batch_; }

  private:
    /// Fills the batch with `count` pictures and runs the model.
    template <class PictureAt>
    void forward(Index count, const PictureAt& picture_at) {
        input_.resize(images_.shape().sample().batched(count));
        parallel_for(count, 1, [&](Index begin, Index end) {
            for (Index i = begin; i < end; ++i) std::ranges::copy(picture_at(i), input_.slice(i).begin());
        });
        model_.trace(input_, trace_);
        probabilities_ = trace_.output();
        make_probabilities(model_, probabilities_);
    }

    T true_class(Index in_batch, Index picture) const {
        return probabilities_(in_batch, static_cast<Index>(result_.labels[static_cast<std::size_t>(picture)]));
    }

    T distance(Index l, Index picture, Index in_batch) const {
        const auto layer = static_cast<std::size_t>(l);
        const std::span<const T> original = features_[layer].slice(picture);
        const double apart = euclidean<T>(original, trace_.activation(layers_[layer]).slice(in_batch));
        if (result_.distance == FeatureDistance::euclidean) return static_cast<T>(apart);
        const double length = norm<T>(original);
        return length == 0 ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(apart / length);
    }

    const Sequential<T>& model_;
    const Tensor<T>& images_;
    Index batch_;
    Invariance<T>& result_;
    std::vector<std::size_t> layers_;
    std::vector<Tensor<T>> features_;  // for each layer (N, …): of the pictures as they are
    Tensor<T> input_;
    Trace<T> trace_;
    Tensor<T> probabilities_;
};

}  // namespace detail

/// Transforms each picture by each amount, and measures how far its features at chosen layers move and what becomes of
/// its true class's probability [zeiler2014, §4.1, Fig. 5]. `images` is (N, C, H, W), `labels` their N true classes;
/// the model takes pictures of that shape and ends in logits or in a Softmax.
///
///     auto turned = invariance(model, images, labels, {.transformation = Transformation::rotation});
///     turned.distances(0, 2, 9);  // how far layer 0's features of picture 2 moved at turned.amounts[9]
///
/// Where the paper is silent: whether its distance is normalised (`distance`), what lies beyond the border of a shifted
/// picture (`border`), the steps (`amounts`), and which output counts as a layer's: here any layer of the model, by
/// default those of feature_layers that correspond to the paper's layers 1 and 7. Distances are summed in double. A
/// transformation that changes nothing has a distance of exactly 0. A NaN or infinite pixel makes
/// such features, and they such distances and probabilities; the numbers of the other pictures stay as they are.
///
/// Results do not depend on the batch or the number of threads. Throws ShapeError for pictures, labels or a model that
/// do not fit, OptionError for an unknown layer or class, a batch below 1 or an amount that is no number (for scale:
/// none above 0), CancelledError where `progress` said so. Cost: N · (A + 1) forward passes. Memory: the activations of
/// one batch, and the N pictures' features at the L layers.
template <class T>
Invariance<T> invariance(const Sequential<T>& model, const Tensor<T>& images, const std::vector<int>& labels,
                         const InvarianceOptions& options = {}) {
    detail::check(model, images, labels, options);
    Invariance<T> result;
    result.transformation = options.transformation;
    result.distance = options.distance;
    result.border = options.border;
    result.amounts =
        options.amounts.empty() ? paper_amounts(options.transformation, model.input_shape()) : options.amounts;
    result.labels = labels;
    for (const LayerId& layer : options.layers) result.layers.push_back(model.name(layer));
    if (options.layers.empty()) {
        const std::vector<std::size_t> all = feature_layers(model);
        result.layers.push_back(model.name(all.front()));
        if (all.size() > 1) result.layers.push_back(model.name(all.back()));
    }
    const auto layers = static_cast<Index>(result.layers.size()), amounts = static_cast<Index>(result.amounts.size());
    const Index pictures = images.shape()[0];
    result.distances = Tensor<T>({layers, pictures, amounts});
    result.norms = Tensor<T>({layers, pictures});
    result.probability = Tensor<T>({pictures, amounts});
    result.unchanged = Tensor<T>({pictures});

    detail::InvarianceRun<T> run(model, images, options, result);
    detail::ProgressMeter meter("invariance", "pictures", pictures * (amounts + 1), options.progress);
    for (Index first = 0; first < pictures; first += options.batch) {
        const Index count = std::min(options.batch, pictures - first);
        run.originals(first, count);
        meter.advance(count);
    }
    for (Index first = 0; first < pictures * amounts; first += options.batch) {
        const Index count = std::min(options.batch, pictures * amounts - first);
        run.transformations(first, count);
        meter.advance(count);
    }
    return result;
}

}  // namespace deconvviz
