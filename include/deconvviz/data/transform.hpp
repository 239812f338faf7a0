/// @file
/// Geometric transformations of a picture: translation, scaling, rotation, all by one affine resampling.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// What lies beyond the border of a picture. replicate: the nearest pixel of its edge. constant: one value.
enum class BorderRule { replicate, constant };

/// What a transformation that looks beyond the border of a picture finds there. `{}` replicates the edge, which invents
/// no colour; `{.rule = BorderRule::constant, .fill = 0}` surrounds the picture with black.
struct BorderOptions {
    BorderRule rule = BorderRule::replicate;
    double fill = 0;  // for BorderRule::constant: on the scale of the pixels, in all channels; may be NaN, as a mark
};

/// Where the pixels of a transformed picture come from. With (y, x) and (y', x') measured from the picture's centre,
/// rows downward, the new pixel at (y, x) shows the old picture at y' = yy · y + yx · x + dy, x' = xy · y + xx · x +
/// dx. So this is the inverse of what the transformation does to the picture. The default leaves it as it is.
struct AffineMap {
    double yy = 1, yx = 0;
    double xy = 0, xx = 1;
    double dy = 0, dx = 0;  // pixels
};

namespace detail {

/// Two neighbours of a place along one axis, and the weight of the second: value = a + weight (b - a). Neighbours
/// outside 0 … size - 1 stand for the fill.
struct Neighbours {
    Index first = 0, second = 0;
    double weight = 0;
};

/// `at` is finite; whatever it is, the neighbours lie within -1 … size.
inline Neighbours neighbours(double at, Index size, BorderRule rule) {
    const auto last = static_cast<double>(size - 1);
    at = rule == BorderRule::replicate ? std::clamp(at, 0.0, last) : std::clamp(at, -1.0, last + 1);
    const double floor = std::floor(at);
    const auto first = static_cast<Index>(floor);
    // A weight of 0 takes no second neighbour: 0 · NaN would be NaN.
    return {first, at > floor ? first + 1 : first, at - floor};
}

inline double between(double a, double b, double weight) {
    return weight == 0 ? a : a + weight * (b - a);
}

/// One plane of height x width pixels at the given places of two axes, bilinear. The order of interpolation is first
/// along the row, then between the rows.
template <class T>
double bilinear(const T* plane, Index height, Index width, const Neighbours& y, const Neighbours& x, double fill) {
    const auto pixel = [&](Index row, Index column) {
        const bool inside = row >= 0 && row < height && column >= 0 && column < width;
        return inside ? static_cast<double>(plane[row * width + column]) : fill;
    };
    const auto along = [&](Index row) { return between(pixel(row, x.first), pixel(row, x.second), x.weight); };
    return y.weight == 0 ? along(y.first) : between(along(y.first), along(y.second), y.weight);
}

inline void expect_finite(double amount, const char* who, const char* what) {
    if (!std::isfinite(amount)) raise<OptionError>(who, ": expected a finite ", what, ", got ", amount);
}

}  // namespace detail

/// A picture (C, H, W) resampled: each new pixel is the bilinear value of the old picture where `map` sends it,
/// computed in double and rounded to T once. The centre, which stays in place but for dy and dx, is ((H - 1) / 2, (W -
/// 1) / 2): between pixels where a side is even. Where a place is a pixel, its value is taken as it is: integer shifts,
/// mirrorings and quarter turns of square pictures change no bit. A constant border is interpolated with, as if the
/// picture lay on an endless plane of the fill. There is no smoothing: made much smaller, pictures alias.
///
/// NaN spreads to the pixels that a NaN pixel has a weight in, and no further. Throws ShapeError for another rank,
/// OptionError for coefficients beyond ±1e100 (or NaN). Cost: O(C·H·W).
template <class T>
Tensor<T> affine(const Tensor<T>& image, const AffineMap& map, const BorderOptions& border = {}) {
    if (image.rank() != 3)
        detail::raise<ShapeError>("affine: expected a picture of shape (C,H,W), got ", image.shape());
    for (const double coefficient : {map.yy, map.yx, map.xy, map.xx, map.dy, map.dx})
        if (!(std::abs(coefficient) <= 1e100))
            detail::raise<OptionError>("affine: expected coefficients of at most 1e100, got ", coefficient);
    const Index height = image.shape()[1], width = image.shape()[2];
    const double middle_y = static_cast<double>(height - 1) / 2, middle_x = static_cast<double>(width - 1) / 2;
    Tensor<T> result(image.shape());
    for (Index row = 0; row < height; ++row)
        for (Index column = 0; column < width; ++column) {
            const double y = static_cast<double>(row) - middle_y, x = static_cast<double>(column) - middle_x;
            const auto from_y = detail::neighbours(middle_y + (map.yy * y + map.yx * x) + map.dy, height, border.rule);
            const auto from_x = detail::neighbours(middle_x + (map.xy * y + map.xx * x) + map.dx, width, border.rule);
            for (Index c = 0; c < image.shape()[0]; ++c)
                result(c, row, column) = static_cast<T>(
                    detail::bilinear(image.data() + c * height * width, height, width, from_y, from_x, border.fill));
        }
    return result;
}

