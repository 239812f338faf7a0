/// @file
/// How much of a map is the picture itself: its resemblance to the input and to the input's edges.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/randomisation.hpp"
#include "deconvviz/visualize/similarity.hpp"
#include "deconvviz/visualize/ways_back.hpp"

namespace deconvviz {

/// How alike a map is to what no network made. The first two are magnitudes of correlations: a map that is the negative
/// of the picture shows the picture, too.
struct Resemblance {
    double picture = detail::undefined;    // |correlation| of the map with the picture
    double high_pass = detail::undefined;  // |correlation| of the map with the picture less its blurred self
    double edges = detail::undefined;      // rank correlation of the map's magnitude with the strength of the edges
};

/// The outcome of recovered_image; the lists have an entry for each picture.
template <class T>
struct RecoveredImage {
    WayBack way;
    Tensor<T> trained_maps;  // (N, C, H, W) or (N, 1, H, W)
    Tensor<T> random_maps;   // of the same network with random weights, asked about the same units
    std::vector<Resemblance> trained;
    std::vector<Resemblance> random;
    Resemblance mean_trained;  // over the pictures for which it is defined
    Resemblance mean_random;
};

namespace detail {

/// The mean over the channels of a picture (C, H, W): (H, W).
template <class T>
Tensor<double> channel_mean(const Tensor<T>& picture) {
    Tensor<double> mean({picture.shape()[1], picture.shape()[2]});
    for (Index i = 0; i < picture.size(); ++i)
        mean[i % mean.size()] += static_cast<double>(picture[i]) / static_cast<double>(picture.shape()[0]);
    return mean;
}

/// The value of a plane (H, W), or that at the nearest border.
inline double clamped(const Tensor<double>& plane, Index y, Index x) {
    return plane(std::clamp<Index>(y, 0, plane.shape()[0] - 1), std::clamp<Index>(x, 0, plane.shape()[1] - 1));
}

inline double correlation_magnitude(const Tensor<double>& a, const Tensor<double>& b) {
    return std::abs(correlation(a.values(), b.values()));
}

inline Resemblance mean_resemblance(std::span<const Resemblance> all) {
    return {.picture = mean_of_defined(all, &Resemblance::picture),
            .high_pass = mean_of_defined(all, &Resemblance::high_pass),
            .edges = mean_of_defined(all, &Resemblance::edges)};
}

}  // namespace detail

/// The strength of edges of a picture (C, H, W), as (H, W): the length of the Sobel gradient of its mean over the
/// channels, √(gx² + gy²), beyond the border as at the border. Throws ShapeError for another shape.
template <class T>
Tensor<double> edge_strength(const Tensor<T>& picture) {
    detail::expect_maps(picture.shape(), "a picture");
    const Tensor<double> grey = detail::channel_mean(picture);
    Tensor<double> edges(grey.shape());
    for (Index y = 0; y < edges.shape()[0]; ++y)
        for (Index x = 0; x < edges.shape()[1]; ++x) {
            double across = 0, down = 0;
            for (const Index d : {-1, 0, 1}) {
                const double weight = d == 0 ? 2 : 1;
                across += weight * (detail::clamped(grey, y + d, x + 1) - detail::clamped(grey, y + d, x - 1));
                down += weight * (detail::clamped(grey, y + 1, x + d) - detail::clamped(grey, y - 1, x + d));
            }
            edges(y, x) = std::hypot(across, down);
        }
    return edges;
}

/// A picture (C, H, W) less its mean over the 5x5 pixels around each, channel by channel, beyond the border as at the
/// border: what is left where slow changes are taken away. Throws ShapeError for another shape.
template <class T>
Tensor<double> high_pass(const Tensor<T>& picture) {
    detail::expect_maps(picture.shape(), "a picture");
    Tensor<double> rest(picture.shape(), std::vector<double>(picture.begin(), picture.end()));
    for (Index c = 0; c < rest.shape()[0]; ++c) {
        const Tensor<double> plane = rest.entry(c);
        for (Index y = 0; y < plane.shape()[0]; ++y)
            for (Index x = 0; x < plane.shape()[1]; ++x)
                for (Index dy = -2; dy <= 2; ++dy)
                    for (Index dx = -2; dx <= 2; ++dx) rest(c, y, x) -= detail::clamped(plane, y + dy, x + dx) / 25;
    }
    return rest;
}

/// How alike a map (C, H, W) or (1, H, W) is to its picture (C, H, W). A map of one plane is compared with the mean
/// over the picture's channels, one of all channels with all values; for the edges, the largest magnitude over its
/// channels counts. Each measure is NaN where one of the two is constant or not finite. Throws ShapeError for other
/// shapes.
template <class T>
Resemblance resemblance(const Tensor<T>& map, const Tensor<T>& picture) {
    const Shape& shape = picture.shape();
    detail::expect_maps(shape, "a picture");
    const Shape plane{1, shape[1], shape[2]};
    if (map.shape() != shape && map.shape() != plane)
        detail::raise<ShapeError>("resemblance: expected a map of ", shape, " or ", plane, ", got ", map.shape());
    const Tensor<double> values(map.shape(), std::vector<double>(map.begin(), map.end()));
    Tensor<double> compared(shape, std::vector<double>(picture.begin(), picture.end()));
    if (map.shape() != shape) compared = detail::channel_mean(picture).reshaped(plane);
    Tensor<double> strength(plane);
    detail::channel_maximum<double>(values.values(), strength.values());
    const Tensor<double> edges = edge_strength(picture);
    return {.picture = detail::correlation_magnitude(values, compared),
            .high_pass = detail::correlation_magnitude(values, high_pass(compared)),
            .edges = rank_correlation<double>(strength.values(), edges.values())};
}

/// How much of the maps of a way back is a recovered image: their resemblance to the pictures, for the model as it is
/// and for the same model with random weights (see `randomised`). Nie, Zhang and Patel [nie2018] show that guided
/// backpropagation and the DeConvNet recover parts of the image by their rectification and the network's local
/// connections alone, and that random weights do so too: what a map of random weights resembles, no learning has put
/// there. The edges are the baseline of [adebayo2018]: a map that needs no network.
///
///     auto found = recovered_image(model, images, WayBack::guided_backpropagation());
///     found.mean_random.edges    // of a network that has learned nothing
///
/// The measures are ours: the papers show pictures, or compare with an edge detector by eye. Each picture is asked
/// about the same unit in both networks, with seeds of 1, as in the randomisation tests. Throws like `explain`, and
/// OptionError for a deviation that is not positive. `progress` is told after each of the two networks.
/// Cost: one `explain` for each network, and a copy of the model.
template <class T>
RecoveredImage<T> recovered_image(const Sequential<T>& model, const Tensor<T>& images, WayBack way,
                                  const RandomisationOptions& options = {}) {
    const Tensor<T> pictures = detail::explained_pictures(model, images, "recovered image");
    const std::size_t layer = detail::asked_layer(model, {.layer = options.layer});
    const Index count = pictures.shape()[0];
    detail::expect_targets(model, layer, options.targets, count, "recovered image");
    const std::vector<Index> targets = detail::all_targets(model, pictures, layer, options.targets);
    way.seed = SeedValue::one;

    RecoveredImage<T> found;
    detail::ProgressMeter meter("recovered image", "networks", 2, options.progress);
    const auto measure = [&](const Sequential<T>& network, Tensor<T>& maps, std::vector<Resemblance>& all) {
        maps = detail::explain_checked(network, pictures, layer, targets, way);
        for (Index n = 0; n < count; ++n) all.push_back(resemblance(maps.entry(n), pictures.entry(n)));
        meter.advance();
        return detail::mean_resemblance(all);
    };
    found.mean_trained = measure(model, found.trained_maps, found.trained);
    found.mean_random = measure(randomised(model, options), found.random_maps, found.random);
    found.way = std::move(way);
    return found;
}

}  // namespace deconvviz
