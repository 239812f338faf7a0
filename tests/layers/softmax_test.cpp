// Softmax: values by hand, large logits, the gradient, and who passes it unchanged.
#include "deconvviz/layers/softmax.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::ReluRule;
using dv::Tensor;

TEST_CASE("softmax: logarithms of 1, 2, 5 become eighths") {
    const dv::Softmax<double> layer;
    const auto pass = support::run(
        layer, Tensor<double>({2, 3}, {0, std::log(2.0), std::log(5.0), std::log(5.0) - 9, std::log(2.0) - 9, -9}));
    support::check_tensor_close(pass.dst, Tensor<double>({2, 3}, {0.125, 0.25, 0.625, 0.625, 0.25, 0.125}), 1e-15);
}

TEST_CASE("softmax: large logits neither overflow nor lose their ratio") {
    const dv::Softmax<float> layer;
    const auto pass = support::run(layer, Tensor<float>({3, 3}, {10000, 9999, -10000,     //
                                                                 -10000, -10001, -30000,  //
                                                                 3e38F, -3e38F, -3e38F}));
    const double p = 1 / (1 + std::exp(-1.0));
    support::check_tensor_close(pass.dst, Tensor<double>({3, 3}, {p, 1 - p, 0, p, 1 - p, 0, 1, 0, 0}), 1e-6);
}

TEST_CASE("softmax: a logit of minus infinity has no probability, and one class has all") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(support::run(dv::Softmax<double>(), Tensor<double>({1, 2}, {-infinity, 3})).dst ==
          Tensor<double>({1, 2}, {0, 1}));
    CHECK(support::run(dv::Softmax<double>(), Tensor<double>({1, 1}, {-500})).dst == Tensor<double>({1, 1}, {1}));
}

TEST_CASE("softmax: the function may write over its input") {
    auto values = support::random_tensor<double>({9}, 1, -3, 3);
    Tensor<double> apart({9});
    dv::softmax<double>(values.values(), apart.values());
    dv::softmax<double>(values.values(), values.values());
    CHECK(values == apart);
}

TEST_CASE("softmax: gradients equal finite differences") {
    support::check_gradients(dv::Softmax<double>(), support::random_tensor<double>({4, 7}, 2, -2, 2));
}

TEST_CASE("softmax: the way back is the gradient under the rule gradient, else the identity") {
    const dv::Softmax<double> layer;
    const auto pass = support::run(layer, support::random_tensor<double>({2, 5}, 2));
    const auto above = support::random_tensor<double>({2, 5}, 3);
    CHECK(support::deconv(layer, pass, above) == above);
    CHECK(support::deconv(layer, pass, above, {.relu = ReluRule::guided}) == above);
    const auto gradient = support::deconv(layer, pass, above, {.relu = ReluRule::gradient});
    CHECK(gradient == support::input_gradient(layer, pass, above));
    CHECK(gradient != above);
}

TEST_CASE("softmax: of maps, each position by itself is a softmax of flat features") {
    const auto src = support::random_tensor<double>({2, 5, 9, 11}, 1, -3, 3);  // more than one tile of positions
    const dv::Softmax<double> layer;
    const auto pass = support::run(layer, src);
    const auto above = support::random_tensor<double>(src.shape(), 2);
    const auto gradient = support::input_gradient(layer, pass, above);
    for (dv::Index n = 0; n < 2; ++n)
        for (dv::Index y = 0; y < 9; ++y)
            for (dv::Index x = 0; x < 11; ++x) {
                Tensor<double> flat({1, 5}), flat_above({1, 5});
                for (dv::Index c = 0; c < 5; ++c) {
                    flat[c] = src(n, c, y, x);
                    flat_above[c] = above(n, c, y, x);
                }
                const auto flat_pass = support::run(layer, flat);
                const auto flat_gradient = support::input_gradient(layer, flat_pass, flat_above);
                for (dv::Index c = 0; c < 5; ++c) {
                    CHECK(pass.dst(n, c, y, x) == doctest::Approx(flat_pass.dst[c]).epsilon(1e-14));
                    CHECK(std::abs(gradient(n, c, y, x) - flat_gradient[c]) < 1e-15);
                }
            }
}

