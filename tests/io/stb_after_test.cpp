// Our stb headers ahead of the user's, in a second file of the same program.
#include "deconvviz/figure/text.hpp"
#include "deconvviz/io/image_file.hpp"
//
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // the user's copy of stb_image, under g++ -fsanitize=thread
#endif
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#define STB_TRUETYPE_IMPLEMENTATION
#define STBTT_STATIC
#include <doctest/doctest.h>
#include <stb/stb_easy_font.h>
#include <stb/stb_truetype.h>

#include <array>
#include <vector>

#include "deconvviz/io/detail/stb_zlib.hpp"

using namespace deconvviz;

TEST_CASE("stb: ours does not stand in the way of the user's") {
    char letter[] = "A";
    CHECK(stb_easy_font_width(letter) == 6);
    const unsigned char blue[3] = {0, 0, 255};
    const auto png = detail::encode_png(blue, 1, 1);
    int width = 0, height = 0, channels = 0;
    CHECK(stbi_info_from_memory(png.data(), static_cast<int>(png.size()), &width, &height, &channels) == 1);
    CHECK(channels == 3);
}

TEST_CASE("inflate_raw: stored, fixed, broken") {
    const std::vector<unsigned char> stored{0x01, 0x03, 0x00, 0xFC, 0xFF, 'a', 'b', 'c'};
    std::array<unsigned char, 3> out{};
    CHECK(detail::inflate_raw(stored, out));
    CHECK(out == std::array<unsigned char, 3>{'a', 'b', 'c'});

    // "aaaaaaaaaa" by the fixed codes: a literal, then a run of nine at distance one
    const std::vector<unsigned char> run{0x4B, 0x84, 0x03, 0x00};
    std::array<unsigned char, 10> as{};
    CHECK(detail::inflate_raw(run, as));
    CHECK(as == std::array<unsigned char, 10>{'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'});

    std::array<unsigned char, 9> short_by_one{};
    std::array<unsigned char, 11> long_by_one{};
    CHECK(!detail::inflate_raw(run, short_by_one));
    CHECK(!detail::inflate_raw(run, long_by_one));
    CHECK(!detail::inflate_raw({}, out));
    CHECK(!detail::inflate_raw(std::vector<unsigned char>{0x07, 0x00}, out));  // block type 3 does not exist
    CHECK(!detail::inflate_raw(std::vector<unsigned char>{0x01, 0x03, 0x00, 0xFC, 0xFE, 'a', 'b', 'c'}, out));
    CHECK(!detail::inflate_raw(std::vector<unsigned char>{0x01, 0x03, 0x00, 0xFC, 0xFF, 'a'}, out));
    const std::vector<unsigned char> empty{0x03, 0x00};
    CHECK(detail::inflate_raw(empty, {}));
}

TEST_CASE("inflate_raw: a stream cut anywhere does not pass") {
    const std::vector<unsigned char> whole{0x4B, 0x84, 0x03, 0x00};
    std::array<unsigned char, 10> out{};
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK(!detail::inflate_raw(std::span(whole).first(length), out));
    CHECK(detail::inflate_raw(whole, out));
    CHECK(!detail::inflate_raw(std::vector<unsigned char>{0x4B, 0x84, 0x01, 0x00}, out));  // nine times 'a'
}
