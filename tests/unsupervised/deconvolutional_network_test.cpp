// The adaptive deconvolutional network: its operators against slow loops, inference against what theory says of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "deconvolutional_support.hpp"
#include "deconvviz/unsupervised/deconvolutional_inference.hpp"
#include "deconvviz/unsupervised/strongest_code.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using namespace deconvolutional_test;
using support::random_tensor;

namespace {

/// R_l as the paper writes it, for one picture: a 'valid' true convolution with each filter, then unpooling, and so on.
Tensor<double> slow_down(const Network& network, const Code& code, Index layer, Tensor<double> maps, Index picture) {
    for (Index l = layer;; --l) {
        const auto& at = network.layer(l);
        const Size2D filter = at.options.filter;
        Tensor<double> below(at.below);
        for (Index k = 0; k < at.maps[0]; ++k)
            for (Index c = 0; c < at.below[0]; ++c)
                for (Index y = 0; y < at.below[1]; ++y)
                    for (Index x = 0; x < at.below[2]; ++x)
                        for (Index v = 0; v < filter.y; ++v)
                            for (Index u = 0; u < filter.x; ++u)  // (z * f)(y, x), shifted to where the result is valid
                                below(c, y, x) +=
                                    maps(k, y + filter.y - 1 - v, x + filter.x - 1 - u) * at.filters(k, c, v, u);
        if (l == 0) return below;
        const auto& lower = network.layer(l - 1);
        const auto& [group, window] = lower.options.pool;
        maps = Tensor<double>(lower.maps);
        for (Index p = 0; p < below.size(); ++p) {
            const Index place = code.layers[static_cast<std::size_t>(l - 1)]
                                    .switches[static_cast<std::size_t>(picture * below.size() + p)];
            const Index x = p % below.shape()[2] * window.x + place % window.x;
            const Index y = p / below.shape()[2] % below.shape()[1] * window.y + place / window.x % window.y;
            const Index k = p / (below.shape()[1] * below.shape()[2]) * group + place / (window.x * window.y);
            maps(k, y, x) = below[p];
        }
    }
}

}  // namespace

TEST_CASE("deconvolutional network: sizes of maps are filter - 1 larger, pooled ones are rounded up; seeds count") {
    const Network network = deep_network();
    CHECK(network.layers() == 3);
    CHECK(network.layer(0).maps == Shape{5, 14, 11});
    CHECK(network.layer(0).pooled == Shape{3, 5, 6});
    CHECK(network.layer(0).filters.shape() == Shape{5, 2, 4, 3});
    CHECK(network.layer(1).maps == Shape{4, 6, 7});
    CHECK(network.layer(1).pooled == Shape{2, 3, 4});
    CHECK(network.layer(2).maps == Shape{3, 4, 4});
    for (Index l = 0; l < 3; ++l)
        for (Index k = 0; k < network.layer(l).maps[0]; ++k)
            CHECK(detail::squared_norm<double>(network.layer(l).filters.slice(k)) == doctest::Approx(1));
    // the published sizes: four layers over pictures of 150x150
    const AdaptiveDeconvolutionalNetwork<float> published({1, 150, 150}, {{.maps = 15, .pool = {3, 3}},
                                                                          {.maps = 50, .pool = {2, 3}},
                                                                          {.maps = 100, .pool = {2, 3}},
                                                                          {.maps = 150, .pool = {2, 3}}});
    for (const auto& [layer, side] : {std::pair{0, 156}, {1, 58}, {2, 26}, {3, 15}})
        CHECK(published.layer(layer).maps[1] == side);
    CHECK(published.layer(3).below[0] == 50);
    CHECK(Network({1, 4, 4}, {{}}, 1).layer(0).filters == Network({1, 4, 4}, {{}}, 1).layer(0).filters);
    CHECK(Network({1, 4, 4}, {{}}, 1).layer(0).filters != Network({1, 4, 4}, {{}}, 2).layer(0).filters);
}

