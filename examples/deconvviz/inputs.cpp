#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/data/image_tensor.hpp"
#include "deconvviz/figure/truetype.hpp"
#include "deconvviz/io/npy.hpp"
#include "deconvviz/io/onnx.hpp"
#include "deconvviz/io/output_file.hpp"
#include "deconvviz/io/read_image.hpp"
#include "support/text.hpp"
#include "tool.hpp"

namespace dv = deconvviz;
using examples::text;

namespace tool {

namespace {

[[noreturn]] void refuse(const std::string& message) {
    throw dv::OptionError(message);
}

/// The numbers of "3x224x224"; none for anything else.
std::vector<Index> by_x(const std::string& text) {
    std::vector<Index> all;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (;;) {
        Index value = 0;
        const auto result = std::from_chars(at, end, value);
        if (result.ec != std::errc() || value < 1 || value > 1 << 20) return {};
        all.push_back(value);
        if (result.ptr == end) return all;
        if (*result.ptr != 'x' && *result.ptr != ',') return {};
        at = result.ptr + 1;
    }
}

}  // namespace

dv::Size2D size_of(const std::string& text, const std::string& option) {
    const auto sides = by_x(text);
    if (sides.size() == 1) return sides[0];
    if (sides.size() != 2) refuse(examples::text(option, ": expected a size as 224 or 224x192, got '", text, "'"));
    return {sides[0], sides[1]};
}

void expect_writable(const std::vector<std::optional<std::filesystem::path>>& files) {
    for (const auto& file : files)
        if (file) const dv::detail::OutputFile tried(*file);
}

Model load_model(const Common& common, const std::string& last) {
    dv::OnnxOptions options;
    if (!last.empty()) options.last = layer_id(last);
    if (!common.input.empty()) {
        const auto extents = by_x(common.input);
        if (extents.empty()) refuse(text("--input: expected a shape as 3x224x224, got '", common.input, "'"));
        options.input = dv::Shape(std::span<const Index>(extents));
    }
    return dv::load_onnx<float>(common.model, options);
}

Pictures prepared(const dv::figure::Image& image, const Model& model, const Preparation& preparation) {
    const dv::Shape& input = model.input_shape();
    if (input.rank() != 3 || (input[0] != 1 && input[0] != 3))
        refuse(text("the model takes ", input, "; a picture has 1 or 3 channels: give an .npy file"));
    dv::ImageTensorOptions options{.mean = preparation.mean, .deviation = preparation.deviation};
    options.channels = input[0] == 1 ? dv::Channels::grey : preparation.bgr ? dv::Channels::bgr : dv::Channels::rgb;
    const dv::Size2D wanted(input[1], input[2]);
    if (preparation.size.empty()) {
        // The smallest size of the same proportions that covers the input.
        const double scale = std::max(static_cast<double>(wanted.y) / static_cast<double>(image.height()),
                                      static_cast<double>(wanted.x) / static_cast<double>(image.width()));
        const auto side = [&](Index length, Index least) {
            return std::max(least, static_cast<Index>(std::lround(static_cast<double>(length) * scale)));
        };
        options.size = {side(image.height(), wanted.y), side(image.width(), wanted.x)};
    } else if (by_x(preparation.size).size() == 1) {
        options.short_side = size_of(preparation.size, "--size").y;
    } else {
        options.size = size_of(preparation.size, "--size");
    }
    options.crop = preparation.crop.empty() ? wanted : size_of(preparation.crop, "--crop");
    return dv::image_tensor<float>(image, options);
}

Pictures load_pictures(const std::filesystem::path& path, const Model& model, const Preparation& preparation) {
    const dv::Shape& input = model.input_shape();
    Pictures pictures;
    if (path.extension() == ".npy") {
        pictures = dv::load_npy<float>(path);
    } else {
        pictures = prepared(dv::load_image(path), model, preparation);
    }
    const dv::Shape shape = pictures.shape();
    if (shape == input) return std::move(pictures).reshaped(input.batched(1));
    if (shape.rank() != input.rank() + 1 || shape.sample() != input || shape[0] < 1)
        throw dv::ShapeError(text(path.string(), ": the model takes ", input, " or a batch of them, got ", shape));
    return pictures;
}

Pictures load_picture(const std::filesystem::path& path, const Model& model, const Preparation& preparation) {
    const Pictures pictures = load_pictures(path, model, preparation);
    if (pictures.shape()[0] != 1)
        throw dv::ShapeError(text(path.string(), ": expected one picture, got ", pictures.shape()[0]));
    return pictures.entry(0);
}

dv::LayerId layer_id(const std::string& text) {
    Index index = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), index);
    if (result.ec == std::errc() && result.ptr == text.data() + text.size()) return index;
    return text;
}

std::vector<std::string> class_names(const std::optional<std::filesystem::path>& file, Index classes) {
    std::vector<std::string> names;
    if (!file) {
        for (Index i = 0; i < classes; ++i) names.push_back(text("class ", i));
        return names;
    }
    std::ifstream in(*file);
    if (!in) throw dv::IoError(file->string() + ": cannot be opened for reading");
    for (std::string line; std::getline(in, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!line.empty()) names.push_back(line.substr(0, 200));
        if (std::cmp_greater(names.size(), classes)) break;
    }
    if (std::cmp_not_equal(names.size(), classes))
        throw dv::FormatError(text(file->string(), ": expected ", classes, " names, a line each, got ",
                                   std::cmp_greater(names.size(), classes) ? "more" : std::to_string(names.size())));
    return names;
}

std::vector<Index> numbers(const std::string& list) {
    std::vector<Index> all;
    const auto wrong = [&] { refuse(text("expected numbers as 0,3,7-9, got '", list, "'")); };
    const char* at = list.data();
    const char* const end = at + list.size();
    const auto number = [&] {
        Index value = 0;
        const auto result = std::from_chars(at, end, value);
        if (result.ec != std::errc() || value < 0 || value > 1 << 24) wrong();
        at = result.ptr;
        return value;
    };
    for (;;) {
        const Index first = number();
        Index last = first;
        if (at != end && *at == '-') {
            ++at;
            last = number();
        }
        if (last < first) wrong();
        for (Index i = first; i <= last; ++i) all.push_back(i);
        if (at == end) return all;
        if (*at++ != ',') wrong();
    }
}

dv::figure::Style style(const Common& common) {
    dv::figure::Style style;
    const std::filesystem::path usual = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    std::error_code error;
    if (common.font)
        style.font = dv::figure::load_font(*common.font);
    else if (std::filesystem::exists(usual, error))
        style.font = dv::figure::load_font(usual);
    return style;
}

dv::OnProgress progress_line(const std::string& what) {
    if (isatty(STDERR_FILENO) == 0) return {};
    return [what](const dv::Progress& progress) {
        const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
        std::fprintf(stderr, "\r%s: %3.0f %%, %.0f s left \x1b[K", what.c_str(), 100 * share, progress.seconds_left);
        if (progress.done == progress.total) std::fprintf(stderr, "\r\x1b[K");
        std::fflush(stderr);
        return true;
    };
}

}  // namespace tool
