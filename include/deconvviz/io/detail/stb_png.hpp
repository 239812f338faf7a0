/// @file
/// Encoding of PNG.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/io/detail/stb_image_write.hpp"

namespace deconvviz::detail {

/// The bytes of a PNG file for `rgb`, rows of width * 3 bytes. Throws OptionError for an empty picture or one that is
/// larger than the encoder can count.
inline std::vector<unsigned char> encode_png(std::span<const unsigned char> rgb, Index width, Index height) {
    constexpr Index limit = std::numeric_limits<int>::max() / 8;
    if (width < 1 || height < 1 || width > limit / 3 / height)
        detail::raise<OptionError>("PNG: expected a picture of 1 to ", limit / 3, " pixels, got ", width, 'x', height);
    std::vector<unsigned char> bytes;
    const auto append = [](void* context, void* data, int size) {
        const auto* first = static_cast<const unsigned char*>(data);
        auto& all = *static_cast<std::vector<unsigned char>*>(context);
        all.insert(all.end(), first, first + size);
    };
    const int columns = static_cast<int>(width);
    if (stb::dv_stbi_write_png_to_func(append, &bytes, columns, static_cast<int>(height), 3, rgb.data(), columns * 3) ==
        0)
        detail::raise<OptionError>("PNG: a picture of ", width, 'x', height, " does not fit in memory");
    return bytes;
}

}  // namespace deconvviz::detail
