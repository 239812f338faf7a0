#include "deconvviz/visualize/dataset_evolution.hpp"

#include <doctest/doctest.h>

#include <tuple>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/train/fit.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Conv2D;
using dv::DatasetEvolution;
using dv::Index;
using dv::Sequential;
using dv::Tensor;
using support::check_throws;

namespace {

Sequential<double> small_net() {
    return Sequential<double>({1, 6, 6}, Conv2D<double>({.in = 1, .out = 3, .kernel = 3}), dv::ReLU<double>(),
                              dv::MaxPool2D<double>({.kernel = 2}),
                              Conv2D<double>({.in = 3, .out = 2, .kernel = 2, .seed = 4}), dv::ReLU<double>(),
                              dv::Flatten<double>(), dv::Dense<double>({.in = 2, .out = 2}));
}

}  // namespace

TEST_CASE("dataset evolution: frames hold the top activation of each map, with the model as it was") {
    auto model = small_net();
    const auto images = support::random_tensor<double>({20, 1, 6, 6}, 3, 0, 1);
    DatasetEvolution<double> evolution({.layers = {{"relu1", {2, 0}}, {"relu2"}}});
    std::vector<dv::TopProjections<double>> first, second;
    for (int epoch = 0; epoch < 3; ++epoch) {
        CHECK(evolution.record(model, images, epoch));
        for (auto& [layer, maps, into] :
             {std::tuple{"relu1", std::vector<Index>{2, 0}, &first}, {"relu2", std::vector<Index>{0, 1}, &second}})
            into->push_back(dv::project_top(
                model, images, dv::top_activations(model, images, {.layer = layer, .maps = maps, .count = 1})));
        dv::Random random(static_cast<std::uint64_t>(epoch));
        for (auto& parameter : model.parameters())
            for (double& value : *parameter.parameter.value) value += random.between(-0.4, 0.4);
    }
    CHECK(evolution.maps() == std::vector<dv::WatchedMap>{{"relu1", 2}, {"relu1", 0}, {"relu2", 0}, {"relu2", 1}});
    REQUIRE(evolution.frames().size() == 3);
    int jumps = 0;
    int active = 0;
    for (std::size_t f = 0; f < 3; ++f) {
        const auto& frame = evolution.frames()[f];
        CHECK(frame.epoch == static_cast<int>(f));
        REQUIRE(frame.maps.size() == 4);
        for (std::size_t m = 0; m < 4; ++m) {
            const auto& expected = (m < 2 ? first : second)[f].maps[m % 2].entries;
            const auto& got = frame.maps[m];
            REQUIRE(got.strongest.has_value() == !expected.empty());
            bool jumped = false;
            if (got.strongest) {
                ++active;
                CHECK(got.strongest->unit == expected[0].unit);
                CHECK(got.strongest->projection == expected[0].projection);
                CHECK(got.strongest->patch == expected[0].patch);
                const auto* before = f > 0 ? &evolution.frames()[f - 1].maps[m].strongest : nullptr;
                jumped = before && before->has_value() && (*before)->unit.picture != got.strongest->unit.picture;
            }
            CHECK(got.jumped == jumped);
            jumps += got.jumped;
        }
    }
    CHECK(active >= 8);
    CHECK(jumps > 0);
    CHECK(jumps < active);
}

TEST_CASE("dataset evolution: a jump by hand, and a map that dies") {
    Sequential<double> model({1, 1, 2}, Conv2D<double>({.in = 1, .out = 1, .kernel = {1, 2}}), dv::ReLU<double>());
    auto& weights = model.layer<Conv2D<double>>(0).weights();
    const Tensor<double> images({2, 1, 1, 2}, {1, 0, 0, 2});
    DatasetEvolution<double> evolution({.layers = {{1}}});
    const auto record = [&](double left, double right) {
        weights[0] = left;
        weights[1] = right;
        evolution.record(model, images, static_cast<int>(evolution.frames().size()));
        return evolution.frames().back().maps[0];
    };
    CHECK_FALSE(record(3, 1).jumped);  // 3 and 2: picture 0
    const auto taken = record(3, 2);   // 3 and 4: picture 1
    CHECK(taken.jumped);
    CHECK(taken.strongest->unit == dv::TopActivation<double>{4, 1, 0, 0});
    CHECK(taken.strongest->projection == Tensor<double>({1, 1, 2}, {12, 8}));
    CHECK(taken.strongest->patch == Tensor<double>({1, 1, 2}, {0, 2}));
    CHECK_FALSE(record(1, 2).jumped);
    const auto dead = record(-1, -1);
    CHECK_FALSE(dead.strongest.has_value());
    CHECK_FALSE(dead.jumped);
    CHECK_FALSE(record(3, 1).jumped);  // there is nothing to compare it with
}

TEST_CASE("dataset evolution: out of fit's callback, at chosen epochs") {
    auto model = small_net();
    dv::Dataset<double> data{support::random_tensor<double>({12, 1, 6, 6}, 8, 0, 1), std::vector<int>(12), 2};
    for (std::size_t i = 0; i < 6; ++i) data.labels[i] = 1;
    DatasetEvolution<double> evolution({.layers = {{"relu2"}}, .epochs = {0, 1, 3}});
    CHECK(evolution.record(model, data, 0));
    std::vector<bool> looked;
    dv::fit<double>(model, data, {.epochs = 4, .batch = 4}, [&](const dv::EpochReport& report) {
        looked.push_back(evolution.record(model, data, report.epoch));
    });
    CHECK(looked == std::vector<bool>{true, false, true, false});
    CHECK(evolution.frames().size() == 3);
    CHECK(evolution.frames()[2].epoch == 3);
}

TEST_CASE("dataset evolution: what does not fit is refused and adds no frame") {
    const auto model = small_net();
    const auto images = support::random_tensor<double>({4, 1, 6, 6}, 3, 0, 1);
    check_throws<dv::OptionError>([] { DatasetEvolution<double>({}); }, {"at least one layer"});
    const auto record = [&](const dv::DatasetEvolutionOptions& options, const Tensor<double>& pictures) {
        return [&model, options, pictures] { DatasetEvolution<double>(options).record(model, pictures, 0); };
    };
    check_throws<dv::OptionError>(record({.layers = {{"relu7"}}}, images), {"relu7"});
    check_throws<dv::OptionError>(record({.layers = {{"relu1", {3}}}}, images), {"no map 3"});
    check_throws<dv::OptionError>(record({.layers = {{"relu1"}}}, Tensor<double>()), {"at least one picture"});
    check_throws<dv::ShapeError>(record({.layers = {{"relu1"}}}, Tensor<double>({1, 1, 5, 6})), {"(1,6,6)"});
    check_throws<dv::CancelledError>(
        record({.layers = {{"relu1"}}, .batch = 2, .progress = [](const dv::Progress&) { return false; }}, images),
        {"2 of 4"});

    DatasetEvolution<double> evolution({.layers = {{0}}});
    evolution.record(model, images, 0);
    const Sequential<double> other({1, 6, 6}, Conv2D<double>({.in = 1, .out = 4, .kernel = 3}));
    check_throws<dv::StateError>([&] { evolution.record(other, images, 1); }, {"same 3 maps", "4"});
    CHECK(evolution.frames().size() == 1);
    CHECK(evolution.maps().size() == 3);
}
