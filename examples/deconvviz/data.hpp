// The pictures of a data set, whatever it is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "deconvviz/data/picture_source.hpp"
#include "tool.hpp"

namespace tool {

/// Pictures that are read when they are looked at, or are in memory; and where each comes from.
class Data {
  public:
    /// A folder of PNG and JPEG files (by name, those of subfolders too), an IDX or CIFAR-10 file, the folder with the
    /// files of CIFAR-10, or an .npy. The model must outlive it.
    Data(const std::filesystem::path& path, const Model& model, const Preparation& preparation);
    Data(const Data&) = delete;
    Data& operator=(const Data&) = delete;

    Index size() const { return files_.empty() ? images_.shape()[0] : static_cast<Index>(files_.size()); }
    deconvviz::PictureSource<float> source() const;
    /// The file of a picture, or the file of all and its number.
    std::string name(Index picture) const;

  private:
    const Model& model_;
    Preparation preparation_;
    std::filesystem::path path_;
    std::vector<std::filesystem::path> files_;
    Pictures images_;
};

}  // namespace tool
