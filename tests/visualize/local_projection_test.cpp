// The walk in windows: equal to a walk over whole maps, whatever the layers, the rules and the seed.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/model/workspace.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/project_units.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "random_model.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::ConvolutionMethod;
using dv::Index;
using dv::Random;
using dv::Shape;
using dv::Tensor;
using dv::Window;

using support::any;
using support::any_model;

namespace {

/// The walk over whole maps, as deconvnet's description says.
template <class T>
Tensor<T> whole_walk(const dv::Sequential<T>& model, const dv::Trace<T>& trace, const dv::Seed<T>& seed,
                     const dv::ReverseRules& rules) {
    Tensor<T> signal = seed.signal;
    for (std::size_t i = seed.layer + 1; i-- > 0;) {
        Tensor<T> below;
        model.layer(i).deconv(trace.layer(i), signal, below, rules);
        signal = std::move(below);
    }
    return signal;
}

dv::ReverseRules any_rules(Random& random) {
    const auto three = [&] { return static_cast<int>(random.below(3)); };
    return {.relu = static_cast<dv::ReluRule>(three()),
            .overlap = random.chance(0.5) ? dv::Overlap::accumulate : dv::Overlap::overwrite,
            .contrast = static_cast<dv::ContrastRule>(three()),
            .unpooling = random.chance(0.3) ? dv::Unpooling::centre : dv::Unpooling::switches};
}

/// Seeds of every kind: strongest units, units at the corners, values here and there, a map, all maps, nothing.
template <class T>
std::vector<dv::Seed<T>> seeds_at(const dv::Trace<T>& trace, std::size_t layer, Random& random) {
    const Shape& shape = trace.activation(layer).shape();
    const Index map = any(random, 0, shape[1] - 1);
    std::vector<dv::Seed<T>> seeds{dv::strongest(trace, {.layer = layer}),
                                   dv::strongest(trace, {.layer = layer, .map = map}),
                                   dv::whole_map(trace, {.layer = layer, .map = map}), dv::all_maps(trace, layer),
                                   dv::Seed<T>{layer, Tensor<T>(shape)}};
    const Index last_y = shape.rank() == 4 ? shape[2] - 1 : 0;
    const Index last_x = shape.rank() == 4 ? shape[3] - 1 : 0;
    for (const auto& [y, x] : {std::pair<Index, Index>{0, 0}, {0, last_x}, {last_y, 0}, {last_y, last_x}})
        seeds.push_back(
            dv::single_unit(trace, {.layer = layer, .map = map, .y = y, .x = x, .value = dv::SeedValue::one}));
    seeds.push_back({layer, Tensor<T>(shape)});
    for (int i = 0; i < 3; ++i)
        seeds.back().signal[any(random, 0, shape.elements() - 1)] = static_cast<T>(random.between(-1, 1));
    return seeds;
}

/// Is everything outside of the window zero?
template <class T>
bool is_zero_outside(const Tensor<T>& pictures, const Window& window) {
    const Index height = pictures.shape()[2];
    const Index width = pictures.shape()[3];
    for (Index i = 0; i < pictures.size(); ++i)
        if (pictures[i] != 0 && !dv::contains(window, {i / width % height, i % width, 1, 1})) return false;
    return true;
}

struct Seen {
    int projections = 0;
    int not_zero = 0;
    int in_part = 0;  // of the picture
};

/// Compares the walks from all layers of random models; `compare(local, whole)` does it.
template <class T, class Compare>
Seen check_models(ConvolutionMethod method, std::uint64_t first_seed, int models, const Compare& compare) {
    Seen seen;
    dv::Workspace<T> workspace;
    for (int m = 0; m < models; ++m) {
        CAPTURE(m);
        Random random(first_seed + static_cast<std::uint64_t>(m));
        const dv::Sequential<T> model = any_model<T>(random, method);
        const auto input = support::random_tensor<T>(model.input_shape().batched(any(random, 1, 3)), random.bits());
        const auto trace = model.trace(input, {.training = random.chance(0.3), .seed = random.bits()});
        for (std::size_t layer = 0; layer < model.size(); ++layer)
            for (const auto& seed : seeds_at(trace, layer, random)) {
                const dv::ReverseRules rules = any_rules(random);
                const Tensor<T>& local = dv::deconvnet(model, trace, seed, rules, workspace);
                compare(local, whole_walk(model, trace, seed, rules));
                const Window field = dv::receptive_field(model, seed);
                CHECK(is_zero_outside(local, field));
                ++seen.projections;
                if (support::largest(local) == 0) continue;
                ++seen.not_zero;
                if (field != dv::detail::whole_window(model.input_shape())) ++seen.in_part;
            }
    }
    return seen;
}

}  // namespace

