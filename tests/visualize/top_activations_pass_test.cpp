// The pass that fills states of top activations, and the projections of what it found.
#include "deconvviz/visualize/top_activations_pass.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/data/dataset.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"
#include "top_activations_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Sequential;
using dv::Tensor;
using dv::top_activations;
using dv::TopActivation;
using dv::TopActivations;
using dv::TopActivationsOptions;
using support::check_throws;
using namespace top_test;

namespace {

/// As the definition says: every activation of every picture is listed and sorted; of each picture the first stays.
template <class T>
std::vector<TopActivation<T>> sorted_out(const Sequential<T>& model, const Tensor<T>& images, std::size_t layer,
                                         Index map, Index count, double above) {
    const auto trace = model.trace(images);
    const Tensor<T>& activation = trace.activation(layer);
    const bool flat = activation.rank() == 2;
    const Index height = flat ? 1 : activation.shape()[2];
    const Index width = flat ? 1 : activation.shape()[3];
    std::vector<TopActivation<T>> all;
    for (Index n = 0; n < activation.shape()[0]; ++n)
        for (Index y = 0; y < height; ++y)
            for (Index x = 0; x < width; ++x) {
                const T value = flat ? activation(n, map) : activation(n, map, y, x);
                if (static_cast<double>(value) > above) all.push_back({value, n, y, x});
            }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value > b.value; });
    std::vector<TopActivation<T>> kept;
    std::set<Index> seen;
    for (const auto& entry : all)
        if (std::cmp_less(kept.size(), count) && seen.insert(entry.picture).second) kept.push_back(entry);
    return kept;
}

}  // namespace

TEST_CASE_TEMPLATE("top activations: as sorting all activations, for any layer, count and batch", T, float, double) {
    const auto model = small_net<T>();
    const auto images = pictures<T>(23);
    for (const std::size_t layer : {std::size_t{1}, std::size_t{3}, std::size_t{4}, std::size_t{6}})
        for (const Index count : {1, 4, 9, 40})
            for (const double above : {0.0, -infinity, 0.25}) {
                CAPTURE(layer);
                CAPTURE(count);
                const TopActivationsOptions options{.layer = layer, .count = count, .above = above};
                const auto tops = top_activations(model, images, options);
                REQUIRE(std::cmp_equal(tops.maps().size(), model.output_shape(layer)[0]));
                for (std::size_t i = 0; i < tops.maps().size(); ++i) {
                    CHECK(tops.maps()[i] == static_cast<Index>(i));
                    CHECK(tops.entries(i) == sorted_out(model, images, layer, static_cast<Index>(i), count,
                                                        static_cast<double>(T(above))));
                }
                CHECK(top_activations(model, images, options, {.batch = 5}) == tops);
            }
    const auto some = top_activations(model, images, {.layer = "relu2", .maps = {3, 1}, .count = 2});
    CHECK(some.entries(0) == sorted_out(model, images, 4, 3, 2, 0));
    CHECK(some.entries(1) == sorted_out(model, images, 4, 1, 2, 0));
    CHECK(some.layer() == "relu2");
    CHECK(some.layer_shape() == dv::Shape{4, 5, 4});
}

TEST_CASE("top activations: the number of threads changes nothing") {
    const auto model = small_net<float>();
    const auto images = pictures<float>(30);
    const int before = dv::threads();
    dv::set_threads(1);
    const auto tops = top_activations(model, images, {.layer = "relu2", .count = 3});
    const auto alone = dv::project_top(model, images, tops);
    dv::set_threads(3);
    CHECK(top_activations(model, images, {.layer = "relu2", .count = 3}) == tops);
    for (const Index batch : {0, 1, 4}) {
        const auto shown = dv::project_top(model, images, tops, {.batch = batch});
        for (std::size_t m = 0; m < 4; ++m)
            for (std::size_t k = 0; k < alone.maps[m].entries.size(); ++k)
                CHECK(shown.maps[m].entries[k].projection == alone.maps[m].entries[k].projection);
    }
    dv::set_threads(before);
}

