// Two whole networks against PyTorch: forward values, reverse signals under all rules, gradients, two training steps.
// The values come from tests/reference/make_reference.py.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/loss.hpp"
#include "deconvviz/train/sgd.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "reference_file.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
using dv::Tensor;
using support::ReferenceFile;

namespace {

template <class T>
dv::Sequential<T> lenet() {
    return dv::Sequential<T>({1, 28, 28},                                                                         //
                             dv::Conv2D<T>({.in = 1, .out = 3, .kernel = 5}), dv::ReLU<T>(), dv::MaxPool2D<T>(),  //
                             dv::Conv2D<T>({.in = 3, .out = 4, .kernel = 5}), dv::ReLU<T>(), dv::MaxPool2D<T>(),  //
                             dv::Flatten<T>(), dv::Dense<T>({.in = 64, .out = 10}));
}

/// Whatever is odd: a rectangular input, rectangular kernels, dilation, groups, overlapping padded ceil pools, LRN.
template <class T>
dv::Sequential<T> odd() {
    return dv::Sequential<T>(
        {2, 13, 17},
        dv::Conv2D<T>({.in = 2, .out = 6, .kernel = {2, 5}, .padding = {1, 2}, .dilation = {3, 1}, .groups = 2}),
        dv::ReLU<T>(), dv::LocalResponseNorm<T>({.size = 3, .alpha = 0.5, .beta = 0.75, .k = 1}),
        dv::MaxPool2D<T>({.kernel = 3, .stride = 2, .padding = 1, .ceil = true}),
        dv::Conv2D<T>({.in = 6, .out = 8, .kernel = 3, .stride = 2, .padding = 1, .groups = 2}), dv::ReLU<T>(),
        dv::LocalResponseNorm<T>({.size = 5, .alpha = 1, .beta = 0.625, .k = 2}), dv::Dropout<T>(),
        dv::MaxPool2D<T>({.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 0}, .ceil = true}), dv::Flatten<T>(),
        dv::Dense<T>({.in = 96, .out = 16}), dv::ReLU<T>(), dv::Dense<T>({.in = 16, .out = 5}));
}

/// "0.weights", as the file names it.
template <class T>
std::string key(const dv::ModelParameter<T>& parameter) {
    return std::to_string(parameter.layer) + "." + std::string(parameter.parameter.name);
}

template <class T>
dv::Sequential<T> with_weights(dv::Sequential<T> model, const ReferenceFile& file) {
    for (const auto& parameter : model.parameters()) {
        REQUIRE(parameter.parameter.value->shape() == file[key(parameter)].shape());
        *parameter.parameter.value = support::cast<T>(file[key(parameter)]);
    }
    return model;
}

template <class T>
Tensor<T> first_picture(const ReferenceFile& file) {
    return support::cast<T>(file["input"].entry(0));
}

template <class T>
void check_forward(const dv::Sequential<T>& model, const ReferenceFile& file, double tolerance) {
    const auto trace = model.trace(first_picture<T>(file));
    for (std::size_t i = 0; i < model.size(); ++i) {
        CAPTURE(i);
        support::check_close_to_largest(trace.activation(i), file["forward/" + std::to_string(i)], tolerance);
    }
}

/// "deconvnet/accumulate/identity", in the words of the file.
dv::ReverseRules rules(const std::string& text) {
    const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
    const bool contrast_gradient = text.ends_with("/gradient");
    return {.relu = has("deconvnet") ? dv::ReluRule::deconvnet
                    : has("guided")  ? dv::ReluRule::guided
                                     : dv::ReluRule::gradient,
            .overlap = has("overwrite") ? dv::Overlap::overwrite : dv::Overlap::accumulate,
            .contrast = contrast_gradient ? dv::ContrastRule::gradient : dv::ContrastRule::identity};
}

/// A seed as the file names it, and as the library makes it.
template <class T>
struct NamedSeed {
    std::string name;
    dv::Seed<T> seed;
};

/// Compares the projections of all seeds under all rules that the file has; returns how many there were.
template <class T>
int check_back(const dv::Sequential<T>& model, const dv::Trace<T>& trace, const ReferenceFile& file,
               const std::vector<NamedSeed<T>>& seeds, double tolerance) {
    int compared = 0;
    for (const auto& [name, seed] : seeds)
        for (const auto& entry : file.all()) {
            const std::string& array = entry.first;
            const Tensor<double>& expected = entry.second;
            if (!array.starts_with("back/" + name + "/")) continue;
            CAPTURE(array);
            CHECK(support::largest(expected) > 0);
            const dv::ReverseRules r = rules(array);
            support::check_close_to_largest(dv::deconvnet(model, trace, seed, r), expected, tolerance);
            ++compared;
            // The automatic rule of contrast is the gradient under ReluRule::gradient, else the identity.
            if ((r.contrast == dv::ContrastRule::gradient) == (r.relu == dv::ReluRule::gradient))
                CHECK(dv::deconvnet(model, trace, seed, {.relu = r.relu, .overlap = r.overlap}) ==
                      dv::deconvnet(model, trace, seed, r));
        }
    return compared;
}

