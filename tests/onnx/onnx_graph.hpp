// ONNX models to break.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/io/onnx.hpp"
#include "test_folder.hpp"

namespace support {

inline std::string refusal(const std::filesystem::path& path, const deconvviz::OnnxOptions& options = {}) {
    try {
        (void)deconvviz::load_onnx<float>(path, options);
    } catch (const deconvviz::FormatError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

/// A model of one node, or some, to break.
class Graph {
  public:
    Graph() {
        model_.set_ir_version(7);
        model_.add_opset_import()->set_version(13);
        value(*graph().add_input(), "image", {0, 2, 6, 6});
        value(*graph().add_output(), "scores", {0, 2});
    }
    onnx::GraphProto& graph() { return *model_.mutable_graph(); }
    onnx::ModelProto& model() { return model_; }

    static void value(onnx::ValueInfoProto& info, const std::string& name, const std::vector<deconvviz::Index>& dims) {
        info.set_name(name);
        info.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
        for (const deconvviz::Index extent : dims) {
            auto& dim = *info.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim();
            if (extent > 0) dim.set_dim_value(extent);
        }
    }
    onnx::NodeProto& node(const std::string& kind, const std::vector<std::string>& inputs, const std::string& output) {
        auto& added = *graph().add_node();
        added.set_op_type(kind);
        added.set_name("the " + kind);
        for (const std::string& input : inputs) added.add_input(input);
        added.add_output(output);
        return added;
    }
    onnx::TensorProto& floats(const std::string& name, const std::vector<deconvviz::Index>& dims,
                              deconvviz::Index count) {
        auto& tensor = *graph().add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(onnx::TensorProto::FLOAT);
        for (const deconvviz::Index extent : dims) tensor.add_dims(extent);
        for (deconvviz::Index i = 0; i < count; ++i) tensor.add_float_data(0.5F);
        return tensor;
    }
    std::filesystem::path save(const TestFolder& to) const {
        std::ofstream(to.path() / "a.onnx", std::ios::binary) << model_.SerializeAsString();
        return to.path() / "a.onnx";
    }

  private:
    onnx::ModelProto model_;
};

inline void integers(onnx::NodeProto& node, const std::string& name, const std::vector<deconvviz::Index>& values) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const deconvviz::Index value : values) attribute.add_ints(value);
}

inline bool says(const std::string& message, const std::string& part) {
    INFO(message);
    return message.find(part) != std::string::npos;
}

}  // namespace support
