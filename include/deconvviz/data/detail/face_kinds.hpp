/// @file
/// The six kinds of drawn faces: what each has for ears, eyes, nose and mouth.
#pragma once

#include <array>

#include "deconvviz/core/random.hpp"
#include "deconvviz/data/detail/face_canvas.hpp"

namespace deconvviz::detail {

/// Where one face has its parts, in units of the face.
struct FacePlan {
    double eye_x = 0.4;  // to the left and right of the middle
    double eye_y = -0.12;
    double nose_y = 0.28;
    double mouth_y = 0.58;
    double eye = 1;  // sizes, relative
    double nose = 1;
    double ear = 1;
    FacePoint gaze;                  // where the pupils look, in radii of the eye
    bool hat = false;                // hides the ears
    bool scarf = false;              // hides nose and mouth
    int patched = 0;                 // an eye in a dark patch: -1 left, 1 right
    Paint coat, dark, light, inner;  // the coat; outlines; muzzle; inside of ears
    Paint iris;
    Paint cloth;  // of the hat
    Paint wool;   // of the scarf
};

/// One face on a canvas.
class FaceDrawing {
  public:
    FaceDrawing(FaceCanvas& canvas, const FacePlan& plan) : canvas_(canvas), plan_(plan) {}

    void cat() {
        for (const double s : sides) ear_wedge(s, 0.62, -1.42, 0.42);
        head(1.02, 0.9);
        muzzle(0.44, 0.3, 0.46);
        for (const double s : sides) {
            const FacePoint c = eye_at(s);
            const double r = 0.23 * plan_.eye;
            canvas_.rimmed(Oval{c, r, 0.9 * r, FaceTurn::by(0.12 * s)}, plan_.iris, plan_.dark, 0.05);
            canvas_.fill(Oval{c + r * 0.7 * plan_.gaze, 0.3 * r, 0.8 * r}, paint_black);
            glint(c, r);
        }
        const double n = plan_.nose;
        canvas_.rimmed(
            Wedge{
                {-0.12 * n, plan_.nose_y - 0.06}, {0.12 * n, plan_.nose_y - 0.06}, {0, plan_.nose_y + 0.08 * n}, 0.03},
            pink, plan_.dark, 0.03);
        split_mouth(0.2, 0.1);
        whiskers();
    }

    void dog() {
        head(0.9, 1.0);
        for (const double s : sides) {
            const FacePoint top{0.72 * s, -0.68};
            const FacePoint tip{(0.98 + 0.06 * plan_.ear) * s, 0.28 * plan_.ear};
            if (!plan_.hat)
                canvas_.rimmed(Stroke{top, tip, 0.17, 0.27}, blend(plan_.coat, plan_.dark, 0.45), plan_.dark, 0.05);
        }
        muzzle(0.5, 0.42, 0.42);
        for (const double s : sides) {
            const FacePoint c = eye_at(s);
            const double r = 0.2 * plan_.eye;
            canvas_.rimmed(Oval{c, r, r}, paint_white, plan_.dark, 0.05);
            canvas_.fill(Oval{c + r * 0.35 * plan_.gaze, 0.66 * r, 0.66 * r}, Paint{0.2, 0.12, 0.08});
            glint(c, r);
        }
        const double n = plan_.nose;
        canvas_.fill(Oval{{0, plan_.nose_y}, 0.25 * n, 0.18 * n}, paint_black);
        canvas_.fill(Oval{{-0.08 * n, plan_.nose_y - 0.07 * n}, 0.07 * n, 0.035 * n}, paint_white, 0.75);
        canvas_.rimmed(Oval{{0, plan_.mouth_y + 0.17}, 0.13, 0.16}, Paint{0.93, 0.42, 0.46}, plan_.dark, 0.03);
        split_mouth(0.27, 0.13);
    }

    void bear() {
        for (const double s : sides) {
            const FacePoint c{0.74 * s, -0.7};
            if (plan_.hat) continue;
            canvas_.rimmed(Oval{c, 0.34 * plan_.ear, 0.34 * plan_.ear}, plan_.coat, plan_.dark, 0.05);
            canvas_.fill(Oval{c, 0.19 * plan_.ear, 0.19 * plan_.ear}, plan_.inner);
        }
        head(1.05, 0.95);
        canvas_.rimmed(Oval{{0, 0.42}, 0.46, 0.37}, plan_.light, blend(plan_.light, plan_.dark, 0.5), 0.03);
        for (const double s : sides) {
            const double r = 0.13 * plan_.eye;
            canvas_.fill(Oval{eye_at(s), r, 1.1 * r}, paint_black);
            glint(eye_at(s), 1.3 * r);
        }
        const double n = plan_.nose;
        canvas_.fill(Oval{{0, plan_.nose_y}, 0.18 * n, 0.12 * n}, Paint{0.25, 0.14, 0.1});
        canvas_.fill(Stroke{{0, plan_.nose_y}, {0, plan_.mouth_y}, 0.025, 0.025}, plan_.dark);
        canvas_.fill(Arc{{-0.2, plan_.mouth_y}, {0, plan_.mouth_y + 0.16}, {0.2, plan_.mouth_y}, 0.035}, plan_.dark);
    }

