/// @file
/// train_autoencoder: learning without labels, or with few, as a stacked what-where autoencoder.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/evaluate.hpp"
#include "deconvviz/train/loss.hpp"
#include "deconvviz/train/schedule.hpp"
#include "deconvviz/train/sgd.hpp"
#include "deconvviz/unsupervised/mirror.hpp"
#include "deconvviz/unsupervised/what_where_loss.hpp"

namespace deconvviz {

/// How an epoch went: means over its batches, each measured before its step.
struct AutoencoderReport {
    int epoch = 0;  // 1 … epochs
    int epochs = 0;
    double loss = 0;  // the weighted sum of all terms
    double reconstruction = 0;
    double middle = 0;          // the sum over the poolings
    double classification = 0;  // nats; 0 without labels
    double seconds = 0;         // since the beginning of the training
};

/// Options of train_autoencoder.
template <class T>
struct AutoencoderOptions {
    int epochs = 5;
    Index batch = 64;
    double learning_rate = 0.5;
    double momentum = 0.9;
    double weight_decay = 0;
    WhatWhereWeights weights = {};
    double classification = 1;  // λ_NLL, where labels are given
    /// The share of the values of each picture that are set to 0 before the model sees it, in [0, 1); the target is the
    /// picture with all of them. (A denoising autoencoder [vincent2010]; not in [zhao2015].)
    double masked = 0;
    Schedule schedule = schedule::cosine(0.05);
    std::uint64_t seed = 1;  // of the order of pictures, of what is masked, of dropout and of `augment`
    /// Changes a batch (N, C, H, W) before it is learned from, input and target alike. May be absent.
    std::function<void(Tensor<T>& images, Random& random)> augment = {};
    OnProgress progress = {};  // counts batches
};

namespace detail {

/// One training of an autoencoder under way.
template <class T>
class AutoencoderTraining {
  public:
    AutoencoderTraining(Sequential<T>& model, MirrorNetwork<T>& mirror, const Tensor<T>& images,
                        const Dataset<T>* labelled, const AutoencoderOptions<T>& options)
        : model_(model),
          mirror_(mirror),
          images_(images),
          labelled_(labelled),
          options_(options),
          model_sgd_({options.momentum, options.weight_decay}),
          mirror_sgd_({options.momentum, options.weight_decay}),
          good_model_(model),
          good_mirror_(mirror),
          batches_((images.shape()[0] + options.batch - 1) / options.batch),
          order_(static_cast<std::size_t>(images.shape()[0])),
          meter_("autoencoder", "batches", batches_ * options.epochs, options_.progress) {
        std::iota(order_.begin(), order_.end(), Index{0});
        for (const ModelParameter<T>& parameter : model.parameters())
            if (labelled || parameter.layer <= mirror.top()) trained_.push_back(parameter);
    }

    /// Throws DivergenceError, with the parameters as they were after the last epoch that went well.
    AutoencoderReport epoch(int number) {
        Random random(derived_seed(options_.seed, static_cast<std::uint64_t>(number)));
        random.shuffle(order_);
        AutoencoderReport report{.epoch = number, .epochs = options_.epochs};
        for (Index b = 0; b < batches_; ++b) {
            const auto first = static_cast<std::size_t>(b * options_.batch);
            const auto pictures = std::span<const Index>(order_).subspan(
                first, std::min(static_cast<std::size_t>(options_.batch), order_.size() - first));
            const double progress =
                (number - 1 + static_cast<double>(b) / static_cast<double>(batches_)) / options_.epochs;
            const double share = static_cast<double>(pictures.size()) / static_cast<double>(order_.size());
            const double loss = step(pictures, random, progress, share, report);
            if (!std::isfinite(loss)) diverged(concat("the loss of batch ", b + 1, " of epoch ", number, " is ", loss));
            meter_.advance();
        }
        expect_finite(model_.parameters(), "the model", number);
        expect_finite(mirror_.parameters(), "the mirror", number);
        good_model_ = model_;
        good_mirror_ = mirror_;
        report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        return report;
    }

  private:
    /// One step of both networks; returns its loss, and adds its share to the report.
    double step(std::span<const Index> pictures, Random& random, double progress, double share,
                AutoencoderReport& report) {
        take(pictures, random);
        const std::uint64_t pass = random.bits();
        model_.trace(seen_, trace_, {.training = true, .seed = pass, .last = static_cast<Index>(mirror_.top())});
        mirror_.trace(model_, trace_, trace_, decoded_);
        const WhatWhereLoss loss =
            what_where_loss(model_, mirror_, trace_, decoded_, target_, options_.weights, &gradients_);
        double total = loss.total;
        double classification = 0;
        if (labelled_) {
            classification = classify(random);
            total += options_.classification * classification;
        }
        if (!std::isfinite(total)) return total;
        const double rate = options_.learning_rate * options_.schedule(progress);
        model_sgd_.step(trained_, gradients_.model.layers, rate);
        mirror_sgd_.step(mirror_.parameters(), gradients_.mirror.layers, rate);
        report.loss += share * total;
        report.reconstruction += share * loss.reconstruction;
        report.middle += share * std::accumulate(loss.middle.begin(), loss.middle.end(), 0.0);
        report.classification += share * classification;
        return total;
    }

