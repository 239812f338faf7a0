#include "report_album.hpp"

#include <algorithm>

#include "deconvviz/figure/render.hpp"
#include "deconvviz/io/detail/stb_png.hpp"

namespace dv = deconvviz;
namespace figure = deconvviz::figure;

namespace tool {

namespace {

/// The planes as red, green, blue, whatever the order of the model is.
Pictures rgb(const Pictures& planes, bool bgr) {
    if (!bgr || planes.shape()[0] != 3) return planes;
    Pictures turned = planes;
    const Index plane = planes.size() / 3;
    std::swap_ranges(turned.begin(), turned.begin() + plane, turned.begin() + 2 * plane);
    return turned;
}

figure::Image fitted(const figure::Image& image, Index side) {
    const Index longer = std::max(image.width(), image.height());
    if (longer <= side) return image;
    const auto shrunk = [&](Index length) { return std::max<Index>(1, (length * side + longer / 2) / longer); };
    return figure::resize_area(image, shrunk(image.width()), shrunk(image.height()));
}

}  // namespace

std::string base64(std::string_view bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) -> unsigned {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0;
        };
        const unsigned group = byte(0) << 16 | byte(1) << 8 | byte(2);
        out += digits[group >> 18];
        out += digits[group >> 12 & 63];
        out += i + 1 < bytes.size() ? digits[group >> 6 & 63] : '=';
        out += i + 2 < bytes.size() ? digits[group & 63] : '=';
    }
    return out;
}

std::size_t Album::add(const figure::Image& image, Index side) {
    static_assert(sizeof(figure::Color) == 3);
    const figure::Image small = fitted(image, side);
    const auto pixels = small.pixels();
    const auto png = dv::detail::encode_png({reinterpret_cast<const unsigned char*>(pixels.data()), pixels.size() * 3},
                                            small.width(), small.height());
    const std::string uri = "data:image/png;base64," + base64({reinterpret_cast<const char*>(png.data()), png.size()});
    const auto [at, is_new] = numbers_.emplace(uri, uris_.size());
    if (is_new) uris_.push_back(uri);
    return at->second;
}

figure::ValueRange drawn_range(figure::ValueRange values) {
    return values.low >= 0 && values.high <= 1 ? figure::ValueRange{0, 1} : values;
}

figure::Image drawn_picture(const Pictures& picture, bool bgr) {
    const auto own = figure::finite_range(picture.values()).value_or(figure::ValueRange{0, 1});
    return figure::render(rgb(picture, bgr), {.range = drawn_range(own)});
}

figure::Image drawn_patch(const Pictures& patch, const dv::Window& window, const dv::Size2D& size,
                          figure::ValueRange range, bool bgr) {
    figure::Image image = figure::render(rgb(patch, bgr), {.range = range});
    for (Index y = 0; y < image.height(); ++y)
        for (Index x = 0; x < image.width(); ++x)
            if (!dv::contains({0, 0, size.y, size.x}, {window.y + y, window.x + x, 1, 1}))
                image(x, y) = {128, 128, 128};
    return image;
}

figure::Image drawn_projection(const Pictures& projection, bool bgr) {
    return figure::render(rgb(projection, bgr), {.symmetric = true});
}

figure::Image drawn_map(const Pictures& map) {
    const auto own = figure::finite_range(map.values()).value_or(figure::ValueRange{0, 0});
    if (own.low < 0) return figure::render(map, {.colormap = figure::Colormap::diverging});
    return figure::render(map, {.colormap = figure::Colormap::sequential, .range = figure::ValueRange{0, own.high}});
}

}  // namespace tool
