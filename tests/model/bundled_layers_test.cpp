#include "deconvviz/model/detail/bundled_layers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/model/detail/bundles.hpp"
#include "deconvviz/model/incremental_forward.hpp"
#include "random_model.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
using dv::ConvolutionMethod;
using dv::Index;
using dv::Random;
using dv::Shape;
using dv::Tensor;
using dv::Window;
using support::any;

namespace {

constexpr Index no_limit = std::numeric_limits<Index>::max();

/// A patch at every `stride`-th place of each picture.
std::vector<dv::ChangedPicture> patches(const Shape& picture, Index pictures, dv::Size2D patch, Index stride) {
    std::vector<dv::ChangedPicture> changes;
    for (Index n = 0; n < pictures; ++n)
        for (Index y = 0; y + patch.y <= picture[1]; y += stride)
            for (Index x = 0; x + patch.x <= picture[2]; x += stride) changes.push_back({n, {y, x, patch.y, patch.x}});
    return changes;
}

/// Pictures with a random patch each: whole, and the patches alone.
template <class T>
struct Patched {
    Patched(const Tensor<T>& pictures, const std::vector<dv::ChangedPicture>& changes, Random& random) {
        std::vector<Tensor<T>> all;
        for (const auto& [n, window] : changes) {
            Tensor<T> picture = pictures.entry(n);
            Tensor<T> patch =
                support::random_tensor<T>({picture.shape()[0], window.height, window.width}, random.bits());
            dv::detail::copy_to_window(patch.data(), picture.shape().batched(1), window, picture.data());
            patches.push_back(std::move(patch));
            all.push_back(std::move(picture));
        }
        whole = dv::stack(all);
    }

    auto paint() const {
        return [this](std::size_t i, Tensor<T>& pixels) { pixels = patches[i]; };
    }

    std::vector<Tensor<T>> patches;
    Tensor<T> whole;
};

dv::Sequential<float> small_network(ConvolutionMethod method = ConvolutionMethod::automatic) {
    return dv::Sequential<float>(
        {1, 20, 22}, dv::Conv2D<float>({.in = 1, .out = 8, .kernel = 5, .method = method}), dv::ReLU<float>(),
        dv::MaxPool2D<float>(), dv::Conv2D<float>({.in = 8, .out = 9, .kernel = 3, .seed = 2}), dv::ReLU<float>(),
        dv::AveragePool2D<float>({.kernel = 2}), dv::Flatten<float>(), dv::Dense<float>({.in = 9 * 3 * 3, .out = 4}));
}

/// The small network, some pictures, and a random patch at each place of each.
struct SmallCase {
    explicit SmallCase(Index count)
        : pictures(support::random_tensor<float>({count, 1, 20, 22}, 1)),
          trace(model.trace(pictures)),
          changes(patches(model.input_shape(), count, 5, 1)),
          patched(pictures, changes, random) {}

    dv::Sequential<float> model = small_network();
    Random random{2};
    Tensor<float> pictures;
    dv::Trace<float> trace;
    std::vector<dv::ChangedPicture> changes;
    Patched<float> patched;
};

}  // namespace

TEST_CASE("bundles: each change in one, with its neighbours, of one picture") {
    auto changes = patches({1, 12, 15}, 3, {4, 3}, 2);
    changes.push_back({1, {}});
    changes.push_back({2, {3, 3, 7, 1}});
    std::ranges::reverse(changes);
    for (const Index rows : {1, 2, 4, 8}) {
        CAPTURE(rows);
        std::vector<int> seen(changes.size());
        for (const dv::detail::Bundle& bundle : dv::detail::bundles_of_rows(changes, rows)) {
            CHECK(bundle.items.size() <= 16);
            for (const std::size_t item : bundle.items) {
                ++seen[item];
                CHECK(changes[item].picture == bundle.picture);
                CHECK(contains(bundle.changed, changes[item].window));
            }
        }
        for (std::size_t i = 0; i < changes.size(); ++i) CHECK(seen[i] == (changes[i].window.empty() ? 0 : 1));
    }
    // 5 x 7 windows: four rows of four columns; of three, and four of the last row from the right; the rest of that.
    const auto bundles = dv::detail::bundles_of_rows(patches({1, 12, 15}, 1, {4, 3}, 2), 4);
    REQUIRE(bundles.size() == 3);
    CHECK(bundles[0].changed == Window{0, 0, 10, 9});
    CHECK(bundles[1].changed == Window{0, 6, 12, 9});
    CHECK(bundles[2].changed == Window{8, 0, 4, 7});
}

TEST_CASE_TEMPLATE("bundled layers: what whole pictures give, in random networks", T, float, double) {
    int taken = 0, deepest = 0;
    for (std::uint64_t n = 0; n < 250; ++n) {
        CAPTURE(n);
        Random random(500 + n);
        const auto model = support::any_model<T>(random, ConvolutionMethod::automatic);
        const Shape& shape = model.input_shape();
        const auto pictures = support::random_tensor<T>(shape.batched(any(random, 1, 2)), random.bits());
        const auto trace = model.trace(pictures);
        const dv::Size2D patch{any(random, 1, std::min<Index>(shape[1], 5)),
                               any(random, 1, std::min<Index>(shape[2], 5))};
        const auto changes = patches(shape, trace.batch(), patch, any(random, 1, 2));
        dv::detail::BundledLayers<T> bundled(model, trace, model.size());
        if (!bundled.plan(changes, no_limit)) continue;
        const Patched<T> patched(pictures, changes, random);
        Tensor<T> got;
        const auto pixels = [&](std::size_t i) { return patched.patches[i].data(); };
        if (!bundled.run(changes, pixels, got)) continue;
        const auto expected = model.trace(patched.whole);
        support::check_close_to_largest(got, expected.activation(bundled.count() - 1), sizeof(T) == 4 ? 1e-5 : 1e-13);
        ++taken;
        deepest = std::max(deepest, static_cast<int>(bundled.count()));
    }
    CHECK(taken > 40);
    CHECK(deepest > 4);
}

