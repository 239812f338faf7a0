// Sanity checks: randomisation against models randomised by hand, class swap and recovered image on nets whose maps are
// known.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/visualize/class_swap.hpp"
#include "deconvviz/visualize/randomisation.hpp"
#include "deconvviz/visualize/recovered_image.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using doctest::Approx;
using dv::Index;
using dv::Sequential;
using dv::Tensor;
using dv::WayBack;

namespace {

/// Gives one layer of `to` the parameters that it has in `from`.
template <class T>
void copy_layer(Sequential<T>& from, Sequential<T>& to, const std::string& layer) {
    const auto source = from.parameters();
    const auto target = to.parameters();
    for (std::size_t i = 0; i < source.size(); ++i)
        if (*source[i].layer_name == layer) *target[i].parameter.value = *source[i].parameter.value;
}

template <class T>
std::vector<Tensor<T>> all_parameters(Sequential<T> model) {
    std::vector<Tensor<T>> all;
    for (const auto& each : model.parameters()) all.push_back(*each.parameter.value);
    return all;
}

/// A classifier whose score for a class is the picture times that class's row.
Sequential<double> linear(const dv::Shape& picture, std::vector<std::vector<double>> rows) {
    Tensor<double> weights({std::ssize(rows), picture.elements()});
    for (std::size_t c = 0; c < rows.size(); ++c)
        std::ranges::copy(rows[c], weights.slice(static_cast<Index>(c)).begin());
    return Sequential<double>(
        picture, dv::Flatten<double>(),
        dv::Dense<double>({.in = picture.elements(), .out = std::ssize(rows)}, std::move(weights), {}));
}

std::vector<WayBack> some_ways() {
    return {WayBack::deconvnet(), WayBack::saliency(), WayBack::gradient_times_input(), WayBack::desalinet()};
}

}  // namespace

TEST_CASE("randomisation: new weights have the deviation that is asked for, biases are zero, the model stays") {
    Sequential<double> model({3, 20, 20}, dv::Conv2D<double>({.in = 3, .out = 40, .kernel = 5}), dv::ReLU<double>(),
                             dv::Flatten<double>(), dv::Dense<double>({.in = 10240, .out = 3}));
    model.layer<dv::Dense<double>>("dense1").bias().fill(3);
    const auto before = all_parameters(model);
    const auto deviation = [](const Tensor<double>& values) {
        return std::sqrt(support::dot(values, values) / static_cast<double>(values.size()));
    };
    const auto he = all_parameters(dv::randomised(model));
    CHECK(deviation(he[0]) == Approx(std::sqrt(2.0 / 75)).epsilon(0.05));
    CHECK(deviation(he[2]) == Approx(std::sqrt(2.0 / 10240)).epsilon(0.05));
    CHECK(support::largest(he[3]) == 0);
    const auto cut = all_parameters(
        dv::randomised(model, {.weights = dv::RandomWeights::truncated_normal, .deviation = 0.25, .seed = 2}));
    CHECK(support::largest(cut[2]) <= 0.5);
    CHECK(support::largest(cut[2]) > 0.49);
    CHECK(deviation(cut[2]) == Approx(0.25 * 0.8796).epsilon(0.02));  // of a normal cut at 2 deviations
    CHECK(support::largest(cut[3]) == 0);
    CHECK(all_parameters(model) == before);
    CHECK(all_parameters(dv::randomised(model, {.seed = 1})) == he);
    CHECK(all_parameters(dv::randomised(model, {.seed = 2}))[0] != he[0]);
}

