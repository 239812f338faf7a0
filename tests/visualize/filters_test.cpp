#include "deconvviz/visualize/filters.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/train/sgd.hpp"
#include "tensor_support.hpp"

using namespace deconvviz;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A bank of filters 1x2 over one channel with these weights.
FilterBank<double> bank_of(const std::vector<double>& weights) {
    const auto count = static_cast<Index>(weights.size()) / 2;
    const Sequential<double> model({1, 3, 3}, Conv2D<double>({.in = 1, .out = count, .kernel = {1, 2}},
                                                             Tensor<double>({count, 1, 1, 2}, weights), {}));
    return filter_bank(model);
}

/// Four maps of one pixel each out of a picture of two: their sum, their difference less 1, nothing, and minus the
/// first.
Sequential<double> four_maps() {
    const Tensor<double> filters({4, 1, 1, 2}, {1, 1, 1, -1, 0, 0, -1, 0});
    return Sequential<double>(
        {1, 1, 2}, Conv2D<double>({.in = 1, .out = 4, .kernel = {1, 2}}, filters, Tensor<double>({4}, {0, -1, 0, 0})),
        ReLU<double>(), Flatten<double>(), Dense<double>({.in = 4, .out = 2}));
}

}  // namespace

TEST_CASE("filters: the bank is a copy of the first convolution, or of the one that is named") {
    Sequential<float> model({1, 8, 8}, ReLU<float>(), Conv2D<float>({.in = 1, .out = 2, .kernel = 3}), ReLU<float>(),
                            Conv2D<float>({.in = 2, .out = 4, .kernel = 3, .groups = 2}));
    const auto bank = filter_bank(model);
    CHECK(bank.layer == "conv1");
    CHECK(bank.filters == model.layer<Conv2D<float>>("conv1").weights());
    const auto before = bank.filters;
    model.layer<Conv2D<float>>("conv1").weights().fill(3);
    CHECK(bank.filters == before);
    CHECK(filter_bank(model).rms == std::vector<double>{3, 3});
    CHECK(filter_bank(model, "conv2").filters.shape() == Shape{4, 1, 3, 3});
    CHECK(filter_bank(model, 3).size() == 4);
    CHECK_THROWS_WITH_AS(filter_bank(model, "relu2"), "filter bank: expected a Conv2D, layer 'relu2' is a ReLU",
                         OptionError);
    CHECK_THROWS_AS(filter_bank(model, "conv3"), OptionError);
    CHECK_THROWS_WITH_AS(filter_bank(Sequential<float>({4}, Dense<float>({.in = 4, .out = 2}))),
                         "filter bank: expected a model with a Conv2D, it has none among its 1 layers", OptionError);
}

TEST_CASE("filters: root mean square and the paper's rescaling, by hand") {
    const auto bank = bank_of({3, 4, 0.06, 0.08, 0, 0, not_a_number, 1});
    CHECK(bank.rms[0] == doctest::Approx(std::sqrt(12.5)));
    CHECK(bank.rms[1] == doctest::Approx(std::sqrt(0.005)));
    CHECK(bank.rms[2] == 0);
    CHECK(std::isnan(bank.rms[3]));
    const auto limited = rescaled(bank, 0.1);
    CHECK(limited.layer == bank.layer);
    CHECK(limited.rms[0] == doctest::Approx(0.1));
    CHECK(limited.filters(0, 0, 0, 0) == doctest::Approx(0.1 * 3 / std::sqrt(12.5)));
    CHECK(limited.filters(0, 0, 0, 1) == doctest::Approx(0.1 * 4 / std::sqrt(12.5)));
    CHECK(limited.filters(1, 0, 0, 0) == 0.06);  // below the limit: as it was
    CHECK(limited.filters(2, 0, 0, 0) == 0);
    CHECK(std::isnan(limited.filters(3, 0, 0, 0)));
    CHECK(limited.filters(3, 0, 0, 1) == 1);
    CHECK(bank.filters(0, 0, 0, 0) == 3);  // the bank that was given is what it was
    CHECK_THROWS_WITH_AS(rescaled(bank, 0), "rescaled filters: expected a limit above 0, got 0", OptionError);
    CHECK_THROWS_AS(rescaled(bank, not_a_number), OptionError);
}

TEST_CASE("filters: rescaling the bank is what a step of training with the limit leaves") {
    Sequential<float> model({1, 6, 6}, Conv2D<float>({.in = 1, .out = 8, .kernel = 3}));
    const auto bank = filter_bank(model);
    Gradients<float> nothing;
    nothing.layers = {{Tensor<float>({8, 1, 3, 3}), Tensor<float>({8})}};
    Sgd<float>({.filter_rms_limit = 0.4}).step(model, nothing, 0.1);
    CHECK(filter_bank(model).filters == rescaled(bank, 0.4).filters);
    CHECK(filter_bank(model).filters != bank.filters);
}

