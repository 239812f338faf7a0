/// @file
/// An ONNX file: its graph as protobuf reads it, and its weights left where they lie until they are wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx_pb.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include "deconvviz/core/error.hpp"
#include "deconvviz/io/detail/random_access_file.hpp"

namespace deconvviz::detail {

/// Copies the bytes of an ONNX file field by field, all but the raw data of the initialisers, of which it notes where
/// they lie: a model of 500 MB has a graph of some kilobytes, and no weight is in memory twice.
class OnnxScanner {
  public:
    explicit OnnxScanner(const RandomAccessFile& file)
        : name_(file.name()), raw_(file.descriptor()), input_(&raw_), limit_(input_.PushLimit(checked(file.size()))) {}

    /// The fields of the model without the raw data of its initialisers. Throws FormatError for anything that is not
    /// made of fields.
    std::string scan() {
        return fields([this](std::uint32_t tag, Output& out) {
            return tag == graph && nested(tag, out, [this](std::uint32_t inner, Output& body) {
                       return inner == initialiser && tensor(inner, body);
                   });
        });
    }

    /// Where the raw data of initialiser i lie; nothing (size 0) for one without.
    const std::vector<FilePart>& parts() const { return parts_; }

  private:
    using Wire = google::protobuf::internal::WireFormatLite;
    using Output = google::protobuf::io::CodedOutputStream;

    // Field numbers of onnx.proto: ModelProto.graph, GraphProto.initializer, TensorProto.raw_data
    static constexpr std::uint32_t graph = 7 << 3 | 2, initialiser = 5 << 3 | 2, raw_data = 9 << 3 | 2;

    int checked(std::uint64_t size) const {
        if (size > std::uint64_t{std::numeric_limits<int>::max()})
            raise<FormatError>(name_, ": expected an ONNX file of at most 2 GiB, got ", size,
                               " bytes; larger models keep their weights in external files");
        return static_cast<int>(size);
    }

    [[noreturn]] void damaged() const {
        raise<FormatError>(name_, ": expected an ONNX model, got a file that is cut off, damaged or no ONNX");
    }

    /// The fields up to the limit, copied; `special(tag, out)` may take one over, and then says true. (One stream for
    /// all of them: with each new one, protobuf clears what its string has in reserve.)
    template <class Special>
    std::string fields(const Special& special) {
        std::string bytes;
        google::protobuf::io::StringOutputStream stream(&bytes);
        Output out(&stream);
        while (input_.BytesUntilLimit() > 0) {
            const std::uint32_t tag = input_.ReadTag();
            if (tag == 0) damaged();
            if (!special(tag, out) && !Wire::SkipField(&input_, tag, &out)) damaged();
        }
        out.Trim();
        return bytes;
    }

    /// A message within: its fields are copied, its length is made anew.
    template <class Special>
    bool nested(std::uint32_t tag, Output& out, const Special& special) {
        std::uint32_t size = 0;
        if (!input_.ReadVarint32(&size) || std::uint64_t{size} > std::uint64_t(input_.BytesUntilLimit())) damaged();
        const auto outer = input_.PushLimit(static_cast<int>(size));
        const std::string body = fields(special);
        input_.PopLimit(outer);
        out.WriteTag(tag);
        out.WriteVarint32(static_cast<std::uint32_t>(body.size()));
        out.WriteString(body);
        return true;
    }

    bool tensor(std::uint32_t tag, Output& out) {
        FilePart part;
        nested(tag, out, [&](std::uint32_t inner, Output&) {
            if (inner != raw_data) return false;
            std::uint32_t size = 0;
            if (!input_.ReadVarint32(&size) || std::uint64_t{size} > std::uint64_t(input_.BytesUntilLimit())) damaged();
            part = {static_cast<std::uint64_t>(input_.CurrentPosition()), size};
            if (!input_.Skip(static_cast<int>(size))) damaged();
            return true;
        });
        parts_.push_back(part);
        return true;
    }

    const std::string& name_;
    google::protobuf::io::FileInputStream raw_;
    google::protobuf::io::CodedInputStream input_;
    google::protobuf::io::CodedInputStream::Limit limit_;
    std::vector<FilePart> parts_;
};

/// A tensor of a model, with the file and the place of its raw data where they were left there.
struct OnnxConstant {
    const onnx::TensorProto* tensor = nullptr;
    FilePart part;            // in the model's file; size 0 where the data are in the tensor
    bool transposed = false;  // a matrix that the graph has the other way round
};

/// The model of a file, and its weights by name.
class OnnxFile {
  public:
    /// Throws IoError where it cannot be read, FormatError where it is no ONNX model.
    explicit OnnxFile(const std::filesystem::path& path) : path_(path), file_(path) {
        OnnxScanner scanner(file_);
        {
            const std::string slim = scanner.scan();
            if (!model_.ParseFromArray(slim.data(), static_cast<int>(slim.size())) || !model_.has_graph() ||
                model_.graph().node_size() == 0)
                raise<FormatError>(file_.name(), ": expected an ONNX model with a graph of nodes, got something else");
        }
        const onnx::GraphProto& graph = model_.graph();
        for (int i = 0; i < graph.initializer_size(); ++i) {
            const onnx::TensorProto& tensor = graph.initializer(i);
            constants_[tensor.name()] = {&tensor, scanner.parts()[static_cast<std::size_t>(i)]};
        }
        for (const onnx::NodeProto& node : graph.node()) {
            if (node.output_size() != 1) continue;
            if (node.op_type() == "Constant")
                for (const onnx::AttributeProto& attribute : node.attribute())
                    if (attribute.name() == "value" && attribute.has_t())
                        constants_[node.output(0)] = {&attribute.t(), {}};
            if (node.input_size() == 1) note_passed_on(node);
        }
    }

    const std::filesystem::path& path() const { return path_; }
    const RandomAccessFile& file() const { return file_; }
    const onnx::ModelProto& model() const { return model_; }
    const onnx::GraphProto& graph() const { return model_.graph(); }

    /// Null for a value that is computed, or does not exist.
    const OnnxConstant* constant(const std::string& name) const {
        const auto found = constants_.find(name);
        return found == constants_.end() ? nullptr : &found->second;
    }

  private:
    /// Weights that reach their layer through a node: shared by several, of another type, or the other way round.
    void note_passed_on(const onnx::NodeProto& node) {
        const OnnxConstant* found = constant(node.input(0));
        if (!found) return;
        OnnxConstant passed = *found;
        const auto is_real = [](std::int64_t type) {
            return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::DOUBLE;
        };
        if (node.op_type() == "Transpose") {
            const auto* perm = node.attribute_size() > 0 ? &node.attribute(0).ints() : nullptr;
            const bool swaps = !perm || (perm->size() == 2 && perm->Get(0) == 1 && perm->Get(1) == 0);
            if (passed.tensor->dims_size() != 2 || !swaps || !is_real(passed.tensor->data_type())) return;
            passed.transposed = !passed.transposed;
        } else if (node.op_type() == "Cast") {
            const std::int64_t to = node.attribute_size() > 0 ? node.attribute(0).i() : 0;
            const int from = passed.tensor->data_type();
            if (!is_real(to) || (!is_real(from) && from != onnx::TensorProto::FLOAT16)) return;
        } else if (node.op_type() != "Identity") {
            return;
        }
        constants_[node.output(0)] = passed;
    }

    std::filesystem::path path_;
    RandomAccessFile file_;
    onnx::ModelProto model_;
    std::unordered_map<std::string, OnnxConstant> constants_;
};

}  // namespace deconvviz::detail