TEST_CASE("randomisation: a parameter that is not drawn gets its first value") {
    struct Scale {
        Tensor<double> factor = Tensor<double>({1}, 7.0);
        const char* kind() const { return "Scale"; }
        dv::Shape output_shape(const dv::Shape& sample) const { return sample; }
        std::vector<dv::Parameter<double>> parameters() { return {{"factor", &factor, false, 1.0}}; }
        void forward(const Tensor<double>& src, Tensor<double>& dst, dv::Record<double>&,
                     const dv::PassOptions&) const {
            dst = src;
            for (double& value : dst) value *= factor[0];
        }
        void backward(const dv::LayerTrace<double>&, const Tensor<double>&, Tensor<double>*,
                      std::span<Tensor<double>>) const {}
        void deconv(const dv::LayerTrace<double>&, const Tensor<double>& recon_dst, Tensor<double>& recon_src,
                    const dv::ReverseRules&) const {
            recon_src = recon_dst;
            for (double& value : recon_src) value *= factor[0];
        }
    };
    const Sequential<double> model({1, 2, 2}, dv::named("scale", Scale()));
    const auto test = dv::cascading_randomisation(model, Tensor<double>({1, 2, 2}, {1, 2, 3, 4}), WayBack::gradient());
    CHECK(test.original == Tensor<double>({1, 1, 2, 2}, {0, 0, 0, 7}));
    CHECK(test.stages.at(0).layer == "scale");
    CHECK(test.stages[0].maps == Tensor<double>({1, 1, 2, 2}, {0, 0, 0, 1}));
}

TEST_CASE("randomisation: stages are those of models randomised layer by layer, from the top or one alone") {
    const auto model = support::all_kinds<float>();
    const auto pictures = support::random_tensor<float>({3, 2, 8, 9}, 1);
    auto random = dv::randomised(model, {.seed = 5});
    const auto targets = dv::strongest_targets(model, pictures);
    const std::vector<std::string> names{"dense1", "conv2", "conv1"};
    for (WayBack way : some_ways()) {
        CAPTURE(way.name);
        const auto cascade = dv::cascading_randomisation(model, pictures, way, {.seed = 5});
        const auto independent = dv::independent_randomisation(model, pictures, way, {.seed = 5});
        way.seed = dv::SeedValue::one;
        CHECK(cascade.targets == targets);
        CHECK(cascade.way.name == way.name);
        CHECK(cascade.original == dv::explain(model, pictures, {}, way));
        REQUIRE(cascade.stages.size() == 3);
        REQUIRE(independent.stages.size() == 3);
        auto lower_and_lower = model;
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(cascade.stages[i].layer == names[i]);
            CHECK(independent.stages[i].layer == names[i]);
            copy_layer(random, lower_and_lower, names[i]);
            auto one = model;
            copy_layer(random, one, names[i]);
            const auto maps = dv::explain(lower_and_lower, pictures, {.targets = targets}, way);
            CHECK(cascade.stages[i].maps == maps);
            CHECK(independent.stages[i].maps == dv::explain(one, pictures, {.targets = targets}, way));
            double sum = 0;
            for (Index n = 0; n < 3; ++n) {
                const auto expected = dv::map_similarity(maps.entry(n), cascade.original.entry(n));
                const auto& found = cascade.stages[i].similarity[static_cast<std::size_t>(n)];
                CHECK(found.rank == expected.rank);
                CHECK(found.magnitude == expected.magnitude);
                CHECK(found.structural == expected.structural);
                sum += expected.rank;
            }
            CHECK(cascade.stages[i].mean.rank == Approx(sum / 3));
        }
    }
}

TEST_CASE("randomisation: by hand, the gradient of a linear classifier becomes its new weights") {
    const auto model = linear({1, 2, 2}, {{1, 2, 3, 4}, {0, 0, 0, 1}});
    const Tensor<double> picture({1, 2, 2}, {1, 1, 1, 1});
    const auto test = dv::cascading_randomisation(model, picture, WayBack::gradient(), {.seed = 3});
    CHECK(test.targets == std::vector<Index>{0});
    CHECK(test.original == Tensor<double>({1, 1, 2, 2}, {1, 2, 3, 4}));
    const auto drawn = all_parameters(dv::randomised(model, {.seed = 3}))[0].entry(0);
    CHECK(test.stages.at(0).maps == drawn.reshaped({1, 1, 2, 2}));
    const Tensor<double> ramp({4}, {1, 2, 3, 4});
    CHECK(test.stages[0].mean.rank == dv::rank_correlation(drawn.values(), ramp.values()));
    const auto other = dv::cascading_randomisation(model, picture, WayBack::gradient(), {.targets = {1}, .seed = 3});
    CHECK(other.original == Tensor<double>({1, 1, 2, 2}, {0, 0, 0, 1}));
}

