// Sequential: shapes and names checked when it is built, layers addressed, copies, batches, traces.
#include "deconvviz/model/sequential.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;
using Conv = dv::Conv2D<float>;
using Model = dv::Sequential<float>;

namespace {

Model small() {
    return Model({2, 9, 11}, Conv({.in = 2, .out = 5, .kernel = 3, .padding = 1}), dv::ReLU<float>(),
                 dv::MaxPool2D<float>(), Conv({.in = 5, .out = 7, .kernel = 3}), dv::ReLU<float>(),
                 dv::Flatten<float>(), dv::Dense<float>({.in = 42, .out = 4}));
}

std::vector<std::string> names(const Model& model) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < model.size(); ++i) all.push_back(model.name(i));
    return all;
}

}  // namespace

TEST_CASE("sequential: knows the shape before and behind each layer") {
    const Model model = small();
    CHECK(model.size() == 7);
    CHECK(model.input_shape() == Shape{2, 9, 11});
    CHECK(model.output_shape() == Shape{4});
    CHECK(model.input_shape(0) == Shape{2, 9, 11});
    CHECK(model.output_shape(0) == Shape{5, 9, 11});
    CHECK(model.output_shape("maxpool1") == Shape{5, 4, 5});
    CHECK(model.input_shape("conv2") == Shape{5, 4, 5});
    CHECK(model.output_shape("conv2") == Shape{7, 2, 3});
    CHECK(model.output_shape("flatten1") == Shape{42});
}

TEST_CASE("sequential: a layer that does not fit throws ShapeError with its kind, name, index and both shapes") {
    support::check_throws<dv::ShapeError>(
        [] {
            Model({1, 28, 28}, Conv({.in = 1, .out = 4, .kernel = 3}), dv::ReLU<float>(), Conv({.in = 3}));
        },
        {"Conv2D 'conv2' (layer 2)", "expected 3", "got 4", "(4,26,26)"});
    support::check_throws<dv::ShapeError>(
        [] {
            Model({1, 4, 4}, dv::named("stem", Conv({.kernel = 5})));
        },
        {"Conv2D 'stem' (layer 0)", "5x5", "(1,4,4)"});
    support::check_throws<dv::ShapeError>(
        [] {
            Model({1, 4, 4}, dv::ReLU<float>(), dv::Dense<float>({.in = 16}));
        },
        {"Dense 'dense1' (layer 1)", "Flatten", "(1,4,4)"});
    support::check_throws<dv::ShapeError>([] { Model({12}, dv::Dense<float>({.in = 16})); },
                                          {"Dense 'dense1'", "expected 16", "got 12"});
    support::check_throws<dv::ShapeError>([] { Model({12}, dv::MaxPool2D<float>()); },
                                          {"MaxPool2D 'maxpool1' (layer 0)", "(12)"});
    support::check_throws<dv::ShapeError>([] { Model({1, 0, 28}, dv::ReLU<float>()); }, {"input", "(1,0,28)"});
}

TEST_CASE("sequential: no layers throw OptionError") {
    support::check_throws<dv::OptionError>([] { Model({3}, std::vector<dv::AnyLayer<float>>()); },
                                           {"at least one layer"});
}

TEST_CASE("sequential: default names are kind and number") {
    CHECK(names(small()) ==
          std::vector<std::string>{"conv1", "relu1", "maxpool1", "conv2", "relu2", "flatten1", "dense1"});
    const Model others({4}, dv::Dropout<float>(), dv::Softmax<float>(), dv::Dropout<float>());
    CHECK(names(others) == std::vector<std::string>{"dropout1", "softmax1", "dropout2"});
}

TEST_CASE("sequential: named layers keep their name, and default names step around it") {
    const Model model({1, 9, 9}, Conv({}), dv::named("conv1", Conv({})), dv::named("stem", Conv({})), Conv({}));
    CHECK(names(model) == std::vector<std::string>{"conv2", "conv1", "stem", "conv3"});
    const Model other({1, 9, 9}, dv::named("", Conv({})), dv::ReLU<float>());
    CHECK(names(other) == std::vector<std::string>{"conv1", "relu1"});
}

TEST_CASE("sequential: a name given twice throws OptionError") {
    support::check_throws<dv::OptionError>(
        [] {
            Model({1, 9, 9}, dv::named("stem", Conv({})), dv::ReLU<float>(), dv::named("stem", Conv({})));
        },
        {"'stem'", "unique"});
}

TEST_CASE("sequential: layers are found by index and by name; others throw OptionError with all there are") {
    const Model model = small();
    CHECK(model.index(3) == 3);
    CHECK(model.index(std::size_t{3}) == 3);
    CHECK(model.index("conv2") == 3);
    CHECK(model.index(std::string("conv2")) == 3);
    CHECK(model.index(std::string_view("conv2")) == 3);
    CHECK(model.layer("conv2").name() == "conv2");
    CHECK(model.layer(1).kind() == "ReLU");
    support::check_throws<dv::OptionError>([&] { model.index(7); }, {"no layer 7", "7 layers", "0 conv1", "6 dense1"});
    support::check_throws<dv::OptionError>([&] { model.index(-1); }, {"no layer -1"});
    support::check_throws<dv::OptionError>([&] { model.index("conv3"); }, {"no layer 'conv3'", "3 conv2"});
    support::check_throws<dv::OptionError>([&] { model.index(""); }, {"no layer ''"});
    support::check_throws<dv::OptionError>([&] { model.index("3"); }, {"no layer '3'"});
}

