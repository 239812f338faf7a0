// LocalResponseNorm: values by the formula, the gradient against finite differences, and who passes it unchanged.
#include "deconvviz/layers/local_response_norm.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::ContrastRule;
using dv::Index;
using dv::ReluRule;
using dv::Shape;
using dv::Tensor;

namespace {

/// Strong normalisation, so that its terms show in the values and gradients.
std::vector<dv::LocalResponseNormOptions> options_to_try() {
    return {{.size = 5, .alpha = 2, .beta = 0.75, .k = 2},
            {.size = 3, .alpha = 1, .beta = 0.5, .k = 1},
            {.size = 4, .alpha = 3, .beta = 0.75, .k = 1},
            {.size = 2, .alpha = 1.5, .beta = 1.25, .k = 0.5},
            {.size = 1, .alpha = 1, .beta = 2, .k = 1},
            {.size = 9, .alpha = 2, .beta = 0.6, .k = 1},
            {.size = 8, .alpha = 2, .beta = 0.75, .k = 0.25},
            {.size = 3, .alpha = 0, .beta = 0.75, .k = 2},
            {.size = 4, .alpha = 3, .beta = 0.75, .k = 1, .even = dv::EvenWindow::in_front},
            {.size = 2, .alpha = 1, .beta = 0.5, .k = 1, .even = dv::EvenWindow::in_front},
            {.size = 5, .alpha = 1, .beta = 0.75, .k = 1, .even = dv::EvenWindow::in_front}};
}

/// ONNX's definition: the window reaches from c - floor((size - 1) / 2) to c + ceil((size - 1) / 2). PyTorch's has its
/// ends exchanged.
Tensor<double> by_formula(const dv::LocalResponseNormOptions& o, const Tensor<double>& src) {
    Tensor<double> dst(src.shape());
    const Shape& s = src.shape();
    for (Index n = 0; n < s[0]; ++n)
        for (Index c = 0; c < s[1]; ++c)
            for (Index y = 0; y < s[2]; ++y)
                for (Index x = 0; x < s[3]; ++x) {
                    double sum = 0;
                    for (Index j = 0; j < s[1]; ++j) {
                        const double distance = static_cast<double>(o.even == dv::EvenWindow::behind ? j - c : c - j);
                        const double reach = static_cast<double>(o.size - 1) / 2;
                        if (distance >= -std::floor(reach) && distance <= std::ceil(reach))
                            sum += src(n, j, y, x) * src(n, j, y, x);
                    }
                    dst(n, c, y, x) =
                        src(n, c, y, x) / std::pow(o.k + o.alpha / static_cast<double>(o.size) * sum, o.beta);
                }
    return dst;
}

}  // namespace

TEST_CASE("local_response_norm: a hand-computed pixel") {
    // size 3, alpha 3, k 1, beta 1/2: sqrt(1 + sum of the squares of the neighbours and the map itself).
    const dv::LocalResponseNorm<double> layer({.size = 3, .alpha = 3, .beta = 0.5, .k = 1});
    const auto pass = support::run(layer, Tensor<double>({1, 4, 1, 1}, {1, 1, 1, 2}));
    const double root3 = std::sqrt(3.0);
    support::check_tensor_close(
        pass.dst, Tensor<double>({1, 4, 1, 1}, {1 / root3, 0.5, 1 / std::sqrt(7.0), 2 / std::sqrt(6.0)}), 1e-15);
}

TEST_CASE("local_response_norm: forward equals the formula, for odd and even sizes") {
    for (const auto& options : options_to_try())
        for (const Shape& shape : {Shape{2, 6, 3, 4}, Shape{1, 3, 5, 7}, Shape{1, 1, 2, 2}, Shape{1, 11, 6, 9}}) {
            CAPTURE(options.size);
            CAPTURE(shape);
            const auto src = support::random_tensor<double>(shape, 1, -2, 2);
            const auto expected = by_formula(options, src);
            support::check_close_to_largest(support::run(dv::LocalResponseNorm<double>(options), src).dst, expected,
                                            1e-14);
            const auto less = support::run(dv::LocalResponseNorm<float>(options), support::cast<float>(src));
            support::check_close_to_largest(less.dst, expected, 2e-6);
        }
}

TEST_CASE("local_response_norm: gradients equal finite differences, for odd and even sizes and any beta") {
    for (const auto& options : options_to_try()) {
        CAPTURE(options.size);
        support::check_gradients(dv::LocalResponseNorm<double>(options),
                                 support::random_tensor<double>({2, 6, 3, 5}, 2, -2, 2));
    }
}

TEST_CASE("local_response_norm: the way back is the identity or the gradient, by the rules") {
    const dv::LocalResponseNorm<double> layer({.size = 3, .alpha = 2});
    const auto pass = support::run(layer, support::random_tensor<double>({2, 5, 4, 4}, 3));
    const auto above = support::random_tensor<double>(pass.dst.shape(), 4);
    const auto gradient = support::input_gradient(layer, pass, above);
    REQUIRE(gradient != above);
    for (const ReluRule relu : {ReluRule::gradient, ReluRule::deconvnet, ReluRule::guided}) {
        const auto below = [&](ContrastRule contrast) {
            return support::deconv(layer, pass, above, {.relu = relu, .contrast = contrast});
        };
        CHECK(below(ContrastRule::identity) == above);
        CHECK(below(ContrastRule::gradient) == gradient);
        CHECK(below(ContrastRule::automatic) == (relu == ReluRule::gradient ? gradient : above));
    }
}

TEST_CASE("local_response_norm: a trace without the scale throws StateError") {
    const dv::LocalResponseNorm<double> layer;
    auto pass = support::run(layer, support::random_tensor<double>({1, 5, 4, 4}, 3));
    pass.record.saved = Tensor<double>();
    support::check_throws<dv::StateError>([&] { support::input_gradient(layer, pass, pass.dst); },
                                          {"LocalResponseNorm", "trace"});
}

TEST_CASE("local_response_norm: bad options throw OptionError, flat features ShapeError") {
    const auto bad = [](const dv::LocalResponseNormOptions& options, std::string_view part) {
        support::check_throws<dv::OptionError>([&] { dv::LocalResponseNorm<float> layer(options); },
                                               {"LocalResponseNorm", "expected", part});
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    bad({.size = 0}, "size = 0");
    bad({.alpha = -1}, "alpha = -1");
    bad({.alpha = nan}, "alpha = nan");
    bad({.k = 0}, "k = 0");
    bad({.k = nan}, "k = nan");
    bad({.beta = nan}, "beta = nan");
    support::check_throws<dv::ShapeError>([] { dv::LocalResponseNorm<float>().output_shape({8}); }, {"(C,H,W)", "(8)"});
}

TEST_CASE("local_response_norm: without a record, the same bits, and the record stays as it is") {
    const dv::LocalResponseNorm<float> layer({.size = 3, .alpha = 0.5, .k = 1});
    const auto pass = support::run(layer, support::random_tensor<float>({2, 5, 7, 9}, 1));
    CHECK(pass.record.saved.shape() == pass.src.shape());
    const auto unrecorded = support::run(layer, pass.src, {.recorded = false});
    CHECK(unrecorded.dst == pass.dst);
    CHECK(unrecorded.record.saved.empty());
}
