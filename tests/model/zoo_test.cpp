// The ready-made networks: the papers' tables of shapes, parameter counts, names, seeds; each of them runs.
#include "deconvviz/model/zoo.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/model/incremental_cost.hpp"
#include "deconvviz/model/multiply_adds.hpp"
#include "slow_code.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;
using Model = dv::Sequential<float>;

namespace {

/// What is behind a layer, in order: {"pool1", {96, 55, 55}}.
using Table = std::vector<std::pair<std::string, Shape>>;

/// Every layer with weights and every pool and normalisation has the table's name and shape; the others (relu, drop)
/// carry the number of the layer before them and its shape.
void check_table(const Model& model, const Table& table) {
    std::size_t row = 0;
    for (std::size_t i = 0; i < model.size(); ++i) {
        const std::string& name = model.name(i);
        CAPTURE(name);
        if (name.starts_with("relu") || name.starts_with("drop")) {
            CHECK(table[row - 1].first.ends_with(name.substr(4)));
            CHECK(model.output_shape(i) == table[row - 1].second);
            continue;
        }
        REQUIRE(row < table.size());
        CHECK(name == table[row].first);
        CHECK(model.output_shape(i) == table[row].second);
        ++row;
    }
    CHECK(row == table.size());
}

Index parameters_of(Model& model) {
    Index count = 0;
    for (const auto& parameter : model.parameters()) count += parameter.parameter.value->size();
    return count;
}

/// A ReLU follows each layer with weights but the last, and nothing else.
void check_relus(const Model& model) {
    for (std::size_t i = 0; i + 1 < model.size(); ++i) {
        CAPTURE(model.name(i));
        const std::string kind = model.layer(i).kind();
        CHECK((kind == "Conv2D" || kind == "Dense") == (model.layer(i + 1).kind() == "ReLU"));
    }
    CHECK(model.layer(model.size() - 1).kind() == "Dense");
}

/// Weights have the variance 2 / fan-in, no two layers the same numbers, biases are 0.
void check_weights(Model& model) {
    std::vector<std::vector<double>> seen;
    for (const auto& parameter : model.parameters()) {
        const Tensor<float>& value = *parameter.parameter.value;
        CAPTURE(parameter.name());
        if (!parameter.parameter.decays) {
            CHECK(value == Tensor<float>(value.shape()));
            continue;
        }
        const double deviation = std::sqrt(2.0 * double(value.shape()[0]) / double(value.size()));
        std::vector<double> first;
        double squares = 0;
        for (Index i = 0; i < std::min<Index>(value.size(), 100'000); ++i)
            squares += double(value[i]) * double(value[i]);
        CHECK(squares / double(std::min<Index>(value.size(), 100'000)) ==
              doctest::Approx(deviation * deviation).epsilon(0.25));
        for (Index i = 0; i < 20; ++i) first.push_back(std::round(double(value[i]) / deviation * 1000));
        for (const auto& other : seen) CHECK(other != first);
        seen.push_back(first);
    }
}

/// A forward pass gives finite logits that are not all the same. VGG-16's takes too long where code is slow.
void check_runs(const Model& model) {
    if (support::slow_code && model.size() > 30) return;
    const auto logits = model.forward(support::random_tensor<float>(model.input_shape(), 1));
    CHECK(logits.shape() == model.output_shape().batched(1));
    for (const float logit : logits) CHECK(std::isfinite(logit));
    CHECK(logits[0] != logits[1]);
}

/// The normalisation's formula with the papers' numbers. Of five maps, all count for the one in the middle.
void check_normalisation(const Model& model) {
    Tensor<float> dst;
    dv::Record<float> record;
    model.layer("norm1").forward(Tensor<float>({1, 5, 1, 1}, {10, 20, 30, 40, 50}), dst, record, {});
    CHECK(dst[2] == doctest::Approx(30 / std::pow(2 + 1e-4 * (100 + 400 + 900 + 1600 + 2500), 0.75)));
    CHECK(model.layer("norm2").kind() == "LocalResponseNorm");
}

void check_all(Model& model, const Table& table, Index parameters) {
    check_table(model, table);
    check_relus(model);
    CHECK(parameters_of(model) == parameters);
    check_weights(model);
    check_runs(model);
}

}  // namespace

TEST_CASE("zoo: LeNet-5 has the sizes of the paper's figure 2") {
    auto model = dv::zoo::lenet5<float>();
    CHECK(model.input_shape() == Shape{1, 28, 28});
    const Index c1 = 6 * 25 + 6, c3 = 16 * 6 * 25 + 16, c5 = 120 * 16 * 25 + 120, f6 = 84 * 120 + 84,
                out = 10 * 84 + 10;
    CHECK(c1 + c3 + c5 + f6 + out == 61'706);
    check_all(model,
              {{"conv1", {6, 28, 28}},
               {"pool1", {6, 14, 14}},
               {"conv2", {16, 10, 10}},
               {"pool2", {16, 5, 5}},
               {"conv3", {120, 1, 1}},
               {"flatten", {120}},
               {"fc4", {84}},
               {"fc5", {10}}},
              61'706);
}

TEST_CASE("zoo: AlexNet has the sizes of the paper's section 3.5") {
    auto model = dv::zoo::alexnet<float>();
    CHECK(model.input_shape() == Shape{3, 227, 227});
    check_all(model,
              {{"conv1", {96, 55, 55}},
               {"norm1", {96, 55, 55}},
               {"pool1", {96, 27, 27}},
               {"conv2", {256, 27, 27}},
               {"norm2", {256, 27, 27}},
               {"pool2", {256, 13, 13}},
               {"conv3", {384, 13, 13}},
               {"conv4", {384, 13, 13}},
               {"conv5", {256, 13, 13}},
               {"pool5", {256, 6, 6}},
               {"flatten", {9216}},
               {"fc6", {4096}},
               {"fc7", {4096}},
               {"fc8", {1000}}},
              60'965'224);
    check_normalisation(model);
    // Filters as the paper lists them: 96 of 11x11x3, 256 of 5x5x48, 384 of 3x3x256, 384 and 256 of 3x3x192.
    CHECK(model.layer<dv::Conv2D<float>>("conv1").weights().shape() == Shape{96, 3, 11, 11});
    CHECK(model.layer<dv::Conv2D<float>>("conv2").weights().shape() == Shape{256, 48, 5, 5});
    CHECK(model.layer<dv::Conv2D<float>>("conv3").weights().shape() == Shape{384, 256, 3, 3});
    CHECK(model.layer<dv::Conv2D<float>>("conv4").weights().shape() == Shape{384, 192, 3, 3});
    CHECK(model.layer<dv::Conv2D<float>>("conv5").weights().shape() == Shape{256, 192, 3, 3});
}

TEST_CASE("zoo: ZFNet has the sizes of the paper's figure 3") {
    auto model = dv::zoo::zfnet<float>();
    CHECK(model.input_shape() == Shape{3, 224, 224});
    const Index convolutions =
        96 * (3 * 49 + 1) + 256 * (96 * 25 + 1) + 384 * (256 * 9 + 1) + 384 * (384 * 9 + 1) + 256 * (384 * 9 + 1);
    const Index dense = 4096 * (9216 + 1) + 4096 * (4096 + 1) + 1000 * (4096 + 1);
    CHECK(convolutions + dense == 62'357'608);
    check_all(model,
              {{"conv1", {96, 110, 110}},
               {"pool1", {96, 55, 55}},
               {"norm1", {96, 55, 55}},
               {"conv2", {256, 26, 26}},
               {"pool2", {256, 13, 13}},
               {"norm2", {256, 13, 13}},
               {"conv3", {384, 13, 13}},
               {"conv4", {384, 13, 13}},
               {"conv5", {256, 13, 13}},
               {"pool5", {256, 6, 6}},
               {"flatten", {9216}},
               {"fc6", {4096}},
               {"fc7", {4096}},
               {"fc8", {1000}}},
              62'357'608);
    check_normalisation(model);
}

TEST_CASE("zoo: VGG-16 has the sizes of the paper's configuration D") {
    auto model = dv::zoo::vgg16<float>();
    CHECK(model.input_shape() == Shape{3, 224, 224});
    check_all(model,
              {{"conv1_1", {64, 224, 224}},
               {"conv1_2", {64, 224, 224}},
               {"pool1", {64, 112, 112}},
               {"conv2_1", {128, 112, 112}},
               {"conv2_2", {128, 112, 112}},
               {"pool2", {128, 56, 56}},
               {"conv3_1", {256, 56, 56}},
               {"conv3_2", {256, 56, 56}},
               {"conv3_3", {256, 56, 56}},
               {"pool3", {256, 28, 28}},
               {"conv4_1", {512, 28, 28}},
               {"conv4_2", {512, 28, 28}},
               {"conv4_3", {512, 28, 28}},
               {"pool4", {512, 14, 14}},
               {"conv5_1", {512, 14, 14}},
               {"conv5_2", {512, 14, 14}},
               {"conv5_3", {512, 14, 14}},
               {"pool5", {512, 7, 7}},
               {"flatten", {25088}},
               {"fc6", {4096}},
               {"fc7", {4096}},
               {"fc8", {1000}}},
              138'357'544);
    // What hiding a patch of 16x16 in the middle costs, as a share: [nakandala2019] counts 1/6.52, by upper bounds.
    const double gain = static_cast<double>(dv::multiply_adds(model)) /
                        static_cast<double>(dv::incremental_multiply_adds(model, {104, 104, 16, 16}));
    CHECK(gain > 6.52);
    CHECK(gain < 8.5);
}

TEST_CASE("zoo: the seed says which weights, on any number of threads") {
    const auto weights = [](const dv::zoo::ZooOptions& options) {
        auto model = dv::zoo::lenet5<float>(options);
        return *model.parameters()[4].parameter.value;
    };
    const auto once = weights({});
    CHECK(once == weights({.seed = 1}));
    CHECK(once != weights({.seed = 2}));
    const int before = dv::threads();
    dv::set_threads(3);
    const auto threaded = dv::Dense<float>({.in = 700, .out = 500});
    dv::set_threads(1);
    const auto serial = dv::Dense<float>({.in = 700, .out = 500});
    dv::set_threads(before);
    CHECK(threaded.weights() == serial.weights());
}

TEST_CASE("zoo: other numbers of classes; less than one is none") {
    CHECK(dv::zoo::lenet5<float>({.classes = 26}).output_shape() == Shape{26});
    CHECK(dv::zoo::ZooOptions{}.classes_or(1000) == 1000);
    CHECK(dv::zoo::ZooOptions{.classes = 2}.classes_or(1000) == 2);
    support::check_throws<dv::OptionError>([] { dv::zoo::lenet5<float>({.classes = -1}); }, {"Dense", "-1"});
}
