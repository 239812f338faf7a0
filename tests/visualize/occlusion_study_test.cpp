#include "deconvviz/visualize/occlusion_study.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "tensor_support.hpp"

using namespace deconvviz;

namespace {

/// Over a 3x3 picture two maps: map 0 is the picture, map 1 is twice the picture less 4, both rectified. Class 0 has
/// the sum of map 0 as its logit, class 1 nothing.
Sequential<double> two_maps() {
    const Tensor<double> filters({2, 1, 1, 1}, {1, 2});
    const Tensor<double> bias({2}, {0, -4});
    Tensor<double> weights({2, 18});
    std::fill_n(weights.data(), 9, 1.0);
    return Sequential<double>({1, 3, 3}, Conv2D<double>({.in = 1, .out = 2}, filters, bias), ReLU<double>(),
                              Flatten<double>(), Dense<double>({.in = 18, .out = 2}, weights, {}));
}

const Tensor<double>& ramp() {
    static const Tensor<double> picture({1, 3, 3}, {0, 1, 2, 1, 2, 3, 1, 2, 5});
    return picture;
}

Sequential<float> small_network() {
    return Sequential<float>({2, 11, 10}, Conv2D<float>({.in = 2, .out = 5, .kernel = 3, .padding = 1, .seed = 3}),
                             ReLU<float>(), MaxPool2D<float>({.kernel = 2}),
                             Conv2D<float>({.in = 5, .out = 6, .kernel = 3, .seed = 4}), ReLU<float>(),
                             Flatten<float>(), Dense<float>({.in = 6 * 3 * 3, .out = 4, .seed = 5}));
}

}  // namespace

