/// @file
/// Numbers of 16 bits, as files keep them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace deconvviz::detail {

/// A half-precision number (IEEE 754 binary16).
struct Half {
    std::uint16_t bits = 0;

    explicit operator float() const {
        const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16U;
        const std::uint32_t exponent = bits >> 10U & 0x1FU, fraction = bits & 0x3FFU;
        if (exponent == 0)
            return std::bit_cast<float>(sign |
                                        std::bit_cast<std::uint32_t>(std::ldexp(static_cast<float>(fraction), -24)));
        if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13U);
        return std::bit_cast<float>(sign | (exponent + 112) << 23U | fraction << 13U);
    }
    explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }
};

/// The upper half of a float (bfloat16).
struct BrainFloat {
    std::uint16_t bits = 0;

    explicit operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }
    explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }
};

}  // namespace deconvviz::detail