TEST_CASE_TEMPLATE("local projection: the bits of a walk over whole maps, for random networks, seeds and rules", T,
                   float, double) {
    const auto same = [](const Tensor<T>& local, const Tensor<T>& whole) { CHECK(local == whole); };
    const Seen seen = check_models<T>(ConvolutionMethod::direct, 1, 60, same);
    CHECK(seen.not_zero > seen.projections / 2);
    CHECK(seen.in_part > seen.projections / 10);
    MESSAGE(seen.projections << " projections, " << seen.not_zero << " not zero, " << seen.in_part
                             << " of a part of the picture");
}

TEST_CASE("local projection: within rounding where convolutions choose their way") {
    check_models<float>(ConvolutionMethod::automatic, 1000, 20, [](const Tensor<float>& local, const auto& whole) {
        support::check_close_to_largest(local, whole, 1e-5);
    });
    check_models<double>(ConvolutionMethod::automatic, 2000, 10, [](const Tensor<double>& local, const auto& whole) {
        support::check_close_to_largest(local, whole, 1e-13);
    });
}

TEST_CASE("local projection: within rounding where Winograd's filtering serves") {
    const auto model = support::winograd_model();
    const auto trace = model.trace(support::random_tensor<float>({2, 3, 48, 44}, 1));
    for (const std::string layer : {"relu2", "relu3", "relu4"})
        for (const auto& seed :
             {dv::strongest(trace, {.layer = layer, .map = 3}), dv::whole_map(trace, {.layer = layer, .map = 3}),
              dv::all_maps(trace, layer), dv::single_unit(trace, {.layer = layer, .map = 5, .y = 7, .x = 9})}) {
            for (const dv::ReluRule rule : {dv::ReluRule::deconvnet, dv::ReluRule::gradient})
                support::check_close_to_largest(dv::deconvnet(model, trace, seed, {.relu = rule}),
                                                whole_walk(model, trace, seed, {.relu = rule}), 1e-5);
        }
}

TEST_CASE("local projection: switches of two bytes, in both rules of overlap") {
    const dv::Sequential<float> model(
        {2, 41, 38}, dv::Conv2D<float>({.in = 2, .out = 3, .kernel = 3, .method = ConvolutionMethod::direct}),
        dv::MaxPool2D<float>({.kernel = 17, .stride = 3, .padding = 8, .ceil = true}));
    const auto trace = model.trace(support::random_tensor<float>({2, 2, 41, 38}, 1));
    Random random(1);
    for (const auto& seed : seeds_at(trace, 1, random))
        for (const dv::Overlap overlap : {dv::Overlap::accumulate, dv::Overlap::overwrite})
            CHECK(dv::deconvnet(model, trace, seed, {.overlap = overlap}) ==
                  whole_walk(model, trace, seed, {.overlap = overlap}));
}