TEST_CASE("occlusion study: a net of two maps, by hand") {
    const auto model = two_maps();
    // map 0 is ramp (largest 5, sum 17); map 1 is (0 0 0; 0 0 2; 0 0 6) (largest 6, sum 8)
    const OcclusionStudyOptions options{.patch = 1, .fill = 0};
    const auto study = occlusion_study(model, ramp(), options);
    CHECK(study.layer == "relu1");
    CHECK(study.map() == 1);
    CHECK(study.strongest.y == 2);
    CHECK(study.strongest.x == 2);
    CHECK(study.strongest.value == 6);
    CHECK(study.unoccluded_activity == 8);
    CHECK(study.activity == Tensor<double>({3, 3}, {8, 8, 8, 8, 8, 6, 8, 8, 2}));
    // the unit's 6 goes through its filter of 2
    CHECK(study.projection == Tensor<double>({1, 3, 3}, {0, 0, 0, 0, 0, 0, 0, 0, 12}));
    CHECK(study.classes.probability(2, 2) == doctest::Approx(1 / (1 + std::exp(-12.0))));
    CHECK(study.classes.most_probable(2, 2) == 0);
    CHECK(study.other_projections.empty());

    auto by_sum = options;
    by_sum.strength = MapStrength::sum;
    by_sum.projected = MapSeed::whole_map;
    const auto summed = occlusion_study(model, ramp(), by_sum);
    CHECK(summed.map() == 0);
    CHECK(summed.unoccluded_activity == 17);
    CHECK(summed.activity == Tensor<double>({3, 3}, {17, 16, 15, 16, 15, 14, 16, 15, 12}));
    CHECK(summed.projection == ramp());

    auto chosen = options;
    chosen.map = 0;
    const Tensor<double> others({2, 1, 3, 3}, {0, 0, 0, 0, 7, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    const auto first = occlusion_study(model, ramp(), chosen, others);
    CHECK(first.map() == 0);
    CHECK(first.other_images == others);
    // of equal activations the first in row-major order is projected
    CHECK(first.other_projections ==
          Tensor<double>({2, 1, 3, 3}, {0, 0, 0, 0, 7, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("occlusion study: equal to a slow loop that hides one patch at a time") {
    const auto model = small_network();
    const auto image = support::random_tensor<float>({2, 11, 10}, 1, 0, 1);
    const auto others = support::random_tensor<float>({3, 2, 11, 10}, 2, 0, 1);
    OcclusionStudyOptions options{.layer = "relu2", .patch = {3, 4}, .stride = {2, 3}, .fill = 0.25, .target = 2};
    options.batch = 5;
    const int before = threads();
    set_threads(1);
    const auto study = occlusion_study(model, image, options, others);

    const auto whole = model.trace(image);
    const auto unit = strongest_unit(whole, {.layer = "relu2"});
    CHECK(study.map() == unit.map);
    CHECK(study.projection == deconvnet(model, whole, strongest(whole, {.layer = "relu2"})).entry(0));
    REQUIRE(study.rows() == 5);
    REQUIRE(study.columns() == 3);
    for (Index r = 0; r < study.rows(); ++r)
        for (Index c = 0; c < study.columns(); ++c) {
            const auto hidden = occluded(image, study.classes.patch_at(r, c), 0.25F);
            const auto trace = model.trace(hidden);
            double sum = 0;
            for (Index y = 0; y < 3; ++y)
                for (Index x = 0; x < 3; ++x) sum += trace.activation("relu2")(0, unit.map, y, x);
            CHECK(study.activity(r, c) == doctest::Approx(sum));
            const auto probabilities = class_probabilities(model, hidden);
            for (Index k = 0; k < 4; ++k) CHECK(study.classes.probabilities(r, c, k) == probabilities[k]);
        }
    for (Index n = 0; n < 3; ++n) {
        const auto trace = model.trace(others.entry(n));
        const auto alone = deconvnet(model, trace, strongest(trace, {.layer = "relu2", .map = unit.map}));
        CHECK(study.other_projections.entry(n) == alone.entry(0));
    }

    const auto classes = occlusion_sensitivity(
        model, image, {.patch = options.patch, .stride = options.stride, .fill = 0.25, .target = 2});
    CHECK(study.classes.probabilities == classes.probabilities);
    CHECK(study.classes.probability == classes.probability);
    CHECK(study.classes.unoccluded == classes.unoccluded);
    CHECK(study.classes.target == 2);

    set_threads(3);
    options.batch = 64;
    const auto again = occlusion_study(model, image, options, others);
    CHECK(again.activity == study.activity);
    CHECK(again.classes.probabilities == study.classes.probabilities);
    CHECK(again.projection == study.projection);
    CHECK(again.other_projections == study.other_projections);
    set_threads(before);
}

TEST_CASE("occlusion study: the default layer is the last of feature maps, and a model may end in Softmax") {
    const auto image = support::random_tensor<float>({2, 11, 10}, 1, 0, 1);
    CHECK(occlusion_study(small_network(), image, {.stride = 5}).layer == "relu2");
    const Sequential<float> pooled({1, 6, 6}, Conv2D<float>({.in = 1, .out = 2, .kernel = 3}), ReLU<float>(),
                                   MaxPool2D<float>({.kernel = 2}), Flatten<float>(), Dense<float>({.in = 8, .out = 3}),
                                   Softmax<float>());
    const auto picture = support::random_tensor<float>({1, 6, 6}, 1, 0, 1);
    const auto study = occlusion_study(pooled, picture, {.patch = 2});
    CHECK(study.layer == "maxpool1");
    CHECK(study.classes.probabilities == occlusion_sensitivity(pooled, picture, {.patch = 2}).probabilities);
}

TEST_CASE("occlusion study: maps that are zero give zero, from the first of them") {
    const Sequential<double> dead({1, 3, 3},
                                  Conv2D<double>({.in = 1, .out = 3}, Tensor<double>({3, 1, 1, 1}, {-1, -2, -3}), {}),
                                  ReLU<double>(), Flatten<double>(), Dense<double>({.in = 27, .out = 2}));
    const auto study = occlusion_study(dead, ramp(), {.patch = 2});
    CHECK(study.map() == 0);
    CHECK(study.activity == Tensor<double>({2, 2}));
    CHECK(study.unoccluded_activity == 0);
    CHECK(study.projection == Tensor<double>({1, 3, 3}));
}

TEST_CASE("occlusion study: progress counts up to the end and can cancel") {
    std::vector<Index> done;
    OcclusionStudyOptions options{.patch = 1, .batch = 4};
    options.progress = [&](const Progress& progress) {
        CHECK(progress.total == 9);
        done.push_back(progress.done);
        return progress.done < 8;
    };
    CHECK_THROWS_WITH_AS(occlusion_study(two_maps(), ramp(), options), "occlusion: cancelled after 8 of 9 positions",
                         CancelledError);
    CHECK(done == std::vector<Index>{4, 8});
}

TEST_CASE("occlusion study: what makes no sense is refused") {
    const auto model = two_maps();
    CHECK_THROWS_WITH_AS(occlusion_study(model, ramp(), {.layer = "dense1"}),
                         "occlusion study: expected a layer of feature maps (C,H,W), layer 'dense1' gives (2)",
                         ShapeError);
    const Sequential<double> flat({1, 3, 3}, Flatten<double>(), Dense<double>({.in = 9, .out = 2}));
    CHECK_THROWS_WITH_AS(occlusion_study(flat, ramp()),
                         "occlusion study: expected a model with feature maps, its first layer 'flatten1' gives (9)",
                         ShapeError);
    CHECK_THROWS_AS(occlusion_study(model, ramp(), {.layer = "relu7"}), OptionError);
    CHECK_THROWS_WITH_AS(occlusion_study(model, ramp(), {.map = 2}), "layer 'relu1' has no map 2: its maps are 0 … 1",
                         OptionError);
    CHECK_THROWS_AS(occlusion_study(model, ramp(), {.map = -1}), OptionError);
    CHECK_THROWS_AS(occlusion_study(model, ramp(), {.patch = 0}), OptionError);
    CHECK_THROWS_AS(occlusion_study(model, ramp(), {.target = 2}), OptionError);
    CHECK_THROWS_AS(occlusion_study(model, Tensor<double>({1, 3, 4})), ShapeError);
    CHECK_THROWS_WITH_AS(occlusion_study(model, ramp(), {.patch = 1}, Tensor<double>({2, 1, 3, 4})),
                         "occlusion study: expected other pictures of (1,3,3) as a batch, got (2,1,3,4)", ShapeError);
    CHECK_THROWS_AS(occlusion_study(model, ramp(), {.patch = 1}, ramp()), ShapeError);

    auto broken = ramp();
    broken[4] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS(occlusion_study(model, broken),
                         "occlusion study: expected a picture of finite values, it has NaN or infinity", OptionError);
    CHECK_THROWS_AS(occlusion_study(model, ramp(), {.patch = 1}, broken.reshaped({1, 1, 3, 3})), OptionError);
    auto no_number = two_maps();
    no_number.layer<Conv2D<double>>(0).weights()[0] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS(occlusion_study(no_number, ramp(), {.patch = 1}),
                         "occlusion study: layer 'relu1' gives NaN or infinity on the whole picture", StateError);
}
