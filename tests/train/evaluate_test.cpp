// evaluate: a fixed model whose answers are known.
#include "deconvviz/train/evaluate.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Tensor;

namespace {

/// Its logits are the three pixels of the picture.
dv::Sequential<double> pixels() {
    return dv::Sequential<double>({1, 1, 3}, dv::Flatten<double>());
}

/// Classified as 0, 2, 2, 1, 0 (the first of equal pixels); labels 0, 2, 1, 1, 2.
dv::Dataset<double> five_pictures() {
    return {Tensor<double>({5, 1, 1, 3}, {5, 1, 2,  //
                                          0, 1, 9,  //
                                          3, 4, 6,  //
                                          0, 2, 1,  //
                                          7, 7, 7}),
            {0, 2, 1, 1, 2},
            3};
}

}  // namespace

TEST_CASE("evaluate: accuracy, predictions, confusion and loss of a hand-worked case, in any batches") {
    const auto data = five_pictures();
    double loss = 0;
    for (Index n = 0; n < 5; ++n) {
        double sum = 0;
        for (const double logit : data.images.slice(n)) sum += std::exp(logit);
        const auto label = static_cast<std::size_t>(data.labels[static_cast<std::size_t>(n)]);
        loss += std::log(sum) - data.images.slice(n)[label];
    }
    for (const Index batch : {1, 2, 3, 5, 256}) {
        CAPTURE(batch);
        const dv::Evaluation result = dv::evaluate(pixels(), data, batch);
        CHECK(result.accuracy == doctest::Approx(0.6).epsilon(1e-15));
        CHECK(result.predictions == std::vector<int>{0, 2, 2, 1, 0});
        CHECK(result.confusion == Tensor<double>({3, 3}, {1, 0, 0, 0, 1, 1, 1, 0, 1}));
        CHECK(result.loss == doctest::Approx(loss / 5).epsilon(1e-14));
    }
}

TEST_CASE("evaluate: progress counts pictures and can cancel") {
    CHECK_THROWS_WITH_AS(
        dv::evaluate(pixels(), five_pictures(), 2, [](const dv::Progress& progress) { return progress.done < 4; }),
        "evaluate: cancelled after 4 of 5 pictures", dv::CancelledError);
}

TEST_CASE("evaluate: model and data that do not fit throw, with both shapes") {
    const auto data = five_pictures();
    const dv::Sequential<double> taller({1, 2, 3}, dv::Flatten<double>());
    support::check_throws<dv::ShapeError>([&] { dv::evaluate(taller, data); }, {"(1,2,3)", "(1,1,3)"});
    const dv::Sequential<double> more({1, 1, 3}, dv::Flatten<double>(), dv::Dense<double>({.in = 3, .out = 4}));
    support::check_throws<dv::ShapeError>([&] { dv::evaluate(more, data); }, {"3 classes", "(4)"});
    support::check_throws<dv::OptionError>([&] { dv::evaluate(pixels(), data, 0); }, {"batch", "got 0"});
    support::check_throws<dv::OptionError>([&] { dv::evaluate(pixels(), data.first(0)); }, {"empty"});
    auto wrong = data;
    wrong.labels[3] = 3;
    support::check_throws<dv::OptionError>([&] { dv::evaluate(pixels(), wrong); }, {"label 3", "picture 3"});
    wrong.labels.pop_back();
    support::check_throws<dv::ShapeError>([&] { dv::evaluate(pixels(), wrong); }, {"4 labels", "(5,1,1,3)"});
}