template <class T>
int check_lenet_back(double tolerance) {
    const ReferenceFile file("lenet.bin");
    const auto model = with_weights(lenet<T>(), file);
    const auto trace = model.trace(first_picture<T>(file));
    const dv::UnitOptions logit{.layer = 7, .map = 3, .value = dv::SeedValue::one};
    return check_back<T>(model, trace, file,
                         {{"strongest", dv::strongest(trace, {.layer = 4, .map = 2})},
                          {"all_maps", dv::all_maps(trace, 5)},
                          {"logit", dv::single_unit(trace, logit)}},
                         tolerance);
}

template <class T>
int check_odd_back(double tolerance) {
    const ReferenceFile file("odd.bin");
    const auto model = with_weights(odd<T>(), file);
    const auto trace = model.trace(first_picture<T>(file));
    const dv::UnitOptions logit{.layer = 12, .map = 2, .value = dv::SeedValue::one};
    return check_back<T>(model, trace, file,
                         {{"strongest", dv::strongest(trace, {.layer = 5, .map = 6})},
                          {"all_maps", dv::all_maps(trace, 6)},
                          {"logit", dv::single_unit(trace, logit)}},
                         tolerance);
}

template <class T>
void check_training(dv::Sequential<T> model, const ReferenceFile& file, double tolerance) {
    const auto batch = support::cast<T>(file["input"]);
    std::vector<int> labels;
    for (const double label : file["labels"]) labels.push_back(static_cast<int>(label));
    dv::Sgd<T> sgd({.momentum = 0.75, .weight_decay = 0.03125});
    dv::Gradients<T> gradients;
    for (const bool first : {true, false}) {
        const auto trace = model.trace(batch);
        Tensor<T> grad;
        const auto report = dv::softmax_cross_entropy<T>(trace.output(), labels, &grad);
        CHECK(report.loss == doctest::Approx(file[first ? "loss" : "loss/2"][0]).epsilon(tolerance));
        model.backward(trace, grad, gradients);
        if (first) {
            std::size_t within = 0;
            for (const auto& parameter : model.parameters()) {
                CAPTURE(parameter.name());
                within = parameter.parameter.name == "weights" ? 0 : 1;
                support::check_close_to_largest(gradients.layers[parameter.layer][within],
                                                file["grad/" + key(parameter)], tolerance);
            }
        }
        sgd.step(model, gradients, 0.125);
    }
    for (const auto& parameter : model.parameters()) {
        CAPTURE(parameter.name());
        support::check_close_to_largest(*parameter.parameter.value, file["after/" + key(parameter)], tolerance);
    }
}

constexpr double in_double = 1e-10;
constexpr double in_float = 1e-5;

}  // namespace

TEST_CASE("pytorch: forward values of every layer of a LeNet") {
    const ReferenceFile file("lenet.bin");
    check_forward(with_weights(lenet<double>(), file), file, in_double);
    check_forward(with_weights(lenet<float>(), file), file, in_float);
}

TEST_CASE("pytorch: forward values of every layer of an odd network") {
    const ReferenceFile file("odd.bin");
    check_forward(with_weights(odd<double>(), file), file, in_double);
    check_forward(with_weights(odd<float>(), file), file, in_float);
}

TEST_CASE("pytorch: reverse signals of a LeNet under the three ReLU rules") {
    CHECK(check_lenet_back<double>(in_double) == 9);
    CHECK(check_lenet_back<float>(in_float) == 9);
}

TEST_CASE("pytorch: reverse signals of an odd network under all rules of ReLU, overlap and contrast") {
    CHECK(check_odd_back<double>(in_double) == 21);
    CHECK(check_odd_back<float>(in_float) == 21);
}

TEST_CASE("pytorch: the rules differ in the odd network, so that each of them is tested") {
    const ReferenceFile file("odd.bin");
    for (const std::string relu : {"deconvnet", "guided", "gradient"}) {
        const std::string usual = relu == "gradient" ? "/gradient" : "/identity";
        const std::string other = relu == "gradient" ? "/identity" : "/gradient";
        const auto& accumulate = file["back/logit/" + relu + "/accumulate" + usual];
        CHECK(accumulate != file["back/logit/" + relu + "/overwrite" + usual]);
        CHECK(accumulate != file["back/logit/" + relu + "/accumulate" + other]);
    }
    CHECK(file["back/logit/deconvnet/accumulate/identity"] != file["back/logit/guided/accumulate/identity"]);
}

TEST_CASE("pytorch: loss, gradients and two steps of SGD with momentum and weight decay, LeNet") {
    const ReferenceFile file("lenet.bin");
    check_training(with_weights(lenet<double>(), file), file, in_double);
    check_training(with_weights(lenet<float>(), file), file, in_float);
}

TEST_CASE("pytorch: loss, gradients and two steps of SGD with momentum and weight decay, odd network") {
    const ReferenceFile file("odd.bin");
    check_training(with_weights(odd<double>(), file), file, in_double);
    check_training(with_weights(odd<float>(), file), file, in_float);
}