TEST_CASE("randomisation: layers above the one that is asked play no part, and its map is kept") {
    const auto model = support::all_kinds<double>();
    const auto pictures = support::random_tensor<double>({2, 2, 8, 9}, 4);
    const auto test =
        dv::cascading_randomisation(model, pictures, WayBack::deconvnet(), {.layer = "relu1", .targets = {3}});
    REQUIRE(test.stages.size() == 1);
    CHECK(test.stages[0].layer == "conv1");
    CHECK(test.targets == std::vector<Index>{3, 3});
}

TEST_CASE("randomisation: a map that is lost has no similarity, and does not count in the mean") {
    // The second picture's class has weights of zero.
    const auto model = linear({1, 1, 4}, {{1, 2, 3, 4}, {0, 0, 0, 0}});
    const Tensor<double> pictures({2, 1, 1, 4}, {1, 1, 1, 1, -1, -1, -1, -1});
    const auto test = dv::cascading_randomisation(model, pictures, WayBack::gradient());
    CHECK(test.targets == std::vector<Index>{0, 1});
    const auto& stage = test.stages.at(0);
    CHECK(std::isnan(stage.similarity[1].rank));
    CHECK(std::isnan(stage.similarity[1].structural));
    CHECK(stage.mean.rank == stage.similarity[0].rank);
    CHECK(stage.mean.structural == stage.similarity[0].structural);
}

TEST_CASE("class swap: by hand, in a linear classifier") {
    // The classes 0 and 1 look for the same, 2 for the opposite, 3 for half of it in reverse.
    const auto model = linear({1, 1, 4}, {{1, 2, 3, -4}, {1, 2, 3, -4}, {-1, -2, -3, 4}, {3, 2, 1, 0}});
    const Tensor<double> pictures({2, 1, 1, 4}, {1, 1, 1, 0, 0, 0, 0, 1});
    const auto swap = dv::class_swap(model, pictures, WayBack::gradient());
    // Scores 6, 6, -6, 6 and -4, -4, 4, 0.
    CHECK(swap.predicted == std::vector<Index>{0, 2});
    CHECK(swap.least == std::vector<Index>{2, 0});
    CHECK(swap.least_maps == Tensor<double>({2, 1, 1, 4}, {-1, -2, -3, 4, 1, 2, 3, -4}));
    CHECK(swap.with_least[0].rank == Approx(-1));
    CHECK(swap.with_least[0].magnitude == Approx(1));
    // Ranks 2, 3, 4, 1 against the same, 3, 2, 1, 4 and 4, 3, 2, 1: 1, -1, 0 (Σ d² = 4 + 0 + 4 + 0 = 8: 1 - 48 / 60).
    CHECK(swap.with_others[0].rank == Approx((1 - 1 + 0.2) / 3));
    CHECK(swap.mean_with_least.rank == Approx(-1));
    const auto chosen = dv::class_swap(model, pictures, WayBack::gradient(), {.classes = {3, 1, 1}});
    CHECK(chosen.least == std::vector<Index>{1, 1});
    CHECK(chosen.with_others[0].rank == Approx(0.6));
    CHECK(chosen.with_others[1].rank == Approx((-1 - 0.2) / 2));
}

TEST_CASE("class swap: asks the scores below a softmax, with seeds of one") {
    const auto model = support::all_kinds<double>();
    const auto picture = support::random_tensor<double>({2, 8, 9}, 6);
    for (WayBack way : some_ways()) {
        const auto swap = dv::class_swap(model, picture, way);
        way.seed = dv::SeedValue::one;
        const auto expected = dv::explain(model, picture, {.layer = "dense1", .targets = swap.least}, way);
        CHECK(swap.least_maps == expected);
        CHECK(swap.least[0] != swap.predicted[0]);
        CHECK(swap.with_least[0].rank == dv::rank_correlation(expected.values(), swap.predicted_maps.values()));
    }
}

