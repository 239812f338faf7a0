// Feature evolution: a layer's maps and their projections before training and after each epoch.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/progress.hpp"

namespace dv = deconvviz;

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Evolution of features while learning", [](const examples::Settings& settings) {
        const auto digits = examples::load_digits(settings);
        auto model = examples::digit_classifier(settings.seed);

        const auto base_image = digits.test.image(digits.test.find(3, 19));
        dv::FeatureEvolution<float> evolution(base_image, {.layer = "relu2", .maps = {0, 1, 2, 3, 4}});
        evolution.record(model, 0);
        examples::train(model, digits.train, settings,
                        [&](const dv::EpochReport& report) { evolution.record(model, report.epoch); });
        dv::save_png(settings.out / "evolution.png",
                     dv::figure::evolution(evolution, {.title = "Features of a 3", .style = settings.style()}));
        examples::say("wrote evolution.png to " + settings.out.string());
    });
}
