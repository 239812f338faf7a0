/// @file
/// A whole file as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <system_error>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz::detail {

/// Bytes that are about to be overwritten: not cleared first, so that memory which stays unused is never touched.
using Bytes = Buffer<unsigned char>;

/// Larger files are refused before anything is allocated.
inline constexpr std::uintmax_t max_file_size = std::uintmax_t{1} << 32;

/// Reads a regular file. Throws IoError where there is none, or it is a folder or a device, too large or unreadable.
inline Bytes read_file(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::none)
        detail::raise<IoError>(path.string(), ": expected a file, cannot look: ", error.message());
    if (!std::filesystem::exists(status)) detail::raise<IoError>(path.string(), ": expected a file, found nothing");
    if (std::filesystem::is_directory(status)) detail::raise<IoError>(path.string(), ": expected a file, got a folder");
    if (!std::filesystem::is_regular_file(status))
        detail::raise<IoError>(path.string(), ": expected a regular file, got a device, pipe or socket");
    const auto size = std::filesystem::file_size(path, error);
    if (error) detail::raise<IoError>(path.string(), ": cannot tell the size: ", error.message());
    if (size > max_file_size)
        detail::raise<IoError>(path.string(), ": expected at most ", max_file_size, " bytes, got ", size);

    std::ifstream file(path, std::ios::binary);
    if (!file) detail::raise<IoError>(path.string(), ": cannot be opened for reading");
    Bytes bytes(static_cast<std::size_t>(size));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (static_cast<std::uintmax_t>(file.gcount()) != size)
        detail::raise<IoError>(path.string(), ": expected ", size, " bytes, could read ", file.gcount());
    return bytes;
}

}  // namespace deconvviz::detail
