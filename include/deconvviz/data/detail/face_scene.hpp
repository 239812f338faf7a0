/// @file
/// What surrounds a drawn face: its colours and proportions, its place in the picture, the wall behind it, the light.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "deconvviz/core/random.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/data/detail/face_canvas.hpp"
#include "deconvviz/data/detail/face_kinds.hpp"

namespace deconvviz::detail {

/// Colours of a coat, whatever the kind.
inline constexpr std::array<Paint, 8> coats{Paint{0.93, 0.85, 0.70}, Paint{0.80, 0.62, 0.40}, Paint{0.90, 0.58, 0.28},
                                            Paint{0.55, 0.36, 0.22}, Paint{0.62, 0.60, 0.60}, Paint{0.50, 0.56, 0.66},
                                            Paint{0.86, 0.84, 0.84}, Paint{0.74, 0.50, 0.46}};
inline constexpr std::array<Paint, 5> irises{Paint{0.95, 0.80, 0.25}, Paint{0.55, 0.80, 0.35}, Paint{0.40, 0.72, 0.90},
                                             Paint{0.95, 0.62, 0.20}, Paint{0.65, 0.85, 0.70}};
inline constexpr std::array<Paint, 5> cloths{Paint{0.80, 0.22, 0.25}, Paint{0.22, 0.42, 0.70}, Paint{0.25, 0.55, 0.38},
                                             Paint{0.85, 0.62, 0.15}, Paint{0.52, 0.34, 0.62}};

template <std::size_t Count>
Paint pick(const std::array<Paint, Count>& paints, double jitter, Random& random) {
    const Paint paint = paints[static_cast<std::size_t>(random.below(Index{Count}))];
    const auto shift = [&](double value) { return std::clamp(value + jitter * random.normal(), 0.08, 0.97); };
    const double r = shift(paint.r), g = shift(paint.g), b = shift(paint.b);
    return {r, g, b};
}

/// What of a face differs from the next one of its kind; `v` is how much.
inline FacePlan plan_face(double v, double hats, double scarves, Random& random) {
    const auto vary = [&](double& value, double spread) {
        value += v * spread * std::clamp(random.normal(), -2.0, 2.0);
    };
    FacePlan plan;
    vary(plan.eye_x, 0.03);
    vary(plan.eye_y, 0.035);
    vary(plan.nose_y, 0.03);
    vary(plan.mouth_y, 0.025);
    for (double* size : {&plan.eye, &plan.nose, &plan.ear}) vary(*size, 0.09);
    vary(plan.gaze.x, 0.4);
    vary(plan.gaze.y, 0.3);
    plan.hat = random.chance(hats);
    plan.scarf = random.chance(scarves);
    if (random.chance(0.25)) plan.patched = random.chance(0.5) ? -1 : 1;
    plan.coat = pick(coats, 0.04, random);
    plan.dark = blend(plan.coat, paint_black, 0.72);
    plan.light = blend(plan.coat, paint_white, 0.62);
    plan.inner = blend(plan.coat, Paint{0.95, 0.55, 0.58}, 0.6);
    plan.iris = pick(irises, 0.03, random);
    plan.cloth = pick(cloths, 0.04, random);
    plan.wool = pick(cloths, 0.04, random);
    return plan;
}

/// Puts the face into the picture: `top` is how far it reaches up, in units of the face.
inline FaceCanvas place_face(Index size, double top, double v, Random& random) {
    constexpr double bottom = 1.15, half_width = 1.2;
    const auto side = static_cast<double>(size);
    const double extent = std::max(bottom - top, 2 * half_width);
    const auto shift = [&](double spread) { return v * spread * std::clamp(random.normal(), -2.0, 2.0); };
    const double scale = side / extent * (0.9 + shift(0.05));
    const double x = side * (0.5 + shift(0.035));
    const double y = side * (0.5 + shift(0.035)) - scale * (top + bottom) / 2;
    const FaceTurn turn = FaceTurn::by(shift(0.05));
    return {size, {x, y}, scale, turn};
}

/// A wall behind the face: a colour that changes from corner to corner, and a few soft spots.
inline void paint_wall(FaceCanvas& canvas, Random& random) {
    const auto muted = [&random] {
        const double grey = random.between(0.3, 0.8);
        const auto part = [&] { return std::clamp(grey + 0.07 * random.normal(), 0.1, 0.95); };
        const double r = part(), g = part(), b = part();
        return Paint{r, g, b};
    };
    const Paint one = muted();
    const Paint other = blend(one, muted(), 0.5);
    const double lean = random.uniform();
    const auto side = static_cast<double>(canvas.side());
    for (Index y = 0; y < canvas.side(); ++y)
        for (Index x = 0; x < canvas.side(); ++x)
            canvas.at(y, x) =
                blend(one, other, (lean * static_cast<double>(x) + (1 - lean) * static_cast<double>(y)) / side);
    for (int spot = 0; spot < 3; ++spot) {
        const Paint paint = muted();
        const FacePoint at{random.between(-1.4, 1.4), random.between(-1.6, 1.2)};
        canvas.fill(Oval{at, random.between(0.2, 0.6), random.between(0.2, 0.6)}, paint, 0.35);
    }
}

/// Light from one side, noise, and the levels of a byte.
inline std::vector<std::uint8_t> develop(FaceCanvas& canvas, double noise, Random& random) {
    const double light_x = 0.12 * random.normal();
    const double light_y = -0.12 + 0.08 * random.normal();
    const double exposure = std::clamp(1 + 0.08 * random.normal(), 0.75, 1.2);
    const auto side = static_cast<double>(canvas.side());
    std::vector<std::uint8_t> levels;
    levels.reserve(static_cast<std::size_t>(3 * canvas.side() * canvas.side()));
    const auto level = [&](double value) {
        levels.push_back(static_cast<std::uint8_t>(255 * std::clamp(value + noise * random.normal(), 0.0, 1.0) + 0.5));
    };
    for (Index y = 0; y < canvas.side(); ++y)
        for (Index x = 0; x < canvas.side(); ++x) {
            const double light = exposure + light_x * (2 * static_cast<double>(x) / side - 1) +
                                 light_y * (2 * static_cast<double>(y) / side - 1);
            const Paint paint = canvas.at(y, x);
            level(light * paint.r);
            level(light * paint.g);
            level(light * paint.b);
        }
    return levels;
}

}  // namespace deconvviz::detail