TEST_CASE("recovered image: the Sobel gradient and the high-pass of a step, by hand") {
    const Tensor<double> step({1, 4, 6}, {0, 0, 0, 1, 1, 1,  //
                                          0, 0, 0, 1, 1, 1,  //
                                          0, 0, 0, 1, 1, 1,  //
                                          0, 0, 0, 1, 1, 1});
    const auto edges = dv::edge_strength(step);
    const auto high = dv::high_pass(step);
    for (Index y = 0; y < 4; ++y)
        for (Index x = 0; x < 6; ++x) {
            CHECK(edges(y, x) == Approx(x == 2 || x == 3 ? 4 : 0));
            const double blurred = std::clamp(static_cast<double>(x), 0.0, 5.0) / 5;  // of the columns x - 2 … x + 2
            CHECK(high(0, y, x) == Approx(step(0, y, x) - blurred));
        }
    // A ramp along both axes: 8 across and 16 down inside, half of it at the border.
    Tensor<double> ramp({2, 3, 3});
    for (Index y = 0; y < 3; ++y)
        for (Index x = 0; x < 3; ++x) ramp(0, y, x) = 2 * static_cast<double>(x) + 4 * static_cast<double>(y);
    CHECK(dv::edge_strength(ramp)(1, 1) == Approx(std::hypot(8, 16)));  // the mean with an empty channel halves it
    CHECK(dv::edge_strength(ramp)(0, 0) == Approx(std::hypot(4, 8)));
}

TEST_CASE("recovered image: a picture resembles itself and its negative, its edges resemble its edges") {
    const auto picture = support::random_tensor<float>({3, 9, 8}, 7);
    auto negative = picture;
    for (float& value : negative) value = -2 * value;
    CHECK(dv::resemblance(picture, picture).picture == Approx(1));
    CHECK(dv::resemblance(negative, picture).picture == Approx(1));
    CHECK(dv::resemblance(support::cast<float>(dv::high_pass(picture)), picture).high_pass == Approx(1));
    const auto grey = support::cast<float>(dv::detail::channel_mean(picture)).reshaped({1, 9, 8});
    CHECK(dv::resemblance(grey, picture).picture == Approx(1));
    const auto edges = support::cast<float>(dv::edge_strength(picture)).reshaped({1, 9, 8});
    CHECK(dv::resemblance(edges, picture).edges == Approx(1));
    const auto other = support::random_tensor<float>({3, 9, 8}, 8);
    CHECK(dv::resemblance(other, picture).picture < 0.3);
    CHECK(std::isnan(dv::resemblance(Tensor<float>({3, 9, 8}), picture).picture));
    CHECK(std::isnan(dv::resemblance(picture, Tensor<float>({3, 9, 8})).edges));
}

TEST_CASE("recovered image: the picture times a weight shows in the trained network and not in the random one") {
    // The gradient times the picture, of a classifier that weighs all pixels alike, is the picture.
    const auto model = linear({1, 6, 6}, {std::vector<double>(36, 2), std::vector<double>(36, -1)});
    const auto pictures = support::random_tensor<double>({4, 1, 6, 6}, 9, 0, 1);
    const auto found = dv::recovered_image(model, pictures, WayBack::gradient_times_input());
    CHECK(found.mean_trained.picture == Approx(1));
    CHECK(found.mean_random.picture < 0.5);
    const auto random = dv::randomised(model);
    CHECK(found.random_maps == dv::explain(random, pictures, {.targets = {0}}, WayBack::gradient_times_input()));
    double sum = 0;
    for (Index n = 0; n < 4; ++n) sum += dv::resemblance(found.random_maps.entry(n), pictures.entry(n)).edges;
    CHECK(found.mean_random.edges == Approx(sum / 4));
}

TEST_CASE("sanity: the same results on any number of threads") {
    const auto model = support::all_kinds<float>();
    const auto pictures = support::random_tensor<float>({5, 2, 8, 9}, 10);
    const int before = dv::threads();
    dv::set_threads(1);
    const auto one = dv::cascading_randomisation(model, pictures, WayBack::desalinet());
    const auto swap = dv::class_swap(model, pictures, WayBack::desalinet());
    dv::set_threads(3);
    const auto three = dv::cascading_randomisation(model, pictures, WayBack::desalinet());
    CHECK(three.stages[2].maps == one.stages[2].maps);
    CHECK(three.stages[1].mean.structural == one.stages[1].mean.structural);
    CHECK(dv::class_swap(model, pictures, WayBack::desalinet()).mean_with_others.rank == swap.mean_with_others.rank);
    dv::set_threads(before);
}

