// The whole job: trains a digit classifier and writes a gallery of every figure, with a page and a summary.
#include <cstdio>
#include <deconvviz/deconvviz.hpp>
#include <nlohmann/json.hpp>

#include "support/digits.hpp"
#include "support/gallery.hpp"
#include "support/progress.hpp"
#include "support/text.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using examples::Gallery;
using examples::Settings;
using examples::text;

namespace demo {

std::string percent(double share, int decimals) {
    char digits[16];
    std::snprintf(digits, sizeof(digits), "%.*f %%", decimals, 100 * share);
    return digits;
}

namespace {

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

/// How far a network that has seen drawn digits only gets on people's.
void compare_with_drawn(const dv::DatasetSplit<float>& mnist, const Settings& settings, Summary& summary,
                        Gallery& gallery) {
    examples::say("Training on drawn digits, for comparison");
    const auto drawn = examples::drawn_digits(settings);
    auto other = examples::digit_classifier(settings.seed);
    examples::train(other, drawn.train, settings);
    summary.drawn_test_accuracy = dv::evaluate(other, drawn.test).accuracy;
    summary.mnist_accuracy_trained_on_drawn = dv::evaluate(other, mnist.test).accuracy;
    gallery.fact(percent(summary.mnist_accuracy_trained_on_drawn),
                 text("of MNIST is read by a network that learned from drawn digits alone; of other drawn ones, ",
                      percent(summary.drawn_test_accuracy)));
}

void make_gallery(const Settings& settings) {
    const auto digits = examples::load_digits(settings);
    auto model = examples::digit_classifier(settings.seed);
    Growth growth{{digits.test.image(digits.test.find(3, 19)), {.layer = "relu2"}},
                  dv::DatasetEvolution<float>({.layers = {{"relu1", {0, 4, 8, 12}}, {"relu2", {0, 8, 16, 24}}}})};
    const auto some = digits.train.first(5000);  // enough to see another digit take over
    const auto record = [&](int epoch) {
        growth.one.record(model, epoch);
        growth.all.record(model, some, epoch);
    };
    record(0);
    examples::say(text("Training on ", digits.train.size(), " digits, ", dv::threads(), " threads, ",
                       dv::name(dv::active_isa())));
    Summary summary;
    const double seconds =
        examples::train(model, digits.train, settings, [&](const dv::EpochReport& report) { record(report.epoch); });
    summary.training_seconds = seconds;
    const double accuracy = dv::evaluate(model, digits.test).accuracy;
    (settings.mnist ? summary.mnist_test_accuracy : summary.drawn_test_accuracy) = accuracy;
    Gallery gallery(settings.out, settings.style());
    gallery.fact(percent(accuracy), text("of ", digits.test.size(), " other digits are read right"));
    gallery.fact(text(static_cast<int>(seconds + 0.5), " s"),
                 text("of training on ", digits.train.size(), settings.mnist ? " digits of MNIST, " : " drawn digits, ",
                      dv::threads(), " threads, ", dv::name(dv::active_isa())));
    if (settings.mnist) compare_with_drawn(digits, settings, summary, gallery);

    examples::say("Writing the gallery");
    const auto pictures = examples::well_read(model, digits.test, {2, 3, 6});
    const Tour tour{model, digits, pictures, settings, gallery};
    show_feature_maps(tour);
    show_filters(tour);
    show_reconstructions(tour);
    show_top_activations(tour);
    show_occlusion(tour);
    show_evolution(tour, growth);
    show_invariance(tour);
    show_correspondence(tour);
    show_ways_back(tour);
    show_deconvolutional_network(tour);
    show_autoencoder(tour);
    summary.write(settings.out / "summary.json");
    gallery.write("What a digit classifier has learned",
                  "A small convolutional network was trained to read handwritten digits. This page looks into it: what "
                  "its layers respond to, where in a digit it finds its evidence, how all that grew while it learned, "
                  "and what can be learned from digits without being told what they are.");
    examples::say("Open " + (settings.out / "index.html").string());
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Trains a digit classifier and shows what it learned", demo::make_gallery);
}
