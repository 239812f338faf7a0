/// @file
/// Correspondence: does hiding the same part of several pictures change a layer in the same way?
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/model/incremental_forward.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/masks.hpp"

namespace deconvviz {

/// Options of correspondence.
struct CorrespondenceOptions {
    std::vector<LayerId> layers = {};  // by default all
    double fill = 0.5;                 // the value that hides, on the scale of the input, in all channels
    /// Of a picture's layer, |ε| up to tolerance · max(|x|, |x̃|) counts as no change. By default 128 times the rounding
    /// of the model's type: 1.5e-5 in float, 2.8e-14 in double.
    std::optional<double> tolerance = {};
    Index batch = 32;          // pictures that are run at once; bounds the memory
    OnProgress progress = {};  // told after each batch, in pictures
};

/// How alike the changes of one layer are.
struct LayerCorrespondence {
    std::string layer;
    Index dimensions = 0;      // of the layer's output for one picture
    double mean = 0;           // Δ as a share of dimensions: the mean of the distances of all pairs
    double deviation = 0;      // standard deviation of these distances (divided by the number of pairs)
    double changed = 0;        // share of dimensions that the mask changes at all, mean over the pictures
    double opposed = 0;        // of dimensions that both masks of a pair change, the share that they change oppositely
    Tensor<double> distances;  // (N, N), symmetric: share of dimensions in which sign ε_i and sign ε_j differ

    /// Δ as [zeiler2014, §4.3] prints it: the number of differing signs, summed over all i ≠ j.
    double sum() const {
        const auto pictures = static_cast<double>(distances.shape()[0]);
        return mean * pictures * (pictures - 1) * static_cast<double>(dimensions);
    }
};

namespace detail {

/// What a mask did to each dimension of one layer: signs of ε = x - x̃, for each picture.
class ChangeSigns {
  public:
    ChangeSigns(Index pictures, Index dimensions)
        : pictures_(pictures),
          dimensions_(dimensions),
          signs_(static_cast<std::size_t>(pictures * dimensions)),
          known_(static_cast<std::size_t>(pictures)) {}

    /// Takes one picture's activations, whole and hidden.
    template <class T>
    void set(Index picture, const T* whole, const T* hidden, double tolerance) {
        T largest = 0;
        bool finite = true;
        for (Index d = 0; d < dimensions_; ++d) {
            finite = finite && std::isfinite(whole[d]) && std::isfinite(hidden[d]);
            largest = std::max({largest, std::abs(whole[d]), std::abs(hidden[d])});
        }
        known_[static_cast<std::size_t>(picture)] = finite;
        const double nothing = tolerance * static_cast<double>(largest);
        std::int8_t* const signs = of(picture);
        for (Index d = 0; d < dimensions_; ++d) {
            const double change = static_cast<double>(whole[d]) - static_cast<double>(hidden[d]);
            signs[d] = static_cast<std::int8_t>((change > nothing) - (change < -nothing));
        }
    }

    /// How the signs of two pictures compare, in numbers of dimensions.
    struct Comparison {
        Index differing = 0;  // -1, 0 and 1 are three signs
        Index common = 0;     // changed in both
        Index opposed = 0;    // of those, into opposite directions
    };

    /// Of two pictures that are known.
    Comparison compare(Index i, Index j) const {
        Comparison result;
        for (Index d = 0; d < dimensions_; ++d) {
            const int product = of(i)[d] * of(j)[d];
            result.differing += of(i)[d] != of(j)[d];
            result.common += product != 0;
            result.opposed += product < 0;
        }
        return result;
    }

    double changed(Index i) const {
        if (!known(i)) return std::numeric_limits<double>::quiet_NaN();
        return 1 - static_cast<double>(std::count(of(i), of(i) + dimensions_, 0)) / static_cast<double>(dimensions_);
    }

    Index pictures() const { return pictures_; }
    Index dimensions() const { return dimensions_; }

    /// Were all activations of this picture finite?
    bool known(Index i) const { return known_[static_cast<std::size_t>(i)] != 0; }

  private:
    std::int8_t* of(Index i) { return signs_.data() + i * dimensions_; }
    const std::int8_t* of(Index i) const { return signs_.data() + i * dimensions_; }

