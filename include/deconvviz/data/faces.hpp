/// @file
/// Drawn faces: animals and a robot from a seed, with the places of their eyes, noses and mouths.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/data/detail/face_canvas.hpp"
#include "deconvviz/data/detail/face_kinds.hpp"
#include "deconvviz/data/detail/face_parts.hpp"
#include "deconvviz/data/detail/face_scene.hpp"

namespace deconvviz {

/// The kinds of drawn faces: label i is `face_kinds[i]`.
inline constexpr std::array<std::string_view, 6> face_kinds{"cat", "dog", "bear", "rabbit", "owl", "robot"};

/// Three planes, red, green and blue; or one, the luma 0.299 r + 0.587 g + 0.114 b.
enum class FaceColors { color, grey };

/// What draw_faces draws.
struct DrawnFacesOptions {
    Index count = 6000;      ///< pictures; one or more
    std::uint64_t seed = 1;  ///< another seed, other pictures; a longer set begins like a shorter one of its seed
    Index size = 48;         ///< pixels of a side, 24 … 512
    FaceColors colors = FaceColors::color;
    double variation = 1;  ///< of place, size, tilt and proportions, 0 … 2; 0 puts each face into the middle, upright
    double hats = 0.25;    ///< share of faces that wear a hat, which hides the ears, 0 … 1
    double scarves = 0.25;  ///< share of faces that wear a scarf, which hides nose and mouth, 0 … 1
    double noise = 0.03;    ///< standard deviation of the noise of each pixel, 0 … 1

    /// Throws OptionError for a value outside the range given above.
    void check() const {
        if (count < 1) detail::raise<OptionError>("draw_faces: expected a count of at least 1, got ", count);
        if (size < 24 || size > 512) detail::raise<OptionError>("draw_faces: size expected in 24 … 512, got ", size);
        check("variation", variation, 2);
        check("hats", hats, 1);
        check("scarves", scarves, 1);
        check("noise", noise, 1);
    }

    Index channels() const { return colors == FaceColors::grey ? 1 : 3; }

  private:
    static void check(const char* name, double value, double high) {
        if (!(value >= 0 && value <= high))
            detail::raise<OptionError>("draw_faces: ", name, " expected in 0 … ", high, ", got ", value);
    }
};

/// Labelled faces, and for each of them where its parts are.
template <class T = float>
struct DrawnFaces {
    Dataset<T> data;
    std::vector<FaceParts> parts;
};

namespace detail {

/// One face: its pixels as (H, W, 3) levels, and its parts.
struct FacePicture {
    std::vector<std::uint8_t> levels;
    FaceParts parts;
};

/// Options are checked by the caller.
inline FacePicture face_picture(int label, std::uint64_t seed, const DrawnFacesOptions& options) {
    Random random(seed);
    const FacePlan plan = plan_face(options.variation, options.hats, options.scarves, random);
    FaceCanvas canvas = place_face(options.size, face_top(label, plan), options.variation, random);
    paint_wall(canvas, random);
    paint_face(label, plan, canvas);
    return {develop(canvas, options.noise, random), find_parts(label, plan, canvas)};
}

template <class T>
void copy_face(const std::vector<std::uint8_t>& levels, FaceColors colors, std::span<T> dst) {
    const std::size_t plane = levels.size() / 3;
    for (std::size_t p = 0; p < plane; ++p) {
        const auto channel = [&](std::size_t c) { return static_cast<int>(levels[3 * p + c]); };
        if (colors == FaceColors::grey) {
            dst[p] = T((299 * channel(0) + 587 * channel(1) + 114 * channel(2) + 500) / 1000) / T(255);
            continue;
        }
        for (std::size_t c = 0; c < 3; ++c) dst[c * plane + p] = T(channel(c)) / T(255);
    }
}

/// The label of picture `index`: each run of six pictures has each kind once, in an order of its own.
inline int face_label(std::uint64_t seed, Index index) {
    constexpr auto kinds = static_cast<Index>(face_kinds.size());
    std::vector<int> order{0, 1, 2, 3, 4, 5};
    Random(derived_seed(~seed, static_cast<std::uint64_t>(index / kinds))).shuffle(order);
    return order[static_cast<std::size_t>(index % kinds)];
}

}  // namespace detail

/// One face, (3, size, size) or (1, size, size), and where its parts are.
template <class T = float>
struct DrawnFace {
    Tensor<T> image;
    FaceParts parts;
};

/// One face of the given kind. `options.count` and `options.seed` play no part.
/// Throws OptionError for a label outside 0 … 5 or options out of range.
template <class T = float>
DrawnFace<T> draw_face(int label, std::uint64_t seed, const DrawnFacesOptions& options = {}) {
    if (label < 0 || label >= static_cast<int>(face_kinds.size()))
        detail::raise<OptionError>("draw_face: label ", label, " is not in 0 … ", face_kinds.size() - 1);
    options.check();
    const detail::FacePicture picture = detail::face_picture(label, seed, options);
    DrawnFace<T> face{Tensor<T>({options.channels(), options.size, options.size}), picture.parts};
    detail::copy_face(picture.levels, options.colors, face.image.values());
    return face;
}

/// Labelled pictures of faces from the front, (count, 3, size, size) or (count, 1, size, size), values in [0, 1] in
/// steps of 1/255, and the windows of their parts. Every six pictures from a multiple of six on show each kind once.
/// The same options give the same pictures on any number of threads and on any machine (where a compiler fuses
/// multiplications with additions, single levels may differ by one step).
///
/// For experiments that need to know where the parts of a picture are, as [zeiler2014, §4.3] asks of dogs. Kinds differ
/// in ears, eyes, noses and mouths alone: colours, markings, walls, light, place, size and tilt are drawn alike for all
/// of them, owls have the ears of cats and all but the robot much the same head. A hat may hide the ears, and a scarf
/// nose and mouth, so that no part alone tells all faces apart. A small network learns it from some thousands of them
/// in a few epochs (examples/correspondence.cpp).
///
/// Throws OptionError for options out of range.
template <class T = float>
DrawnFaces<T> draw_faces(const DrawnFacesOptions& options = {}) {
    options.check();
    DrawnFaces<T> faces{
        {Tensor<T>({options.count, options.channels(), options.size, options.size}),
         std::vector<int>(static_cast<std::size_t>(options.count)), static_cast<int>(face_kinds.size())},
        std::vector<FaceParts>(static_cast<std::size_t>(options.count))};
    parallel_for(options.count, 16, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const int label = detail::face_label(options.seed, i);
            const auto seed = derived_seed(options.seed, static_cast<std::uint64_t>(i));
            const detail::FacePicture picture = detail::face_picture(label, seed, options);
            detail::copy_face(picture.levels, options.colors, faces.data.images.slice(i));
            faces.data.labels[static_cast<std::size_t>(i)] = label;
            faces.parts[static_cast<std::size_t>(i)] = picture.parts;
        }
    });
    return faces;
}

}  // namespace deconvviz
