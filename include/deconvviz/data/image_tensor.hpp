/// @file
/// From pictures of any size to what a network takes: resized, cropped, normalised, as (C, H, W); and back to a
/// picture.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/greyscale.hpp"
#include "deconvviz/data/resize.hpp"
#include "deconvviz/figure/image.hpp"

namespace deconvviz {

/// The planes of a picture's tensor: red, green, blue; the reverse, as OpenCV and Caffe have it; or one of brightness,
/// 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
enum class Channels { rgb, bgr, grey };

/// Options of image_tensor. Sizes are {rows, columns}.
struct ImageTensorOptions {
    Index short_side = 0;  // resized so that the shorter side has so many pixels; 0: not
    Size2D size = 0;       // resized to exactly this, whatever the proportions; 0: not. One of the two at most
    Size2D crop = 0;       // then this part from the middle; 0: all
    Channels channels = Channels::rgb;
    std::vector<double> mean = {};       // taken from the values of each plane; one number for all planes, or one each
    std::vector<double> deviation = {};  // then divided by; likewise
    double scale = 1.0 / 255;            // a byte of 255 is 255 · scale before mean and deviation are used
};

namespace detail {

/// Pictures are resized to no more than this, whatever their proportions.
inline constexpr Index max_picture_side = 1 << 15;

/// The value for plane c out of one for all or one each; `none` where there are none.
inline double plane_value(const std::vector<double>& values, Index c, double none) {
    if (values.empty()) return none;
    return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(c)];
}

inline void check(const ImageTensorOptions& options, Index planes) {
    const auto fits = [&](const std::vector<double>& values) {
        return values.size() <= 1 || std::cmp_equal(values.size(), planes);
    };
    if (!fits(options.mean) || !fits(options.deviation))
        raise<OptionError>("picture: expected a mean and a deviation for all planes or for each of ", planes, ", got ",
                           options.mean.size(), " and ", options.deviation.size());
    for (const double deviation : options.deviation)
        if (!(std::abs(deviation) > 0))
            raise<OptionError>("picture: expected a deviation that is not 0, got ", deviation);
    constexpr Index most = max_picture_side;
    const auto side = [](Index length) { return length >= 0 && length <= most; };
    if (!side(options.short_side) || !side(options.size.y) || !side(options.size.x) || !side(options.crop.y) ||
        !side(options.crop.x))
        raise<OptionError>("picture: expected sizes from 0 to ", most, ", got short_side = ", options.short_side,
                           ", size = ", options.size, ", crop = ", options.crop);
    if (options.short_side > 0 && options.size != Size2D(0))
        raise<OptionError>("picture: expected short_side or size, not both");
}

/// The bytes of a picture as (3, H, W) or (1, H, W), in 0 … 255.
template <class T>
Tensor<T> planes_of(const figure::Image& image, Channels channels) {
    const Index planes = channels == Channels::grey ? 1 : 3;
    Tensor<T> out({planes, image.height(), image.width()});
    const auto pixels = image.pixels();
    const Index count = static_cast<Index>(pixels.size());
    for (Index i = 0; i < count; ++i) {
        const figure::Color& p = pixels[static_cast<std::size_t>(i)];
        if (channels == Channels::grey) {
            out[i] = static_cast<T>(luma(p.r, p.g, p.b));
            continue;
        }
        out[i] = static_cast<T>(channels == Channels::rgb ? p.r : p.b);
        out[count + i] = static_cast<T>(p.g);
        out[2 * count + i] = static_cast<T>(channels == Channels::rgb ? p.b : p.r);
    }
    return out;
}

/// The part of this size from the middle; where the rest is odd, one pixel nearer to the upper left.
template <class T>
Tensor<T> centre_crop(const Tensor<T>& planes, const Size2D& size) {
    const Index height = planes.shape()[1], width = planes.shape()[2];
    if (size.y > height || size.x > width)
        raise<OptionError>("picture: expected a crop inside of ", height, 'x', width, ", got ", size);
    Tensor<T> out({planes.shape()[0], size.y, size.x});
    const Index top = (height - size.y) / 2, left = (width - size.x) / 2;
    for (Index c = 0; c < planes.shape()[0]; ++c)
        for (Index y = 0; y < size.y; ++y)
            for (Index x = 0; x < size.x; ++x) out(c, y, x) = planes(c, top + y, left + x);
    return out;
}

}  // namespace detail

