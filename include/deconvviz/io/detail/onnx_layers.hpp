/// @file
/// From the nodes of an ONNX graph to layers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/io/detail/onnx_node.hpp"
#include "deconvviz/io/detail/onnx_numbers.hpp"
#include "deconvviz/io/detail/onnx_softmax.hpp"
#include "deconvviz/io/detail/onnx_tensor.hpp"
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

namespace deconvviz::detail {

/// Makes the layer of a node, given the shape of its input.
template <class T>
class OnnxLayers {
  public:
    explicit OnnxLayers(const OnnxFile& file) : tensors_(file) {}

    /// Nothing for a kind of node that is no layer. `numbers`: those that the graph has computed so far.
    std::optional<AnyLayer<T>> make(const OnnxNode& node, const Shape& input, const OnnxNumberTable& numbers) const {
        const std::string& kind = node.kind();
        if (kind == "Conv") return convolution(node, input);
        if (kind == "Relu") return ReLU<T>();
        if (kind == "LeakyRelu") return LeakyReLU<T>({.slope = node.number("alpha", meant(0.01F))});
        if (kind == "Clip") return clip(node);
        if (kind == "MaxPool") return max_pool(node, input);
        if (kind == "AveragePool") return average_pool(node, input);
        if (kind == "GlobalAveragePool") return GlobalAveragePool2D<T>();
        if (kind == "Gemm") return gemm(node);
        if (kind == "MatMul") return matrix_product(node);
        if (kind == "BatchNormalization") return batch_norm(node);
        if (kind == "LRN") return response_norm(node);
        if (kind == "Dropout") return dropout(node);
        if (kind == "Softmax") return softmax(node, input);
        if (kind == "Pad") return pad(node, numbers);
        if (kind == "Flatten") return flatten(node, input);
        return std::nullopt;
    }

    /// Puts the constant of an Add behind a layer into it as its bias. False for a layer that cannot take it.
    bool add_bias(const OnnxNode& node, AnyLayer<T>& layer, const OnnxConstant& constant) const {
        if (auto* dense = layer.template get_if<Dense<T>>(); dense && dense->bias().empty()) {
            auto options = dense->options();
            replace(layer, Dense<T>(options, std::move(dense->weights()), bias(node, constant, options.out)));
            return true;
        }
        if (auto* conv = layer.template get_if<Conv2D<T>>(); conv && conv->bias().empty()) {
            auto options = conv->options();
            const auto& dims = constant.tensor->dims();
            if (dims.size() < 3 || dims[dims.size() - 1] != 1 || dims[dims.size() - 2] != 1) return false;
            replace(layer, Conv2D<T>(options, std::move(conv->weights()), bias(node, constant, options.out)));
            return true;
        }
        return false;
    }

  private:
    template <class L>
    static void replace(AnyLayer<T>& layer, L with) {
        std::string name = layer.name();
        layer = AnyLayer<T>(std::move(with));
        layer.rename(std::move(name));
    }

    Tensor<T> read(const OnnxNode& node, int i) const {
        const OnnxConstant* constant = node.constant(i);
        if (!constant) node.refuse("expected an input ", i);
        Tensor<T> values = tensors_.template read<T>(*constant, node.who());
        if (values.empty()) node.refuse("expected weights, got none in input ", i, " of shape ", values.shape());
        return values;
    }

    /// One value for each of `count` outputs, out of as many or of one, in any shape.
    Tensor<T> bias(const OnnxNode& node, const OnnxConstant& constant, Index count) const {
        Tensor<T> values = tensors_.template read<T>(constant, node.who());
        if (values.size() == 1 && count != 1) return Tensor<T>({count}, values[0]);
        if (values.size() != count) node.refuse("expected ", count, " values to add, got ", values.shape());
        return std::move(values).reshaped({count});
    }

    AnyLayer<T> convolution(const OnnxNode& node, const Shape& input) const {
        Tensor<T> weights = read(node, 1);
        if (weights.rank() != 4 || input.rank() != 3)
            node.refuse("expected two-dimensional maps and weights (out,in,rows,columns), got an input of ", input,
                        " and weights of ", weights.shape());
        const Size2D kernel(weights.shape()[2], weights.shape()[3]);
        if (node.sides("kernel_shape", kernel) != kernel)
            node.refuse("kernel_shape does not fit weights of ", weights.shape());
        Conv2DOptions o{.out = weights.shape()[0], .kernel = kernel};
        o.groups = OnnxNode::bounded(node.integer("group", 1));
        o.in = weights.shape()[1] * std::max<Index>(o.groups, 0);
        o.stride = node.sides("strides", 1);
        o.dilation = node.sides("dilations", 1);
        o.padding = node.padding(input, o.kernel, o.stride, o.dilation);
        Tensor<T> added;
        if (const OnnxConstant* constant = node.constant(2)) added = bias(node, *constant, o.out);
        return Conv2D<T>(o, std::move(weights), std::move(added));
    }

