#include "deconvviz/visualize/occlusion.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "tensor_support.hpp"

using namespace deconvviz;

namespace {

/// Two classes over a 3x4 picture: logit 0 is the sum of all pixels, logit 1 is 0.
Sequential<double> sum_of_pixels(bool with_softmax) {
    Tensor<double> weights({2, 12});
    std::fill_n(weights.data(), 12, 1.0);
    std::vector<AnyLayer<double>> layers{Flatten<double>(), Dense<double>({.in = 12, .out = 2}, weights, {})};
    if (with_softmax) layers.emplace_back(Softmax<double>());
    return Sequential<double>({1, 3, 4}, layers);
}

double sigmoid(double x) {
    return 1 / (1 + std::exp(-x));
}

}  // namespace

TEST_CASE("occlusion: a linear model, by hand; the last patch is clipped at the border") {
    Tensor<double> image({1, 3, 4});
    for (Index i = 0; i < 12; ++i) image[i] = 0.1 * static_cast<double>(i);
    for (const bool with_softmax : {false, true}) {
        const auto model = sum_of_pixels(with_softmax);
        const auto map = occlusion_sensitivity(model, image, {.patch = 2, .stride = 2, .fill = 0.5, .batch = 3});
        CHECK(map.rows() == 2);
        CHECK(map.columns() == 2);
        CHECK(map.target == 0);
        CHECK(map.unoccluded == doctest::Approx(sigmoid(6.6)));
        CHECK(map.patch_at(0, 1) == Window{0, 2, 2, 2});
        CHECK(map.patch_at(1, 1) == Window{2, 2, 1, 2});
        // pixels 0, 1, 4, 5 hold 1.0 together and are replaced by 4 * 0.5; pixels 10, 11 hold 2.1
        CHECK(map.probability(0, 0) == doctest::Approx(sigmoid(6.6 - 1.0 + 2.0)));
        CHECK(map.probability(1, 1) == doctest::Approx(sigmoid(6.6 - 2.1 + 1.0)));
        CHECK(map.probabilities.shape() == Shape{2, 2, 2});
        CHECK(map.probabilities(1, 1, 1) == doctest::Approx(1 - sigmoid(5.5)));
        CHECK(map.most_probable(0, 0) == 0);
        const auto pixels = map.per_pixel();
        CHECK(pixels(0, 0) == map.probability(0, 0));
        CHECK(pixels(2, 3) == map.probability(1, 1));
    }
}

TEST_CASE("occlusion: positions follow size, patch and stride") {
    CHECK(detail::patch_positions(28, 7, 1) == 22);
    CHECK(detail::patch_positions(28, 7, 7) == 4);
    CHECK(detail::patch_positions(28, 7, 6) == 5);  // 0 6 12 18 24: the last one is clipped
    CHECK(detail::patch_positions(28, 28, 5) == 1);
    CHECK(detail::patch_positions(28, 40, 5) == 1);
}

TEST_CASE("occlusion: overlapping patches average, by hand; a wide stride leaves pixels as they were") {
    OcclusionMap<double> map;
    map.unoccluded = 0.9;
    map.probability = Tensor<double>({1, 2}, {0.2, 0.4});
    map.patch = {1, 2};
    map.stride = 1;
    map.image_height = 1;
    map.image_width = 3;
    const auto close = [](const Tensor<double>& got, std::initializer_list<double> expected) {
        Index i = 0;
        for (const double value : expected) CHECK(got[i++] == doctest::Approx(value));
    };
    close(map.per_pixel(), {0.2, 0.3, 0.4});
    map.patch = 1;
    map.stride = {1, 2};
    close(map.per_pixel(), {0.2, 0.9, 0.4});
}

TEST_CASE("occlusion: equal to hiding each patch by hand, for any batch size and number of threads") {
    const Sequential<float> model({2, 9, 8},
                                  Conv2D<float>({.in = 2, .out = 5, .kernel = 3, .method = ConvolutionMethod::direct}),
                                  ReLU<float>(), Flatten<float>(), Dense<float>({.in = 5 * 7 * 6, .out = 4}));
    Random random(1);
    Tensor<float> image({2, 9, 8});
    for (float& value : image) value = static_cast<float>(random.uniform());
    const OcclusionOptions options{.patch = {3, 2}, .stride = {2, 3}, .fill = 0.25, .target = 2, .batch = 5};
    const int before = threads();
    set_threads(1);
    const auto map = occlusion_sensitivity(model, image, options);
    CHECK(map.target == 2);
    for (Index r = 0; r < map.rows(); ++r)
        for (Index c = 0; c < map.columns(); ++c) {
            Tensor<float> hidden = image;
            for (Index channel = 0; channel < 2; ++channel)
                for (Index y = 2 * r; y < std::min<Index>(9, 2 * r + 3); ++y)
                    for (Index x = 3 * c; x < std::min<Index>(8, 3 * c + 2); ++x) hidden(channel, y, x) = 0.25F;
            auto output = model.forward(hidden);
            softmax<float>(output.slice(0), output.slice(0));
            CHECK(map.probability(r, c) == output[2]);
        }
    set_threads(3);
    auto other = options;
    other.batch = 64;
    CHECK(occlusion_sensitivity(model, image, other).probabilities == map.probabilities);
    set_threads(before);
}

