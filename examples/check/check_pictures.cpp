// Are these files pictures that show something? check_pictures PNG …: each must decode, be of a reasonable size and
// have dark, light and many different pixels.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#endif
#include <stb/stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace {

bool shows_something(const char* path) {
    int width = 0;
    int height = 0;
    int channels = 0;
    const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(stbi_load(path, &width, &height, &channels, 3),
                                                           stbi_image_free);
    if (!pixels) {
        std::fprintf(stderr, "%s: no picture: %s\n", path, stbi_failure_reason());
        return false;
    }
    std::set<int> colours;
    int darkest = 3 * 255;
    int lightest = 0;
    const stbi_uc* p = pixels.get();
    for (long i = 0; i < long{width} * height; ++i, p += 3) {
        colours.insert(p[0] << 16 | p[1] << 8 | p[2]);
        darkest = std::min(darkest, p[0] + p[1] + p[2]);
        lightest = std::max(lightest, p[0] + p[1] + p[2]);
    }
    std::printf("%s: %dx%d, %zu colours\n", path, width, height, colours.size());
    const bool good = width >= 200 && height >= 100 && width < 8000 && height < 8000 && colours.size() >= 64 &&
                      darkest < 150 && lightest > 700;
    if (!good)
        std::fprintf(stderr, "%s: expected a figure of at least 200x100 with 64 colours, dark and light\n", path);
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    return std::all_of(argv + 1, argv + argc, shows_something) ? 0 : 1;
}
