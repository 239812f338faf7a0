/// @file
/// IDX files: the format of MNIST and the sets made after it, such as Fashion-MNIST and EMNIST [lecun1998].
///
/// A file is a header of big-endian 32-bit numbers and then one byte a value: 2051, count, rows, columns for pictures;
/// 2049, count for labels. Files packed with gzip are read too; the content decides, not the name.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/io/detail/read_file.hpp"
#include "deconvviz/io/gzip.hpp"

namespace deconvviz {
namespace detail {

inline constexpr std::uint32_t idx_images_magic = 2051;
inline constexpr std::uint32_t idx_labels_magic = 2049;

/// The content of an IDX file: its dimensions, and its values, which are as many as the dimensions say.
struct IdxContent {
    Bytes bytes;
    std::array<std::uint64_t, 3> dimensions{1, 1, 1};
    std::size_t header_size = 0;

    std::span<const unsigned char> values() const { return std::span<const unsigned char>(bytes).subspan(header_size); }
};

/// What a file with this first number holds, in words.
inline std::string idx_kind(std::uint32_t magic) {
    if (magic == idx_images_magic) return "pictures (2051)";
    if (magic == idx_labels_magic) return "labels (2049)";
    if (magic >> 16U == 0 && (magic >> 8U) >= 8 && (magic >> 8U) <= 14)
        return concat("IDX data of type ", magic >> 8U, " with ", magic & 0xFFU, " dimensions");
    return concat("no IDX file (first number ", magic, ")");
}

inline std::uint32_t big_endian(std::span<const unsigned char> bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | bytes[at + i];
    return value;
}

/// Reads and unpacks a file that must hold what `magic` says; its last two digits give the number of dimensions.
inline IdxContent read_idx(const std::filesystem::path& path, std::uint32_t magic) {
    const std::string name = path.string();
    IdxContent content{read_file(path)};
    if (is_gzip(content.bytes)) content.bytes = gunzip(content.bytes, name);
    const std::size_t rank = magic & 0xFFU;
    content.header_size = 4 * (1 + rank);

    const std::span<const unsigned char> bytes = content.bytes;
    if (bytes.size() >= 4 && big_endian(bytes, 0) != magic)
        detail::raise<FormatError>(name, ": expected ", idx_kind(magic), ", got ", idx_kind(big_endian(bytes, 0)));
    if (bytes.size() < content.header_size)
        detail::raise<FormatError>(name, ": expected an IDX header of ", content.header_size, " bytes, got ",
                                   bytes.size());
    for (std::size_t i = 0; i < rank; ++i) {
        content.dimensions[i] = big_endian(bytes, 4 * (1 + i));
        if (content.dimensions[i] == 0)
            detail::raise<FormatError>(name, ": expected at least one in dimension ", i, " of ", idx_kind(magic),
                                       ", the header says 0");
    }

    // Divided, not multiplied: the product of three such numbers can be more than 64 bits hold.
    const auto [count, rows, columns] = content.dimensions;
    const std::uint64_t values = content.values().size(), each = rows * columns;
    if (values % each != 0 || values / each != count)
        detail::raise<FormatError>(
            name, ": expected ", count, " x ", rows, " x ", columns, " bytes after the header, got ", values,
            values / each < count ? " (the file is cut off)" : " (there is more behind the end)");
    return content;
}

/// One of the four files in a folder, under any of the names that are about: train-images-idx3-ubyte as the authors
/// call it, train-images.idx3-ubyte as some tools unpack it, both also with .gz.
inline std::filesystem::path find_idx(const std::filesystem::path& folder, std::string_view part,
                                      std::string_view suffix) {
    for (const std::string_view packed : {"", ".gz"}) {
        for (const std::string_view separator : {"-", "."}) {
            std::error_code error;
            auto path = folder / concat(part, separator, suffix, packed);
            if (std::filesystem::exists(path, error)) return path;
        }
    }
    detail::raise<IoError>(folder.string(), ": expected a file ", part, '-', suffix, " or ", part, '-', suffix,
                           ".gz, found none");
}

}  // namespace detail

/// Reads pictures: (N, 1, H, W), values in [0, 1]. `path` names an IDX file of bytes with three dimensions, plain or
/// packed with gzip. Throws IoError where it cannot be read, FormatError where it is anything else, holds no picture,
/// or is shorter or longer than its header says.
template <class T = float>
Tensor<T> load_idx_images(const std::filesystem::path& path) {
    const auto content = detail::read_idx(path, detail::idx_images_magic);
    const auto [count, rows, columns] = content.dimensions;
    std::array<T, 256> shades;
    for (std::size_t i = 0; i < shades.size(); ++i) shades[i] = static_cast<T>(i) / T(255);

    Tensor<T> images;
    images.resize({static_cast<Index>(count), 1, static_cast<Index>(rows), static_cast<Index>(columns)});
    std::ranges::transform(content.values(), images.begin(), [&](unsigned char byte) { return shades[byte]; });
    return images;
}

/// Reads labels from an IDX file of bytes with one dimension, plain or packed with gzip. Throws as load_idx_images, and
/// FormatError for a label that is not in 0 … classes - 1.
inline std::vector<int> load_idx_labels(const std::filesystem::path& path, int classes = 256) {
    const auto content = detail::read_idx(path, detail::idx_labels_magic);
    const auto values = content.values();
    for (std::size_t i = 0; i < values.size(); ++i)
        if (int{values[i]} >= classes)
            detail::raise<FormatError>(path.string(), ": expected labels 0 … ", classes - 1, ", label ", i, " is ",
                                       int{values[i]});
    return {values.begin(), values.end()};
}

/// Reads MNIST, or a set in the same four files, from the folder that holds them:
/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, with `.` before
/// `idx` or `.gz` at the end if need be. The plain file is preferred. The digits are 60000 and 10000 pictures of 28x28.
///
/// Throws as the two functions above; IoError where the folder or a file is missing; FormatError where there are not as
/// many labels as pictures, or the test pictures have another size than the training pictures.
template <class T = float>
DatasetSplit<T> load_mnist(const std::filesystem::path& folder) {
    constexpr int classes = 10;
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error))
        detail::raise<IoError>(folder.string(), ": expected a folder with the MNIST files, found ",
                               std::filesystem::exists(folder, error) ? "something else" : "nothing");
    const auto load = [&](const std::string& part) -> Dataset<T> {
        const auto images_path = detail::find_idx(folder, part + "-images", "idx3-ubyte");
        const auto labels_path = detail::find_idx(folder, part + "-labels", "idx1-ubyte");
        Dataset<T> data{load_idx_images<T>(images_path), load_idx_labels(labels_path, classes), classes};
        if (data.images.shape()[0] != data.size())
            detail::raise<FormatError>(labels_path.string(), ": expected ", data.images.shape()[0],
                                       " labels for the pictures of ", images_path.filename().string(), ", got ",
                                       data.size());
        return data;
    };
    DatasetSplit<T> split{load("train"), load("t10k")};
    if (split.train.images.shape().sample() != split.test.images.shape().sample())
        detail::raise<FormatError>(folder.string(), ": expected test pictures of shape ",
                                   split.train.images.shape().sample(), " as in training, got ",
                                   split.test.images.shape().sample());
    return split;
}

}  // namespace deconvviz
