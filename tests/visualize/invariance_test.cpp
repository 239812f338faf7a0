#include "deconvviz/visualize/invariance.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/visualize/invariance_summary.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using support::check_throws;
using support::random_tensor;

namespace {

constexpr BorderOptions black{.rule = BorderRule::constant, .fill = 0};

/// Layer `same` gives the picture of 1x4 as it is; the logits are the sum of its left half and of its right half.
Sequential<double> halves(bool with_softmax = false) {
    std::vector<AnyLayer<double>> layers{
        named("same", Conv2D<double>({.in = 1, .out = 1, .kernel = 1}, Tensor<double>({1, 1, 1, 1}, {1}), {})),
        Flatten<double>(), Dense<double>({.in = 4, .out = 2}, Tensor<double>({2, 4}, {1, 1, 0, 0, 0, 0, 1, 1}), {})};
    if (with_softmax) layers.emplace_back(Softmax<double>());
    return Sequential<double>({1, 1, 4}, layers);
}

Sequential<float> small_model() {
    return Sequential<float>({2, 9, 8}, Conv2D<float>({.in = 2, .out = 5, .kernel = 3}), ReLU<float>(),
                             MaxPool2D<float>({.kernel = 2}), Conv2D<float>({.in = 5, .out = 4, .kernel = 2}),
                             ReLU<float>(), Flatten<float>(), Dense<float>({.in = 4 * 2 * 2, .out = 6}), ReLU<float>(),
                             Dropout<float>({.rate = 0.5}), Dense<float>({.in = 6, .out = 3}));
}

/// Weights that are not zero.
Sequential<float> drawn_model() {
    auto model = small_model();
    std::uint64_t seed = 0;
    for (const auto& each : model.parameters()) {
        Tensor<float>& value = *each.parameter.value;
        value = random_tensor<float>(value.shape(), ++seed, -0.4, 0.6);
    }
    return model;
}

double sigmoid(double x) {
    return 1 / (1 + std::exp(-x));
}

bool same_bits(const Invariance<float>& a, const Invariance<float>& b) {
    return a.distances == b.distances && a.norms == b.norms && a.probability == b.probability &&
           a.unchanged == b.unchanged && a.layers == b.layers && a.amounts == b.amounts;
}

}  // namespace

TEST_CASE("invariance: a layer that is the identity, and one of sums, by hand") {
    const Tensor<double> images({2, 1, 1, 4}, {3, 0, 4, 0,  //
                                               0, 0, 0, 0});
    for (const bool with_softmax : {false, true}) {
        const auto result = invariance(halves(with_softmax), images, {0, 1},
                                       {.transformation = Transformation::translation_x,
                                        .amounts = {-1, 0, 2, 1},
                                        .layers = {"same", "dense1"},
                                        .border = black,
                                        .batch = 3});
        CHECK(result.amounts == std::vector<double>{-1, 0, 2, 1});
        CHECK(result.layers == std::vector<std::string>{"same", "dense1"});
        CHECK(result.labels == std::vector<int>{0, 1});
        CHECK(result.pictures() == 2);
        REQUIRE(result.distances.shape() == Shape{2, 2, 4});
        // shifted by -1: 0 4 0 0, by 2: 0 0 3 0, by 1: 0 3 0 4; the picture is 3 0 4 0, its sums are 3 and 4
        const std::vector<double> pixels{std::sqrt(9.0 + 16 + 16), 0, std::sqrt(9.0 + 1), std::sqrt(9.0 + 9 + 16 + 16)};
        const std::vector<double> sums{std::sqrt(1.0 + 16), 0, std::sqrt(9.0 + 1), 0};
        const std::vector<double> logits_apart{4, -1, -3, -1};
        for (Index a = 0; a < 4; ++a) {
            const auto i = static_cast<std::size_t>(a);
            CHECK(result.distances(0, 0, a) == doctest::Approx(pixels[i]));
            CHECK(result.distances(1, 0, a) == doctest::Approx(sums[i]));
            CHECK(result.distances(0, 1, a) == 0);
            CHECK(result.probability(0, a) == doctest::Approx(sigmoid(logits_apart[i])));
            CHECK(result.probability(1, a) == doctest::Approx(0.5));
        }
        CHECK(result.unchanged[0] == result.probability(0, 1));
        CHECK(result.norms(0, 0) == doctest::Approx(5));
        CHECK(result.norms(1, 0) == doctest::Approx(5));
        CHECK(result.norms(0, 1) == 0);
    }
}

