// The windows of layers, in random networks: what changes when values of the input change, and what a value is made of.
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/random.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/model/incremental_forward.hpp"
#include "deconvviz/model/sequential.hpp"
#include "random_model.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Random;
using dv::Shape;
using dv::Tensor;
using dv::Window;
using support::any;

namespace {

Window any_window(Random& random, const Shape& maps, Index most) {
    const Index height = any(random, 1, std::min(most, maps[1])), width = any(random, 1, std::min(most, maps[2]));
    return {any(random, 0, maps[1] - height), any(random, 0, maps[2] - width), height, width};
}

/// A copy of the maps (1, C, H, W) with other values in a window: so large that no maximum hides them, and different
/// from each other.
Tensor<float> disturbed(const Tensor<float>& maps, const Window& window, Random& random) {
    Tensor<float> other = maps;
    for (Index c = 0; c < maps.shape()[1]; ++c)
        for (Index y = window.y; y < window.y + window.height; ++y)
            for (Index x = window.x; x < window.x + window.width; ++x)
                other(0, c, y, x) = static_cast<float>(random.between(100, 200));
    return other;
}

/// The smallest window that holds all places of (1, C, H, W) where two differ.
Window difference(const Tensor<float>& a, const Tensor<float>& b) {
    REQUIRE(a.shape() == b.shape());
    Tensor<float> change(a.shape());
    for (Index i = 0; i < a.size(); ++i) change[i] = a[i] == b[i] ? 0.0F : 1.0F;
    return dv::detail::occupied_window(change);
}

/// A user's layer without windows, or the softmax of one map, which is 1 whatever comes.
bool says_nothing(const dv::AnyLayer<float>& layer, const Shape& src) {
    return layer.kind() == "Flip" || (layer.kind() == "Softmax" && src[0] == 1);
}

Tensor<float> through(const dv::AnyLayer<float>& layer, const Tensor<float>& src) {
    Tensor<float> dst;
    dv::Record<float> record;
    layer.forward(src, dst, record, {});
    return dst;
}

/// A layer from maps to maps, and random maps before it.
struct LayerBetweenMaps {
    const dv::AnyLayer<float>& layer;
    const Shape& src;
    const Shape& dst;
    Tensor<float> before;
};

/// Calls `look(LayerBetweenMaps, Random&)` for each such layer that says something, in so many random networks; returns
/// their number.
template <class Look>
int look_at_layers(std::uint64_t networks, const Look& look) {
    int layers = 0;
    for (std::uint64_t seed = 1; seed <= networks; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const auto model = support::any_model<float>(random, dv::ConvolutionMethod::direct);
        for (std::size_t i = 0; i < model.size(); ++i) {
            const Shape &src = model.input_shape(i), &dst = model.output_shape(i);
            if (src.rank() != 3 || dst.rank() != 3 || says_nothing(model.layer(i), src)) continue;
            CAPTURE(model.name(i));
            look({model.layer(i), src, dst, support::random_tensor<float>(src.batched(1), random.bits(), 0.1, 0.6)},
                 random);
            ++layers;
        }
    }
    return layers;
}

}  // namespace

TEST_CASE("windows: what a layer's input window reaches is what changes with it, in random networks") {
    int in_part = 0;
    const int layers = look_at_layers(300, [&](const LayerBetweenMaps& at, Random& random) {
        const Window window = any_window(random, at.src, 4);
        const Window reached = at.layer.reached_by(window, at.dst);
        CHECK(difference(through(at.layer, at.before), through(at.layer, disturbed(at.before, window, random))) ==
              reached);
        in_part += reached != dv::detail::whole_window(at.dst) && !reached.empty();
    });
    CHECK(layers > 800);
    CHECK(in_part > layers / 2);
}

TEST_CASE("windows: what a layer's output window reads is what it changes with, in random networks") {
    const int layers = look_at_layers(40, [](const LayerBetweenMaps& at, Random& random) {
        const Shape &src = at.src, &dst = at.dst;
        const Tensor<float> given = through(at.layer, at.before);
        const Window window = any_window(random, dst, 3);
        Tensor<float> read({1, 1, src[1], src[2]});
        for (Index y = 0; y < src[1]; ++y)
            for (Index x = 0; x < src[2]; ++x) {
                const Tensor<float> after = through(at.layer, disturbed(at.before, {y, x, 1, 1}, random));
                const Window changed = difference(given, after);
                // Positions may lie apart: ask those in the window alone.
                for (Index c = 0; c < dst[0]; ++c)
                    for (Index wy = window.y; wy < window.y + window.height; ++wy)
                        for (Index wx = window.x; wx < window.x + window.width; ++wx)
                            if (!changed.empty() && given(0, c, wy, wx) != after(0, c, wy, wx)) read(0, 0, y, x) = 1;
            }
        CHECK(dv::detail::occupied_window(read) == at.layer.reads(window, src));
    });
    CHECK(layers > 100);
}

TEST_CASE("windows: with the padding, a window reads as much wherever it lies; inside, it is what it reads") {
    const dv::SlidingWindow sliding{.kernel = {3, 5}, .stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}};
    CHECK(sliding.reads_padded({0, 0, 1, 1}) == Window{-1, -2, 3, 9});
    CHECK(sliding.reads_padded({1, 3, 2, 2}) == Window{1, 1, 5, 10});
    CHECK(sliding.reads_padded({1, 3, 2, 2}) == sliding.reads({1, 3, 2, 2}, 20, 20));
    CHECK(sliding.reads_padded({}).empty());
}
