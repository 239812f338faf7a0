#include "deconvviz/data/faces.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "throw_support.hpp"

using namespace deconvviz;
using detail::FacePlan;
using support::check_throws;

namespace {

struct ThreadsGuard {
    int before = threads();
    ~ThreadsGuard() { set_threads(before); }
};

constexpr int kinds = static_cast<int>(face_kinds.size());

/// A face of this plan upon nothing, upright or tilted.
detail::FaceCanvas drawn(int label, const FacePlan& plan, double tilt) {
    detail::FaceCanvas canvas(96, {47, 50}, 34, detail::FaceTurn::by(tilt));
    detail::paint_face(label, plan, canvas);
    return canvas;
}

/// The smallest window that holds all pixels in which two drawings differ to the eye.
Window difference(const detail::FaceCanvas& one, const detail::FaceCanvas& other) {
    Index top = 96, left = 96, bottom = -1, right = -1;
    for (Index y = 0; y < 96; ++y)
        for (Index x = 0; x < 96; ++x) {
            const detail::Paint &a = one.at(y, x), &b = other.at(y, x);
            if (std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b) < 0.02) continue;
            top = std::min(top, y);
            left = std::min(left, x);
            bottom = std::max(bottom, y);
            right = std::max(right, x);
        }
    return {top, left, bottom - top + 1, right - left + 1};
}

Window united(const Window& a, const Window& b) {
    const Index y = std::min(a.y, b.y), x = std::min(a.x, b.x);
    return {y, x, std::max(a.y + a.height, b.y + b.height) - y, std::max(a.x + a.width, b.x + b.width) - x};
}

FacePlan coloured_plan() {
    Random random(5);
    FacePlan plan = detail::plan_face(0, 0, 0, random);
    plan.patched = 0;
    return plan;
}

/// Levels 0 … 255, added up for each label.
std::array<std::int64_t, 6> light_by_label(const Dataset<float>& set) {
    std::array<std::int64_t, 6> light{};
    for (Index i = 0; i < set.size(); ++i)
        for (const float value : set.images.slice(i))
            light[static_cast<std::size_t>(set.labels[static_cast<std::size_t>(i)])] += std::lround(value * 255);
    return light;
}

}  // namespace

TEST_CASE("faces: shapes, labels, values, and parts inside of the picture") {
    for (const double variation : {0.0, 1.0, 2.0}) {
        const auto faces = draw_faces({.count = 151, .seed = 3, .variation = variation});
        CHECK_NOTHROW(faces.data.check());
        CHECK(faces.data.images.shape() == Shape{151, 3, 48, 48});
        CHECK(faces.data.classes == 6);
        const auto level = [](float value) {
            return value >= 0 && value <= 1 && std::abs(value * 255 - std::round(value * 255)) < 1e-3F;
        };
        CHECK(std::all_of(faces.data.images.begin(), faces.data.images.end(), level));
        REQUIRE(faces.parts.size() == 151);
        for (const FaceParts& parts : faces.parts) {
            for (const Window& part : {parts.left_eye, parts.right_eye, parts.nose, parts.mouth, parts.face}) {
                REQUIRE_FALSE(part.empty());
                REQUIRE(contains({0, 0, 48, 48}, part));
            }
            REQUIRE(parts.left_eye.x < parts.right_eye.x);
            REQUIRE(parts.left_eye.y < parts.mouth.y);
        }
    }
}

TEST_CASE("faces: every six pictures show each kind once, in changing order") {
    const auto faces = draw_faces({.count = 300, .seed = 3, .size = 24});
    int in_order = 0;
    for (std::size_t block = 0; block < 300; block += 6) {
        std::vector<int> labels(faces.data.labels.begin() + static_cast<std::ptrdiff_t>(block),
                                faces.data.labels.begin() + static_cast<std::ptrdiff_t>(block + 6));
        in_order += std::is_sorted(labels.begin(), labels.end());
        std::sort(labels.begin(), labels.end());
        REQUIRE(labels == std::vector<int>{0, 1, 2, 3, 4, 5});
    }
    CHECK(in_order < 5);
}