TEST_CASE("filters: which are dead by their weights, by hand") {
    // root mean squares 10, 1, 1, 0.09, 0 and NaN
    const auto bank = bank_of({10, 10, 1, 1, 1, -1, 0.09, 0.09, 0, 0, not_a_number, 0});
    CHECK(median_rms(bank) == doctest::Approx(1));
    CHECK(largest_rms(bank) == doctest::Approx(10));
    CHECK(dead_filters(bank) == std::vector<Index>{3, 4});
    CHECK(dead_filters(bank, {.fraction = 0.05}) == std::vector<Index>{4});
    CHECK(dead_filters(bank, {.fraction = 0}) == std::vector<Index>{4});
    CHECK(dead_filters(bank, {.fraction = 0.11, .reference = RmsReference::largest}) == std::vector<Index>{1, 2, 3, 4});
    CHECK(median_rms(bank_of({1, 1, 3, 3})) == doctest::Approx(2));
    const auto zero = bank_of({0, 0, 0, 0});
    CHECK(median_rms(zero) == 0);
    CHECK(dead_filters(zero) == std::vector<Index>{0, 1});
    CHECK(dead_filters(bank_of({not_a_number, 0})).empty());
    CHECK(median_rms(bank_of({not_a_number, 0})) == 0);
    CHECK_THROWS_WITH_AS(dead_filters(bank, {.fraction = 1.5}), "dead filters: expected a fraction in [0, 1], got 1.5",
                         OptionError);
    CHECK_THROWS_AS(dead_filters(bank, {.fraction = not_a_number}), OptionError);
}

TEST_CASE("filters: which maps are dead on pictures, by hand") {
    const auto model = four_maps();
    const Tensor<double> pictures({4, 1, 1, 2}, {1, 2, 3, 1, 0, 0, 2, 2});
    for (const char* layer : {"conv1", "relu1", "flatten1"}) {
        const auto activity = dead_maps(model, layer, pictures);
        CHECK(activity.layer == layer);
        CHECK(activity.pictures == 4);
        CHECK(activity.with_nan == 0);
        CHECK(activity.active == std::vector<double>{0.75, 0.25, 0, 0});
        CHECK(activity.dead() == std::vector<Index>{2, 3});
        CHECK(activity.largest == std::vector<double>{4, 1, 0, 0});
    }
    CHECK(dead_maps(model, "conv1", Tensor<double>({1, 1, 1, 2}, {2, 1})).largest == std::vector<double>{3, 0, 0, -2});
    const auto high = dead_maps(model, "conv1", pictures, {.threshold = 3});
    CHECK(high.active == std::vector<double>{0.5, 0, 0, 0});
    CHECK(dead_maps(model, "conv1", pictures, {.threshold = -0.5}).active == std::vector<double>{1, 0.25, 1, 0.25});
}

TEST_CASE("filters: NaN in a picture counts as no response, and is told") {
    const auto model = four_maps();
    const Tensor<double> pictures({2, 1, 1, 2}, {not_a_number, 1, 1, 2});
    const auto activity = dead_maps(model, "conv1", pictures);
    CHECK(activity.with_nan == 1);
    CHECK(activity.active == std::vector<double>{0.5, 0, 0, 0});
    CHECK(activity.largest[0] == 3);
    const auto only = dead_maps(model, "conv1", Tensor<double>({1, 1, 1, 2}, not_a_number));
    CHECK(only.largest[0] == -std::numeric_limits<double>::infinity());
    CHECK(only.dead().size() == 4);
    CHECK(only.with_nan == 1);
}

TEST_CASE("filters: dead maps are the same for any batch size and number of threads, and as a slow loop finds them") {
    const Sequential<float> model({2, 9, 8}, Conv2D<float>({.in = 2, .out = 7, .kernel = 3}), ReLU<float>(),
                                  MaxPool2D<float>({.kernel = 2}));
    const auto pictures = support::random_tensor<float>({13, 2, 9, 8}, 5);
    const int before = threads();
    set_threads(1);
    const auto one = dead_maps(model, "conv1", pictures, {.threshold = 1.5, .batch = 1});
    set_threads(3);
    const auto all = dead_maps(model, "conv1", pictures, {.threshold = 1.5, .batch = 5});
    set_threads(before);
    CHECK(one.largest == all.largest);
    CHECK(one.active == all.active);
    for (Index map = 0; map < 7; ++map) {
        double count = 0;
        float largest = -100;
        for (Index n = 0; n < 13; ++n) {
            const auto trace = model.trace(pictures.entry(n));
            const float most = strongest_unit(trace, {.layer = "conv1", .map = map}).value;
            count += most > 1.5F ? 1 : 0;
            largest = std::max(largest, most);
        }
        CHECK(one.active[static_cast<std::size_t>(map)] == count / 13);
        CHECK(one.largest[static_cast<std::size_t>(map)] == largest);
    }
}

TEST_CASE("filters: dead maps tell their progress, can be cancelled, and refuse what makes no sense") {
    const auto model = four_maps();
    const Tensor<double> pictures({5, 1, 1, 2});
    std::vector<Index> done;
    DeadMapOptions options{.batch = 2};
    options.progress = [&](const Progress& progress) {
        CHECK(progress.total == 5);
        done.push_back(progress.done);
        return true;
    };
    dead_maps(model, "conv1", pictures, options);
    CHECK(done == std::vector<Index>{2, 4, 5});
    options.progress = [](const Progress&) { return false; };
    CHECK_THROWS_WITH_AS(dead_maps(model, "conv1", pictures, options), "dead maps: cancelled after 2 of 5 pictures",
                         CancelledError);
    CHECK_THROWS_AS(dead_maps(model, "conv9", pictures), OptionError);
    CHECK_THROWS_AS(dead_maps(model, "conv1", pictures, {.batch = 0}), OptionError);
    CHECK_THROWS_AS(dead_maps(model, "conv1", pictures, {.threshold = not_a_number}), OptionError);
    CHECK_THROWS_AS(dead_maps(model, "conv1", Tensor<double>({0, 1, 1, 2})), OptionError);
    CHECK_THROWS_WITH_AS(dead_maps(model, "conv1", Tensor<double>({5, 1, 2, 2})),
                         "dead maps: expected pictures of (1,1,2) as a batch, got (5,1,2,2)", ShapeError);
}
