// fit: learns, stops, repeats itself bit by bit, survives divergence.
#include "deconvviz/train/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Tensor;
using Parameters = std::vector<Tensor<float>>;

namespace {

/// Noise with a bright bar: upright at a random column (class 0), lying at a random row (class 1), or none (class 2).
template <class T>
dv::Dataset<T> bars(Index count, std::uint64_t seed) {
    dv::Dataset<T> data{support::random_tensor<T>({count, 1, 8, 8}, seed, 0, 0.3), {}, 3};
    dv::Random random(seed + 1);
    for (Index n = 0; n < count; ++n) {
        const int label = static_cast<int>(n % 3);
        const Index at = random.below(8);
        data.labels.push_back(label);
        for (Index i = 0; i < 8 && label < 2; ++i)
            (label == 0 ? data.images(n, 0, i, at) : data.images(n, 0, at, i)) += 1;
    }
    return data;
}

template <class T>
dv::Sequential<T> bar_model() {
    return dv::Sequential<T>({1, 8, 8}, dv::Conv2D<T>({.in = 1, .out = 6, .kernel = 3, .padding = 1}), dv::ReLU<T>(),
                             dv::MaxPool2D<T>(), dv::Flatten<T>(), dv::Dropout<T>({.rate = 0.1}),
                             dv::Dense<T>({.in = 96, .out = 3}));
}

dv::Sequential<float> linear_model() {
    return dv::Sequential<float>({1, 8, 8}, dv::Flatten<float>(), dv::Dense<float>({.in = 64, .out = 3}));
}

Parameters parameters(dv::Sequential<float> model) {
    Parameters all;
    for (const auto& parameter : model.parameters()) all.push_back(*parameter.parameter.value);
    return all;
}

Parameters trained(const dv::Dataset<float>& data, dv::FitOptions<float> options) {
    auto model = bar_model<float>();
    options.epochs = 2;
    options.batch = 16;
    dv::fit(model, data, options);
    return parameters(model);
}

void check_learns(auto scalar) {
    using T = decltype(scalar);
    auto model = bar_model<T>();
    const auto reports = dv::fit(model, bars<T>(240, 1), {.epochs = 8, .batch = 20});
    REQUIRE(reports.size() == 8);
    for (int i = 0; i < 8; ++i) {
        CHECK(reports[static_cast<std::size_t>(i)].epoch == i + 1);
        CHECK(reports[static_cast<std::size_t>(i)].epochs == 8);
    }
    CHECK(reports.back().loss < 0.3 * reports.front().loss);
    CHECK(reports.back().accuracy > 0.95);
    CHECK(reports.back().seconds >= reports.front().seconds);
    CHECK(dv::evaluate(model, bars<T>(90, 100)).accuracy > 0.95);
}

}  // namespace

TEST_CASE("fit: learns bars, in float and in double") {
    check_learns(float{});
    check_learns(double{});
}

