// AveragePool2D and GlobalAveragePool2D: what a mean divides by, gradients, windows, the adjoint.
#include "deconvviz/layers/average_pool2d.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;

namespace {

dv::AveragePool2DOptions random_options(dv::Random& random) {
    dv::AveragePool2DOptions o;
    o.kernel = {1 + random.below(4), 1 + random.below(4)};
    o.stride = {1 + random.below(3), 1 + random.below(3)};
    o.padding = {random.below(o.kernel.y), random.below(o.kernel.x), random.below(o.kernel.y),
                 random.below(o.kernel.x)};
    o.ceil = random.chance(0.5);
    o.count_padding = random.chance(0.5);
    return o;
}

}  // namespace

TEST_CASE("average_pool2d: means by hand, with and without the padding's zeros") {
    const Tensor<double> map({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(support::run(dv::AveragePool2D<double>({.kernel = 2, .stride = 1}), map).dst ==
          Tensor<double>({1, 1, 2, 2}, {3, 4, 6, 7}));
    const dv::AveragePool2DOptions padded{.kernel = 2, .stride = 2, .padding = 1};
    CHECK(support::run(dv::AveragePool2D<double>(padded), map).dst ==
          Tensor<double>({1, 1, 2, 2}, {0.25, 1.25, 2.75, 7}));
    auto inner = padded;
    inner.count_padding = false;
    CHECK(support::run(dv::AveragePool2D<double>(inner), map).dst == Tensor<double>({1, 1, 2, 2}, {1, 2.5, 5.5, 7}));
}

TEST_CASE("average_pool2d: what hangs over the border in ceil mode never counts") {
    // PyTorch 1.13: AvgPool2d(3, stride=2, padding=1, ceil_mode=True) of arange(16).reshape(4, 4)
    Tensor<double> map({1, 1, 4, 4});
    for (Index i = 0; i < 16; ++i) map[i] = static_cast<double>(i);
    dv::AveragePool2DOptions o{.kernel = 3, .stride = 2, .padding = 1, .ceil = true};
    support::check_tensor_close(
        support::run(dv::AveragePool2D<double>(o), map).dst,
        Tensor<double>({1, 1, 3, 3}, {10.0 / 9, 24.0 / 9, 10.0 / 6, 51.0 / 9, 10, 33.0 / 6, 25.0 / 6, 7, 15.0 / 4}),
        1e-12);
    o.count_padding = false;
    support::check_tensor_close(support::run(dv::AveragePool2D<double>(o), map).dst,
                                Tensor<double>({1, 1, 3, 3}, {2.5, 4, 5, 8.5, 10, 11, 12.5, 14, 15}), 1e-12);
}

TEST_CASE("average_pool2d: gradients equal finite differences; deconv is the adjoint; windows are tight") {
    dv::Random random(3);
    for (int i = 0; i < 25; ++i) {
        const dv::AveragePool2D<double> layer(random_options(random));
        CAPTURE(i);
        support::check_gradients(layer,
                                 support::random_tensor<double>({2, 2, 4 + random.below(5), 4 + random.below(4)}, 5));
        const auto src = support::random_tensor<double>({2, 3, 7, 6}, 6);
        const auto pass = support::run(layer, src);
        const auto above = support::random_tensor<double>(pass.dst.shape(), 8);
        CHECK(support::dot(pass.dst, above) == doctest::Approx(support::dot(src, support::deconv(layer, pass, above))));
        const support::Influence influence(layer, support::random_tensor<double>({1, 1, 7, 8}, 7), 9);
        const Shape map{1, 7, 8}, pooled = layer.output_shape(map);
        const auto dst = support::random_window(random, pooled[1], pooled[2]);
        CHECK(layer.reads(dst, map) == influence.reads(dst));
        const auto part = support::random_window(random, 7, 8);
        CHECK(layer.reached_by(part, pooled) == influence.reached_by(part));
    }
}

TEST_CASE("average_pool2d: what makes no sense is refused") {
    CHECK_THROWS_AS(dv::AveragePool2D<float>({.kernel = 0}), dv::OptionError);
    CHECK_THROWS_AS(dv::AveragePool2D<float>({.kernel = 2, .padding = 2}), dv::OptionError);
    CHECK_THROWS_AS(dv::AveragePool2D<float>({.kernel = 2, .padding = -1}), dv::OptionError);
    CHECK_THROWS_AS(dv::AveragePool2D<float>({.kernel = 3}).output_shape({1, 2, 5}), dv::ShapeError);
    CHECK_THROWS_AS(dv::AveragePool2D<float>().output_shape({4}), dv::ShapeError);
}

TEST_CASE("global_average_pool2d: the mean of a map, spread evenly on the way back") {
    const dv::GlobalAveragePool2D<double> layer;
    const auto pass = support::run(layer, Tensor<double>({1, 2, 2, 2}, {1, 2, 3, 6, -1, -1, -1, -1}));
    CHECK(pass.dst == Tensor<double>({1, 2, 1, 1}, {3, -1}));
    CHECK(support::deconv(layer, pass, Tensor<double>({1, 2, 1, 1}, {8, 4})) ==
          Tensor<double>({1, 2, 2, 2}, {2, 2, 2, 2, 1, 1, 1, 1}));
    support::check_gradients(layer, support::random_tensor<double>({2, 3, 3, 4}, 1));
    CHECK_THROWS_AS(layer.output_shape({3}), dv::ShapeError);
}
