// How features grow.
#include <algorithm>
#include <deconvviz/deconvviz.hpp>
#include <numeric>

#include "support/text.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;
using examples::text;

namespace demo {

namespace {

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

}  // namespace

void show_evolution(const Tour& tour, const Growth& growth) {
    const auto& evolution = growth.one;
    tour.gallery.section("Features grow",
                         "The same maps of relu2 before training and after each epoch, for one base image: how they "
                         "respond, and what the strongest activation of each projects to.");
    const auto rows = strongest_rows(evolution, 5);
    tour.gallery.add("evolution.png", "All epochs side by side, for the five maps that end up responding most.",
                     [&](const Style& style) {
                         return dv::figure::evolution(
                             evolution, {.title = "Evolution of feature maps", .rows = rows, .style = style});
                     });
    tour.gallery.add("evolution_training_set.png",
                     "The strongest activation over all digits of the training set, projected, for some maps of each "
                     "layer. A coloured frame says that another digit took over.",
                     [&](const Style& style) { return dv::figure::dataset_evolution(growth.all, {.style = style}); });
    tour.gallery.section("Step by step", "Press play, or move the slider through the epochs.", true);
    for (std::size_t i = 0; i < evolution.frames().size(); ++i) {
        const int epoch = evolution.frames()[i].epoch;
        const std::string title = epoch == 0 ? "Before training" : text("After epoch ", epoch);
        tour.gallery.add(text("evolution_", epoch, ".png"), title + ".", [&](const Style& style) {
            return dv::figure::evolution_frame(evolution, i,
                                               {.title = title, .rows = rows, .cell_size = 112, .style = style});
        });
    }
}

}  // namespace demo
