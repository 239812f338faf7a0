/// @file
/// The chain of layers in an ONNX graph.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/io/detail/onnx_layers.hpp"
#include "deconvviz/io/detail/onnx_node.hpp"
#include "deconvviz/io/detail/onnx_numbers.hpp"
#include "deconvviz/io/detail/onnx_response_norm.hpp"
#include "deconvviz/io/detail/onnx_softmax.hpp"
#include "deconvviz/model/layer_id.hpp"

namespace deconvviz::detail {

/// Walks through the nodes in their order, which is one in which values come before they are used, and follows the one
/// value that is the picture on its way. What exporters compute on the side, such as the shape of a Reshape, is worked
/// out by an OnnxNumberTable.
template <class T>
class OnnxChain {
  public:
    /// The chain up to the layer `last`, where one is named; what lies behind is not looked at.
    OnnxChain(const OnnxFile& file, const std::optional<Shape>& input, const std::optional<LayerId>& last)
        : file_(file), maker_(file), norms_(file), numbers_(file), last_(last) {
        opset_ = find_opset();
        find_input(input);
        for (const onnx::NodeProto& proto : file.graph().node())
            used_.insert(proto.input().begin(), proto.input().end());
        for (const onnx::ValueInfoProto& output : file.graph().output()) used_.insert(output.name());
        for (int i = 0; i < file.graph().node_size(); ++i) {
            if (complete(OnnxNode(file, file.graph().node(i), opset_))) return;
            i = walk(i);
        }
        expect_end();
    }

    const Shape& input() const { return input_; }
    std::vector<AnyLayer<T>> take() { return std::move(layers_); }

  private:
    static constexpr std::int64_t batch = OnnxNumberTable::batch;
    static constexpr Index largest_sample = Index{1} << 28;

    template <class... Why>
    [[noreturn]] void refuse(const Why&... why) const {
        raise<FormatError>(file_.file().name(), ": ", why...);
    }

    /// Is the last layer that is wanted there, with its bias?
    bool complete(const OnnxNode& next) const {
        if (!last_ || layers_.empty() || !last_->names(layers_.size() - 1, layers_.back().name())) return false;
        return next.kind() != "Add" || !next.has_input(1) ||
               (!file_.constant(next.input(0)) && !file_.constant(next.input(1)));
    }

    void expect_end() const {
        const auto& outputs = file_.graph().output();
        if (outputs.size() != 1 || outputs[0].name() != value_)
            refuse("expected one output, which the last node of a chain gives ('", value_, "'), got ", outputs.size(),
                   outputs.empty() ? "" : ", the first being '", outputs.empty() ? "" : outputs[0].name(), "'");
        if (layers_.empty()) refuse("expected at least one layer, the graph has none");
    }

    /// Goes through node i, or through several from there on that are one layer; gives the last of them.
    int walk(int i) {
        const auto node = [&](int at) { return OnnxNode(file_, file_.graph().node(at), opset_); };
        if (const auto norm = norms_.find(i, value_)) {
            note_numbers(i, norm->last);
            follow(node(norm->last), LocalResponseNorm<T>(norm->options), node(norm->last).output());
            return norm->last;
        }
        if (const auto last = transposed_softmax(file_, i, value_, shape_, opset_)) {
            follow(node(i + 1), Softmax<T>(), node(*last).output());  // with the name of the softmax
            return *last;
        }
        const OnnxNode each = node(i);
        if (!each.standard())
            each.refuse("operators of the domain '", each.proto().domain(),
                        "' are not supported; export the model with standard operators");
        if (!constant(each)) step(each);
        return i;
    }

    std::int64_t find_opset() const {
        for (const auto& opset : file_.model().opset_import()) {
            if (!opset.domain().empty() && opset.domain() != "ai.onnx") continue;
            if (opset.version() < 7 || opset.version() > 17)
                refuse("expected opset 7 to 17, got ", opset.version(), "; export the model with one of these");
            return opset.version();
        }
        refuse("expected an opset of the standard operators, the file names none");
    }