TEST_CASE("faces: the seed decides, whatever the number of threads; a longer set begins like a shorter one") {
    const ThreadsGuard guard;
    set_threads(1);
    const auto one = draw_faces({.count = 60, .seed = 11});
    set_threads(3);
    const auto more = draw_faces({.count = 90, .seed = 11});
    CHECK(more.data.first(60).images == one.data.images);
    CHECK(more.data.first(60).labels == one.data.labels);
    for (std::size_t i = 0; i < 60; ++i) {
        REQUIRE(more.parts[i].nose == one.parts[i].nose);
        REQUIRE(more.parts[i].scarf == one.parts[i].scarf);
    }
    CHECK_FALSE(draw_faces({.count = 60, .seed = 12}).data.images == one.data.images);
    for (Index i = 0; i < 60; ++i)
        for (Index j = i + 1; j < 60; ++j)
            REQUIRE_FALSE(std::ranges::equal(one.data.images.slice(i), one.data.images.slice(j)));
}

TEST_CASE("faces: one face is that of the set; grey is the luma of its colours; double has the same levels") {
    const DrawnFacesOptions options{.count = 12, .seed = 9, .size = 32};
    auto grey_options = options;
    grey_options.colors = FaceColors::grey;
    const auto set = draw_faces(options);
    const auto grey = draw_faces<double>(grey_options);
    CHECK(grey.data.images.shape() == Shape{12, 1, 32, 32});
    for (Index i = 0; i < 12; ++i) {
        const auto face = draw_face(set.data.labels[std::size_t(i)], derived_seed(9, std::uint64_t(i)), options);
        CHECK(face.image == set.data.image(i));
        CHECK(face.parts.mouth == set.parts[std::size_t(i)].mouth);
        CHECK(grey.parts[std::size_t(i)].mouth == face.parts.mouth);
        double off = 0;
        for (Index y = 0; y < 32; ++y)
            for (Index x = 0; x < 32; ++x) {
                const double luma = 0.299 * double{face.image(0, y, x)} + 0.587 * double{face.image(1, y, x)} +
                                    0.114 * double{face.image(2, y, x)};
                off = std::max(off, std::abs(grey.data.images(i, 0, y, x) - luma));
            }
        CHECK(off <= 0.5 / 255 + 1e-6);
    }
}

TEST_CASE("faces: a window holds its part, and the part fills most of it") {
    // A drawing with a part as usual, and one with that part smaller, elsewhere or looking aside: what differs is the
    // part. The largest such difference is nearly the window.
    for (int label = 0; label < kinds; ++label)
        for (const double tilt : {0.0, 0.09, -0.09}) {
            CAPTURE(face_kinds[static_cast<std::size_t>(label)]);
            CAPTURE(tilt);
            const FacePlan plan = coloured_plan();
            const auto canvas = drawn(label, plan, tilt);
            const FaceParts parts = detail::find_parts(label, plan, canvas);

            FacePlan other = plan;
            other.eye = 0.6;
            const Window eyes = difference(canvas, drawn(label, other, tilt));
            CHECK(contains(united(parts.left_eye, parts.right_eye), eyes));
            CHECK(eyes.width > united(parts.left_eye, parts.right_eye).width * 3 / 4);
            for (const Window& part : {parts.left_eye, parts.right_eye, parts.nose, parts.mouth})
                CHECK(contains(parts.face, part));
            CHECK(eyes.height > united(parts.left_eye, parts.right_eye).height / 2);

            other = plan;
            other.nose = 0.4;
            const Window nose = difference(canvas, drawn(label, other, tilt));
            CHECK(contains(parts.nose, nose));
            CHECK(nose.width > parts.nose.width / 2);

            other = plan;
            other.mouth_y -= 0.02;  // a cat's lip hangs from its nose, and so changes up to there
            const Window mouth = difference(canvas, drawn(label, other, tilt));
            CHECK(contains(united(parts.mouth, parts.nose), mouth));
            CHECK(mouth.width > parts.mouth.width / 2);
        }
}

