#include "deconvviz/visualize/correspondence.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/visualize/correspondence_table.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using support::check_throws;
using support::random_tensor;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Four features of three pixels: each pixel, and the first less the second.
Sequential<double> pixels_and_difference() {
    return Sequential<double>(
        {1, 1, 3}, Flatten<double>(),
        Dense<double>({.in = 3, .out = 4}, Tensor<double>({4, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, -1, 0}),
                      Tensor<double>({4}, {1, 2, 3, 4})));
}

template <class T>
Sequential<T> small_network(ConvolutionMethod method = ConvolutionMethod::automatic) {
    return Sequential<T>({2, 12, 10}, Conv2D<T>({.in = 2, .out = 6, .kernel = 3, .padding = 1, .method = method}),
                         ReLU<T>(), MaxPool2D<T>({.kernel = 2}),
                         Conv2D<T>({.in = 6, .out = 8, .kernel = 3, .padding = 1, .method = method}), ReLU<T>(),
                         Flatten<T>(), Dense<T>({.in = 240, .out = 5}));
}

/// The number of positions in which sign ε differs, as [zeiler2014, §4.3] has it: whole pictures, one by one.
double slow_distance(const Sequential<double>& model, const LayerId& layer, const Tensor<double>& a,
                     const Tensor<double>& masked_a, const Tensor<double>& b, const Tensor<double>& masked_b) {
    const auto values = [&](const Tensor<double>& x) { return model.trace(x).activation(layer); };
    const auto sign = [](double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; };
    const auto xa = values(a), ya = values(masked_a), xb = values(b), yb = values(masked_b);
    double hamming = 0;
    for (Index d = 0; d < xa.size(); ++d) hamming += sign(xa[d] - ya[d]) != sign(xb[d] - yb[d]);
    return hamming / static_cast<double>(xa.size());
}

const std::vector<Window> some_windows{{0, 0, 3, 3}, {9, 2, 3, 4}, {4, 5, 2, 5}, {1, 1, 4, 2}};

struct ThreadsGuard {
    int before = threads();
    ~ThreadsGuard() { set_threads(before); }
};

}  // namespace

TEST_CASE("correspondence: three pictures by hand") {
    // ε of the dense layer: (3, 0, 0, 3), (0, 5, 0, -5), (-2, 0, 0, -2).
    const Tensor<double> images({3, 1, 1, 3}, {3, 1, 2, 1, 5, 2, -2, 0, 0});
    const std::vector<Window> masks{{0, 0, 1, 1}, {0, 1, 1, 1}, {0, 0, 1, 1}};
    const auto layers = correspondence(pixels_and_difference(), images, masks, {.fill = 0});
    REQUIRE(layers.size() == 2);
    const LayerCorrespondence& dense = layers[1];
    CHECK(dense.layer == "dense1");
    CHECK(dense.dimensions == 4);
    CHECK(dense.distances == Tensor<double>({3, 3}, {0, 0.75, 0.5, 0.75, 0, 0.5, 0.5, 0.5, 0}));
    CHECK(dense.mean == doctest::Approx(1.75 / 3));
    CHECK(dense.deviation == doctest::Approx(std::sqrt(1.0 / 72)));
    CHECK(dense.sum() == doctest::Approx(14));  // 3 + 2 + 2 differing signs, each pair in both orders
    CHECK(dense.changed == doctest::Approx(0.5));
    // In common: the last one, opposed; the first and last, both opposed; the last, alike.
    CHECK(dense.opposed == doctest::Approx(2.0 / 3));

    const LayerCorrespondence& flat = layers[0];  // (3, 0, 0), (0, 5, 0), (-2, 0, 0)
    CHECK(flat.layer == "flatten1");
    CHECK(flat.distances(0, 1) == doctest::Approx(2.0 / 3));
    CHECK(flat.distances(0, 2) == doctest::Approx(1.0 / 3));
    CHECK(flat.opposed == doctest::Approx(1));  // of the one pair that has something in common

    // What hides nothing changes nothing: two such pictures agree.
    const auto nothing = correspondence(pixels_and_difference(), images, Tensor<double>({3, 1, 1, 3}));
    CHECK(nothing[1].mean == 0);
    CHECK(nothing[1].changed == 0);
    CHECK(std::isnan(nothing[1].opposed));
}

