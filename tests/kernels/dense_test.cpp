#include "deconvviz/kernels/dense.hpp"

#include "deconvviz/core/parallel.hpp"
#include "kernel_support.hpp"

using namespace kernel_test;
using namespace deconvviz::kernels;

TEST_CASE_TEMPLATE("dense: random shapes match the references", T, float, double) {
    Random random(21);
    for (int i = 0; i < 200; ++i) {
        const DenseShape s{1 + random.below(20), 1 + random.below(150), 1 + random.below(60)};
        INFO("batch " << s.batch << ", " << s.inputs << " inputs, " << s.outputs << " outputs");
        const auto src = random_values<T>(s.batch * s.inputs, random);
        const auto weights = random_values<T>(s.outputs * s.inputs, random);
        const auto bias = random_values<T>(s.outputs, random);
        const auto above = random_values<T>(s.batch * s.outputs, random);
        auto dst = above;
        auto expected = above;
        reference::dense(s, src.data(), weights.data(), bias.data(), expected.data());
        dense(s, src.data(), weights.data(), bias.data(), dst.data());
        check_close(dst, expected, tolerance<T>);
        auto below = src;
        auto expected_below = src;
        reference::dense_transposed(s, above.data(), weights.data(), expected_below.data());
        dense_transposed(s, above.data(), weights.data(), below.data());
        check_close(below, expected_below, tolerance<T>);
        auto gradient = weights;
        auto expected_gradient = weights;
        reference::dense_weight_gradient(s, src.data(), above.data(), expected_gradient.data());
        dense_weight_gradient(s, src.data(), above.data(), gradient.data());
        check_close(gradient, expected_gradient, tolerance<T>);
    }
}

TEST_CASE("dense: a row of a batch has the bits that it has alone, on any number of threads") {
    const int before = deconvviz::threads();
    Random random(22);
    const DenseShape s{9, 333, 35};
    const auto src = random_values<float>(s.batch * s.inputs, random);
    const auto weights = random_values<float>(s.outputs * s.inputs, random);
    std::vector<float> batch(static_cast<std::size_t>(s.batch * s.outputs));
    deconvviz::set_threads(1);
    dense<float>(s, src.data(), weights.data(), nullptr, batch.data());
    deconvviz::set_threads(3);
    for (Index n = 0; n < s.batch; ++n) {
        std::vector<float> alone(static_cast<std::size_t>(s.outputs));
        dense<float>({1, s.inputs, s.outputs}, src.data() + n * s.inputs, weights.data(), nullptr, alone.data());
        CHECK(std::equal(alone.begin(), alone.end(), batch.begin() + n * s.outputs));
    }
    deconvviz::set_threads(before);
}
