// The state of top activations: what is kept, how states are merged, and states as text.
#include "deconvviz/visualize/top_activations.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/io/top_activations_file.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "deconvviz/visualize/top_activations_pass.hpp"
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

TEST_CASE("top activations: shards are merged to the same, in any order, more than once, overlapping") {
    const auto model = small_net<float>();
    const auto images = pictures<float>(26);
    const TopActivationsOptions options{.layer = "relu1", .count = 4};
    const auto whole = top_activations(model, images, options);
    std::vector<TopActivations<float>> shards;
    for (const auto& [first, count] : {std::pair{0, 7}, {7, 1}, {8, 10}, {16, 10}})
        shards.push_back(top_activations(model, images, options, {.first = first, .pictures = count, .batch = 3}));
    std::vector<std::size_t> order{0, 1, 2, 3};
    do {
        TopActivations<float> merged(model, options);
        for (const std::size_t i : order) merged.merge(shards[i]);
        CHECK(merged == whole);
        merged.merge(shards[order[1]]);
        merged.merge(merged);
        CHECK(merged == whole);
        auto pairs = shards[order[0]];
        pairs.merge(shards[order[1]]);
        auto others = shards[order[2]];
        others.merge(shards[order[3]]);
        others.merge(pairs);
        CHECK(others == whole);
    } while (std::next_permutation(order.begin(), order.end()));

    const auto refuse = [&](const TopActivationsOptions& other, std::string_view word) {
        auto state = whole;
        check_throws<dv::StateError>([&] { state.merge(TopActivations<float>(model, other)); }, {"relu1", word});
        CHECK(state == whole);
    };
    refuse({.layer = "conv1", .count = 4}, "conv1");
    refuse({.layer = "relu1", .count = 5}, "the 5 strongest");
    refuse({.layer = "relu1", .maps = {0, 1, 2, 4, 3}, .count = 4}, "other maps");
    refuse({.layer = "relu1", .count = 4, .above = 1}, "above 1");
}

TEST_CASE("top activations: ties and repeated pictures") {
    const auto model = mirror_net<double>({1, 2, 2});
    const Tensor<double> images({4, 1, 2, 2}, {1, 3, 3, 0,  //
                                               0, 0, 3, 2,  //
                                               1, 3, 3, 0,  //
                                               0, 0, 0, 5});
    TopActivations<double> tops(model, {.layer = "seen", .count = 3});
    for (const Index n : {2, 0, 3, 1}) tops.add(model, images.entry(n), n);
    const std::vector<TopActivation<double>> expected{{5, 3, 1, 1}, {3, 0, 0, 1}, {3, 1, 1, 0}};
    CHECK(tops.entries(0) == expected);
    tops.add(model, images, 0);
    CHECK(tops.entries(0) == expected);
    tops.add(model, images.entry(3), 1);  // picture 1 again, as another one: its stronger activation counts
    CHECK(tops.entries(0) == std::vector<TopActivation<double>>{{5, 1, 1, 1}, {5, 3, 1, 1}, {3, 0, 0, 1}});
}

TEST_CASE("top activations: dead maps have no entries, unless asked for; weak ones have few") {
    const auto model = mirror_net<double>({3, 1, 2});
    const Tensor<double> images({2, 3, 1, 2}, {0, 0, -1, -2, 1, 0,  //
                                               0, 0, -3, -1, 0, 0});
    const auto tops = top_activations(model, images, {.layer = 0});
    CHECK(tops.entries(0).empty());
    CHECK(tops.entries(1).empty());
    CHECK(tops.entries(2) == std::vector<TopActivation<double>>{{1, 0, 0, 0}});
    const auto all = top_activations(model, images, {.layer = 0, .above = -infinity});
    CHECK(all.entries(0) == std::vector<TopActivation<double>>{{0, 0, 0, 0}, {0, 1, 0, 0}});
    CHECK(all.entries(1) == std::vector<TopActivation<double>>{{-1, 0, 0, 0}, {-1, 1, 0, 1}});
    const auto shown = dv::project_top(model, images, tops);
    CHECK(shown.maps[0].entries.empty());
    CHECK(shown.maps[2].entries.size() == 1);
}

