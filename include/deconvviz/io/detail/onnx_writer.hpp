/// @file
/// From a Sequential to an ONNX graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/io/detail/onnx_file.hpp"
#include "deconvviz/io/output_file.hpp"
#include "deconvviz/layers/any_layer.hpp"
#include "deconvviz/layers/average_pool2d.hpp"
#include "deconvviz/layers/batch_norm.hpp"
#include "deconvviz/layers/clipped_relu.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/leaky_relu.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/layers/zero_pad2d.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/version.hpp"

namespace deconvviz::detail {

/// Where protobuf puts its bytes: into a file that takes its place when all are there.
class OnnxOutput final : public google::protobuf::io::CopyingOutputStream {
  public:
    explicit OnnxOutput(OutputFile& file) : file_(file) {}
    bool Write(const void* bytes, int size) override {
        file_.write(std::span(static_cast<const unsigned char*>(bytes), static_cast<std::size_t>(size)));
        return true;
    }

  private:
    OutputFile& file_;
};

template <class T>
class OnnxWriter {
  public:
    explicit OnnxWriter(const Sequential<T>& model) : graph_(*file_.mutable_graph()) {
        file_.set_ir_version(7);
        file_.set_producer_name("deconvviz");
        file_.set_producer_version(version);
        auto& opset = *file_.add_opset_import();
        opset.set_domain("");
        opset.set_version(13);
        graph_.set_name("model");
        describe(*graph_.add_input(), "input", model.input_shape());
        value_ = "input";
        for (std::size_t i = 0; i < model.size(); ++i) add(model, i);
        describe(*graph_.add_output(), value_, model.output_shape());
    }

    void write(const std::filesystem::path& path) {
        constexpr std::size_t most = 0x7FFFFFFF;
        if (const std::size_t size = file_.ByteSizeLong(); size > most)
            raise<FormatError>(path.string(), ": expected a model of at most ", most, " bytes, got ", size);
        OutputFile file(path);
        {
            OnnxOutput output(file);
            google::protobuf::io::CopyingOutputStreamAdaptor stream(&output);
            if (!file_.SerializeToZeroCopyStream(&stream) || !stream.Flush())
                raise<IoError>(path.string(), ": the model could not be written");
        }
        file.commit();
    }

  private:
    static constexpr auto scalar = std::is_same_v<T, double> ? onnx::TensorProto::DOUBLE : onnx::TensorProto::FLOAT;

    static void describe(onnx::ValueInfoProto& value, const std::string& name, const Shape& sample) {
        value.set_name(name);
        auto& type = *value.mutable_type()->mutable_tensor_type();
        type.set_elem_type(scalar);
        type.mutable_shape()->add_dim()->set_dim_param("N");
        for (const Index extent : sample.dimensions()) type.mutable_shape()->add_dim()->set_dim_value(extent);
    }

    void add(const Sequential<T>& model, std::size_t i) {
        const AnyLayer<T>& layer = model.layer(i);
        node_ = graph_.add_node();
        node_->set_name(layer.name());
        node_->add_input(value_);
        if (!express(layer))
            raise<OptionError>("save_onnx: layer '", layer.name(), "' (", layer.kind(), ") has no operator in ONNX");
        // A layer may have any name, that of the input too; the values' names must differ.
        value_ = i + 1 == model.size() ? "output" : concat("value_", i, "_", layer.name());
        node_->add_output(value_);
    }

    bool express(const AnyLayer<T>& layer) {
        if (layer.template get_if<ReLU<T>>()) return kind("Relu");
        if (layer.template get_if<Flatten<T>>()) return kind("Flatten") && integer("axis", 1);
        if (layer.template get_if<Softmax<T>>()) return kind("Softmax") && integer("axis", 1);
        if (layer.template get_if<GlobalAveragePool2D<T>>()) return kind("GlobalAveragePool");
        if (const auto* l = layer.template get_if<Conv2D<T>>()) return convolution(*l);
        if (const auto* l = layer.template get_if<Dense<T>>()) return dense(*l);
        if (const auto* l = layer.template get_if<MaxPool2D<T>>()) return kind("MaxPool") && pooling(l->options());
        if (const auto* l = layer.template get_if<AveragePool2D<T>>())
            return kind("AveragePool") && pooling(l->options()) &&
                   integer("count_include_pad", l->options().count_padding ? 1 : 0);
        if (const auto* l = layer.template get_if<BatchNorm<T>>()) return batch_norm(*l);
        if (const auto* l = layer.template get_if<LocalResponseNorm<T>>()) return response_norm(l->options());
        if (const auto* l = layer.template get_if<LeakyReLU<T>>())
            return kind("LeakyRelu") && number("alpha", l->options().slope);
        if (const auto* l = layer.template get_if<ClippedReLU<T>>())
            return kind("Clip") && scalar_input("least", T(0)) &&
                   scalar_input("most", static_cast<T>(l->options().most));
        if (const auto* l = layer.template get_if<Dropout<T>>())
            return kind("Dropout") && scalar_input("ratio", static_cast<float>(l->options().rate));
        if (const auto* l = layer.template get_if<ZeroPad2D<T>>()) return pad(l->options().padding);
        return false;
    }

