/// @file
/// The whole numbers that an ONNX graph computes on the side: shapes, axes, paddings.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/io/detail/onnx_node.hpp"
#include "deconvviz/io/detail/onnx_tensor.hpp"

namespace deconvviz::detail {

/// A number, a row or a small matrix of them.
struct OnnxNumbers {
    std::vector<Index> dims;
    std::vector<std::int64_t> values;
};

/// Works out what exporters compute to say "as many pictures as came, the rest flat" or "this border, in the order of
/// that operator": a few whole numbers, with the size of the batch as one that is not known.
class OnnxNumberTable {
  public:
    /// The size of the batch, whatever it is.
    static constexpr std::int64_t batch = std::numeric_limits<std::int64_t>::min();

    explicit OnnxNumberTable(const OnnxFile& file) : file_(file), tensors_(file) {}

    /// The numbers that are input i of a node: computed before, or constant. Nothing where they are neither.
    std::optional<OnnxNumbers> find(const OnnxNode& node, int i) const {
        if (!node.has_input(i)) return std::nullopt;
        if (const auto found = table_.find(node.input(i)); found != table_.end()) return found->second;
        const OnnxConstant* constant = file_.constant(node.input(i));
        if (!constant) return std::nullopt;
        const int type = constant->tensor->data_type();
        if (type != onnx::TensorProto::INT64 && type != onnx::TensorProto::INT32) return std::nullopt;
        return OnnxNumbers{dims_of(*constant->tensor), tensors_.read_integers(*constant, node.who())};
    }

    /// Their values alone.
    std::optional<std::vector<std::int64_t>> values(const OnnxNode& node, int i) const {
        auto found = find(node, i);
        if (!found) return std::nullopt;
        return std::move(found->values);
    }

    /// Does this node compute numbers? Then they are known from now on. `shapes`: of samples of the values so far.
    bool compute(const OnnxNode& node, const std::unordered_map<std::string, Shape>& shapes) {
        std::optional<OnnxNumbers> out;
        const std::string& kind = node.kind();
        if (kind == "Shape") {
            out = shape(node, shapes);
        } else if (kind == "Constant") {
            if (const auto whole = node.integers("value_ints"); !whole.empty())
                out = OnnxNumbers{{std::ssize(whole)}, whole};
            if (node.has("value_int")) out = OnnxNumbers{{}, {node.integer("value_int", 0)}};
        } else if (kind == "Cast" && !find(node, 0)) {
            out = rounded(node);
        } else if (const auto first = find(node, 0)) {
            out = from(node, *first);
        }
        if (!out) return false;
        if (out->values.size() > most) node.refuse("expected a shape, got more than ", most, " numbers");
        table_[node.output()] = std::move(*out);
        return true;
    }

  private:
    static constexpr std::size_t most = 64;

    static std::vector<Index> dims_of(const onnx::TensorProto& tensor) {
        return {tensor.dims().begin(), tensor.dims().end()};
    }

    static OnnxNumbers row(std::vector<std::int64_t> values) {
        const Index count = std::ssize(values);
        return {{count}, std::move(values)};
    }

    std::optional<OnnxNumbers> from(const OnnxNode& node, const OnnxNumbers& first) const {
        const std::string& kind = node.kind();
        if (kind == "Cast" || kind == "Identity") return first;
        if (kind == "Gather") return gather(node, first);
        if (kind == "Concat") return concatenated(node, first);
        if (kind == "Slice") return slice(node, first);
        if (kind == "Unsqueeze" || kind == "Squeeze") return with_dimensions(node, first);
        if (kind == "Reshape") return reshaped(node, first);
        if (kind == "Transpose") return transposed(node, first);
        if (kind == "ConstantOfShape") return filled(node, first);
        if (kind == "Mul") return product(node, first);
        return std::nullopt;
    }

    static OnnxNumbers shape(const OnnxNode& node, const std::unordered_map<std::string, Shape>& shapes) {
        const auto sample = shapes.find(node.input(0));
        if (sample == shapes.end()) node.refuse("expected the shape of the picture on its way");
        std::vector<std::int64_t> all{batch};
        for (const Index extent : sample->second.dimensions()) all.push_back(extent);
        const auto size = static_cast<std::int64_t>(all.size());
        const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
        const std::int64_t first = place(node.integer("start", 0));
        const std::int64_t last = std::max(first, place(node.integer("end", size)));
        return row({all.begin() + first, all.begin() + last});
    }

