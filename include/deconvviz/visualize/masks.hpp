/// @file
/// Masks that hide a part of each picture of a batch: from windows, at random places, and their use.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"

namespace deconvviz {

namespace detail {

/// Throws ShapeError unless `images` is (N, C, H, W) and there is a window inside of each picture.
inline void expect_windows(const Shape& images, const std::vector<Window>& windows, std::string_view what) {
    if (images.rank() != 4) raise<ShapeError>(what, ": expected pictures (N,C,H,W), got ", images);
    if (std::cmp_not_equal(windows.size(), images[0]))
        raise<ShapeError>(what, ": expected a window for each of ", images[0], " pictures, got ", windows.size());
    const Window picture{0, 0, images[2], images[3]};
    for (std::size_t i = 0; i < windows.size(); ++i)
        if (!contains(picture, windows[i]))
            raise<ShapeError>(what, ": expected windows inside of pictures of ", images[2], 'x', images[3], ", got ",
                              windows[i], " for picture ", i);
}

/// Throws OptionError for masks with other values than shares.
template <class T>
void expect_shares(const Tensor<T>& masks, std::string_view what) {
    for (const T m : masks)
        if (!(m >= 0 && m <= 1))
            raise<OptionError>(what, ": expected masks with values in [0, 1], the share that is hidden, got ", m);
}

/// A pixel of which `fill` hides a share.
template <class T>
constexpr T hidden_value(T pixel, T share, T fill) {
    return share == T(0) ? pixel : share == T(1) ? fill : pixel * (1 - share) + fill * share;
}

constexpr bool overlap(const Window& a, const Window& b) {
    return !a.empty() && !b.empty() && a.y < b.y + b.height && b.y < a.y + a.height && a.x < b.x + b.width &&
           b.x < a.x + a.width;
}

}  // namespace detail

/// The windows as masks (N, 1, H, W) for pictures of shape `images` (N, C, H, W): 1 inside of the picture's window, 0
/// elsewhere. An empty window hides nothing. Throws ShapeError where a window leaves its picture, or for another number
/// of windows than of pictures.
template <class T>
Tensor<T> window_masks(const Shape& images, const std::vector<Window>& windows) {
    detail::expect_windows(images, windows, "window_masks");
    Tensor<T> masks({images[0], 1, images[2], images[3]});
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const Window& window = windows[i];
        T* mask = masks.slice(static_cast<Index>(i)).data();
        for (Index y = window.y; y < window.y + window.height; ++y)
            if (!window.empty()) std::fill_n(mask + y * images[3] + window.x, window.width, T(1));
    }
    return masks;
}

/// Pictures (N, C, H, W) with parts hidden: x (1 - m) + fill m in all channels, where `masks` (N, 1, H, W) says for
/// each pixel which share m of it is hidden. A pixel with m = 0 stays exactly as it is, one with m = 1 is exactly
/// `fill`, even where the picture has a NaN. Throws ShapeError for masks of another size or number, OptionError for a
/// share outside of [0, 1].
template <class T>
Tensor<T> occluded(const Tensor<T>& images, const Tensor<T>& masks, T fill) {
    const Shape& shape = images.shape();
    if (shape.rank() != 4) detail::raise<ShapeError>("occluded: expected pictures (N,C,H,W), got ", shape);
    const Shape expected{shape[0], 1, shape[2], shape[3]};
    if (masks.shape() != expected)
        detail::raise<ShapeError>("occluded: expected masks of ", expected, " for pictures of ", shape, ", got ",
                                  masks.shape());
    detail::expect_shares(masks, "occluded");
    Tensor<T> hidden(shape);
    const Index plane = shape[2] * shape[3];
    for (Index n = 0; n < shape[0]; ++n)
        for (Index c = 0; c < shape[1]; ++c) {
            const T* x = images.slice(n).data() + c * plane;
            const T* m = masks.slice(n).data();
            T* dst = hidden.slice(n).data() + c * plane;
            for (Index p = 0; p < plane; ++p) dst[p] = detail::hidden_value(x[p], m[p], fill);
        }
    return hidden;
}

/// Where random masks lie.
/// own: each anywhere in its picture. common: all at one place, drawn once. exchanged: each where another picture has
/// the given window.
enum class RandomPlace { own, common, exchanged };

/// Options of random_masks.
struct RandomMaskOptions {
    RandomPlace place = RandomPlace::own;
    std::vector<Window> within = {};              // for each picture, the window that its mask stays in; or none
    std::vector<std::vector<Window>> avoid = {};  // for each picture, windows that its mask must not touch; or none
    std::uint64_t seed = 1;
};

