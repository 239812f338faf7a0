/// @file
/// Transposition of matrices in memory, as packing needs it.
#pragma once

#include <algorithm>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/kernels/detail/vector.hpp"

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/transpose.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