    // Each returns true, so that they can be chained.

    bool kind(const char* name) {
        node_->set_op_type(name);
        return true;
    }
    onnx::AttributeProto& attribute(const char* name, onnx::AttributeProto::AttributeType type) {
        auto& added = *node_->add_attribute();
        added.set_name(name);
        added.set_type(type);
        return added;
    }
    bool integer(const char* name, Index value) {
        attribute(name, onnx::AttributeProto::INT).set_i(value);
        return true;
    }
    bool number(const char* name, double value) {
        attribute(name, onnx::AttributeProto::FLOAT).set_f(static_cast<float>(value));
        return true;
    }
    bool integers(const char* name, const std::vector<Index>& values) {
        auto& added = attribute(name, onnx::AttributeProto::INTS);
        for (const Index value : values) added.add_ints(value);
        return true;
    }
    bool sides(const char* name, const Size2D& size) { return integers(name, {size.y, size.x}); }
    bool pads(const Padding2D& p) { return integers("pads", {p.top, p.left, p.bottom, p.right}); }

    /// A constant of the graph, as the node's next input.
    template <class V>
    bool input(const char* name, const std::vector<Index>& dims, const V* values, Index count) {
        auto& tensor = *graph_.add_initializer();
        tensor.set_name(concat("constant_", graph_.node_size() - 1, "_", name));
        constexpr auto type = std::is_same_v<V, double>         ? onnx::TensorProto::DOUBLE
                              : std::is_same_v<V, std::int64_t> ? onnx::TensorProto::INT64
                                                                : onnx::TensorProto::FLOAT;
        tensor.set_data_type(type);
        for (const Index extent : dims) tensor.add_dims(extent);
        tensor.set_raw_data(values, static_cast<std::size_t>(count) * sizeof(V));
        node_->add_input(tensor.name());
        return true;
    }
    bool input(const char* name, const Tensor<T>& values) {
        const auto dims = values.shape().dimensions();
        return input(name, {dims.begin(), dims.end()}, values.data(), values.size());
    }
    template <class V>
    bool scalar_input(const char* name, V value) {
        return input(name, {}, &value, 1);
    }

    bool convolution(const Conv2D<T>& layer) {
        const Conv2DOptions& o = layer.options();
        kind("Conv");
        input("weights", layer.weights());
        if (!layer.bias().empty()) input("bias", layer.bias());
        return sides("kernel_shape", o.kernel) && sides("strides", o.stride) && pads(o.padding) &&
               sides("dilations", o.dilation) && integer("group", o.groups);
    }

    bool dense(const Dense<T>& layer) {
        kind("Gemm");
        input("weights", layer.weights());
        if (!layer.bias().empty()) input("bias", layer.bias());
        return integer("transB", 1);
    }

    template <class Options>
    bool pooling(const Options& o) {
        return sides("kernel_shape", o.kernel) && sides("strides", o.stride) && pads(o.padding) &&
               integer("ceil_mode", o.ceil ? 1 : 0);
    }

    bool batch_norm(const BatchNorm<T>& layer) {
        return kind("BatchNormalization") && input("scale", layer.scale()) && input("shift", layer.shift()) &&
               input("mean", layer.mean()) && input("variance", layer.variance()) &&
               number("epsilon", layer.options().epsilon);
    }

    bool response_norm(const LocalResponseNormOptions& o) {
        if (o.even == EvenWindow::in_front && o.size % 2 == 0) return false;  // ONNX has the other one
        return kind("LRN") && integer("size", o.size) && number("alpha", o.alpha) && number("beta", o.beta) &&
               number("bias", o.k);
    }

    bool pad(const Padding2D& p) {
        const std::int64_t pads[8] = {0, 0, p.top, p.left, 0, 0, p.bottom, p.right};
        return kind("Pad") && input("pads", {8}, pads, 8);
    }

    onnx::ModelProto file_;
    onnx::GraphProto& graph_;
    onnx::NodeProto* node_ = nullptr;  // the one under way
    std::string value_;                // behind the last node
};

}  // namespace deconvviz::detail
