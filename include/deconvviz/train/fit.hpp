/// @file
/// fit: training of a classifier.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
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

namespace deconvviz {

/// How an epoch went. Loss and accuracy are means over the epoch's batches, each measured before its step.
struct EpochReport {
    int epoch = 0;  // 1 … epochs
    int epochs = 0;
    double loss = 0;
    double accuracy = 0;  // in [0, 1]
    double seconds = 0;   // since the beginning of the training
};

/// How far an epoch is, after each batch; for progress lines.
struct BatchReport {
    int epoch = 0;
    int epochs = 0;
    Index batch = 0;  // 1 … batches
    Index batches = 0;
    double loss = 0;  // means over the epoch so far
    double accuracy = 0;
    double seconds = 0;       // since the beginning of the training
    double seconds_left = 0;  // estimated from the batches so far
};

/// Options of fit.
template <class T>
struct FitOptions {
    int epochs = 5;
    Index batch = 64;
    double learning_rate = 0.05;
    double momentum = 0.9;
    double weight_decay = 0;
    double filter_rms_limit = 0;  // 0 for none; see limit_filter_rms
    Schedule schedule = schedule::cosine();
    std::uint64_t seed = 1;  // of the order of pictures, of dropout and of `augment`
    /// Changes a batch (N, C, H, W) before it is learned from: shifts, flips, … May be absent.
    std::function<void(Tensor<T>& images, Random& random)> augment = {};
    /// Called after each batch. May be absent.
    std::function<void(const BatchReport&)> on_batch = {};
    OnProgress progress = {};  // told after each batch, in batches of all epochs; may cancel
};

namespace detail {

/// One training under way.
template <class T>
class Training {
  public:
    Training(Sequential<T>& model, const Dataset<T>& data, const FitOptions<T>& options)
        : model_(model),
          data_(data),
          options_(options),
          sgd_({options.momentum, options.weight_decay, options.filter_rms_limit}),
          good_(model),
          order_(static_cast<std::size_t>(data.size())),
          meter_("fit", "batches", options.epochs * ((data.size() + options.batch - 1) / options.batch),
                 options.progress) {
        std::iota(order_.begin(), order_.end(), Index{0});
    }

    /// Throws DivergenceError, with the parameters as they were after the last epoch that went well.
    EpochReport epoch(int number) {
        Random random(derived_seed(options_.seed, static_cast<std::uint64_t>(number)));
        random.shuffle(order_);
        const Index batches = (data_.size() + options_.batch - 1) / options_.batch;
        double loss = 0;
        Index correct = 0;
        Index seen = 0;
        for (Index b = 0; b < batches; ++b) {
            const Index count = std::min(options_.batch, data_.size() - seen);
            const double progress =
                (number - 1 + static_cast<double>(b) / static_cast<double>(batches)) / options_.epochs;
            const LossReport report = step(
                std::span<const Index>(order_).subspan(static_cast<std::size_t>(seen), static_cast<std::size_t>(count)),
                random, progress);
            if (!std::isfinite(report.loss))
                diverged(concat("the loss of batch ", b + 1, " of epoch ", number, " is ", report.loss));
            loss += report.loss * static_cast<double>(count);
            correct += report.correct;
            seen += count;
            if (options_.on_batch) {
                const Progress at = meter_.at((number - 1) * batches + b + 1);
                options_.on_batch({number, options_.epochs, b + 1, batches, loss / static_cast<double>(seen),
                                   static_cast<double>(correct) / static_cast<double>(seen), at.seconds,
                                   at.seconds_left});
            }
            meter_.advance();
        }
        for (const auto& parameter : model_.parameters())
            for (const T value : *parameter.parameter.value)
                if (!std::isfinite(value))
                    diverged(concat("after epoch ", number, ", parameter ", parameter.name(), " is not finite"));
        good_ = model_;
        return {number, options_.epochs, loss / static_cast<double>(seen),
                static_cast<double>(correct) / static_cast<double>(seen), meter_.at(number * batches).seconds};
    }

  private:
    LossReport step(std::span<const Index> pictures, Random& random, double progress) {
        gather(data_, pictures, images_, labels_);
        if (options_.augment) options_.augment(images_, random);
        model_.trace(images_, trace_, {.training = true, .seed = random.bits()});
        const LossReport report = softmax_cross_entropy<T>(trace_.output(), labels_, &grad_output_);
        if (!std::isfinite(report.loss)) return report;
        model_.backward(trace_, grad_output_, gradients_);
        sgd_.step(model_, gradients_, options_.learning_rate * options_.schedule(progress));
        return report;
    }

    [[noreturn]] void diverged(const std::string& what) {
        const auto good = good_.parameters();  // values only: references to the model's layers stay valid
        for (std::size_t i = 0; const auto& parameter : model_.parameters())
            *parameter.parameter.value = *good[i++].parameter.value;
        detail::raise<DivergenceError>(
            "the training diverged: ", what,
            "; the model has the parameters of the last good epoch again. A smaller learning rate "
            "than ",
            options_.learning_rate, " may help");
    }

    Sequential<T>& model_;
    const Dataset<T>& data_;
    const FitOptions<T>& options_;
    Sgd<T> sgd_;
    Sequential<T> good_;
    std::vector<Index> order_;
    ProgressMeter meter_;
    Tensor<T> images_;
    std::vector<int> labels_;
    Trace<T> trace_;
    Tensor<T> grad_output_;
    Gradients<T> gradients_;
};

}  // namespace detail

/// Trains a model whose output are logits, by softmax cross-entropy and stochastic gradient descent with momentum on
/// mini-batches in a seeded random order. It starts from the parameters that the model has: `initialise` draws new
/// ones. The last batch of an epoch may be smaller. The same seed gives the same model on any number of threads.
///
/// `on_epoch(const EpochReport&)` is called after each epoch; where it returns a bool, false ends the training.
/// Returns the reports of all epochs.
///
/// Throws ShapeError where model and data do not fit, OptionError for an empty data set or options that make no sense.
/// A loss or parameter that is not finite throws DivergenceError; the model then has the parameters that it had after
/// the last good epoch (or at the start). CancelledError where `progress` said so; the parameters are as the last batch
/// made them. Memory: one trace of a batch, the gradients, velocities and a copy of the
/// model.
template <class T, class OnEpoch>
requires std::invocable<OnEpoch&, const EpochReport&> std::vector<EpochReport> fit(
    Sequential<T>& model, const Dataset<T>& data, const std::type_identity_t<FitOptions<T>>& options,
    OnEpoch&& on_epoch) {
    detail::expect_fit(model, data);
    if (options.epochs < 1 || options.batch < 1 || !(options.learning_rate > 0) || !options.schedule)
        detail::raise<OptionError>(
            "fit: expected epochs and batch of at least 1, a learning rate above 0 and a "
            "schedule, got epochs = ",
            options.epochs, ", batch = ", options.batch, ", learning_rate = ", options.learning_rate);
    detail::Training<T> training(model, data, options);
    std::vector<EpochReport> reports;
    for (int epoch = 1; epoch <= options.epochs; ++epoch) {
        reports.push_back(training.epoch(epoch));
        if constexpr (std::convertible_to<std::invoke_result_t<OnEpoch&, const EpochReport&>, bool>) {
            if (!on_epoch(reports.back())) break;
        } else {
            on_epoch(reports.back());
        }
    }
    return reports;
}

template <class T>
std::vector<EpochReport> fit(Sequential<T>& model, const Dataset<T>& data,
                             const std::type_identity_t<FitOptions<T>>& options = {}) {
    return fit(model, data, options, [](const EpochReport&) {});
}

}  // namespace deconvviz
