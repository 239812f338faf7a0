#include "deconvviz/unsupervised/linear_probe.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/unsupervised/accuracy_by_labels.hpp"
#include "deconvviz/unsupervised/few_labels.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using support::check_throws;
using support::random_tensor;

namespace {

/// Three classes of pictures of one pixel, whose value tells which picture it is; picture i has the class i % 3.
Dataset<double> numbered(Index count) {
    Dataset<double> data{Tensor<double>({count, 1, 1, 1}), {}, 3};
    for (Index i = 0; i < count; ++i) {
        data.images[i] = static_cast<double>(i);
        data.labels.push_back(static_cast<int>(i % 3));
    }
    return data;
}

/// Points in the plane around three corners of a triangle, and a third feature that says nothing.
Tensor<double> corners(const std::vector<int>& labels, double noise, std::uint64_t seed) {
    Random random(seed);
    Tensor<double> features({static_cast<Index>(labels.size()), 3});
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto n = static_cast<Index>(i);
        features(n, 0) = (labels[i] == 1 ? 10 : 0) + noise * random.normal();
        features(n, 1) = (labels[i] == 2 ? 10 : 0) + noise * random.normal();
        features(n, 2) = 5;
    }
    return features;
}

std::vector<int> cycle(Index count) {
    return numbered(count).labels;
}

}  // namespace

TEST_CASE("few labels: as many of each class, each picture once, by the seed") {
    const auto data = numbered(30);
    const auto drawn = draw_labelled(data, 4, 1);
    CHECK(drawn.size() == 12);
    CHECK(drawn.classes == 3);
    for (int label = 0; label < 3; ++label) CHECK(std::count(drawn.labels.begin(), drawn.labels.end(), label) == 4);
    CHECK(std::set<double>(drawn.images.begin(), drawn.images.end()).size() == 12);
    for (Index i = 0; i < 12; ++i)
        CHECK(static_cast<Index>(drawn.images[i]) % 3 == drawn.labels[static_cast<std::size_t>(i)]);
    CHECK(draw_labelled(data, 4, 1).images == drawn.images);
    CHECK(draw_labelled(data, 4, 2).images != drawn.images);
    check_throws<OptionError>([&] { draw_labelled(data, 11, 1); }, {"expected 11 pictures of class", "there are 10"});
    check_throws<OptionError>([&] { draw_labelled(data, 0, 1); }, {"at least one picture of each class, got 0"});
}

TEST_CASE("layer features: what a trace holds, flattened, whatever the batch") {
    const Sequential<double> model({2, 7, 6}, Conv2D<double>({.in = 2, .out = 3, .kernel = 3}), ReLU<double>(),
                                   MaxPool2D<double>({.kernel = 2}), Flatten<double>(),
                                   Dense<double>({.in = 12, .out = 4}));
    const auto images = random_tensor<double>({5, 2, 7, 6}, 1);
    const auto trace = model.trace(images);
    for (const Index batch : {1, 2, 5, 100}) {
        CHECK(layer_features(model, images, "maxpool1", {.batch = batch}) ==
              trace.activation("maxpool1").reshaped({5, 12}));
        CHECK(layer_features(model, images, "dense1", {.batch = batch}).shape() == Shape{5, 4});
    }
    CHECK(layer_features(model, Tensor<double>({0, 2, 7, 6}), 0).shape() == Shape{0, 60});
    check_throws<ShapeError>(
        [&] {
            layer_features(model, Tensor<double>({2, 7, 6}), 0);
        },
        {"a batch of (2,7,6), got (2,7,6)"});
    check_throws<OptionError>([&] { layer_features(model, images, "conv2"); }, {"no layer 'conv2'"});
    check_throws<OptionError>([&] { layer_features(model, images, 0, {.batch = 0}); }, {"at least 1, got 0"});
    check_throws<CancelledError>(
        [&] {
            layer_features(model, images, 0, {.batch = 2, .progress = [](const Progress& at) { return at.done < 4; }});
        },
        {"cancelled after 4 of 5 pictures"});
}

TEST_CASE("standardisation: mean 0 and length 1, by one number or one for each feature; what is constant becomes 0") {
    const Tensor<double> features({2, 3}, {1, 7, 10, 3, 7, 20});  // variances 1, 0, 25
    Tensor<double> scaled = features;
    const auto overall = standardisation(features);
    overall.apply(scaled);
    const double one = 1 / std::sqrt(26.0);
    support::check_tensor_close(scaled, Tensor<double>({2, 3}, {-one, 0, -5 * one, one, 0, 5 * one}), 1e-14);
    scaled = features;
    standardisation(features, FeatureScaling::each).apply(scaled);
    const double half = std::sqrt(0.5);
    support::check_tensor_close(scaled, Tensor<double>({2, 3}, {-half, 0, -half, half, 0, half}), 1e-14);

    Tensor<double> dead({3, 2}, 4.0);
    standardisation(dead).apply(dead);
    CHECK(dead == Tensor<double>({3, 2}));
    check_throws<ShapeError>([&] { overall.apply(dead); }, {"expected features (N,3), got (3,2)"});
    check_throws<ShapeError>([&] { standardisation(Tensor<double>({0, 2})); }, {"got (0,2)"});
}

