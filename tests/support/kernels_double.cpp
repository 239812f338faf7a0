// See compiled_kernels.hpp.
#define DECONVVIZ_COMPILES_KERNELS
#include "compiled_kernels.hpp"
#define DECONVVIZ_INSTANCE template
#define DECONVVIZ_REAL double
#include "kernel_instances.inl"
