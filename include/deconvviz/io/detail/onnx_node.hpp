/// @file
/// One node of an ONNX graph: its attributes, and errors that name it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/io/detail/onnx_file.hpp"
#include "deconvviz/io/detail/onnx_tensor.hpp"

namespace deconvviz::detail {

class OnnxNode {
  public:
    OnnxNode(const OnnxFile& file, const onnx::NodeProto& node, std::int64_t opset)
        : file_(file), node_(node), opset_(opset) {}

    const std::string& kind() const { return node_.op_type(); }
    const std::string& name() const { return node_.name(); }
    std::int64_t opset() const { return opset_; }
    bool standard() const { return node_.domain().empty() || node_.domain() == "ai.onnx"; }

    /// "node '/7/Conv' (Conv)"
    std::string who() const { return concat("node '", name(), "' (", kind(), ")"); }

    template <class... Why>
    [[noreturn]] void refuse(const Why&... why) const {
        raise<FormatError>(file_.file().name(), ": ", who(), ": ", why...);
    }

    int inputs() const { return node_.input_size(); }
    bool has_input(int i) const { return i < node_.input_size() && !node_.input(i).empty(); }
    const std::string& input(int i) const {
        if (!has_input(i)) refuse("expected an input ", i);
        return node_.input(i);
    }
    const std::string& output() const {
        if (node_.output_size() == 0 || node_.output(0).empty()) refuse("expected an output");
        return node_.output(0);
    }
    const onnx::NodeProto& proto() const { return node_; }

    bool has(std::string_view name) const { return attribute(name) != nullptr; }
    std::int64_t integer(std::string_view name, std::int64_t otherwise) const {
        const auto* found = attribute(name);
        return found ? found->i() : otherwise;
    }
    double number(std::string_view name, double otherwise) const {
        const auto* found = attribute(name);
        return found ? meant(found->f()) : otherwise;
    }
    std::string text(std::string_view name, std::string_view otherwise) const {
        const auto* found = attribute(name);
        return found ? found->s() : std::string(otherwise);
    }
    std::vector<std::int64_t> integers(std::string_view name) const {
        const auto* found = attribute(name);
        return found ? std::vector<std::int64_t>(found->ints().begin(), found->ints().end())
                     : std::vector<std::int64_t>{};
    }

    /// The constant that is input i; null where there is no such input. Throws FormatError where it is computed.
    const OnnxConstant* constant(int i) const {
        if (!has_input(i)) return nullptr;
        const OnnxConstant* found = file_.constant(input(i));
        if (!found) refuse("expected input ", i, " ('", input(i), "') to be a constant, it is computed");
        return found;
    }

    /// A size of two sides from an attribute, `otherwise` where it is not there.
    Size2D sides(std::string_view name, Size2D otherwise) const {
        const auto values = integers(name);
        if (values.empty()) return otherwise;
        if (values.size() != 2)
            refuse("expected ", name, " of two numbers (only two-dimensional maps are supported), got ", values.size());
        return {bounded(values[0]), bounded(values[1])};
    }

    /// The padding by `pads` or `auto_pad`, for a kernel over maps of this shape.
    Padding2D padding(const Shape& maps, Size2D kernel, Size2D stride, Size2D dilation = 1) const {
        const std::string automatic = text("auto_pad", "NOTSET");
        if (automatic == "VALID") return 0;
        if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
            const bool upper = automatic == "SAME_UPPER";
            const auto total = [](Index size, Index k, Index s, Index d) {
                if (s < 1) return Index{0};
                return std::max<Index>(0, ((size + s - 1) / s - 1) * s + d * (k - 1) + 1 - size);
            };
            const Index y = total(maps[1], kernel.y, stride.y, dilation.y);
            const Index x = total(maps[2], kernel.x, stride.x, dilation.x);
            return upper ? Padding2D(y / 2, x / 2, y - y / 2, x - x / 2)
                         : Padding2D(y - y / 2, x - x / 2, y / 2, x / 2);
        }
        if (automatic != "NOTSET") refuse("expected auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER, got ", automatic);
        const auto pads = integers("pads");
        if (pads.empty()) return 0;
        if (pads.size() != 4) refuse("expected pads of four numbers, got ", pads.size());
        return {bounded(pads[0]), bounded(pads[1]), bounded(pads[2]), bounded(pads[3])};
    }

    /// Within what arithmetic on sizes can bear; layers say which of these make sense.
    static Index bounded(std::int64_t value) { return std::clamp<std::int64_t>(value, -(1 << 30), 1 << 30); }

  private:
    const onnx::AttributeProto* attribute(std::string_view name) const {
        for (const onnx::AttributeProto& each : node_.attribute())
            if (each.name() == name) return &each;
        return nullptr;
    }

    const OnnxFile& file_;
    const onnx::NodeProto& node_;
    std::int64_t opset_;
};

}  // namespace deconvviz::detail