    AnyLayer<T> max_pool(const OnnxNode& node, const Shape& input) const {
        expect_pooling(node, input);
        if (node.sides("dilations", 1) != Size2D(1)) node.refuse("expected dilations of 1");
        MaxPool2DOptions o{.kernel = node.sides("kernel_shape", 1), .stride = node.sides("strides", 1)};
        o.padding = node.padding(input, o.kernel, o.stride);
        if (node.integer("ceil_mode", 0) == 0) o.padding = needed(o.padding, input, o.kernel, o.stride);
        o.ceil = node.integer("ceil_mode", 0) != 0;
        return MaxPool2D<T>(o);
    }

    AnyLayer<T> average_pool(const OnnxNode& node, const Shape& input) const {
        expect_pooling(node, input);
        AveragePool2DOptions o{.kernel = node.sides("kernel_shape", 1), .stride = node.sides("strides", 1)};
        o.padding = node.padding(input, o.kernel, o.stride);
        o.ceil = node.integer("ceil_mode", 0) != 0;
        o.count_padding = node.integer("count_include_pad", 0) != 0;
        if (!o.ceil && !o.count_padding) o.padding = needed(o.padding, input, o.kernel, o.stride);
        return AveragePool2D<T>(o);
    }

    /// The padding behind as far as the last window reaches: the rest plays no part where padding does not count.
    /// Exporters that have no ceil mode (below opset 10) pad behind the map instead, sometimes by more than a window,
    /// or by a negative number where no window reaches the end.
    static Padding2D needed(Padding2D p, const Shape& input, const Size2D& kernel, const Size2D& stride) {
        const auto behind = [](Index size, Index k, Index s, Index before, Index after) {
            const Index outputs = convolved_size(size, k, s, before, after, 1);
            if (outputs < 1) return after;
            const Index reached = std::max<Index>((outputs - 1) * s + k - size - before, 0);
            return convolved_size(size, k, s, before, reached, 1) == outputs ? reached : after;
        };
        p.bottom = behind(input[1], kernel.y, stride.y, p.top, p.bottom);
        p.right = behind(input[2], kernel.x, stride.x, p.left, p.right);
        return p;
    }

    static void expect_pooling(const OnnxNode& node, const Shape& input) {
        if (input.rank() != 3) node.refuse("expected two-dimensional maps, got an input of ", input);
        if (!node.has("kernel_shape")) node.refuse("expected a kernel_shape");
        const Size2D stride = node.sides("strides", 1);
        if (stride.y < 1 || stride.x < 1) node.refuse("expected strides of at least 1, got ", stride);
    }

    /// Only a lower limit of 0: a ReLU, or one with an upper limit.
    AnyLayer<T> clip(const OnnxNode& node) const {
        constexpr double none = std::numeric_limits<double>::max();
        double low = -none, high = none;
        if (node.opset() < 11) {
            low = node.number("min", -none);
            high = node.number("max", none);
        } else {
            if (const OnnxConstant* constant = node.constant(1)) low = limit(node, *constant);
            if (const OnnxConstant* constant = node.constant(2)) high = limit(node, *constant);
        }
        if (low != 0 || !(high > 0))
            node.refuse("expected limits from 0 to a number above 0 (as ReLU6 has), got ", low, " to ", high);
        if (high >= static_cast<double>(std::numeric_limits<float>::max())) return ReLU<T>();
        return ClippedReLU<T>({.most = high});
    }

    double limit(const OnnxNode& node, const OnnxConstant& constant) const {
        const auto value = tensors_.template read<double>(constant, node.who());
        if (value.size() != 1) node.refuse("expected limits of one number each");
        return value[0];
    }

    AnyLayer<T> gemm(const OnnxNode& node) const {
        if (node.integer("transA", 0) != 0) node.refuse("expected transA = 0");
        Tensor<T> weights = matrix(node, node.integer("transB", 0) == 0);
        scale(weights, node.number("alpha", 1));
        const DenseOptions o{.in = weights.shape()[1], .out = weights.shape()[0]};
        Tensor<T> added;
        if (const OnnxConstant* constant = node.constant(2)) {
            added = bias(node, *constant, o.out);
            scale(added, node.number("beta", 1));
        }
        return Dense<T>(o, std::move(weights), std::move(added));
    }

