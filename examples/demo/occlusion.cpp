// Hiding parts of a digit.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/text.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;
using examples::text;

namespace demo {

void show_occlusion(const Tour& tour) {
    tour.gallery.section(
        "Where is the evidence?",
        "A grey square slides over the digit. Where it hides what the network goes by, the probability of the "
        "right class falls. A red frame marks the positions at which another digit wins. Most digits survive "
        "the square wherever it is: shown is, of some that the network reads well, the one that suffers most.");
    for (const int label : {2, 3, 6}) {
        const dv::OcclusionOptions options{.patch = 8, .stride = 1, .fill = 0.5, .target = label, .batch = 128};
        const auto image = examples::most_sensitive(tour.model, tour.digits.test, label, options);
        const auto map = dv::occlusion_sensitivity(tour.model, image, options);
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
}

}  // namespace demo
