/// @file
/// Reading pictures: PNG and JPEG files to 8-bit RGB images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/io/detail/read_file.hpp"
#include "deconvviz/io/detail/stb_image.hpp"

namespace deconvviz {

/// The picture in the bytes of a PNG or JPEG file; the content decides, not the name. Grey ones become equal red, green
/// and blue; 16 bits a channel become 8; transparency is dropped, without blending. `name` is for the messages.
/// Throws FormatError for anything else, for damaged data, and for a picture that claims more pixels than so few bytes
/// can hold (1032 bytes of pixels for one of the file, the most that a PNG can reach): nothing large is allocated for
/// it.
inline figure::Image decode_image(std::span<const unsigned char> bytes, const std::string& name) {
    constexpr std::int64_t max_ratio = 1032;
    if (bytes.size() > std::size_t{std::numeric_limits<int>::max()})
        detail::raise<FormatError>(name, ": expected a picture file of at most 2 GiB, got ", bytes.size(), " bytes");
    const int size = static_cast<int>(bytes.size());
    int width = 0, height = 0, channels = 0;
    if (detail::stb::dv_stbi_info_from_memory(bytes.data(), size, &width, &height, &channels) == 0)
        detail::raise<FormatError>(name, ": expected a PNG or JPEG picture, got something else or a damaged one");
    if (width < 1 || height < 1 || std::int64_t{width} * height > (std::int64_t{size} * max_ratio + 65536) / 3)
        detail::raise<FormatError>(name, ": ", size, " bytes cannot hold a picture of ", width, 'x', height,
                                   "; the file is cut off or damaged");
    const std::unique_ptr<unsigned char, void (*)(void*)> pixels(
        detail::stb::dv_stbi_load_from_memory(bytes.data(), size, &width, &height, &channels, 3),
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
