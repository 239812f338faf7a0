/// @file
/// Top activations: for each map of a layer the pictures of a data set, and the places in them, that excite it most.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "deconvviz/visualize/top_activation.hpp"

namespace deconvviz {

/// What a TopActivations looks for.
struct TopActivationsOptions {
    LayerId layer;
    std::vector<Index> maps = {};  // by default all maps of the layer; of flat features, all features
    Index count = 9;               // pictures for each map
    double above = 0;              // activations of this value or less are none; minus infinity lists all
};

namespace detail {

/// What a state of top activations belongs to. Two states with equal keys can be merged.
template <class T>
struct TopKey {
    std::string layer;
    MapGrid grid{Shape{1}};
    std::vector<Index> maps;
    Index count = 0;
    T above = 0;

    friend bool operator==(const TopKey& a, const TopKey& b) {
        return a.layer == b.layer && a.grid.maps == b.grid.maps && a.grid.height == b.grid.height &&
               a.grid.width == b.grid.width && a.maps == b.maps && a.count == b.count && a.above == b.above;
    }

    /// For messages: "the 9 strongest above 0 in 3 of 32 maps of 8x8 of layer 'relu2'"
    std::string words() const {
        return concat("the ", count, " strongest above ", above, " in ", maps.size(), " of ", grid.maps, " maps of ",
                      grid.height, 'x', grid.width, " of layer '", layer, "'");
    }

    /// Throws OptionError for what makes no sense.
    void check() const {
        if (count < 1) raise<OptionError>("top activations: expected a count of at least 1, got ", count);
        if (std::isnan(above)) raise<OptionError>("top activations: expected a number for `above`, got NaN");
        if (maps.empty()) raise<OptionError>("top activations: expected at least one map");
        std::vector<Index> sorted = maps;
        std::sort(sorted.begin(), sorted.end());
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            grid.expect_map(sorted[i], layer);
            if (i > 0 && sorted[i] == sorted[i - 1])
                raise<OptionError>("top activations: map ", sorted[i], " is given twice");
        }
    }
};

/// The maximum of a map and where it is: of equal ones the first; nowhere in a map without a number above minus
/// infinity.
template <class T>
struct Peak {
    T value = -std::numeric_limits<T>::infinity();
    Index at = -1;
    bool nan = false;

    explicit Peak(std::span<const T> map) {
        for (std::size_t i = 0; i < map.size(); ++i) {
            if (map[i] > value) {
                value = map[i];
                at = static_cast<Index>(i);
            }
            nan |= map[i] != map[i];
        }
    }
};

}  // namespace detail

/// For chosen maps of a layer, the pictures that excite each of them most, with the place and value of the strongest
/// activation: the first step of [zeiler2014, §4, Fig. 2]. It is the state of one pass over the pictures, whose memory
/// does not grow with them: at most `count` entries a map, each of another picture.
///
///     TopActivations<float> tops(model, {.layer = "relu2", .count = 9});
///     tops.add(model, first_batch, 0);       // pictures 0 … 63
///     tops.add(model, second_batch, 64);     // pictures 64 …
///     tops.entries(0)[0].picture;            // the number of the picture that excites the first map most
///
/// `top_activations` (visualize/top_activations_pass.hpp) does all of it in one call. Pictures may come in any order
/// and in batches of any size; parts of a data set may be looked at apart and merged. The result is the same, to the
/// bit.
///
/// - Order: the larger value first; of equal values the lower picture number; within a picture its map's maximum, of
///   equal ones the first in row-major order.
/// - A picture counts by its number alone. A number that is added again, or merged with itself, counts once, with its
///   strongest activation; equal pictures under different numbers are different pictures.
/// - Activations that are not above `above`, by default 0, are none, since nothing of them could be projected. So a
///   map that is dead on all pictures has no entries, and one that few pictures excite has fewer than `count`. Logits
///   and maps before a ReLU can be listed whatever their sign by `.above = -infinity`.
/// - Flat features are maps of one pixel.
/// - NaN and plus infinity are refused (OptionError with the picture's number and map), minus infinity never enters.
template <class T>
class TopActivations {
  public:
    /// Throws OptionError for an unknown layer or map, a map given twice, a count below 1 or NaN for `above`.
    TopActivations(const Sequential<T>& model, const TopActivationsOptions& options) {
        const std::size_t layer = model.index(options.layer);
        key_ = {model.name(layer), detail::MapGrid(model.output_shape(layer)), options.maps, options.count,
                static_cast<T>(options.above)};
        if (key_.maps.empty())
            for (Index map = 0; map < key_.grid.maps; ++map) key_.maps.push_back(map);
        key_.check();
        entries_.resize(key_.maps.size());
    }

