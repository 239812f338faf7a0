// Colour pictures, and the network that learns to tell them apart.
#pragma once

#include <cstdint>

#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/fit.hpp"
#include "settings.hpp"

namespace examples {

/// Epochs of the recipe.
inline constexpr int colour_epochs = 15;

/// CIFAR-10 from settings.cifar; little of it with settings.quick.
deconvviz::DatasetSplit<float> load_colour(const Settings& settings);

/// A network for pictures (3, 32, 32) with values 0 … 1 and ten classes, its weights drawn from the seed. Its layers:
///
/// | layers              | what                              | output                  |
/// | ------------------- | --------------------------------- | ----------------------- |
/// | conv1, relu1, pool1 | 32 filters 7x7; maximum 2x2       | (32,32,32), (32,16,16)  |
/// | conv2, relu2, pool2 | 64 filters 3x3; as above          | (64,16,16), (64,8,8)    |
/// | conv3, relu3        | 128 filters 3x3                   | (128,8,8)               |
/// | conv4, relu4, pool4 | 128 filters 3x3; as above         | (128,8,8), (128,4,4)    |
/// | flatten, fc5, relu5 | 256 features                      | (256)                   |
/// | drop5, fc6          | dropout 0.3, 10 logits            | (10)                    |
///
/// All convolutions are padded so that they keep the map's size. The first filters start smoothly (see start_smoothly).
deconvviz::Sequential<float> colour_classifier(std::uint64_t seed);

/// Prepares random first filters (O, I, KH, KW) for pictures with values 0 … 1, whose mean is far from 0: blurs them,
/// subtracts each one's mean, and scales all to `size` of the root mean square that they had. Filters that sum to 0 do
/// not answer to a picture's mean shade, which would turn half of the maps off from the start; and training adds to the
/// random start and takes little of it away, so that sharp noise would stay in the filters for good.
void start_smoothly(deconvviz::Tensor<float>& filters, double size = 1);

/// How it is trained: flips, shifts, weight decay, and a rate that falls along a cosine.
deconvviz::FitOptions<float> colour_recipe(const Settings& settings);

}  // namespace examples
