// decode_image, and image_tensor of what came out of it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/data/image_tensor.hpp"
#include "deconvviz/io/read_image.hpp"
#include "fuzz.hpp"

namespace dv = deconvviz;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const auto one_thread = (dv::set_threads(1), true);
    static_cast<void>(one_thread);
    dv::figure::Image image;
    // What decode_image grants its decoder, and the picture. (1032 bytes for one of the file is what deflate can
    // reach.)
    const std::uint64_t most = (6 + 1) * 1032 * size + (2 << 20);
    if (!fuzz::reads<dv::FormatError>(most, [&] { image = dv::decode_image({data, size}, "input"); })) return 0;

    // From here on it is the picture that says what is needed: its planes, the planes resized.
    const auto pixels = static_cast<std::uint64_t>(image.width() * image.height());
    const auto longer = static_cast<std::uint64_t>(std::max(image.width(), image.height()));
    constexpr std::uint64_t side = 32, value = 3 * sizeof(float), taps = 128;
    const auto check = [&](const dv::ImageTensorOptions& options, std::uint64_t values) {
        fuzz::reads<dv::OptionError>(2 * value * (pixels + values) + taps * (longer + values) + fuzz::slack, [&] {
            const auto tensor = dv::image_tensor<float>(image, options);
            for (const float shade : tensor)
                if (!(shade >= -0.001F && shade <= 1.001F)) std::abort();
        });
    };
    check({.size = side, .channels = dv::Channels::grey}, side * side);
    check({.short_side = side, .crop = side}, side * (1 << 15));
    return 0;
}
