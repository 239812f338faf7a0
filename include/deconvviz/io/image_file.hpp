/// @file
/// Pictures as files.
#pragma once

#include <filesystem>
#include <span>

#include "deconvviz/figure/image.hpp"
#include "deconvviz/io/detail/stb_png.hpp"
#include "deconvviz/io/output_file.hpp"

namespace deconvviz {

/// Writes a PNG file (8-bit RGB, lossless), whole or not at all. The folder must exist.
/// Throws IoError where the file cannot be written, OptionError for an empty picture.
inline void save_png(const std::filesystem::path& path, const figure::Image& image) {
    static_assert(sizeof(figure::Color) == 3);
    const auto pixels = image.pixels();
    write_file(path, detail::encode_png({reinterpret_cast<const unsigned char*>(pixels.data()), pixels.size() * 3},
                                        image.width(), image.height()));
}

}  // namespace deconvviz
