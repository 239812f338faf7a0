#include "deconvviz/model/incremental_forward.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/model/incremental_cost.hpp"
#include "deconvviz/model/multiply_adds.hpp"
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

namespace {

/// Windows of all sizes and places, empty ones and whole pictures among them.
std::vector<dv::ChangedPicture> any_changes(Random& random, Index pictures, const Shape& picture) {
    std::vector<dv::ChangedPicture> changes;
    for (Index count = any(random, 1, 40); count > 0; --count) {
        const Index most_y = random.chance(0.1) ? picture[1] : std::min<Index>(5, picture[1]);
        const Index most_x = random.chance(0.1) ? picture[2] : std::min<Index>(5, picture[2]);
        const Index height = any(random, 0, most_y), width = any(random, 0, most_x);
        changes.push_back({any(random, 0, pictures - 1),
                           {any(random, 0, picture[1] - height), any(random, 0, picture[2] - width), height, width}});
    }
    return changes;
}

/// The changed pictures, whole: in the window of the i-th, each value turns into `paint(i, value)`.
template <class T, class Paint>
Tensor<T> painted(const Tensor<T>& pictures, const std::vector<dv::ChangedPicture>& changes, const Paint& paint) {
    std::vector<Tensor<T>> all;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Tensor<T> picture = pictures.entry(changes[i].picture);
        const Window& window = changes[i].window;
        for (Index c = 0; c < picture.shape()[0]; ++c)
            for (Index y = window.y; y < window.y + window.height; ++y)
                for (Index x = window.x; x < window.x + window.width; ++x)
                    picture(c, y, x) = paint(i, picture(c, y, x));
        all.push_back(std::move(picture));
    }
    return dv::stack(all);
}

/// Runs random networks both ways and compares what every layer gives, for every picture.
template <class T, class Compare>
void check_networks(ConvolutionMethod method, std::uint64_t first_seed, int networks, const Compare& compare) {
    const auto paint = [](std::size_t i, T value) { return static_cast<T>(0.25) * value + static_cast<T>(i); };
    for (int n = 0; n < networks; ++n) {
        CAPTURE(n);
        Random random(first_seed + static_cast<std::uint64_t>(n));
        const auto model = support::any_model<T>(random, method);
        bool exact = true;  // Which value a vector holds decides how the power in LRN rounds
        for (std::size_t i = 0; i < model.size(); ++i) exact = exact && model.layer(i).kind() != "LocalResponseNorm";
        const auto pictures = support::random_tensor<T>(model.input_shape().batched(any(random, 1, 3)), random.bits());
        const auto trace = model.trace(pictures);
        const auto changes = any_changes(random, trace.batch(), model.input_shape());
        const auto expected = model.trace(painted(pictures, changes, paint));
        dv::IncrementalForward<T> forward(model, trace, {.watched = 0});
        for (int again = 0; again < 2; ++again) {
            const auto& output = forward.run(
                changes,
                [&](std::size_t i, Tensor<T>& pixels) {
                    CHECK(pixels.shape() ==
                          Shape{model.input_shape()[0], changes[i].window.height, changes[i].window.width});
                    for (T& value : pixels) value = paint(i, value);
                },
                [&](std::size_t layer) {
                    CAPTURE(model.name(layer));
                    Tensor<T> got(expected.activation(layer).shape());
                    for (std::size_t i = 0; i < changes.size(); ++i)
                        forward.activation(i, 0, got.slice(static_cast<Index>(i)));
                    compare(got, expected.activation(layer), exact);
                });
            compare(output, expected.output(), exact);
        }
    }
}

}  // namespace

TEST_CASE_TEMPLATE("incremental forward: the bits of whole passes at every layer, in random networks", T, float,
                   double) {
    int exact_ones = 0;
    check_networks<T>(ConvolutionMethod::direct, 1, 150,
                      [&](const Tensor<T>& got, const Tensor<T>& expected, bool exact) {
                          if (exact) {
                              CHECK(got == expected);
                          } else {
                              support::check_close_to_largest(got, expected, sizeof(T) == 4 ? 1e-6 : 1e-14);
                          }
                          exact_ones += exact;
                      });
    CHECK(exact_ones > 100);
}

TEST_CASE("incremental forward: within rounding where convolutions choose their way") {
    check_networks<float>(ConvolutionMethod::automatic, 1000, 60, [](const auto& got, const auto& expected, bool) {
        support::check_close_to_largest(got, expected, 1e-5);
    });
}

TEST_CASE("incremental forward: within rounding where Winograd's filtering serves") {
    const auto model = support::winograd_model();
    const auto picture = support::random_tensor<float>({1, 3, 48, 44}, 1);
    const auto trace = model.trace(picture);
    std::vector<dv::ChangedPicture> changes;
    for (Index y = 0; y < 44; y += 4)
        for (Index x = 0; x < 40; x += 4) changes.push_back({0, {y, x, 5, 6}});
    const auto paint = [](std::size_t, float) { return 0.5F; };
    dv::IncrementalForward<float> forward(model, trace);
    const auto& output = forward.run(changes, [](std::size_t, Tensor<float>& pixels) { pixels.fill(0.5F); });
    support::check_close_to_largest(output, model.forward(painted(picture, changes, paint)), 1e-5);
}