    void rabbit() {
        for (const double s : sides) {
            const FacePoint root{0.34 * s, -0.6};
            const FacePoint tip{(0.36 + 0.12 * plan_.ear) * s, -1.72};
            if (plan_.hat) continue;
            canvas_.rimmed(Stroke{root, tip, 0.2, 0.22}, plan_.coat, plan_.dark, 0.05);
            canvas_.fill(Stroke{root, tip, 0.1, 0.11}, plan_.inner);
        }
        head(0.92, 0.9);
        for (const double s : sides) canvas_.fill(Oval{{0.56 * s, 0.3}, 0.2, 0.13}, pink, 0.6);
        for (const double s : sides) canvas_.fill(Oval{{0.17 * s, 0.46}, 0.22, 0.18}, plan_.light);
        for (const double s : sides) {
            const FacePoint c = eye_at(s);
            const double r = 0.17 * plan_.eye;
            canvas_.fill(Oval{c, r, 1.45 * r}, paint_black);
            canvas_.fill(Oval{c + FacePoint{0, 0.8 * r}, 0.6 * r, 0.4 * r}, plan_.iris, 0.5);
            canvas_.fill(Oval{c + FacePoint{-0.25 * r, -0.6 * r}, 0.4 * r, 0.4 * r}, paint_white);
        }
        const double n = plan_.nose;
        canvas_.fill(Oval{{0, plan_.nose_y}, 0.11 * n, 0.075 * n}, Paint{0.9, 0.38, 0.48});
        for (const double s : sides)
            canvas_.fill(
                Arc{{0, plan_.nose_y + 0.02}, {0.02 * s, plan_.mouth_y - 0.06}, {0.2 * s, plan_.mouth_y - 0.08}, 0.025},
                plan_.dark);
        canvas_.rimmed(Panel{{0, plan_.mouth_y + 0.09}, 0.13, 0.11, 0.03}, paint_white, plan_.dark, 0.03);
        canvas_.fill(Stroke{{0, plan_.mouth_y}, {0, plan_.mouth_y + 0.19}, 0.015, 0.015}, plan_.dark);
    }

    void owl() {
        for (const double s : sides) ear_wedge(s, 0.66, -1.22, 0.24);
        head(0.98, 1.0);
        for (const double s : sides) canvas_.fill(Oval{{0.36 * s, -0.08}, 0.48, 0.52}, plan_.light);
        for (const double s : sides) {
            const FacePoint c = eye_at(s);
            const double r = 0.3 * plan_.eye;
            canvas_.rimmed(Oval{c, r, r}, plan_.iris, plan_.dark, 0.06);
            canvas_.fill(Oval{c + r * 0.3 * plan_.gaze, 0.56 * r, 0.56 * r}, paint_black);
            glint(c, r);
        }
        const double n = plan_.nose;
        canvas_.rimmed(
            Wedge{{-0.13 * n, plan_.nose_y - 0.1}, {0.13 * n, plan_.nose_y - 0.1}, {0, plan_.nose_y + 0.2 * n}, 0.03},
            Paint{0.96, 0.66, 0.2}, plan_.dark, 0.035);
        for (const int row : {0, 1})
            for (const double s : row == 0 ? std::array{-1.0, 0.0, 1.0} : std::array{-0.5, 0.5, 0.5}) {
                const FacePoint c{0.22 * s, plan_.mouth_y + 0.06 + 0.14 * row};
                canvas_.fill(Arc{c + FacePoint{-0.1, -0.03}, c + FacePoint{0, 0.12}, c + FacePoint{0.1, -0.03}, 0.03},
                             plan_.dark);
            }
    }

    void robot() {
        for (const double s : sides) {
            if (plan_.hat) continue;
            canvas_.rimmed(Panel{{1.02 * s, -0.05}, 0.14, 0.28 * plan_.ear, 0.05}, plan_.light, plan_.dark, 0.05);
            canvas_.fill(Stroke{{0.5 * s, -0.8}, {0.66 * s, -1.2}, 0.045, 0.045}, plan_.dark);
            canvas_.rimmed(Oval{{0.66 * s, -1.22}, 0.12, 0.12}, plan_.iris, plan_.dark, 0.04);
        }
        canvas_.rimmed(Panel{{0, 0.05}, 0.92, 0.9, 0.26}, plan_.coat, plan_.dark, 0.055);
        patch();
        for (const double s : sides) {
            const FacePoint c = eye_at(s);
            const double r = 0.23 * plan_.eye;
            canvas_.rimmed(Panel{c, r, r, 0.07}, Paint{0.12, 0.16, 0.2}, plan_.light, 0.05);
            canvas_.fill(Oval{c + r * 0.3 * plan_.gaze, 0.55 * r, 0.55 * r}, plan_.iris);
            canvas_.fill(Oval{c + r * 0.3 * plan_.gaze, 0.22 * r, 0.22 * r}, paint_white);
        }
        const double n = plan_.nose;
        canvas_.rimmed(
            Wedge{
                {0, plan_.nose_y - 0.14 * n}, {0.13 * n, plan_.nose_y + 0.07}, {-0.13 * n, plan_.nose_y + 0.07}, 0.02},
            plan_.light, plan_.dark, 0.035);
        canvas_.rimmed(Panel{{0, plan_.mouth_y + 0.06}, 0.46, 0.13, 0.05}, paint_white, plan_.dark, 0.045);
        for (const double x : {-0.23, 0.0, 0.23})
            canvas_.fill(Stroke{{x, plan_.mouth_y - 0.06}, {x, plan_.mouth_y + 0.18}, 0.02, 0.02}, plan_.dark);
    }