    /// Looks at a batch of pictures (N, …), or at one, numbered first_picture, first_picture + 1, … Throws ShapeError
    /// for pictures of another shape, OptionError for a number below 0 or for activations that are not finite,
    /// StateError for a model whose layer of this name is missing or has other sizes. After a throw the state is as it
    /// was before.
    /// Cost: a forward pass up to the layer, and a look at each of its activations.
    void add(const Sequential<T>& model, const Tensor<T>& images, Index first_picture) {
        expect_layer(model);
        add(model.trace(images, {.last = LayerId(key_.layer)}), first_picture);
    }

    /// The same for pictures whose trace is there already.
    void add(const Trace<T>& trace, Index first_picture) {
        const Tensor<T>& activation = trace.activation(key_.layer);
        const detail::MapGrid grid(activation.shape().sample());
        expect_grid(grid);
        const Index batch = trace.batch();
        if (first_picture < 0 || first_picture > std::numeric_limits<Index>::max() - batch)
            detail::raise<OptionError>("top activations: expected a picture number of at least 0, got ", first_picture);
        std::vector<Seen> seen(key_.maps.size());
        parallel_for(static_cast<Index>(seen.size()), 1, [&](Index begin, Index end) {
            for (Index i = begin; i < end; ++i) {
                const auto map = static_cast<std::size_t>(i);
                seen[map] = look(activation, map, first_picture);
            }
        });
        refuse_infinite(seen, first_picture);
        for (std::size_t i = 0; i < seen.size(); ++i) detail::merge_top<T>(entries_[i], seen[i].entries, key_.count);
    }

    /// Takes in what another state has seen. States merged in any order and grouping are equal to one that saw all
    /// pictures. Nothing tells the states of one model from those of another, of other weights, that has such a layer.
    /// Throws StateError for a state of another layer, other maps, another count or another `above`.
    void merge(const TopActivations& other) {
        if (!(other.key_ == key_))
            detail::raise<StateError>("top activations: expected a state of ", key_.words(), ", got one of ",
                                      other.key_.words(), other.key_.words() == key_.words() ? " (other maps)" : "");
        for (std::size_t i = 0; i < entries_.size(); ++i)
            detail::merge_top<T>(entries_[i], other.entries_[i], key_.count);
    }

    /// The layer's name.
    const std::string& layer() const { return key_.layer; }
    /// What the layer gives: maps, height, width; (F, 1, 1) for flat features.
    Shape layer_shape() const { return {key_.grid.maps, key_.grid.height, key_.grid.width}; }
    /// The maps that are looked at, in the order of the options.
    const std::vector<Index>& maps() const { return key_.maps; }
    Index count() const { return key_.count; }
    T above() const { return key_.above; }

    /// What was found for maps()[i], the strongest first: at most count() entries. Throws OptionError for an i out of
    /// range.
    const std::vector<TopActivation<T>>& entries(std::size_t i) const {
        if (i >= entries_.size())
            detail::raise<OptionError>("top activations: there is no entry ", i, " among ", entries_.size(), " maps");
        return entries_[i];
    }

    friend bool operator==(const TopActivations&, const TopActivations&) = default;

    /// A state out of its parts, as a file has them: maps, count and `above` of the options, and what the accessors
    /// gave. Throws OptionError for parts that no state has: see the constructor; entries out of order, twice of one
    /// picture, not above `above`, not finite or outside of the maps.
    static TopActivations from_parts(const TopActivationsOptions& options, std::string layer, const Shape& layer_shape,
                                     std::vector<std::vector<TopActivation<T>>> entries) {
        if (layer_shape.rank() != 3 || layer_shape.elements() == 0)
            detail::raise<OptionError>("top activations: expected a layer of maps (M,H,W), got ", layer_shape);
        TopActivations state;
        state.key_ = {std::move(layer), detail::MapGrid(layer_shape), options.maps, options.count,
                      static_cast<T>(options.above)};
        state.key_.check();
        state.entries_ = std::move(entries);
        state.check_entries();
        return state;
    }

