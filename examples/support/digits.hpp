// The digits, and the classifier of digits, that all examples look into.
#pragma once

#include <vector>

#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/evaluate.hpp"
#include "deconvviz/train/fit.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "settings.hpp"
#include "training.hpp"

namespace examples {

/// MNIST where the user has it, else drawn digits.
deconvviz::DatasetSplit<float> load_digits(const Settings& settings);

/// Drawn digits: a set to learn from and another, of other hands, to test on.
deconvviz::DatasetSplit<float> drawn_digits(const Settings& settings);

/// A small network in the manner of LeNet: two convolutions with ReLU and max pooling, and a dense layer. Its layers
/// are conv1, relu1, pool1, conv2, relu2, pool2, flatten1, dense1. Its weights are drawn from the seed.
deconvviz::Sequential<float> digit_classifier(std::uint64_t seed);

/// Trains it with a progress line, and returns the seconds that it took (without `on_epoch`).
double train(deconvviz::Sequential<float>& model, const deconvviz::Dataset<float>& digits, const Settings& settings,
             const OnEpoch& on_epoch = {});

/// A trained classifier, with a word on the console.
deconvviz::Sequential<float> trained_classifier(const deconvviz::DatasetSplit<float>& digits, const Settings& settings);

/// Of the first thousand pictures, for each of these labels the one that the model reads with most certainty,
/// (N, 1, 28, 28). Throws OptionError for a label of which there is none.
deconvviz::Tensor<float> well_read(const deconvviz::Sequential<float>& model, const deconvviz::Dataset<float>& digits,
                                   const std::vector<int>& labels);

/// Of the first pictures of a label that the model reads well, the one for which hiding a part matters most, (1, 28,
/// 28).
deconvviz::Tensor<float> most_sensitive(const deconvviz::Sequential<float>& model,
                                        const deconvviz::Dataset<float>& digits, int label,
                                        const deconvviz::OcclusionOptions& options);

}  // namespace examples
