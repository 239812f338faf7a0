// Learning of what-where autoencoders: steps, threads, labels, what is refused.
#include "deconvviz/unsupervised/what_where_autoencoder.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "mirror_support.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace mirror_test;
using support::check_throws;
using support::random_tensor;

namespace {

template <class Network>
std::vector<Tensor<double>> values_of(Network& network) {
    std::vector<Tensor<double>> values;
    for (const auto& parameter : network.parameters()) values.push_back(*parameter.parameter.value);
    return values;
}

}  // namespace

TEST_CASE("autoencoder: one step is the gradient times the rate, and leaves the classifier alone") {
    for (const MirrorFilters filters : {MirrorFilters::free, MirrorFilters::tied}) {
        auto model = overlapping();
        auto decoder = mirror(model, {.filters = filters});
        const auto images = random_tensor<double>({3, 1, 11, 10}, 5);
        const auto before = values_of(model);
        const auto mirror_before = values_of(decoder);
        const auto pass = run(model, decoder, images);
        WhatWhereGradients<double> gradients;
        const auto loss = what_where_loss(model, decoder, pass.trace, pass.decoded, images, {1, 0.3}, &gradients);
        const auto reports = train_autoencoder(
            model, decoder, images,
            {.epochs = 1, .batch = 3, .learning_rate = 0.01, .weights = {1, 0.3}, .schedule = schedule::constant()});
        REQUIRE(reports.size() == 1);
        CHECK(reports[0].loss == doctest::Approx(loss.total));
        CHECK(reports[0].reconstruction == doctest::Approx(loss.reconstruction));
        CHECK(reports[0].middle == doctest::Approx(loss.middle[0]));
        for (std::size_t i = 0; const auto& parameter : model.parameters()) {
            Tensor<double> expected = before[i++];
            const auto& gradient = gradients.model.layers[parameter.layer][parameter.index];
            for (Index j = 0; j < expected.size(); ++j) expected[j] -= 0.01 * gradient[j];
            support::check_tensor_close(*parameter.parameter.value, expected, 1e-10, 1e-12);
        }
        for (std::size_t i = 0; const auto& parameter : decoder.parameters()) {
            Tensor<double> expected = mirror_before[i++];
            const auto& gradient = gradients.mirror.layers[parameter.layer][parameter.index];
            for (Index j = 0; j < expected.size(); ++j) expected[j] -= 0.01 * gradient[j];
            support::check_tensor_close(*parameter.parameter.value, expected, 1e-10, 1e-12);
        }
    }
    auto classifier = odd();
    auto decoder = mirror(classifier);
    const Tensor<double> dense = classifier.layer<Dense<double>>("dense1").weights();
    const Tensor<double> convolution = classifier.layer<Conv2D<double>>("conv1").weights();
    train_autoencoder(classifier, decoder, random_tensor<double>({4, 2, 16, 13}, 1),
                      {.epochs = 2, .weight_decay = 0.01});
    CHECK(classifier.layer<Dense<double>>("dense1").weights() == dense);
    CHECK(classifier.layer<Conv2D<double>>("conv1").weights() != convolution);
}

TEST_CASE("autoencoder: it learns to reconstruct; what is masked is not in the target") {
    Sequential<double> model({1, 11, 10}, Conv2D<double>({.in = 1, .out = 6, .kernel = 3, .padding = 1}),
                             ReLU<double>(), MaxPool2D<double>({.kernel = 2}));
    auto decoder = mirror(model, {.seed = 3});
    Tensor<double> images({40, 1, 11, 10});
    Random random(1);
    for (Index n = 0; n < 40; ++n) {  // bars
        const Index row = random.below(11);
        for (Index x = 0; x < 10; ++x) images(n, 0, row, x) = 1;
    }
    auto masked_model = model;
    auto masked_decoder = decoder;
    const AutoencoderOptions<double> options{.epochs = 30, .batch = 10, .learning_rate = 0.3};
    const auto reports = train_autoencoder(model, decoder, images, options);
    CHECK(reports.back().reconstruction < 0.3 * reports.front().reconstruction);
    const double zero = 1.0 / 11;  // of a reconstruction that is all zero
    CHECK(reports.back().reconstruction < 0.5 * zero);
    CHECK(reports.back().classification == 0);

    auto masking = options;
    masking.masked = 0.5;
    const auto harder = train_autoencoder(masked_model, masked_decoder, images, masking);
    CHECK(harder.back().reconstruction > reports.back().reconstruction);
    CHECK(harder.back().reconstruction < zero);
}

TEST_CASE("autoencoder: same networks on any number of threads, and for the same seed alone") {
    const int before = threads();
    const auto train = [](int workers, std::uint64_t seed) {
        set_threads(workers);
        auto model = odd();
        auto decoder = mirror(model);
        train_autoencoder(model, decoder, random_tensor<double>({11, 2, 16, 13}, 1),
                          {.epochs = 2,
                           .batch = 4,
                           .learning_rate = 0.05,
                           .masked = 0.2,
                           .seed = seed,
                           .augment = [](Tensor<double>& images, Random& random) { images[0] = random.uniform(); }});
        auto values = values_of(model);
        for (auto& value : values_of(decoder)) values.push_back(std::move(value));
        return values;
    };
    const auto one = train(1, 5);
    CHECK(train(3, 5) == one);
    CHECK(train(2, 6) != one);
    set_threads(before);
}

