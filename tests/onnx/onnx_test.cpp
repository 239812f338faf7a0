// ONNX files: networks from PyTorch and in other exporters' forms against values by PyTorch; round trips; graphs that
// are refused.
#include "deconvviz/io/onnx.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/data/cifar.hpp"
#include "deconvviz/train/evaluate.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "onnx_graph.hpp"
#include "reference_file.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;
using dv::Index;
using dv::Shape;
using dv::Tensor;
using support::Graph;
using support::integers;
using support::ReferenceFile;
using support::refusal;
using support::says;
using support::TestFolder;

namespace {

const fs::path folder = fs::path(DECONVVIZ_SOURCE_DIR) / "tests/reference/onnx";

dv::ReverseRules rules(const std::string& array) {
    const auto has = [&](const char* word) { return array.find(word) != std::string::npos; };
    return {.relu = has("deconvnet") ? dv::ReluRule::deconvnet
                    : has("guided")  ? dv::ReluRule::guided
                                     : dv::ReluRule::gradient,
            .overlap = has("overwrite") ? dv::Overlap::overwrite : dv::Overlap::accumulate};
}

template <class T>
void check_network(const std::string& name, double tolerance, const std::string& reference) {
    CAPTURE(name);
    const auto model = dv::load_onnx<T>(folder / (name + ".onnx"));
    const ReferenceFile file("onnx/" + reference + ".bin");
    const auto image = support::cast<T>(file["input"]);
    const auto trace = model.trace(image);
    std::size_t maps = 0;
    for (std::size_t i = 0; i < model.size(); ++i) {
        CAPTURE(i);
        const Tensor<double>& expected = file["forward/" + std::to_string(i)];
        support::check_close_to_largest(trace.activation(i), expected, tolerance);
        if (model.output_shape(i).rank() == 3) maps = i;
    }
    CHECK(file.all().count("forward/" + std::to_string(model.size())) == 0);

    const std::size_t last = model.size() - 1;
    const auto top = dv::strongest_unit(trace, {.layer = last}).map;
    const std::vector<std::pair<std::string, dv::Seed<T>>> seeds{
        {"strongest", dv::strongest(trace, {.layer = maps})},
        {"all_maps", dv::all_maps(trace, maps)},
        {"logit", dv::single_unit(trace, {.layer = last, .map = top, .value = dv::SeedValue::one})}};
    int compared = 0;
    for (const auto& entry : seeds)
        for (const auto& value : file.all()) {
            const std::string& array = value.first;
            if (!array.starts_with("back/" + entry.first + "/")) continue;
            CAPTURE(array);
            support::check_close_to_largest(dv::deconvnet(model, trace, entry.second, rules(array)), value.second,
                                            tolerance);
            ++compared;
        }
    CHECK(compared == 18);

    const auto map = dv::occlusion_sensitivity(model, image.entry(0), {.patch = 4, .stride = 3, .fill = 0.25});
    support::check_tensor_close(map.probability, file["occlusion"], 0, tolerance);
}

}  // namespace

TEST_CASE("onnx: every operator computes what PyTorch computes, forward, back under all rules, occluded") {
    for (const char* name : {"plain", "odd", "deep", "keras", "opset7", "classes", "places", "numbers"}) {
        check_network<float>(name, 1e-5, name);
        check_network<double>(name, 1e-10, name);
    }
    check_network<double>("places12", 1e-10, "places");  // the same networks in older opsets
    check_network<double>("numbers7", 1e-10, "numbers");
}

TEST_CASE("onnx: layers carry the names of their nodes") {
    const auto model = dv::load_onnx<float>(folder / "keras.onnx");
    const std::vector<std::string> names{"first",  "six",  "border", "second", "rectified",
                                         "pooled", "mean", "flat",   "classes"};
    REQUIRE(model.size() == names.size());
    for (std::size_t i = 0; i < names.size(); ++i) CHECK(model.name(i) == names[i]);
}

TEST_CASE_TEMPLATE("onnx: a round trip keeps every bit, option and name", T, float, double) {
    const TestFolder out;
    for (const char* name : {"plain", "odd", "deep", "keras", "opset7", "classes", "places"}) {
        CAPTURE(name);
        auto model = dv::load_onnx<T>(folder / (std::string(name) + ".onnx"));
        dv::save_onnx(out.path() / "a.onnx", model);
        auto again = dv::load_onnx<T>(out.path() / "a.onnx");
        REQUIRE(again.size() == model.size());
        CHECK(again.input_shape() == model.input_shape());
        for (std::size_t i = 0; i < model.size(); ++i) {
            CHECK(again.name(i) == model.name(i));
            CHECK(again.layer(i).kind() == model.layer(i).kind());
        }
        const auto before = model.parameters(), after = again.parameters();
        REQUIRE(before.size() == after.size());
        for (std::size_t i = 0; i < before.size(); ++i) CHECK(*before[i].parameter.value == *after[i].parameter.value);
        const auto image = support::random_tensor<T>(model.input_shape().batched(2), 5, 0, 1);
        const auto trace = model.trace(image), other = again.trace(image);
        CHECK(trace.output() == other.output());
        CHECK(dv::deconvnet(model, trace, dv::all_maps(trace, model.size() - 1)) ==
              dv::deconvnet(again, other, dv::all_maps(other, model.size() - 1)));
    }
}