TEST_CASE("correspondence: equal to the paper's words, done slowly") {
    const auto model = small_network<double>();
    const auto images = random_tensor<double>({4, 2, 12, 10}, 3, 0, 1);
    const auto masks = window_masks<double>(images.shape(), some_windows);
    for (const auto& layer : correspondence(model, images, masks, {.fill = 0.25})) {
        CAPTURE(layer.layer);
        double sum = 0;
        for (Index i = 0; i < 4; ++i)
            for (Index j = 0; j < 4; ++j) {
                const auto expected = slow_distance(
                    model, layer.layer, images.entry(i), occluded(images.entry(i), some_windows[std::size_t(i)], 0.25),
                    images.entry(j), occluded(images.entry(j), some_windows[std::size_t(j)], 0.25));
                CHECK(layer.distances(i, j) == doctest::Approx(expected));
                sum += expected;
            }
        CHECK(layer.mean == doctest::Approx(sum / 12));
        CHECK(layer.sum() == doctest::Approx(sum * static_cast<double>(layer.dimensions)));
        CHECK(layer.mean > 0);
    }
}

TEST_CASE("correspondence: the default tolerance undoes what rounding changes") {
    // Filters of 3x3 by Winograd's way mix a tile of pixels: outputs that no hidden pixel reaches differ by roundings.
    const auto network = [](ConvolutionMethod method) {
        const auto conv = [method](Index in, Index out, std::uint64_t seed) {
            return Conv2D<float>({.in = in, .out = out, .kernel = 3, .padding = 1, .method = method, .seed = seed});
        };
        return Sequential<float>({8, 32, 32}, conv(8, 32, 1), ReLU<float>(), conv(32, 32, 2), ReLU<float>());
    };
    const auto images = random_tensor<float>({3, 8, 32, 32}, 5, 0, 1);
    const std::vector<Window> masks{{3, 3, 5, 5}, {17, 11, 6, 4}, {20, 20, 5, 7}};
    const auto winograd = correspondence(network(ConvolutionMethod::automatic), images, masks);
    const auto direct = correspondence(network(ConvolutionMethod::direct), images, masks);
    const auto exact = correspondence(network(ConvolutionMethod::direct), images, masks, {.tolerance = 0});
    const auto rough = correspondence(network(ConvolutionMethod::automatic), images, masks, {.tolerance = 0});
    for (std::size_t l = 0; l < 4; ++l) {
        CAPTURE(winograd[l].layer);
        CHECK(winograd[l].mean == doctest::Approx(direct[l].mean).epsilon(2e-3));
        CHECK(winograd[l].changed == doctest::Approx(direct[l].changed).epsilon(2e-3));
        CHECK(direct[l].mean == doctest::Approx(exact[l].mean).epsilon(2e-3));
    }
    CHECK(rough[2].changed > 1.2 * exact[2].changed);  // this is what the tolerance is for

    const auto blunt = correspondence(network(ConvolutionMethod::direct), images, masks, {.tolerance = 1});
    CHECK(blunt[2].changed < 0.01);
    CHECK(blunt[2].mean < 0.01);
}

TEST_CASE("correspondence: the same for windows and tensors, any batch, any number of threads") {
    const ThreadsGuard guard;
    const auto model = small_network<float>();
    const auto images = random_tensor<float>({4, 2, 12, 10}, 8, 0, 1);
    set_threads(1);
    const auto one = correspondence(model, images, window_masks<float>(images.shape(), some_windows), {.batch = 4});
    set_threads(3);
    std::vector<Index> done;
    const auto other = correspondence(model, images, some_windows, {.batch = 3, .progress = [&](const Progress& p) {
                                                                        done.push_back(p.done);
                                                                        return p.total == 4;
                                                                    }});
    const auto chosen = correspondence(model, images, some_windows, {.layers = {"relu2", 0}, .batch = 1});
    REQUIRE(one.size() == model.size());
    for (std::size_t l = 0; l < one.size(); ++l) {
        CHECK(one[l].distances == other[l].distances);
        CHECK(one[l].mean == other[l].mean);
        CHECK(one[l].deviation == other[l].deviation);
        CHECK(one[l].opposed == other[l].opposed);
    }
    CHECK(done == std::vector<Index>{3, 4});
    REQUIRE(chosen.size() == 2);
    CHECK(chosen[0].layer == "relu2");
    CHECK(chosen[0].distances == one[4].distances);
    CHECK(chosen[1].layer == "conv1");
    CHECK(chosen[1].distances == one[0].distances);
}