    void find_input(const std::optional<Shape>& given) {
        const onnx::ValueInfoProto* found = nullptr;
        for (const onnx::ValueInfoProto& each : file_.graph().input()) {
            if (file_.constant(each.name())) continue;
            if (found) refuse("expected a model with one input, got '", found->name(), "' and '", each.name(), "'");
            found = &each;
        }
        if (!found) refuse("expected a model with an input, got none");
        value_ = found->name();
        const auto& dims = found->type().tensor_type().shape().dim();
        if (!dims.empty()) batch_ = dims[0].dim_value();
        std::vector<Index> sample;
        bool known = dims.size() >= 2 && dims.size() <= Shape::max_rank;
        for (int i = 1; known && i < dims.size(); ++i) {
            known = dims[i].dim_value() > 0;
            sample.push_back(OnnxNode::bounded(dims[i].dim_value()));
        }
        if (given) {
            for (int i = 1; i < dims.size(); ++i)
                if (dims.size() != given->rank() + 1 ||
                    (dims[i].dim_value() > 0 && dims[i].dim_value() != (*given)[i - 1]))
                    refuse("input '", value_, "' does not take samples of ", *given, " as asked for");
            shape_ = *given;
        } else if (known) {
            shape_ = Shape(std::span<const Index>(sample));
        } else {
            refuse("input '", value_,
                   "' leaves the size of a picture open: give one, as in load_onnx<float>(path, "
                   "{.input = Shape{3, 224, 224}})");
        }
        expect_size(concat("input '", value_, "'"));
        input_ = shape_;
        shapes_[value_] = shape_;
    }

    void expect_size(const std::string& who) const {
        if (shape_.elements() > largest_sample)
            refuse(who, ": expected at most ", largest_sample, " values for one picture, got ", shape_);
    }

    /// A node that gives constants: weights as they are in the file, or numbers that are computed on the side?
    bool constant(const OnnxNode& node) {
        return numbers_.compute(node, shapes_) || node.kind() == "Constant" || file_.constant(node.output()) != nullptr;
    }

    /// Numbers among nodes that are taken together as one layer: nodes behind them may read these, too. Those that hang
    /// on values within the layer stay unknown; should a node need one, it says so.
    void note_numbers(int first, int last) {
        for (int i = first; i < last; ++i) {
            try {
                numbers_.compute(OnnxNode(file_, file_.graph().node(i), opset_), shapes_);
            } catch (const FormatError&) {
                continue;
            }
        }
    }

    /// The picture goes through one node.
    void step(const OnnxNode& node) {
        int data = 0;
        if (node.kind() == "Add" && node.has_input(1) && file_.constant(node.input(0))) data = 1;
        if (node.input(data) != value_) not_a_chain(node, data);
        if (node.kind() == "Add") {
            add(node, 1 - data);
        } else if (node.kind() != "Identity" && !(node.kind() == "Reshape" && keeps_shape(node))) {
            append(node);
        }
        value_ = node.output();
        shapes_[value_] = shape_;
    }

    [[noreturn]] void not_a_chain(const OnnxNode& node, int data) const {
        if (shapes_.contains(node.input(data)))
            node.refuse("it reads '", node.input(data),
                        "', which another node has read before: the graph branches. "
                        "Only chains of layers are supported; export the part up to the branch");
        node.refuse("it reads '", node.input(data), "', but the picture is in '", value_,
                    "': only chains of layers are supported");
    }

    void add(const OnnxNode& node, int other) {
        const OnnxConstant* constant = node.has_input(other) ? file_.constant(node.input(other)) : nullptr;
        if (!constant)
            node.refuse(
                "it adds two values that are computed: branches and residual connections are not supported, only "
                "chains of layers");
        if (layers_.empty() || !maker_.add_bias(node, layers_.back(), *constant))
            node.refuse(
                "a constant can be added as the bias of a MatMul or Conv right before only; export the model with "
                "constant folding");
    }

    /// The layer of several nodes becomes the last one, with the name of one of them, and their output the value.
    void follow(const OnnxNode& node, AnyLayer<T> layer, const std::string& output) {
        extend(node, std::move(layer));
        value_ = output;
        shapes_[value_] = shape_;
    }

    void extend(const OnnxNode& node, AnyLayer<T> layer) {
        const auto& outputs = node.proto().output();
        for (int i = 1; i < outputs.size(); ++i)
            if (!outputs[i].empty() && used_.contains(outputs[i])) node.refuse("expected its first output alone");
        shape_ = layer.output_shape(shape_);
        expect_size(node.who());
        if (!node.name().empty() && names_.insert(node.name()).second) layer.rename(node.name());
        layers_.push_back(std::move(layer));
    }

