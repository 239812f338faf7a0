// Similarity of maps: by hand, and against slow versions that say what the formulas say.
#include "deconvviz/visualize/similarity.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/random.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using doctest::Approx;
using dv::Index;
using dv::Shape;
using dv::Signs;
using dv::Tensor;

namespace {

constexpr double NaN = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::span<const double> span(const std::vector<double>& values) {
    return values;
}

double rank(const std::vector<double>& a, const std::vector<double>& b, Signs signs = Signs::kept) {
    return dv::rank_correlation(span(a), span(b), signs);
}

/// The rank of a value: one more than there are smaller ones, and half for each equal one beside it.
std::vector<double> slow_ranks(const std::vector<double>& values) {
    std::vector<double> ranks;
    for (const double value : values) {
        double rank = 0.5;
        for (const double other : values) rank += other < value ? 1 : other == value ? 0.5 : 0;
        ranks.push_back(rank);
    }
    return ranks;
}

double slow_correlation(const std::vector<double>& a, const std::vector<double>& b) {
    const auto n = static_cast<double>(a.size());
    double mean_a = 0, mean_b = 0, mixed = 0, square_a = 0, square_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        mean_a += a[i] / n;
        mean_b += b[i] / n;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        mixed += (a[i] - mean_a) * (b[i] - mean_b);
        square_a += (a[i] - mean_a) * (a[i] - mean_a);
        square_b += (b[i] - mean_b) * (b[i] - mean_b);
    }
    return mixed / std::sqrt(square_a * square_b);
}

/// The structural similarity around one position by two-dimensional sums, with deviations from the means.
double slow_local(const Tensor<double>& a, const Tensor<double>& b, Index top, Index left, Index side, double sigma,
                  double range) {
    const auto middle = static_cast<double>(side / 2);
    double sum = 0, mean_a = 0, mean_b = 0, var_a = 0, var_b = 0, mixed = 0;
    const auto weight = [&](Index y, Index x) {
        const double dy = static_cast<double>(y) - middle, dx = static_cast<double>(x) - middle;
        return std::exp(-(dy * dy + dx * dx) / (2 * sigma * sigma));
    };
    for (Index y = 0; y < side; ++y)
        for (Index x = 0; x < side; ++x) sum += weight(y, x);
    for (Index y = 0; y < side; ++y)
        for (Index x = 0; x < side; ++x) {
            mean_a += weight(y, x) / sum * a(top + y, left + x);
            mean_b += weight(y, x) / sum * b(top + y, left + x);
        }
    for (Index y = 0; y < side; ++y)
        for (Index x = 0; x < side; ++x) {
            const double w = weight(y, x) / sum;
            const double da = a(top + y, left + x) - mean_a, db = b(top + y, left + x) - mean_b;
            var_a += w * da * da;
            var_b += w * db * db;
            mixed += w * da * db;
        }
    const double c1 = std::pow(0.01 * range, 2), c2 = std::pow(0.03 * range, 2);
    return (2 * mean_a * mean_b + c1) * (2 * mixed + c2) /
           ((mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2));
}

double slow_similarity(const Tensor<double>& a, const Tensor<double>& b, Index side, double range) {
    double sum = 0;
    int count = 0;
    for (Index y = 0; y + side <= a.shape()[0]; ++y)
        for (Index x = 0; x + side <= a.shape()[1]; ++x, ++count) sum += slow_local(a, b, y, x, side, 1.5, range);
    return sum / count;
}

}  // namespace

TEST_CASE("similarity: ranks by hand; equal values share the mean of theirs") {
    CHECK(dv::average_ranks(span({30, 10, 20})) == std::vector<double>{3, 1, 2});
    CHECK(dv::average_ranks(span({5, 1, 5, -2, 5, 1})) == std::vector<double>{5, 2.5, 5, 1, 5, 2.5});
    CHECK(dv::average_ranks(span({0.0, -0.0})) == std::vector<double>{1.5, 1.5});
    CHECK(dv::average_ranks(span({infinity, 1, -infinity})) == std::vector<double>{3, 2, 1});
    for (const double each : dv::average_ranks(span({1, NaN, 2}))) CHECK(std::isnan(each));
}

