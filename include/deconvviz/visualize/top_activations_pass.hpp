/// @file
/// The pass over a data set that finds the top activations of one layer or several.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/data/picture_source.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/top_activations.hpp"

namespace deconvviz {

/// Which pictures are looked at, and how many at once.
struct TopPassOptions {
    Index first = 0;                               // the first picture of the part that is looked at
    std::optional<Index> pictures = std::nullopt;  // how many from there on; by default all
    Index batch = 0;                               // at once; 0: up to 64, fewer where their activations are large
    OnProgress progress = {};                      // told after each batch, in pictures
};

namespace detail {

/// How many pictures to trace at once, up to a layer: at most `most`, and no more than 256 MB of activations, at least
/// one.
template <class T>
Index pictures_at_once(const Sequential<T>& model, std::size_t last, Index most) {
    constexpr Index memory = Index{256} << 20;
    Index values = model.input_shape().elements();
    for (std::size_t i = 0; i <= last; ++i) values += model.output_shape(i).elements();
    return std::clamp<Index>(memory / (values * static_cast<Index>(sizeof(T))), 1, most);
}

}  // namespace detail

/// Adds pictures, or a part of them, to the states of one layer or several in one pass: each picture is read once and
/// goes through the model once, up to the highest of the layers. Picture i of the source has number i; so shards are
///
///     add_pictures<float>(model, pictures, states, {.first = 10000, .pictures = 10000});
///
/// Throws what TopActivations::add throws, OptionError for a part that there is not or a batch below 0, CancelledError
/// where `progress` said so; the states then hold the batches before.
/// Memory: the activations of a batch, whatever the number of pictures.
template <class T>
void add_pictures(const Sequential<T>& model, const std::type_identity_t<PictureSource<T>>& pictures,
                  std::span<TopActivations<T>> states, const TopPassOptions& options = {}) {
    const Index count = options.pictures.value_or(pictures.size() - options.first);
    if (options.first < 0 || count < 0 || count > pictures.size() - options.first)
        detail::raise<OptionError>("top activations: expected a part of ", pictures.size(), " pictures, got ", count,
                                   " from picture ", options.first, " on");
    if (options.batch < 0)
        detail::raise<OptionError>("top activations: expected a batch of at least 0, got ", options.batch);
    if (states.empty()) return;
    std::size_t last = 0;
    for (const TopActivations<T>& state : states) last = std::max(last, model.index(state.layer()));
    const Index batch = options.batch > 0 ? options.batch : detail::pictures_at_once(model, last, 64);

    detail::ProgressMeter meter("top activations", "pictures", count, options.progress);
    std::vector<Index> numbers;
    Tensor<T> images;
    Trace<T> trace;
    for (Index done = 0; done < count; done += batch) {
        numbers.resize(static_cast<std::size_t>(std::min(batch, count - done)));
        std::iota(numbers.begin(), numbers.end(), options.first + done);
        pictures.batch(numbers, model.input_shape(), images);
        model.trace(images, trace, {.last = last});
        for (TopActivations<T>& state : states) state.add(trace, numbers.front());
        meter.advance(static_cast<Index>(numbers.size()));
    }
}

/// The strongest activations of a layer's maps over a data set, in one pass:
///
///     auto tops = top_activations(model, data.train, {.layer = "relu3", .maps = {0, 5, 17}});
///
/// `pictures` may be a tensor (N, …), a Dataset or a PictureSource. Throws as add_pictures, and OptionError where there
/// are no pictures.
template <class T>
TopActivations<T> top_activations(const Sequential<T>& model, const std::type_identity_t<PictureSource<T>>& pictures,
                                  const TopActivationsOptions& options, const TopPassOptions& pass = {}) {
    if (pictures.size() == 0) detail::raise<OptionError>("top activations: expected at least one picture, got none");
    TopActivations<T> state(model, options);
    add_pictures(model, pictures, std::span(&state, 1), pass);
    return state;
}

}  // namespace deconvviz