TEST_CASE("deconvolutional network: projection is what the paper says, the other way is its adjoint, reach is tight") {
    const Network network = deep_network();
    const auto images = random_tensor<double>({3, 2, 11, 9}, 5);
    const Code code = infer(network, images, {.iterations = 4});
    for (Index layer = 0; layer < 3; ++layer) {
        CAPTURE(layer);
        const auto maps = random_tensor<double>(network.layer(layer).maps.batched(3), 6);
        const auto down = project(network, code, layer, maps);
        for (Index n = 0; n < 3; ++n)
            support::check_close_to_largest(down.entry(n), slow_down(network, code, layer, maps.entry(n), n), 1e-12);
        const auto up = project_adjoint(network, code, layer, images);
        CHECK(support::dot(down, images) == doctest::Approx(support::dot(maps, up)).epsilon(1e-10));
        support::check_close_to_largest(reconstruct(network, code, layer),
                                        project(network, code, layer, code.layer(layer).maps), 0);
    }
    // a single value changes no pixel beyond its reach; over all switches that there are, the reach is filled
    for (const auto& [y, x] : {std::pair{Index{1}, Index{2}}, {4, 6}, {0, 0}}) {
        const Window reach = network.reach(1, y, x);
        Window seen{99, 99, 0, 0};
        Index bottom = 0, right = 0;
        for (int place = 0; place < 12; ++place) {
            Code other = code;
            std::ranges::fill(other.layers[0].switches, static_cast<std::uint16_t>(place));
            const auto one = project(network, other, CodeActivation<double>{1, 0, 3, y, x, 2.0, {}});
            for (Index c = 0; c < 2; ++c)
                for (Index v = 0; v < 11; ++v)
                    for (Index u = 0; u < 9; ++u) {
                        if (one(c, v, u) == 0) continue;
                        CHECK(contains(reach, {v, u, 1, 1}));
                        seen.y = std::min(seen.y, v);
                        seen.x = std::min(seen.x, u);
                        bottom = std::max(bottom, v + 1);
                        right = std::max(right, u + 1);
                    }
        }
        CHECK(reach == Window{seen.y, seen.x, bottom - seen.y, right - seen.x});
    }
    CHECK(network.reach(0, 14, 0).empty());
}

TEST_CASE("inference: the cost never rises, and is the cost of maps with one value in a cell") {
    const Network network = deep_network();
    const auto images = random_tensor<double>({4, 2, 11, 9}, 7, -2, 2);
    const Code code = infer(network, images, {.iterations = 40});
    for (Index layer = 0; layer < 3; ++layer) {
        CAPTURE(layer);
        const auto& at = code.layer(layer);
        check_never_rises(at.cost);
        double last = 0, error = 0;
        for (Index n = 0; n < 4; ++n) {
            CHECK(at.cost(n, 40) < 0.9 * at.cost(n, 0));
            CHECK(at.cost(n, 0) == doctest::Approx(network.layer(layer).options.lambda / 2 *
                                                   detail::squared_norm<double>(images.slice(n))));
            last += at.cost(n, 40);
            error += at.squared_error[n];
        }
        CHECK(last == doctest::Approx(slow_cost(network, code, layer, at.maps, images)));
        const auto measures = measure(network, code, layer, images);
        CHECK(measures.cost == doctest::Approx(last / 4));
        CHECK(measures.relative_error == doctest::Approx(error / support::dot(images, images)));
        CHECK(measures.snr == doctest::Approx(-10 * std::log10(measures.relative_error)));
        CHECK(measures.l1 == doctest::Approx(l1(at.maps) / 4));

        const auto pooling = network.layer(layer).pooling(4);
        Tensor<double> unpooled(at.maps.shape());
        kernels::unpool3d(pooling, at.pooled.data(), at.switches.data(), unpooled.data());
        CHECK(unpooled == at.maps);
        const auto active = std::count_if(at.maps.begin(), at.maps.end(), [](double v) { return v != 0; });
        CHECK(measures.active == doctest::Approx(static_cast<double>(active) / 4));
        CHECK(measures.nonzero == doctest::Approx(static_cast<double>(active) / static_cast<double>(at.maps.size())));
    }
}

