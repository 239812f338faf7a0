// What the commands of the tool share: the model, the pictures that go into it, and where results go.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/sequential.hpp"

namespace tool {

using Model = deconvviz::Sequential<float>;
using Pictures = deconvviz::Tensor<float>;
using deconvviz::Index;

/// How a picture becomes an input.
struct Preparation {
    std::string size;               // "256": the shorter side; "256x320": both; empty: so that it covers the input
    std::string crop;               // "224" or "224x224"; empty: the input's size
    std::vector<double> mean;       // of values in 0 … 1
    std::vector<double> deviation;  // likewise
    bool bgr = false;
};

/// Throws IoError where one of these files cannot be written, before anyone waits for what goes into it.
void expect_writable(const std::vector<std::optional<std::filesystem::path>>& files);

/// What all commands know.
struct Common {
    std::filesystem::path model;
    std::string input;  // "3x224x224", for models that leave it open
    int threads = 0;
    std::optional<std::filesystem::path> font;
    Preparation preparation;
};

/// The model, or its part up to a layer: for what needs nothing above, weights behind are not read from the file.
Model load_model(const Common& common, const std::string& last = "");

/// A picture as the model wants it, (C, H, W).
Pictures prepared(const deconvviz::figure::Image& image, const Model& model, const Preparation& preparation);

/// The pictures of a file, (N, C, H, W): one of a PNG or JPEG, as many as there are of an .npy, which is taken as it
/// is.
Pictures load_pictures(const std::filesystem::path& path, const Model& model, const Preparation& preparation);

/// The same, of which there must be one, as (C, H, W).
Pictures load_picture(const std::filesystem::path& path, const Model& model, const Preparation& preparation);

/// A layer by the index that `info` prints, or by its name; a number is an index.
deconvviz::LayerId layer_id(const std::string& text);

/// Names of classes, a line each; as many as the model has. "class 3" where no file is given.
std::vector<std::string> class_names(const std::optional<std::filesystem::path>& file, Index classes);

/// "0,3,7-9" as numbers.
std::vector<Index> numbers(const std::string& text);

/// "7" or "7x5", rows first.
deconvviz::Size2D size_of(const std::string& text, const std::string& option);

deconvviz::figure::Style style(const Common& common);

/// A line on a terminal that says how far the work is; nothing elsewhere.
deconvviz::OnProgress progress_line(const std::string& what);

}  // namespace tool