namespace detail {

/// A place for a window of this size inside of `area`, all that are clear of `avoid` equally likely. Throws OptionError
/// where there is none.
inline Window random_window(const Window& area, Size2D size, const std::vector<Window>& avoid, Random& random) {
    std::vector<Window> places;
    for (Index y = area.y; y + size.y <= area.y + area.height; ++y)
        for (Index x = area.x; x + size.x <= area.x + area.width; ++x) {
            const Window place{y, x, size.y, size.x};
            const auto touches = [&place](const Window& other) { return overlap(place, other); };
            if (std::none_of(avoid.begin(), avoid.end(), touches)) places.push_back(place);
        }
    if (places.empty())
        raise<OptionError>("random_masks: there is no place for a window of ", size, " inside of ", area,
                           " that keeps clear of ", avoid.size(), " others");
    return places[static_cast<std::size_t>(random.below(static_cast<Index>(places.size())))];
}

/// What both windows cover; of no size where they do not meet.
constexpr Window common_part(const Window& a, const Window& b) {
    const Index y = std::max(a.y, b.y);
    const Index x = std::max(a.x, b.x);
    return {y, x, std::max<Index>(0, std::min(a.y + a.height, b.y + b.height) - y),
            std::max<Index>(0, std::min(a.x + a.width, b.x + b.width) - x)};
}

/// The windows in another order, drawn so that none stays where it was (Sattolo): each picture gets another's.
inline std::vector<Window> exchanged(std::vector<Window> windows, Random& random) {
    for (std::size_t i = windows.size(); i > 1; --i)
        std::swap(windows[i - 1], windows[static_cast<std::size_t>(random.below(static_cast<Index>(i) - 1))]);
    return windows;
}

/// A window of the size of `like` in the middle of `box`.
constexpr Window centred(const Window& like, const Window& box) {
    return {box.y + (box.height - like.height) / 2, box.x + (box.width - like.width) / 2, like.height, like.width};
}

}  // namespace detail

/// Windows of the sizes of the given ones at random places inside of pictures of shape `images` (N, C, H, W).
///
/// RandomPlace::own is the random mask of [zeiler2014, §4.3]: all places that a window may take are equally likely, in
/// the whole picture or, with `within`, on the object that it shows. The two others are controls. RandomPlace::common
/// draws one box that holds the largest height and width, and puts every window into its middle: the masks agree in
/// place without agreeing in what they hide. RandomPlace::exchanged gives each picture the window of another one: the
/// masks lie where such parts usually lie, but not on the part.
///
/// Throws ShapeError for windows that do not fit the pictures or lists of `within` or `avoid` of another number,
/// OptionError where no place is left, and for `within`, `avoid` or a single picture with RandomPlace::exchanged. Cost:
/// (H W) times the windows to avoid, a picture.
inline std::vector<Window> random_masks(const Shape& images, const std::vector<Window>& sizes,
                                        const RandomMaskOptions& options = {}) {
    detail::expect_windows(images, sizes, "random_masks");
    if (!options.within.empty()) detail::expect_windows(images, options.within, "random_masks: within");
    if (!options.avoid.empty() && options.avoid.size() != sizes.size())
        detail::raise<ShapeError>("random_masks: expected windows to avoid for each of ", sizes.size(),
                                  " pictures, got ", options.avoid.size());
    Random random(options.seed);
    if (options.place == RandomPlace::exchanged) {
        if (sizes.size() < 2 || !options.avoid.empty() || !options.within.empty())
            detail::raise<OptionError>(
                "random_masks: windows are exchanged between two or more pictures, with nothing "
                "to avoid or to stay within; got ",
                sizes.size(), " windows, ", options.avoid.size(), " lists to avoid and ", options.within.size(),
                " windows to stay within");
        return detail::exchanged(sizes, random);
    }
    const Window picture{0, 0, images[2], images[3]};
    std::vector<Window> windows;
    if (options.place == RandomPlace::common) {
        Size2D largest(0, 0);
        for (const Window& size : sizes) largest = {std::max(largest.y, size.height), std::max(largest.x, size.width)};
        Window area = picture;
        for (const Window& window : options.within) area = detail::common_part(area, window);
        std::vector<Window> avoid;
        for (const std::vector<Window>& some : options.avoid) avoid.insert(avoid.end(), some.begin(), some.end());
        const Window box = detail::random_window(area, largest, avoid, random);
        for (const Window& size : sizes) windows.push_back(detail::centred(size, box));
        return windows;
    }
    const std::vector<Window> none;
    for (std::size_t i = 0; i < sizes.size(); ++i)
        windows.push_back(detail::random_window(options.within.empty() ? picture : options.within[i],
                                                {sizes[i].height, sizes[i].width},
                                                options.avoid.empty() ? none : options.avoid[i], random));
    return windows;
}

}  // namespace deconvviz