    /// A batch: what is to be reconstructed, and what the model sees of it.
    void take(std::span<const Index> pictures, Random& random) {
        target_.resize(images_.shape().sample().batched(static_cast<Index>(pictures.size())));
        for (std::size_t i = 0; i < pictures.size(); ++i)
            std::ranges::copy(images_.slice(pictures[i]), target_.slice(static_cast<Index>(i)).begin());
        if (options_.augment) options_.augment(target_, random);
        seen_ = target_;
        if (options_.masked > 0)
            for (T& value : seen_)
                if (random.chance(options_.masked)) value = 0;
    }

    /// Adds the gradients of λ_NLL · cross-entropy of the next labelled batch to those of the model; returns the
    /// cross-entropy.
    double classify(Random& random) {
        if (queue_.empty()) {
            queue_.resize(static_cast<std::size_t>(labelled_->size()));
            std::iota(queue_.begin(), queue_.end(), Index{0});
            random.shuffle(queue_);
        }
        const std::size_t count = std::min(static_cast<std::size_t>(options_.batch), queue_.size());
        gather(*labelled_, std::span<const Index>(queue_).last(count), target_, labels_);
        queue_.resize(queue_.size() - count);
        if (options_.augment) options_.augment(target_, random);
        model_.trace(target_, trace_, {.training = true, .seed = random.bits()});
        const LossReport report = softmax_cross_entropy<T>(trace_.output(), labels_, &grad_output_);
        if (!std::isfinite(report.loss)) return report.loss;
        model_.backward(trace_, grad_output_, supervised_);
        for (std::size_t i = 0; i < supervised_.layers.size(); ++i)
            for (std::size_t j = 0; j < supervised_.layers[i].size(); ++j) {
                const Tensor<T>& from = supervised_.layers[i][j];
                Tensor<T>& to = gradients_.model.layers[i][j];
                for (Index k = 0; k < from.size(); ++k) to[k] += static_cast<T>(options_.classification) * from[k];
            }
        return report.loss;
    }

    void expect_finite(const std::vector<ModelParameter<T>>& parameters, const std::string& whose, int number) {
        for (const ModelParameter<T>& parameter : parameters)
            for (const T value : *parameter.parameter.value)
                if (!std::isfinite(value))
                    diverged(concat("after epoch ", number, ", parameter ", parameter.name(), " of ", whose,
                                    " is not finite"));
    }

    /// Values only: references to the layers of both networks stay valid.
    static void restore(const std::vector<ModelParameter<T>>& to, const std::vector<ModelParameter<T>>& from) {
        for (std::size_t i = 0; i < to.size(); ++i) *to[i].parameter.value = *from[i].parameter.value;
    }

    [[noreturn]] void diverged(const std::string& what) {
        restore(model_.parameters(), good_model_.parameters());
        restore(mirror_.parameters(), good_mirror_.parameters());
        raise<DivergenceError>("the training of the autoencoder diverged: ", what,
                               "; model and mirror have the parameters of the last good epoch again. A smaller "
                               "learning rate than ",
                               options_.learning_rate, " may help");
    }

