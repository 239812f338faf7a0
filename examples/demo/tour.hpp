// The parts of the demo's page.
#pragma once

#include "deconvviz/data/dataset.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/dataset_evolution.hpp"
#include "deconvviz/visualize/evolution.hpp"
#include "support/gallery.hpp"
#include "support/settings.hpp"

namespace demo {

/// What every part of the page has: a trained classifier, the digits, and the page that grows.
struct Tour {
    const deconvviz::Sequential<float>& model;
    const deconvviz::DatasetSplit<float>& digits;
    const deconvviz::Tensor<float>& pictures;  // a 2, a 3 and a 6 that are read well
    const examples::Settings& settings;
    examples::Gallery& gallery;
};

/// "99.25 %"
std::string percent(double share, int decimals = 2);

void show_feature_maps(const Tour& tour);
void show_filters(const Tour& tour);
void show_reconstructions(const Tour& tour);
void show_top_activations(const Tour& tour);
void show_occlusion(const Tour& tour);
void show_invariance(const Tour& tour);
void show_correspondence(const Tour& tour);
void show_ways_back(const Tour& tour);
void show_deconvolutional_network(const Tour& tour);
void show_autoencoder(const Tour& tour);

/// One digit, and all digits, while the network learns.
struct Growth {
    deconvviz::FeatureEvolution<float> one;
    deconvviz::DatasetEvolution<float> all;
};
void show_evolution(const Tour& tour, const Growth& growth);

}  // namespace demo
