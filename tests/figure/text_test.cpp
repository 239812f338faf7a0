#include "deconvviz/figure/text.hpp"

#include "deconvviz/figure/truetype.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using namespace deconvviz;
using namespace deconvviz::figure;

namespace {

const std::filesystem::path dejavu = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/// The picture as text, '#' where it is black, '+' where it is grey.
std::string art(const Image& image) {
    std::string text;
    for (Index y = 0; y < image.height(); ++y) {
        for (Index x = 0; x < image.width(); ++x) text += image(x, y) == black ? '#' : image(x, y) == white ? '.' : '+';
        text += '\n';
    }
    return text;
}

Image drawn(std::string_view text, const Font& font, const TextOptions& options = {}) {
    const TextExtent extent = font.measure(text, options.size);
    Image image(options.upward ? extent.height : extent.width, options.upward ? extent.width : extent.height);
    draw_text(image, 0, 0, text, font, options);
    return image;
}

}  // namespace

TEST_CASE("utf8: well-formed and broken") {
    using detail::decode_utf8;
    CHECK(decode_utf8("a\xC3\x97\xE2\x82\xAC\xF0\x9F\x98\x80") == U"a×€\U0001F600");
    CHECK(decode_utf8("\xC3") == U"\uFFFD");
    CHECK(decode_utf8("\xC3z") == U"\uFFFDz");
    CHECK(decode_utf8("\x80\xC0\x80") == U"\uFFFD\uFFFD\uFFFD");  // a stray byte, an overlong zero
    CHECK(decode_utf8("\xED\xA0\x80").size() == 3);               // half of a surrogate pair
    CHECK(decode_utf8("\xF4\x90\x80\x80").size() == 4);           // beyond Unicode
    CHECK(decode_utf8("\xE0\x80\xAF") == U"\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("built-in font: the letter T, pixel by pixel") {
    CHECK(art(drawn("T", {})) ==
          "#####\n"
          "..#..\n"
          "..#..\n"
          "..#..\n"
          "..#..\n"
          "..#..\n"
          "..#..\n"
          ".....\n"
          ".....\n");
    CHECK(drawn("T", {}, {.size = 24}) == enlarge(drawn("T", {}), 2));
    const std::string half = art(drawn("T", {}, {.size = 18}));  // 1.5 pixels a stroke, the baseline at pixel 11
    CHECK(half.substr(0, 18) == "++++++++\n#######+\n");
}

TEST_CASE("built-in font: upward text is turned to the left") {
    const Image upright = drawn("Lj", {}), turned = drawn("Lj", {}, {.upward = true});
    REQUIRE(turned.width() == upright.height());
    for (Index y = 0; y < upright.height(); ++y)
        for (Index x = 0; x < upright.width(); ++x) CHECK(turned(y, upright.width() - 1 - x) == upright(x, y));
}

TEST_CASE("built-in font: measures, lines and characters that it lacks") {
    const Font font;
    CHECK(font.measure("", 12).width == 0);
    CHECK(font.measure("T", 12).width == 5);
    CHECK(font.measure("TT", 12).width == 12);
    CHECK(font.measure("T\nTT", 12).width == 12);
    CHECK(font.measure("T\nTT", 12).height == font.measure("T", 12).height + 12);
    CHECK(drawn("\xE2\x82\xAC", font) == drawn("?", font));
    CHECK(drawn("\x01", font) == drawn("?", font));
    CHECK(drawn("3\xC3\x97"
                "3",
                font) == drawn("3x3", font));
    const Image right = drawn("TT\nT", font, {.align = Align::end});
    CHECK(right(7, 12) == black);
    CHECK(right(0, 12) == white);
    CHECK_THROWS_AS(font.measure("T", 0), OptionError);
    CHECK_THROWS_AS(font.measure("T", std::nan("")), OptionError);
}

TEST_CASE("text: drawing is clipped") {
    Image image(3, 3);
    draw_text(image, -100, -100, "far away", {});
    CHECK(image == Image(3, 3));
    draw_text(image, -2, 0, "T", {});
    CHECK(art(image) == "###\n#..\n#..\n");
    Image none;
    draw_text(none, 0, 0, "T", {});
}

TEST_CASE("font file: what is no font") {
    const auto path = std::filesystem::temp_directory_path() / ("deconvviz_font_" + std::to_string(::getpid()));
    CHECK_THROWS_AS(figure::load_font(path), IoError);
    CHECK_THROWS_AS(figure::load_font("/tmp"), IoError);
    std::string damaged("\0\1\0\0\xFF\xFF", 6);
    damaged.append(5000, '\xFF');
    for (const std::string& content : {std::string(), std::string("OTTO"), std::string(5000, '\0'), damaged}) {
        std::ofstream(path, std::ios::binary) << content;
        CHECK_THROWS_AS(figure::load_font(path), FormatError);
    }
    std::filesystem::remove(path);
}

TEST_CASE("font file: DejaVu Sans" * doctest::skip(!std::filesystem::exists(dejavu))) {
    const Font font = figure::load_font(dejavu);
    const FontMetrics metrics = font.metrics(100);
    CHECK(metrics.cap_height == 73);
    CHECK(metrics.ascent > metrics.cap_height);
    CHECK(font.measure("mm", 100).width > font.measure("ii", 100).width);
    CHECK(font.measure("AV", 100).width < font.measure("A", 100).width + font.measure("V", 100).width);  // kerned
    const std::string accent = art(drawn("\xC3\xA9", font, {.size = 40}));  // é is composed of two glyphs
    CHECK(accent != art(drawn("e", font, {.size = 40})));
    CHECK(art(drawn("\xF3\xB0\x80\x80", font, {.size = 40})) == art(drawn("?", font, {.size = 40})));

    // An H: two upright bars and a bar across, no more
    const Image h = drawn("H", font, {.size = 100});
    const Index middle = metrics.ascent - metrics.cap_height / 4;
    Index changes = 0;
    for (Index x = 1; x < h.width(); ++x) changes += (h(x, middle).r < 128) != (h(x - 1, middle).r < 128);
    CHECK(changes == 4);
}

TEST_CASE("font file: damaged fonts are refused or drawn, never worse" *
          doctest::skip(!std::filesystem::exists(dejavu))) {
    std::ifstream file(dejavu, std::ios::binary);
    const std::vector<char> sound((std::istreambuf_iterator<char>(file)), {});
    const auto path = std::filesystem::temp_directory_path() / ("deconvviz_broken_" + std::to_string(::getpid()));
    std::mt19937 engine(3);
    int refused = 0;
    constexpr int rounds = 60;
    for (int round = 0; round < rounds; ++round) {
        std::vector<char> bytes = sound;
        const std::size_t reach = round % 3 == 0 ? 300 : bytes.size();  // the table directory, or anywhere
        const int hits = round % 3 == 0 ? 3 : 20000;
        for (int i = 0; i < hits; ++i) bytes[engine() % reach] = static_cast<char>(engine());
        if (round % 5 == 4) bytes.resize(engine() % bytes.size());
        std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        try {
            drawn("Hamburg \xC3\xA9\xC3\x84 0123 \xE2\x82\xAC", figure::load_font(path), {.size = 30});
        } catch (const FormatError&) {
            ++refused;
        }
    }
    std::filesystem::remove(path);
    CHECK(refused > 0);
    CHECK(refused < rounds);
}
