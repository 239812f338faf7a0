// Conv2D: values against the formula, gradients against finite differences, deconv as the adjoint, windows by trying.
#include "deconvviz/layers/conv2d.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;

namespace {

/// A convolution and an input that fits it.
struct Case {
    dv::Conv2DOptions options;
    Shape src;
};

std::vector<Case> odd_cases() {
    return {
        {{.in = 1, .out = 1}, {1, 1, 1, 1}},
        {{.in = 3, .out = 4, .kernel = 3}, {2, 3, 7, 6}},
        {{.in = 2, .out = 3, .kernel = {3, 5}, .padding = {1, 2}}, {1, 2, 6, 9}},
        {{.in = 2, .out = 5, .kernel = 3, .stride = {2, 3}, .padding = 1}, {2, 2, 9, 8}},
        {{.in = 2, .out = 2, .kernel = 3, .dilation = {2, 3}}, {1, 2, 7, 10}},
        {{.in = 4, .out = 6, .kernel = {2, 3}, .groups = 2}, {2, 4, 5, 5}},
        {{.in = 4, .out = 4, .kernel = 3, .padding = 1, .groups = 4}, {1, 4, 6, 5}},
        {{.in = 3, .out = 2, .kernel = {1, 7}, .padding = {0, 3}, .bias = false}, {2, 3, 4, 6}},
        {{.in = 2, .out = 3, .kernel = 5, .stride = 4, .padding = 2, .dilation = 1}, {1, 2, 11, 13}},
        {{.in = 2, .out = 4, .kernel = {3, 2}, .stride = {3, 2}, .padding = {2, 1}, .dilation = {2, 2}, .groups = 2},
         {2, 2, 9, 11}},
        {{.in = 1, .out = 2, .kernel = 2, .stride = 5}, {1, 1, 9, 12}},  // leaves pixels out
        {{.in = 2, .out = 3, .kernel = 3, .stride = 2, .padding = {0, 2, 1, 0}}, {2, 2, 8, 7}},
        {{.in = 1, .out = 17, .kernel = 4, .padding = 3}, {1, 1, 4, 33}},  // more maps than a register has lanes
    };
}

/// An option drawn at random, with an input of at least the kernel's extent.
Case random_case(dv::Random& random) {
    const auto size = [&](Index least, Index count) {
        return dv::Size2D(least + random.below(count), least + random.below(count));
    };
    dv::Conv2DOptions o;
    o.groups = random.chance(0.3) ? 2 : 1;
    o.in = o.groups * (1 + random.below(4));
    o.out = o.groups * (1 + random.below(9));
    o.kernel = size(1, 5);
    o.stride = size(1, 3);
    o.padding = size(0, 4);
    if (random.chance(0.4)) o.padding = {random.below(4), random.below(4), random.below(4), random.below(4)};
    o.dilation = random.chance(0.3) ? size(1, 3) : dv::Size2D(1);
    o.bias = random.chance(0.7);
    o.seed = random.bits();
    const auto side = [&](Index kernel, Index dilation) { return dilation * (kernel - 1) + 1 + random.below(23); };
    return {o, {1 + random.below(3), o.in, side(o.kernel.y, o.dilation.y), side(o.kernel.x, o.dilation.x)}};
}

/// A layer with a bias that is not 0.
template <class T>
dv::Conv2D<T> with_bias(const dv::Conv2DOptions& options) {
    dv::Conv2D<T> layer(options);
    if (options.bias) layer.bias() = support::random_tensor<T>({options.out}, 5);
    return layer;
}

/// The sum as the layer's documentation has it, in double.
template <class T>
Tensor<double> by_formula(const dv::Conv2D<T>& layer, const Tensor<T>& src) {
    const dv::Conv2DOptions& o = layer.options();
    Tensor<double> dst(layer.output_shape(src.shape().sample()).batched(src.shape()[0]));
    const Index in = o.in / o.groups;
    const Index out = o.out / o.groups;
    for (Index n = 0; n < dst.shape()[0]; ++n)
        for (Index m = 0; m < o.out; ++m)
            for (Index y = 0; y < dst.shape()[2]; ++y)
                for (Index x = 0; x < dst.shape()[3]; ++x) {
                    double sum = o.bias ? static_cast<double>(layer.bias()[m]) : 0;
                    for (Index i = 0; i < in; ++i)
                        for (Index ky = 0; ky < o.kernel.y; ++ky)
                            for (Index kx = 0; kx < o.kernel.x; ++kx) {
                                const Index row = y * o.stride.y - o.padding.top + ky * o.dilation.y;
                                const Index column = x * o.stride.x - o.padding.left + kx * o.dilation.x;
                                if (row < 0 || column < 0 || row >= src.shape()[2] || column >= src.shape()[3])
                                    continue;
                                sum += static_cast<double>(layer.weights()(m, i, ky, kx)) *
                                       static_cast<double>(src(n, m / out * in + i, row, column));
                            }
                    dst(n, m, y, x) = sum;
                }
    return dst;
}

template <class T>
void check_adjoint(const Case& c, double tolerance) {
    const dv::Conv2D<T> layer = with_bias<T>(c.options);
    dv::Conv2DOptions plain = c.options;
    plain.bias = false;
    const dv::Conv2D<T> linear(plain, layer.weights(), Tensor<T>());  // forward minus the bias, without cancellation
    const auto x = support::random_tensor<T>(c.src, 21);
    const auto pass = support::run(layer, x);
    const auto y = support::random_tensor<T>(pass.dst.shape(), 22);
    const auto back = support::deconv(layer, pass, y);
    CHECK(back == support::deconv(linear, pass, y));  // the bias does not enter
    CHECK(back == support::input_gradient(layer, pass, y));
    const double left = support::dot(back, x);
    const double right = support::dot(y, support::run(linear, x).dst);
    const double scale = std::sqrt(support::dot(back, back) * support::dot(x, x));
    CHECK(std::abs(left - right) <= tolerance * scale);
}

}  // namespace

