#include "deconvviz/visualize/masks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "throw_support.hpp"

using namespace deconvviz;
using support::check_throws;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("masks: windows become zeros and ones, and hide what they say") {
    const auto masks = window_masks<double>({2, 3, 2, 3}, {{0, 1, 2, 1}, {1, 0, 1, 3}});
    CHECK(masks == Tensor<double>({2, 1, 2, 3}, {0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1}));
    CHECK(window_masks<double>({1, 1, 1, 2}, {{0, 0, 0, 2}}) == Tensor<double>({1, 1, 1, 2}));

    const Tensor<double> images({1, 2, 1, 3}, {1, not_a_number, 3, 4, 5, not_a_number});
    const auto hidden = occluded(images, Tensor<double>({1, 1, 1, 3}, {0.25, 1, 0}), -1.0);
    CHECK(hidden[0] == 0.5);
    CHECK(hidden[1] == -1);
    CHECK(hidden[2] == 3);
    CHECK(hidden[3] == 2.75);
    CHECK(hidden[4] == -1);
    CHECK(std::isnan(hidden[5]));
}

TEST_CASE("masks: what does not fit is refused") {
    const Shape images{2, 3, 4, 5};
    check_throws<ShapeError>(
        [&] {
            window_masks<float>(images, {{0, 0, 1, 1}});
        },
        {"window for each of 2 pictures, got 1"});
    check_throws<ShapeError>(
        [&] {
            window_masks<float>(images, {{0, 0, 1, 1}, {2, 0, 3, 1}});
        },
        {"inside of pictures of 4x5", "3x1 at (2,0)", "picture 1"});
    check_throws<ShapeError>([&] { window_masks<float>(images, {{0, -1, 1, 1}, {2, 0, 1, 1}}); }, {"picture 0"});
    check_throws<ShapeError>([&] { window_masks<float>({3, 4, 5}, {}); }, {"(N,C,H,W)", "(3,4,5)"});
    const Tensor<float> pictures(images);
    check_throws<ShapeError>(
        [&] {
            occluded(pictures, Tensor<float>({2, 1, 4, 4}), 0.0F);
        },
        {"masks of (2,1,4,5)", "(2,1,4,4)"});
    check_throws<ShapeError>([&] { occluded(Tensor<float>({4, 5}), Tensor<float>({2, 1, 4, 4}), 0.0F); }, {"(4,5)"});
    check_throws<OptionError>([&] { occluded(pictures, Tensor<float>({2, 1, 4, 5}, 1.5F), 0.0F); }, {"[0, 1]", "1.5"});
    check_throws<OptionError>(
        [&] {
            occluded(pictures, Tensor<float>({2, 1, 4, 5}, float(not_a_number)), 0.0F);
        },
        {"[0, 1]"});
}

TEST_CASE("random masks: sizes as given, every place, clear of what they must avoid") {
    const Shape images{2, 1, 5, 4};
    const std::vector<Window> sizes{{0, 0, 2, 3}, {0, 0, 1, 1}};
    const std::vector<std::vector<Window>> avoid{{{0, 0, 1, 4}}, {{0, 0, 5, 2}, {4, 0, 1, 4}}};
    std::set<std::pair<Index, Index>> places[2], kept[2];
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        const auto free = random_masks(images, sizes, {.seed = seed});
        const auto clear = random_masks(images, sizes, {.avoid = avoid, .seed = seed});
        CHECK(free == random_masks(images, sizes, {.seed = seed}));
        for (std::size_t i = 0; i < 2; ++i) {
            REQUIRE(free[i].height == sizes[i].height);
            REQUIRE(free[i].width == sizes[i].width);
            places[i].insert({free[i].y, free[i].x});
            kept[i].insert({clear[i].y, clear[i].x});
        }
    }
    CHECK(places[0].size() == 4 * 2);
    CHECK(places[1].size() == 5 * 4);
    CHECK(kept[0] == std::set<std::pair<Index, Index>>{{1, 0}, {1, 1}, {2, 0}, {2, 1}, {3, 0}, {3, 1}});
    CHECK(kept[1] == std::set<std::pair<Index, Index>>{{0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 2}, {2, 3}, {3, 2}, {3, 3}});
}

TEST_CASE("random masks: at one place, or exchanged between pictures") {
    const Shape images{4, 1, 9, 9};
    const std::vector<Window> sizes{{0, 0, 2, 2}, {1, 1, 4, 4}, {2, 3, 4, 4}, {4, 4, 2, 4}};
    bool differs = false;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto one = random_masks(images, sizes, {.place = RandomPlace::common, .seed = seed});
        CHECK(one[1] == one[2]);
        CHECK(one[0] == Window{one[1].y + 1, one[1].x + 1, 2, 2});
        CHECK(one[3] == Window{one[1].y + 1, one[1].x, 2, 4});
        const auto clear = random_masks(
            images, sizes, {.place = RandomPlace::common, .avoid = {{}, {{0, 0, 5, 9}}, {}, {}}, .seed = seed});
        CHECK(clear[1].y == 5);
        const std::vector<Window> within{{0, 0, 9, 9}, {2, 1, 6, 5}, {1, 1, 6, 6}, {0, 0, 9, 9}};
        const auto held = random_masks(images, sizes, {.within = within, .seed = seed});
        const auto held_at_one =
            random_masks(images, sizes, {.place = RandomPlace::common, .within = within, .seed = seed});
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(contains(within[i], held[i]));
            CHECK(contains({2, 1, 5, 5}, held_at_one[i]));
        }
        differs = differs || one[1] != random_masks(images, sizes, {.place = RandomPlace::common})[1];

        auto exchanged = random_masks(images, sizes, {.place = RandomPlace::exchanged, .seed = seed});
        for (std::size_t i = 0; i < 4; ++i) CHECK_FALSE(exchanged[i] == sizes[i]);
        for (const Window& size : sizes) CHECK(std::count(exchanged.begin(), exchanged.end(), size) == 1);
    }
    CHECK(differs);
    check_throws<OptionError>(
        [&] {
            random_masks({1, 1, 9, 9}, {{0, 0, 1, 1}}, {.place = RandomPlace::exchanged});
        },
        {"two or more"});
    check_throws<OptionError>(
        [&] {
            random_masks(images, sizes, {.place = RandomPlace::exchanged, .avoid = {{}, {}, {}, {}}});
        },
        {"nothing to avoid", "4 lists"});
    check_throws<OptionError>(
        [&] {
            random_masks(images, sizes, {.place = RandomPlace::exchanged, .within = {4, {0, 0, 9, 9}}});
        },
        {"stay within", "4 windows to stay within"});
    check_throws<OptionError>(
        [&] {
            random_masks(images, sizes, {.within = {4, {1, 1, 3, 3}}});
        },
        {"no place for a window of 4x4 inside of 3x3 at (1,1)"});
    check_throws<ShapeError>(
        [&] {
            random_masks(images, sizes, {.within = {{0, 0, 9, 9}}});
        },
        {"within", "each of 4 pictures, got 1"});
    check_throws<OptionError>(
        [&] {
            random_masks({1, 1, 3, 3}, {{0, 0, 2, 2}}, {.avoid = {{{1, 1, 1, 1}}}});
        },
        {"no place", "2x2", "3x3 at (0,0)", "clear of 1"});
    check_throws<ShapeError>([&] { random_masks(images, sizes, {.avoid = {{}}}); }, {"each of 4 pictures, got 1"});
    check_throws<ShapeError>([&] { random_masks(images, {{0, 0, 1, 1}}); }, {"each of 4 pictures, got 1"});
}
