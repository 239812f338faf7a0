// What the layers see, and the way back from them.
#include <deconvviz/deconvviz.hpp>

#include "support/text.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;
using examples::text;

namespace demo {

void show_feature_maps(const Tour& tour) {
    tour.gallery.section(
        "What each layer sees",
        "A digit beside all feature maps that the network makes of it. The maps of the first convolution respond "
        "to edges of one direction each; those of the second to pieces of strokes. All maps of a layer share one "
        "scale, so that a silent map looks silent.");
    const auto trace = tour.model.trace(tour.pictures);
    for (const char* layer : {"relu1", "relu2"})
        tour.gallery.add(text("feature_maps_", layer, ".png"), text("Feature maps of a 2 behind ", layer, "."),
                         [&](const Style& style) { return dv::figure::activations(trace, layer, {.style = style}); });
}

namespace {

using Columns = std::vector<dv::figure::ReconstructionColumn<float>>;

void add_reconstructions(const Tour& tour, const std::string& name, const std::string& title,
                         const std::string& caption, const Columns& columns) {
    tour.gallery.add(name, caption, [&](const Style& style) {
        return dv::figure::reconstructions(tour.pictures, columns, {.title = title, .style = style});
    });
}

}  // namespace

void show_reconstructions(const Tour& tour) {
    tour.gallery.section(
        "From a layer back to the picture",
        "The DeConvNet carries activations back to the input: unpooled to where each maximum came from, rectified, "
        "and filtered with the transposed filters (Zeiler and Fergus, 2013). Mid-grey is zero; the scale of each "
        "picture is its own.");
    const auto& model = tour.model;
    const auto trace = model.trace(tour.pictures);
    Columns columns;
    for (const char* layer : {"relu1", "pool1", "relu2", "pool2"})
        columns.push_back({layer, dv::deconvnet(model, trace, dv::all_maps(trace, layer))});
    add_reconstructions(tour, "reconstructions_layers.png", "All maps of a layer, projected back",
                        "2, 3 and 6 reconstructed from all feature maps of each layer.", columns);

    // One unit of the same map for each of the pictures: the strongest of the middle picture.
    const auto unit = dv::strongest_unit(trace, {.layer = "relu2"}, 1);
    const dv::UnitOptions single{.layer = "relu2", .map = unit.map, .y = unit.y, .x = unit.x};
    const dv::MapOptions map{.layer = "relu2", .map = unit.map};
    columns = {
        {"all maps", dv::deconvnet(model, trace, dv::all_maps(trace, "relu2"))},
        {text("map ", unit.map), dv::deconvnet(model, trace, dv::whole_map(trace, map))},
        {"its strongest unit", dv::deconvnet(model, trace, dv::strongest(trace, map))},
        {text("its unit (", unit.y, ",", unit.x, ")"), dv::deconvnet(model, trace, dv::single_unit(trace, single))}};
    add_reconstructions(
        tour, "reconstructions_seeds.png", "Less and less of one layer",
        "What is kept of relu2 before projecting back: everything, one map, the strongest activation of that map in "
        "each picture, or the unit at one place, all else zeroed. A unit that did not respond projects to nothing.",
        columns);

    std::vector<dv::figure::Cell> cells;
    const auto three = model.trace(tour.pictures.entry(1));
    for (dv::Index m = 0; m < model.output_shape("relu2")[0]; ++m) {
        const auto strongest = dv::strongest(three, {.layer = "relu2", .map = m});
        cells.push_back({.picture = dv::deconvnet(model, three, strongest), .above = std::to_string(m)});
    }
    tour.gallery.add(
        "reconstructions_maps.png",
        "The strongest activation of each of the 32 maps of relu2 in a 3, projected alone: the piece of the digit "
        "that each map found.",
        [&](const Style& style) {
            return dv::figure::grid(cells, {.columns = 8,
                                            .title = "The strongest unit of each map in relu2",
                                            .symmetric = true,
                                            .cell_size = 84,
                                            .style = style});
        });
}

}  // namespace demo
