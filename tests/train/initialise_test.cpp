// initialise: variances, bounds, seeds.
#include "deconvviz/train/initialise.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/relu.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
using dv::Tensor;

namespace {

/// Fan-ins 12·9 / 3 = 36 and 4800; fan-outs 48·9 = 432 and 10.
dv::Sequential<double> model() {
    dv::Sequential<double> all({12, 12, 12}, dv::Conv2D<double>({.in = 12, .out = 48, .kernel = 3, .groups = 3}),
                               dv::ReLU<double>(), dv::Flatten<double>(), dv::Dense<double>({.in = 4800, .out = 10}));
    for (const auto& parameter : all.parameters()) parameter.parameter.value->fill(7);
    return all;
}

std::vector<Tensor<double>> values(dv::Sequential<double> of) {
    std::vector<Tensor<double>> all;
    for (const auto& parameter : of.parameters()) all.push_back(*parameter.parameter.value);
    return all;
}

std::vector<Tensor<double>> initialised(const dv::InitialiseOptions& options) {
    auto drawn = model();
    dv::initialise(drawn, options);
    return values(drawn);
}

double mean(const Tensor<double>& tensor) {
    double sum = 0;
    for (const double value : tensor) sum += value;
    return sum / static_cast<double>(tensor.size());
}

double mean_square(const Tensor<double>& tensor) {
    return support::dot(tensor, tensor) / static_cast<double>(tensor.size());
}

}  // namespace

TEST_CASE("initialise: he draws a normal distribution of variance 2 / fan-in, biases are 0") {
    const auto all = initialised({});
    CHECK(mean_square(all[0]) == doctest::Approx(2.0 / 36).epsilon(0.1));
    CHECK(mean_square(all[2]) == doctest::Approx(2.0 / 4800).epsilon(0.03));
    CHECK(std::abs(mean(all[2])) < 4 * std::sqrt(2.0 / 4800 / 48000));
    CHECK(support::largest(all[1]) == 0);
    CHECK(support::largest(all[3]) == 0);
    // Normal: about 4.6 % lie beyond two standard deviations.
    int beyond = 0;
    for (const double weight : all[2]) beyond += std::abs(weight) > 2 * std::sqrt(2.0 / 4800);
    CHECK(beyond / 48000.0 == doctest::Approx(0.0455).epsilon(0.1));
}

TEST_CASE("initialise: glorot draws uniformly within sqrt(6 / (fan-in + fan-out)), biases are 0") {
    const auto all = initialised({.scheme = dv::Initialisation::glorot});
    const double dense = std::sqrt(6.0 / 4810);
    CHECK(support::largest(all[2]) <= dense);
    CHECK(support::largest(all[2]) > 0.999 * dense);
    CHECK(mean_square(all[2]) == doctest::Approx(2.0 / 4810).epsilon(0.03));
    const double conv = std::sqrt(6.0 / (36 + 432));
    CHECK(support::largest(all[0]) <= conv);
    CHECK(support::largest(all[0]) > 0.99 * conv);
    CHECK(support::largest(all[1]) == 0);
    CHECK(support::largest(all[3]) == 0);
}

TEST_CASE("initialise: the seed decides every weight, whatever the model held before") {
    for (const auto scheme : {dv::Initialisation::he, dv::Initialisation::glorot}) {
        CHECK(initialised({scheme, 5}) == initialised({scheme, 5}));
        CHECK(initialised({scheme, 5})[0] != initialised({scheme, 6})[0]);
        CHECK(initialised({scheme, 5})[2] != initialised({scheme, 6})[2]);
    }
    auto twice = model();
    dv::initialise(twice, {.seed = 9});
    dv::initialise(twice, {.seed = 5});
    CHECK(values(twice) == initialised({.seed = 5}));
}

TEST_CASE("initialise: layers of one shape get different weights") {
    dv::Sequential<double> twins({6}, dv::Dense<double>({.in = 6, .out = 6}), dv::Dense<double>({.in = 6, .out = 6}));
    dv::initialise(twins);
    const auto all = values(twins);
    CHECK(all[0] != all[2]);
}
