// Augmentation: flips and shifts against slow rules, what is drawn, and what fit makes of it.
#include "deconvviz/train/augment.hpp"

#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/train/fit.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using support::check_throws;
using support::distinct_tensor;

namespace {

using Images = dv::Tensor<float>;

/// The picture moved by (dy, dx), as the words say it: each value goes where it belongs, if that is inside.
Images moved(const Images& picture, Index dy, Index dx, dv::augment::Border border) {
    Images result(picture.shape());
    const Index height = picture.shape()[1], width = picture.shape()[2];
    for (Index c = 0; c < picture.shape()[0]; ++c)
        for (Index y = 0; y < height; ++y)
            for (Index x = 0; x < width; ++x) {
                Index from_y = y - dy, from_x = x - dx;
                if (border == dv::augment::Border::replicate) {
                    while (from_y < 0) ++from_y;
                    while (from_y >= height) --from_y;
                    while (from_x < 0) ++from_x;
                    while (from_x >= width) --from_x;
                }
                if (from_y >= 0 && from_y < height && from_x >= 0 && from_x < width)
                    result(c, y, x) = picture(c, from_y, from_x);
            }
    return result;
}

Images mirrored(const Images& picture) {
    Images result(picture.shape());
    for (Index c = 0; c < picture.shape()[0]; ++c)
        for (Index y = 0; y < picture.shape()[1]; ++y)
            for (Index x = 0; x < picture.shape()[2]; ++x) result(c, y, x) = picture(c, y, picture.shape()[2] - 1 - x);
    return result;
}

Images augmented(const dv::Augmentation<float>& augmentation, Images images, std::uint64_t seed) {
    dv::Random random(seed);
    augmentation(images, random);
    return images;
}

/// `count` times the same picture.
Images copies(const Images& picture, Index count) {
    return dv::stack(std::vector<Images>(static_cast<std::size_t>(count), picture));
}

}  // namespace

TEST_CASE("augment: flips mirror whole pictures, as many as the probability says") {
    const auto picture = distinct_tensor<float>({3, 4, 5}, 1);
    const auto images = copies(picture, 2000);
    const auto result = augmented(dv::augment::flips<float>(0.3), images, 5);
    int flipped = 0;
    for (Index n = 0; n < 2000; ++n) {
        const Images one = result.entry(n);
        flipped += one != picture;
        REQUIRE((one == picture || one == mirrored(picture)));
    }
    CHECK(flipped == doctest::Approx(600).epsilon(0.1));
    CHECK(augmented(dv::augment::flips<float>(0), images, 5) == images);
    CHECK(augmented(dv::augment::flips<float>(1), images, 5).entry(7) == mirrored(picture));
}

TEST_CASE("augment: shifts move all channels alike, by every distance, with zeros or the border's pixels behind") {
    using dv::augment::Border;
    const auto picture = distinct_tensor<float>({2, 4, 6}, 2);
    for (const Border border : {Border::zeros, Border::replicate}) {
        const auto result = augmented(dv::augment::shifts<float>(3, border), copies(picture, 4900), 6);
        std::map<std::pair<Index, Index>, int> count;
        for (Index n = 0; n < 4900; ++n) {
            const Images one = result.entry(n);
            int matches = 0;
            for (Index dy = -3; dy <= 3; ++dy)
                for (Index dx = -3; dx <= 3; ++dx)
                    if (one == moved(picture, dy, dx, border)) {
                        ++matches;
                        ++count[{dy, dx}];
                    }
            REQUIRE(matches == 1);
        }
        CHECK(count.size() == 49);  // each about 100 times
        for (const auto& entry : count) {
            CAPTURE(entry.first.first);
            CAPTURE(entry.first.second);
            CHECK(entry.second > 60);
            CHECK(entry.second < 145);
        }
    }
    CHECK(augmented(dv::augment::shifts<float>(0), copies(picture, 3), 6) == copies(picture, 3));
}

TEST_CASE("augment: all of several, one after the other, with one row of random numbers") {
    const auto images = distinct_tensor<double>({9, 3, 5, 5}, 3);
    const auto flips = dv::augment::flips<double>();
    const auto shifts = dv::augment::shifts<double>(2);
    auto expected = images;
    dv::Random random(8);
    flips(expected, random);
    shifts(expected, random);
    auto actual = images;
    dv::Random same(8);
    dv::augment::all<double>({flips, shifts})(actual, same);
    CHECK(actual == expected);
    CHECK(same.bits() == random.bits());
    dv::augment::all<double>({})(actual, same);
    CHECK(actual == expected);
}

TEST_CASE("augment: a training with one seed is the same on any number of threads, and another one without") {
    dv::Dataset<float> data{support::random_tensor<float>({40, 1, 6, 6}, 4, 0, 1), {}, 2};
    for (int i = 0; i < 40; ++i) data.labels.push_back(i % 2);
    const auto trained = [&](int threads, bool augment) {
        const int before = dv::threads();
        dv::set_threads(threads);
        dv::Sequential<float> model({1, 6, 6}, dv::Flatten<float>(), dv::Dense<float>({.in = 36, .out = 2}));
        dv::FitOptions<float> options{.epochs = 2, .batch = 16};
        if (augment)
            options.augment = dv::augment::all<float>({dv::augment::flips<float>(), dv::augment::shifts<float>(1)});
        dv::fit(model, data, options);
        dv::set_threads(before);
        return model.layer<dv::Dense<float>>("dense1").weights();
    };
    const auto one = trained(1, true);
    CHECK(trained(2, true) == one);
    CHECK(trained(1, false) != one);
}

TEST_CASE("augment: options and batches that make no sense") {
    using dv::OptionError, dv::ShapeError;
    check_throws<OptionError>([] { dv::augment::flips<float>(1.5); }, {"augment::flips", "[0, 1]", "1.5"});
    check_throws<OptionError>([] { dv::augment::flips<float>(std::numeric_limits<double>::quiet_NaN()); }, {"nan"});
    check_throws<OptionError>([] { dv::augment::shifts<float>(-1); }, {"augment::shifts", "at least 0", "-1"});
    check_throws<OptionError>(
        [] {
            dv::augment::all<float>({dv::augment::flips<float>(), nullptr});
        },
        {"augment::all", "augmentation 1 is empty"});
    const Images flat({4, 9}), small({2, 1, 5, 3});
    check_throws<ShapeError>([&] { augmented(dv::augment::flips<float>(), flat, 1); }, {"(N,C,H,W)", "(4,9)"});
    check_throws<ShapeError>([&] { augmented(dv::augment::shifts<float>(1), flat, 1); }, {"(N,C,H,W)", "(4,9)"});
    check_throws<ShapeError>([&] { augmented(dv::augment::shifts<float>(3), small, 1); },
                             {"larger than the shifts of up to 3 pixels", "(2,1,5,3)"});
    CHECK(augmented(dv::augment::shifts<float>(2), small, 1) == small);
}