    Sequential<T>& model_;
    MirrorNetwork<T>& mirror_;
    const Tensor<T>& images_;
    const Dataset<T>* labelled_;
    const AutoencoderOptions<T>& options_;
    Sgd<T> model_sgd_;
    Sgd<T> mirror_sgd_;
    std::vector<ModelParameter<T>> trained_;
    Sequential<T> good_model_;
    MirrorNetwork<T> good_mirror_;
    Index batches_;
    std::vector<Index> order_;
    std::vector<Index> queue_;  // labelled pictures that are still to be taken
    Tensor<T> target_;
    Tensor<T> seen_;
    Trace<T> trace_;
    MirrorTrace<T> decoded_;
    WhatWhereGradients<T> gradients_;
    std::vector<int> labels_;
    Tensor<T> grad_output_;
    Gradients<T> supervised_;
    ProgressMeter meter_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

template <class T>
void expect_autoencoder(const Sequential<T>& model, const Tensor<T>& images, const AutoencoderOptions<T>& options) {
    if (images.rank() != 4 || images.shape()[0] == 0 || images.shape().sample() != model.input_shape())
        raise<ShapeError>("autoencoder: expected pictures ", model.input_shape(), " in a batch (N,C,H,W), got ",
                          images.shape());
    if (options.epochs < 1 || options.batch < 1 || !(options.learning_rate > 0) || !options.schedule)
        raise<OptionError>(
            "autoencoder: expected epochs and batch of at least 1, a learning rate above 0 and a schedule, got epochs "
            "= ",
            options.epochs, ", batch = ", options.batch, ", learning_rate = ", options.learning_rate);
    const WhatWhereWeights& w = options.weights;
    if (!(w.reconstruction >= 0) || !(w.middle >= 0) || !(options.classification >= 0) ||
        !(options.masked >= 0 && options.masked < 1))
        raise<OptionError>("autoencoder: expected weights of at least 0 and a masked share in [0, 1), got ",
                           "reconstruction = ", w.reconstruction, ", middle = ", w.middle,
                           ", classification = ", options.classification, ", masked = ", options.masked);
}

template <class T, class OnEpoch>
std::vector<AutoencoderReport> train_autoencoder(Sequential<T>& model, MirrorNetwork<T>& mirror,
                                                 const Tensor<T>& images, const Dataset<T>* labelled,
                                                 const AutoencoderOptions<T>& options, OnEpoch& on_epoch) {
    mirror.check(model);
    expect_autoencoder(model, images, options);
    if (labelled) expect_fit(model, *labelled);
    AutoencoderTraining<T> training(model, mirror, images, labelled, options);
    std::vector<AutoencoderReport> reports;
    for (int epoch = 1; epoch <= options.epochs; ++epoch) {
        reports.push_back(training.epoch(epoch));
        if constexpr (std::convertible_to<std::invoke_result_t<OnEpoch&, const AutoencoderReport&>, bool>) {
            if (!on_epoch(reports.back())) break;
        } else {
            on_epoch(reports.back());
        }
    }
    return reports;
}

}  // namespace detail

/// Trains a model's convolutional part and its mirror together to reconstruct pictures (N, C, H, W): a stacked
/// what-where autoencoder without labels [zhao2015], by the loss of what_where_loss and stochastic gradient descent
/// with momentum on mini-batches in a seeded random order. Layers above the mirror's top stay as they are. It starts
/// from the parameters that both have.
///
///     auto decoder = mirror(model, {.filters = MirrorFilters::tied});
///     train_autoencoder(model, decoder, pictures, {.epochs = 5});
///
/// `on_epoch(const AutoencoderReport&)` is called after each epoch; where it returns a bool, false ends the training.
/// The same seed gives the same networks on any number of threads.
///
/// Throws ShapeError where model and pictures do not fit, OptionError for options that make no sense, StateError for
/// the mirror of another model. A loss or parameter that is not finite (as from a NaN in a picture) throws
/// DivergenceError; both networks then have the parameters that they had after the last good epoch (or at the start).
/// Cancelled by `progress`, it throws CancelledError and leaves the parameters as the last step made them.
/// Cost of a step: about twice that of fit's for the same convolutions.
template <class T, class OnEpoch>
requires std::invocable<OnEpoch&, const AutoencoderReport&> std::vector<AutoencoderReport> train_autoencoder(
    Sequential<T>& model, MirrorNetwork<T>& mirror, const Tensor<T>& images,
    const std::type_identity_t<AutoencoderOptions<T>>& options, OnEpoch&& on_epoch) {
    return detail::train_autoencoder<T>(model, mirror, images, nullptr, options, on_epoch);
}

template <class T>
std::vector<AutoencoderReport> train_autoencoder(Sequential<T>& model, MirrorNetwork<T>& mirror,
                                                 const Tensor<T>& images,
                                                 const std::type_identity_t<AutoencoderOptions<T>>& options = {}) {
    return train_autoencoder(model, mirror, images, options, [](const AutoencoderReport&) {});
}

/// The same with labels for some pictures [zhao2015]: to each step's loss comes λ_NLL · softmax cross-entropy of a
/// batch of the labelled ones, which goes through the whole model, whose output are logits. The labelled pictures are
/// gone through in a random order, again and again; they are not masked, and learned to be reconstructed only where
/// `images` has them too. All of the model is trained. Throws also what fit throws for a model and data that do not
/// fit.
template <class T, class OnEpoch>
requires std::invocable<OnEpoch&, const AutoencoderReport&> std::vector<AutoencoderReport> train_autoencoder(
    Sequential<T>& model, MirrorNetwork<T>& mirror, const Tensor<T>& images, const Dataset<T>& labelled,
    const std::type_identity_t<AutoencoderOptions<T>>& options, OnEpoch&& on_epoch) {
    return detail::train_autoencoder(model, mirror, images, &labelled, options, on_epoch);
}

template <class T>
std::vector<AutoencoderReport> train_autoencoder(Sequential<T>& model, MirrorNetwork<T>& mirror,
                                                 const Tensor<T>& images, const Dataset<T>& labelled,
                                                 const std::type_identity_t<AutoencoderOptions<T>>& options = {}) {
    return train_autoencoder(model, mirror, images, labelled, options, [](const AutoencoderReport&) {});
}

}  // namespace deconvviz
