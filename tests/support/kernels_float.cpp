// See compiled_kernels.hpp.
#define DECONVVIZ_COMPILES_KERNELS
#include "compiled_kernels.hpp"
#define DECONVVIZ_INSTANCE template
#define DECONVVIZ_REAL float
#include "kernel_instances.inl"