TEST_CASE("autoencoder: labels for some pictures teach the classifier, too") {
    Dataset<double> labelled{random_tensor<double>({9, 2, 16, 13}, 1), {0, 1, 2, 0, 1, 2, 0, 1, 2}, 3};
    const auto unlabelled = random_tensor<double>({12, 2, 16, 13}, 2);
    AutoencoderOptions<double> options{.epochs = 60, .batch = 6, .learning_rate = 0.02, .classification = 1};
    auto model = odd();
    auto decoder = mirror(model);
    const auto reports = train_autoencoder(model, decoder, unlabelled, labelled, options);
    CHECK(reports.back().classification < 0.6 * reports.front().classification);
    CHECK(reports.back().reconstruction < reports.front().reconstruction);
    CHECK(evaluate(model, labelled).accuracy > 0.8);
    CHECK(reports.back().loss ==
          doctest::Approx(reports.back().reconstruction + 0.2 * reports.back().middle + reports.back().classification));

    // A weight of 0 for the labels is training without them.
    Sequential<double> plain({1, 11, 10}, Conv2D<double>({.in = 1, .out = 2, .kernel = 3}), ReLU<double>(),
                             MaxPool2D<double>({.kernel = 3}), Flatten<double>(), Dense<double>({.in = 12, .out = 3}));
    auto with = plain;
    auto decoder_without = mirror(plain);
    auto decoder_with = decoder_without;
    const auto pictures = random_tensor<double>({7, 1, 11, 10}, 3);
    options.epochs = 2;
    options.classification = 0;
    train_autoencoder(plain, decoder_without, pictures, options);
    train_autoencoder(with, decoder_with, pictures, Dataset<double>{pictures, {0, 1, 2, 2, 1, 0, 0}, 3}, options);
    CHECK(values_of(with) == values_of(plain));
    CHECK(values_of(decoder_with) == values_of(decoder_without));
}

TEST_CASE("autoencoder: options and pictures that make no sense") {
    auto model = odd();
    auto decoder = mirror(model);
    const auto images = random_tensor<double>({4, 2, 16, 13}, 1);
    check_throws<ShapeError>(
        [&] {
            train_autoencoder(model, decoder, Tensor<double>({4, 1, 16, 13}));
        },
        {"expected pictures (2,16,13) in a batch", "got (4,1,16,13)"});
    check_throws<ShapeError>([&] { train_autoencoder(model, decoder, images.entry(0)); }, {"got (2,16,13)"});
    check_throws<ShapeError>([&] { train_autoencoder(model, decoder, Tensor<double>({0, 2, 16, 13})); }, {"(0,2,"});
    check_throws<OptionError>([&] { train_autoencoder(model, decoder, images, {.epochs = 0}); }, {"epochs = 0"});
    check_throws<OptionError>([&] { train_autoencoder(model, decoder, images, {.masked = 1}); }, {"masked = 1"});
    check_throws<OptionError>(
        [&] {
            train_autoencoder(model, decoder, images, {.weights = {1, -1}});
        },
        {"middle = -1"});
    check_throws<OptionError>([&] { train_autoencoder(model, decoder, images, {.momentum = 1}); }, {"momentum"});
    check_throws<ShapeError>(
        [&] {
            train_autoencoder(model, decoder, images, Dataset<double>{images, {0, 0, 0, 0}, 4});
        },
        {"has 4 classes", "it ends in (3)"});
    auto other = overlapping();
    check_throws<StateError>(
        [&] {
            train_autoencoder(other, decoder, Tensor<double>({1, 1, 11, 10}));
        },
        {"not the one that it was made from"});
}

TEST_CASE("autoencoder: NaN in a picture, or a rate that is too large, gives the last good networks back") {
    auto model = odd();
    auto decoder = mirror(model);
    auto images = random_tensor<double>({4, 2, 16, 13}, 1);
    const auto before = values_of(model);
    const auto mirror_before = values_of(decoder);
    check_throws<DivergenceError>(
        [&] { train_autoencoder(model, decoder, images, {.epochs = 50, .batch = 1, .learning_rate = 1e30}); },
        {"autoencoder diverged", "learning rate than 1e+30"});
    CHECK(values_of(model) == before);
    CHECK(values_of(decoder) == mirror_before);
    images[7] = std::numeric_limits<double>::quiet_NaN();
    check_throws<DivergenceError>([&] { train_autoencoder(model, decoder, images); },
                                  {"the loss of batch 1 of epoch 1 is nan"});
    CHECK(values_of(model) == before);
}

TEST_CASE("autoencoder: it can be stopped after an epoch, or cancelled within one") {
    auto model = odd();
    auto decoder = mirror(model);
    const auto images = random_tensor<double>({4, 2, 16, 13}, 1);
    CHECK(train_autoencoder(model, decoder, images, {.epochs = 5}, [](const AutoencoderReport& report) {
              return report.epoch < 2;
          }).size() == 2);
    Index total = 0;
    check_throws<CancelledError>(
        [&] {
            train_autoencoder(model, decoder, images, {.epochs = 5, .batch = 2, .progress = [&](const Progress& at) {
                                                           total = at.total;
                                                           return at.done < 3;
                                                       }});
        },
        {"autoencoder: cancelled after 3 of 10 batches"});
    CHECK(total == 10);
}
