/// @file
/// What the two kinds of font have in common: the picture of a letter, and the reading of UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "deconvviz/core/shape.hpp"

namespace deconvviz::detail {

/// How much of each pixel a letter covers, 0 … 1, rows from the top; (left, top) relative to the pen on the baseline.
struct Glyph {
    Index left = 0;
    Index top = 0;
    Index width = 0;
    Index height = 0;
    std::vector<float> coverage;
};

/// A font that is not built in. Lengths are in font units unless said otherwise.
class FontFace {
  public:
    FontFace() = default;
    FontFace(const FontFace&) = delete;
    FontFace& operator=(const FontFace&) = delete;
    virtual ~FontFace() = default;

    virtual double units_per_em() const = 0;
    virtual double ascent() const = 0;
    virtual double descent() const = 0;
    virtual double cap_height() const = 0;
    /// The glyph of a character; the one of '?' where the font lacks it.
    virtual int index(char32_t character) const = 0;
    /// How far the pen moves from glyph a when b follows it (0: nothing does).
    virtual double advance(int a, int b) const = 0;
    /// A letter of `size` pixels an em, the pen `shift` pixels right of a pixel's left edge.
    virtual Glyph glyph(int index, double size, double shift) const = 0;
};

/// Stands for bytes that are not UTF-8.
inline constexpr char32_t replacement_character = 0xFFFD;

/// Length of the UTF-8 sequence that starts with this byte; 0 where none does.
constexpr std::size_t utf8_length(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

/// The characters of a text; every byte that is not part of a well-formed sequence becomes replacement_character.
inline std::u32string decode_utf8(std::string_view text) {
    std::u32string characters;
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t length = utf8_length(first);
        char32_t character = length == 1 ? first : first & (0x7FU >> length);
        std::size_t read = 1;
        while (read < length && i + read < text.size() && (text[i + read] & 0xC0) == 0x80)
            character = (character << 6) | static_cast<char32_t>(text[i + read++] & 0x3F);
        const bool too_long = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
        const bool surrogate = character >= 0xD800 && character < 0xE000;
        const bool sound = length > 0 && read == length && !too_long && !surrogate && character <= 0x10FFFF;
        characters += sound ? character : replacement_character;
        i += sound ? length : 1;
    }
    return characters;
}

}  // namespace deconvviz::detail