TEST_CASE("inference: shrinking and keeping the largest of a cell is the best that a cell of one value can do") {
    Random random(8);
    for (int i = 0; i < 200; ++i) {
        double v[4];
        for (double& value : v) value = random.between(-2, 2);
        const double beta = random.between(0.05, 1.5);
        const auto distance = [&](int kept, double z) {  // β |z| + ½ ‖z - v‖²
            double sum = beta * std::abs(z);
            for (int j = 0; j < 4; ++j) sum += std::pow(v[j] - (j == kept ? z : 0), 2) / 2;
            return sum;
        };
        double best = distance(0, 0);
        for (int kept = 0; kept < 4; ++kept)
            for (double z = -2; z <= 2; z += 1e-3) best = std::min(best, distance(kept, z));
        double shrunk[4], pooled = 0;
        std::transform(v, v + 4, shrunk, [&](double value) { return detail::shrink(value, beta); });
        std::uint16_t place = 0;
        kernels::max_pool3d({1, 4, 1, 1, 4, 1}, shrunk, &pooled, &place);
        CHECK(distance(place, pooled) <= best);
    }
}

TEST_CASE("inference: with a fixed beta the steps are the paper's; too large a one raises the cost or diverges") {
    const auto build = [](double beta) {
        return Network({1, 8, 8}, {{.maps = 4, .filter = 3, .pool = {2, 2}, .lambda = 3, .beta = beta},
                                   {.maps = 3, .filter = 2, .pool = {3, 1}, .lambda = 2, .beta = beta}});
    };
    const auto images = random_tensor<double>({2, 1, 8, 8}, 9);
    const double beta = 0.02;
    const Network network = build(beta);
    const Code code = infer(network, images, {.iterations = 5});
    for (Index layer = 0; layer < 2; ++layer) {
        const auto& at = network.layer(layer);
        Tensor<double> z(at.maps.batched(2));
        for (int t = 0; t < 5; ++t) {
            auto error = project(network, code, layer, z);
            for (Index i = 0; i < error.size(); ++i) error[i] -= images[i];
            const auto gradient = project_adjoint(network, code, layer, error);
            for (Index i = 0; i < z.size(); ++i) {
                const double v = z[i] - at.options.lambda * beta * gradient[i];
                z[i] = std::max(std::abs(v) - beta, 0.0) * (v < 0 ? -1 : 1);
            }
            Tensor<double> pooled(at.pooled.batched(2));
            std::vector<std::uint16_t> switches(static_cast<std::size_t>(pooled.size()));
            kernels::max_pool3d(at.pooling(2), z.data(), pooled.data(), switches.data());
            kernels::unpool3d(at.pooling(2), pooled.data(), switches.data(), z.data());
        }
        support::check_close_to_largest(code.layer(layer).maps, z, 1e-12);
        CHECK(code.layer(layer).step[1] == beta);
    }
    const auto rough = infer(build(0.6), images, {.iterations = 6, .layers = 1});
    const auto& cost = rough.layer(0).cost;
    CHECK(*std::max_element(cost.begin(), cost.end()) > cost(0, 0));
    support::check_throws<DivergenceError>([&] { (void)infer(build(50), images, {.iterations = 2000}); },
                                           {"inference diverged", "smaller beta"});
}