TEST_CASE("conv2d: a hand-computed 2x2 filter on a 3x3 ramp") {
    const dv::Conv2D<double> layer({.kernel = 2}, Tensor<double>({1, 1, 2, 2}, {1, 2, 3, 4}),
                                   Tensor<double>({1}, {10}));
    const auto pass = support::run(layer, Tensor<double>({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}));
    CHECK(pass.dst == Tensor<double>({1, 1, 2, 2}, {47, 57, 77, 87}));
    // Each value lays down the filter, as it is, at its place; overlapping products add up; no bias.
    const auto back = support::deconv(layer, pass, Tensor<double>({1, 1, 2, 2}, {1, 0, 0, 2}));
    CHECK(back == Tensor<double>({1, 1, 3, 3}, {1, 2, 0, 3, 6, 4, 0, 6, 8}));
}

TEST_CASE("conv2d: forward equals the formula for odd options") {
    for (const Case& c : odd_cases()) {
        CAPTURE(c.src);
        const auto in_double = with_bias<double>(c.options);
        const auto src = support::random_tensor<double>(c.src, 3);
        support::check_close_to_largest(support::run(in_double, src).dst, by_formula(in_double, src), 1e-13);
        const auto in_float = with_bias<float>(c.options);
        const auto less = support::cast<float>(src);
        support::check_close_to_largest(support::run(in_float, less).dst, by_formula(in_float, less), 2e-6);
    }
}

TEST_CASE("conv2d: forward equals the formula for random options") {
    dv::Random random(1);
    for (int i = 0; i < 60; ++i) {
        const Case c = random_case(random);
        CAPTURE(i);
        const auto layer = with_bias<float>(c.options);
        const auto src = support::random_tensor<float>(c.src, 3);
        support::check_close_to_largest(support::run(layer, src).dst, by_formula(layer, src), 2e-6);
    }
}

TEST_CASE("conv2d: gradients equal finite differences for odd options") {
    for (const Case& c : odd_cases()) {
        CAPTURE(c.src);
        support::check_gradients(with_bias<double>(c.options), support::random_tensor<double>(c.src, 4));
    }
}

TEST_CASE("conv2d: deconv is the adjoint of forward without its bias") {
    dv::Random random(2);
    for (const Case& c : odd_cases()) check_adjoint<double>(c, 1e-13);
    for (int i = 0; i < 150; ++i) {
        const Case c = random_case(random);
        CAPTURE(i);
        CAPTURE(c.src);
        check_adjoint<double>(c, 1e-13);
        check_adjoint<float>(c, 2e-6);
    }
}

