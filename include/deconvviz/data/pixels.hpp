/// @file
/// Pixels in memory that belongs to another library, such as a cv::Mat: read and written where they lie.
#pragma once

#include <cstddef>
#include <cstdint>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/data/image_tensor.hpp"
#include "deconvviz/figure/image.hpp"

namespace deconvviz {

/// The bytes of a pixel, one behind the other. OpenCV keeps bgr and bgra.
enum class PixelOrder { grey, rgb, bgr, rgba, bgra };

/// Interleaved pixels of one byte a channel, in rows from the top; `Byte` is std::uint8_t, const where they are only
/// read. A view: the memory is somebody else's, and must live as long as the view is used.
///
///     Pixels(mat.data, mat.rows, mat.cols, mat.step)                        // a cv::Mat of CV_8UC3
///     Pixels(mat.data, mat.rows, mat.cols, mat.step, PixelOrder::grey)      // of CV_8UC1
template <class Byte>
class Pixels {
  public:
    /// `stride`: bytes from the beginning of a row to that of the next. Throws OptionError for a negative size, rows
    /// that overlap, and no memory for pixels that there are.
    Pixels(Byte* data, Index rows, Index columns, std::size_t stride, PixelOrder order = PixelOrder::bgr)
        : data_(data), rows_(rows), columns_(columns), stride_(stride), order_(order) {
        constexpr Index most = 1 << 28;
        if (rows < 0 || columns < 0 || rows > most || columns > most)
            detail::raise<OptionError>("pixels: expected from 0 to ", most, " rows and columns, got ", rows, " and ",
                                       columns);
        const auto used = static_cast<std::size_t>(columns) * static_cast<std::size_t>(bytes());
        if (rows > 1 && stride < used)
            detail::raise<OptionError>("pixels: expected a stride of at least ", used, " bytes for ", columns,
                                       " pixels, got ", stride);
        if (data == nullptr && rows > 0 && columns > 0)
            detail::raise<OptionError>("pixels: expected memory of ", rows, 'x', columns, " pixels, got none");
    }

    Index rows() const { return rows_; }
    Index columns() const { return columns_; }
    PixelOrder order() const { return order_; }

    /// Of a pixel.
    int bytes() const {
        if (order_ == PixelOrder::grey) return 1;
        return order_ == PixelOrder::rgb || order_ == PixelOrder::bgr ? 3 : 4;
    }

    /// The first byte of a row.
    Byte* row(Index y) const { return data_ + static_cast<std::size_t>(y) * stride_; }

    /// Which byte of a pixel is the red one, and which the blue one.
    int red() const { return order_ == PixelOrder::bgr || order_ == PixelOrder::bgra ? 2 : 0; }
    int blue() const { return bytes() == 1 ? 0 : 2 - red(); }
    int green() const { return bytes() == 1 ? 0 : 1; }

  private:
    Byte* data_;
    Index rows_;
    Index columns_;
    std::size_t stride_;
    PixelOrder order_;
};

/// A copy of the pixels as an Image; alpha is left out. Throws OptionError for more than 2^28 pixels.
template <class Byte>
figure::Image to_image(const Pixels<Byte>& pixels) {
    figure::Image image(pixels.columns(), pixels.rows());
    const int step = pixels.bytes(), red = pixels.red(), green = pixels.green(), blue = pixels.blue();
    for (Index y = 0; y < image.height(); ++y) {
        const Byte* from = pixels.row(y);
        for (Index x = 0; x < image.width(); ++x, from += step) image(x, y) = {from[red], from[green], from[blue]};
    }
    return image;
}

/// Writes a picture to pixels of the same size; those of order grey get its brightness (0.299 R + 0.587 G + 0.114 B,
/// rounded), an alpha is 255. Bytes between the rows stay as they are. Throws OptionError where the sizes differ.
inline void write_pixels(const figure::Image& image, const Pixels<std::uint8_t>& to) {
    if (to.rows() != image.height() || to.columns() != image.width())
        detail::raise<OptionError>("write_pixels: expected ", image.height(), 'x', image.width(),
                                   " pixels to write to, got ", to.rows(), 'x', to.columns());
    const int step = to.bytes();
    for (Index y = 0; y < image.height(); ++y) {
        std::uint8_t* byte = to.row(y);
        for (Index x = 0; x < image.width(); ++x, byte += step) {
            const figure::Color& color = image(x, y);
            if (step == 1) {
                *byte = static_cast<std::uint8_t>(detail::luma(color.r, color.g, color.b) + 0.5);
                continue;
            }
            byte[to.red()] = color.r;
            byte[to.green()] = color.g;
            byte[to.blue()] = color.b;
            if (step == 4) byte[3] = 255;
        }
    }
}

/// Pixels as what a network takes; see image_tensor of an Image.
///
///     const cv::Mat photo = cv::imread("cat.jpg");    // 8 bits, BGR
///     const auto input = image_tensor<float>(Pixels(photo.data, photo.rows, photo.cols, photo.step),
///                                            {.short_side = 256, .crop = 224});
template <class T, class Byte>
Tensor<T> image_tensor(const Pixels<Byte>& pixels, const ImageTensorOptions& options = {}) {
    return image_tensor<T>(to_image(pixels), options);
}

}  // namespace deconvviz