TEST_CASE("inference: without pooling it finds the minimum of the convex cost of the layer-wise network") {
    const Network network({1, 7, 7}, {{.maps = 3, .filter = 3, .pool = {1, 1}, .lambda = 4}});
    const auto images = random_tensor<double>({2, 1, 7, 7}, 10);
    const Code code = infer(network, images, {.iterations = 3000});
    const auto& maps = code.layer(0).maps;
    auto error = reconstruct(network, code, 0);
    for (Index i = 0; i < error.size(); ++i) error[i] -= images[i];
    const auto gradient =
        project_adjoint(network, code, 0, error);  // optimal: λ g = -sign(z), or |λ g| <= 1 where z = 0
    Index active = 0;
    for (Index i = 0; i < maps.size(); ++i) {
        const double slope = 4 * gradient[i];
        if (maps[i] != 0)
            CHECK(slope == doctest::Approx(maps[i] > 0 ? -1 : 1).epsilon(1e-4));
        else
            CHECK(std::abs(slope) <= 1 + 1e-4);
        active += maps[i] != 0;
    }
    CHECK(active > 20);
}

TEST_CASE("inference: a picture has the bits that it has alone, on any number of threads; it can be continued") {
    const int before = threads();
    const Network network = deep_network();
    const auto images = random_tensor<double>({5, 2, 11, 9}, 11);
    set_threads(1);
    const Code all = infer(network, images, {.iterations = 6});
    set_threads(3);
    const Code again = infer(network, images, {.iterations = 6});
    const Code alone = infer(network, images.entry(3).reshaped({1, 2, 11, 9}), {.iterations = 6});
    Code continued = infer(network, images, {.iterations = 4, .layers = 2});
    infer_layer(network, images, continued, 1, {.iterations = 9});
    const Code once = infer(network, images, {.iterations = 4, .layers = 1});
    set_threads(before);
    for (Index l = 0; l < 3; ++l) {
        CHECK(again.layer(l).maps == all.layer(l).maps);
        CHECK(again.layer(l).switches == all.layer(l).switches);
        CHECK(again.layer(l).cost == all.layer(l).cost);
        CHECK(alone.layer(l).maps.entry(0) == all.layer(l).maps.entry(3));
    }
    CHECK(continued.layer(0).maps == once.layer(0).maps);
    check_never_rises(continued.layer(1).cost);
    Code restarted = once;
    infer_layer(network, images, restarted, 1, {.iterations = 4});
    for (Index n = 0; n < 5; ++n)
        CHECK(continued.layer(1).cost(n, 0) == doctest::Approx(restarted.layer(1).cost(n, 4)));
}

TEST_CASE("strongest_code: by magnitude, one a picture, first of equal ones; its projections add up to the whole") {
    const Network network = deep_network();
    const auto images = random_tensor<double>({4, 2, 11, 9}, 16);
    Code code = infer(network, images, {.iterations = 5, .layers = 2});
    auto& maps = code.layers[1].maps;
    std::ranges::fill(maps, 0.0);
    maps(0, 2, 1, 3) = 2;
    maps(0, 2, 5, 6) = -2;  // the same magnitude, later
    maps(1, 2, 0, 0) = -3;
    maps(3, 2, 2, 2) = 2;
    const auto found = strongest_code(network, code, {.layer = 1, .map = 2});
    REQUIRE(found.size() == 3);  // picture 2 has none
    CHECK(found[0].picture == 1);
    CHECK(found[0].value == -3);
    CHECK(found[0].window == network.reach(1, 0, 0));
    CHECK(found[1].picture == 0);
    CHECK(found[1].y == 1);
    CHECK(found[1].x == 3);
    CHECK(found[2].picture == 3);
    CHECK(strongest_code(network, code, {.layer = 1, .map = 2, .count = 1}).size() == 1);
    CHECK(strongest_code(network, code, {.layer = 1, .map = 0}).empty());
    const auto whole = reconstruct(network, code, 1);
    support::check_close_to_largest(project(network, code, found[0]), whole.entry(1), 1e-12);
    auto pattern = project(network, code, found[0], SeedValue::one);
    for (double& value : pattern) value *= -3;
    support::check_close_to_largest(pattern, whole.entry(1), 1e-12);

    support::check_throws<OptionError>([&] { (void)strongest_code(network, code, {.layer = 1, .map = 4}); },
                                       {"strongest_code", "map 4", "0 … 3"});
    support::check_throws<OptionError>([&] { (void)strongest_code(network, code, {.layer = 1, .count = 0}); },
                                       {"count"});
    support::check_throws<OptionError>([&] { (void)strongest_code(network, code, {.layer = 2}); },
                                       {"layer 2", "not inferred"});
    support::check_throws<OptionError>(
        [&] {
            (void)project(network, code, CodeActivation<double>{1, 9, 0, 0, 0, 1.0, {}});
        },
        {"picture 9"});
}

