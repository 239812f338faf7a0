// Training with a progress line.
#pragma once

#include <functional>

#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/fit.hpp"

namespace examples {

using OnEpoch = std::function<void(const deconvviz::EpochReport&)>;

/// Trains by these options (their on_batch is set here), and returns the seconds that it took, without `on_epoch`.
double train(deconvviz::Sequential<float>& model, const deconvviz::Dataset<float>& data,
             deconvviz::FitOptions<float> options, const OnEpoch& on_epoch = {});

}  // namespace examples