TEST_CASE("onnx: an even window of PyTorch's normalisation cannot be written, and is named") {
    const TestFolder out;
    CHECK_THROWS_WITH_AS(dv::save_onnx(out.path() / "a.onnx", dv::load_onnx<float>(folder / "numbers.onnx")),
                         "save_onnx: layer '/3/Div' (LocalResponseNorm) has no operator in ONNX", dv::OptionError);
}

TEST_CASE("onnx: a layer of the user's cannot be written, and is named") {
    struct Nothing {
        std::string_view kind() const { return "Nothing"; }
        Shape output_shape(const Shape& sample) const { return sample; }
        void forward(const Tensor<float>& src, Tensor<float>& dst, dv::Record<float>&, const dv::PassOptions&) const {
            dst = src;
        }
        void backward(const dv::LayerTrace<float>&, const Tensor<float>&, Tensor<float>*,
                      std::span<Tensor<float>>) const {}
        void deconv(const dv::LayerTrace<float>&, const Tensor<float>&, Tensor<float>&, const dv::ReverseRules&) const {
        }
    };
    const TestFolder out;
    const dv::Sequential<float> model({3}, Nothing());
    CHECK_THROWS_WITH_AS(dv::save_onnx(out.path() / "a.onnx", model),
                         "save_onnx: layer 'nothing1' (Nothing) has no operator in ONNX", dv::OptionError);
    CHECK(fs::is_empty(out.path()));
}

TEST_CASE("onnx: what is no chain, or not supported, is refused by an error that names the node") {
    const TestFolder out;
    {
        Graph g;
        g.node("Sigmoid", {"image"}, "scores");
        CHECK(says(refusal(g.save(out)),
                   "node 'the Sigmoid' (Sigmoid): this operator is not supported. Supported are Conv"));
    }
    {
        Graph g;
        g.node("Relu", {"image"}, "a");
        g.node("Add", {"a", "image"}, "scores");
        CHECK(says(refusal(g.save(out)), "node 'the Add' (Add): it adds two values that are computed: branches and"));
    }
    {
        Graph g;
        g.node("Relu", {"image"}, "a");
        g.node("Flatten", {"image"}, "scores");
        CHECK(says(refusal(g.save(out)),
                   "node 'the Flatten' (Flatten): it reads 'image', which another node has read before"));
    }
    {
        Graph g;
        g.node("Relu", {"nowhere"}, "scores");
        CHECK(says(refusal(g.save(out)), "it reads 'nowhere', but the picture is in 'image'"));
    }
    {
        Graph g;
        g.node("Flatten", {"image"}, "scores").set_domain("com.example");
        CHECK(says(refusal(g.save(out)), "operators of the domain 'com.example' are not supported"));
    }
    {
        Graph g;
        g.node("Flatten", {"image"}, "elsewhere");
        CHECK(says(refusal(g.save(out)),
                   "expected one output, which the last node of a chain gives ('elsewhere'), got 1, the "
                   "first being 'scores'"));
    }
    for (const std::int64_t opset : {6, 18}) {
        Graph g;
        g.model().mutable_opset_import(0)->set_version(opset);
        g.node("Flatten", {"image"}, "scores");
        CHECK(says(refusal(g.save(out)), "expected opset 7 to 17, got " + std::to_string(opset)));
    }
    {
        Graph g;
        auto& pool = g.node("MaxPool", {"image"}, "scores");
        integers(pool, "kernel_shape", {2, 2});
        integers(pool, "dilations", {2, 2});
        CHECK(says(refusal(g.save(out)), "node 'the MaxPool' (MaxPool): expected dilations of 1"));
    }
    {
        Graph g;
        Graph::value(*g.graph().mutable_input(0), "image", {0, 3});
        g.graph()
            .mutable_input(0)
            ->mutable_type()
            ->mutable_tensor_type()
            ->mutable_shape()
            ->mutable_dim(2)
            ->clear_value();
        g.node("Flatten", {"image"}, "scores");
        CHECK(says(refusal(g.save(out)), "input 'image' leaves the size of a picture open: give one"));
    }
    {
        Graph g;
        g.floats("w", {3, 5, 3, 3}, 135);
        g.node("Conv", {"image", "w"}, "scores");
        CHECK(says(refusal(g.save(out)), "node 'the Conv' (Conv): expected 5 input channels, got 2"));
    }
}