TEST_CASE("correspondence: lower for the same part than for random masks, where a model knows the parts") {
    // A vertical and a horizontal bar at changing places; one filter for each, and the strongest response of each.
    Tensor<float> images({8, 1, 12, 12});
    std::vector<PicturePart> parts{{"vertical", {}}, {"horizontal", {}}};
    Random random(2);
    for (Index i = 0; i < 8; ++i) {
        const Window vertical{random.below(9), random.below(5), 3, 1};
        const Window horizontal{random.below(12), 6 + random.below(3), 1, 3};
        for (Index k = 0; k < 3; ++k) {
            images(i, 0, vertical.y + k, vertical.x) = 1;
            images(i, 0, horizontal.y, horizontal.x + k) = 1;
        }
        parts[0].windows.push_back(vertical);
        parts[1].windows.push_back(horizontal);
    }
    const Tensor<float> filters({2, 1, 3, 3}, {-1, 2, -1, -1, 2, -1, -1, 2, -1, -1, -1, -1, 2, 2, 2, -1, -1, -1});
    const Sequential<float> model({1, 12, 12},
                                  Conv2D<float>({.in = 1, .out = 2, .kernel = 3, .padding = 1}, filters, {}),
                                  ReLU<float>(), MaxPool2D<float>({.kernel = 12}));
    const auto table = correspondence_table(model, images, parts,
                                            {.layers = {"maxpool1"},
                                             .fill = 0,
                                             .random = {RandomPlace::own, RandomPlace::common, RandomPlace::exchanged},
                                             .draws = 20});
    REQUIRE(table.rows.size() == 5);
    for (std::size_t part : {0U, 1U}) {
        CHECK(table.rows[part].entries[0].mean == 0);  // always this feature alone, always less of it
        CHECK(table.rows[part].entries[0].changed == 0.5);
    }
    for (const std::size_t control : {2U, 3U, 4U}) CHECK(table.rows[control].entries[0].mean > 0.05);
}

TEST_CASE("correspondence table: rows are what the calls for each set of masks say") {
    const auto model = small_network<double>();
    const auto images = random_tensor<double>({4, 2, 12, 10}, 3, 0, 1);
    const std::vector<PicturePart> parts{{"one", some_windows}, {"two", {4, {2, 2, 2, 2}}}};
    Index calls = 0;
    const CorrespondenceTableOptions options{.layers = {"conv2", "dense1"},
                                             .random = {RandomPlace::own},
                                             .area = RandomArea::off_parts,
                                             .draws = 3,
                                             .seed = 4,
                                             .progress = [&](const Progress& p) {
                                                 CHECK(p.total == 2 + 3 * 2);
                                                 return p.done == ++calls;
                                             }};
    const auto table = correspondence_table(model, images, parts, options);
    CHECK(calls == 8);
    CHECK(table.layers == std::vector<std::string>{"conv2", "dense1"});
    CHECK(table.fill == 0.5);
    REQUIRE(table.rows.size() == 3);
    CHECK(table.rows[1].name == "two");
    CHECK(table.rows[2].name == "random");

    for (std::size_t r = 0; r < 3; ++r) {
        const CorrespondenceRow& row = table.rows[r];
        REQUIRE(row.windows.size() == (r < 2 ? 1 : 6));
        for (std::size_t layer = 0; layer < 2; ++layer) {
            std::vector<double> means, distances;
            for (const auto& windows : row.windows) {
                const auto one = correspondence(model, images, windows, {.layers = {table.layers[layer]}})[0];
                means.push_back(one.mean);
                for (Index i = 0; i < 4; ++i)
                    for (Index j = i + 1; j < 4; ++j) distances.push_back(one.distances(i, j));
            }
            const auto mean_of = [](const std::vector<double>& v) {
                double sum = 0;
                for (const double x : v) sum += x;
                return sum / static_cast<double>(v.size());
            };
            const auto spread_of = [&](const std::vector<double>& v) {
                double sum = 0;
                for (const double x : v) sum += (x - mean_of(v)) * (x - mean_of(v));
                return std::sqrt(sum / static_cast<double>(v.size()));
            };
            CHECK(row.entries[layer].mean == doctest::Approx(mean_of(means)));
            CHECK(row.entries[layer].between == doctest::Approx(spread_of(means)));
            CHECK(row.entries[layer].deviation == doctest::Approx(spread_of(distances)));
        }
    }
    for (std::size_t draw = 0; draw < 6; ++draw)
        for (std::size_t i = 0; i < 4; ++i) {
            const Window& window = table.rows[2].windows[draw][i];
            CHECK(window.height == parts[draw % 2].windows[i].height);
            for (const PicturePart& part : parts) CHECK_FALSE(detail::overlap(window, part.windows[i]));
        }
    auto again = options;
    again.progress = {};
    CHECK(correspondence_table(model, images, parts, again).rows[2].windows == table.rows[2].windows);
    again.seed = 5;
    CHECK(correspondence_table(model, images, parts, again).rows[2].windows != table.rows[2].windows);
    again.within.assign(4, {3, 0, 7, 10});
    again.area = RandomArea::anywhere;
    again.random = {RandomPlace::own, RandomPlace::exchanged};
    const auto held = correspondence_table(model, images, {parts[1]}, again);
    for (const auto& windows : held.rows[1].windows)
        for (const Window& window : windows) CHECK(contains({3, 0, 7, 10}, window));
    CHECK(held.rows[2].name == "exchanged");
    CHECK(held.rows[2].windows[0] == parts[1].windows);  // all alike
    again.random = {};
    CHECK(correspondence_table(model, images, parts, again).rows.size() == 2);

    check_throws<OptionError>([&] { correspondence_table(model, images, {}, {}); }, {"at least one part"});
    check_throws<OptionError>([&] { correspondence_table(model, images, parts, {.draws = 0}); }, {"draw", "got 0"});
    check_throws<ShapeError>(
        [&] {
            correspondence_table(model, images, {{"ear", {{0, 0, 1, 1}}}}, {});
        },
        {"part 'ear'", "each of 4 pictures, got 1"});
    check_throws<CancelledError>(
        [&] { correspondence_table(model, images, parts, {.progress = [](const Progress&) { return false; }}); },
        {"cancelled after 1 of 22 sets of masks"});
}