    /// Whole numbers that are kept as float or double and cast: so exporters of opset 7 and 8 write constants.
    std::optional<OnnxNumbers> rounded(const OnnxNode& node) const {
        const std::int64_t to = node.integer("to", 0);
        const OnnxConstant* constant = node.has_input(0) ? file_.constant(node.input(0)) : nullptr;
        if (!constant || (to != onnx::TensorProto::INT64 && to != onnx::TensorProto::INT32)) return std::nullopt;
        OnnxNumbers out{dims_of(*constant->tensor), {}};
        Index count = 1;
        for (const Index extent : out.dims) count *= std::clamp<Index>(extent, 0, std::ssize(out.dims) > 4 ? 0 : 65);
        if (count < 1 || count > static_cast<Index>(most)) return std::nullopt;
        for (const double value : tensors_.read<double>(*constant, node.who())) {
            if (!std::isfinite(value)) node.refuse("expected numbers, got ", value);
            out.values.push_back(static_cast<std::int64_t>(std::clamp(value, -9e15, 9e15)));
        }
        return out;
    }

    OnnxNumbers gather(const OnnxNode& node, const OnnxNumbers& first) const {
        auto at = find(node, 1);
        if (!at) node.refuse("expected indices that are known");
        if (first.dims.size() != 1) node.refuse("expected a row of numbers");
        const auto size = static_cast<std::int64_t>(first.values.size());
        for (std::int64_t& i : at->values) {
            if (i < 0 && i != batch) i += size;
            if (i < 0 || i >= size) node.refuse("expected an index from 0 to ", size - 1, ", got ", i);
            i = first.values[static_cast<std::size_t>(i)];
        }
        return std::move(*at);
    }

    OnnxNumbers concatenated(const OnnxNode& node, OnnxNumbers all) const {
        for (int i = 1; i < node.inputs(); ++i) {
            const auto more = find(node, i);
            if (!more || more->dims.size() > 1 || all.dims.size() > 1)
                node.refuse("expected rows of numbers that are known");
            all.values.insert(all.values.end(), more->values.begin(), more->values.end());
            if (all.values.size() > most) node.refuse("expected a shape, got more than ", most, " numbers");
        }
        return row(std::move(all.values));
    }

    /// Along the first dimension: some of the rows, in steps, maybe backwards.
    OnnxNumbers slice(const OnnxNode& node, const OnnxNumbers& first) const {
        const auto one = [&](const char* attribute, int input, std::int64_t otherwise) {
            if (node.has(attribute)) return node.integers(attribute);
            if (!node.has_input(input)) return std::vector<std::int64_t>{otherwise};
            return values(node, input).value_or(std::vector<std::int64_t>{});
        };
        const auto start = one("starts", 1, 0), end = one("ends", 2, 0), axis = one("axes", 3, 0),
                   step = one("steps", 4, 1);
        if (start.size() != 1 || end.size() != 1 || axis != std::vector<std::int64_t>{0} || step.size() != 1 ||
            step[0] == 0 || first.dims.empty())
            node.refuse("expected a slice of a shape from one place to another");
        const auto rows = static_cast<std::int64_t>(first.dims[0]);
        const bool forward = step[0] > 0;
        const auto place = [&](std::int64_t at) {
            return std::clamp<std::int64_t>(at < 0 ? at + rows : at, forward ? 0 : -1, forward ? rows : rows - 1);
        };
        const std::int64_t last = place(end[0]), stride = std::clamp<std::int64_t>(step[0], -rows - 1, rows + 1);
        const std::int64_t inner = rows > 0 ? static_cast<std::int64_t>(first.values.size()) / rows : 0;
        OnnxNumbers out{first.dims, {}};
        out.dims[0] = 0;
        for (std::int64_t at = place(start[0]); forward ? at < last : at > last; at += stride, ++out.dims[0])
            out.values.insert(out.values.end(), first.values.begin() + at * inner,
                              first.values.begin() + (at + 1) * inner);
        return out;
    }

