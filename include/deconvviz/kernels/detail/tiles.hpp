/// @file
/// Register tiles of the two matrix products that convolution and dense layers are made of.
#pragma once

#include <algorithm>

#include "deconvviz/kernels/detail/vector.hpp"

#define DECONVVIZ_ISA_FILE "deconvviz/kernels/detail/tiles.inl"
#include "deconvviz/kernels/detail/for_each_isa.inl"
