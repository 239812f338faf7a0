/// @file
/// CIFAR-10 in its binary format [krizhevsky2009]: small colour pictures of ten classes.
///
/// A file is a row of records, with nothing before, between or behind them: one byte for the label, 0 … 9, then 32 x 32
/// bytes of red, as many of green, as many of blue, row by row. Files packed with gzip are read too; the content
/// decides, not the name.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/io/detail/read_file.hpp"
#include "deconvviz/io/gzip.hpp"

namespace deconvviz {

/// The names of the ten classes: label 0 is an airplane.
inline const std::vector<std::string>& cifar10_classes() {
    static const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                                "dog",      "frog",       "horse", "ship", "truck"};
    return names;
}

namespace detail {

inline constexpr Index cifar_side = 32;
inline constexpr Index cifar_channels = 3;
inline constexpr int cifar10_class_count = 10;
inline constexpr std::size_t cifar_pixels = std::size_t{cifar_channels * cifar_side * cifar_side};
inline constexpr std::size_t cifar_record = 1 + cifar_pixels;

/// Reads, unpacks and checks one file.
inline Bytes read_cifar10(const std::filesystem::path& path) {
    const std::string name = path.string();
    Bytes bytes = read_file(path);
    if (is_gzip(bytes)) bytes = gunzip(bytes, name);
    if (bytes.empty()) raise<FormatError>(name, ": expected CIFAR-10 records of ", cifar_record, " bytes, got none");
    if (bytes.size() % cifar_record != 0)
        raise<FormatError>(name, ": expected whole CIFAR-10 records of ", cifar_record, " bytes, got ", bytes.size(),
                           " bytes, which is ", bytes.size() / cifar_record, " records and ",
                           bytes.size() % cifar_record, " bytes more");
    for (std::size_t at = 0; at < bytes.size(); at += cifar_record)
        if (bytes[at] >= cifar10_class_count)
            raise<FormatError>(name, ": expected labels 0 … ", cifar10_class_count - 1, ", record ", at / cifar_record,
                               " has label ", int{bytes[at]});
    return bytes;
}

/// The pictures of files that were checked, one file behind the other.
template <class T>
Dataset<T> cifar10_dataset(std::span<const Bytes> files) {
    std::size_t count = 0;
    for (const Bytes& bytes : files) count += bytes.size() / cifar_record;
    std::array<T, 256> shades;
    for (std::size_t i = 0; i < shades.size(); ++i) shades[i] = static_cast<T>(i) / T(255);

    Dataset<T> data{{}, {}, cifar10_class_count};
    data.images.resize({static_cast<Index>(count), cifar_channels, cifar_side, cifar_side});
    data.labels.reserve(count);
    auto pixel = data.images.begin();
    for (const Bytes& bytes : files) {
        for (std::size_t at = 0; at < bytes.size(); at += cifar_record) {
            data.labels.push_back(bytes[at]);
            pixel = std::ranges::transform(std::span<const unsigned char>(bytes).subspan(at + 1, cifar_pixels), pixel,
                                           [&](unsigned char byte) { return shades[byte]; })
                        .out;
        }
    }
    return data;
}

/// `folder`/`name` as it is, or with .gz where only that is there.
inline std::optional<std::filesystem::path> find_cifar10(const std::filesystem::path& folder, const std::string& name) {
    for (const char* packed : {"", ".gz"}) {
        std::error_code error;
        auto path = folder / (name + packed);
        if (std::filesystem::exists(path, error)) return path;
    }
    return std::nullopt;
}

}  // namespace detail

/// Reads one file of CIFAR-10: images (N, 3, 32, 32), red first, values in [0, 1]; ten classes.
/// Throws IoError where it cannot be read, FormatError where it is empty, is not a whole number of records, or has a
/// label above 9. Memory: the file, what it unpacks to, and the pictures.
template <class T = float>
Dataset<T> load_cifar10_batch(const std::filesystem::path& path) {
    const detail::Bytes bytes = detail::read_cifar10(path);
    return detail::cifar10_dataset<T>({&bytes, 1});
}

/// Reads CIFAR-10 from the folder that holds its binary files: data_batch_1.bin … data_batch_5.bin, as many of them as
/// are there, in the order of their numbers, are `train`; test_batch.bin is `test`. Each may have .gz at the end; the
/// plain file is preferred. The whole set is 50000 and 10000 pictures.
///
/// Throws as load_cifar10_batch; IoError where the folder, all training batches or the test batch are missing.
template <class T = float>
DatasetSplit<T> load_cifar10(const std::filesystem::path& folder) {
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error))
        detail::raise<IoError>(folder.string(), ": expected a folder with the CIFAR-10 files, found ",
                               std::filesystem::exists(folder, error) ? "something else" : "nothing");
    std::vector<detail::Bytes> batches;
    for (int number = 1; number <= 5; ++number)
        if (const auto path = detail::find_cifar10(folder, detail::concat("data_batch_", number, ".bin")))
            batches.push_back(detail::read_cifar10(*path));
    if (batches.empty())
        detail::raise<IoError>(folder.string(),
                               ": expected files data_batch_1.bin … data_batch_5.bin, plain or .gz, found none");
    const auto test = detail::find_cifar10(folder, "test_batch.bin");
    if (!test)
        detail::raise<IoError>(folder.string(), ": expected a file test_batch.bin or test_batch.bin.gz, found none");
    auto train = detail::cifar10_dataset<T>(batches);
    batches.clear();
    return {std::move(train), load_cifar10_batch<T>(*test)};
}

}  // namespace deconvviz
