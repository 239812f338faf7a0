/// @file
/// The tensors of an ONNX model, wherever and however their values are kept.
#pragma once

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/io/detail/half.hpp"
#include "deconvviz/io/detail/onnx_file.hpp"
#include "deconvviz/io/detail/random_access_file.hpp"

namespace deconvviz::detail {

template <class T>
Tensor<T> transposed(const Tensor<T>& m) {
    Tensor<T> out;
    out.resize({m.shape()[1], m.shape()[0]});
    constexpr Index tile = 32;  // neighbours in both matrices stay in the cache
    for (Index r = 0; r < m.shape()[0]; r += tile)
        for (Index c = 0; c < m.shape()[1]; c += tile)
            for (Index i = r; i < std::min(r + tile, m.shape()[0]); ++i)
                for (Index j = c; j < std::min(c + tile, m.shape()[1]); ++j) out(j, i) = m(i, j);
    return out;
}

/// Reads the tensors of one file.
class OnnxTensors {
  public:
    explicit OnnxTensors(const OnnxFile& file) : file_(file) {}

    /// The values as a tensor of T. `who` says, for messages, who asks for it.
    /// Throws like read_as_kept.
    template <class T>
    Tensor<T> read(const OnnxConstant& constant, const std::string& who) const {
        Tensor<T> kept = read_as_kept<T>(constant, who);
        return constant.transposed ? transposed(kept) : std::move(kept);
    }

    /// The values in the order in which the file has them, where the graph has a matrix the other way round.
    /// Throws FormatError for another type than float, double and float16, for values that are not as many as the shape
    /// says, for external data outside of the model's folder, and where layers that share weights want more of them
    /// than the files have 16 times.
    template <class T>
    Tensor<T> read_as_kept(const OnnxConstant& constant, const std::string& who) const {
        const onnx::TensorProto& tensor = *constant.tensor;
        switch (tensor.data_type()) {
            case onnx::TensorProto::FLOAT:
                return values<T, float>(constant, tensor.float_data(), who);
            case onnx::TensorProto::DOUBLE:
                return values<T, double>(constant, tensor.double_data(), who);
            case onnx::TensorProto::FLOAT16:
                return values<T, Half>(constant, tensor.int32_data(), who);
            default:
                refuse(constant, who, "expected values of type float, double or float16, got type ",
                       type_name(tensor.data_type()));
        }
    }

    /// Whole numbers: shapes, axes, paddings.
    std::vector<std::int64_t> read_integers(const OnnxConstant& constant, const std::string& who) const {
        const onnx::TensorProto& tensor = *constant.tensor;
        if (shape_of(constant, who).elements() > 64) refuse(constant, who, "expected a few whole numbers");
        Tensor<double> exact;  // holds all that can be a size
        if (tensor.data_type() == onnx::TensorProto::INT64) {
            exact = values<double, std::int64_t>(constant, tensor.int64_data(), who);
        } else if (tensor.data_type() == onnx::TensorProto::INT32) {
            exact = values<double, std::int32_t>(constant, tensor.int32_data(), who);
        } else {
            refuse(constant, who, "expected whole numbers (int64 or int32), got type ", type_name(tensor.data_type()));
        }
        std::vector<std::int64_t> all;
        for (const double value : exact) all.push_back(static_cast<std::int64_t>(std::clamp(value, -9e15, 9e15)));
        return all;
    }