    Index pictures_, dimensions_;
    std::vector<std::int8_t> signs_;
    std::vector<char> known_;  // not bool: each is written by another thread
};

inline LayerCorrespondence layer_correspondence(const std::string& layer, const ChangeSigns& signs) {
    const Index count = signs.pictures();
    LayerCorrespondence result{.layer = layer, .dimensions = signs.dimensions(), .distances = {}};
    result.distances = Tensor<double>({count, count});
    Tensor<double> opposed({count, count});
    parallel_for(count, 1, [&](Index begin, Index end) {
        constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
        for (Index i = begin; i < end; ++i)
            for (Index j = i + 1; j < count; ++j) {
                const bool known = signs.known(i) && signs.known(j);
                const ChangeSigns::Comparison pair = known ? signs.compare(i, j) : ChangeSigns::Comparison{};
                const double distance = static_cast<double>(pair.differing) / static_cast<double>(signs.dimensions());
                result.distances(i, j) = result.distances(j, i) = known ? distance : unknown;
                opposed(i, j) =
                    pair.common > 0 ? static_cast<double>(pair.opposed) / static_cast<double>(pair.common) : unknown;
            }
    });
    double with_common = 0;  // pairs
    double opposed_sum = 0;
    for (Index i = 0; i < count; ++i)
        for (Index j = i + 1; j < count; ++j)
            if (!std::isnan(opposed(i, j))) with_common += 1, opposed_sum += opposed(i, j);
    result.opposed = opposed_sum / with_common;
    const auto pairs = static_cast<double>(count * (count - 1) / 2);
    for (Index i = 0; i < count; ++i)
        for (Index j = i + 1; j < count; ++j) result.mean += result.distances(i, j) / pairs;
    double squares = 0;
    for (Index i = 0; i < count; ++i)
        for (Index j = i + 1; j < count; ++j) {
            const double off = result.distances(i, j) - result.mean;
            squares += off * off / pairs;
        }
    result.deviation = std::sqrt(squares);
    for (Index i = 0; i < count; ++i) result.changed += signs.changed(i) / static_cast<double>(count);
    return result;
}

template <class T>
void check(const Sequential<T>& model, const Tensor<T>& images, const CorrespondenceOptions& options) {
    const Shape& sample = model.input_shape();
    if (sample.rank() != 3 || images.rank() != 4 || images.shape().sample() != sample)
        raise<ShapeError>("correspondence: expected a batch of pictures of ", sample, ", got ", images.shape());
    if (images.shape()[0] < 2)
        raise<OptionError>("correspondence: expected at least two pictures, got ", images.shape()[0]);
    if (options.batch < 1) raise<OptionError>("correspondence: expected a batch of at least 1, got ", options.batch);
    if (!std::isfinite(options.fill))
        raise<OptionError>("correspondence: expected a finite value that hides, got ", options.fill);
    if (options.tolerance && !(*options.tolerance >= 0))
        raise<OptionError>("correspondence: expected a tolerance of at least 0, got ", *options.tolerance);
}

/// The positions of the chosen layers, or of all.
template <class T>
std::vector<std::size_t> chosen_layers(const Sequential<T>& model, const std::vector<LayerId>& layers) {
    std::vector<std::size_t> chosen;
    for (const LayerId& layer : layers) chosen.push_back(model.index(layer));
    for (std::size_t i = 0; layers.empty() && i < model.size(); ++i) chosen.push_back(i);
    return chosen;
}

/// The smallest window that holds all pixels (of any channel) in which two pictures (C, H, W) differ.
template <class T>
Window difference_window(const Shape& shape, std::span<const T> a, std::span<const T> b) {
    Index top = shape[1], bottom = 0, left = shape[2], right = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] == b[i]) continue;
        const Index y = static_cast<Index>(i) / shape[2] % shape[1], x = static_cast<Index>(i) % shape[2];
        top = std::min(top, y);
        bottom = std::max(bottom, y + 1);
        left = std::min(left, x);
        right = std::max(right, x + 1);
    }
    return top < bottom ? Window{top, left, bottom - top, right - left} : Window{};
}

/// Correspondence of any change of pictures: `images` before it, `changed` after it.
template <class T>
class CorrespondencePass {
  public:
    CorrespondencePass(const Sequential<T>& model, const Tensor<T>& images, const Tensor<T>& changed,
                       const CorrespondenceOptions& options)
        : model_(model),
          images_(images),
          changed_(changed),
          options_(options),
          layers_(chosen_layers(model, options.layers)) {
        for (const std::size_t layer : layers_)
            signs_.emplace_back(images.shape()[0], model.output_shape(layer).elements());
    }

    std::vector<LayerCorrespondence> run() {
        const Index pictures = images_.shape()[0];
        ProgressMeter meter("correspondence", "pictures", pictures, options_.progress);
        for (Index first = 0; first < pictures; first += options_.batch) {
            const Index count = std::min(options_.batch, pictures - first);
            pass(first, count);
            meter.advance(count);
        }
        std::vector<LayerCorrespondence> results;
        for (std::size_t l = 0; l < layers_.size(); ++l)
            results.push_back(layer_correspondence(model_.name(layers_[l]), signs_[l]));
        return results;
    }

