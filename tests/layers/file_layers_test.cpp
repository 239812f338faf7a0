// The layers that models out of files bring: LeakyReLU, ClippedReLU, BatchNorm, ZeroPad2D.
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/batch_norm.hpp"
#include "deconvviz/layers/clipped_relu.hpp"
#include "deconvviz/layers/leaky_relu.hpp"
#include "deconvviz/layers/zero_pad2d.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/initialise.hpp"
#include "layer_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::ReluRule;
using dv::Shape;
using dv::Tensor;
using dv::Window;

namespace {

/// The signal below a window, computed in the window and on whole maps: are they the same?
template <class L>
void check_window(const L& layer, const Tensor<double>& src, const Window& dst, const dv::ReverseRules& rules) {
    const auto pass = support::run(layer, src);
    const Shape whole = pass.dst.shape();
    Tensor<double> above(whole);
    const auto part = support::random_tensor<double>({whole[0], whole[1], dst.height, dst.width}, 4);
    dv::detail::copy_to_window(part.data(), whole, dst, above.data());
    const Window below = layer.reads(dst, src.shape().sample());
    const auto full = support::deconv(layer, pass, above, rules);
    Tensor<double> expected({src.shape()[0], src.shape()[1], below.height, below.width});
    dv::detail::copy_window(src.shape(), full.data(), below, expected.data());
    Tensor<double> got;
    dv::Record<double> room;
    layer.deconv_window(pass.seen(), {dst, below}, part, got, rules, room);
    CHECK(got == expected);
}

dv::BatchNorm<double> some_batch_norm(Index channels) {
    return dv::BatchNorm<double>(
        {.channels = channels, .epsilon = 0.1}, support::random_tensor<double>({channels}, 1, -2, 2),
        support::random_tensor<double>({channels}, 2), support::random_tensor<double>({channels}, 3),
        support::random_tensor<double>({channels}, 4, 0.1, 3));
}

constexpr std::array all_rules{ReluRule::deconvnet, ReluRule::guided, ReluRule::gradient};

}  // namespace

TEST_CASE("leaky_relu: a share of negative values passes, the same way back under every rule") {
    const dv::LeakyReLU<double> layer({.slope = 0.25});
    const auto pass = support::run(layer, Tensor<double>({1, 4}, {2, -2, 0, -8}));
    CHECK(pass.dst == Tensor<double>({1, 4}, {2, -0.5, 0, -2}));
    for (const ReluRule rule : all_rules)
        CHECK(support::deconv(layer, pass, Tensor<double>({1, 4}, {1, 4, -4, -8}), {.relu = rule}) ==
              Tensor<double>({1, 4}, {1, 1, -1, -2}));
    const auto src = support::distinct_tensor<double>({2, 3, 4, 5}, 6);
    support::check_in_place(layer, src);
    support::check_gradients(layer, src);
    check_window(layer, src, {1, 2, 2, 3}, {});
    CHECK_THROWS_AS(dv::LeakyReLU<float>({.slope = std::numeric_limits<double>::infinity()}), dv::OptionError);
}

TEST_CASE("clipped_relu: cut off at both ends; the rules of a ReLU") {
    const dv::ClippedReLU<double> layer;
    const auto pass = support::run(layer, Tensor<double>({1, 5}, {-1, 3, 6, 7, 0}));
    CHECK(pass.dst == Tensor<double>({1, 5}, {0, 3, 6, 6, 0}));
    const Tensor<double> above({1, 5}, {1, -2, 3, 4, 5});
    CHECK(support::deconv(layer, pass, above) == Tensor<double>({1, 5}, {1, 0, 3, 4, 5}));
    CHECK(support::deconv(layer, pass, above, {.relu = ReluRule::gradient}) ==
          Tensor<double>({1, 5}, {0, -2, 0, 0, 0}));
    CHECK(support::deconv(layer, pass, above, {.relu = ReluRule::guided}) == Tensor<double>({1, 5}, {0, 0, 0, 0, 0}));
    const auto src = support::distinct_tensor<double>({2, 2, 4, 5}, 6, 0.37);
    support::check_in_place(layer, src);
    support::check_gradients(layer, src);
    for (const ReluRule rule : all_rules) check_window(layer, src, {0, 1, 3, 2}, {.relu = rule});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(std::isnan(support::run(layer, Tensor<double>({1, 1}, {nan})).dst[0]));
    CHECK_THROWS_AS(dv::ClippedReLU<float>({.most = 0}), dv::OptionError);
}

