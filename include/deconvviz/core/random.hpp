/// @file
/// Random numbers that are the same on every machine, compiler and standard library.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "deconvviz/core/shape.hpp"

namespace deconvviz {

/// One step of SplitMix64 [steele2014]: spreads the bits of `state` over all 64.
constexpr std::uint64_t mix_bits(std::uint64_t state) {
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
    return state ^ (state >> 31);
}

/// A seed of its own for item `index` of what `seed` stands for, so that items can be drawn in any order, on any
/// thread.
constexpr std::uint64_t derived_seed(std::uint64_t seed, std::uint64_t index) {
    return mix_bits(mix_bits(seed + 0x9e3779b97f4a7c15ULL) + index * 0x9e3779b97f4a7c15ULL);
}

/// SplitMix64 with the few distributions that the library needs. The standard library's distributions differ from one
/// implementation to the next; these do not, and use nothing of the mathematics library.
class Random {
  public:
    constexpr explicit Random(std::uint64_t seed) : state_(seed) {}

    constexpr std::uint64_t bits() { return mix_bits(state_ += 0x9e3779b97f4a7c15ULL); }

    /// Goes on as if bits() had been called so many times more: so a long row can be drawn in parts, on many threads.
    constexpr void skip(std::uint64_t count) { state_ += count * 0x9e3779b97f4a7c15ULL; }

    /// In [0, 1).
    constexpr double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
    constexpr double between(double low, double high) { return low + (high - low) * uniform(); }

    /// In 0 … count - 1, count > 0. The bias of the remainder is below count / 2^64.
    constexpr Index below(Index count) { return static_cast<Index>(bits() % static_cast<std::uint64_t>(count)); }

    constexpr bool chance(double probability) { return uniform() < probability; }

    /// Mean 0, standard deviation 1, nearly normal: the sum of twelve uniform numbers of 16 bits, so never beyond ±6.
    constexpr double normal() {
        constexpr std::uint64_t two_of_four = 0x0000ffff0000ffff;  // added up two and two, each with room for carries
        std::uint64_t sums = 0;
        for (int draw = 0; draw < bits_per_normal; ++draw) {
            const std::uint64_t four = bits();
            sums += (four & two_of_four) + (four >> 16 & two_of_four);
        }
        const std::uint64_t sum = (sums & 0xffffffff) + (sums >> 32);
        return (static_cast<double>(sum) + 6) * 0x1p-16 - 6;
    }

    /// How often normal() calls bits().
    static constexpr int bits_per_normal = 3;

    /// Puts the values into an order of which all are equally likely (Fisher and Yates).
    template <class T>
    constexpr void shuffle(std::vector<T>& values) {
        for (std::size_t i = values.size(); i > 1; --i)
            std::swap(values[i - 1], values[static_cast<std::size_t>(below(static_cast<Index>(i)))]);
    }

  private:
    std::uint64_t state_;
};

}  // namespace deconvviz
