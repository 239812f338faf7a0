/// @file
/// Unpacking gzip (RFC 1952) in memory. The deflate data inside are stb's work; header, length and checksum are here.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "deconvviz/core/error.hpp"
#include "deconvviz/io/detail/read_file.hpp"
#include "deconvviz/io/detail/stb_zlib.hpp"

namespace deconvviz {
namespace detail {

constexpr std::array<std::uint32_t, 256> crc32_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? 0xEDB88320U ^ (crc >> 1U) : crc >> 1U;
        table[byte] = crc;
    }
    return table;
}

/// The CRC-32 of gzip, PNG and zip.
inline std::uint32_t crc32(std::span<const unsigned char> bytes) {
    static constexpr auto table = crc32_table();
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const unsigned char byte : bytes) crc = table[(crc ^ byte) & 0xFFU] ^ (crc >> 8U);
    return ~crc;
}

/// `count` bytes from `at` on, the lowest first, as one number.
inline std::uint32_t little_endian(std::span<const unsigned char> bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = count; i-- > 0;) value = value << 8U | bytes[at + i];
    return value;
}

/// The length of the gzip header that `bytes` start with. Throws FormatError where it is damaged or cut off.
inline std::size_t gzip_header_size(std::span<const unsigned char> bytes, const std::string& name) {
    constexpr unsigned header_crc = 2, extra = 4, file_name = 8, comment = 16, reserved = 0xE0;
    std::size_t at = 10;
    const auto need = [&](std::size_t count) {
        if (bytes.size() - at < count) detail::raise<FormatError>(name, ": the gzip header is cut off");
    };
    const auto skip_text = [&] {
        while (need(1), bytes[at] != 0) ++at;
        ++at;
    };
    if (bytes.size() < at)
        detail::raise<FormatError>(name, ": expected a gzip header of ", at, " bytes, got ", bytes.size());
    if (bytes[2] != 8) detail::raise<FormatError>(name, ": expected gzip method 8 (deflate), got ", int{bytes[2]});
    const unsigned flags = bytes[3];
    if ((flags & reserved) != 0)
        detail::raise<FormatError>(name, ": expected gzip flags below ", reserved & -reserved, ", got ", flags);
    if ((flags & extra) != 0) {
        need(2);
        const std::size_t size = little_endian(bytes, at, 2);
        at += 2;
        need(size);
        at += size;
    }
    if ((flags & file_name) != 0) skip_text();
    if ((flags & comment) != 0) skip_text();
    if ((flags & header_crc) != 0) {
        need(2);
        const std::uint32_t actual = crc32(bytes.first(at)) & 0xFFFFU;
        if (const std::uint32_t expected = little_endian(bytes, at, 2); actual != expected)
            detail::raise<FormatError>(name, ": the gzip header has checksum ", actual, ", its own field says ",
                                       expected);
        at += 2;
    }
    return at;
}

}  // namespace detail

/// Do these bytes start as gzip files do?
inline bool is_gzip(std::span<const unsigned char> bytes) {
    return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/// Unpacks a gzip file of one member; `name` is for the messages. Length and checksum are verified.
/// Throws FormatError for a damaged or cut-off file, bytes behind its end, several members in one file (what
/// `cat a.gz b.gz` makes: unpack and pack it again), and a content of 2 GiB or more. Against bombs: a content of more
/// than 64 MiB may be 100 times as large as the file (pictures reach 20), a smaller one as deflate can reach, 1032
/// times. Nothing is allocated for more than that, and no more memory is touched than what the data unpack to.
inline detail::Bytes gunzip(std::span<const unsigned char> bytes, const std::string& name) {
    constexpr std::size_t trailer_size = 8, max_ratio = 1032, max_size = 0x7FFFFFFF;  // stb counts in int
    constexpr std::size_t harmless = 64 << 20, usual_ratio = 100;
    if (!is_gzip(bytes)) detail::raise<FormatError>(name, ": expected gzip data (bytes 1f 8b), got others");
    const std::size_t header_size = detail::gzip_header_size(bytes, name);
    if (bytes.size() - header_size < trailer_size)
        detail::raise<FormatError>(name, ": the gzip data are cut off after ", bytes.size(), " bytes");
    const auto packed = bytes.subspan(header_size, bytes.size() - header_size - trailer_size);
    const std::uint32_t checksum = detail::little_endian(bytes, bytes.size() - 8, 4);
    const std::size_t size = detail::little_endian(bytes, bytes.size() - 4, 4);
    if (size / max_ratio > packed.size())
        detail::raise<FormatError>(name, ": ", packed.size(), " bytes of gzip data cannot hold the ", size,
                                   " that their last field announces; the file is cut off or damaged");
    if (size > max_size)
        detail::raise<FormatError>(name, ": expected gzip data that unpack to at most ", max_size, " bytes, got ",
                                   size);
    if (size > harmless && size / usual_ratio > packed.size())
        detail::raise<FormatError>(name, ": expected gzip data that unpack to at most ", usual_ratio,
                                   " times their size, or ", harmless, " bytes, got ", size, " from ", packed.size(),
                                   "; unpack the file before if that is right");

    detail::Bytes unpacked(size);
    if (!detail::inflate_raw(packed, unpacked))
        detail::raise<FormatError>(name, ": expected gzip data of one member that unpack to ", size,
                                   " bytes, got damaged, cut-off or concatenated ones");
    if (const std::uint32_t actual = detail::crc32(unpacked); actual != checksum)
        detail::raise<FormatError>(name, ": expected content with checksum ", checksum, ", got ", actual,
                                   "; the gzip data are damaged, or several files in one");
    // Inflating stops at the end of the first member: where members are equal, only a second trailer gives them away.
    const auto trailer = bytes.last(trailer_size);
    if (std::search(packed.begin(), packed.end(), trailer.begin(), trailer.end()) != packed.end())
        detail::raise<FormatError>(name, ": expected one gzip member, got several members in one file");
    return unpacked;
}

}  // namespace deconvviz
