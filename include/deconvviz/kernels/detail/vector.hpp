/// @file
/// The vector types that all fast kernels are written with, once per instruction set.
#pragma once

#include <cstddef>
#include <utility>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/kernels/isa.hpp"

/// The compiler keeps the small arrays of a tile in registers only if its loops are unrolled.
#if defined(__clang__)
#define DECONVVIZ_UNROLL _Pragma("unroll")
#else
#define DECONVVIZ_UNROLL _Pragma("GCC unroll 32")
#endif

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/vector.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
