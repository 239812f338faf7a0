// The whole job: trains a digit classifier and writes a gallery of every figure, with a page and a summary.
#include <algorithm>
#include <cstdio>
#include <deconvviz/deconvviz.hpp>
#include <nlohmann/json.hpp>
#include <numeric>

#include "support/digits.hpp"
#include "support/gallery.hpp"
#include "support/progress.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
using examples::Gallery;
using examples::Settings;
using examples::text;

namespace {

using Model = dv::Sequential<float>;
using Pictures = dv::Tensor<float>;

/// What the summary says; a number that was not measured stays null.
struct Summary {
    nlohmann::json mnist_test_accuracy;
    nlohmann::json drawn_test_accuracy;
    nlohmann::json mnist_accuracy_trained_on_drawn;
    nlohmann::json training_seconds;

    void write(const std::filesystem::path& file) const {
        const nlohmann::ordered_json json{{"mnist_test_accuracy", mnist_test_accuracy},
                                          {"drawn_test_accuracy", drawn_test_accuracy},
                                          {"mnist_accuracy_trained_on_drawn", mnist_accuracy_trained_on_drawn},
                                          {"training_seconds", training_seconds},
                                          {"threads", dv::threads()}};
        dv::write_file(file, json.dump(2) + "\n");
    }
};

std::string percent(double share) {
    char digits[16];
    std::snprintf(digits, sizeof(digits), "%.2f %%", 100 * share);
    return digits;
}

void show_feature_maps(const Model& model, const Pictures& pictures, const Settings& settings, Gallery& gallery) {
    gallery.section(
        "What each layer sees",
        "A digit beside all feature maps that the network makes of it. The maps of the first convolution respond "
        "to edges of one direction each; those of the second to pieces of strokes. All maps of a layer share one "
        "scale, so that a silent map looks silent.");
    const auto trace = model.trace(pictures);
    for (const char* layer : {"relu1", "relu2"})
        gallery.add(text("feature_maps_", layer, ".png"), text("Feature maps of a 2 behind ", layer, "."),
                    dv::figure::activations(trace, layer, {.style = settings.style()}));
}

void show_reconstructions(const Model& model, const Pictures& pictures, const Settings& settings, Gallery& gallery) {
    gallery.section(
        "The DeConvNet: from a layer back to the picture",
        "Activations are carried back to the input: unpooled to where each maximum came from, rectified, and "
        "filtered with the transposed filters (Zeiler and Fergus, 2013). Mid-grey is zero; the scale of each "
        "picture is its own.");
    const auto trace = model.trace(pictures);
    std::vector<dv::figure::ReconstructionColumn<float>> columns;
    for (const char* layer : {"relu1", "pool1", "relu2", "pool2"})
        columns.push_back({layer, dv::deconvnet(model, trace, dv::all_maps(trace, layer))});
    gallery.add("reconstructions_layers.png", "2, 3 and 6 reconstructed from all feature maps of each layer.",
                dv::figure::reconstructions(
                    pictures, columns, {.title = "All maps of a layer, projected back", .style = settings.style()}));

    // One unit of the same map for each of the pictures: the strongest of the middle picture.
    const auto unit = dv::strongest_unit(trace, {.layer = "relu2"}, 1);
    const dv::UnitOptions single{.layer = "relu2", .map = unit.map, .y = unit.y, .x = unit.x};
    columns = {
        {"all maps", dv::deconvnet(model, trace, dv::all_maps(trace, "relu2"))},
        {text("map ", unit.map),
         dv::deconvnet(model, trace, dv::whole_map(trace, {.layer = "relu2", .map = unit.map}))},
        {"its strongest unit", dv::deconvnet(model, trace, dv::strongest(trace, {.layer = "relu2", .map = unit.map}))},
        {text("its unit (", unit.y, ",", unit.x, ")"), dv::deconvnet(model, trace, dv::single_unit(trace, single))}};
    gallery.add(
        "reconstructions_seeds.png",
        "What is kept of relu2 before projecting back: everything, one map, the strongest activation of that map in "
        "each picture, or the unit at one place, all else zeroed. A unit that did not respond projects to nothing.",
        dv::figure::reconstructions(pictures, columns,
                                    {.title = "Less and less of one layer", .style = settings.style()}));

    std::vector<dv::figure::Cell> cells;
    const auto three = model.trace(pictures.entry(1));
    for (dv::Index map = 0; map < model.output_shape("relu2")[0]; ++map) {
        const auto strongest = dv::strongest(three, {.layer = "relu2", .map = map});
        cells.push_back({.picture = dv::deconvnet(model, three, strongest), .above = std::to_string(map)});
    }
    gallery.add(
        "reconstructions_maps.png",
        "The strongest activation of each of the 32 maps of relu2 in a 3, projected alone: the piece of the digit "
        "that each map found.",
        dv::figure::grid(cells, {.columns = 8,
                                 .title = "The strongest unit of each map in relu2",
                                 .symmetric = true,
                                 .cell_size = 84,
                                 .style = settings.style()}));
}

void show_occlusion(const Model& model, const dv::Dataset<float>& digits, const Settings& settings, Gallery& gallery) {
    gallery.section(
        "Occlusion: where is the evidence?",
        "A grey square slides over the digit. Where it hides what the network goes by, the probability of the "
        "right class falls. A red frame marks the positions at which another digit wins. Most digits survive "
        "the square wherever it is: shown is, of some that the network reads well, the one that suffers most.");
    for (const int label : {2, 3, 6}) {
        const dv::OcclusionOptions options{.patch = 8, .stride = 1, .fill = 0.5, .target = label, .batch = 128};
        const auto image = examples::most_sensitive(model, digits, label, options);
        const auto map = dv::occlusion_sensitivity(model, image, options);
        gallery.add(text("occlusion_heatmap_", label, ".png"),
                    text("Probability of the ", label, " by the position of the square's centre."),
                    dv::figure::occlusion_heatmap(
                        image, map,
                        {.title = text("Hiding parts of a ", label),
                         .subtitle = text("8x8 pixels hidden; nothing hidden: ", percent(map.unoccluded)),
                         .style = settings.style()}));
        gallery.add(text("occlusion_rows_", label, ".png"),
                    text("The ", label, " with parts hidden, and the probability left to it."),
                    dv::figure::occlusion_rows(
                        image, map, {.title = text("Probability of the ", label), .style = settings.style()}));
    }
}

/// The watched maps that respond most to the base image at the end.
std::vector<std::size_t> strongest_rows(const dv::FeatureEvolution<float>& evolution, std::size_t count) {
    const auto& strongest = evolution.frames().back().strongest;
    std::vector<std::size_t> rows(strongest.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    std::stable_sort(rows.begin(), rows.end(),
                     [&](std::size_t a, std::size_t b) { return strongest[a].value > strongest[b].value; });
    rows.resize(std::min(count, rows.size()));
    return rows;
}

void show_evolution(const dv::FeatureEvolution<float>& evolution, const Settings& settings, Gallery& gallery) {
    gallery.section(
        "Features grow",
        "The same maps of relu2 before training and after each epoch, for one base image: how they respond, and "
        "what the strongest activation of each projects to.");
    const auto rows = strongest_rows(evolution, 5);
    gallery.add("evolution.png", "All epochs side by side, for the five maps that end up responding most.",
                dv::figure::evolution(evolution,
                                      {.title = "Evolution of feature maps", .rows = rows, .style = settings.style()}));
    gallery.section("Features grow, step by step", "Press play, or move the slider through the epochs.", true);
    for (std::size_t i = 0; i < evolution.frames().size(); ++i) {
        const int epoch = evolution.frames()[i].epoch;
        const std::string title = epoch == 0 ? "Before training" : text("After epoch ", epoch);
        gallery.add(text("evolution_", epoch, ".png"), title + ".",
                    dv::figure::evolution_frame(
                        evolution, i, {.title = title, .rows = rows, .cell_size = 112, .style = settings.style()}));
    }
}

void make_gallery(const Settings& settings) {
    const auto digits = examples::load_digits(settings);
    auto model = examples::digit_classifier(settings.seed);
    dv::FeatureEvolution<float> evolution(digits.test.image(digits.test.find(3, 19)), {.layer = "relu2"});
    evolution.record(model, 0);
    examples::say(text("Training on ", digits.train.size(), " digits, ", dv::threads(), " threads, ",
                       dv::name(dv::active_isa())));
    Summary summary;
    summary.training_seconds = examples::train(
        model, digits.train, settings, [&](const dv::EpochReport& report) { evolution.record(model, report.epoch); });
    const double accuracy = dv::evaluate(model, digits.test).accuracy;
    (settings.mnist ? summary.mnist_test_accuracy : summary.drawn_test_accuracy) = accuracy;
    std::vector<std::string> facts{text("Trained on ", digits.train.size(),
                                        settings.mnist ? " digits of MNIST" : " drawn digits", "; it reads ",
                                        percent(accuracy), " of ", digits.test.size(), " others.")};
    examples::say("  " + facts.back());

    if (settings.mnist) {
        examples::say("Training on drawn digits, for comparison");
        const auto drawn = examples::drawn_digits(settings);
        auto other = examples::digit_classifier(settings.seed);
        examples::train(other, drawn.train, settings);
        summary.drawn_test_accuracy = dv::evaluate(other, drawn.test).accuracy;
        summary.mnist_accuracy_trained_on_drawn = dv::evaluate(other, digits.test).accuracy;
        facts.push_back(text("A network that learned from drawn digits alone reads ",
                             percent(summary.drawn_test_accuracy), " of drawn ones and ",
                             percent(summary.mnist_accuracy_trained_on_drawn), " of MNIST."));
        examples::say("  " + facts.back());
    }

    examples::say("Writing the gallery");
    Gallery gallery(settings.out);
    const auto pictures = examples::well_read(model, digits.test, {2, 3, 6});
    show_feature_maps(model, pictures, settings, gallery);
    show_reconstructions(model, pictures, settings, gallery);
    show_occlusion(model, digits.test, settings, gallery);
    show_evolution(evolution, settings, gallery);
    summary.write(settings.out / "summary.json");
    gallery.write("What a digit classifier has learned", facts);
    examples::say("Open " + (settings.out / "index.html").string());
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Trains a digit classifier and shows what it learned", make_gallery);
}
