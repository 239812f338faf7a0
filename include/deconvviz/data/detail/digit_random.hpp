/// @file
/// The random numbers behind the drawn digits: integers first, so that every machine and every standard library draws
/// the same picture from the same seed.
#pragma once

#include <cstdint>

namespace deconvviz::detail {

/// One step of SplitMix64 [steele2014]: spreads the bits of `state` over all 64.
constexpr std::uint64_t mix_bits(std::uint64_t state) {
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
    return state ^ (state >> 31);
}

/// A seed of its own for item `index` of what `seed` stands for.
constexpr std::uint64_t derived_seed(std::uint64_t seed, std::uint64_t index) {
    return mix_bits(mix_bits(seed + 0x9e3779b97f4a7c15ULL) + index * 0x9e3779b97f4a7c15ULL);
}

/// SplitMix64, with the few distributions that drawing needs. Distributions of the standard library differ from one
/// implementation to the next; these do not, and use nothing of the mathematics library.
class DigitRandom {
  public:
    constexpr explicit DigitRandom(std::uint64_t seed) : state_(seed) {}

    constexpr std::uint64_t bits() { return mix_bits(state_ += 0x9e3779b97f4a7c15ULL); }

    /// In [0, 1).
    constexpr double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
    constexpr double between(double low, double high) { return low + (high - low) * uniform(); }

    /// In 0 … count - 1; the bias of the remainder is below 2^-58 for the few dozen that are asked for here.
    constexpr int below(int count) { return static_cast<int>(bits() % static_cast<std::uint64_t>(count)); }

    constexpr bool chance(double probability) { return uniform() < probability; }

    /// Mean 0, standard deviation 1, nearly normal: the sum of four uniform numbers, so never beyond ±3.47.
    constexpr double normal() {
        double sum = -2;
        for (int i = 0; i < 4; ++i) sum += uniform();
        return sum * 1.7320508075688772;
    }

  private:
    std::uint64_t state_;
};

}  // namespace deconvviz::detail
