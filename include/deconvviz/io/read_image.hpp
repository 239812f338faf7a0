/// @file
/// Reading pictures: PNG and JPEG files to 8-bit RGB images.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/io/detail/jpeg_check.hpp"
#include "deconvviz/io/detail/read_file.hpp"
#include "deconvviz/io/detail/stb_image.hpp"
#include "deconvviz/io/detail/stb_memory.hpp"

namespace deconvviz {

/// The picture in the bytes of a PNG or JPEG file; the content decides, not the name. Grey ones become equal red, green
/// and blue; 16 bits a channel become 8; transparency is dropped, without blending. `name` is for the messages.
/// Throws FormatError for anything else, for damaged data, for a picture that claims more pixels than so few bytes can
/// hold (1032 bytes of pixels for one of the file, the most that a PNG can reach; beyond 2^26 pixels, 32 of them), and
/// for a JPEG of more scans than its size gives a reason for. So memory and time are bounded by the file's size.
/// Decoding asks for at most 6 · 1032 bytes for one of the file and 64 for a pixel, whichever is less, and 1 MiB, in
/// all; the picture takes 3 bytes a pixel.
inline figure::Image decode_image(std::span<const unsigned char> bytes, const std::string& name) {
    constexpr std::int64_t max_ratio = 1032, harmless = 1 << 26, usual_ratio = 32;
    constexpr std::int64_t room = 1 << 20, room_for_pixel = 64;
    if (bytes.size() > std::size_t{std::numeric_limits<int>::max()})
        detail::raise<FormatError>(name, ": expected a picture file of at most 2 GiB, got ", bytes.size(), " bytes");
    const std::int64_t size = static_cast<std::int64_t>(bytes.size());
    const int length = static_cast<int>(size);
    int width = 0, height = 0, channels = 0;
    const auto scans = detail::jpeg_scans(bytes);
    const auto known = [&] {
        const detail::StbMemory memory(room);
        return detail::stb::dv_stbi_info_from_memory(bytes.data(), length, &width, &height, &channels) != 0;
    };
    if (!scans || !known())
        detail::raise<FormatError>(name, ": expected a PNG or JPEG picture, got something else or a damaged one");
    const std::int64_t count = std::int64_t{width} * height;
    if (width < 1 || height < 1 || count > (size * max_ratio + 65536) / 3 ||
        (count > harmless && count / usual_ratio > size))
        detail::raise<FormatError>(name, ": ", size, " bytes cannot hold a picture of ", width, 'x', height,
                                   "; the file is cut off or damaged");
    // Each scan is some ten bytes that make stb go over all blocks of 8x8 pixels. A picture of one colour, the smallest
    // file for its pixels, has some ten scans.
    if (*scans > (64 * size + (1 << 20)) / (count / 64 + 1))
        detail::raise<FormatError>(name, ": ", *scans, " scans are more than a JPEG of ", width, 'x', height, " in ",
                                   size, " bytes can need");
    // The most that it takes is a PNG of 16 bits and four channels, interlaced: 8 bytes a pixel inflated into a buffer
    // that doubles (24), put together (16), then 8 bits (4) of three channels (3).
    const detail::StbMemory memory(
        static_cast<std::size_t>(std::min(room_for_pixel * count + 4 * size, 6 * max_ratio * size) + room));
    const std::unique_ptr<unsigned char, void (*)(void*)> pixels(
        detail::stb::dv_stbi_load_from_memory(bytes.data(), length, &width, &height, &channels, 3),
        detail::stb::dv_stbi_image_free);
    if (!pixels)
        detail::raise<FormatError>(name, ": the picture of ", width, 'x', height,
                                   " cannot be decoded: it is cut off, damaged or of a rare kind");
    figure::Image image(width, height);
    const unsigned char* from = pixels.get();
    for (figure::Color& pixel : image.pixels()) {
        pixel = {from[0], from[1], from[2]};
        from += 3;
    }
    return image;
}

/// Reads a PNG or JPEG file. Throws as decode_image, and IoError where the file cannot be read.
inline figure::Image load_image(const std::filesystem::path& path) {
    return decode_image(detail::read_file(path), path.string());
}

}  // namespace deconvviz