TEST_CASE("conv2d: deconv is the same under all rules") {
    const auto layer = with_bias<float>({.in = 2, .out = 3, .kernel = 3});
    const auto pass = support::run(layer, support::random_tensor<float>({1, 2, 8, 8}, 1));
    const auto y = support::random_tensor<float>(pass.dst.shape(), 2);
    const auto plain = support::deconv(layer, pass, y);
    for (const dv::ReluRule relu : {dv::ReluRule::gradient, dv::ReluRule::deconvnet, dv::ReluRule::guided})
        for (const dv::Overlap overlap : {dv::Overlap::accumulate, dv::Overlap::overwrite})
            CHECK(support::deconv(layer, pass, y, {.relu = relu, .overlap = overlap}) == plain);
}

TEST_CASE("conv2d: reads and reached_by agree with trying every pixel") {
    dv::Random random(3);
    for (int i = 0; i < 80; ++i) {
        Case c = random_case(random);
        c.options.in = c.options.out = c.options.groups = 1;
        const Shape sample{1, c.src[2], c.src[3]};
        dv::Conv2D<double> layer(c.options);
        layer.weights() = support::random_tensor<double>(layer.weights().shape(), 6, 0.5, 1.5);  // none is 0
        const support::Influence influence(layer, support::random_tensor<double>(sample.batched(1), 7), 5);
        const Shape dst = layer.output_shape(sample);
        CAPTURE(i);
        CAPTURE(sample);
        for (int j = 0; j < 10; ++j) {
            const dv::Window out = support::random_window(random, dst[1], dst[2]);
            const dv::Window read = influence.reads(out);
            CAPTURE(out);
            if (read.empty()) {  // it lies in the padding
                CHECK(layer.reads(out, sample).empty());
            } else {
                CHECK(layer.reads(out, sample) == read);
            }

            const dv::Window in = support::random_window(random, sample[1], sample[2]);
            const dv::Window reached = influence.reached_by(in);
            CAPTURE(in);
            if (reached.empty()) {
                CHECK(layer.reached_by(in, dst).empty());
            } else {
                CHECK(layer.reached_by(in, dst) == reached);
            }
        }
        CHECK(layer.reads({}, sample).empty());
        CHECK(layer.reached_by({}, dst).empty());
    }
}

TEST_CASE_TEMPLATE("conv2d: method decides how forward, backward and deconv are computed", T, float, double) {
    CHECK(dv::Conv2DOptions().method == dv::ConvolutionMethod::automatic);
    const dv::Conv2DOptions options{.in = 40, .out = 42, .kernel = 3, .padding = 1};
    const auto automatic = with_bias<T>(options);
    dv::Conv2DOptions direct_options = options;
    direct_options.method = dv::ConvolutionMethod::direct;
    const dv::Conv2D<T> direct(direct_options, automatic.weights(), automatic.bias());
    CHECK(direct.options().method == dv::ConvolutionMethod::direct);

    const auto src = support::random_tensor<T>({1, 40, 33, 30}, 31);
    const auto above = support::random_tensor<T>({1, 42, 33, 30}, 32);
    dv::kernels::ConvolutionShape shape{.src_channels = 40,
                                        .src_height = 33,
                                        .src_width = 30,
                                        .dst_channels = 42,
                                        .dst_height = 33,
                                        .dst_width = 30,
                                        .sliding = direct.sliding()};
    for (const dv::Conv2D<T>* layer : {&automatic, &direct}) {
        shape.method = layer->options().method;
        Tensor<T> dst({1, 42, 33, 30});
        dv::kernels::convolution(shape, src.data(), layer->weights().data(), layer->bias().data(), dst.data(),
                                 shape.whole_dst());
        Tensor<T> below({1, 40, 33, 30});
        dv::kernels::transposed_convolution(shape, above.data(), layer->weights().data(), below.data(),
                                            shape.whole_src());
        const auto pass = support::run(*layer, src);
        CHECK(pass.dst == dst);
        CHECK(support::deconv(*layer, pass, above) == below);
        CHECK(support::input_gradient(*layer, pass, above) == below);
    }
    const auto pass = support::run(automatic, src);
    const auto direct_pass = support::run(direct, src);
    CHECK(pass.dst != direct_pass.dst);
    CHECK(support::deconv(automatic, pass, above) != support::deconv(direct, direct_pass, above));
    support::check_close_to_largest(pass.dst, support::cast<double>(direct_pass.dst), 1e-5);
}

