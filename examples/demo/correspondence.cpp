// Do networks know that a nose is a nose? Faces, since digits have no parts of which one knows where they are.
#include <deconvviz/deconvviz.hpp>

#include "support/progress.hpp"
#include "support/training.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;

namespace demo {

namespace {

/// Faces of one kind, and where each has its eyes, its nose and its face.
struct Dogs {
    dv::Tensor<float> images;
    std::vector<dv::PicturePart> parts{{"left eye", {}}, {"right eye", {}}, {"nose", {}}};
    std::vector<dv::Window> faces;
};

Dogs dogs_among(const dv::DrawnFaces<float>& faces, std::size_t count) {
    constexpr int dog = 1;
    Dogs dogs;
    std::vector<dv::Tensor<float>> images;
    for (std::size_t i = 0; i < faces.parts.size() && images.size() < count; ++i) {
        if (faces.data.labels[i] != dog || faces.parts[i].scarf) continue;  // a scarf would hide the nose
        images.push_back(faces.data.image(static_cast<dv::Index>(i)));
        dogs.parts[0].windows.push_back(faces.parts[i].left_eye);
        dogs.parts[1].windows.push_back(faces.parts[i].right_eye);
        dogs.parts[2].windows.push_back(faces.parts[i].nose);
        dogs.faces.push_back(faces.parts[i].face);
    }
    dogs.images = dv::stack(images);
    return dogs;
}

}  // namespace

void show_correspondence(const Tour& tour) {
    tour.gallery.section(
        "Does it know that a nose is a nose?",
        "Another network, another subject: small drawn faces of six kinds, whose parts are known. The same part of "
        "several "
        "dogs is hidden, and the question is whether the features change alike. If the network has some notion of the "
        "part, they change more alike than where random parts of the faces are hidden.");
    const bool quick = tour.settings.quick;
    const auto faces =
        dv::draw_faces<float>({.count = quick ? 400 : 3000, .seed = tour.settings.seed, .variation = 1.5});
    const auto others =
        dv::draw_faces<float>({.count = quick ? 120 : 400, .seed = tour.settings.seed + 1, .variation = 1.5});
    const auto conv = [](dv::Index in, dv::Index out, dv::Index kernel) {
        return dv::Conv2D<float>({.in = in, .out = out, .kernel = kernel, .padding = kernel / 2});
    };
    const dv::ReLU<float> relu;
    const dv::MaxPool2D<float> pool({.kernel = 2});
    dv::Sequential<float> model({3, 48, 48}, conv(3, 12, 5), relu, pool, conv(12, 24, 3), relu, pool, conv(24, 32, 3),
                                relu, pool, conv(32, 48, 3), relu, pool, dv::Flatten<float>(),
                                dv::Dense<float>({.in = 432, .out = 6}));
    dv::initialise(model, {.seed = tour.settings.seed});
    examples::say("Training on drawn faces");
    examples::train(model, faces.data,
                    {.epochs = quick ? 1 : 4,
                     .batch = 32,
                     .learning_rate = 0.03,
                     .schedule = dv::schedule::cosine(0.02),
                     .seed = tour.settings.seed});

    const Dogs dogs = dogs_among(others, quick ? 8 : 40);
    const auto table = dv::correspondence_table(model, dogs.images, dogs.parts,
                                                {.layers = {"conv2", "conv4", "relu4"}, .within = dogs.faces});
    const Dogs five = dogs_among(others, 5);
    const auto shown =
        dv::correspondence_table(model, five.images, five.parts, {.layers = {"relu4"}, .within = five.faces});
    tour.gallery.add("hidden_parts.png", "Five dogs, and what is hidden of each.", [&](const Style& style) {
        return dv::figure::hidden_parts(five.images, shown, {.style = style});
    });
    tour.gallery.add("correspondence.png",
                     "Share of the features that change with different signs, over pairs of dogs: low where the "
                     "network changes alike.",
                     [&](const Style& style) { return dv::figure::correspondence_chart(table, {.style = style}); });
}

}  // namespace demo
