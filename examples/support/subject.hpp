// What an example looks into: pictures, and a network that was trained on them. Drawn digits, MNIST (--mnist) or
// colour pictures (--cifar), as the user likes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "settings.hpp"
#include "training.hpp"

namespace examples {

/// Pictures and a network. The layers of the digits' network stand in digits.hpp, those of the colour pictures' in
/// colour.hpp.
struct Subject {
    deconvviz::DatasetSplit<float> data;
    deconvviz::Sequential<float> model;
    std::vector<std::string> class_names;  // one for each class, in the order of the labels
};

/// Is told after each epoch how it went; the model is as far as it is.
using OnSubjectEpoch = std::function<void(const Subject&, const deconvviz::EpochReport&)>;

/// The pictures that the settings ask for, and a trained network: with --weights FILE its parameters are read from the
/// file where that exists; else it is trained, with a progress line, and they are written there.
Subject trained_subject(const Settings& settings, const OnSubjectEpoch& on_epoch = {});

/// The parts of it, for an example that trains by itself.
deconvviz::DatasetSplit<float> load_subject_data(const Settings& settings);
std::vector<std::string> subject_class_names(const Settings& settings);
deconvviz::Sequential<float> untrained_model(const Settings& settings);

/// Trains by the subject's recipe, with a progress line; returns the seconds that it took, without `on_epoch`.
double train_subject(deconvviz::Sequential<float>& model, const deconvviz::Dataset<float>& data,
                     const Settings& settings, const OnEpoch& on_epoch = {});

}  // namespace examples
