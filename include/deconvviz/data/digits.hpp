/// @file
/// Drawn digits: handwritten-looking digits from strokes and a seed, the data set that needs no download.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/data/detail/digit_path.hpp"
#include "deconvviz/data/detail/digit_raster.hpp"

namespace deconvviz {

/// What draw_digits draws. Lengths are in pixels of the picture, whose digits fill a box of 20x20.
struct DrawnDigitsOptions {
    Index count = 20000;         ///< pictures; one or more
    std::uint64_t seed = 1;      ///< another seed, other pictures; a longer set begins like a shorter one of its seed
    double variation = 1;        ///< of shape, 0 … 2: 0 draws the table's hands as they stand, 1 is as people write
    double slant = 0.15;         ///< mean, -1 … 1: tangent of the lean to the right
    double slant_spread = 0.25;  ///< standard deviation, 0 … 1
    double pen_width = 2.5;      ///< median, 1.2 … 6; no pen is thinner or thicker
    double pen_spread = 0.26;    ///< standard deviation of the logarithm of the width, 0 … 1
    double roughness = 0.12;     ///< standard deviation of the ink's edge from pixel to pixel, 0 … 1

    /// Throws OptionError for a value outside the range given above.
    void check() const {
        if (count < 1) detail::raise<OptionError>("draw_digits: expected a count of at least 1, got ", count);
        check("variation", variation, 0, 2);
        check("slant", slant, -1, 1);
        check("slant_spread", slant_spread, 0, 1);
        check("pen_width", pen_width, 1.2, 6);
        check("pen_spread", pen_spread, 0, 1);
        check("roughness", roughness, 0, 1);
    }

  private:
    static void check(const char* name, double value, double low, double high) {
        if (!(value >= low && value <= high))
            detail::raise<OptionError>("draw_digits: ", name, " expected in ", low, " … ", high, ", got ", value);
    }
};

namespace detail {

/// The pixels of one digit; options are checked by the caller.
inline DigitPixels digit_pixels(int label, std::uint64_t seed, const DrawnDigitsOptions& options) {
    Random random(seed);
    DigitHand hand = DigitHand{}.scaled(options.variation);
    hand.slant = options.slant;
    hand.slant_spread = options.slant_spread;
    const DigitPen pen{options.pen_width, options.pen_spread, options.roughness};
    return ink_digit(write_digit(label, hand, random), pen, random);
}

/// The label of picture `index`: each run of ten pictures has each digit once, in an order of its own.
inline int digit_label(std::uint64_t seed, Index index) {
    std::vector<int> order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    Random(derived_seed(~seed, static_cast<std::uint64_t>(index / 10))).shuffle(order);
    return order[static_cast<std::size_t>(index % 10)];
}

template <class T>
void copy_levels(const DigitPixels& pixels, std::span<T> dst) {
    std::transform(pixels.begin(), pixels.end(), dst.begin(), [](std::uint8_t level) { return T(level) / T(255); });
}

}  // namespace detail

/// One digit of the given label, (1, 28, 28), values in [0, 1]. `options.count` and `options.seed` play no part.
/// Throws OptionError for a label outside 0 … 9 or options out of range.
template <class T = float>
Tensor<T> draw_digit(int label, std::uint64_t seed, const DrawnDigitsOptions& options = {}) {
    if (label < 0 || label > 9) detail::raise<OptionError>("draw_digit: label ", label, " is not in 0 … 9");
    options.check();
    Tensor<T> image({1, detail::digit_side, detail::digit_side});
    detail::copy_levels(detail::digit_pixels(label, seed, options), image.values());
    return image;
}

/// Labelled pictures of digits, (count, 1, 28, 28), white on black, values in [0, 1] in steps of 1/255. Every ten
/// pictures from a multiple of ten on hold each digit once. The same options give the same pictures on any number of
/// threads and on any machine (where a compiler fuses multiplications with additions, single grey levels may differ by
/// one step).
///
/// The pictures are made as those of MNIST [lecun1998] were: the digit is fitted into a box of 20x20 pixels with its
/// proportions kept, with grey levels at its edges, and placed so that its centre of mass is in the middle. They are
/// drawn, not collected: strokes from a table of common ways to write each digit, mixed, shaken, bent and slanted at
/// random. Unlike people's digits they are never corrected or broken off, the pen has round ends, and no two pictures
/// are by the same hand. A LeNet-like network trained on 60000 of them for 5 epochs reads 98 % of other drawn digits
/// and, without having seen one, 97 % of MNIST's test pictures.
///
/// Throws OptionError for options out of range.
template <class T = float>
Dataset<T> draw_digits(const DrawnDigitsOptions& options = {}) {
    options.check();
    Dataset<T> set{Tensor<T>({options.count, 1, detail::digit_side, detail::digit_side}),
                   std::vector<int>(static_cast<std::size_t>(options.count)), 10};
    parallel_for(options.count, 64, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const int label = detail::digit_label(options.seed, i);
            const auto seed = derived_seed(options.seed, static_cast<std::uint64_t>(i));
            set.labels[static_cast<std::size_t>(i)] = label;
            detail::copy_levels(detail::digit_pixels(label, seed, options), set.images.slice(i));
        }
    });
    return set;
}

}  // namespace deconvviz
