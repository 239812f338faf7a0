#include "deconvviz/figure/image.hpp"

#include <doctest/doctest.h>

using namespace deconvviz;
using namespace deconvviz::figure;

namespace {

constexpr Color red{255, 0, 0};

/// A picture whose pixel (x, y) has the red value 10 y + x.
Image numbered(Index width, Index height) {
    Image image(width, height);
    for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x) image(x, y) = {static_cast<std::uint8_t>(10 * y + x), 0, 0};
    return image;
}

Index count(const Image& image, Color color) {
    Index n = 0;
    for (const Color pixel : image.pixels()) n += pixel == color;
    return n;
}

}  // namespace

TEST_CASE("image: sizes") {
    CHECK(Image().empty());
    CHECK(Image(0, 7).empty());
    const Image six(3, 2);
    CHECK(six.pixels().size() == 6);
    CHECK(Image(3, 2)(2, 1) == white);
    CHECK_THROWS_WITH_AS(Image(-1, 2), "image: expected a size of 0 to 268435456 pixels, got -1x2", OptionError);
    CHECK_THROWS_AS(Image(Index{1} << 40, Index{1} << 40), OptionError);
}

TEST_CASE("image: fill and outline are clipped") {
    Image image(4, 3);
    image.fill(-2, 1, 4, 9, red);
    CHECK(count(image, red) == 4);
    CHECK(image(1, 1) == red);
    CHECK(image(2, 1) == white);
    CHECK(image(0, 0) == white);

    Image frame(5, 4);
    frame.outline(0, 0, 5, 4, red);
    CHECK(count(frame, red) == 14);
    CHECK(frame(1, 1) == white);
    frame.outline(-1, -1, 7, 6, black);
    CHECK(count(frame, black) == 0);
    Image thick(4, 4);
    thick.outline(0, 0, 4, 4, red, 100);
    CHECK(count(thick, red) == 16);
}

TEST_CASE("image: blit, crop and enlarge move pixels to where they belong") {
    const Image source = numbered(3, 2);
    Image image(4, 4);
    image.blit(source, 2, -1);
    CHECK(image(2, 0) == source(0, 1));
    CHECK(image(3, 0) == source(1, 1));
    CHECK(count(image, white) == 14);

    const Image part = crop(source, 1, 0, 2, 2);
    CHECK(part.width() == 2);
    CHECK(part(0, 1) == source(1, 1));
    CHECK(part(1, 0) == source(2, 0));
    CHECK_THROWS_AS(crop(source, 2, 0, 2, 1), OptionError);

    const Image large = enlarge(source, 3);
    CHECK(large.width() == 9);
    CHECK(large.height() == 6);
    for (Index y = 0; y < 6; ++y)
        for (Index x = 0; x < 9; ++x) CHECK(large(x, y) == source(x / 3, y / 3));
    CHECK_THROWS_AS(enlarge(source, 0), OptionError);
}

TEST_CASE("image: mixing colours") {
    CHECK(mix({0, 100, 255}, {100, 0, 255}, 0.0) == Color{0, 100, 255});
    CHECK(mix({0, 100, 255}, {100, 0, 255}, 1.0) == Color{100, 0, 255});
    CHECK(mix({0, 100, 255}, {100, 0, 255}, 0.25) == Color{25, 75, 255});
    Image image(1, 1, black);
    image.blend(0, 0, white, 0.5);
    CHECK(image(0, 0) == Color{128, 128, 128});
    image.blend(1, 0, red, 1);
    image.blend(0, -1, red, 1);
    CHECK(image(0, 0) == Color{128, 128, 128});
}

TEST_CASE("image: resize_area takes the mean of what a pixel covers") {
    Image image(3, 1);
    image(0, 0) = {0, 0, 0};
    image(1, 0) = {90, 0, 0};
    image(2, 0) = {240, 0, 0};
    const Image half = resize_area(image, 2, 1);  // (0 + 90/2) / 1.5 and (90/2 + 240) / 1.5
    CHECK(half(0, 0).r == 30);
    CHECK(half(1, 0).r == 190);
    const Image one = resize_area(image, 1, 1);
    CHECK(one(0, 0).r == 110);
    CHECK(resize_area(image, 3, 1) == image);
    CHECK(resize_area(image, 9, 3) == enlarge(image, 3));
    CHECK_THROWS_AS(resize_area(Image(), 1, 1), OptionError);
}
