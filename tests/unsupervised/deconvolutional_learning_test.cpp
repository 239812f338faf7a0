// Learning in the adaptive deconvolutional network: its least squares against a dense solver, its filters against those
// that the pictures were made of.
#include <doctest/doctest.h>

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "deconvolutional_support.hpp"
#include "deconvviz/unsupervised/deconvolutional_learning.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using namespace deconvolutional_test;
using support::random_tensor;

namespace {

/// Pictures that a layer of two filters explains with few values, and their filters.
Tensor<double> planted(Index count, Tensor<double>& filters) {
    Network network({1, 10, 10}, {{.maps = 2, .filter = 3, .pool = {1, 1}}}, 99);
    filters = network.layer(0).filters;
    Tensor<double> maps(network.layer(0).maps.batched(count));
    Random random(4);
    for (Index n = 0; n < count; ++n)
        for (int i = 0; i < 4; ++i)
            maps(n, random.below(2), random.below(12), random.below(12)) =
                (random.chance(0.5) ? 1 : -1) * random.between(3, 6);
    return project(network, Code(), 0, maps);
}

}  // namespace

TEST_CASE(
    "filters: conjugate gradient solves the least squares that a dense solver solves, and never raises the error") {
    const Network network({1, 7, 6}, {{.maps = 3, .filter = 3, .pool = {2, 2}, .lambda = 5},
                                      {.maps = 2, .filter = 2, .pool = {1, 2}, .lambda = 5}});
    const auto images = random_tensor<double>({20, 1, 7, 6}, 12, -2, 2);  // two blocks of pictures
    const Code code = infer(network, images, {.iterations = 10});
    for (Index layer = 0; layer < 2; ++layer) {
        CAPTURE(layer);
        const detail::FilterLeastSquares<double> problem(network, code, layer, images);
        Tensor<double> filters = network.layer(layer).filters;
        // A column by column; its columns make R z linear in the filters
        Eigen::MatrixXd a(images.size(), filters.size());
        for (Index j = 0; j < filters.size(); ++j) {
            Tensor<double> unit(filters.shape());
            unit[j] = 1;
            const auto column = problem.apply(unit);
            a.col(j) = Eigen::Map<const Eigen::VectorXd>(column.data(), column.size());
        }
        support::check_close_to_largest(problem.apply(filters), reconstruct(network, code, layer), 1e-12);
        const Eigen::Map<const Eigen::VectorXd> y(images.data(), images.size());
        const auto residual = random_tensor<double>(images.shape(), 13);
        CHECK(support::dot(problem.adjoint(residual), filters) ==
              doctest::Approx(support::dot(residual, problem.apply(filters))).epsilon(1e-10));

        // the gradient of half the error
        const auto half_error = [&] {
            const auto back = problem.apply(filters);
            double sum = 0;
            for (Index i = 0; i < back.size(); ++i) sum += std::pow(back[i] - images[i], 2) / 2;
            return sum;
        };
        auto error = problem.apply(filters);
        for (Index i = 0; i < error.size(); ++i) error[i] -= images[i];
        support::check_close_to_largest(support::finite_difference(filters, half_error), problem.adjoint(error), 1e-6);

        double last = 2 * half_error();
        for (const int steps : {1, 1, 2, 4}) {  // started anew each time
            const double now = problem.solve(filters, steps);
            CHECK(now <= last);
            last = now;
        }
        problem.solve(filters, 200);
        const Eigen::VectorXd exact = a.completeOrthogonalDecomposition().solve(y);
        const double least = (a * exact - y).squaredNorm();
        CHECK(problem.solve(filters, 1) == doctest::Approx(least).epsilon(1e-8));
        if (layer == 0) {  // of full rank: the filters agree too
            const Tensor<double> expected(filters.shape(),
                                          std::span(exact.data(), static_cast<std::size_t>(exact.size())));
            support::check_close_to_largest(filters, expected, 1e-6);
        }
    }
}

TEST_CASE("learning: filters of which pictures were made are found again, of unit length") {
    Tensor<double> truth;
    const auto images = planted(40, truth);
    Network network({1, 10, 10}, {{.maps = 2, .filter = 4, .pool = {1, 1}, .lambda = 1}}, 1);
    std::vector<DeconvolutionalEpochReport> reports;
    const Code code =
        learn(network, images,
              {.epochs = 30, .iterations = 20, .on_epoch = [&](const auto& report) { reports.push_back(report); }});
    REQUIRE(reports.size() == 30);
    CHECK(reports.back().epoch == 30);
    for (const auto& report : reports) CHECK(report.fitted_error <= report.measures.relative_error);
    CHECK(reports.back().fitted_error < 0.25 * reports.front().fitted_error);
    for (Index k = 0; k < 2; ++k) {  // up to order, sign and place in the larger window
        double best = 0;
        for (Index j = 0; j < 2; ++j) {
            const auto found = network.layer(0).filters.entry(j);
            CHECK(support::dot(found, found) == doctest::Approx(1));
            for (const auto& [y, x] : {std::pair{0, 0}, {0, 1}, {1, 0}, {1, 1}}) {
                double overlap = 0;
                for (Index i = 0; i < 9; ++i) overlap += truth(k, 0, i / 3, i % 3) * found(0, y + i / 3, x + i % 3);
                best = std::max(best, std::abs(overlap));
            }
        }
        CHECK(best > 0.99);
    }
    CHECK(measure(network, code, 0, images).active < 8);  // four values made each picture
}

