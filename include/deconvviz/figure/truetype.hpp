/// @file
/// Fonts from TrueType files. Not part of the umbrella header: few programs need it, and it would cost all of them half
/// a second of compilation.
#pragma once

#include <filesystem>
#include <memory>

#include "deconvviz/figure/detail/truetype_font.hpp"
#include "deconvviz/figure/text.hpp"
#include "deconvviz/io/detail/read_file.hpp"

namespace deconvviz::figure {

/// Reads a TrueType file (.ttf with TrueType outlines). Throws IoError where it cannot be read, FormatError where it is
/// not such a font; a damaged glyph throws FormatError when it is drawn. Copies of the font share the file's bytes.
///
///     figure::Style style{.font = figure::load_font("DejaVuSans.ttf")};
inline Font load_font(const std::filesystem::path& path) {
    return Font(
        std::make_shared<const deconvviz::detail::TrueTypeFont>(deconvviz::detail::read_file(path), path.string()));
}

}  // namespace deconvviz::figure
