// Occlusion sensitivity: how the probability of a digit's class falls when a part of it is hidden.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/progress.hpp"

namespace dv = deconvviz;

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Occlusion sensitivity of a digit", [](const examples::Settings& settings) {
        const auto digits = examples::load_digits(settings);
        const auto model = examples::trained_classifier(digits, settings);

        const dv::OcclusionOptions options{.patch = 8, .stride = 1, .fill = 0.5, .target = 6};
        const auto image = examples::most_sensitive(model, digits.test, 6, options);
        const auto map = dv::occlusion_sensitivity(model, image, options);
        dv::save_png(
            settings.out / "heatmap.png",
            dv::figure::occlusion_heatmap(image, map, {.title = "Where is the six?", .style = settings.style()}));
        dv::save_png(
            settings.out / "rows.png",
            dv::figure::occlusion_rows(image, map, {.title = "Probability of the six", .style = settings.style()}));
        examples::say("wrote heatmap.png and rows.png to " + settings.out.string());
    });
}
