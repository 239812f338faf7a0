// The pictures of a report: drawn from tensors, kept as data: URIs, each once.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "tool.hpp"

namespace tool {

/// Bytes as text [RFC 4648, §4].
std::string base64(std::string_view bytes);

/// Pictures by number. Equal ones have the same number.
class Album {
  public:
    /// A picture of more than `side` pixels along its longer side is shrunk to that.
    std::size_t add(const deconvviz::figure::Image& image, Index side);
    /// The pictures in the order of their numbers, as data: URIs of PNG files.
    const std::vector<std::string>& uris() const { return uris_; }

  private:
    std::map<std::string, std::size_t> numbers_;  // of the URIs
    std::vector<std::string> uris_;
};

/// An input (C, H, W) as a picture: values of 0 … 1 as they are, others between their smallest and largest one.
deconvviz::figure::Image drawn_picture(const Pictures& picture, bool bgr);

/// A patch (C, h, w) of a picture of `size`, from `window` on; mid-grey beyond the picture's border.
deconvviz::figure::Image drawn_patch(const Pictures& patch, const deconvviz::Window& window,
                                     const deconvviz::Size2D& size, deconvviz::figure::ValueRange range, bool bgr);

/// The range in which pictures are drawn whose values have this one: 0 to 1 where they keep to it, else their own.
deconvviz::figure::ValueRange drawn_range(deconvviz::figure::ValueRange values);

/// A projection (C, h, w): zero is mid-grey.
deconvviz::figure::Image drawn_projection(const Pictures& projection, bool bgr);

/// A feature map (H, W): from dark for zero to yellow; where it has negative values blue for those, red for positive
/// ones.
deconvviz::figure::Image drawn_map(const Pictures& map);

}  // namespace tool
