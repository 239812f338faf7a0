// Spatial frequencies: against waves whose spectrum is known, a slow transform, and what a stride does to a wave.
#include "deconvviz/visualize/spectrum.hpp"

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/parallel.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using support::check_throws;
using support::random_tensor;

namespace {

constexpr double pi = std::numbers::pi;

/// cos(2π (v y + u x) / n) on n x n.
dv::Tensor<double> wave(Index n, Index v, Index u) {
    dv::Tensor<double> plane({n, n});
    for (Index y = 0; y < n; ++y)
        for (Index x = 0; x < n; ++x)
            plane(y, x) = std::cos(2 * pi * static_cast<double>(v * y + u * x) / static_cast<double>(n));
    return plane;
}

/// The definition, one frequency at a time.
double slow_power(const dv::Tensor<double>& plane, Index n, Index v, Index u) {
    std::complex<double> sum = 0;
    for (Index y = 0; y < plane.shape()[0]; ++y)
        for (Index x = 0; x < plane.shape()[1]; ++x)
            sum += plane(y, x) * std::polar(1.0, -2 * pi * static_cast<double>(v * y + u * x) / static_cast<double>(n));
    return std::norm(sum) / static_cast<double>(n * n);
}

}  // namespace

TEST_CASE("spectrum: a wave has its energy at its frequency and the opposite one") {
    const auto spectrum = dv::power_spectrum(wave(8, 1, 3));
    for (Index v = 0; v < 8; ++v)
        for (Index u = 0; u < 8; ++u) {
            const bool there = (v == 1 && u == 3) || (v == 7 && u == 5);
            CHECK(spectrum.power(v, u) == doctest::Approx(there ? 16 : 0).epsilon(1e-12));  // half of 64 / 2 each
        }
    CHECK(spectrum.frequency(3) == 0.375);
    CHECK(spectrum.frequency(4) == 0.5);
    CHECK(spectrum.frequency(5) == -0.375);
}

TEST_CASE("spectrum: filters of 2x1 by hand") {
    // 1, -1 below each other on 2x2 frequencies: F(0, u) = 0, F(1, u) = 2 for both u; |F|² / 4 = 1.
    const auto difference = dv::power_spectrum(dv::Tensor<float>({1, 1, 2, 1}, {1, -1}));
    support::check_tensor_close(difference.power, dv::Tensor<double>({2, 2}, {0, 0, 1, 1}), 1e-12, 1e-12);
    const auto mean = dv::power_spectrum(dv::Tensor<float>({1, 1, 2, 1}, {1, 1}));
    support::check_tensor_close(mean.power, dv::Tensor<double>({2, 2}, {1, 1, 0, 0}), 1e-12, 1e-12);
    const auto without = dv::power_spectrum(dv::Tensor<float>({1, 1, 2, 1}, {1, 1}), {.remove_mean = true});
    CHECK(without.total() == 0);
}

TEST_CASE("spectrum: as the definition says, summed over planes, padded; its sum is the energy") {
    const auto planes = random_tensor<double>({2, 3, 4, 5}, 1);
    for (const Index size : {5, 9}) {
        const auto spectrum = dv::power_spectrum(planes, {.size = size});
        dv::Tensor<double> expected({size, size});
        for (Index n = 0; n < 6; ++n)
            for (Index v = 0; v < size; ++v)
                for (Index u = 0; u < size; ++u)
                    expected(v, u) += slow_power(planes.entry(n / 3).entry(n % 3), size, v, u);
        support::check_tensor_close(spectrum.power, expected, 1e-10, 1e-12);
        CHECK(spectrum.total() == doctest::Approx(support::dot(planes, planes)));
    }
    auto windowed = planes;
    for (Index n = 0; n < 6; ++n) {
        double mean = 0;
        for (Index i = 0; i < 20; ++i) mean += planes[20 * n + i] / 20;
        for (Index i = 0; i < 20; ++i) {
            const double sy = std::sin(pi * (static_cast<double>(i / 5) + 0.5) / 4);
            const double sx = std::sin(pi * (static_cast<double>(i % 5) + 0.5) / 5);
            windowed[20 * n + i] = (planes[20 * n + i] - mean) * sy * sy * sx * sx;
        }
    }
    support::check_tensor_close(dv::power_spectrum(planes, {.remove_mean = true, .hann = true}).power,
                                dv::power_spectrum(windowed).power, 1e-9, 1e-12);
}

