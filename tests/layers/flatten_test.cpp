// Flatten: the order of the values, forth and back.
#include "deconvviz/layers/flatten.hpp"

#include <doctest/doctest.h>

#include "layer_support.hpp"

namespace dv = deconvviz;
using dv::Shape;
using dv::Tensor;

TEST_CASE("flatten: values keep their row-major order, forth and back") {
    const dv::Flatten<double> layer;
    const auto pass = support::run(layer, support::random_tensor<double>({2, 3, 2, 2}, 1));
    CHECK(pass.dst == pass.src.reshaped({2, 12}));
    CHECK(pass.dst(1, 7) == pass.src(1, 1, 1, 1));
    const auto above = support::random_tensor<double>({2, 12}, 2);
    CHECK(support::deconv(layer, pass, above) == above.reshaped({2, 3, 2, 2}));
    CHECK(support::deconv(layer, pass, above, {.relu = dv::ReluRule::gradient}) == above.reshaped({2, 3, 2, 2}));
    CHECK(support::input_gradient(layer, pass, above) == above.reshaped({2, 3, 2, 2}));
    support::check_gradients(layer, pass.src);
}

TEST_CASE("flatten: any sample becomes one row") {
    const dv::Flatten<float> layer;
    CHECK(layer.output_shape({3, 4, 5}) == Shape{60});
    CHECK(layer.output_shape({9}) == Shape{9});
    CHECK(layer.output_shape({2, 3}) == Shape{6});
}

TEST_CASE("flatten: in place, another shape on the same memory") {
    support::check_in_place(dv::Flatten<float>(), support::random_tensor<float>({3, 2, 7, 9}, 1));
    support::check_in_place(dv::Flatten<float>(), support::random_tensor<float>({3, 5}, 2));
}
