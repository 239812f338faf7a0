// ReLU: the forward values and the three rules of the way back, from a table written by hand.
#include "deconvviz/layers/relu.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "layer_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::ReluRule;
using dv::Tensor;

namespace {

constexpr double NaN = std::numeric_limits<double>::quiet_NaN();

/// The ReLU's input, the signal from above, and what each rule makes of the two. NaN is never taken for a negative
/// number: it passes, where it is the signal, and lets pass, where it is the input.
struct Row {
    double x, r, gradient, deconvnet, guided;
};

const std::vector<Row> table{{-2, -1, 0, 0, 0},         {-2, 0, 0, 0, 0},     {-2, 3, 0, 3, 0},
                             {-2, NaN, 0, NaN, 0},  //
                             {0, -1, 0, 0, 0},          {0, 0, 0, 0, 0},      {0, 3, 0, 3, 0},
                             {0, NaN, 0, NaN, 0},  //
                             {-0.0, -1, 0, 0, 0},       {-0.0, 0, 0, 0, 0},   {-0.0, 3, 0, 3, 0},
                             {-0.0, NaN, 0, NaN, 0},  //
                             {2, -1, -1, 0, 0},         {2, 0, 0, 0, 0},      {2, 3, 3, 3, 3},
                             {2, NaN, NaN, NaN, NaN},  //
                             {NaN, -1, -1, 0, 0},       {NaN, 0, 0, 0, 0},    {NaN, 3, 3, 3, 3},
                             {NaN, NaN, NaN, NaN, NaN},  //
                             {1e-30, 3, 3, 3, 3},       {-1e-30, 3, 0, 3, 0}, {2, 1e-30, 1e-30, 1e-30, 1e-30},
                             {2, -1e-30, -1e-30, 0, 0}};

/// `count` entries of a column of the table, from the beginning again and again.
template <class T>
Tensor<T> column(double Row::*member, Index count) {
    Tensor<T> values({1, count});
    for (Index i = 0; i < count; ++i)
        values[i] = static_cast<T>(table[static_cast<std::size_t>(i) % table.size()].*member);
    return values;
}

template <class T>
void check_table(Index count) {
    CAPTURE(count);
    const dv::ReLU<T> layer;
    const auto pass = support::run(layer, column<T>(&Row::x, count));
    for (Index i = 0; i < count; ++i) {
        const T x = pass.src[i];
        if (std::isnan(x)) {
            REQUIRE(std::isnan(pass.dst[i]));
        } else {
            REQUIRE(pass.dst[i] == (x > 0 ? x : T(0)));
        }
    }
    const auto r = column<T>(&Row::r, count);
    const auto below = [&](ReluRule rule) { return support::deconv(layer, pass, r, {.relu = rule}); };
    support::check_tensor_close(below(ReluRule::gradient), column<T>(&Row::gradient, count), 0);
    support::check_tensor_close(below(ReluRule::deconvnet), column<T>(&Row::deconvnet, count), 0);
    support::check_tensor_close(below(ReluRule::guided), column<T>(&Row::guided, count), 0);
    support::check_tensor_close(support::input_gradient(layer, pass, r), column<T>(&Row::gradient, count), 0);
}

}  // namespace

TEST_CASE("relu: forward and the three rules of the way back equal the table") {
    for (const Index count : {1, 3, 7, 8, 15, 16, 17, 24, 31, 32, 33, 100, 40000}) {
        check_table<float>(count);
        check_table<double>(count);
    }
}

TEST_CASE("relu: deconvnet does not look at what the forward pass saw") {
    const dv::ReLU<float> layer;
    const auto r = support::random_tensor<float>({2, 3, 5, 5}, 1);
    const auto one = support::run(layer, support::random_tensor<float>(r.shape(), 2));
    const auto other = support::run(layer, support::random_tensor<float>(r.shape(), 3));
    CHECK(support::deconv(layer, one, r) == support::deconv(layer, other, r));
    CHECK(support::deconv(layer, one, r, {.relu = ReluRule::gradient}) !=
          support::deconv(layer, other, r, {.relu = ReluRule::gradient}));
}

TEST_CASE("relu: gradients equal finite differences away from 0") {
    support::check_gradients(dv::ReLU<double>(), support::distinct_tensor<double>({2, 3, 4, 5}, 1));
}

TEST_CASE("relu: keeps any shape, and a window is its own") {
    const dv::ReLU<float> layer;
    CHECK(layer.output_shape({7}) == dv::Shape{7});
    CHECK(layer.output_shape({3, 4, 5}) == dv::Shape{3, 4, 5});
    CHECK(layer.reads({1, 2, 3, 1}, {3, 9, 9}) == dv::Window{1, 2, 3, 1});
    CHECK(layer.reached_by({1, 2, 3, 1}, {3, 9, 9}) == dv::Window{1, 2, 3, 1});
}

TEST_CASE("relu: in place, the same bits on the same memory") {
    support::check_in_place(dv::ReLU<float>(), support::random_tensor<float>({3, 2, 7, 9}, 1));
    support::check_in_place(dv::ReLU<double>(), support::random_tensor<double>({2, 11}, 2));
}
