/// @file
/// Where a drawn face has its parts, and the drawing of a face by its label.
#pragma once

#include <array>
#include <cstddef>

#include "deconvviz/core/window.hpp"
#include "deconvviz/data/detail/face_canvas.hpp"
#include "deconvviz/data/detail/face_kinds.hpp"

namespace deconvviz {

/// Where a face has its parts, in pixels; left and right as one sees them in the picture. Each window holds the whole
/// part (what the border of the picture leaves of it) and lies inside of the picture. An owl's nose is its beak, its
/// mouth the feathers below.
struct FaceParts {
    Window left_eye;
    Window right_eye;
    Window nose;
    Window mouth;
    Window face;         // the head, without ears
    bool hat = false;    // covers the ears
    bool scarf = false;  // covers nose and mouth: their windows are where they would be
};

}  // namespace deconvviz

namespace deconvviz::detail {

/// How far the parts of a kind reach from their middles, in units of the face, where their sizes are 1.
struct FaceExtents {
    double top;                              // of the ears
    FacePoint head, eye, nose, mouth;        // half widths and half heights
    double below_nose = 0, below_mouth = 0;  // the middles lie lower by this than the plan's nose_y and mouth_y
};

inline constexpr std::array<FaceExtents, 6> face_extents{{
    {-1.4, {1.02, 0.9}, {0.28, 0.26}, {0.19, 0.13}, {0.26, 0.12}, 0.01, 0.03},   // cat
    {-1.15, {0.9, 1}, {0.25, 0.25}, {0.25, 0.18}, {0.31, 0.26}, 0, 0.12},        // dog
    {-1.15, {1.05, 0.95}, {0.14, 0.15}, {0.18, 0.12}, {0.24, 0.1}, 0, 0.05},     // bear
    {-1.8, {0.92, 0.9}, {0.17, 0.25}, {0.11, 0.08}, {0.24, 0.18}, 0, 0.06},      // rabbit
    {-1.3, {0.98, 1}, {0.36, 0.36}, {0.2, 0.2}, {0.36, 0.18}, 0.06, 0.15},       // owl
    {-1.35, {0.92, 0.9}, {0.28, 0.28}, {0.19, 0.16}, {0.51, 0.18}, -0.03, 0.06}  // robot
}};

/// How far a face reaches up.
inline double face_top(int label, const FacePlan& plan) {
    return plan.hat ? -1.5 : face_extents[static_cast<std::size_t>(label)].top;
}

inline void paint_face(int label, const FacePlan& plan, FaceCanvas& canvas) {
    constexpr std::array<void (FaceDrawing::*)(), 6> kinds{&FaceDrawing::cat,  &FaceDrawing::dog,
                                                           &FaceDrawing::bear, &FaceDrawing::rabbit,
                                                           &FaceDrawing::owl,  &FaceDrawing::robot};
    FaceDrawing drawing(canvas, plan);
    (drawing.*kinds[static_cast<std::size_t>(label)])();
    drawing.scarf();
    drawing.hat();
}

inline FaceParts find_parts(int label, const FacePlan& plan, const FaceCanvas& canvas) {
    constexpr double margin = 0.05;
    const FaceExtents& reach = face_extents[static_cast<std::size_t>(label)];
    const auto window = [&](FacePoint middle, FacePoint half, double size) {
        return canvas.window(middle, size * half.x + margin, size * half.y + margin);
    };
    const FacePoint nose{0, plan.nose_y + reach.below_nose};
    const FacePoint mouth{0, plan.mouth_y + reach.below_mouth};
    return {window({-plan.eye_x, plan.eye_y}, reach.eye, plan.eye),
            window({plan.eye_x, plan.eye_y}, reach.eye, plan.eye),
            window(nose, reach.nose, plan.nose),
            window(mouth, reach.mouth, 1),
            window({0, 0.06}, reach.head, 1),
            plan.hat,
            plan.scarf};
}

}  // namespace deconvviz::detail
