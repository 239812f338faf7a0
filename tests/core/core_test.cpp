#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"

using namespace deconvviz;

TEST_CASE("shape: dimensions, elements and text") {
    const Shape shape{2, 3, 4};
    CHECK(shape.rank() == 3);
    CHECK(shape.elements() == 24);
    CHECK(detail::concat(shape) == "(2,3,4)");
    CHECK(shape.batched(5) == Shape{5, 2, 3, 4});
    CHECK(shape.sample() == Shape{3, 4});
    CHECK(Shape{}.elements() == 1);
    CHECK_THROWS_AS(Shape({2, -1}), ShapeError);
    CHECK_THROWS_AS(Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
    CHECK_THROWS_AS(Shape({Index{1} << 40, Index{1} << 40}), ShapeError);
    CHECK_THROWS_AS(Shape({1, 1, 1, 1, 1, 1, 1, 1}).batched(1), ShapeError);
}

TEST_CASE("shape: output sizes of convolution and pooling are those of PyTorch") {
    CHECK(convolved_size(224, 7, 2, 1) == 110);
    CHECK(convolved_size(5, 3, 1, 0, 2) == 1);
    CHECK(convolved_size(4, 3, 1, 0, 2) == 0);
    CHECK(pooled_size(110, 3, 2, 0, true) == 55);
    CHECK(pooled_size(110, 3, 2, 0, false) == 54);
    CHECK(pooled_size(5, 2, 2, 0, true) == 3);
    CHECK(pooled_size(5, 2, 2, 1, true) == 3);  // a fourth window would start beyond input and padding
    CHECK(pooled_size(2, 3, 1, 0, true) == 0);
}

TEST_CASE("window: receptive and projective fields match brute force") {
    Random random(5);
    for (int i = 0; i < 3000; ++i) {
        const Index k = 1 + random.below(5), s = 1 + random.below(4), p = random.below(4), d = 1 + random.below(3);
        const Index size = 1 + random.below(20);
        const Index outputs = convolved_size(size, k, s, p, d);
        if (outputs == 0) continue;
        const SlidingWindow sliding{{k, 1}, {s, 1}, {p, 0}, {d, 1}};
        const Index first = random.below(outputs), count = 1 + random.below(outputs - first);
        const Index in_first = random.below(size), in_count = 1 + random.below(size - in_first);
        std::set<Index> read, reached;
        for (Index o = 0; o < outputs; ++o)
            for (Index t = 0; t < k; ++t) {
                const Index at = o * s - p + t * d;
                if (at < 0 || at >= size) continue;
                if (o >= first && o < first + count) read.insert(at);
                if (at >= in_first && at < in_first + in_count) reached.insert(o);
            }
        const Window reads = sliding.reads({first, 0, count, 1}, size, 1);
        const Window reaches = sliding.reached_by({in_first, 0, in_count, 1}, outputs, 1);
        CHECK(reached.empty() == reaches.empty());
        if (!reached.empty()) {
            CHECK(reaches.y == *reached.begin());
            CHECK(reaches.y + reaches.height - 1 == *reached.rbegin());
        }
        CHECK(read.empty() == reads.empty());
        if (!read.empty()) {
            CHECK(reads.y == *read.begin());
            CHECK(reads.y + reads.height - 1 == *read.rbegin());
        }
        for (const Index at : read) CHECK(contains(reads, {at, 0, 1, 1}));
    }
}

TEST_CASE("tensor: values, entries, reshaping and stacking") {
    Tensor<float> tensor({2, 3}, {1, 2, 3, 4, 5, 6});
    CHECK(tensor(1, 2) == 6);
    CHECK(tensor.entry(1) == Tensor<float>({3}, {4, 5, 6}));
    CHECK(tensor.reshaped({3, 2})(2, 0) == 5);
    CHECK(stack(std::vector{tensor.entry(0), tensor.entry(1)}) == tensor);
    CHECK_THROWS_AS(tensor.entry(2), OptionError);
    CHECK_THROWS_AS(tensor.entry(-1), OptionError);
    CHECK_THROWS_AS((void)tensor.reshaped({4, 2}), ShapeError);
    CHECK_THROWS_AS(Tensor<float>({2}, {1, 2, 3}), ShapeError);
    CHECK_THROWS_AS(stack(std::vector<Tensor<float>>{}), OptionError);
    CHECK_THROWS_AS(stack(std::vector{tensor, tensor.reshaped({3, 2})}), ShapeError);
    Tensor<float> copy = tensor;
    copy[0] = 9;
    CHECK(tensor[0] == 1);
}

TEST_CASE("parallel_for: every index once, whatever the number of threads and the grain") {
    const int before = threads();
    for (const int count : {1, 2, 4}) {
        set_threads(count);
        for (const Index grain : {1, 3, 1000}) {
            std::vector<std::atomic<int>> visits(100);
            parallel_for(100, grain, [&](Index begin, Index end) {
                for (Index i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
            });
            for (const auto& visit : visits) CHECK(visit == 1);
        }
    }
    set_threads(before);
    CHECK_THROWS_AS(set_threads(0), OptionError);
}

TEST_CASE("parallel_for: an exception comes back to the caller, and loops within loops run serially") {
    const int before = threads();
    set_threads(3);
    CHECK_THROWS_AS(parallel_for(50, 1,
                                 [](Index i, Index) {
                                     if (i == 17) throw std::runtime_error("17");
                                 }),
                    std::runtime_error);
    std::atomic<int> inner{0};
    parallel_for(8, 1, [&](Index, Index) {
        parallel_for(10, 1, [&](Index begin, Index end) { inner += static_cast<int>(end - begin); });
    });
    CHECK(inner == 80);
    set_threads(before);
}

TEST_CASE("random: the same numbers everywhere, with the moments they should have") {
    Random random(1);
    CHECK(random.bits() == 0x910a2dec89025cc1ULL);  // SplitMix64 from seed 1, a published first value
    double mean = 0, squares = 0;
    for (int i = 0; i < 100000; ++i) {
        const double x = random.normal();
        mean += x / 100000;
        squares += x * x / 100000;
    }
    CHECK(mean == doctest::Approx(0).epsilon(0.02));
    CHECK(squares == doctest::Approx(1).epsilon(0.02));
    std::vector<int> values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    random.shuffle(values);
    CHECK(std::set<int>(values.begin(), values.end()).size() == 10);
    CHECK(values != std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("random: a normal number is the sum of twelve numbers of 16 bits; skip passes over as many as it says") {
    Random random(7);
    Random same(7);
    for (int i = 0; i < 1000; ++i) {
        double sum = -6;
        for (int draw = 0; draw < Random::bits_per_normal; ++draw) {
            const std::uint64_t bits = same.bits();
            for (int part = 0; part < 4; ++part) sum += (static_cast<double>(bits >> 16 * part & 0xffff) + 0.5) / 65536;
        }
        CHECK(random.normal() == sum);
    }
    Random skipping(7);
    skipping.skip(1000 * Random::bits_per_normal);
    CHECK(skipping.bits() == random.bits());
}

TEST_CASE("tensor: a reshaped view has the values of the tensor, on its memory") {
    const Tensor<float> tensor({2, 3}, {1, 2, 3, 4, 5, 6});
    {
        const detail::ReshapedView<float> view(tensor, {1, 3, 2});
        CHECK((*view).data() == tensor.data());
        CHECK(*view == tensor.reshaped({1, 3, 2}));
        const Tensor<float> copy = *view;
        CHECK(copy.data() != tensor.data());
        CHECK(copy == *view);
    }
    CHECK(tensor == Tensor<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
    CHECK_THROWS_AS(detail::ReshapedView<float>(tensor, Shape{7}), ShapeError);
}
