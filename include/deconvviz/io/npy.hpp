/// @file
/// NumPy's .npy files: tensors in and out, so that every number can be checked from Python.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/io/detail/npy_header.hpp"
#include "deconvviz/io/detail/read_file.hpp"
#include "deconvviz/io/output_file.hpp"

namespace deconvviz {
namespace detail {

/// A little-endian number of type V at `at`.
template <class V>
V little_endian_value(const unsigned char* at) {
    static_assert(std::endian::native == std::endian::little, "files are read as they lie");
    V value;
    std::memcpy(&value, at, sizeof(V));
    return value;
}

template <class V, class T>
void convert_npy(std::span<const unsigned char> data, T* out) {
    const std::size_t count = data.size() / sizeof(V);
    for (std::size_t i = 0; i < count; ++i)
        out[i] = static_cast<T>(little_endian_value<V>(data.data() + i * sizeof(V)));
}

/// The same values with the first index running slowest, of ones in which it runs fastest.
template <class T>
Tensor<T> from_column_major(const Tensor<T>& values) {
    const Shape& shape = values.shape();
    Tensor<T> out(shape);
    std::array<Index, Shape::max_rank> at{};
    for (Index i = 0; i < out.size(); ++i) {
        Index from = 0;
        for (int d = shape.rank(); d-- > 0;) from = from * shape[d] + at[static_cast<std::size_t>(d)];
        out[i] = values[from];
        for (int d = shape.rank(); d-- > 0;) {
            if (++at[static_cast<std::size_t>(d)] < shape[d]) break;
            at[static_cast<std::size_t>(d)] = 0;
        }
    }
    return out;
}

}  // namespace detail

/// The array in the bytes of a .npy file (format 1.0 to 3.0), of any shape up to Shape::max_rank dimensions, in
/// row-major or column-major order. Its type may be float32, float64 or one byte without sign, little-endian; the
/// values are converted to T as a cast does (bytes stay 0 … 255). `name` is for the messages. Throws FormatError for
/// anything else, and where there are not as many values as the header says. Allocates no more than what the bytes
/// hold.
template <class T>
Tensor<T> parse_npy(std::span<const unsigned char> bytes, const std::string& name) {
    const detail::NpyHeader header = detail::parse_npy_header(bytes, name);
    const auto data = bytes.subspan(header.size);
    const auto value_size = static_cast<std::size_t>(header.value_size);
    const auto count = static_cast<std::size_t>(header.shape.elements());
    // Divided, not multiplied: the product may be more than can be counted.
    if (data.size() % value_size != 0 || data.size() / value_size != count)
        detail::raise<FormatError>(name, ": expected ", count, " values of ", value_size, " bytes for the shape ",
                                   header.shape, ", got ", data.size(), " bytes");
    Tensor<T> values;
    values.resize(header.shape);
    if (header.type == "f4")
        detail::convert_npy<float>(data, values.data());
    else if (header.type == "f8")
        detail::convert_npy<double>(data, values.data());
    else
        detail::convert_npy<std::uint8_t>(data, values.data());
    return header.column_major ? detail::from_column_major(values) : values;
}

/// Reads a .npy file. Throws as parse_npy, and IoError where the file cannot be read.
template <class T>
Tensor<T> load_npy(const std::filesystem::path& path) {
    return parse_npy<T>(detail::read_file(path), path.string());
}

/// The bytes of a .npy file (format 1.0, row-major, float32 or float64 as T is), as numpy.save writes them.
template <class T>
std::vector<unsigned char> format_npy(const Tensor<T>& values) {
    std::string header = detail::concat("{'descr': '<f", sizeof(T), "', 'fortran_order': False, 'shape': (");
    for (const Index extent : values.shape().dimensions()) header += detail::concat(extent, ", ");
    if (values.rank() > 1) header.resize(header.size() - 2);
    if (values.rank() == 1) header.resize(header.size() - 1);
    header += "), }";
    constexpr std::size_t before = 10, alignment = 64;  // magic, version and length; so that the values are aligned
    header.resize((before + header.size() + alignment) / alignment * alignment - before - 1, ' ');
    header += '\n';
    std::vector<unsigned char> bytes{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    bytes.push_back(static_cast<unsigned char>(header.size() % 256));
    bytes.push_back(static_cast<unsigned char>(header.size() / 256));
    bytes.insert(bytes.end(), header.begin(), header.end());
    const auto* first = reinterpret_cast<const unsigned char*>(values.data());
    bytes.insert(bytes.end(), first, first + static_cast<std::size_t>(values.size()) * sizeof(T));
    return bytes;
}

/// Writes a tensor for numpy.load, whole or not at all. Throws IoError where the file cannot be written.
template <class T>
void save_npy(const std::filesystem::path& path, const Tensor<T>& values) {
    write_file(path, format_npy(values));
}

}  // namespace deconvviz