TEST_CASE("batch_norm: the formula, its gradients, and its scale alone on the way back") {
    const dv::BatchNorm<double> layer({.channels = 2, .epsilon = 1}, Tensor<double>({2}, {2, -1}),
                                      Tensor<double>({2}, {0.5, 0}), Tensor<double>({2}, {1, -2}),
                                      Tensor<double>({2}, {3, 24}));
    const auto pass = support::run(layer, Tensor<double>({1, 2, 1, 2}, {1, 3, -2, 3}));
    CHECK(pass.dst == Tensor<double>({1, 2, 1, 2}, {0.5, 2.5, 0, -1}));
    for (const ReluRule rule : all_rules)
        CHECK(support::deconv(layer, pass, Tensor<double>({1, 2, 1, 2}, {1, 2, 5, -10}), {.relu = rule}) ==
              Tensor<double>({1, 2, 1, 2}, {1, 2, -1, 2}));
    const auto some = some_batch_norm(3);
    const auto src = support::random_tensor<double>({2, 3, 4, 5}, 9);
    support::check_in_place(some, src);
    support::check_gradients(some, src);
    support::check_gradients(some_batch_norm(5), support::random_tensor<double>({3, 5}, 9));  // of flat features
    check_window(some, src, {1, 1, 2, 3}, {});
}

TEST_CASE("batch_norm: initialise sets scales to 1 and shifts to 0; sizes must agree") {
    dv::Sequential<double> model({3, 2, 2}, some_batch_norm(3));
    dv::initialise(model);
    CHECK(model.layer<dv::BatchNorm<double>>(0).scale() == Tensor<double>({3}, 1));
    CHECK(model.layer<dv::BatchNorm<double>>(0).shift() == Tensor<double>({3}));
    CHECK_THROWS_AS(dv::BatchNorm<float>({.channels = 0}), dv::OptionError);
    CHECK_THROWS_AS(dv::BatchNorm<float>({.channels = 2, .epsilon = -1}), dv::OptionError);
    CHECK_THROWS_AS(dv::BatchNorm<float>({.channels = 2}).output_shape({3, 4, 4}), dv::ShapeError);
    const Tensor<float> two({2}), three({3});
    CHECK_THROWS_AS(dv::BatchNorm<float>({.channels = 2}, two, two, three, two), dv::ShapeError);
}

TEST_CASE("zero_pad2d: a border of zeros, cut off on the way back") {
    const dv::ZeroPad2D<double> layer({.padding = {1, 0, 0, 2}});
    const auto pass = support::run(layer, Tensor<double>({1, 1, 2, 2}, {1, 2, 3, 4}));
    CHECK(pass.dst == Tensor<double>({1, 1, 3, 4}, {0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0}));
    const auto src = support::random_tensor<double>({2, 2, 4, 5}, 9);
    support::check_gradients(layer, src);
    check_window(layer, src, {2, 1, 2, 3}, {});
    check_window(layer, src, {0, 3, 3, 3}, {});
    const support::Influence influence(layer, support::random_tensor<double>({1, 1, 4, 5}, 7), 9);
    dv::Random random(3);
    for (int i = 0; i < 20; ++i) {
        const Window dst = support::random_window(random, 5, 7), part = support::random_window(random, 4, 5);
        CHECK(layer.reads(dst, {1, 4, 5}) == influence.reads(dst));
        CHECK(layer.reached_by(part, {1, 5, 7}) == influence.reached_by(part));
    }
    CHECK_THROWS_AS(dv::ZeroPad2D<float>({.padding = {0, 0, -1, 0}}), dv::OptionError);
    CHECK_THROWS_AS(layer.output_shape({7}), dv::ShapeError);
}