    /// Dimensions of size 1 put in or taken out.
    OnnxNumbers with_dimensions(const OnnxNode& node, OnnxNumbers numbers) const {
        const bool in = node.kind() == "Unsqueeze";
        auto axes = node.integers("axes");
        if (const auto given = values(node, 1)) axes = *given;
        const auto rank = std::ssize(numbers.dims) + (in ? std::ssize(axes) : 0);
        for (std::int64_t& axis : axes) {
            if (axis < 0) axis += rank;
            if (axis < 0 || axis >= rank) node.refuse("expected axes from 0 to ", rank - 1);
        }
        std::sort(axes.begin(), axes.end());
        if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) node.refuse("expected each axis once");
        if (in) {
            for (const std::int64_t axis : axes) numbers.dims.insert(numbers.dims.begin() + axis, 1);
            return numbers;
        }
        if (axes.empty()) std::erase(numbers.dims, 1);
        for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
            if (numbers.dims[static_cast<std::size_t>(*axis)] != 1) node.refuse("expected axes of size 1");
            numbers.dims.erase(numbers.dims.begin() + *axis);
        }
        return numbers;
    }

    OnnxNumbers reshaped(const OnnxNode& node, OnnxNumbers numbers) const {
        const auto wanted = values(node, 1);
        if (!wanted) node.refuse("expected a shape that is known");
        std::vector<Index> dims(wanted->begin(), wanted->end());
        if (dims.size() > 4) node.refuse("expected a shape of at most 4 dimensions");
        const Index count = std::ssize(numbers.values);
        Index known = 1;
        for (std::size_t i = 0; i < dims.size(); ++i) {
            if (dims[i] == 0 && i < numbers.dims.size()) dims[i] = numbers.dims[i];
            if (dims[i] < -1 || dims[i] > static_cast<Index>(most))
                node.refuse("expected a shape for ", count, " numbers");
            known *= std::abs(dims[i]);
        }
        if (const auto open = std::find(dims.begin(), dims.end(), -1); open != dims.end())
            known *= * open = known > 0 ? count / known : 0;
        if (known != count || std::find(dims.begin(), dims.end(), -1) != dims.end())
            node.refuse("expected a shape for ", count, " numbers");
        numbers.dims = std::move(dims);
        return numbers;
    }

    static OnnxNumbers transposed(const OnnxNode& node, const OnnxNumbers& first) {
        const auto perm = node.integers("perm");
        if (first.dims.size() != 2 || (!perm.empty() && perm != std::vector<std::int64_t>{1, 0}))
            node.refuse("expected a matrix of numbers");
        OnnxNumbers out{{first.dims[1], first.dims[0]}, {}};
        for (Index column = 0; column < first.dims[1]; ++column)
            for (Index r = 0; r < first.dims[0]; ++r)
                out.values.push_back(first.values[static_cast<std::size_t>(r * first.dims[1] + column)]);
        return out;
    }

    OnnxNumbers filled(const OnnxNode& node, const OnnxNumbers& dims) const {
        std::int64_t value = 0;
        for (const onnx::AttributeProto& attribute : node.proto().attribute())
            if (attribute.name() == "value" && attribute.has_t()) {
                const auto given = tensors_.read_integers({&attribute.t(), {}}, node.who());
                if (given.size() != 1) node.refuse("expected one value");
                value = given[0];
            }
        if (dims.values.size() != 1 || dims.values[0] < 0 || dims.values[0] > static_cast<std::int64_t>(most))
            node.refuse("expected a row of at most ", most, " numbers");
        return row(std::vector<std::int64_t>(static_cast<std::size_t>(dims.values[0]), value));
    }

    OnnxNumbers product(const OnnxNode& node, OnnxNumbers first) const {
        auto second = find(node, 1);
        if (!second) node.refuse("expected numbers that are known");
        if (first.values.size() < second->values.size()) std::swap(first, *second);
        if (second->values.size() != 1 && second->values.size() != first.values.size())
            node.refuse("expected as many numbers on both sides, or one");
        for (std::size_t i = 0; i < first.values.size(); ++i) {
            std::int64_t& a = first.values[i];
            const std::int64_t b = second->values[second->values.size() == 1 ? 0 : i];
            constexpr std::int64_t large = std::int64_t{1} << 31;
            if (b == 1) continue;
            if (a != 1 && (a < -large || a > large || b < -large || b > large))
                node.refuse("expected numbers that are known and no larger than ", large);
            a = a == 1 ? b : a * b;
        }
        return first;
    }

    const OnnxFile& file_;
    OnnxTensors tensors_;
    std::unordered_map<std::string, OnnxNumbers> table_;
};

}  // namespace deconvviz::detail
