// MaxPool2D: switches and unpooling by hand and against a slow version, gradients, windows by trying.
#include "deconvviz/layers/max_pool2d.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "layer_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Overlap;
using dv::Shape;
using dv::Tensor;

namespace {

constexpr double NaN = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<Index> places(const dv::Switches& switches) {
    std::vector<Index> all;
    for (Index i = 0; i < switches.shape().elements(); ++i) all.push_back(switches[i]);
    return all;
}

Tensor<double> map(Index height, Index width, std::initializer_list<double> values) {
    return Tensor<double>({1, 1, height, width}, values);
}

/// 1, 2, 3, … times `factor`.
Tensor<double> ramp(Index height, Index width, double factor = 1) {
    Tensor<double> all({1, 1, height, width});
    for (Index i = 0; i < all.size(); ++i) all[i] = factor * static_cast<double>(i + 1);
    return all;
}

/// What the layer should do, told in another way: a list of all positions of a window inside of the map, of which the
/// first largest is looked for. Returns for each output the position in the map.
template <class T>
std::vector<Index> slow_maxima(const dv::MaxPool2DOptions& o, const Tensor<T>& src, const Shape& dst) {
    std::vector<Index> chosen;
    for (Index plane = 0; plane < dst[0] * dst[1]; ++plane)
        for (Index y = 0; y < dst[2]; ++y)
            for (Index x = 0; x < dst[3]; ++x) {
                Index best = -1;
                for (Index row = 0; row < src.shape()[2]; ++row)
                    for (Index column = 0; column < src.shape()[3]; ++column) {
                        const Index ky = row - (y * o.stride.y - o.padding.top);
                        const Index kx = column - (x * o.stride.x - o.padding.left);
                        if (ky < 0 || kx < 0 || ky >= o.kernel.y || kx >= o.kernel.x) continue;
                        const Index at = (plane * src.shape()[2] + row) * src.shape()[3] + column;
                        if (best < 0 || src[at] > src[best]) best = at;
                    }
                chosen.push_back(best);
            }
    return chosen;
}

dv::MaxPool2DOptions random_options(dv::Random& random) {
    dv::MaxPool2DOptions o;
    o.kernel = {1 + random.below(4), 1 + random.below(4)};
    o.stride = {1 + random.below(4), 1 + random.below(4)};
    o.padding = {random.below(o.kernel.y), random.below(o.kernel.x)};
    if (random.chance(0.5)) {
        o.padding.bottom = random.below(o.kernel.y);
        o.padding.right = random.below(o.kernel.x);
    }
    o.ceil = random.chance(0.5);
    return o;
}

/// Whole numbers from 0 to 3: ties everywhere.
template <class T>
Tensor<T> with_ties(const Shape& shape, std::uint64_t seed) {
    Tensor<T> tensor(shape);
    dv::Random random(seed);
    for (T& value : tensor) value = static_cast<T>(random.below(4));
    return tensor;
}

template <class T>
void check_against_slow(const dv::MaxPool2DOptions& given, const Shape& shape, std::uint64_t seed) {
    const dv::MaxPool2D<T> layer(given);
    const dv::MaxPool2DOptions& o = layer.options();
    const auto pass = support::run(layer, with_ties<T>(shape, seed));
    const std::vector<Index> chosen = slow_maxima(o, pass.src, pass.dst.shape());
    const Index width = shape[3];
    const auto above = support::random_tensor<T>(pass.dst.shape(), seed + 1);
    Tensor<T> added(shape);
    Tensor<T> written(shape);
    REQUIRE(pass.record.switches.shape() == pass.dst.shape());
    bool right = true;
    for (Index i = 0; i < pass.dst.size(); ++i) {
        const Index from = chosen[static_cast<std::size_t>(i)];
        const Index x = i % pass.dst.shape()[3];
        const Index y = i / pass.dst.shape()[3] % pass.dst.shape()[2];
        const Index ky = from / width % shape[2] - (y * o.stride.y - o.padding.top);
        const Index kx = from % width - (x * o.stride.x - o.padding.left);
        right = right && pass.dst[i] == pass.src[from] && pass.record.switches[i] == ky * o.kernel.x + kx;
        added[from] += above[i];
        written[from] = above[i];
    }
    CHECK(right);
    CHECK(support::deconv(layer, pass, above, {.overlap = Overlap::overwrite}) == written);
    support::check_tensor_close(support::deconv(layer, pass, above), added, 0, 1e-6);
    support::check_tensor_close(support::input_gradient(layer, pass, above), added, 0, 1e-6);
}

}  // namespace