  private:
    /// Some pictures: whole, and what their changes reach.
    void pass(Index first, Index count) {
        const Shape& shape = model_.input_shape();
        batch_.resize(shape.batched(count));
        std::vector<ChangedPicture> changes;
        for (Index i = 0; i < count; ++i) {
            std::ranges::copy(images_.slice(first + i), batch_.slice(i).begin());
            changes.push_back({i, difference_window(shape, images_.slice(first + i), changed_.slice(first + i))});
        }
        model_.trace(batch_, trace_, {.last = LayerId(*std::max_element(layers_.begin(), layers_.end()))});
        IncrementalForward<T> forward(model_, trace_, {.watched = *std::min_element(layers_.begin(), layers_.end())});
        const auto paint = [&](std::size_t i, Tensor<T>& pixels) {
            const Index picture = first + static_cast<Index>(i);
            copy_window(shape.batched(1), changed_.slice(picture).data(), changes[i].window, pixels.data());
        };
        forward.run(changes, paint, [&](std::size_t layer) {
            for (std::size_t l = 0; l < layers_.size(); ++l)
                if (layers_[l] == layer) compare(forward, layer, signs_[l], first, count);
        });
    }

    void compare(const IncrementalForward<T>& forward, std::size_t layer, ChangeSigns& signs, Index first,
                 Index count) {
        const Tensor<T>& whole = trace_.activation(layer);
        const double tolerance =
            options_.tolerance.value_or(128 * static_cast<double>(std::numeric_limits<T>::epsilon()));
        hidden_.resize(whole.shape());
        parallel_for(count, 1, [&](Index begin, Index end) {
            for (Index i = begin; i < end; ++i) {
                forward.activation(static_cast<std::size_t>(i), 0, hidden_.slice(i));
                signs.set(first + i, whole.slice(i).data(), hidden_.slice(i).data(), tolerance);
            }
        });
    }

    const Sequential<T>& model_;
    const Tensor<T>& images_;
    const Tensor<T>& changed_;
    const CorrespondenceOptions& options_;
    std::vector<std::size_t> layers_;
    std::vector<ChangeSigns> signs_;
    Trace<T> trace_;
    Tensor<T> batch_;
    Tensor<T> hidden_;
};

template <class T>
std::vector<LayerCorrespondence> correspondence_of_change(const Sequential<T>& model, const Tensor<T>& images,
                                                          const Tensor<T>& changed,
                                                          const CorrespondenceOptions& options) {
    return CorrespondencePass<T>(model, images, changed, options).run();
}

}  // namespace detail

/// Hides a part of each picture and measures, for each chosen layer, how consistently that changes it [zeiler2014,
/// §4.3, Table 1]. x_i is what the layer gives for picture i and x̃_i for the picture with its mask; ε_i = x_i - x̃_i,
/// and
///
///     Δ = mean over all pairs i < j of H(sign ε_i, sign ε_j),
///
/// H being the share of dimensions in which the signs (-1, 0, 1) differ. Where a model relates the same part of
/// different pictures, hiding it changes the same units in the same direction, and Δ is lower than for masks at random
/// places (`random_masks`, `correspondence_table`).
///
/// images: (N, C, H, W), N of at least 2, as the model takes them. masks: (N, 1, H, W), for each pixel the share that
/// `fill` hides, or a window for each picture. A unit that no mask reaches counts as agreeing, as in the paper: so Δ
/// grows with the part of the layer that the masks change (`changed`), and only masks of one size can be compared.
///
/// Differences from the paper: it prints a sum (`LayerCorrespondence::sum`), but shares in its table; what its ± is, it
/// does not say. Rounding (in convolutions by Winograd's filtering, say) may change units that a mask does not reach:
/// `tolerance` makes these zeros again, the paper has no such thing. Where an activation of picture i is not finite,
/// its distances, and so mean, deviation and `changed`, are NaN.
///
/// Throws ShapeError for pictures that are not the model's, masks of another size or number, or a window that leaves
/// its picture; OptionError for less than two pictures, shares outside of [0, 1], an unknown layer, a `fill`
/// that is not finite, a batch below 1 or a negative tolerance; CancelledError where `progress` said so. Cost: N
/// forward passes up to the last chosen layer, N of what the masks reach (IncrementalForward), N² / 2 comparisons of
/// its signs. Memory: the activations of one batch, and a byte for each picture and dimension.
template <class T>
std::vector<LayerCorrespondence> correspondence(const Sequential<T>& model, const Tensor<T>& images,
                                                const Tensor<T>& masks, const CorrespondenceOptions& options = {}) {
    detail::check(model, images, options);
    return detail::correspondence_of_change(model, images, occluded(images, masks, static_cast<T>(options.fill)),
                                            options);
}

template <class T>
std::vector<LayerCorrespondence> correspondence(const Sequential<T>& model, const Tensor<T>& images,
                                                const std::vector<Window>& masks,
                                                const CorrespondenceOptions& options = {}) {
    detail::check(model, images, options);
    return correspondence(model, images, window_masks<T>(images.shape(), masks), options);
}

}  // namespace deconvviz