TEST_CASE("learning: layer by layer, the same on any number of threads; the code is that of the final filters") {
    const int before = threads();
    const auto images = random_tensor<double>({20, 2, 11, 9}, 14, -2, 2);
    const DeconvolutionalLearningOptions options{.epochs = 3, .iterations = 5};
    Network one = deep_network(), three = deep_network();
    set_threads(1);
    const Code code = learn(one, images, options);
    set_threads(3);
    (void)learn(three, images, options);
    set_threads(before);
    for (Index l = 0; l < 3; ++l) {
        CHECK(one.layer(l).filters == three.layer(l).filters);
        CHECK(one.layer(l).filters != deep_network().layer(l).filters);
        check_never_rises(code.layer(l).cost);
        CHECK(measure(one, code, l, images).cost ==
              doctest::Approx(slow_cost(one, code, l, code.layer(l).maps, images) / 20));
    }
    Network fresh = deep_network();
    const Code from_zero = learn(fresh, images, {.epochs = 2, .iterations = 5, .start = MapStart::zero});
    const Code inferred = infer(fresh, images, {.iterations = 5});
    for (Index l = 0; l < 3; ++l) CHECK(from_zero.layer(l).maps == inferred.layer(l).maps);
}

TEST_CASE("learning: maps that no picture uses keep their filter, or get what is explained worst") {
    const auto images = random_tensor<double>({6, 1, 6, 6}, 15);
    // a filter of zeros explains nothing and is never used
    const std::vector<DeconvolutionalLayerOptions> layers{{.maps = 2, .filter = 2, .pool = {2, 1}, .lambda = 4}};
    Tensor<double> filters({2, 1, 2, 2}, {1, 0, 0, 0, 0, 0, 0, 0});
    Network keep({1, 6, 6}, layers), replace({1, 6, 6}, layers);
    keep.set_filters(0, filters);
    replace.set_filters(0, filters);
    Index unused = 0;
    const auto note = [&](const DeconvolutionalEpochReport& report) { unused = report.unused; };
    (void)learn(keep, images, {.epochs = 2, .unused = UnusedFilters::keep, .on_epoch = note});
    CHECK(unused == 1);
    CHECK(keep.layer(0).filters.entry(1) == filters.entry(1));
    (void)learn(replace, images, {.epochs = 2, .on_epoch = note});
    CHECK(unused == 0);
    CHECK(support::dot(replace.layer(0).filters.entry(1), replace.layer(0).filters.entry(1)) == doctest::Approx(1));

    Tensor<double> window({1, 2, 2});
    const Tensor<double> signal({1, 3, 4}, {0, 0, 0, 0, 0, 1, -5, 0, 0, 2, 3, 0});
    detail::strongest_window(signal.data(), signal.shape(), window.shape(), window.data());
    CHECK(window == Tensor<double>({1, 2, 2}, {1, -5, 2, 3}));
    Tensor<double> larger({1, 4, 4});
    detail::strongest_window(signal.data(), signal.shape(), larger.shape(), larger.data());
    for (Index i = 0; i < 12; ++i) CHECK(larger[i] == signal[i]);
    for (Index i = 12; i < 16; ++i) CHECK(larger[i] == 0);
}

TEST_CASE("deconvolutional network: progress counts, and can cancel") {
    const auto images = random_tensor<double>({40, 2, 11, 9}, 18);
    Network network = deep_network();
    std::vector<Index> done;
    (void)infer(network, images, {.iterations = 1, .layers = 2, .progress = [&](const Progress& progress) {
                                      CHECK(progress.total == 80);
                                      done.push_back(progress.done);
                                      return true;
                                  }});
    CHECK(done == std::vector<Index>{32, 40, 72, 80});
    support::check_throws<CancelledError>(
        [&] {
            (void)learn(network, images, {.epochs = 2, .iterations = 1, .progress = [](const Progress& progress) {
                                              return progress.done < 3;
                                          }});
        },
        {"learn", "3 of 6 epochs"});
}

TEST_CASE("deconvolutional network: float pictures, the cost never rises") {
    AdaptiveDeconvolutionalNetwork<float> network(
        {1, 16, 16}, {{.maps = 6, .filter = 5, .pool = {2, 2}}, {.maps = 8, .filter = 3, .pool = {2, 2}}});
    const auto images = random_tensor<float>({4, 1, 16, 16}, 19, -2, 2);
    const auto code = learn(network, images, {.epochs = 2, .iterations = 60});
    check_never_rises(code.layer(0).cost);
    check_never_rises(code.layer(1).cost);
    CHECK(measure(network, code, 0, images).relative_error < 0.5);
}

TEST_CASE("learning: pictures that are not finite, codes without the layers below and options below 1 are refused") {
    Network network = deep_network();
    auto images = random_tensor<double>({2, 2, 11, 9}, 20);
    for (const auto& options : {DeconvolutionalLearningOptions{.epochs = 0}, {.iterations = 0}, {.filter_steps = 0}})
        CHECK_THROWS_AS((void)learn(network, images, options), OptionError);
    Code code;
    support::check_throws<StateError>([&] { learn_layer(network, images, code, 1); }, {"learn", "layer 1", "0 layers"});
    const Network before = network;
    images(1, 0, 3, 3) = std::numeric_limits<double>::infinity();
    support::check_throws<OptionError>([&] { (void)learn(network, images); }, {"picture 1", "not finite"});
    for (Index l = 0; l < 3; ++l) CHECK(network.layer(l).filters == before.layer(l).filters);
}
