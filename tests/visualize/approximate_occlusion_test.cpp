// The two ways in which an occlusion map is approximate: coarse to fine, and a bound on the projective field.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/model/incremental_cost.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "deconvviz/visualize/occlusion_drill_down.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
using dv::Index;

TEST_CASE("occlusion drill-down: exact where it was, the middle of a cell elsewhere") {
    const auto model = support::all_kinds<float>();
    const auto image = support::random_tensor<float>({2, 8, 9}, 5);
    const dv::OcclusionOptions options{.patch = 2, .target = 2};
    const auto exact = dv::occlusion_sensitivity(model, image, options);  // 7x8 positions
    const auto all = dv::occlusion_drill_down(model, image, options, {.coarse = 3, .share = 1});
    CHECK(all.map.probabilities == exact.probabilities);
    CHECK(all.positions() == 56);
    const auto none = dv::occlusion_drill_down(model, image, options, {.coarse = 3, .share = 0});
    CHECK(none.positions() == 9);
    CHECK(none.map.probability(0, 0) == exact.probability(1, 1));
    CHECK(none.map.probability(5, 5) == exact.probability(4, 4));
    CHECK(none.map.probability(6, 6) == exact.probability(6, 7));
    const auto some = dv::occlusion_drill_down(model, image, options, {.coarse = 3, .share = 0.3});
    CHECK(some.positions() > 9 + 4);  // three cells, of which some are cut by the border
    CHECK(some.positions() <= 9 + 3 * 8);
    const auto& coarse = none.map.probability;
    CHECK(some.evaluated[std::min_element(coarse.begin(), coarse.end()) - coarse.begin()] == 1);
    for (Index i = 0; i < 56; ++i)
        if (some.evaluated[i] == 1) CHECK(some.map.probability[i] == exact.probability[i]);
    CHECK_THROWS_AS(dv::occlusion_drill_down(model, image, options, {.coarse = 0}), dv::OptionError);
    CHECK_THROWS_AS(dv::occlusion_drill_down(model, image, options, {.share = 1.5}), dv::OptionError);
}

TEST_CASE("projective field: 1 is exact, less is not and costs less, no field is refused") {
    const dv::Sequential<float> model(
        {1, 24, 24}, dv::Conv2D<float>({.in = 1, .out = 4, .kernel = 5, .padding = 2}), dv::ReLU<float>(),
        dv::Conv2D<float>({.in = 4, .out = 4, .kernel = 5, .padding = 2, .seed = 2}), dv::ReLU<float>(),
        dv::Flatten<float>(), dv::Dense<float>({.in = 4 * 24 * 24, .out = 3}));
    const auto image = support::random_tensor<float>({1, 24, 24}, 5);
    dv::OcclusionOptions options{.patch = 6, .stride = 3, .target = 2};
    const auto exact = dv::occlusion_sensitivity(model, image, options);
    const auto largest_difference = [&](double field) {
        options.projective_field = field;
        const auto map = dv::occlusion_sensitivity(model, image, options);
        double largest = 0;
        for (Index i = 0; i < map.probability.size(); ++i)
            largest = std::max(largest, static_cast<double>(std::abs(map.probability[i] - exact.probability[i])));
        return largest;
    };
    CHECK(largest_difference(0.6) == 0);  // 14 of 24: no window is larger
    const double some = largest_difference(0.45), more = largest_difference(0.2);
    CHECK(some > 0);
    CHECK(more > some);
    // In the middle 6x6 pixels reach 10x10 and 14x14 values; of 24 rows, 0.45 are 11.
    constexpr Index dense = 3 * 4 * 24 * 24;
    CHECK(dv::incremental_multiply_adds(model, {9, 9, 6, 6}) == 100 * 25 * 4 + 14 * 14 * 25 * 16 + dense);
    CHECK(dv::incremental_multiply_adds(model, {9, 9, 6, 6}, 0.45) == 100 * 25 * 4 + 11 * 11 * 25 * 16 + dense);
    for (const double field : {0.0, -1.0, 1.5}) CHECK_THROWS_AS(largest_difference(field), dv::OptionError);
    options.method = dv::OcclusionMethod::full;
    CHECK_THROWS_AS(largest_difference(0.5), dv::OptionError);
}