TEST_CASE("top activations: one pass for several layers, out of a function, a tensor or a data set") {
    const auto model = small_net<float>();
    const dv::Dataset<float> data{pictures<float>(10), std::vector<int>(10), 1};
    std::vector<TopActivations<float>> states;
    for (const char* layer : {"conv2", "relu1", "dense1"}) states.emplace_back(model, TopActivationsOptions{layer});
    Index asked = 0;
    const dv::PictureSource<float> source(10, [&](Index picture) {
        ++asked;
        return data.image(picture);
    });
    std::vector<Index> told;
    dv::add_pictures<float>(model, source, states,
                            {.first = 1, .batch = 4, .progress = [&](const dv::Progress& progress) {
                                 told.push_back(progress.done);
                                 return true;
                             }});
    CHECK(asked == 9);
    CHECK(told == std::vector<Index>{4, 8, 9});
    dv::add_pictures<float>(model, data, states, {.pictures = 1});
    for (const auto& state : states) CHECK(state == top_activations(model, data.images, {.layer = state.layer()}));

    check_throws<dv::CancelledError>(
        [&] {
            top_activations(model, data, {.layer = 0},
                            {.batch = 3, .progress = [](const dv::Progress& p) { return p.done < 6; }});
        },
        {"top activations", "6 of 10 pictures"});
    check_throws<dv::OptionError>([] { dv::PictureSource<float>(3, nullptr); }, {"got none"});
    check_throws<dv::OptionError>([&] { dv::PictureSource<float>(-1, [](Index) { return Tensor<float>(); }); }, {"-1"});
    const dv::PictureSource<float> odd(3, [](Index picture) { return Tensor<float>({2, 11, 7 + picture}); });
    check_throws<dv::ShapeError>([&] { top_activations(model, odd, {.layer = 0}); }, {"picture 0", "(2,11,9)"});
    check_throws<dv::OptionError>([&] { top_activations(model, data, {.layer = 0}, {.first = 4, .pictures = 7}); },
                                  {"part of 10", "7 from picture 4"});
    check_throws<dv::OptionError>([&] { top_activations(model, data, {.layer = 0}, {.batch = -1}); }, {"batch"});
    check_throws<dv::OptionError>([&] { top_activations(model, Tensor<float>(), {.layer = 0}); }, {"no"});
}

namespace {

/// By the definition: the whole picture's projection of one unit, put into a field of zeros and cut out.
Tensor<double> padded_by_hand(const Tensor<double>& image, const dv::Window& window, double beyond) {
    const dv::Shape shape = image.shape();
    Tensor<double> cut({shape[0], window.height, window.width});
    for (Index c = 0; c < shape[0]; ++c)
        for (Index y = 0; y < window.height; ++y)
            for (Index x = 0; x < window.width; ++x) {
                const Index v = window.y + y, u = window.x + x;
                const bool inside = v >= 0 && u >= 0 && v < shape[1] && u < shape[2];
                cut(c, y, x) = inside ? image(c, v, u) : beyond;
            }
    return cut;
}

}  // namespace

TEST_CASE("project_top: the projection by its own picture's switches, cut out at the whole receptive field") {
    const auto model = small_net<double>();
    const auto images = pictures<double>(14);
    for (const char* layer : {"conv1", "relu1", "maxpool1", "relu2", "dense1"}) {
        CAPTURE(layer);
        const auto tops = top_activations(model, images, {.layer = layer, .count = 6});
        const auto shown = dv::project_top(model, images, tops, {.beyond = 7});
        const auto field = dv::unclipped_receptive_field(model, layer);
        CHECK(shown.crop == dv::Shape{2, field.size.y, field.size.x});
        CHECK(shown.layer == layer);
        CHECK(shown.count == 6);
        for (std::size_t i = 0; i < tops.maps().size(); ++i) {
            CHECK(shown.maps[i].map == tops.maps()[i]);
            REQUIRE(shown.maps[i].entries.size() == tops.entries(i).size());
            for (std::size_t k = 0; k < tops.entries(i).size(); ++k) {
                const auto& entry = shown.maps[i].entries[k];
                const auto& unit = tops.entries(i)[k];
                CHECK(entry.unit == unit);
                CHECK(entry.window == field.at(unit.y, unit.x));
                const auto trace = model.trace(images.entry(unit.picture));
                const auto seed =
                    dv::single_unit(trace, {.layer = layer, .map = tops.maps()[i], .y = unit.y, .x = unit.x});
                const auto whole = dv::deconvnet(model, trace, seed).entry(0);
                const auto cut = padded_by_hand(whole, entry.window, 0);
                support::check_tensor_close(entry.projection, cut, 1e-12, 1e-14);
                CHECK(entry.patch == padded_by_hand(images.entry(unit.picture), entry.window, 7));
                // nothing of the projection is lost
                CHECK(std::count(cut.begin(), cut.end(), 0.0) - cut.size() ==
                      std::count(whole.begin(), whole.end(), 0.0) - whole.size());
            }
        }
    }
}

