/// @file
/// Text in pictures.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/detail/builtin_font.hpp"
#include "deconvviz/figure/detail/glyph.hpp"
#include "deconvviz/figure/image.hpp"

namespace deconvviz::figure {

/// Where lines lie within the text's extent, and pictures beside each other.
enum class Align { start, center, end };

/// How a text is drawn.
struct TextOptions {
    double size = 12;
    Color color = black;
    Align align = Align::start;  ///< of lines of different width among each other
    bool upward = false;         ///< turned by 90 degrees, reading from the bottom to the top
};

/// Distances from the baseline, in pixels.
struct FontMetrics {
    Index ascent = 0;       ///< up to the top of the highest letters
    Index descent = 0;      ///< down to the bottom of the lowest ones
    Index cap_height = 0;   ///< up to the top of capitals
    Index line_height = 0;  ///< to the next baseline
};

/// The extent of a text in pixels.
struct TextExtent {
    Index width = 0;
    Index height = 0;
};

class Font;

/// Draws a text into the box whose upper left corner is (x, y) and whose extent is what `font.measure` tells (its two
/// sides swapped where the text runs upward). Clipped to the image.
/// Throws OptionError for a size outside [4, 1000], FormatError for a damaged glyph of a font file.
inline void draw_text(Image& image, Index x, Index y, std::string_view text, const Font& font,
                      const TextOptions& options = {});

/// A font, as a value: copies share the file's bytes. The default one is built in, needs no file and so gives the same
/// pixels everywhere; it has the letters of ASCII, draws some typographic signs by the nearest of them (× as x) and
/// others as '?', and is sharpest at sizes that are a multiple of 12 pixels.
class Font {
  public:
    Font() = default;

    /// A font of another kind; load_font (figure/truetype.hpp) makes one of a file.
    explicit Font(std::shared_ptr<const deconvviz::detail::FontFace> face) : face_(std::move(face)) {}

    /// Throws OptionError for a size outside [4, 1000].
    FontMetrics metrics(double size) const {
        check_size(size);
        const auto up = [](double x) { return static_cast<Index>(std::ceil(x - 1e-6)); };
        if (!face_) {
            const double unit = size / deconvviz::detail::builtin_units;
            const Index cap = up(deconvviz::detail::builtin_baseline * unit);
            return {cap, up(deconvviz::detail::builtin_descent * unit), cap, up(12 * unit)};
        }
        const double scale = size / face_->units_per_em();
        return {up(std::clamp(face_->ascent() * scale, 0.0, 4 * size)),
                up(std::clamp(face_->descent() * scale, 0.0, 4 * size)),
                up(std::clamp(face_->cap_height() * scale, 0.0, 4 * size)), up(1.25 * size)};
    }

    /// The extent of a text, whose lines end in '\n': the longest line's advance; all lines from ascent to descent.
    TextExtent measure(std::string_view text, double size) const {
        const FontMetrics font = metrics(size);
        TextExtent extent{0, font.ascent + font.descent - font.line_height};
        for (const std::u32string& line : lines(text)) {
            extent.width = std::max(extent.width, static_cast<Index>(std::ceil(place(line, size, nullptr) - 1e-6)));
            extent.height += font.line_height;
        }
        return extent;
    }

  private:
    friend void draw_text(Image&, Index, Index, std::string_view, const Font&, const TextOptions&);

    /// One letter of a line, and where its pen stands.
    struct Placed {
        char32_t character = 0;
        double x = 0;
    };

    static std::vector<std::u32string> lines(std::string_view text) {
        std::vector<std::u32string> all(1);
        for (const char32_t character : deconvviz::detail::decode_utf8(text)) {
            if (character == U'\n')
                all.emplace_back();
            else
                all.back() += character;
        }
        return all;
    }

    /// The width of a line; where each letter stands goes to `placed`, unless that is null.
    double place(const std::u32string& line, double size, std::vector<Placed>* placed) const {
        double pen = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (placed) placed->push_back({line[i], pen});
            if (!face_) {
                pen += deconvviz::detail::builtin_advance(line[i]) * size / deconvviz::detail::builtin_units;
                continue;
            }
            const int next = i + 1 < line.size() ? face_->index(line[i + 1]) : 0;
            pen += face_->advance(face_->index(line[i]), next) * size / face_->units_per_em();
        }
        if (!face_ && !line.empty())
            pen -= 2 * size / deconvviz::detail::builtin_units;  // the gap behind the last letter
        return std::clamp(pen, 0.0, 1e6);
    }

    deconvviz::detail::Glyph glyph(char32_t character, double size, double shift) const {
        if (face_) return face_->glyph(face_->index(character), size, shift);
        return deconvviz::detail::builtin_glyph(character, size / deconvviz::detail::builtin_units, shift);
    }

    static void check_size(double size) {
        if (!(size >= 4 && size <= 1000))
            deconvviz::detail::raise<OptionError>("text: expected a size of 4 to 1000 pixels, got ", size);
    }

    std::shared_ptr<const deconvviz::detail::FontFace> face_;
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// The gap before something of extent `part` in something of extent `whole`.
constexpr Index aligned(figure::Align align, Index whole, Index part) {
    return align == figure::Align::start ? 0 : align == figure::Align::center ? (whole - part) / 2 : whole - part;
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

inline void draw_text(Image& image, Index x, Index y, std::string_view text, const Font& font,
                      const TextOptions& options) {
    const TextExtent extent = font.measure(text, options.size);
    const FontMetrics metrics = font.metrics(options.size);
    Index baseline = metrics.ascent;
    for (const std::u32string& line : Font::lines(text)) {
        std::vector<Font::Placed> letters;
        const auto width = static_cast<Index>(std::ceil(font.place(line, options.size, &letters) - 1e-6));
        const Index indent = deconvviz::detail::aligned(options.align, extent.width, width);
        for (const Font::Placed& letter : letters) {
            const double whole = std::floor(letter.x);
            const auto glyph = font.glyph(letter.character, options.size, letter.x - whole);
            const Index left = indent + static_cast<Index>(whole) + glyph.left;
            for (Index i = 0; i < static_cast<Index>(glyph.coverage.size()); ++i) {
                const Index u = left + i % glyph.width, v = baseline + glyph.top + i / glyph.width;
                const double weight = glyph.coverage[static_cast<std::size_t>(i)];
                if (options.upward)
                    image.blend(x + v, y + extent.width - 1 - u, options.color, weight);
                else
                    image.blend(x + u, y + v, options.color, weight);
            }
        }
        baseline += metrics.line_height;
    }
}

}  // namespace deconvviz::figure