TEST_CASE("deconvolutional network: a black picture has an empty code, and measures that are defined") {
    const Network network = deep_network();
    const Tensor<double> black({2, 2, 11, 9});
    const Code code = infer(network, black);
    for (Index l = 0; l < 3; ++l) {
        CHECK(support::largest(code.layer(l).maps) == 0);
        const auto measures = measure(network, code, l, black);
        CHECK(measures.relative_error == 0);
        CHECK(measures.cost == 0);
        CHECK(measures.snr == std::numeric_limits<double>::infinity());
    }
}

TEST_CASE("deconvolutional network: bad sizes, pictures, codes and options are refused") {
    using support::check_throws;
    check_throws<ShapeError>([] { Network({1, 0, 5}, {{}}); }, {"(1,0,5)"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {}); }, {"at least one layer"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {{}, {.maps = 0}}); }, {"layer 1", "one map"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {{.filter = 0}}); }, {"filters", "0x0"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {{.pool = {0, 2}}}); }, {"pooling over"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {{.pool = {2, 0}}}); }, {"pooling window"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {{.pool = {2, 200}}}); }, {"65536", "2 maps of 200x200"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {{.lambda = 0}}); }, {"lambda"});
    check_throws<OptionError>([] { Network({1, 5, 5}, {{.beta = -1.0}}); }, {"beta", "-1"});

    Network network = deep_network();
    check_throws<OptionError>([&] { (void)network.layer(3); }, {"layer 3", "0 … 2"});
    check_throws<ShapeError>([&] { network.set_filters(0, Tensor<double>({5, 2, 3, 3})); }, {"(5,2,4,3)", "(5,2,3,3)"});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    check_throws<OptionError>([&] { network.set_filters(0, Tensor<double>({5, 2, 4, 3}, nan)); }, {"finite"});

    const auto images = random_tensor<double>({2, 2, 11, 9}, 17);
    auto broken = images;
    broken(1, 0, 3, 3) = nan;
    check_throws<OptionError>([&] { (void)infer(network, broken); }, {"picture 1", "not finite"});
    check_throws<ShapeError>(
        [&] {
            (void)infer(network, Tensor<double>({2, 1, 11, 9}));
        },
        {"(1,2,11,9)", "(2,1,11,9)"});
    check_throws<OptionError>([&] { (void)infer(network, Tensor<double>({0, 2, 11, 9})); }, {"at least one picture"});
    check_throws<OptionError>([&] { (void)infer(network, images, {.layers = 4}); }, {"1 … 3", "4"});
    check_throws<OptionError>([&] { (void)infer(network, images, {.iterations = -1}); }, {"iterations", "-1"});

    Code code = infer(network, images, {.iterations = 1, .layers = 1});
    check_throws<StateError>([&] { infer_layer(network, images, code, 2); }, {"layer 2", "1 layers"});
    check_throws<ShapeError>(
        [&] {
            infer_layer(network, images.entry(0).reshaped({1, 2, 11, 9}), code, 1);
        },
        {"1 pictures", "one of 2"});
    check_throws<OptionError>([&] { (void)reconstruct(network, code, 1); }, {"layer 1", "not inferred"});
    check_throws<ShapeError>([&] { (void)project(network, code, 1, Tensor<double>({2, 4, 6, 6})); }, {"(2,4,6,7)"});
    const Network other({2, 12, 9}, {{.maps = 5}, {}});
    check_throws<ShapeError>([&] { (void)project(other, code, 1, Tensor<double>({2, 15, 13, 12})); }, {"layer 0"});
}