TEST_CASE("incremental forward: the same bits on any number of threads") {
    const auto model = support::all_kinds<float>();
    const auto trace = model.trace(support::random_tensor<float>({2, 2, 8, 9}, 2));
    Random random(3);
    const auto changes = any_changes(random, 2, model.input_shape());
    const int before = dv::threads();
    std::vector<Tensor<float>> outputs;
    for (const int threads : {1, 3}) {
        dv::set_threads(threads);
        dv::IncrementalForward<float> forward(model, trace);
        outputs.push_back(forward.run(changes, [](std::size_t, Tensor<float>& pixels) { pixels.fill(1); }));
    }
    dv::set_threads(before);
    CHECK(outputs[0] == outputs[1]);
}

TEST_CASE("incremental forward: a picture in which nothing changes gives what the trace holds") {
    const auto model = support::all_kinds<double>();
    const auto trace = model.trace(support::random_tensor<double>({2, 2, 8, 9}, 2));
    dv::IncrementalForward<double> forward(model, trace);
    const std::vector<dv::ChangedPicture> changes{{1, {}}, {0, {3, 3, 0, 2}}};
    const auto& output = forward.run(changes, [](std::size_t, Tensor<double>&) { FAIL("there is nothing to paint"); });
    CHECK(output.entry(0) == trace.output().entry(1));
    CHECK(output.entry(1) == trace.output().entry(0));
}

TEST_CASE("incremental forward: it goes as far as the trace does") {
    const auto model = support::all_kinds<float>();
    const auto picture = support::random_tensor<float>({1, 2, 8, 9}, 2);
    const auto trace = model.trace(picture, {.last = "relu1"});
    const std::vector<dv::ChangedPicture> changes{{0, {2, 3, 2, 2}}, {0, {0, 0, 1, 1}}};
    dv::IncrementalForward<float> forward(model, trace);
    const auto& output = forward.run(changes, [](std::size_t, Tensor<float>& pixels) { pixels.fill(1); });
    const auto whole = model.trace(painted(picture, changes, [](std::size_t, float) { return 1.0F; }));
    CHECK(output == whole.activation("relu1"));
}

TEST_CASE("incremental forward: multiply-adds by the windows, by hand") {
    const dv::Sequential<float> model({1, 10, 10}, dv::Conv2D<float>({.in = 1, .out = 2, .kernel = 3, .padding = 1}),
                                      dv::MaxPool2D<float>(), dv::Conv2D<float>({.in = 2, .out = 3, .kernel = 3}),
                                      dv::Flatten<float>(), dv::Dense<float>({.in = 27, .out = 4}));
    // Pixel (0,0): 2x2 outputs of 9 x 2 products each; pooled (0,0); one output of 2 x 9 x 3; 27 x 4.
    CHECK(dv::incremental_multiply_adds(model, {0, 0, 1, 1}) == 4 * 18 + 54 + 108);
    // Pixels (4,4) … (5,5): 4x4 outputs, rows 3 to 6; pooled rows 1 to 3; all 3x3 outputs.
    CHECK(dv::incremental_multiply_adds_through(model, {4, 4, 2, 2}) ==
          std::vector<Index>{16 * 18, 16 * 18, 16 * 18 + 9 * 54, 16 * 18 + 9 * 54, 16 * 18 + 9 * 54 + 108});
    CHECK(dv::incremental_multiply_adds(model, {0, 0, 10, 10}) == dv::multiply_adds(model));
}

TEST_CASE("incremental forward: what makes no sense is refused") {
    const auto model = support::all_kinds<float>();
    const auto trace = model.trace(support::random_tensor<float>({2, 2, 8, 9}, 2));
    dv::IncrementalForward<float> forward(model, trace);
    const auto run = [&](const dv::ChangedPicture& change) {
        forward.run(std::vector{change}, [](std::size_t, Tensor<float>&) {});
    };
    support::check_throws<dv::OptionError>([&] { run({2, {0, 0, 1, 1}}); }, {"2 pictures", "picture 2"});
    support::check_throws<dv::ShapeError>([&] { run({0, {0, 8, 1, 2}}); }, {"(2,8,9)", "1x2 at (0,8)"});
    support::check_throws<dv::OptionError>(
        [&] { forward.run(std::vector<dv::ChangedPicture>{}, [](std::size_t, Tensor<float>&) {}); }, {"none"});
    CHECK_THROWS_AS(dv::IncrementalForward<float>(model, dv::Trace<float>()), dv::StateError);
    const dv::Sequential<float> shorter(model.input_shape(), dv::ReLU<float>());
    CHECK_THROWS_AS(dv::IncrementalForward<float>(shorter, trace), dv::StateError);
    const dv::Sequential<float> flat({4}, dv::Dense<float>({.in = 4, .out = 2}));
    const auto flat_trace = flat.trace(Tensor<float>({1, 4}));
    CHECK_THROWS_AS(dv::IncrementalForward<float>(flat, flat_trace), dv::ShapeError);
}
