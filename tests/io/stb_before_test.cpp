// The user's own stb_image, compiled in this file ahead of ours: each keeps to itself.
#define STB_IMAGE_IMPLEMENTATION
#define STBI_NO_JPEG
#include <stb/stb_image.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "deconvviz/io/image_file.hpp"
//
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#ifndef STB_IMAGE_IMPLEMENTATION
#error "the user's macro is gone"
#endif
#ifndef STBI_NO_JPEG
#error "the user's macro is gone"
#endif
#ifdef STBI_NO_STDIO
#error "a macro of ours leaked"
#endif
#ifdef STBI_ONLY_PNG
#error "a macro of ours leaked"
#endif

using namespace deconvviz;

namespace {

struct Decoded {
    int width = 0, height = 0, channels = 0;
    std::unique_ptr<unsigned char, void (*)(void*)> bytes{nullptr, stbi_image_free};
};

Decoded decode(const std::vector<unsigned char>& png) {
    Decoded d;
    d.bytes.reset(stbi_load_from_memory(png.data(), static_cast<int>(png.size()), &d.width, &d.height, &d.channels, 0));
    return d;
}

}  // namespace

TEST_CASE("save_png: the user's decoder reads back every pixel") {
    figure::Image image(7, 3);
    for (Index y = 0; y < 3; ++y)
        for (Index x = 0; x < 7; ++x)
            image(x, y) = {static_cast<std::uint8_t>(30 * x), static_cast<std::uint8_t>(100 * y), 7};
    const auto path = std::filesystem::temp_directory_path() / ("deconvviz_" + std::to_string(::getpid()) + ".png");
    save_png(path, image);
    int width = 0, height = 0, channels = 0;
    unsigned char* bytes = stbi_load(path.c_str(), &width, &height, &channels, 0);
    std::filesystem::remove(path);
    REQUIRE(bytes != nullptr);
    CHECK(width == 7);
    CHECK(height == 3);
    CHECK(channels == 3);
    for (Index y = 0; y < 3; ++y)
        for (Index x = 0; x < 7; ++x) {
            const unsigned char* p = bytes + 3 * (y * 7 + x);
            CHECK(image(x, y) == figure::Color{p[0], p[1], p[2]});
        }
    stbi_image_free(bytes);
}

TEST_CASE("encode_png: one pixel, and sizes that are refused") {
    const unsigned char red[3] = {255, 0, 0};
    const Decoded one = decode(detail::encode_png(red, 1, 1));
    REQUIRE(one.bytes);
    CHECK(one.width == 1);
    CHECK(one.bytes.get()[0] == 255);
    CHECK(one.bytes.get()[1] == 0);
    CHECK_THROWS_AS(detail::encode_png({}, 0, 5), OptionError);
    CHECK_THROWS_AS(detail::encode_png({}, 1 << 20, 1 << 20), OptionError);
    CHECK_THROWS_AS(save_png("never.png", figure::Image()), OptionError);
}
