#include "deconvviz/visualize/top_activations.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "deconvviz/io/top_activations_file.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/train/initialise.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "deconvviz/visualize/top_activations_pass.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Conv2D;
using dv::Index;
using dv::MaxPool2D;
using dv::ReLU;
using dv::Sequential;
using dv::Tensor;
using dv::top_activations;
using dv::TopActivation;
using dv::TopActivations;
using dv::TopActivationsOptions;
using support::check_throws;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
Sequential<T> small_net(std::uint64_t seed = 5) {
    Sequential<T> model({2, 11, 9},  //
                        Conv2D<T>({.in = 2, .out = 5, .kernel = 3, .padding = 1}), ReLU<T>(),
                        MaxPool2D<T>({.kernel = 3, .stride = 2, .ceil = true}),
                        Conv2D<T>({.in = 5, .out = 4, .kernel = 3, .stride = 1, .padding = 1}), ReLU<T>(),
                        dv::Flatten<T>(), dv::Dense<T>({.in = 80, .out = 3}));
    dv::initialise(model, {.seed = seed});
    return model;
}

/// Pictures of few different values, some of them equal, so that there are ties.
template <class T>
Tensor<T> pictures(Index count, std::uint64_t seed = 1) {
    Tensor<T> images({count, 2, 11, 9});
    dv::Random random(seed);
    for (Index n = 0; n < count; ++n) {
        if (n % 4 == 3) {
            std::ranges::copy(images.slice(random.below(n)), images.slice(n).begin());
            continue;
        }
        for (T& value : images.slice(n)) value = static_cast<T>(random.below(3)) / 2;
    }
    return images;
}

/// A layer that gives out what comes in: what is in the picture is the activation.
template <class T>
Sequential<T> mirror_net(const dv::Shape& shape) {
    return Sequential<T>(shape, dv::named("seen", MaxPool2D<T>({.kernel = 1})));
}

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