TEST_CASE("onnx: padding behind the last window of a pooling may be of any size, where it plays no part") {
    const TestFolder out;
    const auto pooled = [&](const char* kind, const std::vector<Index>& pads) {
        Graph g;
        auto& pool = g.node(kind, {"image"}, "scores");
        integers(pool, "kernel_shape", {2, 2});
        integers(pool, "strides", {2, 3});
        integers(pool, "pads", pads);
        return g.save(out);
    };
    const auto image = support::random_tensor<float>({1, 2, 6, 6}, 3);
    for (const char* kind : {"MaxPool", "AveragePool"}) {
        const auto same = [&](const std::vector<Index>& pads, const std::vector<Index>& as) {
            const auto a = dv::load_onnx<float>(pooled(kind, pads)), b = dv::load_onnx<float>(pooled(kind, as));
            CHECK(a.forward(image) == b.forward(image));
        };
        same({1, 1, 2, 2}, {1, 1, 1, 1});   // as many as a window, of which one row and column is used
        same({0, 0, 0, -1}, {0, 0, 0, 0});  // no window reads the last column
        CHECK(
            says(refusal(pooled(kind, {1, 1, 3, 1})), "padding smaller than the kernel"));  // a window of nothing else
        CHECK(says(refusal(pooled(kind, {0, 0, -1, 0})), "padding from 0"));  // one window less: not expressed
    }
}

TEST_CASE("onnx: a model that ends with a layer is the beginning of the whole one") {
    for (const char* name : {"plain", "keras", "odd"}) {
        const auto whole = dv::load_onnx<float>(folder / (std::string(name) + ".onnx"));
        const auto trace = whole.trace(support::random_tensor<float>(whole.input_shape(), 5));
        for (std::size_t i = 0; i < whole.size(); ++i) {
            CAPTURE(i);
            for (const dv::LayerId& last : {dv::LayerId(i), dv::LayerId(whole.name(i))}) {
                const auto part = dv::load_onnx<float>(folder / (std::string(name) + ".onnx"), {.last = last});
                REQUIRE(part.size() == i + 1);
                CHECK(part.name(i) == whole.name(i));
                CHECK(part.forward(trace.input()) == trace.activation(i));  // with a bias that is added behind it
            }
        }
        for (const dv::LayerId& nothing : {dv::LayerId("nothing"), dv::LayerId(-1), dv::LayerId(whole.size())})
            CHECK(dv::load_onnx<float>(folder / (std::string(name) + ".onnx"), {.last = nothing}).size() ==
                  whole.size());
    }
}

TEST_CASE("onnx: what lies behind the last layer that is wanted is neither read nor checked") {
    const TestFolder out;
    Graph g;
    g.node("Relu", {"image"}, "a");
    g.node("Flatten", {"a"}, "b");
    auto& weights = g.floats("w", {72, 2}, 0);
    weights.set_data_location(onnx::TensorProto::EXTERNAL);
    auto& entry = *weights.add_external_data();
    entry.set_key("location");
    entry.set_value("missing.weights");
    g.node("MatMul", {"b", "w"}, "c");
    g.node("Sigmoid", {"c"}, "d");
    g.node("Add", {"b", "d"}, "scores");
    const auto path = g.save(out);
    CHECK(dv::load_onnx<float>(path, {.last = "the Relu"}).size() == 1);
    CHECK(dv::load_onnx<float>(path, {.last = 1}).output_shape() == Shape{72});
    CHECK_THROWS_AS(dv::load_onnx<float>(path, {.last = "the MatMul"}), dv::Error);
    CHECK_THROWS_AS(dv::load_onnx<float>(path), dv::Error);
}

TEST_CASE("onnx: an open size is filled in, a fixed one must agree") {
    const TestFolder out;
    Graph g;
    for (const int i : {2, 3})
        g.graph()
            .mutable_input(0)
            ->mutable_type()
            ->mutable_tensor_type()
            ->mutable_shape()
            ->mutable_dim(i)
            ->set_dim_param("s");
    g.node("Relu", {"image"}, "scores");
    const auto path = g.save(out);
    CHECK(dv::load_onnx<float>(path, {.input = Shape{2, 9, 5}}).output_shape() == Shape{2, 9, 5});
    CHECK(
        says(refusal(path, {.input = Shape{3, 9, 5}}), "input 'image' does not take samples of (3,9,5) as asked for"));
    CHECK(says(refusal(path), "leaves the size of a picture open"));
}

TEST_CASE("onnx: the real model classifies as its exporter says") {
    const fs::path shared = fs::path(DECONVVIZ_SOURCE_DIR).parent_path() / "shared";
    const fs::path path = shared / "models/cifar10_vgg.onnx", data = shared / "data/cifar10";
    if (!fs::exists(path) || !fs::exists(data)) {
        MESSAGE("skipped: " << path.string() << " or " << data.string() << " is not there");
        return;
    }
    const auto model = dv::load_onnx<float>(path);
    const auto test = dv::load_cifar10<float>(data).test;
    const auto some = test.first(1000);
    CHECK(dv::evaluate(model, some).accuracy > 0.8);
}
