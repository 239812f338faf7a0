#include "faces.hpp"

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/train/initialise.hpp"

namespace dv = deconvviz;

namespace examples {

Faces faces_of(const dv::DrawnFaces<float>& all, int kind, std::size_t first, std::size_t count) {
    std::vector<dv::Tensor<float>> images;
    std::vector<dv::PicturePart> parts{{"left eye", {}}, {"right eye", {}}, {"nose", {}}};
    std::vector<dv::Window> heads;
    for (std::size_t i = 0, seen = 0; i < all.parts.size() && images.size() < count; ++i) {
        if (all.data.labels[i] != kind || all.parts[i].scarf || seen++ < first) continue;
        images.push_back(all.data.image(static_cast<dv::Index>(i)));
        parts[0].windows.push_back(all.parts[i].left_eye);
        parts[1].windows.push_back(all.parts[i].right_eye);
        parts[2].windows.push_back(all.parts[i].nose);
        heads.push_back(all.parts[i].face);
    }
    return {dv::stack(images), parts, heads};
}

dv::Sequential<float> face_network(std::uint64_t seed) {
    const auto conv = [](dv::Index in, dv::Index out, dv::Index kernel) {
        return dv::Conv2D<float>({.in = in, .out = out, .kernel = kernel, .padding = kernel / 2});
    };
    const dv::ReLU<float> relu;
    const dv::MaxPool2D<float> pool({.kernel = 2});
    dv::Sequential<float> model({3, 48, 48}, conv(3, 12, 5), relu, pool, conv(12, 24, 3), relu, pool, conv(24, 32, 3),
                                relu, pool, conv(32, 48, 3), relu, pool, dv::Flatten<float>(),
                                dv::Dense<float>({.in = 432, .out = 64}), relu, dv::Dense<float>({.in = 64, .out = 6}));
    dv::initialise(model, {.seed = seed});
    return model;
}

}  // namespace examples