TEST_CASE("spectrum: the same on any number of threads") {
    const auto planes = random_tensor<float>({50, 6, 7}, 2);
    const int before = dv::threads();
    dv::set_threads(1);
    const auto one = dv::power_spectrum(planes);
    dv::set_threads(3);
    CHECK(dv::power_spectrum(planes).power == one.power);
    dv::set_threads(before);
}

TEST_CASE("frequency bands: each frequency is in one ring, at a lower edge in the upper one") {
    // On 4x4: radius 0 once, 1/4 four times, √2/4 four times, 1/2 twice, √5/4 four times, √2/2 once.
    const dv::PowerSpectrum flat{dv::Tensor<double>({4, 4}, 2.0)};
    const auto bands = dv::frequency_bands(flat, {0, 0.25, 0.5, 0.75});
    REQUIRE(bands.size() == 3);
    CHECK(bands[0].frequencies == 1);
    CHECK(bands[1].frequencies == 8);
    CHECK(bands[2].frequencies == 7);
    CHECK(bands[1].share == 0.5);
    for (const auto& band : bands) CHECK(band.mean_power == 2);
    const auto top = dv::frequency_bands(flat, {0.3, 0.5});  // the last band has its upper edge
    CHECK(top[0].frequencies == 6);
    CHECK(top[0].share == 1);
    CHECK(dv::frequency_bands(flat, {0.6, 0.7})[0].frequencies == 0);
    CHECK(dv::frequency_bands(flat, {0.6, 0.7})[0].mean_power == 0);
}

TEST_CASE("aliased share: waves beyond half a cycle per sample, which samples really take for others") {
    // Every second value of cos(2π 3 x / 8) is that of cos(2π 1 x / 8): aliased. Of 2 cycles: just carried.
    for (Index x = 0; x < 8; x += 2) CHECK(wave(8, 0, 3)(0, x) == doctest::Approx(wave(8, 0, 1)(0, x)));
    const auto share = [](Index v, Index u, dv::Size2D stride) {
        return dv::aliased_share(dv::power_spectrum(wave(8, v, u)), stride);
    };
    CHECK(share(0, 3, 2) == doctest::Approx(1));
    CHECK(share(0, 2, 2) == doctest::Approx(0));
    CHECK(share(3, 1, 2) == doctest::Approx(1));
    CHECK(share(3, 1, {1, 2}) == doctest::Approx(0));
    CHECK(share(3, 4, 1) == 0);
    const auto both = dv::power_spectrum(dv::stack(std::vector{wave(8, 0, 1), wave(8, 0, 3)}));
    CHECK(dv::aliased_share(both, 2) == doctest::Approx(0.5));
    CHECK(dv::aliased_share(both, 4) == doctest::Approx(0.5));
    CHECK(dv::aliased_share(both, 8) == doctest::Approx(1));
}

TEST_CASE("spectrum: no energy gives shares of 0; what makes no sense throws") {
    const auto zero = dv::power_spectrum(dv::Tensor<float>({3, 4, 4}));
    CHECK(dv::aliased_share(zero, 4) == 0);
    CHECK(dv::frequency_bands(zero, {0, 1})[0].share == 0);
    dv::Tensor<float> bad({2, 3, 3});
    bad[10] = std::numeric_limits<float>::quiet_NaN();
    check_throws<dv::OptionError>([&] { dv::power_spectrum(bad); }, {"value 10 of (2,3,3) is nan"});
    check_throws<dv::ShapeError>([] { dv::power_spectrum(dv::Tensor<float>({5})); }, {"(…,H,W)", "(5)"});
    check_throws<dv::ShapeError>([] { dv::power_spectrum(dv::Tensor<float>({0, 3, 3})); }, {"(0,3,3)"});
    check_throws<dv::OptionError>(
        [] {
            dv::power_spectrum(dv::Tensor<float>({3, 5}), {.size = 4});
        },
        {"at least 5", "got 4"});
    check_throws<dv::OptionError>([&] { dv::aliased_share(zero, {2, 0}); }, {"aliased share", "stride"});
    check_throws<dv::OptionError>([&] { dv::frequency_bands(zero, {0.1}); }, {"two edges"});
    for (const std::vector<double>& edges :
         {std::vector{0.2, 0.2}, std::vector{-0.1, 0.2}, std::vector{0.0, std::nan("")}, std::vector{0.3, 0.1}})
        check_throws<dv::OptionError>([&] { dv::frequency_bands(zero, edges); }, {"rising edges"});
}