TEST_CASE("project_top: rules, the seed's value, chosen maps") {
    const auto model = small_net<double>();
    const auto images = pictures<double>(9);
    const auto tops = top_activations(model, images, {.layer = "relu2", .maps = {2, 0, 3}, .count = 2});
    const auto shown = dv::project_top(
        model, images, tops, {.maps = {3, 2}, .rules = {.relu = dv::ReluRule::gradient}, .value = dv::SeedValue::one});
    REQUIRE(shown.maps.size() == 2);
    CHECK(shown.maps[0].map == 3);
    CHECK(shown.maps[1].map == 2);
    REQUIRE(shown.maps[1].entries.size() == 2);
    // the gradient of the unit: differences in the picture
    const auto& entry = shown.maps[1].entries[1];
    Tensor<double> image = images.entry(entry.unit.picture);
    const auto noise = support::random_tensor<double>(image.shape(), 8, -1e-3, 1e-3);  // away from ties
    for (Index i = 0; i < image.size(); ++i) image[i] += noise[i];
    const Tensor<double> moved = image.reshaped({1, 2, 11, 9});
    const auto moved_tops = top_activations(model, moved, {.layer = "relu2", .maps = {2}});
    const auto moved_shown = dv::project_top(model, moved, moved_tops,
                                             {.rules = {.relu = dv::ReluRule::gradient}, .value = dv::SeedValue::one});
    const auto& unit = moved_tops.entries(0).at(0);
    const auto gradient = support::finite_difference(
        image, [&] { return model.trace(image, {.last = "relu2"}).activation("relu2")(0, 2, unit.y, unit.x); });
    support::check_close_to_largest(moved_shown.maps[0].entries.at(0).projection,
                                    padded_by_hand(gradient, moved_shown.maps[0].entries[0].window, 0), 1e-6);
}

TEST_CASE("project_top: other pictures, models and options are refused") {
    const auto model = small_net<float>();
    const auto images = pictures<float>(9);
    const auto tops = top_activations(model, images, {.layer = "relu2", .maps = {0, 1}, .count = 2});
    check_throws<dv::StateError>([&] { dv::project_top(model, pictures<float>(9, 77), tops); },
                                 {"other pictures or of another model"});
    check_throws<dv::StateError>([&] { dv::project_top(small_net<float>(6), images, tops); }, {"relu2"});
    check_throws<dv::OptionError>([&] { dv::project_top(model, images, tops, {.maps = {2}}); }, {"map 2"});
    check_throws<dv::OptionError>([&] { dv::project_top(model, images, tops, {.batch = -1}); }, {"batch"});
    check_throws<dv::OptionError>([&] { dv::project_top(model, pictures<float>(1), tops); }, {"no picture"});
    check_throws<dv::OptionError>([&] { dv::project_top(mirror_net<float>({2, 11, 9}), images, tops); }, {"relu2"});
    check_throws<dv::CancelledError>(
        [&] {
            dv::project_top(model, images, tops, {.batch = 1, .progress = [](const dv::Progress&) { return false; }});
        },
        {"project_top", "of 4 projections"});
    const Sequential<float> flat({5}, dv::Dense<float>({.in = 5, .out = 2}));
    const auto features = support::random_tensor<float>({4, 5}, 2);
    const auto flat_tops = top_activations(flat, features, {.layer = 0});
    CHECK(flat_tops.maps().size() == 2);
    check_throws<dv::ShapeError>([&] { dv::project_top(flat, features, flat_tops); }, {"(5)"});
}
