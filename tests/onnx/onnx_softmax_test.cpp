// Softmax in ONNX files: its axis by the rules of each opset, the forms of exporters, and what is refused.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/io/onnx.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/visualize/ways_back.hpp"
#include "onnx_graph.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;
using dv::Index;
using dv::Shape;
using dv::Tensor;
using support::Graph;
using support::refusal;
using support::says;
using support::TestFolder;

namespace {

void integer(onnx::NodeProto& node, const std::string& name, Index value) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
}

/// One Softmax of an opset over pictures of a shape, with an axis or without.
fs::path softmax_model(const TestFolder& out, int opset, const Shape& sample, std::optional<Index> axis) {
    Graph g;
    g.model().mutable_opset_import(0)->set_version(opset);
    std::vector<Index> dims{0};
    dims.insert(dims.end(), sample.dimensions().begin(), sample.dimensions().end());
    g.graph().clear_input();
    Graph::value(*g.graph().add_input(), "image", dims);
    auto& node = g.node("Softmax", {"image"}, "scores");
    if (axis) integer(node, "axis", *axis);
    return g.save(out);
}

}  // namespace

TEST_CASE("onnx softmax: which axis means which softmax, by opset") {
    const TestFolder out;
    const Shape flat{4}, maps{4, 2, 3}, pixels{4, 1, 1}, row{4, 1, 3};
    struct Case {
        int opset;
        Shape sample;
        std::optional<Index> axis;
    };
    const std::vector<Case> over_maps{{13, maps, 1},    {17, maps, -3},  {13, pixels, 1}, {12, pixels, 1},
                                      {11, pixels, -3}, {7, pixels, {}}, {13, flat, {}},  {13, flat, 1},
                                      {13, flat, -1},   {7, flat, {}},   {9, flat, 1}};
    for (const Case& each : over_maps) {
        CAPTURE(each.opset);
        CAPTURE(each.sample);
        const auto model = dv::load_onnx<double>(softmax_model(out, each.opset, each.sample, each.axis));
        const auto image = support::random_tensor<double>(each.sample.batched(2), 3);
        const auto sums = model.forward(image);
        for (Index n = 0; n < 2; ++n)
            for (Index i = 0; i < each.sample.elements() / 4; ++i) {
                double sum = 0;
                for (Index c = 0; c < 4; ++c)
                    sum += sums.slice(n)[static_cast<std::size_t>(c * each.sample.elements() / 4 + i)];
                CHECK(sum == doctest::Approx(1));
            }
    }
    const std::string flattened = "below opset 13 this is one softmax over all of an input of ";
    CHECK(says(refusal(softmax_model(out, 12, maps, 1)), flattened + "(4,2,3)"));
    CHECK(says(refusal(softmax_model(out, 9, row, {})), flattened + "(4,1,3)"));
    const std::string other = "expected a softmax over flat features or over maps (axis 1), got axis ";
    CHECK(says(refusal(softmax_model(out, 13, maps, {})), other + "3 of an input of (4,2,3)"));
    CHECK(says(refusal(softmax_model(out, 13, maps, 2)), other + "2 of"));
    CHECK(says(refusal(softmax_model(out, 12, pixels, 3)), other + "3 of"));
    CHECK(says(refusal(softmax_model(out, 13, flat, 0)), other + "0 of"));
    CHECK(says(refusal(softmax_model(out, 13, flat, 2)), "expected an axis from -2 to 1, got 2"));
}

TEST_CASE("onnx softmax: other transposes are refused") {
    const TestFolder out;
    const auto transposed = [&](const std::vector<Index>& there, const std::vector<Index>& back, Index axis) {
        Graph g;
        g.model().mutable_opset_import(0)->set_version(11);
        support::integers(g.node("Transpose", {"image"}, "a"), "perm", there);
        integer(g.node("Softmax", {"a"}, "b"), "axis", axis);
        support::integers(g.node("Transpose", {"b"}, "scores"), "perm", back);
        return g.save(out);
    };
    const auto path = transposed({0, 2, 3, 1}, {0, 3, 1, 2}, 3);
    CHECK(dv::load_onnx<float>(path).layer(0).kind() == "Softmax");
    CHECK(dv::load_onnx<float>(path).name(0) == "the Softmax");
    const std::string refused = "node 'the Transpose' (Transpose): this operator is not supported";
    CHECK(says(refusal(transposed({0, 2, 3, 1}, {0, 2, 3, 1}, 3)), refused));  // not the way back
    CHECK(says(refusal(transposed({0, 2, 3, 1}, {0, 3, 1, 2}, 2)), refused));  // over more than the maps
    CHECK(says(refusal(transposed({0, 1, 3, 2}, {0, 1, 3, 2}, 3)), refused));  // over rows
    CHECK(says(refusal(transposed({0, 2, 3}, {0, 3, 1, 2}, 3)), refused));
}

TEST_CASE("onnx softmax: one over maps of a pixel ends a model in probabilities, flattened or not") {
    const auto model = dv::load_onnx<float>(fs::path(DECONVVIZ_SOURCE_DIR) / "tests/reference/onnx/classes.onnx");
    const auto image = support::random_tensor<float>(model.input_shape().batched(2), 4);
    CHECK(dv::class_probabilities(model, image) == model.forward(image));
    // Asked about no layer, `explain` asks about the scores before the softmax.
    const std::size_t scores = model.size() - 3;
    CHECK(dv::explain(model, image, {}, dv::WayBack::guided_backpropagation()) ==
          dv::explain(model, image, {.layer = scores}, dv::WayBack::guided_backpropagation()));
}