    AnyLayer<T> matrix_product(const OnnxNode& node) const {
        Tensor<T> weights = matrix(node, true);
        const DenseOptions o{.in = weights.shape()[1], .out = weights.shape()[0]};
        return Dense<T>(o, std::move(weights), {});
    }

    /// The weights of a node as (out, in); `by_inputs`: the node has them as (in, out).
    Tensor<T> matrix(const OnnxNode& node, bool by_inputs) const {
        const OnnxConstant* constant = node.constant(1);
        if (!constant) node.refuse("expected an input 1");
        Tensor<T> weights = tensors_.template read_as_kept<T>(*constant, node.who());
        if (weights.rank() != 2) node.refuse("expected a matrix of weights, got ", weights.shape());
        return by_inputs != constant->transposed ? transposed(weights) : std::move(weights);
    }

    static void scale(Tensor<T>& values, double factor) {
        if (factor != 1)
            for (T& value : values) value = static_cast<T>(factor * static_cast<double>(value));
    }

    AnyLayer<T> batch_norm(const OnnxNode& node) const {
        if (node.integer("training_mode", 0) != 0 || node.integer("spatial", 1) == 0)
            node.refuse(
                "expected the form for inference (training_mode = 0, spatial = 1); export the model in "
                "evaluation mode");
        Tensor<T> scale = read(node, 1);
        const BatchNormOptions o{.channels = scale.size(), .epsilon = node.number("epsilon", meant(1e-5F))};
        return BatchNorm<T>(o, std::move(scale), read(node, 2), read(node, 3), read(node, 4));
    }

    AnyLayer<T> response_norm(const OnnxNode& node) const {
        LocalResponseNormOptions o;
        o.size = OnnxNode::bounded(node.integer("size", 0));
        o.alpha = node.number("alpha", meant(0.0001F));
        o.beta = node.number("beta", 0.75);
        o.k = node.number("bias", 1);
        return LocalResponseNorm<T>(o);
    }

    AnyLayer<T> dropout(const OnnxNode& node) const {
        double rate = node.number("ratio", 0.5);
        if (const OnnxConstant* constant = node.opset() >= 12 ? node.constant(1) : nullptr)
            rate = limit(node, *constant);
        return Dropout<T>({.rate = rate});
    }

    AnyLayer<T> softmax(const OnnxNode& node, const Shape& input) const {
        std::vector<Index> dims{0};
        dims.insert(dims.end(), input.dimensions().begin(), input.dimensions().end());
        const auto axis = softmax_axis(node, dims);
        if (!axis)
            node.refuse("below opset 13 this is one softmax over all of an input of ", input,
                        " from its axis on; expected one over flat features (put a Flatten before it) or over maps at "
                        "each position (export it with opset 13, axis 1)");
        if (*axis != 1 || (input.rank() != 1 && input.rank() != 3))
            node.refuse("expected a softmax over flat features or over maps (axis 1), got axis ", *axis,
                        " of an input of ", input);
        return Softmax<T>();
    }

    AnyLayer<T> flatten(const OnnxNode& node, const Shape& input) const {
        if (const std::int64_t axis = node.integer("axis", 1); axis != 1 && axis != -input.rank())
            node.refuse("expected axis 1, which keeps the pictures of a batch apart, got ", axis);
        return Flatten<T>();
    }

    AnyLayer<T> pad(const OnnxNode& node, const OnnxNumberTable& numbers) const {
        if (const std::string mode = node.text("mode", "constant"); mode != "constant")
            node.refuse("expected a padding with zeros (mode constant), got mode ", mode);
        std::vector<std::int64_t> pads = node.integers("pads");
        double value = node.number("value", 0);
        if (node.opset() >= 11) {
            const auto given = numbers.values(node, 1);
            if (!given) node.refuse("expected pads that are known");
            pads = *given;
            if (const OnnxConstant* filling = node.constant(2)) value = limit(node, *filling);
        }
        if (value != 0) node.refuse("expected a padding with zeros, got ", value);
        if (pads.size() != 8 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0)
            node.refuse("expected pads of eight numbers for maps (N,C,H,W), with 0 for N and C");
        const auto side = [&](std::size_t i) { return OnnxNode::bounded(pads[i]); };
        return ZeroPad2D<T>({.padding = {side(2), side(3), side(6), side(7)}});
    }

    OnnxTensors tensors_;
};

}  // namespace deconvviz::detail