TEST_CASE("conv2d: the first weights have variance 2 / fan-in, and the seed decides them") {
    const dv::Conv2DOptions options{.in = 8, .out = 64, .kernel = 5, .groups = 2, .seed = 9};
    const dv::Conv2D<double> layer(options);
    CHECK(layer.weights().shape() == Shape{64, 4, 5, 5});
    const auto count = static_cast<double>(layer.weights().size());
    CHECK(support::dot(layer.weights(), layer.weights()) / count == doctest::Approx(2.0 / 100).epsilon(0.05));
    CHECK(support::largest(layer.bias()) == 0);
    CHECK(dv::Conv2D<double>(options).weights() == layer.weights());
    dv::Conv2DOptions other = options;
    other.seed = 10;
    CHECK(dv::Conv2D<double>(other).weights() != layer.weights());
}

TEST_CASE("conv2d: names its parameters; decay spares the bias") {
    dv::Conv2D<float> layer({.in = 2, .out = 3, .kernel = 3});
    const auto parameters = layer.parameters();
    REQUIRE(parameters.size() == 2);
    CHECK(parameters[0].name == "weights");
    CHECK(parameters[0].value == &layer.weights());
    CHECK(parameters[0].decays);
    CHECK(parameters[1].name == "bias");
    CHECK(parameters[1].value == &layer.bias());
    CHECK_FALSE(parameters[1].decays);
    CHECK(dv::Conv2D<float>({.bias = false}).parameters().size() == 1);
}

TEST_CASE("conv2d: options that make no sense throw OptionError") {
    const auto bad = [](const dv::Conv2DOptions& options, std::initializer_list<std::string_view> parts) {
        support::check_throws<dv::OptionError>([&] { dv::Conv2D<float> layer(options); }, parts);
    };
    bad({.in = 0}, {"Conv2D", "at least 1", "in = 0"});
    bad({.out = -2}, {"Conv2D", "out = -2"});
    bad({.groups = 0}, {"Conv2D", "groups = 0"});
    bad({.in = 3, .out = 4, .groups = 2}, {"Conv2D", "divide", "in = 3", "groups = 2"});
    bad({.in = 4, .out = 3, .groups = 2}, {"Conv2D", "divide", "out = 3"});
    bad({.kernel = 0}, {"Conv2D", "kernel", "from 1", "0x0"});
    bad({.kernel = {3, -1}}, {"Conv2D", "kernel", "3x-1"});
    bad({.stride = {1, 0}}, {"Conv2D", "stride", "1x0"});
    bad({.padding = -1}, {"Conv2D", "padding", "from 0", "-1x-1"});
    bad({.dilation = 0}, {"Conv2D", "dilation", "0x0"});
}

TEST_CASE("conv2d: parameters and inputs of the wrong shape throw ShapeError with both shapes") {
    const dv::Conv2DOptions options{.in = 3, .out = 4, .kernel = {3, 5}};
    const auto make = [&](const Shape& weights, const Shape& bias) {
        dv::Conv2D<float> layer(options, Tensor<float>(weights), Tensor<float>(bias));
    };
    support::check_throws<dv::ShapeError>([&] { make({4, 3, 5, 3}, {4}); }, {"weights", "(4,3,3,5)", "(4,3,5,3)"});
    support::check_throws<dv::ShapeError>([&] { make({4, 3, 3, 5}, {3}); }, {"bias", "(4)", "(3)"});

    const dv::Conv2D<float> layer(options);
    const auto shape = [&](const Shape& sample) { return layer.output_shape(sample); };
    CHECK(shape({3, 9, 9}) == Shape{4, 7, 5});
    support::check_throws<dv::ShapeError>([&] { shape({1, 28, 28}); }, {"expected 3", "got 1", "(1,28,28)"});
    support::check_throws<dv::ShapeError>([&] { shape({3, 2, 28}); }, {"3x5", "does not fit", "(3,2,28)"});
    support::check_throws<dv::ShapeError>([&] { shape({3, 28, 4}); }, {"3x5", "(3,28,4)"});
    support::check_throws<dv::ShapeError>([&] { shape({48}); }, {"(C,H,W)", "(48)"});
}
