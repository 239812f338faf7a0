/// @file
/// Augmentation: random changes of the pictures that leave their classes as they are, for `FitOptions::augment`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// Changes a batch of pictures (N, C, H, W) in place, by what `random` draws: the type of FitOptions::augment.
template <class T>
using Augmentation = std::function<void(Tensor<T>& images, Random& random)>;

/// Augmentations. What they draw depends on the number of pictures alone, picture by picture, so a training with one
/// seed is the same on any number of threads and every machine. All throw ShapeError for a batch that is not
/// (N, C, H, W).
///
///     fit(model, data, {.augment = augment::all<float>({augment::flips<float>(), augment::shifts<float>(4)})});
namespace augment {

/// What a shift leaves behind at the picture's border: zeros, or the border's pixels repeated.
enum class Border { zeros, replicate };

namespace detail {

template <class T>
void expect_pictures(const Tensor<T>& images, const char* what) {
    if (images.rank() != 4)
        deconvviz::detail::raise<ShapeError>("augment::", what, ": expected pictures (N,C,H,W), got ", images.shape());
}

/// dst[y][x] = src[y - dy][x - dx] for one map, with the border outside of it.
template <class T>
void shift_map(const T* src, T* dst, Index height, Index width, Index dy, Index dx, Border border) {
    for (Index y = 0; y < height; ++y) {
        const Index from_y = std::clamp<Index>(y - dy, 0, height - 1);
        const bool outside = from_y != y - dy;
        for (Index x = 0; x < width; ++x) {
            const Index from_x = std::clamp<Index>(x - dx, 0, width - 1);
            const bool zero = border == Border::zeros && (outside || from_x != x - dx);
            dst[y * width + x] = zero ? T(0) : src[from_y * width + from_x];
        }
    }
}

}  // namespace detail

/// Mirrors each picture, left to right, with this probability. Throws OptionError for one outside of [0, 1].
template <class T>
Augmentation<T> flips(double probability = 0.5) {
    if (!(probability >= 0 && probability <= 1))
        deconvviz::detail::raise<OptionError>("augment::flips: expected a probability in [0, 1], got ", probability);
    return [probability](Tensor<T>& images, Random& random) {
        detail::expect_pictures(images, "flips");
        const Index width = images.shape()[3];
        for (Index n = 0; n < images.shape()[0]; ++n) {
            if (!random.chance(probability)) continue;
            const std::span<T> picture = images.slice(n);
            for (auto row = picture.begin(); row != picture.end(); row += width) std::reverse(row, row + width);
        }
    };
}

/// Shifts each picture, all of its channels alike, by whole pixels: down by one of -most … most and to the right by
/// another, all equally likely. Throws OptionError for a `most` below 0; the batch's pictures must be larger than
/// `most` on both sides, else ShapeError.
template <class T>
Augmentation<T> shifts(Index most, Border border = Border::zeros) {
    if (most < 0)
        deconvviz::detail::raise<OptionError>("augment::shifts: expected shifts of at least 0 pixels, got ", most);
    return [most, border, shifted = std::vector<T>()](Tensor<T>& images, Random& random) mutable {
        detail::expect_pictures(images, "shifts");
        const Index height = images.shape()[2], width = images.shape()[3];
        if (most >= height || most >= width)
            deconvviz::detail::raise<ShapeError>("augment::shifts: expected pictures larger than the shifts of up to ",
                                                 most, " pixels, got ", images.shape());
        for (Index n = 0; n < images.shape()[0]; ++n) {
            const Index dy = random.below(2 * most + 1) - most;
            const Index dx = random.below(2 * most + 1) - most;
            const std::span<T> picture = images.slice(n);
            shifted.assign(picture.begin(), picture.end());
            for (std::size_t map = 0; map < picture.size(); map += static_cast<std::size_t>(height * width))
                detail::shift_map(shifted.data() + map, picture.data() + map, height, width, dy, dx, border);
        }
    };
}

/// All of them, one after the other in this order. Throws OptionError for one that is empty.
template <class T>
Augmentation<T> all(std::vector<Augmentation<T>> augmentations) {
    for (std::size_t i = 0; i < augmentations.size(); ++i)
        if (!augmentations[i]) deconvviz::detail::raise<OptionError>("augment::all: augmentation ", i, " is empty");
    return [augmentations = std::move(augmentations)](Tensor<T>& images, Random& random) {
        for (const Augmentation<T>& augmentation : augmentations) augmentation(images, random);
    };
}

}  // namespace augment
}  // namespace deconvviz