TEST_CASE("faces: hats hide the ears, scarves nose and mouth, and both are told") {
    FacePlan plan = coloured_plan();
    plan.hat = true;
    plan.scarf = true;
    for (int label = 0; label < kinds; ++label) {
        CAPTURE(label);
        const auto canvas = drawn(label, plan, 0);
        const FaceParts parts = detail::find_parts(label, plan, canvas);
        CHECK(parts.hat);
        CHECK(parts.scarf);
        FacePlan other = plan;
        other.ear = 0.7;
        CHECK(difference(canvas, drawn(label, other, 0)).empty());
        other = plan;
        other.nose = 0.7;
        CHECK(difference(canvas, drawn(label, other, 0)).empty());
    }
    const auto share = [](const DrawnFacesOptions& options, bool FaceParts::*worn) {
        const auto faces = draw_faces(options);
        return std::count_if(faces.parts.begin(), faces.parts.end(), [worn](const FaceParts& p) { return p.*worn; });
    };
    CHECK(share({.count = 300, .size = 24, .hats = 0}, &FaceParts::hat) == 0);
    CHECK(share({.count = 300, .size = 24, .hats = 1}, &FaceParts::hat) == 300);
    CHECK(std::abs(share({.count = 300, .size = 24}, &FaceParts::hat) - 75) < 30);
    CHECK(share({.count = 300, .size = 24, .scarves = 0}, &FaceParts::scarf) == 0);
    CHECK(std::abs(share({.count = 300, .size = 24, .scarves = 0.5}, &FaceParts::scarf) - 150) < 40);
}

TEST_CASE("faces: without variation each face is upright, of one size, in the middle") {
    const auto faces = draw_faces({.count = 120, .variation = 0, .hats = 0, .scarves = 0});
    for (std::size_t i = 0; i < 120; ++i) {
        const FaceParts& parts = faces.parts[i];
        CHECK(parts.left_eye.y == parts.right_eye.y);
        CHECK(parts.left_eye.x + parts.right_eye.x + parts.right_eye.width == 48);
        for (std::size_t j = 0; j < i; ++j)
            if (faces.data.labels[i] == faces.data.labels[j]) {
                CHECK(parts.nose == faces.parts[j].nose);
                break;
            }
    }
    // A larger picture shows the same, larger.
    const auto large = draw_face(1, 5, {.size = 96, .noise = 0});
    const auto small = draw_face(1, 5, {.size = 48, .noise = 0});
    double off = 0;
    for (Index c = 0; c < 3; ++c)
        for (Index y = 0; y < 48; ++y)
            for (Index x = 0; x < 48; ++x) {
                const float mean = (large.image(c, 2 * y, 2 * x) + large.image(c, 2 * y, 2 * x + 1) +
                                    large.image(c, 2 * y + 1, 2 * x) + large.image(c, 2 * y + 1, 2 * x + 1)) /
                                   4;
                off += std::abs(double{mean - small.image(c, y, x)}) / (3 * 48 * 48);
            }
    CHECK(off < 0.02);
}

TEST_CASE("faces: the drawing has not changed") {
    // Levels of 300 pictures, by label. A tenth of a per cent leaves room for fused multiplications.
    const std::array<std::int64_t, 6> expected{48664083, 45857769, 48340949, 48511774, 48953209, 49644346};
    const auto light = light_by_label(draw_faces({.count = 300, .seed = 1}).data);
    for (std::size_t label = 0; label < 6; ++label) {
        CAPTURE(label);
        CHECK(static_cast<double>(light[label]) ==
              doctest::Approx(static_cast<double>(expected[label])).epsilon(0.001));
    }
}

TEST_CASE("faces: options out of range") {
    constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
    check_throws<OptionError>([] { draw_faces({.count = 0}); }, {"count", "got 0"});
    check_throws<OptionError>([] { draw_faces({.count = 1, .size = 23}); }, {"size expected in 24 … 512, got 23"});
    check_throws<OptionError>([] { draw_faces({.count = 1, .size = 513}); }, {"size"});
    check_throws<OptionError>([] { draw_faces({.count = 1, .variation = 2.5}); }, {"variation", "0 … 2", "2.5"});
    check_throws<OptionError>([] { draw_faces({.count = 1, .variation = not_a_number}); }, {"variation"});
    check_throws<OptionError>([] { draw_faces({.count = 1, .hats = -0.1}); }, {"hats"});
    check_throws<OptionError>([] { draw_faces({.count = 1, .scarves = 1.1}); }, {"scarves"});
    check_throws<OptionError>([] { draw_faces({.count = 1, .noise = -1}); }, {"noise"});
    check_throws<OptionError>([] { draw_face(6, 1); }, {"label 6", "0 … 5"});
    check_throws<OptionError>([] { draw_face(-1, 1); }, {"label -1"});
    check_throws<OptionError>([] { draw_face(0, 1, {.noise = 2}); }, {"noise"});
}