TEST_CASE("occlusion: the incremental way gives what whole passes give, for one picture and for several") {
    const Sequential<float> model({3, 32, 30}, Conv2D<float>({.in = 3, .out = 16, .kernel = 3, .padding = 1}),
                                  ReLU<float>(), MaxPool2D<float>({.kernel = 3, .stride = 2, .ceil = true}),
                                  LocalResponseNorm<float>(),
                                  Conv2D<float>({.in = 16, .out = 24, .kernel = 3, .padding = 1}), ReLU<float>(),
                                  MaxPool2D<float>(), Flatten<float>(), Dense<float>({.in = 24 * 8 * 7, .out = 6}));
    const auto images = support::random_tensor<float>({3, 3, 32, 30}, 7, 0, 1);
    OcclusionOptions options{.patch = {7, 5}, .stride = {3, 2}, .fill = 0.2};
    const auto several = occlusion_sensitivities(model, images, options);
    REQUIRE(several.size() == 3);
    for (Index n = 0; n < 3; ++n) {
        options.method = OcclusionMethod::full;
        const auto full = occlusion_sensitivity(model, images.entry(n), options);
        options.method = OcclusionMethod::incremental;
        for (const std::size_t memory : {std::size_t{1} << 28, std::size_t{1} << 17, std::size_t{0}}) {
            options.memory = memory;
            const auto one = occlusion_sensitivity(model, images.entry(n), options);
            CHECK(one.target == full.target);
            CHECK(one.unoccluded == full.unoccluded);
            support::check_close_to_largest(one.probabilities, full.probabilities, 1e-5);
            support::check_close_to_largest(one.probability, full.probability, 1e-5);
        }
        const auto& among = several[static_cast<std::size_t>(n)];
        CHECK(among.target == full.target);
        support::check_close_to_largest(among.probabilities, full.probabilities, 1e-5);
    }
    CHECK_THROWS_WITH_AS(occlusion_sensitivities(model, images.entry(0)),
                         "occlusion: expected pictures (N,C,H,W) of (3,32,30), got (3,32,30)", ShapeError);
}

TEST_CASE("occlusion: with a stride larger than the patch every position still hides something") {
    const Sequential<double> model({1, 10, 11}, Flatten<double>(), Dense<double>({.in = 110, .out = 2}));
    const auto map = occlusion_sensitivity(model, Tensor<double>({1, 10, 11}), {.patch = {1, 2}, .stride = {4, 5}});
    CHECK(map.rows() == 3);     // 0, 4, 8
    CHECK(map.columns() == 3);  // 0, 5, 10, the last one clipped
    CHECK(map.patch_at(2, 2) == Window{8, 10, 1, 1});
}

TEST_CASE("occlusion: progress counts up to the end and can cancel") {
    const auto model = sum_of_pixels(false);
    const Tensor<double> image({1, 3, 4});
    std::vector<Index> done;
    OcclusionOptions options{.patch = 1, .batch = 5};
    options.progress = [&](const Progress& progress) {
        CHECK(progress.total == 12);
        done.push_back(progress.done);
        return true;
    };
    occlusion_sensitivity(model, image, options);
    CHECK(done == std::vector<Index>{5, 10, 12});
    options.progress = [](const Progress&) { return false; };
    CHECK_THROWS_WITH_AS(occlusion_sensitivity(model, image, options), "occlusion: cancelled after 5 of 12 positions",
                         CancelledError);
}

TEST_CASE("occlusion: what makes no sense is refused") {
    const auto model = sum_of_pixels(false);
    const Tensor<double> image({1, 3, 4});
    CHECK_THROWS_WITH_AS(occlusion_sensitivity(model, Tensor<double>({1, 4, 4})),
                         "occlusion: expected a picture of (1,3,4), got (1,4,4)", ShapeError);
    CHECK_THROWS_AS(occlusion_sensitivity(model, image, {.patch = 0}), OptionError);
    CHECK_THROWS_AS(occlusion_sensitivity(model, image, {.stride = -1}), OptionError);
    CHECK_THROWS_AS(occlusion_sensitivity(model, image, {.batch = -1}), OptionError);
    CHECK_THROWS_WITH_AS(occlusion_sensitivity(model, image, {.target = 2}),
                         "occlusion: there is no class 2: the classes are 0 … 1", OptionError);
    const Sequential<double> maps_only({1, 3, 4}, ReLU<double>());
    CHECK_THROWS_AS(occlusion_sensitivity(maps_only, image), ShapeError);
    CHECK_THROWS_AS(occluded(image, {2, 0, 2, 1}, 0.0), ShapeError);
}
