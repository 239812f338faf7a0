// Tensors as Eigen's matrices, and back: whose memory it is, which value lies where, what does not fit.
#include "deconvviz/core/eigen.hpp"

#include <type_traits>

#include <doctest/doctest.h>

#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;

TEST_CASE_TEMPLATE("eigen: a batch as a matrix, a picture of it, and a map of that", T, float, double) {
    auto batch = support::random_tensor<T>({3, 2, 4, 5}, 1);
    const auto all = dv::as_matrix(batch);
    CHECK(all.rows() == 3);
    CHECK(all.cols() == 40);
    CHECK(all.data() == batch.data());
    for (Index n = 0; n < 3; ++n) {
        const auto picture = dv::as_matrix(batch, n);
        CHECK(picture.rows() == 2);
        CHECK(picture.cols() == 20);
        for (Index c = 0; c < 2; ++c) {
            const auto map = dv::as_matrix(batch, n, c);
            CHECK(map.rows() == 4);
            CHECK(map.cols() == 5);
            for (Index y = 0; y < 4; ++y)
                for (Index x = 0; x < 5; ++x) {
                    CHECK(&map(y, x) == &batch(n, c, y, x));
                    CHECK(&picture(c, y * 5 + x) == &batch(n, c, y, x));
                    CHECK(&all(n, c * 20 + y * 5 + x) == &batch(n, c, y, x));
                }
            CHECK(dv::as_matrix(batch, n, c, 3).rows() == 5);
            CHECK(&dv::as_matrix(batch, n, c, 3)(4, 0) == &batch(n, c, 3, 4));
        }
    }
}

TEST_CASE("eigen: what is written through a map is in the tensor; a const tensor is only read") {
    Tensor<float> batch({2, 3}, {1, 2, 3, 4, 5, 6});
    dv::as_matrix(batch) *= 2;
    dv::as_matrix(batch).row(0).array() += 1;
    CHECK(batch == Tensor<float>({2, 3}, {3, 5, 7, 8, 10, 12}));
    const Tensor<float>& fixed = batch;
    static_assert(std::is_same_v<decltype(dv::as_matrix(fixed)), dv::ConstMatrixMap<float>>);
    CHECK(dv::as_matrix(fixed).sum() == 45);
    CHECK(dv::as_matrix(Tensor<float>({4}, 2) = fixed.reshaped({6})).cols() == 1);
}

TEST_CASE("eigen: a product of batch and weights is a Dense layer's sum") {
    const auto batch = support::random_tensor<double>({4, 2, 3, 1}, 2);
    const auto weights = support::random_tensor<double>({5, 6}, 3);
    const auto product = dv::to_tensor(dv::as_matrix(batch) * dv::as_matrix(weights).transpose());
    REQUIRE(product.shape() == Shape{4, 5});
    for (Index n = 0; n < 4; ++n)
        for (Index o = 0; o < 5; ++o) {
            double sum = 0;
            for (Index i = 0; i < 6; ++i) sum += batch.slice(n)[static_cast<std::size_t>(i)] * weights(o, i);
            CHECK(product(n, o) == doctest::Approx(sum));
        }
}

TEST_CASE("eigen: tensors of matrices by columns, by rows, of blocks, strided maps, arrays and vectors") {
    Eigen::MatrixXf columns(2, 3);
    columns << 1, 2, 3, 4, 5, 6;
    const Tensor<float> expected({2, 3}, {1, 2, 3, 4, 5, 6});
    CHECK(dv::to_tensor(columns) == expected);
    CHECK(dv::to_tensor(dv::RowMajorMatrix<float>(columns)) == expected);
    CHECK(dv::to_tensor(columns.array() + 1) == Tensor<float>({2, 3}, {2, 3, 4, 5, 6, 7}));
    CHECK(dv::to_tensor(columns.transpose()) == Tensor<float>({3, 2}, {1, 4, 2, 5, 3, 6}));
    CHECK(dv::to_tensor(columns.rightCols(2)) == Tensor<float>({2, 2}, {2, 3, 5, 6}));
    CHECK(dv::to_tensor(columns.cast<double>()) == Tensor<double>({2, 3}, {1, 2, 3, 4, 5, 6}));
    CHECK(dv::to_tensor(columns, {1, 3, 2}) == expected.reshaped({1, 3, 2}));
    CHECK(dv::to_tensor(columns.row(1)) == Tensor<float>({3}, {4, 5, 6}));
    CHECK(dv::to_tensor(Eigen::Vector3d(1, 2, 3)) == Tensor<double>({3}, {1, 2, 3}));

    const float memory[] = {1, 2, 3, -1, 4, 5, 6, -1};  // rows of four, the last of each no part of it
    const Eigen::Map<const dv::RowMajorMatrix<float>, 0, Eigen::OuterStride<>> padded(memory, 2, 3,
                                                                                      Eigen::OuterStride<>(4));
    CHECK(dv::to_tensor(padded) == expected);
    const Eigen::Map<const Eigen::MatrixXf, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> every_second(
        memory, 2, 2, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(4, 2));
    CHECK(dv::to_tensor(every_second) == Tensor<float>({2, 2}, {1, 4, 3, 6}));
    CHECK(dv::to_tensor(Eigen::MatrixXf(0, 3)) == Tensor<float>(Shape{0, 3}));
}

TEST_CASE("eigen: there and back, the same bits") {
    const auto batch = support::random_tensor<float>({2, 3, 5, 4}, 9);
    const Eigen::MatrixXf by_columns = dv::as_matrix(batch);
    CHECK(dv::to_tensor(by_columns, batch.shape()) == batch);
}

TEST_CASE("eigen: sizes and indices that do not fit") {
    const Tensor<float> batch({2, 3, 4, 5});
    support::check_throws<dv::OptionError>([&] { dv::as_matrix(batch, 2); },
                                           {"from 0 to 1 for dimension 0 of (2,3,4,5), got 2"});
    support::check_throws<dv::OptionError>([&] { dv::as_matrix(batch, 1, -1); }, {"from 0 to 2 for dimension 1", "-1"});
    support::check_throws<dv::ShapeError>([&] { dv::as_matrix(batch, 0, 0, 0, 0); },
                                          {"got 4 for a tensor of (2,3,4,5)"});
    support::check_throws<dv::ShapeError>([&] { dv::to_tensor(Eigen::MatrixXf(2, 3), {7}); },
                                          {"shape (7) holds 7 values, got 2x3"});
}