TEST_CASE("invariance: relative distances; of a picture without features they are NaN") {
    const Tensor<double> images({2, 1, 1, 4}, {3, 0, 4, 0, 0, 0, 0, 0});
    const auto result = invariance(halves(), images, {0, 1},
                                   {.transformation = Transformation::translation_x,
                                    .amounts = {2, 0},
                                    .layers = {0},
                                    .distance = FeatureDistance::relative,
                                    .border = black});
    CHECK(result.distances(0, 0, 0) == doctest::Approx(std::sqrt(10.0) / 5));
    CHECK(result.distances(0, 0, 1) == 0);
    CHECK(std::isnan(result.distances(0, 1, 0)));
    CHECK(std::isnan(result.distances(0, 1, 1)));
    CHECK(result.norms(0, 1) == 0);
}

TEST_CASE("invariance: equal to transforming and running each picture alone, for any batch and number of threads") {
    const auto model = drawn_model();
    const auto images = random_tensor<float>({3, 2, 9, 8}, 5);
    const std::vector<int> labels{2, 0, 1};
    const int before = threads();
    for (const auto transformation : {Transformation::translation_y, Transformation::scale, Transformation::rotation}) {
        set_threads(1);
        InvarianceOptions options{.transformation = transformation,
                                  .amounts = {1, 0.5, 37, 90},
                                  .border = {.rule = BorderRule::constant, .fill = 0.25},
                                  .batch = 5};
        const auto result = invariance(model, images, labels, options);
        CHECK(result.layers == std::vector<std::string>{"maxpool1", "relu3"});
        for (Index n = 0; n < 3; ++n)
            for (Index a = 0; a < 4; ++a) {
                const auto moved = transformed(images.entry(n), transformation,
                                               options.amounts[static_cast<std::size_t>(a)], options.border);
                const auto was = model.trace(images.entry(n)), is = model.trace(moved);
                for (Index l = 0; l < 2; ++l) {
                    const auto& name = result.layers[static_cast<std::size_t>(l)];
                    double sum = 0;
                    for (Index i = 0; i < is.activation(name).size(); ++i)
                        sum += std::pow(double{is.activation(name)[i]} - double{was.activation(name)[i]}, 2);
                    CHECK(result.distances(l, n, a) == doctest::Approx(std::sqrt(sum)));
                }
                const Index label = labels[static_cast<std::size_t>(n)];
                CHECK(result.probability(n, a) == class_probabilities(model, moved)(0, label));
                CHECK(result.unchanged[n] == class_probabilities(model, images.entry(n))(0, label));
            }
        for (const Index batch : {1, 2, 100}) {
            set_threads(batch == 2 ? 1 : 3);
            options.batch = batch;
            CHECK(same_bits(invariance(model, images, labels, options), result));
        }
    }
    set_threads(before);
}

TEST_CASE("invariance: what changes nothing has a distance of exactly 0, also among others in the batch") {
    const auto model = drawn_model();
    const auto images = random_tensor<float>({2, 2, 9, 8}, 6, 0, 1);
    for (const auto transformation : {Transformation::translation_y, Transformation::translation_x,
                                      Transformation::scale, Transformation::rotation}) {
        const double same = identity_amount(transformation);
        const auto result = invariance(model, images, {1, 1},
                                       {.transformation = transformation, .amounts = {1.25, same, 3, same, 1.5}});
        for (Index l = 0; l < 2; ++l)
            for (Index n = 0; n < 2; ++n) {
                CHECK(result.distances(l, n, 0) > 0);
                CHECK(result.distances(l, n, 1) == 0);
                CHECK(result.distances(l, n, 3) == 0);
            }
        CHECK(result.probability(1, 1) == result.unchanged[1]);
    }
}

TEST_CASE("invariance: a NaN pixel stays in its own picture") {
    auto images = random_tensor<float>({2, 2, 9, 8}, 7, 0.1, 1);
    const auto model = drawn_model();
    const InvarianceOptions options{.amounts = {0, 1, 2}, .layers = {"conv1", "dense2"}};
    const auto sound = invariance(model, images, {0, 1}, options);
    images(0, 1, 4, 4) = std::numeric_limits<float>::quiet_NaN();
    const auto result = invariance(model, images, {0, 1}, options);
    for (Index a = 0; a < 3; ++a) {
        CHECK(std::isnan(result.distances(0, 0, a)));
        for (Index l = 0; l < 2; ++l) CHECK(result.distances(l, 1, a) == sound.distances(l, 1, a));
        CHECK(result.probability(1, a) == sound.probability(1, a));
    }
}

