// ONNX files that are damaged, that ask for more than they hold, and that point outside of their folder.
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/io/onnx.hpp"
#include "onnx_graph.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;
using dv::Index;
using support::Graph;
using support::integers;
using support::refusal;
using support::says;
using support::TestFolder;

namespace {

/// The refusal of a matrix of 72 x 2 weights, changed.
std::string refusal_of_weights(const TestFolder& folder, const std::vector<Index>& dims, Index count,
                               const std::function<void(onnx::TensorProto&)>& change = {}) {
    Graph g;
    auto& weights = g.floats("w", dims, count);
    if (change) change(weights);
    g.node("Flatten", {"image"}, "a");
    g.node("MatMul", {"a", "w"}, "scores");
    return refusal(g.save(folder));
}

using Entries = std::vector<std::pair<std::string, std::string>>;

void make_external(onnx::TensorProto& tensor, const Entries& entries) {
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : entries) {
        auto& entry = *tensor.add_external_data();
        entry.set_key(key);
        entry.set_value(value);
    }
}

std::string refusal_of_external(const TestFolder& folder, const Entries& entries) {
    try {
        return refusal_of_weights(folder, {72, 2}, 0, [&](onnx::TensorProto& w) { make_external(w, entries); });
    } catch (const dv::IoError& error) {
        return std::string("IoError: ") + error.what();
    }
}

const std::vector<unsigned char> values(576, 'x');

}  // namespace

TEST_CASE("onnx: files that are damaged are refused") {
    const TestFolder out;
    const auto write = [&](const std::string& bytes) { return out.write("a.onnx", {bytes.begin(), bytes.end()}); };
    CHECK_THROWS_AS(dv::load_onnx<float>(out.path() / "missing.onnx"), dv::IoError);
    CHECK_THROWS_AS(dv::load_onnx<float>(out.path()), dv::IoError);
    CHECK(says(refusal(write("")), "expected an ONNX model with a graph of nodes, got something else"));
    CHECK(says(refusal(write("this is no model at all")), "expected an ONNX model"));
    std::ifstream file(fs::path(DECONVVIZ_SOURCE_DIR) / "tests/reference/onnx/plain.onnx", std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(file)), {});
    for (std::size_t size = 0; size < whole.size(); size += 97)
        CHECK_THROWS_AS(dv::load_onnx<float>(write(whole.substr(0, size))), dv::FormatError);
}

TEST_CASE("onnx: weights that are not as many as they claim are refused, and ask for no memory") {
    const TestFolder out;
    CHECK(says(refusal_of_weights(out, {72, 1000000000}, 72), "tensor 'w': expected 72000000000 values"));
    CHECK(says(refusal_of_weights(out, {Index{1} << 62, 4}, 1), "more elements than can be counted"));
    CHECK(says(refusal_of_weights(out, {72, -2}, 1), "cannot be negative"));
    CHECK(says(refusal_of_weights(out, {72, 0}, 0), "got in = 72, out = 0"));
    CHECK(says(refusal_of_weights(out, {72, 2}, 143), "expected 144 values of 1 bytes for the shape (72,2), got 143"));
    CHECK(says(refusal_of_weights(out, {72, 2}, 0, [](auto& w) { w.set_raw_data(std::string(575, 'x')); }),
               "expected 144 values of 4 bytes for the shape (72,2), got 575 bytes"));
    CHECK(says(refusal_of_weights(out, {72, 2}, 144, [](auto& w) { w.set_data_type(onnx::TensorProto::INT8); }),
               "expected values of type float, double or float16, got type INT8"));

    Graph g;
    auto& pad = g.node("Pad", {"image", "pads"}, "scores");
    pad.set_name("huge");
    auto& pads = *g.graph().add_initializer();
    pads.set_name("pads");
    pads.set_data_type(onnx::TensorProto::INT64);
    pads.add_dims(8);
    for (const Index side : {0, 0, 1000000, 1000000, 0, 0, 0, 0}) pads.add_int64_data(side);
    CHECK(says(refusal(g.save(out)), "node 'huge' (Pad): expected at most 268435456 values for one picture"));
}

TEST_CASE("onnx: a product that goes nowhere, or is no square, begins no contrast normalisation") {
    const TestFolder out;
    for (const bool square : {true, false}) {
        Graph g;
        g.floats("w", {1}, 1);
        auto& product = g.node("Mul", {square ? "image" : "w", "image"}, "squares");
        if (square) product.clear_output();
        integers(g.node("AveragePool", {"squares"}, "mean"), "kernel_shape", {3, 1, 1});
        g.node("Mul", {"mean", "w"}, "scaled");
        g.node("Add", {"scaled", "w"}, "sum");
        g.node("Pow", {"sum", "w"}, "power");
        g.node("Div", {"image", "power"}, "scores");
        CHECK(says(refusal(g.save(out)), square ? "node 'the Mul' (Mul): expected an output"
                                                : "node 'the Mul' (Mul): it reads 'w', but the picture is in 'image'"));
    }
}

TEST_CASE("onnx: few layers may share their weights, many may not") {
    const TestFolder out;
    for (const bool many : {false, true}) {
        Graph g;
        g.floats("w", {72, 72}, 72 * 72);
        g.node("Flatten", {"image"}, "0");
        const int layers = many ? 300 : 8;
        for (int i = 0; i < layers; ++i)
            g.node("MatMul", {std::to_string(i), "w"}, i + 1 == layers ? "scores" : std::to_string(i + 1));
        CHECK(says(refusal(g.save(out)),
                   many ? "the layers share their weights so often that they are more than 16 times the"
                        : "nothing was thrown"));
    }
}

