// What each convolution sees: an input beside all of its feature maps.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/progress.hpp"

namespace dv = deconvviz;

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Feature maps of a digit", [](const examples::Settings& settings) {
        const auto digits = examples::load_digits(settings);
        const auto model = examples::trained_classifier(digits, settings);

        const auto trace = model.trace(examples::well_read(model, digits.test, {2, 3, 6}));
        for (const char* layer : {"relu1", "relu2"}) {
            const auto figure = dv::figure::activations(trace, layer, {.style = settings.style()});
            dv::save_png(settings.out / (std::string(layer) + ".png"), figure);
            examples::say("wrote " + (settings.out / layer).string() + ".png");
        }
    });
}