TEST_CASE("max_pool2d: the first maximum in row-major order wins a tie") {
    const dv::MaxPool2D<double> layer;
    const auto pass = support::run(layer, map(4, 4,
                                              {7, 7, 1, 5,  //
                                               7, 7, 5, 1,  //
                                               0, 2, 3, 3,  //
                                               2, 2, 9, 9}));
    CHECK(pass.dst == map(2, 2, {7, 5, 2, 9}));
    CHECK(places(pass.record.switches) == std::vector<Index>{0, 1, 1, 2});
    CHECK(support::deconv(layer, pass, map(2, 2, {10, 20, 30, 40})) == map(4, 4,
                                                                           {10, 0, 0, 20,  //
                                                                            0, 0, 0, 0,    //
                                                                            0, 30, 0, 0,   //
                                                                            0, 0, 40, 0}));
}

TEST_CASE("max_pool2d: ties win in row-major order over the whole width of a map") {
    for (const Index kernel : {2, 3, 5})
        for (const Index width : {8, 31, 64, 67}) {
            const dv::MaxPool2D<float> layer({.kernel = kernel});
            const auto pass = support::run(layer, Tensor<float>({1, 2, 11, width}, -4.5F));
            for (const Index place : places(pass.record.switches)) REQUIRE(place == 0);
        }
}

TEST_CASE("max_pool2d: plus and minus zero are equal, so the first wins") {
    const dv::MaxPool2D<double> layer;
    CHECK(support::run(layer, map(2, 2, {-0.0, 0.0, 0.0, -0.0})).record.switches[0] == 0);
    CHECK(support::run(layer, map(2, 2, {-1, 0.0, -0.0, -1})).record.switches[0] == 1);
}

TEST_CASE("max_pool2d: padding never wins, and switches count from the window's corner in the padding") {
    const dv::MaxPool2D<double> layer({.kernel = 3, .stride = 2, .padding = 1});
    const auto up = support::run(layer, ramp(3, 3));
    CHECK(up.dst == map(2, 2, {5, 6, 8, 9}));
    CHECK(places(up.record.switches) == std::vector<Index>{8, 7, 5, 4});
    const auto down = support::run(layer, ramp(3, 3, -1));
    CHECK(down.dst == map(2, 2, {-1, -2, -4, -5}));
    CHECK(places(down.record.switches) == std::vector<Index>{4, 3, 1, 0});
    CHECK(support::deconv(layer, down, map(2, 2, {1, 2, 3, 4})) == map(3, 3, {1, 2, 0, 3, 4, 0, 0, 0, 0}));
}

TEST_CASE("max_pool2d: ceil mode lets the last window hang over the border") {
    const dv::MaxPool2D<double> layer({.kernel = 2, .ceil = true});
    const auto pass = support::run(layer, ramp(5, 5));
    CHECK(pass.dst == map(3, 3, {7, 9, 10, 17, 19, 20, 22, 24, 25}));
    CHECK(places(pass.record.switches) == std::vector<Index>{3, 3, 2, 3, 3, 2, 1, 1, 0});
    CHECK(dv::MaxPool2D<double>({.kernel = 2}).output_shape({1, 5, 5}) == Shape{1, 2, 2});
    // A last window that would begin behind the input is dropped: of two the second would begin at 3, in the padding.
    CHECK(dv::MaxPool2D<double>({.kernel = 2, .stride = 4, .padding = 1, .ceil = true}).output_shape({1, 3, 3}) ==
          Shape{1, 1, 1});
    CHECK(dv::MaxPool2D<double>({.kernel = 3, .stride = 4, .padding = 1, .ceil = true}).output_shape({1, 4, 4}) ==
          Shape{1, 2, 2});
}

