// Pixels of another library: a buffer with gaps between its rows, in every order; and tensors back to pictures.
#include "deconvviz/data/pixels.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;

namespace {

/// Two rows of three pixels, blue, green, red, and seven bytes behind each row that belong to nobody.
constexpr std::size_t stride = 3 * 3 + 7;
std::vector<std::uint8_t> padded_bgr() {
    return {1,  2,  3,  4,  5,  6,  7,  8,  9,  99, 99, 99, 99, 99, 99, 99,  //
            11, 12, 13, 14, 15, 16, 17, 18, 19, 99, 99, 99, 99, 99, 99, 99};
}

}  // namespace

TEST_CASE("pixels: a padded buffer of blue, green, red as a tensor of either order") {
    const auto memory = padded_bgr();
    const Pixels pixels(memory.data(), 2, 3, stride);
    CHECK(image_tensor<float>(pixels, {.channels = Channels::rgb, .scale = 1}) ==
          Tensor<float>({3, 2, 3}, {3, 6, 9, 13, 16, 19, 2, 5, 8, 12, 15, 18, 1, 4, 7, 11, 14, 17}));
    CHECK(image_tensor<float>(pixels, {.channels = Channels::bgr, .scale = 1}) ==
          Tensor<float>({3, 2, 3}, {1, 4, 7, 11, 14, 17, 2, 5, 8, 12, 15, 18, 3, 6, 9, 13, 16, 19}));
    const auto middle = image_tensor<double>(pixels, {.crop = {1, 1}, .mean = {0.5}, .deviation = {0.5}});
    support::check_tensor_close(middle, Tensor<double>({3, 1, 1}, {6 / 127.5 - 1, 5 / 127.5 - 1, 4 / 127.5 - 1}),
                                1e-12);
}

TEST_CASE("pixels: there and back through a tensor, and the gaps stay as they are") {
    auto memory = padded_bgr();
    const ImageTensorOptions options{.mean = {0.485, 0.456, 0.406}, .deviation = {0.229, 0.224, 0.225}};
    const auto tensor = image_tensor<float>(Pixels(memory.data(), 2, 3, stride), options);
    std::vector<std::uint8_t> target(memory.size(), 99);
    write_pixels(tensor_image(tensor, options), Pixels(target.data(), 2, 3, stride));
    CHECK(target == memory);
}

TEST_CASE("pixels: every order, with alpha and without colours") {
    Image image(2, 1);
    image(0, 0) = {10, 20, 30};
    image(1, 0) = {255, 0, 128};
    const auto written = [&](PixelOrder order, std::size_t bytes) {
        std::vector<std::uint8_t> memory(2 * bytes, 7);
        const Pixels pixels(memory.data(), 1, 2, 2 * bytes, order);
        write_pixels(image, pixels);
        CHECK((order == PixelOrder::grey || to_image(pixels) == image));
        return memory;
    };
    using Bytes = std::vector<std::uint8_t>;
    CHECK(written(PixelOrder::rgb, 3) == Bytes{10, 20, 30, 255, 0, 128});
    CHECK(written(PixelOrder::bgr, 3) == Bytes{30, 20, 10, 128, 0, 255});
    CHECK(written(PixelOrder::rgba, 4) == Bytes{10, 20, 30, 255, 255, 0, 128, 255});
    CHECK(written(PixelOrder::bgra, 4) == Bytes{30, 20, 10, 255, 128, 0, 255, 255});
    CHECK(written(PixelOrder::grey, 1) == Bytes{18, 91});  // 18.15, 90.837
    const Bytes grey{5, 200};
    CHECK(image_tensor<float>(Pixels(grey.data(), 2, 1, 1, PixelOrder::grey),
                              {.channels = Channels::grey, .scale = 1}) == Tensor<float>({1, 2, 1}, {5, 200}));
}

TEST_CASE("pixels: sizes that make no sense throw OptionError") {
    std::array<std::uint8_t, 12> memory{};
    support::check_throws<OptionError>([&] { Pixels(memory.data(), 2, 2, 5); },
                                       {"stride of at least 6 bytes for 2 pixels, got 5"});
    CHECK_THROWS_AS(Pixels(memory.data(), -1, 2, 6), OptionError);
    std::uint8_t* const none = nullptr;
    CHECK_THROWS_AS(Pixels(none, 1, 1, 3), OptionError);
    CHECK(to_image(Pixels(none, 0, 0, 0)).empty());
    CHECK_THROWS_AS(image_tensor<float>(Pixels(none, 0, 0, 0)), OptionError);
    support::check_throws<OptionError>([&] { write_pixels(Image(2, 1), Pixels(memory.data(), 2, 2, 6)); },
                                       {"expected 1x2 pixels", "got 2x2"});
}

TEST_CASE("tensor image: rounded, cut off, and in the order of the planes") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Tensor<float> values({3, 1, 2}, {0.5F, -1, 1, 7, 0.001F, nan});
    const Image rgb = tensor_image(values);
    CHECK(rgb(0, 0) == Color{128, 255, 0});
    CHECK(rgb(1, 0) == Color{0, 255, 0});
    CHECK(tensor_image(values, {.channels = Channels::bgr})(0, 0) == Color{0, 255, 128});
    CHECK(tensor_image(Tensor<double>({1, 1, 1}, {3}),
                       {.channels = Channels::grey, .mean = {1}, .deviation = {2}, .scale = 1})(0, 0) ==
          Color{7, 7, 7});
    support::check_throws<ShapeError>([&] { tensor_image(values, {.channels = Channels::grey}); },
                                      {"(1,H,W)", "(3,1,2)"});
    CHECK_THROWS_AS(tensor_image(values, {.scale = 0}), OptionError);
    CHECK_THROWS_AS(tensor_image(values, {.mean = {1, 2}}), OptionError);
}