TEST_CASE("similarity: rank correlation by hand") {
    // Without ties 1 - 6 Σ d² / (n (n² - 1)); the differences of rank are 1, 1, 0, 1, 1.
    CHECK(rank({1, 2, 3, 4, 5}, {20, 10, 30, 50, 40}) == Approx(1 - 6.0 * 4 / (5 * 24)).epsilon(1e-14));
    CHECK(rank({1, 2, 3, 4}, {1, 10, 100, 1000}) == Approx(1).epsilon(1e-14));
    CHECK(rank({1, 2, 3, 4}, {4, 1, 0, -7}) == Approx(-1).epsilon(1e-14));
    // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5 / √(4.5 · 5).
    CHECK(rank({1, 2, 2, 3}, {1, 2, 3, 4}) == Approx(4.5 / std::sqrt(4.5 * 5)).epsilon(1e-14));
    CHECK(rank({-1, 2, -3, 4}, {1, 2, 3, 4}) == Approx(0.4).epsilon(1e-14));  // ranks 2, 3, 1, 4
    CHECK(rank({-1, 2, -3, 4}, {1, 2, 3, 4}, Signs::dropped) == Approx(1).epsilon(1e-14));
}

TEST_CASE("similarity: correlations equal slow versions on random values with many ties") {
    dv::Random random(3);
    for (int i = 0; i < 40; ++i) {
        std::vector<double> a, b;
        for (Index n = 2 + random.below(60); n-- > 0;) {
            a.push_back(static_cast<double>(random.below(7)) - 3);
            b.push_back(random.chance(0.5) ? a.back() : static_cast<double>(random.below(9)));
        }
        a[0] = 11;  // not constant
        b[0] = -5;
        CHECK(dv::correlation(span(a), span(b)) == Approx(slow_correlation(a, b)).epsilon(1e-12));
        CHECK(dv::average_ranks(span(a)) == slow_ranks(a));
        CHECK(rank(a, b) == Approx(slow_correlation(slow_ranks(a), slow_ranks(b))).epsilon(1e-12));
    }
}

TEST_CASE("similarity: a map that is constant, or holds no number, correlates with none") {
    CHECK(std::isnan(rank({2, 2, 2}, {1, 2, 3})));
    CHECK(std::isnan(rank({1, 2, 3}, {0, 0, 0})));
    CHECK(std::isnan(rank({0.1, 0.1, 0.1, 0.1}, {0.1, 0.1, 0.1, 0.1})));
    CHECK(std::isnan(rank({1, NaN, 3}, {1, 2, 3})));
    CHECK(std::isnan(rank({1, -1}, {1, 2}, Signs::dropped)));
    CHECK(std::isnan(dv::correlation(span({1, infinity, 3}), span({1, 2, 3}))));
    CHECK(rank({1, infinity, 3}, {1, 4, 3}) == Approx(1));
    support::check_throws<dv::ShapeError>([] { rank({1, 2}, {1, 2, 3}); }, {"rank correlation", "2 and 3"});
    support::check_throws<dv::ShapeError>([] { rank({}, {}); }, {"rank correlation", "0 and 0"});
}

TEST_CASE("similarity: structural similarity equals sums over each window, of any size, and the mean over channels") {
    for (const auto& [height, width, side] :
         {std::tuple<Index, Index, Index>{19, 23, 11}, {9, 30, 9}, {8, 12, 7}, {1, 5, 1}, {2, 2, 1}}) {
        const auto a = support::random_tensor<double>({height, width}, 4);
        auto b = support::random_tensor<double>({height, width}, 5);
        for (Index i = 0; i < b.size(); ++i) b[i] = 0.6 * a[i] + 0.4 * b[i];
        const double expected = slow_similarity(a, b, side, 2);
        CHECK(dv::structural_similarity(a, b, {.range = 2}) == Approx(expected).epsilon(1e-10));
        const auto both = dv::stack(std::vector{a, b});
        const auto same = dv::stack(std::vector{a, a});
        CHECK(dv::structural_similarity(same, both, {.range = 2}) == Approx((1 + expected) / 2).epsilon(1e-10));
    }
    const auto a = support::random_tensor<double>({12, 12}, 6);
    CHECK(dv::structural_similarity(a, support::random_tensor<double>({12, 12}, 7), {.range = 2, .window = 5}) ==
          Approx(slow_similarity(a, support::random_tensor<double>({12, 12}, 7), 5, 2)).epsilon(1e-10));
}