TEST_CASE("correspondence: a picture that is not finite has no distances") {
    const auto model = small_network<double>();
    auto images = random_tensor<double>({3, 2, 12, 10}, 3, 0, 1);
    images(1, 0, 11, 9) = not_a_number;
    const std::vector<Window> masks{{0, 0, 3, 3}, {2, 2, 3, 3}, {5, 5, 3, 3}};
    for (const auto& layer : correspondence(model, images, masks)) {
        CHECK(std::isfinite(layer.distances(0, 2)));
        CHECK(std::isnan(layer.distances(0, 1)));
        CHECK(std::isnan(layer.distances(2, 1)));
        CHECK(layer.distances(1, 1) == 0);
        CHECK(std::isnan(layer.mean));
        CHECK(std::isnan(layer.deviation));
        CHECK(std::isnan(layer.changed));
        if (layer.layer == "dense1") CHECK(std::isfinite(layer.opposed));  // of the pairs that there are
    }
}

TEST_CASE("correspondence: what makes no sense is refused") {
    const auto model = small_network<float>();
    const Tensor<float> images({4, 2, 12, 10});
    check_throws<ShapeError>(
        [&] {
            correspondence(model, Tensor<float>({4, 2, 12, 9}), some_windows);
        },
        {"correspondence: expected a batch of pictures of (2,12,10), got (4,2,12,9)"});
    check_throws<ShapeError>([&] { correspondence(model, Tensor<float>({2, 12, 10}), some_windows); }, {"(2,12,10)"});
    check_throws<OptionError>(
        [&] {
            correspondence(model, Tensor<float>({1, 2, 12, 10}), std::vector<Window>{{0, 0, 1, 1}});
        },
        {"at least two pictures, got 1"});
    check_throws<ShapeError>([&] { correspondence(model, images, std::vector<Window>(3)); }, {"got 3"});
    check_throws<ShapeError>([&] { correspondence(model, images, Tensor<float>({4, 1, 12, 12})); }, {"(4,1,12,12)"});
    check_throws<OptionError>([&] { correspondence(model, images, some_windows, {.layers = {"conv9"}}); }, {"conv9"});
    check_throws<OptionError>([&] { correspondence(model, images, some_windows, {.fill = not_a_number}); }, {"finite"});
    check_throws<OptionError>([&] { correspondence(model, images, some_windows, {.batch = 0}); }, {"batch"});
    check_throws<OptionError>([&] { correspondence(model, images, some_windows, {.tolerance = -1}); }, {"tolerance"});
    check_throws<OptionError>([&] { correspondence(model, images, some_windows, {.tolerance = not_a_number}); },
                              {"tolerance"});
    check_throws<CancelledError>(
        [&] {
            correspondence(model, images, some_windows,
                           {.batch = 1, .progress = [](const Progress&) { return false; }});
        },
        {"correspondence: cancelled after 1 of 4 pictures"});
    const Sequential<float> flat({8}, Dense<float>({.in = 8, .out = 2}));
    CHECK_THROWS_AS(correspondence(flat, Tensor<float>({4, 8}), some_windows), ShapeError);
}