TEST_CASE("onnx: a file of a million small fields, and one of many nodes, take the time of one reading") {
    const TestFolder out;
    {
        Graph g;
        g.node("Relu", {"image"}, "scores");
        std::string bytes = g.model().SerializeAsString();
        std::string graph;                                         // once more: protobuf makes one of the two
        for (int i = 0; i < 700000; ++i) graph += "\x98\x06\x01";  // field 99, which ONNX does not have
        bytes += "\x3A";
        for (std::size_t size = graph.size(); size > 0; size >>= 7U)
            bytes += static_cast<char>(static_cast<unsigned char>((size & 127U) | (size > 127 ? 128U : 0U)));
        bytes += graph;
        CHECK(refusal(out.write("a.onnx", {bytes.begin(), bytes.end()})) == "nothing was thrown");
    }
    Graph g;
    constexpr int layers = 20000;
    for (int i = 0; i < layers; ++i)
        g.node("Relu", {i == 0 ? "image" : std::to_string(i)}, i + 1 == layers ? "scores" : std::to_string(i + 1));
    const auto model = dv::load_onnx<float>(g.save(out));
    CHECK(model.size() == layers);
    CHECK(model.name(0) == "the Relu");
    CHECK(model.name(layers - 1) == "relu" + std::to_string(layers - 1));
}

TEST_CASE("onnx: external data are read from the model's folder") {
    const TestFolder out;
    out.write("weights", values);
    fs::create_directory(out.path() / "sub");
    out.write("sub/weights", values);
    fs::create_symlink("sub/weights", out.path() / "link");
    for (const std::string location : {"weights", "sub/weights", "./sub/../weights", "link"})
        CHECK(refusal_of_external(out, {{"location", location}}) == "nothing was thrown");
    CHECK(refusal_of_external(out, {{"location", "weights"}, {"offset", "0"}, {"length", "576"}}) ==
          "nothing was thrown");
}

TEST_CASE("onnx: external data do not leave the model's folder, by no path and no link") {
    const TestFolder outer;
    outer.write("outside", values);
    fs::create_directory(outer.path() / "beside");
    outer.write("beside/weights", values);
    const TestFolder out;
    const fs::path outside = outer.path() / "outside";
    const std::string up = "../" + outer.path().filename().string() + "/outside";
    fs::create_symlink(outside, out.path() / "link");
    fs::create_symlink(outer.path() / "beside", out.path() / "folder");
    fs::create_symlink("link", out.path() / "link_to_link");
    fs::create_symlink("/dev/zero", out.path() / "device");
    fs::create_symlink("loop", out.path() / "loop");
    fs::create_directory(out.path() / "sub");
    REQUIRE(fs::exists(out.path() / up));
    for (const std::string& location :
         {up, "sub/../" + up, "missing/../" + up, outside.string(), std::string("/etc/passwd"), std::string(""),
          std::string("link"), std::string("link_to_link"), std::string("folder/weights"), std::string("device"),
          std::string("loop"), std::string("weights\0../x", 12)})
        CHECK(says(refusal_of_external(out, {{"location", location}}),
                   std::string("expected external data in the model's folder, got '") + location.c_str()));
    // A neighbour whose name begins as the folder's does.
    const fs::path neighbour = out.path().string() + "x";
    fs::create_directory(neighbour);
    std::ofstream(neighbour / "weights") << std::string(576, 'x');
    CHECK(says(refusal_of_external(out, {{"location", "../" + neighbour.filename().string() + "/weights"}}),
               "expected external data in the model's folder"));
    fs::remove_all(neighbour);
}

TEST_CASE("onnx: external data are whole regular files or parts of them") {
    const TestFolder out;
    out.write("weights", {values.begin(), values.begin() + 500});
    fs::create_directory(out.path() / "sub");
    REQUIRE(::mkfifo((out.path() / "pipe").c_str(), 0600) == 0);
    for (const std::string location : {"sub", ".", "pipe"})
        CHECK(says(refusal_of_external(out, {{"location", location}}), "expected a regular file"));
    CHECK(says(refusal_of_external(out, {{"location", "missing"}}), "IoError"));
    const auto part = [&](const std::string& offset, const std::string& length) {
        return refusal_of_external(out, {{"location", "weights"}, {"offset", offset}, {"length", length}});
    };
    CHECK(says(part("0", "576"), "expected 576 bytes at 0 of 'weights', which has 500"));
    CHECK(says(part("18446744073709551615", "576"), "bytes at"));
    CHECK(says(part("18446744073709551615", "2"), "bytes at"));
    CHECK(says(part("501", "0"), "bytes at"));
    CHECK(says(part("501", ""), "bytes at 501 of 'weights', which has 500"));
    CHECK(says(part("4", "496"), "expected 144 values of 4 bytes for the shape (72,2), got 496 bytes"));
    for (const std::string number : {"-1", "18446744073709551616", "0x10", "1e3", " 1", "ten"}) {
        CHECK(says(part(number, "8"), "expected offset and length of external data as numbers, got '" + number + "'"));
        CHECK(says(part("0", number), "expected offset and length of external data as numbers, got '" + number + "'"));
    }
}