/// The picture (C, H, W) moved by dy pixels downward and dx to the right; fractions are interpolated.
/// Throws as `affine`; OptionError for an amount that is not finite.
template <class T>
Tensor<T> translated(const Tensor<T>& image, double dy, double dx, const BorderOptions& border = {}) {
    detail::expect_finite(dy, "translated", "dy");
    detail::expect_finite(dx, "translated", "dx");
    return affine(image, {.dy = -dy, .dx = -dx}, border);
}

/// The picture (C, H, W) enlarged about its centre: with a factor of 2 everything looks twice as large, and the outer
/// half of each side is gone; below 1 it shrinks, and the border shows. The size stays. A factor of 1 changes no bit.
/// Throws as `affine`; OptionError for a factor that is not finite or not above 0.
template <class T>
Tensor<T> scaled(const Tensor<T>& image, double factor, const BorderOptions& border = {}) {
    detail::expect_finite(factor, "scaled", "factor");
    if (!(factor > 0)) detail::raise<OptionError>("scaled: expected a factor above 0, got ", factor);
    return affine(image, {.yy = 1 / factor, .xx = 1 / factor}, border);
}

/// The picture (C, H, W) turned about its centre, counterclockwise as one sees it. 90 degrees bring the right side to
/// the top. Multiples of 90 are exact for square pictures (and for those whose sides are both even or both odd, as far
/// as the turned picture fits).
/// Throws as `affine`; OptionError for an angle that is not finite.
template <class T>
Tensor<T> rotated(const Tensor<T>& image, double degrees, const BorderOptions& border = {}) {
    detail::expect_finite(degrees, "rotated", "angle");
    degrees = std::remainder(degrees, 360);  // exact, in [-180, 180]
    double cosine = std::cos(degrees * std::numbers::pi / 180);
    double sine = std::sin(degrees * std::numbers::pi / 180);
    if (std::fmod(degrees, 90) == 0) {
        cosine = degrees == 0 ? 1 : std::abs(degrees) == 180 ? -1 : 0;
        sine = degrees == 90 ? 1 : degrees == -90 ? -1 : 0;
    }
    return affine(image, {.yy = cosine, .yx = sine, .xy = -sine, .xx = cosine}, border);
}

/// The transformations of the paper's invariance experiment, each with one amount: pixels downward, pixels to the
/// right, a factor, degrees counterclockwise.
enum class Transformation { translation_y, translation_x, scale, rotation };

/// The amount that changes nothing: a factor of 1, else 0.
constexpr double identity_amount(Transformation transformation) {
    return transformation == Transformation::scale ? 1 : 0;
}

/// `translated`, `scaled` or `rotated` by the amount.
template <class T>
Tensor<T> transformed(const Tensor<T>& image, Transformation transformation, double amount,
                      const BorderOptions& border = {}) {
    switch (transformation) {
        case Transformation::translation_y:
            return translated(image, amount, 0, border);
        case Transformation::translation_x:
            return translated(image, 0, amount, border);
        case Transformation::scale:
            return scaled(image, amount, border);
        case Transformation::rotation:
            return rotated(image, amount, border);
    }
    detail::raise<OptionError>("transformed: there is no such transformation");
}

}  // namespace deconvviz