    void append(const OnnxNode& node) {
        try {
            std::optional<AnyLayer<T>> layer = flattens(node) ? Flatten<T>() : maker_.make(node, shape_, numbers_);
            if (!layer)
                node.refuse(
                    "this operator is not supported. Supported are Conv, Relu, LeakyRelu, Clip from 0, MaxPool, "
                    "AveragePool, GlobalAveragePool, Gemm, MatMul, Add of a bias, BatchNormalization, LRN, "
                    "Dropout, Flatten, Reshape and Squeeze that flatten, Identity, Softmax, Pad; a model may be "
                    "cut before this node, or a layer of its kind written (docs/contributing.md)");
            extend(node, std::move(*layer));
        } catch (const FormatError&) {
            throw;
        } catch (const IoError&) {
            throw;
        } catch (const Error& error) {
            node.refuse(error.what());
        }
    }

    /// The shape that a Reshape asks for, with its zeros and its -1 worked out for one picture of the batch.
    std::vector<std::int64_t> wanted_shape(const OnnxNode& node) const {
        auto wanted = numbers_.values(node, 1);
        if (!wanted || wanted->empty()) node.refuse("expected a shape that is known");
        for (std::size_t i = 0; i < wanted->size(); ++i)
            if ((*wanted)[i] == 0 && node.integer("allowzero", 0) == 0)
                (*wanted)[i] = i == 0                                         ? batch
                               : i <= static_cast<std::size_t>(shape_.rank()) ? shape_[static_cast<int>(i) - 1]
                                                                              : 0;
        return *wanted;
    }

    bool keeps_shape(const OnnxNode& node) const {
        const auto wanted = wanted_shape(node);
        if (wanted.size() != static_cast<std::size_t>(shape_.rank()) + 1) return false;
        for (int i = 0; i < shape_.rank(); ++i)
            if (wanted[static_cast<std::size_t>(i) + 1] != shape_[i]) return false;
        return true;
    }

    /// Is this a Reshape or Squeeze that makes flat features of maps? Throws FormatError where it makes something else.
    bool flattens(const OnnxNode& node) const {
        if (node.kind() == "Reshape") {
            const auto wanted = wanted_shape(node);
            const Index all = shape_.elements();
            const bool free = wanted[0] == batch || wanted[0] == -1 || wanted[0] == std::max<std::int64_t>(batch_, 1);
            if (wanted.size() != 2 || !free || (wanted[1] != all && !(wanted[1] == -1 && wanted[0] != -1)))
                node.refuse("expected a shape (N, ", all, "), which flattens each picture's ", shape_);
            return true;
        }
        if (node.kind() != "Squeeze") return false;
        auto axes = node.integers("axes");
        if (node.opset() >= 13)
            if (const auto given = numbers_.values(node, 1)) axes = *given;
        for (std::int64_t& axis : axes)
            if (axis < 0) axis += shape_.rank() + 1;
        std::sort(axes.begin(), axes.end());
        const bool both = axes == std::vector<std::int64_t>{2, 3} || axes.empty();
        if (shape_.rank() != 3 || shape_[1] != 1 || shape_[2] != 1 || !both)
            node.refuse("expected a squeeze of maps of one pixel to flat features (axes 2 and 3), got an input of ",
                        shape_);
        return true;
    }

    const OnnxFile& file_;
    OnnxLayers<T> maker_;
    OnnxResponseNormFinder norms_;
    OnnxNumberTable numbers_;
    std::optional<LayerId> last_;
    std::int64_t opset_ = 0;
    std::int64_t batch_ = 0;  // the size of a batch that the input is declared with; 0 for any
    Shape input_;
    Shape shape_;                                    // of a sample of the value
    std::string value_;                              // the picture on its way
    std::unordered_map<std::string, Shape> shapes_;  // of all values that it had so far
    std::unordered_set<std::string> used_;           // values that some node reads, or the graph gives out
    std::unordered_set<std::string> names_;          // of layers
    std::vector<AnyLayer<T>> layers_;
};

}  // namespace deconvviz::detail