TEST_CASE("top activations: activations that are not finite are refused, and the state stays as it was") {
    const auto model = mirror_net<float>({2, 2, 2});
    Tensor<float> images({3, 2, 2, 2}, 1.0F);
    TopActivations<float> tops(model, {.layer = 0, .count = 5});
    tops.add(model, images, 10);
    const auto before = tops;
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        images.fill(2);
        images(1, 1, 0, 1) = bad;
        check_throws<dv::OptionError>([&] { tops.add(model, images, 40); }, {"picture 41", "map 1", "'seen'"});
        CHECK(tops == before);
    }
    images(2, 0, 1, 0) = std::numeric_limits<float>::quiet_NaN();  // a later picture, though in an earlier map
    check_throws<dv::OptionError>([&] { tops.add(model, images, 40); }, {"picture 41", "map 1"});
    images(2, 0, 1, 0) = 0;
    images(1, 1, 0, 1) = -std::numeric_limits<float>::infinity();
    TopActivations<float> all(model, {.layer = 0, .maps = {1}, .above = -infinity});
    all.add(model, images, 0);
    CHECK(all.entries(0).size() == 3);
    images.fill(-std::numeric_limits<float>::infinity());
    all.add(model, images, 3);
    CHECK(all.entries(0).size() == 3);
}

TEST_CASE("top activations: options and models that do not fit") {
    const auto model = small_net<float>();
    const auto make = [&](const TopActivationsOptions& options) {
        return [&model, options] { TopActivations<float>(model, options); };
    };
    check_throws<dv::OptionError>(make({.layer = "relu9"}), {"relu9"});
    check_throws<dv::OptionError>(make({.layer = "relu2", .maps = {4}}), {"no map 4", "0 … 3"});
    check_throws<dv::OptionError>(make({.layer = "relu2", .maps = {1, 0, 1}}), {"map 1", "twice"});
    check_throws<dv::OptionError>(make({.layer = "relu2", .count = 0}), {"count", "0"});
    check_throws<dv::OptionError>(make({.layer = "relu2", .above = std::nan("")}), {"NaN"});

    TopActivations<float> tops(model, {.layer = "relu2"});
    const auto images = pictures<float>(2);
    check_throws<dv::OptionError>([&] { tops.add(model, images, -1); }, {"-1"});
    check_throws<dv::OptionError>([&] { tops.add(model, images, std::numeric_limits<Index>::max() - 1); }, {"number"});
    check_throws<dv::ShapeError>([&] { tops.add(model, Tensor<float>({2, 9, 11}), 0); }, {"(2,11,9)"});
    const auto other = mirror_net<float>({2, 11, 9});
    check_throws<dv::StateError>([&] { tops.add(other, images, 0); }, {"relu2"});
    const Sequential<float> wide({2, 11, 9}, Conv2D<float>({.in = 2, .out = 4, .kernel = 3}), ReLU<float>(),
                                 ReLU<float>());
    check_throws<dv::StateError>([&] { tops.add(wide, images, 0); }, {"4 maps of 5x4", "9x7"});
    check_throws<dv::OptionError>([&] { static_cast<void>(tops.entries(4)); }, {"4"});
    using Entries = std::vector<std::vector<TopActivation<float>>>;
    check_throws<dv::OptionError>(
        [] {
            TopActivations<float>::from_parts({.layer = "a"}, "a", {4, 2, 2}, Entries{});
        },
        {"at least one map"});
    check_throws<dv::OptionError>(
        [] { TopActivations<float>::from_parts({.layer = "a", .maps = {0}}, "a", {4}, Entries(1)); }, {"(4)"});
    check_throws<dv::OptionError>(
        [] {
            TopActivations<float>::from_parts({.layer = "a", .maps = {0}}, "a", {4, 2, 2}, Entries(2));
        },
        {"entries for 1 maps, got 2"});
}

