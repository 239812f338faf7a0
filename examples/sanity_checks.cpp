// Sanity checks of ways back: what is left of a map when the network's weights are random, when it is asked about
// another class, and how much of it is the picture itself.
#include <deconvviz/deconvviz.hpp>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace {

/// The first pictures of the test set that the model reads rightly.
dv::Tensor<float> well_read(const examples::Subject& subject, dv::Index count) {
    const auto first = subject.data.test.first(4 * count);
    const auto classes = dv::strongest_targets(subject.model, first.images);
    std::vector<dv::Tensor<float>> chosen;
    for (dv::Index n = 0; n < first.size() && std::ssize(chosen) < count; ++n)
        if (classes[static_cast<std::size_t>(n)] == first.labels[static_cast<std::size_t>(n)])
            chosen.push_back(first.images.entry(n));
    return dv::stack(chosen);
}

/// Means over all pictures, on the console.
void report(const std::vector<dv::Randomisation<float>>& cascades, const std::vector<dv::ClassSwap<float>>& swaps,
            const std::vector<dv::RecoveredImage<float>>& recovered) {
    for (std::size_t i = 0; i < cascades.size(); ++i) {
        examples::say(cascades[i].way.name);
        for (const auto& stage : cascades[i].stages)
            examples::say(examples::text("  random down to ", stage.layer, ": rank correlation ", stage.mean.rank,
                                         ", of magnitudes ", stage.mean.magnitude, ", structural similarity ",
                                         stage.mean.structural));
        examples::say(examples::text("  another class: rank correlation ", swaps[i].mean_with_others.rank,
                                     ", of magnitudes ", swaps[i].mean_with_others.magnitude));
        const dv::Resemblance& trained = recovered[i].mean_trained;
        const dv::Resemblance& random = recovered[i].mean_random;
        examples::say(examples::text("  the picture, trained and random: ", trained.picture, " ", random.picture,
                                     ", its high-pass ", trained.high_pass, " ", random.high_pass, ", its edges ",
                                     trained.edges, " ", random.edges));
    }
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Sanity checks of ways back", [](const examples::Settings& settings) {
        const auto subject = examples::trained_subject(settings);
        const auto pictures = well_read(subject, settings.quick ? 8 : 64);

        std::vector<dv::Randomisation<float>> cascades;
        std::vector<dv::ClassSwap<float>> swaps;
        std::vector<dv::RecoveredImage<float>> recovered;
        for (const auto& way : {dv::WayBack::deconvnet(), dv::WayBack::deconvnet_to_centres(), dv::WayBack::gradient(),
                                dv::WayBack::gradient_times_input(), dv::WayBack::guided_backpropagation()}) {
            cascades.push_back(dv::cascading_randomisation(subject.model, pictures, way, {.seed = settings.seed}));
            swaps.push_back(dv::class_swap(subject.model, pictures, way));
            recovered.push_back(dv::recovered_image(subject.model, pictures, way, {.seed = settings.seed}));
        }
        report(cascades, swaps, recovered);

        const auto style = settings.style();
        dv::figure::SanityFigureOptions options{.title = "Weights made random, from the top down",
                                                .subtitle = "below each map, its rank correlation with the original",
                                                .cell_size = 84,
                                                .chart_width = 200,
                                                .style = style};
        dv::save_png(settings.out / "randomisation.png", dv::figure::randomisation_maps(pictures, cascades, options));
        options.title = "How alike maps stay to the original ones";
        options.subtitle = examples::text("means over ", pictures.shape()[0], " pictures");
        dv::save_png(settings.out / "randomisation_charts.png", dv::figure::randomisation_charts(cascades, options));
        options = {.pictures = {0, 1}, .class_names = subject.class_names, .chart_width = 460, .style = style};
        dv::save_png(settings.out / "class_swap.png",
                     dv::figure::vstack({dv::figure::class_swap_maps(pictures, swaps, options),
                                         dv::figure::class_swap_chart(swaps, options)},
                                        {.title = "Asked about another class",
                                         .subtitle = "below, the rank correlation of the two maps",
                                         .style = style}));
        dv::save_png(settings.out / "recovered_image.png",
                     dv::figure::vstack({dv::figure::recovered_image_maps(pictures, recovered, options),
                                         dv::figure::recovered_image_chart(recovered, options)},
                                        {.title = "How much of a map is the picture itself",
                                         .subtitle = "below each map, its correlation with the picture's high-pass",
                                         .style = style}));
        examples::say("wrote randomisation.png, randomisation_charts.png, class_swap.png and recovered_image.png to " +
                      settings.out.string());
    });
}
