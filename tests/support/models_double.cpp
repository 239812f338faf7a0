// See compiled.hpp.
#define DECONVVIZ_COMPILES_MODELS
#include "compiled.hpp"
#define DECONVVIZ_INSTANCE template
#define DECONVVIZ_REAL double
#include "model_instances.inl"
