/// @file
/// Which softmax of an ONNX graph is one over feature maps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/io/detail/onnx_file.hpp"
#include "deconvviz/io/detail/onnx_node.hpp"

namespace deconvviz::detail {

/// The axis of a Softmax node, counted from the front, where it works along this axis alone. Below opset 13 it works on
/// all dimensions from its axis on as if they were one, which is the same where those behind are of size 1. `dims`: the
/// dimensions of its input, of which that of the batch is not looked at.
inline std::optional<std::int64_t> softmax_axis(const OnnxNode& node, const std::vector<Index>& dims) {
    const auto rank = static_cast<std::int64_t>(dims.size());
    std::int64_t axis = node.integer("axis", node.opset() < 13 ? 1 : -1);
    if (axis < -rank || axis >= rank) node.refuse("expected an axis from ", -rank, " to ", rank - 1, ", got ", axis);
    if (axis < 0) axis += rank;
    if (node.opset() < 13 && std::any_of(dims.begin() + axis + 1, dims.end(), [](Index size) { return size != 1; }))
        return std::nullopt;
    return axis;
}

/// Exporters of opset 7 to 12 write the softmax over maps as three nodes: a Transpose that puts the maps last, a
/// Softmax over the last dimension, the Transpose back. Gives the last of the three where node `first`, which reads the
/// value x with samples of this shape, is the first of them.
inline std::optional<int> transposed_softmax(const OnnxFile& file, int first, const std::string& x, const Shape& sample,
                                             std::int64_t opset) {
    const auto& nodes = file.graph().node();
    const auto reads = [&](int i, const char* kind, const std::string& value) {
        return i < nodes.size() && nodes[i].op_type() == kind && nodes[i].input_size() == 1 &&
               nodes[i].output_size() == 1 && nodes[i].input(0) == value;
    };
    if (!reads(first, "Transpose", x) || !reads(first + 1, "Softmax", nodes[first].output(0)) ||
        !reads(first + 2, "Transpose", nodes[first + 1].output(0)) || sample.rank() != 3)
        return std::nullopt;
    const auto there = OnnxNode(file, nodes[first], opset).integers("perm");
    const auto back = OnnxNode(file, nodes[first + 2], opset).integers("perm");
    if (there.size() != 4 || back.size() != 4) return std::nullopt;
    std::vector<Index> dims;
    for (std::size_t i = 0; i < 4; ++i) {
        if (there[i] < 0 || there[i] > 3 || back[static_cast<std::size_t>(there[i])] != static_cast<std::int64_t>(i))
            return std::nullopt;
        dims.push_back(there[i] == 0 ? 0 : sample[static_cast<int>(there[i]) - 1]);
    }
    const auto axis = softmax_axis(OnnxNode(file, nodes[first + 1], opset), dims);
    if (!axis || there[static_cast<std::size_t>(*axis)] != 1) return std::nullopt;
    return first + 2;
}

}  // namespace deconvviz::detail