TEST_CASE("local projection: where windows overlap, a zero beyond the signal's window overwrites, too") {
    // Both windows have their maximum in the middle column.
    const dv::Sequential<double> model({1, 1, 3}, dv::MaxPool2D<double>({.kernel = {1, 2}, .stride = 1}));
    const auto trace = model.trace(Tensor<double>({1, 1, 3}, {1, 5, 2}));
    const auto first = dv::single_unit(trace, {.layer = 0});
    CHECK(dv::deconvnet(model, trace, first) == Tensor<double>({1, 1, 1, 3}, {0, 5, 0}));
    CHECK(dv::deconvnet(model, trace, first, {.overlap = dv::Overlap::overwrite}) == Tensor<double>({1, 1, 1, 3}));
    const auto second = dv::single_unit(trace, {.layer = 0, .x = 1});
    CHECK(dv::deconvnet(model, trace, second, {.overlap = dv::Overlap::overwrite}) ==
          Tensor<double>({1, 1, 1, 3}, {0, 5, 0}));
}

TEST_CASE("local projection: a seed of zeros gives zeros, of maps and of flat features") {
    const auto model = support::all_kinds<float>();
    const auto trace = model.trace(support::random_tensor<float>({2, 2, 8, 9}, 1));
    for (std::size_t layer = 0; layer < model.size(); ++layer) {
        const dv::Seed<float> nothing{layer, Tensor<float>(trace.activation(layer).shape())};
        CHECK(dv::deconvnet(model, trace, nothing) == Tensor<float>({2, 2, 8, 9}));
    }
}

TEST_CASE("local projection: the same bits on any number of threads") {
    const auto model = support::all_kinds<float>();
    const auto trace = model.trace(support::random_tensor<float>({3, 2, 8, 9}, 2));
    const int before = dv::threads();
    std::vector<Tensor<float>> shown;
    for (const int threads : {1, 3}) {
        dv::set_threads(threads);
        shown.push_back(dv::deconvnet(model, trace, dv::strongest(trace, {.layer = "relu2", .map = 1})));
    }
    dv::set_threads(before);
    CHECK(support::largest(shown[0]) > 0);
    CHECK(shown[0] == shown[1]);
}

TEST_CASE_TEMPLATE("project units: what each unit's walk alone gives, in random networks", T, float, double) {
    int units_seen = 0, in_part = 0;
    for (std::uint64_t n = 1; n <= 60; ++n) {
        CAPTURE(n);
        Random random(n);
        const auto model = any_model<T>(random, ConvolutionMethod::direct);
        std::vector<dv::Trace<T>> traces;
        for (int i = 0; i < 3; ++i)
            traces.push_back(model.trace(support::random_tensor<T>(model.input_shape().batched(1), random.bits())));
        for (std::size_t layer = 0; layer < model.size(); ++layer) {
            const Shape& shape = model.output_shape(layer);
            std::vector<dv::TracedUnit<T>> units;
            for (int i = 0; i < 12; ++i)
                units.push_back({&traces[static_cast<std::size_t>(any(random, 0, 2))], any(random, 0, shape[0] - 1),
                                 shape.rank() == 3 ? any(random, 0, shape[1] - 1) : 0,
                                 shape.rank() == 3 ? any(random, 0, shape[2] - 1) : 0});
            const dv::ReverseRules rules = any_rules(random);
            const auto shown = dv::project_units(
                model, layer, units, {.value = dv::SeedValue::one, .rules = rules, .batch = any(random, 1, 15)});
            for (std::size_t i = 0; i < units.size(); ++i) {
                const auto seed = dv::single_unit(*units[i].trace, {.layer = layer,
                                                                    .map = units[i].map,
                                                                    .y = units[i].y,
                                                                    .x = units[i].x,
                                                                    .value = dv::SeedValue::one});
                const Tensor<T> alone = dv::deconvnet(model, *units[i].trace, seed, rules);
                Tensor<T> whole(alone.shape());
                CHECK(shown[i].window == dv::receptive_field(model, seed));
                if (!shown[i].window.empty())
                    dv::detail::copy_to_window(shown[i].values.data(), whole.shape(), shown[i].window, whole.data());
                CHECK(whole == alone);
                ++units_seen;
                in_part += shown[i].window != dv::detail::whole_window(model.input_shape());
            }
        }
    }
    CHECK(in_part > units_seen / 4);
}

