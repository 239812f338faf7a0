#include "deconvviz/model/receptive_field.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "deconvviz/model/zoo.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Conv2D;
using dv::Index;
using dv::MaxPool2D;
using dv::ReceptiveField;
using dv::ReLU;
using dv::Sequential;
using dv::Tensor;
using dv::unclipped_receptive_field;
using dv::Window;

namespace {

/// The window of input pixels that change a unit when they change, found by changing each.
Window influence(const Sequential<double>& model, std::size_t layer, Index y, Index x) {
    const dv::Shape shape = model.input_shape();
    const auto image = support::random_tensor<double>(shape, 3, 0.5, 1);
    const auto unit = [&](const Tensor<double>& input) {
        return model.trace(input, {.last = layer}).activation(layer)(0, 0, y, x);
    };
    const double before = unit(image);
    Index top = shape[1], left = shape[2], bottom = -1, right = -1;
    for (Index v = 0; v < shape[1]; ++v)
        for (Index u = 0; u < shape[2]; ++u) {
            Tensor<double> changed = image;
            changed(0, v, u) = 1000;  // above all others, so that it passes every maximum
            if (unit(changed) == before) continue;
            top = std::min(top, v);
            left = std::min(left, u);
            bottom = std::max(bottom, v);
            right = std::max(right, u);
        }
    return {top, left, bottom - top + 1, right - left + 1};
}

Sequential<double> odd_net() {
    const auto positive = [](const dv::Conv2DOptions& options) {
        Conv2D<double> layer(options);
        for (double& weight : layer.weights()) weight = 0.1 + weight * weight;
        return layer;
    };
    return Sequential<double>({1, 26, 31},  //
                              positive({.in = 1, .out = 2, .kernel = {3, 5}, .stride = {2, 1}, .padding = {1, 3}}),
                              ReLU<double>(),
                              MaxPool2D<double>({.kernel = {2, 3}, .stride = {1, 2}, .padding = {1, 0}, .ceil = true}),
                              positive({.in = 2, .out = 1, .kernel = 2, .padding = 2, .dilation = {2, 3}}));
}

}  // namespace

TEST_CASE("unclipped receptive field: cut at the border it is what reaches the unit, for every position") {
    const auto model = odd_net();
    const ReceptiveField field = unclipped_receptive_field(model, 3);
    // by hand: 3x5; pooled 2x3 of steps (2,1): 5x7 in steps of (2,2); two taps 2x3 steps apart: 9x13
    CHECK(field == ReceptiveField{{9, 13}, {2, 2}, {-7, -7}});
    const Window whole{0, 0, 26, 31};
    const dv::Shape out = model.output_shape();
    Index inside = 0;
    for (Index y = 0; y < out[1]; y += 2)
        for (Index x = 0; x < out[2]; x += 2) {
            const Window window = field.at(y, x);
            const Window seen = influence(model, 3, y, x);
            CAPTURE(window);
            CAPTURE(seen);
            CHECK(contains(window, seen));
            if (!contains(whole, window)) continue;
            CHECK(seen == window);
            ++inside;
        }
    CHECK(inside > 5);
}

TEST_CASE("unclipped receptive field: the sizes that are known of AlexNet, ZFNet and VGG-16") {
    const auto vgg = dv::zoo::vgg16<float>({.classes = 2});
    CHECK(unclipped_receptive_field(vgg, "relu5_3") == ReceptiveField{196, 16, -90});
    CHECK(unclipped_receptive_field(vgg, "relu1_1") == ReceptiveField{3, 1, -1});
    CHECK(unclipped_receptive_field(vgg, "relu3_3") == ReceptiveField{40, 4, -18});
    CHECK(unclipped_receptive_field(vgg, "fc8") == ReceptiveField{224, 0, 0});
    const auto zfnet = dv::zoo::zfnet<float>({.classes = 2});
    CHECK(unclipped_receptive_field(zfnet, "relu5").size == dv::Size2D(139));
    CHECK(unclipped_receptive_field(zfnet, "pool5").size == dv::Size2D(171));
    CHECK(unclipped_receptive_field(zfnet, "relu5").stride == dv::Size2D(16));
    CHECK(unclipped_receptive_field(zfnet, "flatten") == ReceptiveField{224, 0, 0});
    const auto alexnet = dv::zoo::alexnet<float>({.classes = 2});
    CHECK(unclipped_receptive_field(alexnet, "conv5").size == dv::Size2D(163));
}

namespace {

/// Layers of a user's: they only say what they read.
struct Quiet {
    static std::string_view kind() { return "Quiet"; }
    static dv::Shape output_shape(const dv::Shape& sample) { return sample; }
    static void forward(const Tensor<float>& src, Tensor<float>& dst, dv::Record<float>&, const dv::PassOptions&) {
        dst = src;
    }
    static void backward(const dv::LayerTrace<float>&, const Tensor<float>& above, Tensor<float>* below,
                         std::span<Tensor<float>>) {
        *below = above;
    }
    static void deconv(const dv::LayerTrace<float>&, const Tensor<float>& above, Tensor<float>& below,
                       const dv::ReverseRules&) {
        below = above;
    }
};

struct Upsampled : Quiet {
    static Window reads(const Window& dst, const dv::Shape&) { return {dst.y / 3, dst.x / 3, 1, 1}; }
};

}  // namespace

TEST_CASE("unclipped receptive field: what reads everything, or unevenly, has the whole picture") {
    const ReceptiveField whole{{6, 7}, 0, 0};
    const dv::Shape input{1, 6, 7};
    const Conv2D<float> conv({.in = 1, .out = 1, .kernel = 3, .padding = 1});
    CHECK(unclipped_receptive_field(Sequential<float>(input, conv, Quiet(), conv), 2) == whole);
    CHECK(unclipped_receptive_field(Sequential<float>(input, conv, Upsampled(), conv), 2) == whole);
    CHECK(unclipped_receptive_field(Sequential<float>(input, conv, Upsampled(), conv), 0) == ReceptiveField{3, 1, -1});
    const Sequential<float> flat({5}, dv::Dense<float>({.in = 5, .out = 2}));
    CHECK(unclipped_receptive_field(flat, 0) == ReceptiveField{1, 0, 0});
    support::check_throws<dv::OptionError>([&] { unclipped_receptive_field(flat, "conv9"); }, {"conv9"});
}