    static std::string type_name(int type) {
        return onnx::TensorProto::DataType_IsValid(type)
                   ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type))
                   : std::to_string(type);
    }

  private:
    static constexpr std::uint64_t most_shared = 16;

    template <class... Why>
    [[noreturn]] void refuse(const OnnxConstant& constant, const std::string& who, const Why&... why) const {
        raise<FormatError>(file_.file().name(), ": ", who, ": tensor '", constant.tensor->name(), "': ", why...);
    }

    Shape shape_of(const OnnxConstant& constant, const std::string& who) const {
        const auto& dims = constant.tensor->dims();
        if (dims.size() > Shape::max_rank) refuse(constant, who, "expected at most ", Shape::max_rank, " dimensions");
        try {
            return Shape(std::vector<Index>(dims.begin(), dims.end()));
        } catch (const ShapeError& error) {
            refuse(constant, who, error.what());
        }
    }

    /// The values, kept as V.
    template <class T, class V, class Typed>
    Tensor<T> values(const OnnxConstant& constant, const Typed& typed, const std::string& who) const {
        const onnx::TensorProto& tensor = *constant.tensor;
        const Shape shape = shape_of(constant, who);
        const auto count = static_cast<std::uint64_t>(shape.elements());
        const auto expect = [&](std::uint64_t got, std::uint64_t each) {
            // Divided, not multiplied: the product may be more than can be counted.
            if (got % each != 0 || got / each != count)
                refuse(constant, who, "expected ", count, " values of ", each, " bytes for the shape ", shape, ", got ",
                       got, " bytes");
        };
        const auto charge = [&] {
            read_ += count * sizeof(V);
            std::uint64_t there = file_.file().size();
            for (const auto& external : external_sizes_) there += external.second;
            if (read_ / most_shared > there)
                refuse(constant, who, "the layers share their weights so often that they are more than ", most_shared,
                       " times the ", there, " bytes of the files");
        };
        Tensor<T> out;
        if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
            FilePart part;
            const RandomAccessFile external = open_external(constant, who, part);
            expect(part.size, sizeof(V));
            external_sizes_[external.name()] = external.size();
            charge();
            out.resize(shape);
            read_part<T, V>(external, part, out.data());
        } else if (constant.part.size > 0) {
            expect(constant.part.size, sizeof(V));
            charge();
            out.resize(shape);
            read_part<T, V>(file_.file(), constant.part, out.data());
        } else if (!tensor.raw_data().empty()) {
            expect(tensor.raw_data().size(), sizeof(V));
            charge();
            out.resize(shape);
            convert<T, V>(tensor.raw_data().data(), shape.elements(), out.data());
        } else {
            expect(static_cast<std::uint64_t>(typed.size()), 1);
            charge();
            out.resize(shape);
            for (Index i = 0; i < out.size(); ++i) {
                if constexpr (std::is_same_v<V, Half>)
                    out[i] = static_cast<T>(Half{static_cast<std::uint16_t>(typed.Get(static_cast<int>(i)))});
                else
                    out[i] = static_cast<T>(typed.Get(static_cast<int>(i)));
            }
        }
        return out;
    }

    template <class T, class V>
    static void convert(const char* from, Index count, T* out) {
        static_assert(std::endian::native == std::endian::little, "ONNX keeps raw data little-endian");
        for (Index i = 0; i < count; ++i) {
            V value;
            std::memcpy(&value, from + static_cast<std::size_t>(i) * sizeof(V), sizeof(V));
            out[i] = static_cast<T>(value);
        }
    }

    /// Straight into the tensor where the types are the same, else piece by piece.
    template <class T, class V>
    static void read_part(const RandomAccessFile& file, const FilePart& part, T* out) {
        if constexpr (std::is_same_v<T, V>) {
            file.read(part.offset, out, static_cast<std::size_t>(part.size));
        } else {
            std::vector<char> piece(std::min<std::uint64_t>(part.size, std::uint64_t{1} << 16));
            for (std::uint64_t at = 0; at < part.size; at += piece.size()) {
                const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), part.size - at));
                file.read(part.offset + at, piece.data(), size);
                const auto count = static_cast<Index>(size / sizeof(V));
                convert<T, V>(piece.data(), count, out);
                out += count;
            }
        }
    }

    RandomAccessFile open_external(const OnnxConstant& constant, const std::string& who, FilePart& part) const {
        namespace fs = std::filesystem;
        std::string location, offset = "0", length;
        for (const auto& entry : constant.tensor->external_data()) {
            if (entry.key() == "location") location = entry.value();
            if (entry.key() == "offset") offset = entry.value();
            if (entry.key() == "length") length = entry.value();
        }
        std::error_code error;
        const fs::path parent = file_.path().has_parent_path() ? file_.path().parent_path() : fs::path(".");
        const fs::path folder = fs::canonical(parent, error);
        const fs::path relative(location);
        const fs::path target = error ? fs::path() : fs::weakly_canonical(folder / relative, error);
        const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), target.begin(), target.end());
        if (error || location.empty() || location.find('\0') != std::string::npos || relative.is_absolute() ||
            end != folder.end())
            refuse(constant, who, "expected external data in the model's folder, got '", location, "'");
        RandomAccessFile external(target);
        const auto number = [&](const std::string& text) {
            std::uint64_t value = 0;
            const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
            if (result.ec != std::errc() || result.ptr != text.data() + text.size())
                refuse(constant, who, "expected offset and length of external data as numbers, got '", text, "'");
            return value;
        };
        part.offset = number(offset);
        part.size = length.empty() ? external.size() - std::min(part.offset, external.size()) : number(length);
        if (!external.contains(part))
            refuse(constant, who, "expected ", part.size, " bytes at ", part.offset, " of '", location, "', which has ",
                   external.size());
        return external;
    }

    const OnnxFile& file_;
    mutable std::uint64_t read_ = 0;                                         // bytes of weights so far
    mutable std::unordered_map<std::string, std::uint64_t> external_sizes_;  // of the external files so far
};

/// An attribute of type float as the double that was meant: 0.1f is the nearest float to 0.1, not 0.100000001490116. So
/// a network in double computes with the number that its exporter had, and one in float with the same float as before.
inline double meant(float value) {
    if (!std::isfinite(value)) return static_cast<double>(value);
    char text[32];
    const auto written = std::to_chars(text, text + sizeof(text), value);  // the shortest text for this float
    double number = 0;
    std::from_chars(text, written.ptr, number);
    return number;
}

}  // namespace deconvviz::detail