TEST_CASE("invariance: feature layers end before the next layer with parameters; the classifier is none of them") {
    CHECK(feature_layers(small_model()) == std::vector<std::size_t>{2, 4, 7});
    CHECK(feature_layers(halves()) == std::vector<std::size_t>{0});
    const Sequential<float> one({2}, ReLU<float>(), Dense<float>({.in = 2, .out = 3}), Softmax<float>());
    CHECK(feature_layers(one) == std::vector<std::size_t>{2});
    const Sequential<float> none({4}, ReLU<float>(), Softmax<float>());
    CHECK(feature_layers(none) == std::vector<std::size_t>{1});
    const auto single = invariance(halves(), Tensor<double>({1, 1, 1, 4}), {0}, {.amounts = {0}});
    CHECK(single.layers == std::vector<std::string>{"same"});
}

TEST_CASE("invariance: the paper's amounts, and those by default") {
    const auto shifts = paper_amounts(Transformation::translation_y, {3, 224, 100});
    CHECK(shifts.size() == 61);
    CHECK(shifts.front() == -60);
    CHECK(shifts[1] == -58);
    CHECK(shifts[30] == 0);
    CHECK(shifts.back() == 60);
    CHECK(paper_amounts(Transformation::translation_x, {1, 4, 32}) == evenly_spaced(-9, 9, 19));
    CHECK(paper_amounts(Transformation::translation_y, {1, 1, 32}) == std::vector<double>{-1, 0, 1});
    const auto factors = paper_amounts(Transformation::scale, {1, 28, 28});
    CHECK(factors.size() == 17);
    CHECK(factors.front() == 1);
    CHECK(factors[1] == doctest::Approx(1.05));
    CHECK(factors.back() == 1.8);
    const auto angles = paper_amounts(Transformation::rotation, {1, 28, 28});
    REQUIRE(angles.size() == 36);
    for (std::size_t i = 0; i < 36; ++i) CHECK(angles[i] == 10.0 * static_cast<double>(i));
    CHECK(evenly_spaced(2, 3, 1) == std::vector<double>{2});
    CHECK_THROWS_AS(evenly_spaced(0, 1, 0), OptionError);
    CHECK_THROWS_AS(paper_amounts(Transformation::scale, {28, 28}), ShapeError);

    const auto result = invariance(halves(), Tensor<double>({1, 1, 1, 4}), {0}, {});
    CHECK(result.amounts == std::vector<double>{-1, 0, 1});
}

TEST_CASE("invariance: the tolerated range, by hand") {
    Invariance<double> result;
    result.labels = {0};
    result.amounts = {2, -1, 0, 1, -2, 3};
    result.unchanged = Tensor<double>({1}, {0.8});
    // upward 0.8 0.6 0.2 0.9: half of 0.8 is met midway from 1 to 2; what comes after is out of reach
    result.probability = Tensor<double>({1, 6}, {0.2, 0.7, 0.8, 0.6, 0.4, 0.9});
    CHECK(tolerated_range(result, 0) == AmountRange{-2, 1.5});
    CHECK(tolerated_range(result, 0, 1).high == 0);
    CHECK(tolerated_range(result, 0, 0.1) == AmountRange{-2, 3});

    // angles beyond 180 lie on the other side
    result.transformation = Transformation::rotation;
    result.amounts = {0, 90, 180, 270, 350, 340};
    result.probability = Tensor<double>({1, 6}, {0.8, 0.8, 0.4, 0.1, 0.8, 0.2});
    CHECK(tolerated_range(result, 0).high == 180);
    CHECK(tolerated_range(result, 0).low == doctest::Approx(-10 - 10 * 0.4 / 0.6));

    // factors count from 1
    result.transformation = Transformation::scale;
    result.amounts = {0.5, 1.5, 2, 1.25, 1, 4};
    result.probability = Tensor<double>({1, 6}, {0.8, 0.6, 0, 0.7, 0.8, 1});
    CHECK(tolerated_range(result, 0).low == 0.5);
    CHECK(tolerated_range(result, 0).high == doctest::Approx(1.5 + 0.5 / 3));

    result.probability[1] = std::numeric_limits<double>::quiet_NaN();
    CHECK(tolerated_range(result, 0).high == 1.25);
    CHECK_THROWS_AS(tolerated_range(result, 1), OptionError);
    CHECK_THROWS_AS(tolerated_range(result, -1), OptionError);
    for (const double share : {0.0, 1.1, -1.0, std::nan("")})
        CHECK_THROWS_AS(tolerated_range(result, 0, share), OptionError);
}