TEST_CASE("similarity: structural similarity by hand: of equal, constant and opposite maps") {
    const auto a = support::random_tensor<float>({3, 15, 13}, 8);
    CHECK(dv::structural_similarity(a, a) == Approx(1).epsilon(1e-12));
    // Constant maps differ in their means alone.
    const Tensor<double> low({12, 12}, 0.25), high({12, 12}, 0.75);
    CHECK(dv::structural_similarity(low, high) ==
          Approx((2 * 0.25 * 0.75 + 1e-4) / (0.0625 + 0.5625 + 1e-4)).epsilon(1e-9));
    CHECK(dv::structural_similarity(low, low) == Approx(1));
    auto opposite = a;
    for (float& value : opposite) value = -value;
    CHECK(dv::map_similarity(a, opposite).structural < -0.9);
    CHECK(dv::map_similarity(a, opposite).magnitude == Approx(1));
    auto broken = a;
    broken(1, 2, 3) = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(dv::structural_similarity(a, broken)));
}

TEST_CASE("similarity: what no structural similarity can be computed of is refused") {
    const Tensor<float> a({5, 5});
    support::check_throws<dv::ShapeError>(
        [&] {
            dv::structural_similarity(a, Tensor<float>({5, 6}));
        },
        {"structural similarity", "(5,5)", "(5,6)"});
    support::check_throws<dv::ShapeError>([] { dv::structural_similarity(Tensor<float>({5}), Tensor<float>({5})); },
                                          {"(C,H,W)", "(5)"});
    support::check_throws<dv::OptionError>([&] { dv::structural_similarity(a, a, {.window = 4}); }, {"window = 4"});
    support::check_throws<dv::OptionError>([&] { dv::structural_similarity(a, a, {.range = 0}); }, {"range = 0"});
    support::check_throws<dv::OptionError>([&] { dv::structural_similarity(a, a, {.sigma = NaN}); }, {"sigma = nan"});
}

TEST_CASE("similarity: of maps it does not depend on their scales, and means are over what is defined") {
    const auto a = support::random_tensor<double>({1, 14, 14}, 9);
    const auto b = support::random_tensor<double>({1, 14, 14}, 10);
    auto scaled = a;
    for (double& value : scaled) value *= 1e-7;
    const auto plain = dv::map_similarity(a, b);
    const auto other = dv::map_similarity(scaled, b);
    CHECK(other.rank == Approx(plain.rank).epsilon(1e-12));
    CHECK(other.magnitude == Approx(plain.magnitude).epsilon(1e-12));
    CHECK(other.structural == Approx(plain.structural).epsilon(1e-9));
    CHECK(plain.rank == dv::rank_correlation(a.values(), b.values()));
    CHECK(plain.magnitude == dv::rank_correlation(a.values(), b.values(), Signs::dropped));
    // As pictures: values from 0 to 1, zero in the middle, or at the low end where there is no sign.
    auto to_one = a, to_one_b = b;
    for (double& value : to_one) value = 0.5 + 0.5 * value / support::largest(a);
    for (double& value : to_one_b) value = 0.5 + 0.5 * value / support::largest(b);
    CHECK(plain.structural == Approx(dv::structural_similarity(to_one, to_one_b)).epsilon(1e-12));
    auto larger = to_one;  // without signs, and a largest value of 3
    for (double& value : larger) value *= 3 / support::largest(to_one);
    const double first = support::largest(to_one), second = support::largest(to_one_b);
    for (double& value : to_one) value /= first;
    for (double& value : to_one_b) value /= second;
    CHECK(dv::map_similarity(larger, to_one_b).structural ==
          Approx(dv::structural_similarity(to_one, to_one_b)).epsilon(1e-12));

    const auto dead = dv::map_similarity(a, Tensor<double>({1, 14, 14}));
    CHECK(std::isnan(dead.rank));
    CHECK(std::isnan(dead.magnitude));
    CHECK(std::isnan(dead.structural));
    const std::vector<dv::MapSimilarity> all{{.rank = 0.5, .magnitude = 0.25, .structural = NaN},
                                             {.rank = 1, .magnitude = NaN, .structural = NaN}};
    const auto mean = dv::mean_similarity(all);
    CHECK(mean.rank == 0.75);
    CHECK(mean.magnitude == 0.25);
    CHECK(std::isnan(mean.structural));
}