/// A picture as (3, H, W), or (1, H, W) for Channels::grey: resized bilinearly (see resized), cropped from the middle,
/// then value = (byte · scale - mean) / deviation, plane by plane. A crop of {H, 0} or {0, W} takes all of the other
/// side.
///
///     image_tensor<float>(load_image("cat.jpg"), {.short_side = 256, .crop = 224,
///                                                 .mean = {0.485, 0.456, 0.406}, .deviation = {0.229, 0.224, 0.225}})
///
/// Throws OptionError for an empty picture, one so thin that `short_side` would make it longer than 32768 pixels, a
/// crop larger than the picture, and a mean or deviation for another number of planes.
template <class T>
Tensor<T> image_tensor(const figure::Image& image, const ImageTensorOptions& options = {}) {
    if (image.empty()) detail::raise<OptionError>("picture: expected one with pixels, got an empty one");
    const Index planes = options.channels == Channels::grey ? 1 : 3;
    detail::check(options, planes);
    Tensor<T> values = detail::planes_of<T>(image, options.channels);
    Size2D size(options.size.y > 0 ? options.size.y : image.height(),
                options.size.x > 0 ? options.size.x : image.width());
    if (options.short_side > 0) {
        const Index shorter = std::min(image.height(), image.width());
        const auto length = [&](Index side) { return std::max<Index>(1, options.short_side * side / shorter); };
        size = {length(image.height()), length(image.width())};
        if (std::max(size.y, size.x) > detail::max_picture_side)
            detail::raise<OptionError>("picture: a short side of ", options.short_side, " would make ", size, " of ",
                                       image.height(), 'x', image.width(), ", expected at most ",
                                       detail::max_picture_side, " pixels a side");
    }
    values = resized(values, size);
    const Size2D crop(options.crop.y > 0 ? options.crop.y : size.y, options.crop.x > 0 ? options.crop.x : size.x);
    if (crop != size) values = detail::centre_crop(values, crop);
    for (Index c = 0; c < planes; ++c) {
        const double mean = detail::plane_value(options.mean, c, 0);
        const double deviation = detail::plane_value(options.deviation, c, 1);
        for (T& value : values.slice(c))
            value = static_cast<T>((static_cast<double>(value) * options.scale - mean) / deviation);
    }
    return values;
}

/// The picture of a tensor (3, H, W) or (1, H, W) that image_tensor made with these options, or of one like it:
/// byte = (value · deviation + mean) / scale, rounded, cut off at 0 and 255 (a NaN becomes 0). Sizes among the options
/// play no part. Throws ShapeError for another shape, or for planes that are not those of `options.channels`;
/// OptionError for a mean or deviation for another number of planes, or a scale of 0. (To show values of any range, as
/// those of a projection, there is figure::render.)
template <class T>
figure::Image tensor_image(const Tensor<T>& values, const ImageTensorOptions& options = {}) {
    const Shape& shape = values.shape();
    const Index planes = options.channels == Channels::grey ? 1 : 3;
    if (shape.rank() != 3 || shape[0] != planes)
        detail::raise<ShapeError>("picture: expected a tensor (", planes, ",H,W), got ", shape);
    detail::check(options, planes);
    if (!(std::abs(options.scale) > 0))
        detail::raise<OptionError>("picture: expected a scale that is not 0, got ", options.scale);
    figure::Image image(shape[2], shape[1]);
    const auto pixels = image.pixels();
    for (Index c = 0; c < planes; ++c) {
        const double mean = detail::plane_value(options.mean, c, 0);
        const double deviation = detail::plane_value(options.deviation, c, 1);
        const auto plane = values.slice(c);
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            const double value = (static_cast<double>(plane[i]) * deviation + mean) / options.scale;
            const auto byte = static_cast<std::uint8_t>(value > 0 ? std::min(value, 255.0) + 0.5 : 0);
            figure::Color& p = pixels[i];
            if (options.channels == Channels::grey)
                p = {byte, byte, byte};
            else if (c == 1)
                p.g = byte;
            else
                ((c == 0) == (options.channels == Channels::rgb) ? p.r : p.b) = byte;
        }
    }
    return image;
}

}  // namespace deconvviz
