// Softmax cross-entropy: by hand, by finite differences, with large logits.
#include "deconvviz/train/loss.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Tensor;

namespace {

dv::LossReport loss_of(const Tensor<double>& logits, const std::vector<int>& labels, Tensor<double>* grad = nullptr) {
    return dv::softmax_cross_entropy<double>(logits, labels, grad);
}

}  // namespace

TEST_CASE("loss: hand-computed values, gradient and hits") {
    // The rows' probabilities: 1/8, 1/4, 5/8 and 1/4, 1/4, 1/2.
    const Tensor<double> logits({2, 3}, {0, std::log(2.0), std::log(5.0), 7, 7, 7 + std::log(2.0)});
    Tensor<double> grad;
    const auto report = loss_of(logits, {1, 2}, &grad);
    CHECK(report.loss == doctest::Approx((std::log(4.0) + std::log(2.0)) / 2).epsilon(1e-14));
    CHECK(report.correct == 1);
    support::check_tensor_close(grad, Tensor<double>({2, 3}, {0.0625, -0.375, 0.3125, 0.125, 0.125, -0.25}), 1e-14);
    CHECK(loss_of(logits, {1, 2}).loss == report.loss);
}

TEST_CASE("loss: of equal logits the first counts as the answer") {
    CHECK(loss_of(Tensor<double>({1, 3}, {1, 4, 4}), {1}).correct == 1);
    CHECK(loss_of(Tensor<double>({1, 3}, {1, 4, 4}), {2}).correct == 0);
    CHECK(loss_of(Tensor<double>({2, 2}), {0, 1}).correct == 1);
}

TEST_CASE("loss: the gradient equals finite differences") {
    auto logits = support::random_tensor<double>({5, 4}, 1, -3, 3);
    const std::vector<int> labels{0, 3, 2, 2, 1};
    Tensor<double> grad({2}, 9.0);
    loss_of(logits, labels, &grad);
    const auto numeric = support::finite_difference(logits, [&] { return loss_of(logits, labels).loss; });
    support::check_close_to_largest(grad, numeric, 1e-8);
}

TEST_CASE("loss: large logits stay finite and exact") {
    Tensor<float> grad;
    const Tensor<float> logits({2, 2}, {5000, -5000, 1e30F, 1e30F});
    const auto report = dv::softmax_cross_entropy<float>(logits, std::vector<int>{1, 0}, &grad);
    CHECK(report.loss == doctest::Approx((10000 + std::log(2.0)) / 2).epsilon(1e-7));
    CHECK(grad == Tensor<float>({2, 2}, {0.5F, -0.5F, -0.25F, 0.25F}));
}

TEST_CASE("loss: labels that do not fit throw, with what was expected and what came") {
    const Tensor<double> logits({2, 3});
    support::check_throws<dv::ShapeError>([&] { loss_of(logits, {1}); }, {"(N,classes)", "1 labels", "(2,3)"});
    support::check_throws<dv::ShapeError>([&] { loss_of(Tensor<double>({2, 3, 1, 1}), {1, 1}); }, {"(2,3,1,1)"});
    support::check_throws<dv::OptionError>([&] { loss_of(logits, {0, 3}); }, {"label 3", "0 … 2"});
    support::check_throws<dv::OptionError>([&] { loss_of(logits, {-1, 0}); }, {"label -1"});
}
