// safetensors: out and in again, from other tools' types, and whatever does not fit the model or the format.
#include "deconvviz/io/safetensors.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/relu.hpp"
#include "tensor_support.hpp"

using namespace deconvviz;
namespace fs = std::filesystem;

namespace {

template <class T>
Sequential<T> small(std::uint64_t seed = 1, Index out = 2) {
    return Sequential<T>({3}, Dense<T>({.in = 3, .out = 4, .bias = false, .seed = seed}), ReLU<T>(),
                         Dense<T>({.in = 4, .out = out, .seed = seed + 1}));
}

struct File {
    fs::path path = fs::temp_directory_path() / "deconvviz_test.safetensors";
    ~File() { fs::remove(path); }

    void write(const std::string& header, const std::string& values = {}) const {
        const std::uint64_t length = header.size();
        std::ofstream out(path, std::ios::binary);
        out.write(reinterpret_cast<const char*>(&length), 8);
        out << header << values;
    }
};

template <class V>
std::string bytes_of(const std::vector<V>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(V)};
}

std::string refusal(const File& file) {
    Sequential<float> model({2}, Dense<float>({.in = 2, .out = 1, .bias = false}));
    const Tensor<float> before = model.layer<Dense<float>>(0).weights();
    try {
        load_weights(file.path, model);
    } catch (const FormatError& error) {
        CHECK(model.layer<Dense<float>>(0).weights() == before);
        return std::string(error.what()).substr(file.path.string().size());
    }
    return "nothing was thrown";
}

}  // namespace

TEST_CASE_TEMPLATE("safetensors: weights come back to the last bit", T, float, double) {
    const File file;
    const auto model = small<T>();
    save_weights(file.path, model);
    auto other = small<T>(99);
    const auto x = support::random_tensor<T>({5, 3}, 1);
    REQUIRE(other.forward(x) != model.forward(x));
    load_weights(file.path, other);
    CHECK(other.forward(x) == model.forward(x));
    auto larger = small<T>(1, 3);
    CHECK_THROWS_AS(load_weights(file.path, larger), FormatError);
    Sequential<float> crossed = small<float>(5);  // from double, if T is
    load_weights(file.path, crossed);
    support::check_tensor_close(crossed.layer<Dense<float>>(2).weights(), model.template layer<Dense<T>>(2).weights(),
                                1e-7);
}

TEST_CASE("safetensors: the header is padded to 8 bytes, and says what the model is") {
    const File file;
    save_weights(file.path, small<float>());
    std::ifstream in(file.path, std::ios::binary);
    std::uint64_t length = 0;
    in.read(reinterpret_cast<char*>(&length), 8);
    CHECK(length % 8 == 0);
    std::string header(length, ' ');
    in.read(header.data(), static_cast<std::streamsize>(length));
    const auto json = nlohmann::json::parse(header);
    CHECK(json["__metadata__"]["architecture"] == "input (3), dense1 Dense (4), relu1 ReLU (4), dense2 Dense (2)");
    CHECK(json["dense2.weights"]["shape"] == nlohmann::json({2, 4}));
    CHECK(json["dense2.weights"]["data_offsets"] == nlohmann::json({48, 80}));
}

TEST_CASE("safetensors: half precision is read") {
    const File file;
    Sequential<double> model({2}, Dense<double>({.in = 2, .out = 1, .bias = false}));
    const auto load = [&](const char* type, std::uint16_t a, std::uint16_t b) {
        file.write(R"({"dense1.weights":{"dtype":")" + std::string(type) + R"(","shape":[1,2],"data_offsets":[0,4]}})",
                   bytes_of<std::uint16_t>({a, b}));
        load_weights(file.path, model);
        return model.layer<Dense<double>>(0).weights();
    };
    CHECK(load("F16", 0x3E00, 0xC400) == Tensor<double>({1, 2}, {1.5, -4}));
    CHECK(load("F16", 0x0001, 0x7BFF) == Tensor<double>({1, 2}, {0x1p-24, 65504}));
    CHECK(load("BF16", 0x3FC0, 0xC080) == Tensor<double>({1, 2}, {1.5, -4}));
}

TEST_CASE("safetensors: what does not fit the model or the format is refused, and the model stays") {
    const File file;
    const std::string values = bytes_of<float>({1, 2});
    file.write(R"({"dense1.weights":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})", values);
    CHECK(refusal(file) == "nothing was thrown");
    file.write(R"({"dense1.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})", values);
    CHECK(refusal(file) == ": there is no tensor 'dense1.weights'; the file belongs to another model");
    file.write(R"({"dense1.weights":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})", values);
    CHECK(refusal(file) == ": tensor 'dense1.weights': the model has shape (1,2), the file [2,1]");
    file.write(R"({"dense1.weights":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
               R"("more":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
               values);
    CHECK(refusal(file) == ": the model has no parameter 'more'; the file belongs to another model");
    file.write(R"({"dense1.weights":{"dtype":"I8","shape":[1,2],"data_offsets":[0,8]}})", values);
    CHECK(refusal(file) == ": tensor 'dense1.weights': expected values of type F32, F64, F16 or BF16, got I8");
    file.write(R"({"dense1.weights":{"dtype":"F32","shape":[1,2],"data_offsets":[0,12]}})", values);
    CHECK(refusal(file) == ": tensor 'dense1.weights': expected data_offsets among the 8 bytes of values, got 0 to 12");
    file.write(R"({"dense1.weights":{"dtype":"F32","shape":[1,2],"data_offsets":[4,8]}})", values);
    CHECK(refusal(file) == ": tensor 'dense1.weights': expected 8 bytes for the shape (1,2), got 4");
    for (const char* header :
         {"", "[]", "{", "7", R"({"dense1.weights":7})", R"({"dense1.weights":{"dtype":"F32"}})",
          R"({"dense1.weights":{"dtype":1,"shape":[1,2],"data_offsets":[0,8]}})",
          R"({"dense1.weights":{"dtype":"F32","shape":[1,-2],"data_offsets":[0,8]}})",
          R"({"dense1.weights":{"dtype":"F32","shape":[1,2],"data_offsets":[8,0]}})",
          R"({"dense1.weights":{"dtype":"F32","shape":[1,2],"data_offsets":[0,1e3]}})",
          R"({"dense1.weights":{"dtype":"F32","shape":[1,2],"data_offsets":[0,18446744073709551615]}})"}) {
        file.write(header, values);
        CHECK(refusal(file) != "nothing was thrown");
    }
    const std::string deep(500'000, '[');  // whoever goes down there by calls has no stack left
    file.write(R"({"dense1.weights":)" + deep + std::string(deep.size(), ']') + "}", values);
    CHECK(refusal(file) == ": expected a header of entries with lists of numbers, got deeper ones");
    std::ofstream(file.path, std::ios::binary) << "short";
    CHECK(refusal(file) == ": expected the 8 bytes of a header's length, got 5");
    std::ofstream(file.path, std::ios::binary) << std::string(64, '\xFF');
    CHECK(refusal(file).find("more; it is cut off, or no safetensors file") != std::string::npos);
    fs::remove(file.path);
    Sequential<float> model({2}, Dense<float>({.in = 2, .out = 1}));
    CHECK_THROWS_AS(load_weights(file.path, model), IoError);
}
