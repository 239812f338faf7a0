// See compiled.hpp.
#define DECONVVIZ_COMPILES_MODELS
#include "compiled.hpp"
template class Eigen::ThreadPoolTempl<Eigen::StlThreadEnvironment>;
#define DECONVVIZ_INSTANCE template
#define DECONVVIZ_REAL float
#include "model_instances.inl"