TEST_CASE("bundled layers: an incremental pass through them, with activations from the watched layer on") {
    const SmallCase small(2);
    const auto& model = small.model;
    const auto& changes = small.changes;
    const auto expected = model.trace(small.patched.whole);
    for (std::size_t watched = 0; watched <= model.size(); ++watched) {
        CAPTURE(watched);
        dv::IncrementalForward<float> forward(model, small.trace, {.watched = watched});
        std::vector<std::size_t> observed;
        const auto& output = forward.run(changes, small.patched.paint(), [&](std::size_t layer) {
            observed.push_back(layer);
            Tensor<float> got(expected.activation(layer).shape());
            for (std::size_t i = 0; i < changes.size(); ++i) forward.activation(i, 0, got.slice(static_cast<Index>(i)));
            support::check_close_to_largest(got, expected.activation(layer), 2e-6);
        });
        support::check_close_to_largest(output, expected.output(), 2e-6);
        if (watched >= 5) CHECK(observed.front() == 5);  // the pooling before Flatten
        CHECK(observed.front() <= watched);
        CHECK(observed.size() == model.size() - observed.front());
    }
}

TEST_CASE("bundled layers: the same bits on any number of threads, and for any company") {
    const SmallCase small(1);
    const auto pixels = [&](std::size_t i) { return small.patched.patches[i].data(); };
    const auto run = [&](std::size_t count) {
        dv::detail::BundledLayers<float> bundled(small.model, small.trace, small.model.size());
        const auto some = std::span(small.changes).first(count);
        REQUIRE(bundled.plan(some, no_limit));
        Tensor<float> got;
        REQUIRE(bundled.run(some, pixels, got));
        return got;
    };
    const int before = dv::threads();
    dv::set_threads(1);
    const Tensor<float> alone = run(small.changes.size());
    dv::set_threads(3);
    CHECK(run(small.changes.size()) == alone);
    dv::set_threads(before);
    const Tensor<float> part = run(100);
    CHECK(std::equal(part.begin(), part.end(), alone.begin()));
}

TEST_CASE("bundled layers: the number of threads does not decide which way small batches go") {
    const auto model = small_network();
    const auto trace = model.trace(support::random_tensor<float>({1, 1, 20, 22}, 1));
    const auto changes = patches(model.input_shape(), 1, 5, 1);
    const int before = dv::threads();
    std::vector<Tensor<float>> outputs;
    for (const int threads : {1, 16}) {
        dv::set_threads(threads);
        dv::IncrementalForward<float> forward(model, trace);
        outputs.push_back(
            forward.run(std::span(changes).first(32), [](std::size_t, Tensor<float>& pixels) { pixels.fill(0.5F); }));
    }
    dv::set_threads(before);
    CHECK(outputs[0] == outputs[1]);
}

TEST_CASE("bundled layers: an object that runs again and again keeps to its memory") {
    const auto model = small_network();
    const auto trace = model.trace(support::random_tensor<float>({1, 1, 20, 22}, 1), {.last = std::size_t{3}});
    const auto changes = patches(model.input_shape(), 1, 5, 1);
    dv::IncrementalForward<float> forward(model, trace);
    const float* first = nullptr;
    for (int run = 0; run < 5; ++run) {
        const auto& output = forward.run(changes, [](std::size_t, Tensor<float>& pixels) { pixels.fill(0.5F); });
        if (run == 1) first = output.data();
        if (run > 1) CHECK(output.data() == first);  // from a spare tensor
    }
}

TEST_CASE("bundled layers: not where convolutions are to be direct, for few pictures, or beyond the memory") {
    const auto planned = [](const dv::Sequential<float>& model, Index stride, Index limit) {
        const auto trace = model.trace(support::random_tensor<float>(model.input_shape().batched(1), 1));
        dv::detail::BundledLayers<float> bundled(model, trace, model.size());
        return bundled.plan(patches(model.input_shape(), 1, 5, stride), limit);
    };
    CHECK(planned(small_network(), 1, no_limit));
    CHECK_FALSE(planned(small_network(ConvolutionMethod::direct), 1, no_limit));
    CHECK_FALSE(planned(small_network(), 7, no_limit));
    CHECK_FALSE(planned(small_network(), 1, 1000));
}

TEST_CASE("bundled layers: where a hidden value is huge or no number, windows take their place") {
    const auto model = small_network();
    const auto changes = patches(model.input_shape(), 1, 5, 1);
    for (const float value : {1e7F, std::numeric_limits<float>::quiet_NaN()}) {
        auto picture = support::random_tensor<float>({1, 1, 20, 22}, 1);
        picture(0, 0, 9, 9) = value;
        const auto trace = model.trace(picture);
        Random random(2);
        const Patched<float> patched(picture, changes, random);
        const auto expected = model.forward(patched.whole);
        dv::IncrementalForward<float> forward(model, trace);
        for (int again = 0; again < 2; ++again) {
            const auto& output = forward.run(changes, patched.paint());
            int hidden = 0;
            for (std::size_t i = 0; i < changes.size(); ++i) {
                if (!contains(changes[i].window, {9, 9, 1, 1})) continue;
                ++hidden;
                support::check_close_to_largest(output.entry(static_cast<Index>(i)),
                                                expected.entry(static_cast<Index>(i)), 2e-6);
            }
            CHECK(hidden == 25);
        }
    }
}
