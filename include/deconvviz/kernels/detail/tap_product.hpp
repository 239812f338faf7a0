/// @file
/// The product that convolution and transposed convolution have in common, in its fast version.
///
/// Both gather: an output value is a sum over source channels and over a small grid of taps. A convolution has the taps
/// of its kernel; the outputs of a transposed convolution of stride s fall into s x s phases (positions equal modulo
/// s), each with those taps of the kernel that meet it.
///
/// Source values are copied once into a buffer in which every tap of neighbouring outputs is a run of neighbouring
/// values (tap_rows.inl: positions side by side; tap_batch.inl: pictures side by side), so that the innermost loop
/// (tap_tile.inl) reads vectors right from there: no value is copied once a tap. An output's sum begins with its bias
/// and runs over channels, then taps, in order, in both: the same bits in every window, batch and number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/kernels/detail/scratch.hpp"
#include "deconvviz/kernels/detail/tiles.hpp"
#include "deconvviz/kernels/detail/transpose.hpp"

namespace deconvviz::kernels::detail {

/// The taps along one axis of the outputs of one phase. Tap i reads at `offset` + i * `offset_step`, counted from where
/// output 0 is, and takes the weight at `weight` + i * `weight_step`.
struct Taps {
    Index count = 0;
    Index offset = 0;
    Index offset_step = 1;
    Index weight = 0;
    Index weight_step = 1;

    Index offset_of(Index i) const { return offset + i * offset_step; }
    Index weight_of(Index i) const { return weight + i * weight_step; }
    /// The taps i, first <= i < second, that read inside of a source of `size` from `start` on.
    std::pair<Index, Index> inside(Index start, Index size) const {
        using deconvviz::detail::ceil_div;
        using deconvviz::detail::floor_div;
        const Index at = start + offset;
        const bool up = offset_step > 0;
        const Index pace = up ? offset_step : -offset_step;
        const Index first = up ? ceil_div(-at, pace) : ceil_div(at - size + 1, pace);
        const Index last = up ? floor_div(size - 1 - at, pace) : floor_div(at, pace);
        const Index begin = std::clamp<Index>(first, 0, count);
        return {begin, std::clamp<Index>(last + 1, begin, count)};
    }

    Index lowest() const { return std::min(offset_of(0), offset_of(count - 1)); }
    Index highest() const { return std::max(offset_of(0), offset_of(count - 1)); }
};

/// The taps along one axis for all phases of the outputs: outputs p, p + phases, p + 2 phases, … have the taps of phase
/// p, whose offsets count from the first of them. A phase may have no taps.
struct TapAxis {
    const Taps* taps = nullptr;
    Index phases = 1;
    Index step = 1;     // in the source, from an output to the next one of its phase
    Index size = 0;     // of the source
    Index outputs = 0;  // of the window, in all phases
    Index lowest = 0;   // of all taps of all phases
    Index highest = 0;

    TapAxis() = default;
    TapAxis(const Taps* taps_, Index phases_, Index step_, Index size_, Index outputs_)
        : taps(taps_), phases(phases_), step(step_), size(size_), outputs(outputs_) {
        bool any = false;
        for (Index p = 0; p < phases; ++p) {
            if (taps[p].count == 0) continue;
            lowest = any ? std::min(lowest, taps[p].lowest()) : taps[p].lowest();
            highest = any ? std::max(highest, taps[p].highest()) : taps[p].highest();
            any = true;
        }
    }

    Index span() const { return highest - lowest; }
    /// Outputs of one phase; the first phase has the most.
    Index positions(Index phase = 0) const { return (outputs - phase + phases - 1) / phases; }
};

/// dst[n, m, py + r * y.phases, px + q * x.phases] = bias[m] + sum over c, ty, tx of
///     weights[m * weights_row + c * weights_channel + (weight of ty) + (weight of tx)]
///   * src[n, c, r * y.step + (offset of ty), q * x.step + (offset of tx)],
/// ty and tx being the taps of the phases py and px, source values outside of y.size x x.size being 0.
template <class T>
struct TapProduct {
    const T* src = nullptr;
    Index src_picture = 0;  // distance of two pictures
    Index channels = 0;

    const T* weights = nullptr;
    Index weights_row = 0;
    Index weights_channel = 0;
    Index taps = 0;           // of a filter: the weights of one map and channel lie in a row
    const T* bias = nullptr;  // may be absent

    TapAxis y;
    TapAxis x;

    T* dst = nullptr;  // where output (0, 0) of picture 0 and map 0 goes
    Index dst_picture = 0;
    Index dst_plane = 0;
    Index dst_row = 0;
    Index maps = 0;
    Index batch = 0;

    // Output (0, 0) lies here in the whole output, whose size this is.
    Index first_row = 0;
    Index first_column = 0;
    Index whole_rows = 0;
    Index whole_columns = 0;

    bool winograd = false;  // may it be used?
    Index deciding = 1;     // pictures that count where that is decided

    Index depth() const { return channels * taps; }
    Index src_plane() const { return y.size * x.size; }
    T* target(Index n, Index m, Index row, Index column) const {
        return dst + n * dst_picture + m * dst_plane + row * dst_row + column;
    }
};

/// A tap's place: of its weights in those of a channel, and of the values that it reads in a channel of the buffer.
struct TapStep {
    Index weight = 0;
    Index value = 0;
};

/// A product's work divided for threads: each item is one of `parts` of the positions and one of `groups` of the maps.
struct TapItems {
    Index parts = 1;
    Index groups = 1;
    Index maps = 1;  // of a group

    /// `block` maps are never divided.
    TapItems(Index parts_, Index all_maps, Index block) : parts(parts_) {
        const Index blocks = (all_maps + block - 1) / block;
        const Index wanted = threads() == 1 ? 1 : (4 * threads() + parts - 1) / parts;
        maps = (blocks + std::min(blocks, wanted) - 1) / std::min(blocks, wanted) * block;
        groups = (all_maps + maps - 1) / maps;
    }
};

}  // namespace deconvviz::kernels::detail

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/tap_tile.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/tap_rows.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/tap_batch.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/winograd_transforms.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/winograd.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/tap_product.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