    /// A knitted hat, over whatever is on top of the head.
    void hat() {
        if (!plan_.hat) return;
        const Paint rim = blend(plan_.cloth, paint_black, 0.55);
        canvas_.rimmed(Oval{{0, -1.3}, 0.2, 0.2}, paint_white, rim, 0.045);
        canvas_.rimmed(Panel{{0, -0.83}, 0.86, 0.36, 0.34}, plan_.cloth, rim, 0.05);
        canvas_.rimmed(Panel{{0, -0.58}, 0.98, 0.15, 0.12}, blend(plan_.cloth, paint_white, 0.55), rim, 0.05);
    }

    /// A striped scarf, up to under the eyes.
    void scarf() {
        if (!plan_.scarf) return;
        const Paint rim = blend(plan_.wool, paint_black, 0.55);
        const Paint stripe = blend(plan_.wool, paint_white, 0.5);
        canvas_.rimmed(Panel{{0.5, 1.1}, 0.22, 0.3, 0.06}, plan_.wool, rim, 0.05);
        const double top = plan_.nose_y - 0.22;
        constexpr double bottom = 1.12;
        canvas_.rimmed(Panel{{0, (top + bottom) / 2}, 1, (bottom - top) / 2, 0.28}, plan_.wool, rim, 0.05);
        for (const double y : {0.45, 0.8}) canvas_.fill(Panel{{0, y}, 0.98, 0.07, 0.06}, stripe);
    }

  private:
    static constexpr std::array<double, 2> sides{-1, 1};
    static constexpr Paint pink{0.94, 0.58, 0.6};

    FacePoint eye_at(double side) const { return {side * plan_.eye_x, plan_.eye_y}; }

    void glint(FacePoint eye, double r) {
        canvas_.fill(Oval{eye + FacePoint{-0.3 * r, -0.35 * r}, 0.24 * r, 0.24 * r}, paint_white);
    }

    void head(double rx, double ry) {
        canvas_.rimmed(Oval{{0, 0.06}, rx, ry}, plan_.coat, plan_.dark, 0.055);
        patch();
    }

    void patch() {
        if (plan_.patched != 0)
            canvas_.fill(Oval{eye_at(plan_.patched), 0.36, 0.42, FaceTurn::by(0.15 * plan_.patched)},
                         blend(plan_.coat, plan_.dark, 0.6));
    }

    void ear_wedge(double side, double x, double tip_y, double half_width) {
        if (plan_.hat) return;
        const FacePoint tip{side * (x + 0.16), tip_y + 0.25 * (1 - plan_.ear)};
        const FacePoint outer{side * (x + half_width), -0.3};
        const FacePoint inner{side * (x - half_width), -0.72};
        const auto wedge = [&](double shrink, double rounding) {
            const FacePoint m = 1.0 / 3 * (tip + outer + inner);
            const auto in = [&](FacePoint p) { return m + (1 - shrink) * (p - m); };
            return side > 0 ? Wedge{in(tip), in(outer), in(inner), rounding}
                            : Wedge{in(tip), in(inner), in(outer), rounding};
        };
        canvas_.rimmed(wedge(0, 0.06), plan_.coat, plan_.dark, 0.05);
        canvas_.fill(wedge(0.45, 0.03), plan_.inner);
    }

    /// Two cheeks and a chin in the light colour of the coat.
    void muzzle(double y, double r, double width) {
        for (const double s : sides) canvas_.fill(Oval{{0.45 * width * s, y}, 0.62 * width, r}, plan_.light);
    }

    /// From the nose down, and from there to both sides.
    void split_mouth(double width, double sag) {
        const FacePoint top{0, plan_.nose_y + 0.06};
        const FacePoint fork{0, plan_.mouth_y - 0.04};
        canvas_.fill(Stroke{top, fork, 0.025, 0.025}, plan_.dark);
        for (const double s : sides)
            canvas_.fill(Arc{fork, {0.5 * width * s, plan_.mouth_y + 1.4 * sag}, {width * s, plan_.mouth_y}, 0.032},
                         plan_.dark);
    }

    void whiskers() {
        for (const double s : sides)
            for (const double d : {-0.1, 0.02, 0.14})
                canvas_.fill(Stroke{{0.42 * s, 0.42 + 0.5 * d}, {1.12 * s, 0.36 + 1.4 * d}, 0.016, 0.01}, plan_.dark,
                             0.8);
    }

    FaceCanvas& canvas_;
    const FacePlan& plan_;
};

}  // namespace deconvviz::detail