TEST_CASE("project units: what makes no sense is refused") {
    const auto model = support::all_kinds<float>();
    const auto one = model.trace(support::random_tensor<float>({1, 2, 8, 9}, 1));
    const auto two = model.trace(support::random_tensor<float>({2, 2, 8, 9}, 1));
    const auto project = [&](const dv::TracedUnit<float>& unit) { dv::project_units<float>(model, "conv1", {unit}); };
    support::check_throws<dv::StateError>([&] { project({}); }, {"without a trace"});
    support::check_throws<dv::OptionError>([&] { project({&two, 0, 0, 0}); }, {"one picture each", "2"});
    support::check_throws<dv::OptionError>([&] { project({&one, 6, 0, 0}); }, {"'conv1'", "no map 6"});
    support::check_throws<dv::OptionError>([&] { project({&one, 0, 8, 0}); }, {"'conv1'", "(8,0)", "8x7"});
    CHECK(dv::project_units<float>(model, "conv1", {}).empty());
    support::check_throws<dv::OptionError>(
        [&] {
            dv::project_units<float>(model, "conv1", {{&one, 0, 0, 0}}, {.batch = 0});
        },
        {"at least 1"});
    const dv::ProjectUnitsOptions cancelled{.batch = 2, .progress = [](const dv::Progress&) { return false; }};
    CHECK_THROWS_WITH_AS(dv::project_units<float>(model, "conv1", {{&one}, {&one}, {&one}}, cancelled),
                         "project_units: cancelled after 2 of 3 units", dv::CancelledError);
}

TEST_CASE("local projection: values that are no numbers count as signal") {
    const auto model = support::all_kinds<double>();
    const auto trace = model.trace(support::random_tensor<double>({1, 2, 8, 9}, 2));
    dv::Seed<double> seed{0, Tensor<double>(trace.activation(0).shape())};
    seed.signal(0, 2, 3, 4) = std::numeric_limits<double>::quiet_NaN();
    const auto shown = dv::deconvnet(model, trace, seed);
    CHECK(std::ranges::any_of(shown, [](double value) { return value != value; }));
}

TEST_CASE("receptive field: of units, by hand; flat features see everything") {
    const dv::Sequential<float> model({1, 12, 10}, dv::Conv2D<float>({.in = 1, .out = 2, .kernel = 3, .padding = 1}),
                                      dv::ReLU<float>(), dv::MaxPool2D<float>(),
                                      dv::Conv2D<float>({.in = 2, .out = 2, .kernel = {1, 3}}), dv::Flatten<float>());
    CHECK(dv::receptive_field(model, "conv1", {0, 4, 1, 1}) == Window{0, 3, 2, 3});
    CHECK(dv::receptive_field(model, "maxpool1", {1, 1, 1, 1}) == Window{1, 1, 4, 4});
    CHECK(dv::receptive_field(model, 3, {1, 1, 1, 1}) == Window{1, 1, 4, 8});
    CHECK(dv::receptive_field(model, 3, {0, 0, 6, 3}) == Window{0, 0, 12, 10});
    CHECK(dv::receptive_field(model, "flatten1", {0, 0, 1, 1}) == Window{0, 0, 12, 10});
    CHECK(dv::receptive_field(model, 3, {}).empty());
    support::check_throws<dv::OptionError>(
        [&] {
            dv::receptive_field(model, "maxpool1", {5, 5, 1, 1});
        },
        {"'maxpool1'", "6x5 at (0,0)", "1x1 at (5,5)"});

    const auto trace = model.trace(support::random_tensor<float>({2, 1, 12, 10}, 1));
    auto seed = dv::single_unit(trace, {.layer = "maxpool1", .y = 1, .x = 1, .value = dv::SeedValue::one});
    CHECK(dv::receptive_field(model, seed) == Window{1, 1, 4, 4});
    seed.signal.slice(1)[0] = 1;  // another unit in another picture
    CHECK(dv::receptive_field(model, seed) == Window{0, 0, 5, 5});
    seed.signal.fill(0);
    CHECK(dv::receptive_field(model, seed).empty());
}