TEST_CASE("softmax: of maps, the values of PyTorch") {
    // torch.softmax(x, 1) and autograd for x = (arange(12) * 7 % 5).view(1, 3, 2, 2) / 2, above = arange(12)
    Tensor<double> src({1, 3, 2, 2}), above(src.shape());
    for (dv::Index i = 0; i < 12; ++i) {
        src[i] = static_cast<double>(i * 7 % 5) / 2;
        above[i] = static_cast<double>(i);
    }
    const dv::Softmax<double> layer;
    const auto pass = support::run(layer, src);
    support::check_tensor_close(
        pass.dst,
        Tensor<double>({1, 3, 2, 2},
                       {0.14024438316608848, 0.33149896042409155, 0.6652409557748218, 0.14024438316608848,
                        0.6285317192117624, 0.12195165230972886, 0.24472847105479764, 0.6285317192117624,
                        0.23122389762214907, 0.5465493872661796, 0.09003057317038046, 0.23122389762214907}),
        1e-12);
    support::check_tensor_close(
        support::input_gradient(layer, pass, above),
        Tensor<double>({1, 3, 2, 2},
                       {-0.6120149962069157, -1.6111518134440037, -1.1303498043177689, -0.6120149962069157,
                        -0.22873404253647656, -0.10490301953322044, 0.5630814298785205, -0.22873404253647656,
                        0.8407490387433924, 1.716054832977224, 0.5672683744392487, 0.8407490387433924}),
        1e-12);
}

TEST_CASE("softmax: of maps, gradients equal finite differences") {
    support::check_gradients(dv::Softmax<double>(), support::random_tensor<double>({2, 4, 3, 5}, 2, -2, 2));
}

TEST_CASE("softmax: of maps, the way back as of flat features; large logits do not overflow") {
    const dv::Softmax<float> layer;
    auto src = support::random_tensor<float>({1, 3, 2, 4}, 2);
    src(0, 1, 1, 2) = 3e38F;
    const auto pass = support::run(layer, src);
    CHECK(pass.dst(0, 1, 1, 2) == 1);
    CHECK(pass.dst(0, 0, 1, 2) == 0);
    const auto above = support::random_tensor<float>(src.shape(), 3);
    CHECK(support::deconv(layer, pass, above) == above);
    CHECK(support::deconv(layer, pass, above, {.relu = ReluRule::guided}) == above);
    CHECK(support::deconv(layer, pass, above, {.relu = ReluRule::gradient}) ==
          support::input_gradient(layer, pass, above));
}

TEST_CASE("softmax: of maps, a signal in a window") {
    const dv::Softmax<double> layer;
    const auto pass = support::run(layer, support::random_tensor<double>({2, 4, 6, 7}, 5));
    const dv::Window window{1, 2, 3, 4};
    CHECK(layer.reads(window, {4, 6, 7}) == window);
    CHECK(layer.reached_by(window, {4, 6, 7}) == window);
    const auto part = support::random_tensor<double>({2, 4, 3, 4}, 6);
    Tensor<double> above(pass.dst.shape());
    dv::detail::copy_to_window(part.data(), above.shape(), window, above.data());
    for (const ReluRule rule : {ReluRule::deconvnet, ReluRule::guided, ReluRule::gradient}) {
        const auto whole = support::deconv(layer, pass, above, {.relu = rule});
        Tensor<double> below, expected(part.shape());
        dv::Record<double> room;
        layer.deconv_window(pass.seen(), {window, window}, part, below, {.relu = rule}, room);
        dv::detail::copy_window(whole.shape(), whole.data(), window, expected.data());
        support::check_tensor_close(below, expected, 1e-14, 1e-16);
    }
}

TEST_CASE("softmax: other shapes throw ShapeError") {
    support::check_throws<dv::ShapeError>(
        [] {
            dv::Softmax<float>().output_shape({3, 2});
        },
        {"flat features (F) or maps (C,H,W), got (3,2)"});
}

TEST_CASE("softmax: in place, the same bits on the same memory") {
    support::check_in_place(dv::Softmax<float>(), support::random_tensor<float>({3, 10}, 1));
}

TEST_CASE("softmax: of maps in place, the same bits on the same memory") {
    support::check_in_place(dv::Softmax<double>(), support::random_tensor<double>({3, 4, 9, 10}, 1));
}
