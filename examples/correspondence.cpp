// Correspondence: hides the same part of several dogs' faces, and asks whether a network's layers change alike.
#include <array>
#include <cstdio>
#include <deconvviz/deconvviz.hpp>
#include <filesystem>

#include <deconvviz/io/safetensors.hpp>
#include "support/faces.hpp"
#include "support/progress.hpp"
#include "support/settings.hpp"
#include "support/text.hpp"
#include "support/training.hpp"

namespace dv = deconvviz;
using examples::Faces;
using examples::faces_of;
using examples::text;

namespace {

void train_or_read(dv::Sequential<float>& model, const dv::DrawnFaces<float>& test,
                   const examples::Settings& settings) {
    if (settings.weights && std::filesystem::exists(*settings.weights)) {
        dv::load_weights(*settings.weights, model);
        examples::say("Read the parameters from " + settings.weights->string());
    } else {
        const auto faces =
            dv::draw_faces<float>({.count = settings.quick ? 600 : 8000, .seed = settings.seed, .variation = 1.5});
        examples::say(text("Training on ", faces.data.size(), " drawn faces"));
        examples::train(model, faces.data,
                        {.epochs = settings.quick ? 1 : settings.epochs,
                         .batch = 32,
                         .learning_rate = 0.03,
                         .schedule = dv::schedule::cosine(0.02),
                         .seed = settings.seed});
        if (settings.weights) dv::save_weights(*settings.weights, model);
    }
    examples::say(
        text("Accuracy on ", test.data.size(), " others: ", 100 * dv::evaluate(model, test.data).accuracy, " %"));
}

void print(const std::string& title, const dv::CorrespondenceTable& table) {
    std::printf("\n%s\n%-10s", title.c_str(), "hidden");
    for (const std::string& layer : table.layers) std::printf("  %-27s", layer.c_str());
    std::printf("\n");
    for (const dv::CorrespondenceRow& row : table.rows) {
        std::printf("%-10s", row.name.c_str());
        for (const dv::CorrespondenceEntry& entry : row.entries)
            std::printf("  %.3f ± %.3f (%3.0f %%, %.2f)", entry.mean, entry.deviation, 100 * entry.changed,
                        entry.opposed);
        std::printf("\n");
    }
}

/// The first three faces of each kind, a kind a column.
dv::figure::Image kinds(const dv::Dataset<float>& faces, const dv::figure::Style& style) {
    std::vector<dv::Index> last(static_cast<std::size_t>(faces.classes), -1);
    std::vector<dv::Tensor<float>> images;
    for (int row = 0; row < 3; ++row)
        for (int kind = 0; kind < faces.classes; ++kind) {
            dv::Index& i = last[static_cast<std::size_t>(kind)];
            images.push_back(faces.image(i = faces.find(kind, i + 1)));
        }
    return dv::figure::grid(images, {.title = "Drawn faces",
                                     .column_headings = {dv::face_kinds.begin(), dv::face_kinds.end()},
                                     .cell_size = 72,
                                     .style = style});
}

/// In how many groups of five is Δ of every part lower than that of random masks?
void count_groups(const dv::Sequential<float>& model, const dv::DrawnFaces<float>& faces, int kind, std::size_t groups,
                  dv::CorrespondenceTableOptions options) {
    std::printf("\ngroups of five %ss in which each of the three parts has a lower Δ than random masks:\n",
                std::string(dv::face_kinds[static_cast<std::size_t>(kind)]).c_str());
    std::vector<int> lower(options.layers.size());
    std::vector<std::string> names;
    for (std::size_t group = 0; group < groups; ++group) {
        const Faces five = faces_of(faces, kind, 5 * group, 5);
        options.within = five.faces;
        const auto table = dv::correspondence_table(model, five.images, five.parts, options);
        names = table.layers;
        for (std::size_t l = 0; l < names.size(); ++l) {
            const double random = table.rows[3].entries[l].mean;
            lower[l] += table.rows[0].entries[l].mean < random && table.rows[1].entries[l].mean < random &&
                        table.rows[2].entries[l].mean < random;
        }
    }
    for (std::size_t l = 0; l < names.size(); ++l) std::printf("  %s: %d of %zu\n", names[l].c_str(), lower[l], groups);
}

/// One layer of two tables of the same masks: before and after training.
dv::figure::Image training_chart(const dv::CorrespondenceTable& before, const dv::CorrespondenceTable& after,
                                 std::size_t layer, const dv::figure::Style& style) {
    std::vector<dv::figure::Series> series;
    std::vector<std::string> names;
    for (const dv::CorrespondenceRow& row : before.rows) names.push_back(row.name);
    for (const bool trained : {false, true}) {
        dv::figure::Series dots{.name = trained ? "after training" : "before training",
                                .x = {},
                                .y = {},
                                .color = dv::figure::palette(trained ? 2 : 10),
                                .markers = true,
                                .line = false};
        for (const dv::CorrespondenceRow& row : (trained ? after : before).rows) {
            dots.x.push_back(static_cast<double>(dots.x.size()) + (trained ? 0.1 : -0.1));
            dots.y.push_back(row.entries[layer].mean);
            dots.spread.push_back(row.entries[layer].deviation);
        }
        series.push_back(dots);
    }
    return dv::figure::chart(series, {.title = text("What training changes in ", after.layers[layer]),
                                      .x_label = "what is hidden",
                                      .y_label = "share of units that differ in sign",
                                      .x_range = dv::figure::ValueRange{-0.5, static_cast<double>(names.size()) - 0.5},
                                      .x_names = names,
                                      .width = 460,
                                      .height = 220,
                                      .style = style});
}

void show(const examples::Settings& settings) {
    if (settings.mnist || settings.cifar)
        throw dv::OptionError(
            "this example needs pictures whose parts are known: it draws faces, and takes no --mnist or --cifar");
    const auto test =
        dv::draw_faces<float>({.count = settings.quick ? 180 : 1500, .seed = settings.seed + 1, .variation = 1.5});
    dv::save_png(settings.out / "faces.png", kinds(test.data, settings.style()));
    auto model = examples::face_network(settings.seed);
    const auto untrained = model;
    train_or_read(model, test, settings);

    constexpr int dog = 1;
    dv::CorrespondenceTableOptions options{
        .layers = {"conv2", "conv4", "relu4", "dense1"},
        .random = {dv::RandomPlace::own, dv::RandomPlace::common, dv::RandomPlace::exchanged}};
    const Faces five = faces_of(test, dog, 0, 5);
    options.within = five.faces;  // random masks lie on the dogs
    const auto table = dv::correspondence_table(model, five.images, five.parts, options);
    print(
        "Five dogs: Δ ± deviation over pairs (units that change, of those that both change the share that is opposed)",
        table);
    dv::save_png(settings.out / "hidden.png",
                 dv::figure::hidden_parts(five.images, table,
                                          {.title = "The same part of each dog, hidden",
                                           .subtitle = "random: anywhere on the face; one place: the same in all; "
                                                       "exchanged: where another dog has its left eye",
                                           .style = settings.style()}));

    const Faces dogs = faces_of(test, dog, 0, settings.quick ? 15 : 100);
    options.within = dogs.faces;
    options.draws = settings.quick ? 1 : 3;
    const auto before = dv::correspondence_table(untrained, dogs.images, dogs.parts, options);
    const auto after = dv::correspondence_table(model, dogs.images, dogs.parts, options);
    const auto count = dogs.images.shape()[0];
    print(text(count, " dogs, before training"), before);
    print(text(count, " dogs, after training"), after);
    dv::save_png(settings.out / "table.png",
                 dv::figure::correspondence_chart(
                     after, {.title = "Hiding a part: how alike do layers change?",
                             .subtitle = text("all pairs of ", count, " dogs, bars: one standard deviation"),
                             .style = settings.style()}));
    dv::save_png(settings.out / "training.png", training_chart(before, after, 3, settings.style()));

    options.random = {dv::RandomPlace::own};
    count_groups(model, test, dog, settings.quick ? 3 : 30, options);
    examples::say("wrote faces.png, hidden.png, table.png and training.png to " + settings.out.string());
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Correspondence of the parts of drawn faces", show);
}