TEST_CASE("linear probe: it separates what can be separated, in any unit of the features") {
    const auto labels = cycle(30);
    const auto test_labels = cycle(90);
    for (const double unit : {1.0, 1e-4, 1e4}) {
        for (const FeatureScaling scaling : {FeatureScaling::overall, FeatureScaling::each}) {
            auto train = corners(labels, 1, 1);
            auto test = corners(test_labels, 1, 2);
            for (double& value : train) value *= unit;
            for (double& value : test) value *= unit;
            const auto probe =
                linear_probe(train, labels, 3, {.scaling = scaling, .weight_decays = {1e-3, 1e-2}, .steps = 60});
            CHECK(evaluate(probe, test, test_labels).accuracy == 1);
            CHECK(probe.validation == 1);
            CHECK(probe.weight_decay == 1e-3);  // the first of equal ones
        }
    }
}

TEST_CASE("linear probe: every fold has its share of each class, in whatever order they come") {
    std::vector<int> labels(31, 0);  // sorted: 16 of class 0, 9 of class 1, 6 of class 2
    std::fill(labels.begin() + 16, labels.end(), 1);
    std::fill(labels.begin() + 25, labels.end(), 2);
    const auto folds = detail::draw_folds(labels, 3, 1);
    int count[3][3] = {};
    for (std::size_t i = 0; i < labels.size(); ++i) ++count[labels[i]][folds[i]];
    for (const int in_fold : count[0]) CHECK((in_fold == 5 || in_fold == 6));
    for (const int in_fold : count[1]) CHECK(in_fold == 3);
    for (const int in_fold : count[2]) CHECK(in_fold == 2);
    CHECK(detail::draw_folds(labels, 3, 1) == folds);
    CHECK(detail::draw_folds(labels, 3, 2) != folds);
}

TEST_CASE("linear probe: the weight decay is the one that does best on the folds left out") {
    const auto labels = cycle(20);
    const auto features = corners(labels, 6, 3);
    LinearProbeOptions options{.folds = 3, .steps = 20, .batch = 7, .learning_rate = 0.5};
    Tensor<double> scaled = features;
    standardisation(features).apply(scaled);

    // The cross-validation once more, by hand.
    const auto fold_of = detail::draw_folds(labels, 3, 1);
    std::vector<double> expected;
    for (const double decay : options.weight_decays = {1, 0.1, 0.01, 0.001}) {
        double accuracy = 0;
        for (Index fold = 0; fold < 3; ++fold) {
            Dataset<double> parts[2];
            for (const bool left_out : {false, true}) {
                std::vector<Tensor<double>> chosen;
                Dataset<double>& part = parts[left_out];
                part.classes = 3;
                for (Index i = 0; i < 20; ++i) {
                    if ((fold_of[static_cast<std::size_t>(i)] == fold) != left_out) continue;
                    chosen.push_back(scaled.entry(i).reshaped({3, 1, 1}));
                    part.labels.push_back(labels[static_cast<std::size_t>(i)]);
                }
                part.images = stack(chosen);
            }
            Sequential<double> classifier(
                {3, 1, 1}, Flatten<double>(),
                Dense<double>({.in = 3, .out = 3}, Tensor<double>({3, 3}), Tensor<double>({3})));
            fit(classifier, parts[0],  // 13 or 14 pictures are two batches of 7, so 20 steps 10 epochs
                {.epochs = 10, .batch = 7, .learning_rate = 0.5, .weight_decay = decay, .seed = 1});
            accuracy += evaluate(classifier, parts[1]).accuracy / 3;
        }
        expected.push_back(accuracy);
        auto alone = options;
        alone.weight_decays = {decay};
        CHECK(linear_probe(features, labels, 3, alone).validation == doctest::Approx(accuracy));
    }
    const auto best = std::max_element(expected.begin(), expected.end());
    REQUIRE(*best > *std::min_element(expected.begin(), expected.end()) + 0.01);
    const auto probe = linear_probe(features, labels, 3, options);
    CHECK(probe.validation == doctest::Approx(*best));
    CHECK(probe.weight_decay == options.weight_decays[static_cast<std::size_t>(best - expected.begin())]);

    const int before = threads();
    set_threads(3);
    const auto again = linear_probe(features, labels, 3, options);
    set_threads(before);
    CHECK(again.classifier.layer<Dense<double>>(1).weights() == probe.classifier.layer<Dense<double>>(1).weights());
}

