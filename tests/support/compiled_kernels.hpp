// The kernels are compiled once, in kernels_float.cpp and kernels_double.cpp, not again in each file of tests (three
// instruction sets each time).
#pragma once

#include "deconvviz/kernels/changed_convolution.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_gradient.hpp"
#include "deconvviz/kernels/dense.hpp"
#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/kernels/local_response_norm.hpp"
#include "deconvviz/kernels/max_pool.hpp"
#include "deconvviz/kernels/side_by_side.hpp"
#include "deconvviz/kernels/transposed_convolution.hpp"

#ifndef DECONVVIZ_COMPILES_KERNELS
#define DECONVVIZ_INSTANCE extern template
#define DECONVVIZ_REAL float
#include "kernel_instances.inl"
#undef DECONVVIZ_REAL
#define DECONVVIZ_REAL double
#include "kernel_instances.inl"
#undef DECONVVIZ_REAL
#undef DECONVVIZ_INSTANCE
#endif