  private:
    TopActivations() = default;

    void expect_layer(const Sequential<T>& model) const {
        for (std::size_t i = 0; i < model.size(); ++i)
            if (model.name(i) == key_.layer) return expect_grid(detail::MapGrid(model.output_shape(i)));
        detail::raise<StateError>("top activations: expected a model with a layer '", key_.layer,
                                  "', which this one lacks");
    }

    void expect_grid(const detail::MapGrid& grid) const {
        const detail::MapGrid& own = key_.grid;
        if (grid.maps != own.maps || grid.height != own.height || grid.width != own.width)
            detail::raise<StateError>("top activations: expected ", own.maps, " maps of ", own.height, 'x', own.width,
                                      " at layer '", key_.layer, "', got ", grid.maps, " of ", grid.height, 'x',
                                      grid.width);
    }

    /// What a batch has at one map.
    struct Seen {
        std::vector<TopActivation<T>> entries;  // those that may count
        Index bad = -1;                         // the first picture of the batch that is not finite there
    };

    Seen look(const Tensor<T>& activation, std::size_t i, Index first_picture) const {
        const auto plane = static_cast<std::size_t>(key_.grid.plane());
        const auto first = static_cast<std::size_t>(key_.maps[i]) * plane;
        const bool full = std::cmp_equal(entries_[i].size(), key_.count);
        Seen seen;
        for (Index n = 0; n < activation.shape()[0]; ++n) {
            const detail::Peak<T> peak(activation.slice(n).subspan(first, plane));
            if (peak.nan || peak.value == std::numeric_limits<T>::infinity()) {
                seen.bad = n;
                return seen;
            }
            if (peak.at < 0 || !(peak.value > key_.above)) continue;
            const TopActivation<T> entry{peak.value, first_picture + n, peak.at / key_.grid.width,
                                         peak.at % key_.grid.width};
            if (!full || entry < entries_[i].back()) seen.entries.push_back(entry);
        }
        return seen;
    }

    /// Of several the message names the first picture, and its first map.
    void refuse_infinite(const std::vector<Seen>& seen, Index first_picture) const {
        std::size_t worst = 0;
        for (std::size_t i = 1; i < seen.size(); ++i)
            if (seen[i].bad >= 0 && (seen[worst].bad < 0 || seen[i].bad < seen[worst].bad)) worst = i;
        if (seen[worst].bad >= 0)
            detail::raise<OptionError>("top activations: picture ", first_picture + seen[worst].bad,
                                       " has an activation that is not finite, in map ", key_.maps[worst],
                                       " of layer '", key_.layer, "'");
    }

    void check_entries() const {
        if (entries_.size() != key_.maps.size())
            detail::raise<OptionError>("top activations: expected entries for ", key_.maps.size(), " maps, got ",
                                       entries_.size());
        for (const auto& list : entries_) {
            for (const TopActivation<T>& entry : list) {
                if (!std::isfinite(entry.value) || !(entry.value > key_.above) || entry.picture < 0 || entry.y < 0 ||
                    entry.x < 0 || entry.y >= key_.grid.height || entry.x >= key_.grid.width)
                    detail::raise<OptionError>("top activations: no state has the entry ", entry.value, " of picture ",
                                               entry.picture, " at (", entry.y, ',', entry.x, ')');
            }
            std::vector<TopActivation<T>> again;
            detail::merge_top<T>(again, list, key_.count);
            if (again != list)
                detail::raise<OptionError>(
                    "top activations: expected entries in order, each of another picture, and not "
                    "more than the count of ",
                    key_.count);
        }
    }

    detail::TopKey<T> key_;
    std::vector<std::vector<TopActivation<T>>> entries_;  // of each of the maps, in order
};

}  // namespace deconvviz
