/// @file
/// A TrueType font file. stb_truetype trusts its input; this checks what it will follow.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/detail/glyph.hpp"
#include "deconvviz/io/detail/stb_truetype.hpp"

namespace deconvviz::detail {

/// A font whose bytes stay in memory. The bytes are followed by `padding` zeros: from any position in the file, stb
/// reads at most that far, since every count within a glyph and a table has 16 bits (the one of 32 is checked). So it
/// is enough that positions lie in the file; that glyphs do not contain themselves is checked before each is drawn.
class TrueTypeFont final : public FontFace {
  public:
    /// Throws FormatError where this is not a TrueType font with outlines, or its tables do not fit in the file.
    TrueTypeFont(std::span<const unsigned char> file, std::string name) : name_(std::move(name)), size_(file.size()) {
        require(size_ >= 12 && size_ < std::size_t{1} << 30, "expected a TrueType font, got a file of another size");
        bytes_.assign(file.begin(), file.end());
        bytes_.resize(size_ + padding);
        check_tables();
        require(stb::dv_stbtt_InitFont(&info_, bytes_.data(), 0) != 0, "expected a TrueType font with a Unicode table");
        info_.gpos = 0;  // kerning comes from the old table alone: the new one is a maze of offsets
        const auto head = static_cast<std::size_t>(info_.head), map = static_cast<std::size_t>(info_.index_map);
        const unsigned units = u16(head + 18);
        require(units >= 16 && units <= 16384, "the units per em are not in 16 ... 16384");
        require(map < size_, "the character map lies beyond the end");
        const unsigned format = u16(map);
        require(format == 0 || format == 4 || format == 6 || format == 12 || format == 13,
                "the character map has an unknown format");
        if (format >= 12)
            require(map + 16 + std::uint64_t{12} * u32(map + 12) <= size_, "the character map is cut off");
        units_per_em_ = units;
        stb::dv_stbtt_GetFontVMetrics(&info_, &ascent_, &descent_, nullptr);
    }

    double units_per_em() const override { return units_per_em_; }
    double ascent() const override { return ascent_; }
    double descent() const override { return -static_cast<double>(descent_); }

    /// The height of a capital letter in font units; 0.7 em where the font has no H.
    double cap_height() const override {
        const int h = index(U'H');
        if (h == 0) return 0.7 * units_per_em_;
        const std::int64_t at = outline(static_cast<unsigned>(h));
        return at < 0 ? 0.7 * units_per_em_ : static_cast<std::int16_t>(u16(static_cast<std::size_t>(at) + 8));
    }

    /// The glyph of a character; the one of '?' where the font lacks it.
    int index(char32_t character) const override {
        const int found = stb::dv_stbtt_FindGlyphIndex(&info_, static_cast<int>(character));
        const int glyph = found != 0 ? found : stb::dv_stbtt_FindGlyphIndex(&info_, '?');
        return glyph >= 0 && glyph < info_.numGlyphs ? glyph : 0;
    }

    /// How far the pen moves from glyph a when b follows it (0: nothing does), in font units.
    double advance(int a, int b) const override {
        int width = 0;
        stb::dv_stbtt_GetGlyphHMetrics(&info_, a, &width, nullptr);
        return width + (b != 0 && info_.kern != 0 ? stb::dv_stbtt_GetGlyphKernAdvance(&info_, a, b) : 0);
    }

