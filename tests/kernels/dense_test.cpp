#include "deconvviz/kernels/dense.hpp"

#include "deconvviz/core/parallel.hpp"
#include "kernel_support.hpp"

using namespace kernel_test;
using namespace deconvviz::kernels;

TEST_CASE_TEMPLATE("dense: random shapes match the references", T, float, double) {
    Random random(21);
    for (int i = 0; i < 400; ++i) {
        DenseShape s{1 + random.below(20), 1 + random.below(150), 1 + random.below(60)};
        if (random.chance(0.3)) s.batch = 1 + random.below(2);
        // Now and then more than one block of inputs, of outputs, of columns.
        if (random.chance(0.1)) s.inputs = 1000 + random.below(1500);
        if (random.chance(0.1)) s.outputs = 200 + random.below(400);
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

TEST_CASE_TEMPLATE("dense: a row of a batch has the bits that it has alone, on any number of threads", T, float,
                   double) {
    const int before = deconvviz::threads();
    Random random(22);
    for (const DenseShape& s : {DenseShape{9, 333, 35}, DenseShape{6, 5000, 21}, DenseShape{17, 1024, 300}}) {
        const auto src = random_values<T>(s.batch * s.inputs, random);
        const auto weights = random_values<T>(s.outputs * s.inputs, random);
        const auto above = random_values<T>(s.batch * s.outputs, random);
        std::vector<T> dst(above.size());
        std::vector<T> below(src.size());
        std::vector<T> gradient(weights.size());
        deconvviz::set_threads(1);
        dense<T>(s, src.data(), weights.data(), nullptr, dst.data());
        dense_transposed<T>(s, above.data(), weights.data(), below.data());
        dense_weight_gradient<T>(s, src.data(), above.data(), gradient.data());
        deconvviz::set_threads(3);
        for (Index n = 0; n < s.batch; ++n) {
            const DenseShape one{1, s.inputs, s.outputs};
            std::vector<T> row(static_cast<std::size_t>(s.outputs));
            dense<T>(one, src.data() + n * s.inputs, weights.data(), nullptr, row.data());
            CHECK(std::equal(row.begin(), row.end(), dst.begin() + n * s.outputs));
            row.resize(static_cast<std::size_t>(s.inputs));
            dense_transposed<T>(one, above.data() + n * s.outputs, weights.data(), row.data());
            CHECK(std::equal(row.begin(), row.end(), below.begin() + n * s.inputs));
        }
        auto again = gradient;
        dense_weight_gradient<T>(s, src.data(), above.data(), again.data());
        CHECK(again == gradient);
    }
    deconvviz::set_threads(before);
}
