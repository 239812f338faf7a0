/// @file
/// The contrast normalisation of PyTorch in an ONNX graph, which exports it as some thirty nodes in place of one LRN.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "deconvviz/io/detail/onnx_file.hpp"
#include "deconvviz/io/detail/onnx_node.hpp"
#include "deconvviz/io/detail/onnx_tensor.hpp"
#include "deconvviz/layers/local_response_norm.hpp"

namespace deconvviz::detail {

/// A normalisation that was found, and the node that gives its result.
struct OnnxResponseNorm {
    LocalResponseNormOptions options;
    int last = 0;
};

/// Looks for x / (k + alpha · m)^beta, where m is an average over `size` maps of x · x: the two ends are fixed, and
/// what lies between the average and the squares (a dimension put in, padding, a shape put back) differs from version
/// to version, so it is only asked that one comes from the other.
class OnnxResponseNormFinder {
  public:
    explicit OnnxResponseNormFinder(const OnnxFile& file) : file_(file), nodes_(file.graph().node()) {
        for (int i = 0; i < nodes_.size(); ++i)
            for (const std::string& output : nodes_[i].output()) makers_.emplace(output, i);
    }

    /// Nothing where the node `first`, which reads the value x, is no beginning of one.
    std::optional<OnnxResponseNorm> find(int first, const std::string& x) const {
        const onnx::NodeProto& squares = nodes_[first];
        if (squares.input_size() != 2 || squares.input(0) != x || squares.output_size() != 1) return std::nullopt;
        const bool square = squares.op_type() == "Pow" ? number(squares, 1) == 2.0
                                                       : squares.op_type() == "Mul" && squares.input(1) == x;
        if (!square) return std::nullopt;
        for (int i = first + 1; i < nodes_.size(); ++i) {
            const onnx::NodeProto& div = nodes_[i];
            if (div.op_type() != "Div" || div.input_size() != 2 || div.input(0) != x) continue;
            const auto power = maker(div, 1, "Pow"), sum = power ? maker(*power, 0, "Add") : nullptr,
                       product = sum ? maker(*sum, 0, "Mul") : nullptr;
            if (!product) return std::nullopt;
            const auto beta = number(*power, 1), k = number(*sum, 1), alpha = number(*product, 1);
            const auto size = averaged(product->input(0), squares.output(0));
            if (!beta || !k || !alpha || !size) return std::nullopt;
            return OnnxResponseNorm{
                {.size = *size, .alpha = *alpha, .beta = *beta, .k = *k, .even = EvenWindow::in_front}, i};
        }
        return std::nullopt;
    }

  private:
    const onnx::NodeProto* made_by(const std::string& value) const {
        const auto found = makers_.find(value);
        return found == makers_.end() ? nullptr : &nodes_[found->second];
    }
    const onnx::NodeProto* maker(const onnx::NodeProto& node, int input, const char* kind) const {
        const onnx::NodeProto* found = input < node.input_size() ? made_by(node.input(input)) : nullptr;
        return found && found->op_type() == kind && found->input_size() == 2 ? found : nullptr;
    }

    /// A constant of one number.
    std::optional<double> number(const onnx::NodeProto& node, int input) const {
        const OnnxConstant* constant = input < node.input_size() ? file_.constant(node.input(input)) : nullptr;
        if (!constant) return std::nullopt;
        const auto value = OnnxTensors(file_).read<double>(*constant, concat("node '", node.name(), "'"));
        if (value.size() != 1) return std::nullopt;
        const bool single = constant->tensor->data_type() == onnx::TensorProto::FLOAT;
        return single ? meant(static_cast<float>(value[0])) : value[0];
    }

    /// Down from `value` to `squares`, through the one average over maps on the way: how many maps it takes.
    std::optional<Index> averaged(std::string value, const std::string& squares) const {
        std::optional<Index> size;
        for (int steps = 0; steps < 16 && value != squares; ++steps) {
            const onnx::NodeProto* node = made_by(value);
            if (!node) return std::nullopt;
            if (node->op_type() == "AveragePool") {
                const auto kernel = OnnxNode(file_, *node, 0).integers("kernel_shape");
                if (size || kernel.empty() || kernel[0] < 1) return std::nullopt;
                for (std::size_t i = 1; i < kernel.size(); ++i)
                    if (kernel[i] != 1) return std::nullopt;
                size = OnnxNode::bounded(kernel[0]);
            }
            if (node->op_type() == "If") {  // squeezed or left as it is: both branches begin with the same value
                const auto* branch =
                    node->attribute_size() > 0 && node->attribute(0).has_g() ? &node->attribute(0).g() : nullptr;
                node = nullptr;
                for (int i = 0; branch && i < branch->node_size(); ++i)
                    if (branch->node(i).op_type() != "Constant") node = &branch->node(i);
            }
            if (!node || node->input_size() == 0) return std::nullopt;
            value = node->input(0);
        }
        return value == squares ? size : std::nullopt;
    }

    const OnnxFile& file_;
    const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes_;
    std::unordered_map<std::string, int> makers_;
};

}  // namespace deconvviz::detail
