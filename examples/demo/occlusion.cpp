// Hiding parts of a digit.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/text.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;
using examples::text;

namespace demo {

namespace {

/// The pictures, other than this one, that excite a map most.
dv::Tensor<float> others_for(const Tour& tour, const dv::Tensor<float>& image, const std::string& layer,
                             dv::Index map) {
    const auto& pictures = tour.digits.train;
    const auto tops =
        dv::top_activations<float>(tour.model, pictures.first(2000), {.layer = layer, .maps = {map}, .count = 4});
    std::vector<dv::Tensor<float>> chosen;
    for (const auto& entry : tops.entries(0))
        if (auto other = pictures.image(entry.picture); other != image && chosen.size() < 3)
            chosen.push_back(std::move(other));
    return dv::stack(chosen);
}

}  // namespace

void show_occlusion(const Tour& tour) {
    tour.gallery.section(
        "Where is the evidence?",
        "A grey square slides over the digit. Where it hides what the network goes by, the probability of the "
        "right class falls. A red frame marks the positions at which another digit wins. Most digits survive "
        "the square wherever it is: shown is, of some that the network reads well, the one that suffers most.");
    std::vector<dv::OcclusionStudy<float>> studies;
    for (const int label : {2, 3, 6}) {
        const dv::OcclusionOptions options{.patch = 8, .stride = 1, .fill = 0.5, .target = label, .batch = 128};
        const auto image = examples::most_sensitive(tour.model, tour.digits.test, label, options);
        dv::OcclusionStudyOptions whole{.patch = 8, .stride = 7, .target = label, .batch = 128};
        const auto look = dv::occlusion_study(tour.model, image, whole);  // a coarse one finds the map
        whole.stride = 1;
        studies.push_back(
            dv::occlusion_study(tour.model, image, whole, others_for(tour, image, look.layer, look.map())));
        const auto& map = studies.back().classes;
        tour.gallery.add(text("occlusion_heatmap_", label, ".png"),
                         text("Probability of the ", label, " by the position of the square's centre."),
                         [&](const Style& style) {
                             return dv::figure::occlusion_heatmap(
                                 image, map,
                                 {.title = text("Hiding parts of a ", label),
                                  .subtitle = text("8x8 pixels hidden; nothing hidden: ", percent(map.unoccluded)),
                                  .style = style});
                         });
        tour.gallery.add(text("occlusion_rows_", label, ".png"),
                         text("The ", label, " with parts hidden, and the probability left to it."),
                         [&](const Style& style) {
                             return dv::figure::occlusion_rows(
                                 image, map, {.title = text("Probability of the ", label), .style = style});
                         });
    }
    tour.gallery.add(
        "occlusion_study.png",
        "The whole experiment, as in Fig. 7 of the paper: the digit with the patch; the total activity of the map that "
        "responds most, by position of the patch; what that map responds to, in this digit (framed) and in others; the "
        "probability of the right class; the most probable class.",
        [&](const Style& style) {
            return dv::figure::occlusion_study(
                studies, {.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, .style = style});
        });
}

}  // namespace demo
