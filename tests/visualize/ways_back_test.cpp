// Ways back: against PyTorch's values, finite differences and hand-worked nets; alone as in a batch; what is refused.
#include "deconvviz/visualize/ways_back.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/visualize/saliency.hpp"
#include "reference_file.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Tensor;
using dv::WayBack;

namespace {

/// The odd network of tests/reference/make_reference.py: padded, overlapping pools and contrast normalisation.
dv::Sequential<double> odd_network(const support::ReferenceFile& file) {
    dv::Sequential<double> model(
        {2, 13, 17},
        dv::Conv2D<double>({.in = 2, .out = 6, .kernel = {2, 5}, .padding = {1, 2}, .dilation = {3, 1}, .groups = 2}),
        dv::ReLU<double>(), dv::LocalResponseNorm<double>({.size = 3, .alpha = 0.5, .beta = 0.75, .k = 1}),
        dv::MaxPool2D<double>({.kernel = 3, .stride = 2, .padding = 1, .ceil = true}),
        dv::Conv2D<double>({.in = 6, .out = 8, .kernel = 3, .stride = 2, .padding = 1, .groups = 2}),
        dv::ReLU<double>(), dv::LocalResponseNorm<double>({.size = 5, .alpha = 1, .beta = 0.625, .k = 2}),
        dv::Dropout<double>(),
        dv::MaxPool2D<double>({.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 0}, .ceil = true}),
        dv::Flatten<double>(), dv::Dense<double>({.in = 96, .out = 16}), dv::ReLU<double>(),
        dv::Dense<double>({.in = 16, .out = 5}));
    for (const auto& parameter : model.parameters())
        *parameter.parameter.value =
            file[std::to_string(parameter.layer) + "." + std::string(parameter.parameter.name)];
    return model;
}

/// A net on colour pictures that ends in a softmax; ReLU and pool are far from their kinks for distinct pixels.
template <class T>
dv::Sequential<T> colour_net() {
    return dv::Sequential<T>({3, 8, 9}, dv::Conv2D<T>({.in = 3, .out = 6, .kernel = 3, .padding = 1}), dv::ReLU<T>(),
                             dv::MaxPool2D<T>(), dv::Conv2D<T>({.in = 6, .out = 5, .kernel = 3}), dv::ReLU<T>(),
                             dv::Flatten<T>(), dv::Dense<T>({.in = 20, .out = 4}), dv::Softmax<T>());
}

}  // namespace

TEST_CASE("ways back: equal PyTorch's gradient, guided backpropagation and DeConvNet, with each rule of contrast") {
    const support::ReferenceFile file("odd.bin");
    const auto model = odd_network(file);
    const auto picture = file["input"].entry(0);
    const auto explained = [&](WayBack way) {
        way.seed = dv::SeedValue::one;  // as the file seeds a logit
        return dv::explain(model, picture, {.targets = {2}}, way);
    };
    const auto& gradient = file["back/logit/gradient/accumulate/gradient"];
    support::check_close_to_largest(explained(WayBack::gradient()), gradient, 1e-10);
    support::check_close_to_largest(explained(WayBack::guided_backpropagation()),
                                    file["back/logit/guided/accumulate/gradient"], 1e-10);
    support::check_close_to_largest(explained(WayBack::desalinet()), file["back/logit/guided/accumulate/identity"],
                                    1e-10);
    support::check_close_to_largest(explained(WayBack::deconvnet()), file["back/logit/deconvnet/accumulate/identity"],
                                    1e-10);
    Tensor<double> largest({1, 1, 13, 17});
    Tensor<double> times_input(gradient.shape());
    for (Index i = 0; i < gradient.size(); ++i) {
        largest[i % (13 * 17)] = std::max(largest[i % (13 * 17)], std::abs(gradient[i]));
        times_input[i] = gradient[i] * picture[i];
    }
    support::check_close_to_largest(explained(WayBack::saliency()), largest, 1e-10);
    support::check_close_to_largest(explained(WayBack::gradient_times_input()), times_input, 1e-10);
}

TEST_CASE("ways back: saliency is the largest finite difference of the score below the softmax") {
    const auto model = colour_net<double>();
    auto picture = support::distinct_tensor<double>({3, 8, 9}, 3);
    for (const Index target : {0, 3}) {
        const auto score = [&] { return model.trace(picture).activation("dense1")(0, target); };
        const auto difference = support::finite_difference(picture, score);
        Tensor<double> expected({1, 1, 8, 9});
        for (Index i = 0; i < difference.size(); ++i)
            expected[i % 72] = std::max(expected[i % 72], std::abs(difference[i]));
        support::check_close_to_largest(dv::saliency(model, picture, {target}), expected, 1e-7);
        // Named, the softmax is not left out.
        const auto probability = [&] { return model.forward(picture)(0, target); };
        const dv::ExplainOptions options{.layer = "softmax1", .targets = {target}};
        support::check_close_to_largest(dv::explain(model, picture, options, WayBack::gradient()),
                                        support::finite_difference(picture, probability).reshaped({1, 3, 8, 9}), 1e-7);
    }
}

