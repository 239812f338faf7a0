// Drawn faces, and the network that the examples of correspondence train on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/faces.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/correspondence_table.hpp"

namespace examples {

/// Pictures of one kind, and where each has its eyes, its nose and its face.
struct Faces {
    deconvviz::Tensor<float> images;
    std::vector<deconvviz::PicturePart> parts;
    std::vector<deconvviz::Window> faces;
};

/// Up to `count` faces of a kind from number `first` on, without scarves, which would hide the nose.
Faces faces_of(const deconvviz::DrawnFaces<float>& all, int kind, std::size_t first, std::size_t count);

/// For pictures of 3x48x48: four convolutions, each with a ReLU and a pooling, and two dense layers.
deconvviz::Sequential<float> face_network(std::uint64_t seed);

}  // namespace examples