TEST_CASE("sanity: progress counts layers, classes and networks, and cancels") {
    const auto model = support::all_kinds<float>();
    const auto picture = support::random_tensor<float>({2, 8, 9}, 11);
    std::vector<Index> done;
    const dv::OnProgress note = [&](const dv::Progress& progress) {
        done.push_back(progress.done);
        return true;
    };
    const WayBack way = WayBack::gradient();
    dv::cascading_randomisation(model, picture, way, {.progress = note});
    CHECK(done == std::vector<Index>{1, 2, 3});
    dv::class_swap(model, picture, way, {.classes = {0, 2}, .progress = note});
    CHECK(done == std::vector<Index>{1, 2, 3, 1, 2});
    dv::recovered_image(model, picture, way, {.progress = note});
    CHECK(done.size() == 7);
    const dv::OnProgress stop = [](const dv::Progress& progress) { return progress.done < 2; };
    support::check_throws<dv::CancelledError>(
        [&] { dv::independent_randomisation(model, picture, way, {.progress = stop}); },
        {"randomisation", "cancelled after 2 of 3 layers"});
    support::check_throws<dv::CancelledError>([&] { dv::class_swap(model, picture, way, {.progress = stop}); },
                                              {"class swap", "cancelled after 2 of 5 classes"});
}

TEST_CASE("sanity: what does not fit is refused") {
    const auto model = support::all_kinds<float>();
    const auto picture = support::random_tensor<float>({2, 8, 9}, 12);
    const WayBack way = WayBack::gradient();
    const auto cascade = [&](const Tensor<float>& images, const dv::RandomisationOptions& options) {
        return [&model, images, options, way] { dv::cascading_randomisation(model, images, way, options); };
    };
    support::check_throws<dv::ShapeError>(cascade(Tensor<float>({2, 8, 8}), {}), {"randomisation", "(2,8,8)"});
    support::check_throws<dv::OptionError>(cascade(picture, {.layer = "conv7"}), {"conv7"});
    support::check_throws<dv::OptionError>(cascade(picture, {.targets = {5}}), {"dense1", "no map 5"});
    support::check_throws<dv::OptionError>(
        cascade(picture, {.weights = dv::RandomWeights::truncated_normal, .deviation = 0}), {"deviation", "got 0"});
    auto broken = picture;
    broken[3] = std::numeric_limits<float>::infinity();
    support::check_throws<dv::OptionError>(cascade(broken, {}), {"randomisation", "finite", "picture 0"});
    const Sequential<float> no_weights({1, 4, 4}, dv::ReLU<float>(), dv::Flatten<float>());
    support::check_throws<dv::OptionError>(
        [&] {
            dv::cascading_randomisation(no_weights, Tensor<float>({1, 4, 4}), way);
        },
        {"no layer", "flatten1"});

    support::check_throws<dv::OptionError>(
        [&] {
            dv::class_swap(model, picture, way, {.classes = {1, 5}});
        },
        {"class swap", "no class 5", "0 … 4"});
    support::check_throws<dv::OptionError>(
        [&] {
            dv::class_swap(model, picture, way, {.classes = {1, 1}});
        },
        {"class swap", "at least two", "got 1"});
    const Sequential<float> maps({1, 4, 4}, dv::Conv2D<float>({.in = 1, .out = 2, .kernel = 3}));
    support::check_throws<dv::ShapeError>(
        [&] {
            dv::class_swap(maps, Tensor<float>({1, 4, 4}), way);
        },
        {"class swap", "(2,2,2)"});
    support::check_throws<dv::ShapeError>(
        [&] {
            dv::recovered_image(model, Tensor<float>({1, 4, 4}), way);
        },
        {"recovered image", "(1,4,4)"});
    support::check_throws<dv::ShapeError>(
        [&] {
            dv::resemblance(Tensor<float>({2, 4, 4}), picture);
        },
        {"resemblance", "(1,8,9)", "(2,4,4)"});
    support::check_throws<dv::ShapeError>([] { dv::edge_strength(Tensor<float>({4, 4})); }, {"(C,H,W)", "(4,4)"});
}
