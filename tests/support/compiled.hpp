// Included before everything else in every test and example: layers, models and the thread pool are compiled once, in
// models_float.cpp and models_double.cpp, and the kernels (compiled_kernels.hpp).
#pragma once

#include "compiled_kernels.hpp"

#include "deconvviz/layers/average_pool2d.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/model/incremental_forward.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/initialise.hpp"

#ifndef DECONVVIZ_COMPILES_MODELS
extern template class Eigen::ThreadPoolTempl<Eigen::StlThreadEnvironment>;
#define DECONVVIZ_INSTANCE extern template
#define DECONVVIZ_REAL float
#include "model_instances.inl"
#undef DECONVVIZ_REAL
#define DECONVVIZ_REAL double
#include "model_instances.inl"
#undef DECONVVIZ_REAL
#undef DECONVVIZ_INSTANCE
#endif
