#include "deconvviz/data/contrast_normalise.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/data/greyscale.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using support::random_tensor;

namespace {

/// The formulas as they stand, with a window in two dimensions.
Tensor<double> slow(const Tensor<double>& image, Index window, double deviation, double least) {
    const Index channels = image.shape()[1], height = image.shape()[2], width = image.shape()[3];
    const Index reach = window / 2;
    const auto mean = [&](const auto& value, Index y, Index x) {
        double sum = 0, weights = 0;
        for (Index p = -reach; p <= reach; ++p)
            for (Index q = -reach; q <= reach; ++q) {
                if (y + p < 0 || y + p >= height || x + q < 0 || x + q >= width) continue;
                const double w = std::exp(-static_cast<double>(p * p + q * q) / (2 * deviation * deviation));
                for (Index c = 0; c < channels; ++c) sum += w * value(c, y + p, x + q);
                weights += w * static_cast<double>(channels);
            }
        return sum / weights;
    };
    Tensor<double> centred = image;
    for (Index c = 0; c < channels; ++c)
        for (Index y = 0; y < height; ++y)
            for (Index x = 0; x < width; ++x)
                centred(0, c, y, x) -= mean([&](Index i, Index v, Index u) { return image(0, i, v, u); }, y, x);
    Tensor<double> sigma({height, width});
    double typical = 0;
    for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x) {
            sigma(y, x) =
                std::sqrt(mean([&](Index i, Index v, Index u) { return std::pow(centred(0, i, v, u), 2); }, y, x));
            typical += sigma(y, x) / static_cast<double>(height * width);
        }
    for (Index c = 0; c < channels; ++c)
        for (Index y = 0; y < height; ++y)
            for (Index x = 0; x < width; ++x) centred(0, c, y, x) /= std::max({typical, sigma(y, x), least});
    return centred;
}

}  // namespace

TEST_CASE("contrast_normalise: grey and colour pictures against the formulas, whatever else is in the batch") {
    for (const Shape& shape : {Shape{2, 1, 9, 12}, Shape{2, 3, 11, 4}, Shape{2, 2, 1, 1}}) {
        const auto images = random_tensor<double>(shape, 1, 0, 1);
        const auto result = contrast_normalise(images, {.window = 5, .deviation = 1.3});
        for (Index n = 0; n < 2; ++n) {
            const auto alone = images.entry(n).reshaped(shape.sample().batched(1));
            support::check_tensor_close(result.entry(n), slow(alone, 5, 1.3, 1e-2).entry(0), 1e-10, 1e-12);
        }
    }
}

TEST_CASE(
    "contrast_normalise: light and contrast of a picture do not matter, nor does a window beyond it; a flat one "
    "becomes zero") {
    const auto images = random_tensor<double>({1, 1, 16, 16}, 2, 0, 1);
    Tensor<double> other = images;
    for (double& value : other) value = 0.4 * value + 0.3;
    support::check_tensor_close(contrast_normalise(other), contrast_normalise(images), 1e-9, 1e-9);
    support::check_tensor_close(contrast_normalise(images, {.window = (Index{1} << 60) + 1, .deviation = 3}),
                                slow(images, 31, 3, 1e-2), 1e-10, 1e-12);
    const auto flat = contrast_normalise(Tensor<float>({1, 1, 10, 10}, 0.3F));
    CHECK(support::largest(flat) < 1e-4);
}

TEST_CASE("contrast_normalise: a picture that is not finite becomes NaN, the others stay what they are") {
    auto images = random_tensor<float>({3, 1, 8, 8}, 3, 0, 1);
    const auto expected = contrast_normalise(images);
    images(1, 0, 2, 2) = std::numeric_limits<float>::infinity();
    const auto result = contrast_normalise(images);
    CHECK(result.entry(0) == expected.entry(0));
    CHECK(result.entry(2) == expected.entry(2));
    for (const float value : result.slice(1)) CHECK(std::isnan(value));
}

TEST_CASE("contrast_normalise: the same on any number of threads; bad input is refused") {
    const int before = threads();
    const auto images = random_tensor<float>({40, 1, 8, 8}, 4, 0, 1);
    set_threads(1);
    const auto one = contrast_normalise(images);
    set_threads(3);
    CHECK(contrast_normalise(images) == one);
    set_threads(before);
    support::check_throws<ShapeError>(
        [] {
            contrast_normalise(Tensor<float>({1, 8, 8}));
        },
        {"contrast_normalise", "(N,C,H,W)", "(1,8,8)"});
    support::check_throws<OptionError>([&] { contrast_normalise(images, {.window = 4}); }, {"odd window", "4"});
    support::check_throws<OptionError>([&] { contrast_normalise(images, {.deviation = 0}); }, {"deviation", "0"});
    support::check_throws<OptionError>([&] { contrast_normalise(images, {.least_scale = 0}); }, {"least_scale"});
}

TEST_CASE("greyscale: weights of red, green and blue; grey pictures stay; other channels are refused") {
    const Tensor<double> colours({2, 3, 1, 2}, {1, 0, 0, 0, 0, 0.5, 0, 0.2, 1, 0.2, 0, 0.2});
    support::check_tensor_close(greyscale(colours), Tensor<double>({2, 1, 1, 2}, {0.299, 0.057, 0.587, 0.2}), 1e-12);
    const auto grey = random_tensor<float>({2, 1, 3, 3}, 5);
    CHECK(greyscale(grey) == grey);
    support::check_throws<ShapeError>([] { greyscale(Tensor<float>({1, 2, 3, 3})); }, {"greyscale", "(1,2,3,3)"});
}
