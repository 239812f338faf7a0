#include "deconvviz/visualize/ablation.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Tensor;

TEST_CASE("feature ablation: each region hidden by hand, for masks of any shape and share") {
    const auto model = support::all_kinds<double>();
    const auto image = support::random_tensor<double>({2, 8, 9}, 5);
    auto masks = support::random_tensor<double>({6, 1, 8, 9}, 6, 0, 1);
    for (double& m : masks) m = m < 0.7 ? 0 : m < 0.85 ? 1 : m;
    for (double& m : masks.slice(4)) m = 0;  // hides nothing
    const auto check = [&](const dv::AblationOptions& options) {
        const auto shown = dv::feature_ablation(model, image, masks, options);
        CHECK(shown.target == 3);
        CHECK(shown.whole == model.forward(image)[3]);  // it ends in a Softmax
        for (Index r = 0; r < 6; ++r) {
            const Tensor<double> mask({1, 1, 8, 9}, masks.slice(r));
            const auto hidden = dv::occluded(image.reshaped({1, 2, 8, 9}), mask, 0.25);
            support::check_close_to_largest(shown.probabilities.entry(r), model.forward(hidden).entry(0), 1e-12);
            CHECK(shown.probability[r] == shown.probabilities(r, 3));
        }
        CHECK(shown.probability[4] == doctest::Approx(shown.whole).epsilon(1e-12));
    };
    check({.fill = 0.25, .target = 3});
    check({.fill = 0.25, .target = 3, .batch = 4, .memory = 0});
    check({.fill = 0.25, .target = 3, .method = dv::OcclusionMethod::full});
}

TEST_CASE("feature ablation: windows as masks are occlusion; the attribution is what a region costs") {
    const auto model = support::all_kinds<float>();
    const auto image = support::random_tensor<float>({2, 8, 9}, 5);
    const auto map = dv::occlusion_sensitivity(model, image, {.patch = {4, 3}, .stride = {4, 3}, .target = 1});
    std::vector<dv::Window> windows;
    for (Index r = 0; r < map.rows(); ++r)
        for (Index c = 0; c < map.columns(); ++c) windows.push_back(map.patch_at(r, c));
    const auto masks = dv::window_masks<float>({static_cast<Index>(windows.size()), 2, 8, 9}, windows);
    const auto shown = dv::feature_ablation(model, image, masks, {.target = 1});
    CHECK(shown.probability.reshaped(map.probability.shape()) == map.probability);
    const auto attribution = shown.attribution();
    CHECK(attribution.shape() == dv::Shape{8, 9});
    CHECK(attribution(5, 4) == shown.whole - map.probability(1, 1));
}

TEST_CASE("region masks: one for each label") {
    const auto masks = dv::region_masks(Tensor<float>({2, 3}, {0, 2, 2, -1, 0, 1}));
    CHECK(masks == Tensor<float>({3, 1, 2, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0}));
    support::check_throws<dv::ShapeError>([] { dv::region_masks(Tensor<float>({1, 2, 3})); }, {"(H,W)", "(1,2,3)"});
    support::check_throws<dv::OptionError>([] { dv::region_masks(Tensor<float>({1, 2}, {0, 0.5F})); }, {"0.5"});
    support::check_throws<dv::OptionError>([] { dv::region_masks(Tensor<float>({1, 1}, {65536})); }, {"65535"});
    support::check_throws<dv::OptionError>([] { dv::region_masks(Tensor<float>({1, 1}, {-1})); }, {"negative"});
}

TEST_CASE("feature ablation: what makes no sense is refused, and it can be cancelled") {
    const auto model = support::all_kinds<float>();
    const Tensor<float> image({2, 8, 9}), masks({3, 1, 8, 9}, 1);
    const auto refused = [&](const dv::AblationOptions& options) {
        CHECK_THROWS_AS(dv::feature_ablation(model, image, masks, options), dv::OptionError);
    };
    support::check_throws<dv::ShapeError>(
        [&] {
            dv::feature_ablation(model, Tensor<float>({1, 8, 9}), masks);
        },
        {"(2,8,9)", "(1,8,9)"});
    support::check_throws<dv::ShapeError>(
        [&] {
            dv::feature_ablation(model, image, Tensor<float>({3, 1, 9, 9}));
        },
        {"(R,1,8,9)", "(3,1,9,9)"});
    support::check_throws<dv::OptionError>(
        [&] {
            dv::feature_ablation(model, image, Tensor<float>({3, 1, 8, 9}, 2));
        },
        {"[0, 1]", "2"});
    refused({.target = 5});
    refused({.batch = -1});
    const dv::AblationOptions cancelled{.batch = 2, .progress = [](const dv::Progress&) { return false; }};
    CHECK_THROWS_WITH_AS(dv::feature_ablation(model, image, masks, cancelled),
                         "feature ablation: cancelled after 2 of 3 regions", dv::CancelledError);
}