TEST_CASE("ways back: by hand, in a net of one filter, with and without switches") {
    // Twice the picture, rectified, pooled; the score is the sum of the two pooled values, minus twice the second.
    const dv::Sequential<double> model(
        {1, 2, 4}, dv::Conv2D<double>({.in = 1, .out = 1, .kernel = 1}, Tensor<double>({1, 1, 1, 1}, {2}), {}),
        dv::ReLU<double>(), dv::MaxPool2D<double>(), dv::Flatten<double>(),
        dv::Dense<double>({.in = 2, .out = 1}, Tensor<double>({1, 2}, {1, -1}), {}));
    const Tensor<double> picture({1, 2, 4}, {1, 2, 3, 0,  //
                                             0, 7, 1, 5});
    const auto explained = [&](const WayBack& way) { return dv::explain(model, picture, {}, way); };
    const auto map = [](std::initializer_list<double> values) { return Tensor<double>({1, 1, 2, 4}, values); };
    CHECK(explained(WayBack::gradient()) == map({0, 0, 0, 0, 0, 2, 0, -2}));
    CHECK(explained(WayBack::saliency()) == map({0, 0, 0, 0, 0, 2, 0, 2}));
    CHECK(explained(WayBack::gradient_times_input()) == map({0, 0, 0, 0, 0, 14, 0, -10}));
    CHECK(explained(WayBack::guided_backpropagation()) == map({0, 0, 0, 0, 0, 2, 0, 0}));
    CHECK(explained(WayBack::desalinet()) == map({0, 0, 0, 0, 0, 2, 0, 0}));
    // The score is 14 - 10 = 4.
    CHECK(explained(WayBack::deconvnet()) == map({0, 0, 0, 0, 0, 8, 0, 0}));
    CHECK(explained(WayBack::deconvnet_to_centres()) == map({8, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("ways back: without switches, the pictures of two inputs that excite the same units are the same") {
    const auto model = colour_net<float>();
    const auto pictures = support::random_tensor<float>({2, 3, 8, 9}, 5);
    WayBack way = WayBack::deconvnet_to_centres();
    way.seed = dv::SeedValue::one;
    const auto blind = dv::explain(model, pictures, {.targets = {1}}, way);
    CHECK(support::largest(blind) > 0);
    CHECK(blind.entry(0) == blind.entry(1));
    way.rules.unpooling = dv::Unpooling::switches;
    const auto seeing = dv::explain(model, pictures, {.targets = {1}}, way);
    CHECK(seeing.entry(0) != seeing.entry(1));
}

TEST_CASE("ways back: guided backpropagation and DeSaliNet differ where there is a contrast normalisation, only") {
    const auto guided = WayBack::guided_backpropagation();
    const auto with_norm = support::all_kinds<double>();
    const auto picture = support::random_tensor<double>({2, 8, 9}, 6);
    CHECK(dv::explain(with_norm, picture, {}, guided) != dv::explain(with_norm, picture, {}, WayBack::desalinet()));
    const auto without = colour_net<double>();
    const auto colour = support::random_tensor<double>({3, 8, 9}, 6);
    CHECK(dv::explain(without, colour, {}, guided) == dv::explain(without, colour, {}, WayBack::desalinet()));
}

TEST_CASE("ways back: asked about a map, each picture answers by its strongest unit there, as deconvnet does") {
    const auto model = colour_net<double>();
    const auto pictures = support::random_tensor<double>({3, 3, 8, 9}, 7);
    const auto trace = model.trace(pictures);
    for (const auto& targets : {std::vector<Index>{4}, std::vector<Index>{}, std::vector<Index>{3, 0, 5}}) {
        const auto maps = dv::explain(model, pictures, {.layer = "relu1", .targets = targets}, WayBack::deconvnet());
        for (Index n = 0; n < 3; ++n) {
            const auto map = targets.empty() ? dv::strongest_unit(trace, {.layer = "relu1"}, n).map
                                             : targets[targets.size() == 1 ? 0 : static_cast<std::size_t>(n)];
            const auto alone = model.trace(pictures.entry(n));
            const auto expected = dv::deconvnet(model, alone, dv::strongest(alone, {.layer = "relu1", .map = map}));
            CHECK(maps.entry(n) == expected.entry(0));
        }
    }
    const auto named = dv::strongest_targets(model, pictures);
    CHECK(dv::explain(model, pictures, {}, WayBack::gradient()) ==
          dv::explain(model, pictures, {.targets = named}, WayBack::gradient()));
    for (Index n = 0; n < 3; ++n)
        CHECK(named[static_cast<std::size_t>(n)] == dv::strongest_unit(trace, {.layer = "dense1"}, n).map);
}

TEST_CASE("ways back: the same bits for a picture alone as in its batch, and on any number of threads") {
    // Filters of 3x3 in many maps, so that Winograd's filtering may serve.
    const dv::Sequential<float> model({3, 20, 20}, dv::Conv2D<float>({.in = 3, .out = 32, .kernel = 3, .padding = 1}),
                                      dv::ReLU<float>(), dv::MaxPool2D<float>(),
                                      dv::Conv2D<float>({.in = 32, .out = 32, .kernel = 3, .padding = 1}),
                                      dv::ReLU<float>(), dv::MaxPool2D<float>());
    const auto pictures = support::random_tensor<float>({5, 3, 20, 20}, 8);
    const int before = dv::threads();
    for (const WayBack& way : WayBack::all()) {
        CAPTURE(way.name);
        dv::set_threads(1);
        const auto together = dv::explain(model, pictures, {.layer = "relu2"}, way);
        CHECK(support::largest(together) > 0);
        for (const Index n : {0, 4})
            CHECK(dv::explain(model, pictures.entry(n), {.layer = "relu2"}, way).entry(0) == together.entry(n));
        for (const int threads : {3, 8}) {
            dv::set_threads(threads);
            CHECK(dv::explain(model, pictures, {.layer = "relu2"}, way) == together);
        }
    }
    dv::set_threads(before);
}

TEST_CASE("ways back: a value that is no number arrives in the map of the largest magnitude") {
    auto model = colour_net<double>();
    model.layer<dv::Dense<double>>("dense1").weights().fill(std::numeric_limits<double>::quiet_NaN());
    const auto map = dv::saliency(model, support::random_tensor<double>({3, 8, 9}, 9), {1});
    CHECK(std::ranges::any_of(map, [](double value) { return std::isnan(value); }));
}

TEST_CASE("ways back: each has a name by which it is found") {
    for (const WayBack& way : WayBack::all()) {
        const WayBack found = WayBack::named(way.name);
        CHECK(found.name == way.name);
        CHECK(found.rules.relu == way.rules.relu);
        CHECK(found.rules.unpooling == way.rules.unpooling);
        CHECK(found.value == way.value);
    }
    support::check_throws<dv::OptionError>([] { WayBack::named("lrp"); }, {"'lrp'", "'saliency'", "'DeSaliNet'"});
}

TEST_CASE("ways back: what does not fit is refused") {
    const auto model = colour_net<float>();
    const auto pictures = support::random_tensor<float>({2, 3, 8, 9}, 10);
    const WayBack way = WayBack::gradient();
    const auto explained = [&](const Tensor<float>& images, const dv::ExplainOptions& options) {
        return [&model, images, options, way] { dv::explain(model, images, options, way); };
    };
    support::check_throws<dv::ShapeError>(explained(Tensor<float>({3, 8, 8}), {}), {"explain", "(3,8,9)", "(3,8,8)"});
    support::check_throws<dv::ShapeError>(explained(Tensor<float>({0, 3, 8, 9}), {}), {"explain", "(0,3,8,9)"});
    support::check_throws<dv::OptionError>(explained(pictures, {.layer = "conv9"}), {"conv9"});
    support::check_throws<dv::OptionError>(explained(pictures, {.targets = {4}}), {"dense1", "no map 4", "0 … 3"});
    support::check_throws<dv::OptionError>(explained(pictures, {.targets = {-1}}), {"no map -1"});
    support::check_throws<dv::OptionError>(explained(pictures, {.targets = {0, 1, 2}}), {"one target", "2 pictures"});
    auto broken = pictures;
    broken(1, 2, 3, 4) = std::numeric_limits<float>::quiet_NaN();
    support::check_throws<dv::OptionError>(explained(broken, {}), {"finite", "picture 1", "nan"});
    const dv::Sequential<float> flat({6}, dv::Dense<float>({.in = 6, .out = 2}));
    support::check_throws<dv::ShapeError>([&] { dv::explain(flat, Tensor<float>({6}), {}, way); },
                                          {"must take pictures", "(6)"});
    const dv::Sequential<float> maps({1, 4, 4}, dv::Conv2D<float>({.in = 1, .out = 2, .kernel = 3}));
    support::check_throws<dv::ShapeError>(
        [&] {
            dv::saliency(maps, Tensor<float>({1, 4, 4}));
        },
        {"saliency", "(2,2,2)"});
}