TEST_CASE("fit: the callback sees each epoch and ends the training with false") {
    const auto data = bars<float>(12, 1);
    auto model = linear_model();
    std::vector<int> seen;
    auto reports = dv::fit(model, data, {.epochs = 9}, [&](const dv::EpochReport& report) {
        seen.push_back(report.epoch);
        return report.epoch < 3;
    });
    CHECK(seen == std::vector<int>{1, 2, 3});
    CHECK(reports.size() == 3);
    seen.clear();
    reports = dv::fit(model, data, {.epochs = 4}, [&](const dv::EpochReport& report) { seen.push_back(report.epoch); });
    CHECK(seen == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("fit: the same seed gives the same bits on any number of threads, another seed others") {
    const auto data = bars<float>(90, 3);
    const int before = dv::threads();
    dv::set_threads(1);
    const Parameters one = trained(data, {.seed = 5});
    CHECK(one == trained(data, {.seed = 5}));
    CHECK(one != trained(data, {.seed = 6}));
    for (const int threads : {2, 3}) {
        dv::set_threads(threads);
        CHECK(one == trained(data, {.seed = 5}));
    }
    dv::set_threads(before);
}

TEST_CASE("fit: the last batch of an epoch may be smaller, and on_batch counts them") {
    auto model = linear_model();
    std::vector<Index> sizes;
    std::vector<std::pair<int, Index>> seen;
    dv::FitOptions<float> options{.epochs = 2, .batch = 4};
    options.augment = [&](Tensor<float>& images, dv::Random&) { sizes.push_back(images.shape()[0]); };
    options.on_batch = [&](const dv::BatchReport& report) {
        seen.emplace_back(report.epoch, report.batch);
        CHECK(report.batches == 3);
        CHECK(report.epochs == 2);
        CHECK(report.loss > 0);
        CHECK(report.accuracy >= 0);
        CHECK(report.seconds_left >= 0);
    };
    dv::fit(model, bars<float>(10, 2), options);
    CHECK(sizes == std::vector<Index>{4, 4, 2, 4, 4, 2});
    CHECK(seen == std::vector<std::pair<int, Index>>{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {2, 2}, {2, 3}});
}

TEST_CASE("fit: progress counts the batches of all epochs, and can cancel between two") {
    auto model = linear_model();
    std::vector<Index> done;
    dv::FitOptions<float> options{.epochs = 2, .batch = 4};
    options.progress = [&](const dv::Progress& progress) {
        CHECK(progress.total == 6);
        done.push_back(progress.done);
        return progress.done < 5;
    };
    CHECK_THROWS_WITH_AS(dv::fit(model, bars<float>(10, 2), options), "fit: cancelled after 5 of 6 batches",
                         dv::CancelledError);
    CHECK(done == std::vector<Index>{1, 2, 3, 4, 5});
}

TEST_CASE("fit: reports the mean over pictures, also where the last batch is smaller") {
    const auto data = bars<float>(10, 2);
    auto model = linear_model();
    const auto known = dv::evaluate(model, data);
    const auto report = dv::fit(model, data, {.epochs = 1, .batch = 4, .learning_rate = 1e-30}).front();
    CHECK(report.loss == doctest::Approx(known.loss).epsilon(1e-6));
    CHECK(report.accuracy == doctest::Approx(known.accuracy).epsilon(1e-12));
}

TEST_CASE("fit: every picture is seen once in an epoch, in an order that changes") {
    dv::Dataset<float> data = bars<float>(20, 2);
    for (Index n = 0; n < 20; ++n) data.images(n, 0, 0, 0) = static_cast<float>(n);
    auto model = linear_model();
    std::vector<float> order;
    dv::FitOptions<float> options{.epochs = 2, .batch = 7, .learning_rate = 1e-6};
    options.augment = [&](Tensor<float>& images, dv::Random&) {
        for (Index n = 0; n < images.shape()[0]; ++n) order.push_back(images(n, 0, 0, 0));
    };
    dv::fit(model, data, options);
    REQUIRE(order.size() == 40);
    std::vector<float> first(order.begin(), order.begin() + 20);
    std::vector<float> second(order.begin() + 20, order.end());
    CHECK(first != second);
    std::sort(first.begin(), first.end());
    std::sort(second.begin(), second.end());
    for (std::size_t n = 0; n < 20; ++n) {
        CHECK(first[n] == static_cast<float>(n));
        CHECK(second[n] == static_cast<float>(n));
    }
}

TEST_CASE("fit: learns from what augment makes of a batch, and leaves the data as they are") {
    const auto data = bars<float>(12, 2);
    auto model = linear_model();
    const Parameters before = parameters(model);
    dv::FitOptions<float> options{.epochs = 1};
    options.augment = [](Tensor<float>& images, dv::Random&) { images.fill(0); };
    dv::fit(model, data, options);
    CHECK(parameters(model)[0] == before[0]);  // a black picture has no gradient for weights
    CHECK(parameters(model)[1] != before[1]);
    CHECK(data.images == bars<float>(12, 2).images);

    const auto noisy = [&](std::uint64_t seed) {
        dv::FitOptions<float> noise{.seed = seed};
        noise.augment = [](Tensor<float>& images, dv::Random& random) {
            for (float& pixel : images) pixel += static_cast<float>(random.uniform());
        };
        return trained(data, noise);
    };
    CHECK(noisy(1) == noisy(1));
    CHECK(noisy(1) != trained(data, {.seed = 1}));
}

TEST_CASE("fit: one step is the gradient of the loss times the rate of the schedule") {
    const auto data = bars<float>(6, 2);
    auto model = linear_model();
    auto by_hand = model;
    dv::Gradients<float> gradients;
    Tensor<float> grad;
    const auto trace = by_hand.trace(data.images);
    dv::softmax_cross_entropy<float>(trace.output(), data.labels, &grad);
    by_hand.backward(trace, grad, gradients);
    dv::Sgd<float>({.weight_decay = 0.25}).step(by_hand, gradients, 0.125 * 0.5);
    dv::fit(model, data,
            {.epochs = 1, .learning_rate = 0.125, .weight_decay = 0.25, .schedule = [](double) { return 0.5; }});
    for (std::size_t i = 0; i < 2; ++i)
        support::check_close_to_largest(parameters(model)[i], parameters(by_hand)[i], 1e-6);
}

TEST_CASE("fit: the limit on filters holds after training") {
    auto model = bar_model<float>();
    dv::fit(model, bars<float>(30, 1), {.epochs = 2, .filter_rms_limit = 0.05});
    const auto& weights = std::as_const(model).layer<dv::Conv2D<float>>(0).weights();
    for (Index o = 0; o < 6; ++o) {
        const Tensor<float> filter = weights.entry(o);
        CHECK(std::sqrt(support::dot(filter, filter) / 9) <= 0.05 * (1 + 1e-6));
    }
}

TEST_CASE("fit: an absurd learning rate throws DivergenceError and leaves the first parameters") {
    auto model = bar_model<float>();
    const Parameters before = parameters(model);
    const auto& conv = std::as_const(model).layer<dv::Conv2D<float>>("conv1");
    support::check_throws<dv::DivergenceError>(
        [&] { dv::fit(model, bars<float>(30, 1), {.epochs = 3, .batch = 5, .learning_rate = 1e30}); },
        {"diverged", "epoch 1", "learning rate", "1e+30"});
    CHECK(parameters(model) == before);
    CHECK(&conv == &std::as_const(model).layer<dv::Conv2D<float>>("conv1"));  // references to layers stay valid
    CHECK(conv.weights() == before[0]);
}

TEST_CASE("fit: a divergence in a later epoch leaves the parameters of the epoch before") {
    auto model = bar_model<float>();
    Parameters good;
    dv::FitOptions<float> options{.epochs = 4, .batch = 5, .learning_rate = 0.01};
    options.schedule = [](double progress) { return progress < 0.5 ? 1 : 1e30; };
    const auto keep = [&](const dv::EpochReport& report) {
        CHECK(report.epoch <= 2);
        good = parameters(model);
    };
    support::check_throws<dv::DivergenceError>([&] { dv::fit(model, bars<float>(30, 1), options, keep); }, {"epoch 3"});
    CHECK(parameters(model) == good);
    CHECK(good != parameters(bar_model<float>()));
}

TEST_CASE("fit: a picture that holds NaN is a divergence") {
    auto data = bars<float>(9, 1);
    data.images(4, 0, 3, 3) = std::numeric_limits<float>::quiet_NaN();
    auto model = linear_model();
    const Parameters before = parameters(model);
    support::check_throws<dv::DivergenceError>([&] { dv::fit(model, data, {.epochs = 1}); }, {"batch 1 of epoch 1"});
    CHECK(parameters(model) == before);
}

TEST_CASE("fit: options that make no sense throw OptionError and change nothing") {
    const auto data = bars<float>(9, 1);
    auto model = linear_model();
    const Parameters before = parameters(model);
    const auto bad = [&](const dv::FitOptions<float>& options, std::string_view part) {
        support::check_throws<dv::OptionError>([&] { dv::fit(model, data, options); }, {"expected", part});
    };
    bad({.epochs = 0}, "epochs = 0");
    bad({.batch = 0}, "batch = 0");
    bad({.batch = -3}, "batch = -3");
    bad({.learning_rate = 0}, "learning_rate = 0");
    bad({.learning_rate = std::numeric_limits<double>::quiet_NaN()}, "learning_rate = nan");
    bad({.schedule = nullptr}, "schedule");
    bad({.momentum = 1}, "momentum in [0, 1)");
    bad({.weight_decay = -1}, "-1");
    bad({.filter_rms_limit = -1}, "-1");
    CHECK(parameters(model) == before);
}

TEST_CASE("fit: data that are empty or do not fit the model throw") {
    const auto data = bars<float>(9, 1);
    auto model = linear_model();
    support::check_throws<dv::OptionError>([&] { dv::fit(model, data.first(0)); }, {"empty"});
    dv::Sequential<float> other({1, 8, 9}, dv::Flatten<float>(), dv::Dense<float>({.in = 72, .out = 3}));
    support::check_throws<dv::ShapeError>([&] { dv::fit(other, data); }, {"(1,8,9)", "(1,8,8)"});
    dv::Sequential<float> two({1, 8, 8}, dv::Flatten<float>(), dv::Dense<float>({.in = 64, .out = 2}));
    support::check_throws<dv::ShapeError>([&] { dv::fit(two, data); }, {"3 classes", "(2)"});
}
