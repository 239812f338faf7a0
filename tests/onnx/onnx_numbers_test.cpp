// Whole numbers that an ONNX graph computes on the side: what they come to, and what is refused.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/io/onnx.hpp"
#include "deconvviz/layers/zero_pad2d.hpp"
#include "onnx_graph.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using support::Graph;
using support::integers;
using support::refusal;
using support::says;
using support::TestFolder;

namespace {

using Numbers = std::vector<Index>;

/// Constants, and nodes that compute with them, before one that takes the result.
class Computed : public Graph {
  public:
    void constant(const std::string& name, const Numbers& dims, const Numbers& values) {
        auto& tensor = *graph().add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(onnx::TensorProto::INT64);
        for (const Index extent : dims) tensor.add_dims(extent);
        for (const Index value : values) tensor.add_int64_data(value);
    }
    void row(const std::string& name, const Numbers& values) {
        constant(name, {static_cast<Index>(values.size())}, values);
    }
    /// The sides of a Pad that takes "pads".
    dv::Padding2D padding(const TestFolder& out) {
        node("Pad", {"image", "pads"}, "scores");
        const auto model = dv::load_onnx<float>(save(out));
        return model.layer<dv::ZeroPad2D<float>>(0).options().padding;
    }
    std::string refused(const TestFolder& out) {
        node("Pad", {"image", "pads"}, "scores");
        return refusal(save(out));
    }
};

}  // namespace

TEST_CASE("onnx numbers: sides of a padding, last axis first, put in the order of the operator") {
    const TestFolder out;
    Computed g;  // as PyTorch writes ZeroPad2d((1, 2, 0, 3)): left, right, top, bottom
    g.row("given", {1, 2, 0, 3});
    g.row("count", {4});
    g.node("ConstantOfShape", {"count"}, "none");
    g.node("Concat", {"given", "none"}, "all");
    g.row("pairs", {-1, 2});
    g.node("Reshape", {"all", "pairs"}, "by_axis");
    g.row("last", {-1});
    g.row("first", {-9223372036854775807});
    g.row("rows", {0});
    g.row("back", {-1});
    g.node("Slice", {"by_axis", "last", "first", "rows", "back"}, "reversed");
    integers(g.node("Transpose", {"reversed"}, "by_end"), "perm", {1, 0});
    g.row("flat", {-1});
    g.node("Reshape", {"by_end", "flat"}, "sides");
    g.node("Cast", {"sides"}, "pads");
    CHECK(g.padding(out) == dv::Padding2D(0, 1, 3, 2));
}

TEST_CASE("onnx numbers: products, dimensions put in and taken out, parts") {
    const TestFolder out;
    Computed g;
    g.row("a", {0, 0, 1, 2, 9});
    g.row("start", {0});
    g.row("end", {-1});
    g.node("Slice", {"a", "start", "end"}, "first");  // 0 0 1 2
    g.constant("two", {}, {2});
    g.node("Mul", {"two", "first"}, "second");  // 0 0 2 4
    g.row("axis", {0});
    g.node("Unsqueeze", {"second", "axis"}, "matrix");
    g.node("Squeeze", {"matrix", "axis"}, "again");
    g.node("Concat", {"first", "again"}, "pads");
    CHECK(g.padding(out) == dv::Padding2D(1, 2, 2, 4));
}

TEST_CASE("onnx numbers: a Reshape to the product of the dimensions flattens") {
    const TestFolder out;
    Computed g;  // x.view(x.size(0), x.size(1) * x.size(2) * x.size(3))
    g.node("Shape", {"image"}, "shape");
    for (const Index i : {0, 1, 2, 3}) {
        g.row("at" + std::to_string(i), {i});
        g.node("Gather", {"shape", "at" + std::to_string(i)}, "size" + std::to_string(i));
    }
    g.node("Mul", {"size1", "size2"}, "some");
    g.node("Mul", {"some", "size3"}, "all");
    g.node("Concat", {"size0", "all"}, "wanted");
    g.node("Reshape", {"image", "wanted"}, "scores");
    CHECK(dv::load_onnx<float>(g.save(out)).output_shape() == Shape{72});
}

TEST_CASE("onnx numbers: what makes no sense is refused by its node") {
    const TestFolder out;
    {
        Computed g;
        g.row("a", {1, 2, 3});
        g.row("axes", {0});
        g.node("Squeeze", {"a", "axes"}, "pads");
        CHECK(says(g.refused(out), "node 'the Squeeze' (Squeeze): expected axes of size 1"));
    }
    {
        Computed g;
        g.constant("a", {}, {1});
        g.row("axes", {1, 1});
        g.node("Unsqueeze", {"a", "axes"}, "pads");
        CHECK(says(g.refused(out), "expected each axis once"));
    }
    for (const Numbers& wanted : {Numbers{-1, -1}, Numbers{4, -1}, Numbers{-2}, Numbers{1, 1, 1, 1, 3}}) {
        Computed g;
        g.row("a", {1, 2, 3});
        g.row("wanted", wanted);
        g.node("Reshape", {"a", "wanted"}, "pads");
        CHECK(says(g.refused(out), "(Reshape): expected a shape "));
    }
    {
        Computed g;
        g.row("a", {1, 2, 3});
        g.node("Transpose", {"a"}, "pads");
        CHECK(says(g.refused(out), "expected a matrix of numbers"));
    }
    {
        Computed g;
        g.row("count", {100});
        g.node("ConstantOfShape", {"count"}, "pads");
        CHECK(says(g.refused(out), "expected a row of at most 64 numbers"));
    }
    {
        Computed g;  // the size of the batch is not known
        g.node("Shape", {"image"}, "shape");
        g.node("Mul", {"shape", "shape"}, "pads");
        CHECK(says(g.refused(out), "expected numbers that are known and no larger than 2147483648"));
    }
}
