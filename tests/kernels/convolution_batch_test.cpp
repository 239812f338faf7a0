// Batches of small maps, whose pictures the kernels may lay side by side: the same bits as for each picture alone.
#include <array>

#include "convolution_support.hpp"

namespace {

using namespace kernel_test;

/// A convolution of maps so small that batches are worth it.
ConvolutionShape small_maps(Random& random, Index batch) {
    for (;;) {
        ConvolutionShape s;
        s.batch = batch;
        s.groups = random.chance(0.2) ? 2 : 1;
        s.src_channels = s.groups * (1 + random.below(20));
        s.dst_channels = s.groups * (1 + random.below(20));
        s.src_height = 1 + random.below(14);
        s.src_width = 1 + random.below(14);
        s.sliding.kernel = random_size(random, 1, 6);
        s.sliding.stride = random.chance(0.6) ? Size2D(1) : random_size(random, 1, 4);
        s.sliding.padding = random.chance(0.4) ? Size2D(0) : random_size(random, 0, 5);
        s.sliding.dilation = random.chance(0.8) ? Size2D(1) : random_size(random, 1, 3);
        if (set_dst_size(s) && cost(s) <= 2000000) return s;
    }
}

constexpr std::array<Index, 8> batches{7, 8, 16, 20, 32, 33, 64, 70};

}  // namespace

TEST_CASE_TEMPLATE("convolution and its transpose: a picture alone has the bits that it has in its batch", T, float,
                   double) {
    Random random(21);
    for (const Index batch : batches)
        for (std::uint64_t seed = 0; seed < 25; ++seed) {
            const Problem<T> p(small_maps(random, batch), seed);
            INFO(describe(p.shape));
            const auto up = p.up();
            const auto down = p.down();
            for (const Index n : {Index{0}, random.below(batch), batch - 1}) check_alone(p, up, down, n);
        }
}

TEST_CASE_TEMPLATE("convolution and its transpose: part of a batch has the bits that it has in the whole", T, float,
                   double) {
    Random random(22);
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const Problem<T> p(small_maps(random, 70), seed);
        INFO(describe(p.shape));
        const auto up = p.up();
        const auto down = p.down();
        for (const Index count : {3, 8, 20, 33}) {
            INFO(count << " pictures");
            Problem<T> part = p;
            part.shape.batch = count;
            for (auto* values : {&part.src, &part.dst})
                values->resize(values->size() / 70 * static_cast<std::size_t>(count));
            CHECK(std::memcmp(part.up().data(), up.data(), part.dst.size() * sizeof(T)) == 0);
            CHECK(std::memcmp(part.down().data(), down.data(), part.src.size() * sizeof(T)) == 0);
        }
    }
}

TEST_CASE_TEMPLATE("convolution and its transpose: in a batch, a window has the bits of the whole", T, float, double) {
    Random random(23);
    for (const Index batch : batches)
        for (std::uint64_t seed = 0; seed < 12; ++seed) {
            const Problem<T> p(small_maps(random, batch), seed);
            INFO(describe(p.shape));
            check_windows(p, 2, random);
        }
}

TEST_CASE_TEMPLATE("convolution, its transpose and its gradient: batches have the same bits on any number of threads",
                   T, float, double) {
    Random random(24);
    for (const Index batch : batches)
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            const Problem<T> p(small_maps(random, batch), seed);
            INFO(describe(p.shape));
            check_threads(p);
        }
}

TEST_CASE_TEMPLATE("convolution, its transpose and its gradient: batches of small maps match the exact sums", T, float,
                   double) {
    constexpr double bound = sizeof(T) == 4 ? 4e-6 : 1e-14;
    Random random(25);
    for (const Index batch : batches)
        for (std::uint64_t seed = 0; seed < 25; ++seed) {
            const Problem<T> p(small_maps(random, batch), seed);
            INFO(describe(p.shape));
            const Exact exact(p);
            CHECK(worst_error(p.up(), exact.up, 1) < bound);
            CHECK(worst_error(p.down(), exact.down, 1) < bound);
            CHECK(worst_error(p.gradient(), exact.gradient, 1) < bound);
        }
}