TEST_CASE("sequential: a layer as what it is, or OptionError") {
    Model model = small();
    CHECK(model.layer<Conv>("conv2").options().out == 7);
    CHECK(std::as_const(model).layer<Conv>(3).weights() == model.layer<Conv>("conv2").weights());
    model.layer<Conv>("conv2").weights().fill(2);
    CHECK(*model.parameters()[2].parameter.value == Tensor<float>({7, 5, 3, 3}, 2.0F));
    support::check_throws<dv::OptionError>([&] { model.layer<Conv>("relu1"); }, {"'relu1'", "ReLU", "not"});
    support::check_throws<dv::OptionError>([&] { model.layer<dv::ReLU<float>>(0); }, {"'conv1'", "Conv2D"});
}

TEST_CASE("sequential: naming very many layers takes no time, whatever some are called") {
    std::vector<dv::AnyLayer<float>> layers;
    for (int i = 0; i < 20000; ++i) layers.emplace_back(dv::ReLU<float>());
    layers[9].rename("relu20000");
    const Model model({3}, std::move(layers));
    CHECK(model.name(8) == "relu9");
    CHECK(model.name(10) == "relu10");
    CHECK(model.name(19999) == "relu19999");
}

TEST_CASE("sequential: parameters come in the order of the layers, named layer.parameter") {
    Model model = small();
    std::vector<std::string> all;
    std::vector<std::size_t> layers;
    for (const auto& parameter : model.parameters()) {
        all.push_back(parameter.name());
        layers.push_back(parameter.layer);
    }
    CHECK(all == std::vector<std::string>{"conv1.weights", "conv1.bias", "conv2.weights", "conv2.bias",
                                          "dense1.weights", "dense1.bias"});
    CHECK(layers == std::vector<std::size_t>{0, 0, 3, 3, 6, 6});
    CHECK(model.parameters()[3].parameter.value == &model.layer<Conv>("conv2").bias());
}

TEST_CASE("sequential: copies have parameters of their own") {
    Model model = small();
    const auto image = support::random_tensor<float>({2, 9, 11}, 1);
    const auto before = model.forward(image);
    Model copy = model;
    CHECK(copy.forward(image) == before);
    for (const auto& parameter : copy.parameters()) parameter.parameter.value->fill(0.5F);
    CHECK(copy.forward(image) != before);
    CHECK(model.forward(image) == before);
    copy = model;
    CHECK(copy.forward(image) == before);
    model.layer<Conv>(0).bias().fill(9);
    CHECK(copy.forward(image) == before);
    // A trace of the one serves the other, which has the same layers.
    CHECK_NOTHROW(copy.check(model.trace(image)));
}

TEST_CASE("sequential: one sample counts as a batch of one, same bits") {
    const Model model = small();
    const auto image = support::random_tensor<float>({2, 9, 11}, 1);
    const auto out = model.forward(image);
    CHECK(out.shape() == Shape{1, 4});
    CHECK(out == model.forward(image.reshaped({1, 2, 9, 11})));
    CHECK(out == model.trace(image).output());
    const Model flat({3}, dv::Dense<float>({.in = 3, .out = 2}));
    CHECK(flat.forward(Tensor<float>({3}, {1, 2, 3})).shape() == Shape{1, 2});
}

TEST_CASE("sequential: a picture of a batch gives the bits that it gives alone") {
    const Model model = small();
    const auto batch = support::random_tensor<float>({5, 2, 9, 11}, 2);
    const auto trace = model.trace(batch);
    for (Index n = 0; n < 5; ++n) {
        const auto alone = model.trace(batch.entry(n));
        for (std::size_t i = 0; i < model.size(); ++i) {
            CAPTURE(n);
            CAPTURE(model.name(i));
            CHECK(trace.activation(i).entry(n) == alone.activation(i).entry(0));
        }
    }
}

TEST_CASE("sequential: an input of another shape throws ShapeError with both shapes") {
    const Model model = small();
    for (const Shape& shape :
         {Shape{2, 11, 9}, Shape{3, 2, 9, 12}, Shape{0, 2, 9, 11}, Shape{198}, Shape{1, 1, 2, 9, 11}}) {
        CAPTURE(shape);
        support::check_throws<dv::ShapeError>([&] { model.forward(Tensor<float>(shape)); }, {"(2,9,11)", "got ("});
        support::check_throws<dv::ShapeError>([&] { model.trace(Tensor<float>(shape)); }, {"(2,9,11)", "got ("});
    }
}

TEST_CASE("sequential: the passes of a batch of one and of many do not depend on what ran before") {
    const Model model = small();
    const auto image = support::random_tensor<float>({2, 9, 11}, 1);
    const auto first = model.forward(image);
    model.forward(support::random_tensor<float>({9, 2, 9, 11}, 4));
    CHECK(model.forward(image) == first);
}