    /// A letter of `size` pixels an em, the pen `shift` pixels right of a pixel's left edge.
    /// Throws FormatError where its outline is damaged.
    Glyph glyph(int index, double size, double shift) const override {
        int components = 0;
        check_outline(static_cast<unsigned>(index), 0, components);
        GlyphArena arena;
        stb::stbtt_fontinfo info = info_;
        info.userdata = &arena;
        const auto scale = static_cast<float>(size / units_per_em_);
        const auto right = static_cast<float>(shift);
        int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
        stb::dv_stbtt_GetGlyphBitmapBoxSubpixel(&info, index, scale, scale, right, 0, &x0, &y0, &x1, &y1);
        const double room = 16 * size + 16;
        require(x1 >= x0 && y1 >= y0 && x1 - x0 <= room && y1 - y0 <= room, "a glyph has no sensible size");
        Glyph glyph{x0, y0, x1 - x0, y1 - y0, {}};
        std::vector<unsigned char> grey(static_cast<std::size_t>(glyph.width * glyph.height));
        if (!grey.empty())
            stb::dv_stbtt_MakeGlyphBitmapSubpixel(&info, grey.data(), x1 - x0, y1 - y0, x1 - x0, scale, scale, right, 0,
                                                  index);
        for (const unsigned char level : grey) glyph.coverage.push_back(static_cast<float>(level) / 255.0F);
        return glyph;
    }

  private:
    static constexpr std::size_t padding = std::size_t{1} << 20;

    void require(bool condition, const char* message) const {
        if (!condition) deconvviz::detail::raise<FormatError>("font ", name_, ": ", message);
    }

    unsigned u16(std::size_t at) const { return static_cast<unsigned>(bytes_[at] << 8 | bytes_[at + 1]); }
    std::uint32_t u32(std::size_t at) const { return std::uint32_t{u16(at)} << 16 | u16(at + 2); }

    void check_tables() const {
        const std::uint32_t version = u32(0);
        require(version == 0x00010000 || version == 0x74727565, "expected a TrueType font, got another format");
        const unsigned tables = u16(4);
        require(12 + std::size_t{16} * tables <= size_, "the table directory is cut off");
        bool outlines = false;
        for (unsigned i = 0; i < tables; ++i) {
            const std::size_t entry = 12 + std::size_t{16} * i;
            const std::uint64_t end = std::uint64_t{u32(entry + 8)} + u32(entry + 12);
            require(end <= size_, "a table lies beyond the end of the file");
            outlines = outlines || u32(entry) == 0x676C7966;  // 'glyf'
        }
        require(outlines, "expected TrueType outlines, found none");
    }

    /// Where the outline of a glyph starts; -1 where it has none.
    std::int64_t outline(unsigned index) const {
        if (index >= static_cast<unsigned>(info_.numGlyphs)) return -1;
        const auto loca = static_cast<std::size_t>(info_.loca);
        const bool is_long = info_.indexToLocFormat != 0;
        const std::uint64_t from =
            is_long ? u32(loca + 4 * std::size_t{index}) : 2 * u16(loca + 2 * std::size_t{index});
        const std::uint64_t to =
            is_long ? u32(loca + 4 * std::size_t{index} + 4) : 2 * u16(loca + 2 * std::size_t{index} + 2);
        if (from == to) return -1;
        const std::uint64_t at = static_cast<std::uint64_t>(info_.glyf) + from;
        require(at < size_, "a glyph lies beyond the end of the file");
        return static_cast<std::int64_t>(at);
    }

    /// Follows the parts of a composed glyph as stb will.
    void check_outline(unsigned index, int depth, int& components) const {
        require(depth < 8 && components < 256, "a glyph is composed of too many others");
        const std::int64_t at = outline(index);
        if (at < 0 || u16(static_cast<std::size_t>(at)) < 0x8000) return;
        std::size_t part = static_cast<std::size_t>(at) + 10;
        for (unsigned flags = 0x20; flags & 0x20;) {
            require(part < size_, "a glyph lies beyond the end of the file");
            flags = u16(part);
            check_outline(u16(part + 2), depth + 1, ++components);
            part += 4;
            if (flags & 0x2) part += flags & 0x1 ? 4 : 2;
            part += flags & 0x8 ? 2 : flags & 0x40 ? 4 : flags & 0x80 ? 8 : 0;
        }
    }

    std::string name_;
    std::size_t size_ = 0;
    std::vector<unsigned char> bytes_;
    stb::stbtt_fontinfo info_{};
    double units_per_em_ = 0;
    int ascent_ = 0, descent_ = 0;
};

}  // namespace deconvviz::detail
