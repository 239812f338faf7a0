// Pictures from files: values as Pillow decodes them, and files that are none, damaged or boastful.
#include "deconvviz/io/read_image.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/io/detail/stb_png.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;
using Bytes = std::vector<unsigned char>;

namespace {

// Made by Pillow 9.4: 12x8 pixels, the left half (200,40,90), the right half (20,150,220), quality 90
const Bytes jpeg{
    255, 216, 255, 224, 0,   16,  74,  70,  73,  70,  0,   1,   1,   0,   0,   1,   0,   1,   0,   0,   255, 219, 0,
    67,  0,   3,   2,   2,   3,   2,   2,   3,   3,   3,   3,   4,   3,   3,   4,   5,   8,   5,   5,   4,   4,   5,
    10,  7,   7,   6,   8,   12,  10,  12,  12,  11,  10,  11,  11,  13,  14,  18,  16,  13,  14,  17,  14,  11,  11,
    16,  22,  16,  17,  19,  20,  21,  21,  21,  12,  15,  23,  24,  22,  20,  24,  18,  20,  21,  20,  255, 219, 0,
    67,  1,   3,   4,   4,   5,   4,   5,   9,   5,   5,   9,   20,  13,  11,  13,  20,  20,  20,  20,  20,  20,  20,
    20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,
    20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  20,  255, 192, 0,
    17,  8,   0,   8,   0,   12,  3,   1,   17,  0,   2,   17,  1,   3,   17,  1,   255, 196, 0,   31,  0,   0,   1,
    5,   1,   1,   1,   1,   1,   1,   0,   0,   0,   0,   0,   0,   0,   0,   1,   2,   3,   4,   5,   6,   7,   8,
    9,   10,  11,  255, 196, 0,   181, 16,  0,   2,   1,   3,   3,   2,   4,   3,   5,   5,   4,   4,   0,   0,   1,
    125, 1,   2,   3,   0,   4,   17,  5,   18,  33,  49,  65,  6,   19,  81,  97,  7,   34,  113, 20,  50,  129, 145,
    161, 8,   35,  66,  177, 193, 21,  82,  209, 240, 36,  51,  98,  114, 130, 9,   10,  22,  23,  24,  25,  26,  37,
    38,  39,  40,  41,  42,  52,  53,  54,  55,  56,  57,  58,  67,  68,  69,  70,  71,  72,  73,  74,  83,  84,  85,
    86,  87,  88,  89,  90,  99,  100, 101, 102, 103, 104, 105, 106, 115, 116, 117, 118, 119, 120, 121, 122, 131, 132,
    133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151, 152, 153, 154, 162, 163, 164, 165, 166, 167, 168, 169,
    170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195, 196, 197, 198, 199, 200, 201, 202, 210, 211, 212, 213,
    214, 215, 216, 217, 218, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 241, 242, 243, 244, 245, 246, 247, 248,
    249, 250, 255, 196, 0,   31,  1,   0,   3,   1,   1,   1,   1,   1,   1,   1,   1,   1,   0,   0,   0,   0,   0,
    0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  255, 196, 0,   181, 17,  0,   2,   1,   2,   4,   4,
    3,   4,   7,   5,   4,   4,   0,   1,   2,   119, 0,   1,   2,   3,   17,  4,   5,   33,  49,  6,   18,  65,  81,
    7,   97,  113, 19,  34,  50,  129, 8,   20,  66,  145, 161, 177, 193, 9,   35,  51,  82,  240, 21,  98,  114, 209,
    10,  22,  36,  52,  225, 37,  241, 23,  24,  25,  26,  38,  39,  40,  41,  42,  53,  54,  55,  56,  57,  58,  67,
    68,  69,  70,  71,  72,  73,  74,  83,  84,  85,  86,  87,  88,  89,  90,  99,  100, 101, 102, 103, 104, 105, 106,
    115, 116, 117, 118, 119, 120, 121, 122, 130, 131, 132, 133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151,
    152, 153, 154, 162, 163, 164, 165, 166, 167, 168, 169, 170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195,
    196, 197, 198, 199, 200, 201, 202, 210, 211, 212, 213, 214, 215, 216, 217, 218, 226, 227, 228, 229, 230, 231, 232,
    233, 234, 242, 243, 244, 245, 246, 247, 248, 249, 250, 255, 218, 0,   12,  3,   1,   0,   2,   17,  3,   17,  0,
    63,  0,   243, 95,  15,  255, 0,   200, 94,  223, 254, 5,   255, 0,   160, 154, 250, 46,  25,  255, 0,   145, 181,
    31,  251, 123, 255, 0,   73,  145, 251, 79,  139, 223, 242, 68,  227, 255, 0,   238, 31,  254, 158, 166, 118, 85,
    251, 177, 254, 108, 159, 255, 217};
// 2x2 grey: 0 255, 10 128
const Bytes grey_png{137, 80, 78,  71,  13, 10,  26,  10, 0,  0,   0,   13,  73,  72,  68,  82, 0,   0,
                     0,   2,  0,   0,   0,  2,   8,   0,  0,  0,   0,   87,  221, 82,  248, 0,  0,   0,
                     14,  73, 68,  65,  84, 120, 156, 99, 96, 248, 207, 200, 85,  6,   0,   4,  143, 1,
                     129, 91, 108, 140, 34, 0,   0,   0,  0,  73,  69,  78,  68,  174, 66,  96, 130};
// 2x1 RGBA: (1,2,3,0) (255,254,253,128)
const Bytes rgba_png{137, 80,  78, 71,  13,  10, 26, 10,  0,  0,   0,   13,  73,  72,  68, 82, 0,  0,   0,
                     2,   0,   0,  0,   1,   8,  6,  0,   0,  0,   244, 34,  127, 138, 0,  0,  0,  17,  73,
                     68,  65,  84, 120, 156, 99, 96, 100, 98, 102, 248, 255, 239, 111, 3,  0,  9,  161, 3,
                     129, 124, 90, 192, 234, 0,  0,  0,   0,  73,  69,  78,  68,  174, 66, 96, 130};

Bytes png(const Image& image) {
    Bytes rgb;
    for (const Color& pixel : image.pixels()) rgb.insert(rgb.end(), {pixel.r, pixel.g, pixel.b});
    return detail::encode_png(rgb, image.width(), image.height());
}

bool near(const Color& a, const Color& b, int most) {
    return std::abs(a.r - b.r) <= most && std::abs(a.g - b.g) <= most && std::abs(a.b - b.b) <= most;
}

std::string refusal(const Bytes& bytes) {
    try {
        (void)decode_image(bytes, "a");
    } catch (const FormatError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

/// One of the files that fuzzing begins with.
Bytes found(const std::string& name) {
    std::ifstream file(std::filesystem::path(DECONVVIZ_SOURCE_DIR) / "tests/fuzz/corpus/picture" / name,
                       std::ios::binary);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("read image: a PNG comes back as it was written") {
    Image image(7, 5);
    for (Index i = 0; i < 35; ++i)
        image(i % 7, i / 7) = {static_cast<unsigned char>(7 * i), static_cast<unsigned char>(255 - i),
                               static_cast<unsigned char>(i * i % 256)};
    CHECK(decode_image(png(image), "a") == image);
    const Image grey = decode_image(grey_png, "a");
    CHECK(grey(0, 0) == Color{0, 0, 0});
    CHECK(grey(1, 0) == Color{255, 255, 255});
    CHECK(grey(0, 1) == Color{10, 10, 10});
    CHECK(grey(1, 1) == Color{128, 128, 128});
    const Image transparent = decode_image(rgba_png, "a");
    CHECK(transparent(0, 0) == Color{1, 2, 3});
    CHECK(transparent(1, 0) == Color{255, 254, 253});
}

TEST_CASE("read image: a JPEG has the colours that Pillow decodes, within rounding") {
    const Image image = decode_image(jpeg, "a");
    REQUIRE(image.width() == 12);
    REQUIRE(image.height() == 8);
    CHECK(near(image(0, 0), {203, 39, 92}, 2));
    CHECK(near(image(11, 7), {19, 150, 220}, 2));
}

TEST_CASE("read image: anything else, and whatever is damaged, is refused or decoded to some picture") {
    CHECK(refusal({}) == "a: expected a PNG or JPEG picture, got something else or a damaged one");
    CHECK(refusal({'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0, 0, 0}) ==
          "a: expected a PNG or JPEG picture, got something else or a damaged one");
    for (const Bytes& whole : {jpeg, grey_png, rgba_png})
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            Index width = 0;
            try {  // JPEG decoders show what has come so far
                width = decode_image(part, "a").width();
            } catch (const FormatError&) {
                width = 1;
            }
            CHECK(width > 0);
        }
    CHECK_THROWS_AS(decode_image(Bytes(grey_png.begin(), grey_png.end() - 30), "a"), FormatError);
    CHECK_THROWS_AS(load_image("no such file.png"), IoError);
}

TEST_CASE("read image: a few bytes that claim a huge picture cost no memory") {
    Bytes boastful = grey_png;  // width and height at 16 and 20
    boastful[18] = 0x20;
    boastful[22] = 0x20;
    CHECK(refusal(boastful) == "a: 71 bytes cannot hold a picture of 8194x8194; the file is cut off or damaged");
    boastful[18] = boastful[22] = 0x24;  // 9218 x 9218 are possible in 300 kB, but a bomb
    boastful[19] = boastful[23] = 0x02;
    boastful.resize(300'000);
    CHECK(refusal(boastful) == "a: 300000 bytes cannot hold a picture of 9218x9218; the file is cut off or damaged");
    CHECK(refusal(found("chunk_of_a_gigabyte.png")) ==
          "a: the picture of 5x6 cannot be decoded: it is cut off, damaged or of a rare kind");
    CHECK(refusal(found("thin_sampled_4x4.jpg")) ==
          "a: the picture of 1x60000 cannot be decoded: it is cut off, damaged or of a rare kind");
}

TEST_CASE("read image: nothing is inflated beyond what the picture needs") {
    const Bytes bomb = found("megabytes_for_one_pixel.png");  // four of them
    CHECK(refusal(bomb) == "a: the picture of 1x1 cannot be decoded: it is cut off, damaged or of a rare kind");
}

TEST_CASE("read image: JPEGs that stb would not survive, or would take for ever") {
    for (const char* name : {"codes_beyond_their_table.jpg", "codes_beyond_their_table_and_the_end.jpg"})
        CHECK(refusal(found(name)) == "a: expected a PNG or JPEG picture, got something else or a damaged one");
    CHECK(refusal(found("scans_without_end.jpg")) ==
          "a: 1500 scans are more than a JPEG of 2200x2200 in 15023 bytes can need");
}
