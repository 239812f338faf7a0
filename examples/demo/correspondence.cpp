// Do networks know that a nose is a nose? Faces, since digits have no parts of which one knows where they are.
#include <deconvviz/deconvviz.hpp>

#include "support/faces.hpp"
#include "support/progress.hpp"
#include "support/training.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;

namespace demo {

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
    auto model = examples::face_network(tour.settings.seed);
    examples::say("Training on drawn faces");
    examples::train(model, faces.data,
                    {.epochs = quick ? 1 : 4,
                     .batch = 32,
                     .learning_rate = 0.03,
                     .schedule = dv::schedule::cosine(0.02),
                     .seed = tour.settings.seed});

    constexpr int dog = 1;
    const examples::Faces dogs = examples::faces_of(others, dog, 0, quick ? 8 : 40);
    const auto table = dv::correspondence_table(model, dogs.images, dogs.parts,
                                                {.layers = {"conv2", "conv4", "relu4"}, .within = dogs.faces});
    const examples::Faces five = examples::faces_of(others, dog, 0, 5);
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