TEST_CASE_TEMPLATE("top activations: text and file give back an equal state", T, float, double) {
    const Sequential<T> odd_name({2, 11, 9}, dv::named("a layer\nof 2 \"lines\"", small_net<T>().layer(0)));
    const auto images = pictures<T>(12);
    const auto path = std::filesystem::temp_directory_path() / ("top_activations_" + std::to_string(::getpid()));
    for (const double above : {0.0, -infinity, 1 / 3.0}) {
        const auto tops = top_activations(odd_name, images, {.layer = 0, .maps = {4, 0}, .above = above});
        const std::string text = top_activations_to_text(tops);
        CHECK(dv::top_activations_from_text<T>(text) == tops);
        dv::save_top_activations(path, tops);
        CHECK(dv::load_top_activations<T>(path) == tops);
    }
    const TopActivations<T> nothing(odd_name, {.layer = 0});
    CHECK(dv::top_activations_from_text<T>(top_activations_to_text(nothing)) == nothing);
    std::filesystem::remove(path);
    CHECK_THROWS_AS(dv::load_top_activations<T>(path), dv::IoError);
}

TEST_CASE("top activations: a text that is damaged anywhere is refused or gives another valid state") {
    const auto model = mirror_net<float>({2, 2, 2});
    const auto tops = top_activations(model, support::random_tensor<float>({3, 2, 2, 2}, 4, 0.1, 1), {.layer = 0});
    const std::string text = top_activations_to_text(tops);
    CHECK_THROWS_AS(dv::top_activations_from_text<double>(text), dv::FormatError);
    for (std::size_t length = 0; length < text.size(); ++length)
        CHECK_THROWS_AS(dv::top_activations_from_text<float>(text.substr(0, length)), dv::FormatError);
    CHECK_THROWS_AS(dv::top_activations_from_text<float>(text + "\n"), dv::FormatError);
    int refused = 0;
    for (std::size_t at = 0; at < text.size(); ++at)
        for (const char put : {'9', '-', ' ', '\n', 'x', '\0', '\xff'}) {
            std::string broken = text;
            broken[at] = put;
            if (broken == text) continue;
            try {
                const auto state = dv::top_activations_from_text<float>(broken);
                CHECK(dv::top_activations_from_text<float>(top_activations_to_text(state)) == state);
            } catch (const dv::FormatError&) {
                ++refused;
            }
        }
    CHECK(refused > 500);

    const std::string head = "deconvviz top activations 1\ntype float\nlayer 4 seen\nshape 2 2 2\ncount 2\nabove 0\n";
    const auto refuse = [&](const std::string& rest, std::initializer_list<std::string_view> parts) {
        check_throws<dv::FormatError>([&] { dv::top_activations_from_text<float>(head + rest, "the file"); }, parts);
    };
    CHECK(dv::top_activations_from_text<float>(head + "maps 1\nmap 1 2\n3 7 0 1\n2 5 1 1\n").entries(0)[1].picture ==
          5);
    refuse("maps 1\nmap 1 2\n2 5 1 1\n3 7 0 1\n", {"the file", "in order"});
    refuse("maps 1\nmap 1 2\n3 7 0 1\n2 7 1 1\n", {"another picture"});
    refuse("maps 1\nmap 1 1\n0 7 0 1\n", {"no state has the entry 0"});
    refuse("maps 1\nmap 1 1\ninf 7 0 1\n", {"no state has the entry inf"});
    refuse("maps 1\nmap 1 1\nnan 7 0 1\n", {"expected a number", "nan"});
    refuse("maps 1\nmap 1 1\n1e999 7 0 1\n", {"expected a number", "1e999"});
    refuse("maps 1\nmap 1 1\n1 7 2 1\n", {"from 0 to 1"});
    refuse("maps 1\nmap 1 3\n", {"from 0 to 2"});
    refuse("maps 2\nmap 1 0\nmap 1 0\n", {"map 1 is given twice"});
    refuse("maps 9000000000000000000\n", {"from 1 to 2"});
    check_throws<dv::FormatError>(
        [] {
            dv::top_activations_from_text<float>(
                "deconvviz top activations 1\ntype float\nlayer 1 a\nshape 2147483648 1048576 1048576\ncount "
                "9223372036854775807\nabove 0\nmaps 1\nmap 0 9223372036854775807\n");
        },
        {"expected a number"});
}