TEST_CASE("invariance summary: means and deviations by hand; NaN does not count") {
    Invariance<double> result;
    result.labels = {0, 0, 1};
    result.layers = {"first", "second"};
    result.amounts = {0, 1};
    const double none = std::numeric_limits<double>::quiet_NaN();
    result.distances = Tensor<double>({2, 3, 2}, {9, 9, 9, 9, 9, 9, /**/ 1, none, 3, none, 2, none});
    result.probability = Tensor<double>({3, 2}, {0.1, 1, 0.2, none, 0.3, 0});
    const MeanCurve second = mean_distance(result, 1);
    CHECK(second.mean[0] == doctest::Approx(2));
    CHECK(second.deviation[0] == doctest::Approx(std::sqrt(2.0 / 3)));
    CHECK(std::isnan(second.mean[1]));
    CHECK(std::isnan(second.deviation[1]));
    const MeanCurve sure = mean_probability(result);
    CHECK(sure.mean[0] == doctest::Approx(0.2));
    CHECK(sure.mean[1] == doctest::Approx(0.5));
    CHECK(sure.deviation[1] == doctest::Approx(0.5));
    CHECK(mean_distance(result, 0).deviation == std::vector<double>{0, 0});
    CHECK_THROWS_AS(mean_distance(result, 2), OptionError);
}

TEST_CASE("invariance: progress counts up to the end and can cancel") {
    const Tensor<double> images({2, 1, 1, 4});
    std::vector<Index> done;
    InvarianceOptions options{.amounts = {1, 2}, .batch = 3};
    options.progress = [&](const Progress& progress) {
        CHECK(progress.total == 6);
        done.push_back(progress.done);
        return true;
    };
    invariance(halves(), images, {0, 0}, options);
    CHECK(done == std::vector<Index>{2, 5, 6});
    options.progress = [](const Progress&) { return false; };
    CHECK_THROWS_WITH_AS(invariance(halves(), images, {0, 0}, options), "invariance: cancelled after 2 of 6 pictures",
                         CancelledError);
}

TEST_CASE("invariance: what makes no sense is refused") {
    const auto model = halves();
    const Tensor<double> images({2, 1, 1, 4});
    const auto with = [&](const InvarianceOptions& options) { return invariance(model, images, {0, 1}, options); };
    check_throws<ShapeError>([&] { invariance(model, images.entry(0), {0}); },
                             {"invariance: expected pictures (N,C,H,W), each (1,1,4), got (1,1,4)"});
    check_throws<ShapeError>([&] { invariance(model, Tensor<double>({2, 1, 2, 4}), {0, 1}); }, {"got (2,1,2,4)"});
    check_throws<ShapeError>([&] { invariance(model, Tensor<double>({0, 1, 1, 4}), {}); }, {"got (0,1,1,4)"});
    check_throws<ShapeError>([&] { invariance(model, images, {0}); }, {"expected 2 labels", "got 1"});
    check_throws<OptionError>([&] { invariance(model, images, {0, 2}); }, {"no class 2: the classes are 0 … 1"});
    check_throws<OptionError>([&] { invariance(model, images, {-1, 0}); }, {"no class -1"});
    check_throws<OptionError>([&] { with({.layers = {"conv9"}}); }, {"no layer 'conv9'"});
    check_throws<OptionError>([&] { with({.batch = 0}); }, {"batch of at least 1, got 0"});
    check_throws<OptionError>([&] { with({.amounts = {0, std::nan("")}}); }, {"amounts that are finite, got nan"});
    check_throws<OptionError>([&] { with({.transformation = Transformation::scale, .amounts = {0}}); },
                              {"finite factors above 0, got 0"});
    const Sequential<double> flat({4}, Dense<double>({.in = 4, .out = 2}));
    CHECK_THROWS_AS(invariance(flat, Tensor<double>({1, 4}), {0}), ShapeError);
    const Sequential<double> maps_only({1, 1, 4}, ReLU<double>());
    check_throws<ShapeError>([&] { invariance(maps_only, images, {0, 1}); }, {"must end in classes (F)"});
}