TEST_CASE("linear probe: what does not go together is refused") {
    const auto labels = cycle(6);
    const auto features = corners(labels, 1, 1);
    check_throws<ShapeError>([&] { linear_probe(features, cycle(5), 3); }, {"features (N,F) for 5 labels, got (6,3)"});
    check_throws<OptionError>([&] { linear_probe(features, labels, 2); }, {"label 2"});
    check_throws<OptionError>([&] { linear_probe(features, labels, 3, {.folds = 7}); }, {"2 … 6 folds", "got 7"});
    check_throws<OptionError>([&] { linear_probe(features, labels, 3, {.weight_decays = {}}); }, {"0 weight decays"});
    check_throws<OptionError>([&] { linear_probe(features, labels, 3, {.steps = 0}); }, {"0 steps"});
    check_throws<OptionError>([&] { linear_probe(features, labels, 3, {.batch = 0}); }, {"batch"});
    auto broken = features;
    broken[4] = std::numeric_limits<double>::quiet_NaN();
    check_throws<DivergenceError>([&] { linear_probe(broken, labels, 3, {.folds = 2}); }, {"nan"});
    check_throws<CancelledError>(
        [&] {
            linear_probe(features, labels, 3,
                         {.weight_decays = {1e-3}, .folds = 2, .steps = 2, .progress = [](const Progress& at) {
                              return at.done < 2;
                          }});
        },
        {"cancelled after 2 of 3 trainings"});
    const auto probe = linear_probe(features, labels, 3, {.weight_decays = {1e-3}, .folds = 2, .steps = 2});
    check_throws<ShapeError>([&] { evaluate(probe, Tensor<double>({6, 4}), labels); }, {"expected features (N,3)"});
}

TEST_CASE("accuracy by labels: means and deviations of probes, each on pictures drawn anew") {
    const auto labels = cycle(60);
    const auto test_labels = cycle(45);
    const auto train = corners(labels, 6, 1);
    const auto test = corners(test_labels, 6, 2);
    AccuracyByLabelsOptions options{.per_class = {2, 5}, .draws = 3, .seed = 4};
    options.probe = {.weight_decays = {1e-2, 1e-3}, .folds = 2, .steps = 10};
    Index told = 0;
    options.progress = [&](const Progress& at) {
        told = at.done;
        return at.total == 6 || at.total == 2;
    };
    const auto points = accuracy_by_labels(train, labels, test, test_labels, 3, options);
    CHECK(told == 6);
    REQUIRE(points.size() == 2);
    CHECK(points[0].labels == 6);
    CHECK(points[1].labels == 15);
    for (std::size_t p = 0; p < 2; ++p) {
        REQUIRE(points[p].accuracies.size() == 3);
        double sum = 0, squares = 0;
        for (std::uint64_t draw = 0; draw < 3; ++draw) {
            const auto few = draw_labelled(Dataset<double>{train.reshaped({60, 3, 1, 1}), labels, 3},
                                           options.per_class[p], derived_seed(4, draw));
            const auto probe = linear_probe(few.images.reshaped({few.size(), 3}), few.labels, 3, options.probe);
            const double accuracy = evaluate(probe, test, test_labels).accuracy;
            CHECK(points[p].accuracies[draw] == accuracy);
            sum += accuracy;
            squares += accuracy * accuracy;
        }
        CHECK(points[p].mean == doctest::Approx(sum / 3));
        CHECK(points[p].deviation == doctest::Approx(std::sqrt((squares - sum * sum / 3) / 2)));
    }
    options.draws = 1;
    CHECK(accuracy_by_labels(train, labels, test, test_labels, 3, options)[0].deviation == 0);
    check_throws<OptionError>([] { summarised({}); }, {"at least one accuracy"});
    options.draws = 0;
    check_throws<OptionError>([&] { accuracy_by_labels(train, labels, test, test_labels, 3, options); },
                              {"at least one draw, got 0"});
    options = {.per_class = {21}};
    check_throws<OptionError>([&] { accuracy_by_labels(train, labels, test, test_labels, 3, options); },
                              {"expected 21 pictures of class", "there are 20"});
    check_throws<ShapeError>(
        [&] {
            accuracy_by_labels(train.reshaped({60, 3, 1}), labels, test, test_labels, 3, options);
        },
        {"features (N,F), got (60,3,1)"});
}