TEST_CASE("max_pool2d: overlapping windows that chose one pixel add up, or the last one wins") {
    const dv::MaxPool2D<double> layer({.kernel = 3, .stride = 1});
    const auto peak = support::run(layer, map(4, 4,
                                              {0, 0, 0, 0,  //
                                               0, 9, 0, 0,  //
                                               0, 0, 5, 0,  //
                                               0, 0, 0, 0}));
    CHECK(places(peak.record.switches) == std::vector<Index>{4, 3, 1, 0});
    const auto signal = map(2, 2, {1, 2, 4, -8});
    CHECK(support::deconv(layer, peak, signal) == map(4, 4, {0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    CHECK(support::deconv(layer, peak, signal, {.overlap = Overlap::overwrite}) ==
          map(4, 4, {0, 0, 0, 0, 0, -8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    CHECK(support::input_gradient(layer, peak, signal) == support::deconv(layer, peak, signal));
}

TEST_CASE("max_pool2d: overwriting lets a later 0 win") {
    const dv::MaxPool2D<double> layer({.kernel = {1, 3}, .stride = {1, 1}});
    const auto pass = support::run(layer, map(1, 5, {0, 1, 8, 1, 7}));
    CHECK(places(pass.record.switches) == std::vector<Index>{2, 1, 0});
    CHECK(support::deconv(layer, pass, map(1, 3, {3, 2, 0})) == map(1, 5, {0, 0, 5, 0, 0}));
    CHECK(support::deconv(layer, pass, map(1, 3, {3, 2, 0}), {.overlap = Overlap::overwrite}) ==
          map(1, 5, {0, 0, 0, 0, 0}));
}

TEST_CASE("max_pool2d: without switches, a value goes to the centre of its window, by hand") {
    const dv::ReverseRules centre{.unpooling = dv::Unpooling::centre};
    // Of a window of 2x2, the upper left position is its centre; of 3x3, the middle.
    const dv::MaxPool2D<double> two;
    const auto pass = support::run(two, ramp(4, 4));
    CHECK(support::deconv(two, pass, map(2, 2, {1, 2, 3, 4}), centre) ==
          map(4, 4, {1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0}));
    const dv::MaxPool2D<double> three({.kernel = 3});
    CHECK(support::deconv(three, support::run(three, ramp(3, 6)), map(1, 2, {1, 2}), centre) ==
          map(3, 6, {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}));
    // Of a window that hangs over the border, the centre of what is inside: of one column, that one.
    const dv::MaxPool2D<double> over({.kernel = {1, 3}, .stride = {1, 3}, .ceil = true});
    CHECK(support::deconv(over, support::run(over, ramp(1, 4)), map(1, 2, {1, 2}), centre) == map(1, 4, {0, 1, 0, 2}));
    // Columns 0-1, 0-3, 2-5, 4-5 of six: padding cuts the first and the last.
    const dv::MaxPool2D<double> padded({.kernel = {1, 4}, .stride = {1, 2}, .padding = {0, 2}});
    CHECK(support::deconv(padded, support::run(padded, ramp(1, 6)), map(1, 4, {1, 2, 3, 4}), centre) ==
          map(1, 6, {1, 2, 0, 3, 4, 0}));
    // The gradient asks for switches whatever happens elsewhere.
    CHECK(support::input_gradient(two, pass, map(2, 2, {1, 2, 3, 4})) ==
          map(4, 4, {0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4}));
}

TEST_CASE("max_pool2d: without switches, windows that share a centre add up, or the last one wins") {
    // Columns 0, 0-1, 0-2 of three, of which the first two share the centre 0; and 1-2, 2.
    const dv::MaxPool2D<double> layer({.kernel = {1, 3}, .stride = 1, .padding = {0, 2}});
    const auto pass = support::run(layer, ramp(1, 3));
    const auto signal = map(1, 5, {1, 2, 4, 8, 16});
    CHECK(support::deconv(layer, pass, signal, {.unpooling = dv::Unpooling::centre}) == map(1, 3, {3, 12, 16}));
    CHECK(support::deconv(layer, pass, signal, {.overlap = Overlap::overwrite, .unpooling = dv::Unpooling::centre}) ==
          map(1, 3, {2, 8, 16}));
}

TEST_CASE("max_pool2d: unpooling to centres equals a slow version that looks for the middle of what it holds") {
    dv::Random random(14);
    for (int i = 0; i < 100; ++i) {
        const dv::MaxPool2D<float> layer(random_options(random));
        const dv::MaxPool2DOptions& o = layer.options();
        const Shape shape{1 + random.below(2), 1 + random.below(3), o.kernel.y + random.below(9),
                          o.kernel.x + random.below(9)};
        CAPTURE(i);
        CAPTURE(shape);
        const auto pass = support::run(layer, support::random_tensor<float>(shape, random.bits()));
        const auto above = support::random_tensor<float>(pass.dst.shape(), random.bits());
        // The positions that a window holds on one axis, in order; the middle one of the list.
        const auto middle = [](Index out, Index kernel, Index stride, Index padding, Index size) {
            std::vector<Index> held;
            for (Index k = 0; k < kernel; ++k)
                if (const Index at = out * stride + k - padding; at >= 0 && at < size) held.push_back(at);
            REQUIRE(!held.empty());
            return held[(held.size() - 1) / 2];
        };
        Tensor<float> added(shape);
        Tensor<float> written(shape);
        for (Index n = 0; n < shape[0]; ++n)
            for (Index c = 0; c < shape[1]; ++c)
                for (Index y = 0; y < above.shape()[2]; ++y)
                    for (Index x = 0; x < above.shape()[3]; ++x) {
                        const Index row = middle(y, o.kernel.y, o.stride.y, o.padding.top, shape[2]);
                        const Index column = middle(x, o.kernel.x, o.stride.x, o.padding.left, shape[3]);
                        added(n, c, row, column) += above(n, c, y, x);
                        written(n, c, row, column) = above(n, c, y, x);
                    }
        CHECK(support::deconv(layer, pass, above, {.unpooling = dv::Unpooling::centre}) == added);
        CHECK(support::deconv(layer, pass, above,
                              {.overlap = Overlap::overwrite, .unpooling = dv::Unpooling::centre}) == written);
    }
}

TEST_CASE("max_pool2d: the first NaN counts as larger than any number") {
    const dv::MaxPool2D<double> layer;
    const auto pass = support::run(layer, map(2, 6,
                                              {1, NaN, infinity, 2, NaN, 1,  //
                                               NaN, 3, NaN, 4, 5, NaN}));
    CHECK(places(pass.record.switches) == std::vector<Index>{1, 2, 0});
    for (const double value : pass.dst) CHECK(std::isnan(value));
    // Wide enough for vectors; one NaN in each window, in turn at each place.
    for (Index place = 0; place < 4; ++place) {
        auto src = support::random_tensor<float>({1, 1, 2, 70}, 8);
        for (Index x = 0; x < 35; ++x) src(0, 0, place / 2, 2 * x + place % 2) = std::nanf("");
        const auto wide = support::run(dv::MaxPool2D<float>({.kernel = 2}), src);
        for (const Index found : places(wide.record.switches)) REQUIRE(found == place);
        for (const float value : wide.dst) REQUIRE(std::isnan(value));
    }
}

TEST_CASE("max_pool2d: a map of minus infinity has its first pixel as maximum") {
    const dv::MaxPool2D<double> layer({.kernel = 3, .stride = 2, .padding = 1});
    const auto pass = support::run(layer, Tensor<double>({1, 1, 3, 3}, -infinity));
    CHECK(places(pass.record.switches) == std::vector<Index>{4, 3, 1, 0});
}

TEST_CASE("max_pool2d: a kernel of 256 places has switches of one byte, a larger one of two") {
    for (const Index side : {16, 17}) {
        const dv::MaxPool2D<float> layer({.kernel = side, .stride = 3});
        auto src = support::random_tensor<float>({2, 2, 20, 23}, 3);
        src(0, 0, side - 1, side - 1) = 5;  // the last place of the first window
        const auto pass = support::run(layer, src);
        CHECK(pass.record.switches.narrow() == (side == 16));
        CHECK(pass.record.switches[0] == side * side - 1);
        check_against_slow<float>({.kernel = side, .stride = 3}, {2, 2, 20, 23}, 5);
    }
    check_against_slow<double>({.kernel = {300, 2}, .stride = {1, 2}, .padding = {1, 0}}, {1, 1, 301, 4}, 6);
}

TEST_CASE("max_pool2d: values, switches and unpooling equal a slow version for random options, with ties") {
    dv::Random random(4);
    for (int i = 0; i < 150; ++i) {
        const dv::MaxPool2DOptions o = random_options(random);
        const Shape shape{1 + random.below(2), 1 + random.below(3), o.kernel.y + random.below(12),
                          o.kernel.x + random.below(45)};
        CAPTURE(i);
        CAPTURE(shape);
        check_against_slow<float>(o, shape, random.bits());
        check_against_slow<double>(o, shape, random.bits());
    }
    check_against_slow<float>({.kernel = 2}, {3, 4, 50, 52}, 1);
    check_against_slow<float>({.kernel = 3, .stride = 2}, {3, 4, 55, 55}, 2);
}

TEST_CASE("max_pool2d: gradients equal finite differences, overlap or not") {
    const std::vector<dv::MaxPool2DOptions> all{{},
                                                {.kernel = 3, .stride = 2},
                                                {.kernel = 3, .stride = 2, .padding = 1, .ceil = true},
                                                {.kernel = {2, 4}, .stride = {1, 3}, .padding = {0, 2}},
                                                {.kernel = 2, .stride = 3},
                                                {.kernel = 5, .stride = 1, .padding = 2}};
    for (const auto& options : all)
        support::check_gradients(dv::MaxPool2D<double>(options), support::distinct_tensor<double>({2, 2, 8, 9}, 5));
}

TEST_CASE("max_pool2d: reads and reached_by agree with trying every pixel") {
    dv::Random random(6);
    for (int i = 0; i < 80; ++i) {
        const dv::MaxPool2D<double> layer(random_options(random));
        const Shape sample{1, layer.options().kernel.y + random.below(9), layer.options().kernel.x + random.below(9)};
        const support::Influence influence(layer, support::random_tensor<double>(sample.batched(1), 7), 5);
        const Shape dst = layer.output_shape(sample);
        CAPTURE(i);
        CAPTURE(sample);
        for (int j = 0; j < 10; ++j) {
            const dv::Window out = support::random_window(random, dst[1], dst[2]);
            CAPTURE(out);
            CHECK(layer.reads(out, sample) == influence.reads(out));
            const dv::Window in = support::random_window(random, sample[1], sample[2]);
            const dv::Window reached = influence.reached_by(in);
            CAPTURE(in);
            if (reached.empty()) {
                CHECK(layer.reached_by(in, dst).empty());
            } else {
                CHECK(layer.reached_by(in, dst) == reached);
            }
        }
    }
}

TEST_CASE("max_pool2d: a stride of 0 stands for the kernel's size") {
    CHECK(dv::MaxPool2D<float>({.kernel = {2, 3}}).options().stride == dv::Size2D(2, 3));
}

TEST_CASE("max_pool2d: unpooling by switches of another shape throws StateError") {
    const dv::MaxPool2D<float> layer;
    const auto pass = support::run(layer, Tensor<float>({1, 2, 8, 8}));
    Tensor<float> out;
    support::check_throws<dv::StateError>(
        [&] {
            layer.unpool(pass.seen(), Tensor<float>({1, 2, 4, 5}), out, Overlap::accumulate);
        },
        {"MaxPool2D", "switches", "(1,2,4,5)", "(1,2,4,4)"});
}

TEST_CASE("max_pool2d: options that make no sense throw OptionError, inputs that do not fit ShapeError") {
    const auto bad = [](const dv::MaxPool2DOptions& options, std::initializer_list<std::string_view> parts) {
        support::check_throws<dv::OptionError>([&] { dv::MaxPool2D<float> layer(options); }, parts);
    };
    bad({.kernel = 0}, {"MaxPool2D", "kernel", "0x0"});
    bad({.kernel = {2, -2}}, {"MaxPool2D", "kernel", "2x-2"});
    bad({.kernel = 2, .stride = {0, 1}}, {"MaxPool2D", "stride", "0x1"});
    bad({.kernel = 2, .stride = -1}, {"MaxPool2D", "stride", "-1x-1"});
    bad({.kernel = 2, .padding = -1}, {"MaxPool2D", "padding", "-1x-1"});
    bad({.kernel = {3, 2}, .padding = {1, 2}}, {"MaxPool2D", "smaller than the kernel", "3x2", "1x2"});
    bad({.kernel = {256, 257}}, {"MaxPool2D", "65536", "256x257"});
    CHECK_NOTHROW(dv::MaxPool2D<float>({.kernel = 256}));

    const dv::MaxPool2D<float> layer({.kernel = 3});
    support::check_throws<dv::ShapeError>([&] { layer.output_shape({2, 2, 9}); }, {"3x3", "does not fit", "(2,2,9)"});
    support::check_throws<dv::ShapeError>([&] { layer.output_shape({18}); }, {"(C,H,W)", "(18)"});
}
