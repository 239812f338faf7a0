#include "data.hpp"

#include <algorithm>
#include <cctype>

#include "deconvviz/core/error.hpp"
#include "deconvviz/data/cifar.hpp"
#include "deconvviz/data/idx.hpp"
#include "deconvviz/io/npy.hpp"
#include "deconvviz/io/read_image.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;
using examples::text;

namespace tool {

namespace {

bool is_picture(const fs::path& path) {
    std::string ending = path.extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
    return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

std::vector<fs::path> pictures_below(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied))
        if (entry.is_regular_file() && is_picture(entry.path())) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

bool says(const fs::path& path, const char* part) {
    return path.filename().string().find(part) != std::string::npos;
}

Pictures all_pictures(const fs::path& path) {
    if (path.extension() == ".npy") return dv::load_npy<float>(path);
    if (fs::is_directory(path)) return dv::load_cifar10<float>(path).train.images;
    if (says(path, "idx")) return dv::load_idx_images<float>(path);
    if (says(path, ".bin")) return dv::load_cifar10_batch<float>(path).images;
    throw dv::FormatError(text(path.string(),
                               ": expected a folder of pictures, an IDX file (…idx3-ubyte), a CIFAR-10 file "
                               "(….bin), each plain or .gz, or an .npy"));
}

}  // namespace

Data::Data(const fs::path& path, const Model& model, const Preparation& preparation)
    : model_(model), preparation_(preparation), path_(path) {
    if (!fs::exists(path)) throw dv::IoError(path.string() + ": there is no such file or folder");
    if (fs::is_directory(path)) files_ = pictures_below(path);
    if (!files_.empty()) return;
    images_ = all_pictures(path);
    if (images_.shape() == model.input_shape()) images_ = std::move(images_).reshaped(model.input_shape().batched(1));
    if (images_.rank() != model.input_shape().rank() + 1 || images_.shape().sample() != model.input_shape())
        throw dv::ShapeError(
            text(path.string(), ": the model takes ", model.input_shape(), ", the data are ", images_.shape()));
}

dv::PictureSource<float> Data::source() const {
    if (files_.empty()) return images_;
    return {size(), [this](Index picture) {
                return prepared(dv::load_image(files_[static_cast<std::size_t>(picture)]), model_, preparation_);
            }};
}

std::string Data::name(Index picture) const {
    if (!files_.empty()) return files_[static_cast<std::size_t>(picture)].string();
    return text(path_.string(), "#", picture);
}

}  // namespace tool
