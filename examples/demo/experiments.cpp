// The paper's experiments on the digits' network.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/text.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;
using examples::text;

namespace demo {

void show_filters(const Tour& tour) {
    tour.gallery.section(
        "The first filters",
        "What the first convolution looks for: each of its filters is a picture of 5x5 weights, red where it wants "
        "light "
        "and blue where it wants dark. Most are edges and bars of some direction. A dead filter would be framed.");
    const auto bank = dv::filter_bank(tour.model);
    tour.gallery.add("filters.png", "The filters of conv1 on one scale.",
                     [&](const Style& style) { return dv::figure::filters(bank, {.cell_size = 60, .style = style}); });
}

void show_top_activations(const Tour& tour) {
    tour.gallery.section(
        "What excites each map most",
        "For some maps of each layer the nine digits of the training set that excite them most. On the left of each "
        "block the strongest activation of each, projected back; on the right the same pixels of the digit. What the "
        "nine have in common is what the map looks for; what differs is what it does not mind.");
    const auto& pictures = tour.digits.train;
    std::vector<dv::TopActivations<float>> tops;
    for (const char* layer : {"relu1", "relu2"})
        tops.emplace_back(tour.model, dv::TopActivationsOptions{.layer = layer, .count = 9});
    dv::add_pictures<float>(tour.model, pictures, tops);  // one pass for both
    for (const auto& layer : tops) {
        std::vector<dv::Index> maps;
        for (dv::Index i = 0; i < 12; ++i) maps.push_back(i * layer.layer_shape()[0] / 12);
        const auto shown = dv::project_top<float>(tour.model, pictures, layer, {.maps = maps});
        tour.gallery.add(text("top_", layer.layer(), ".png"),
                         text("Twelve maps of ", layer.layer(), ", each with its nine strongest activations among ",
                              pictures.size(), " digits."),
                         [&](const Style& style) { return dv::figure::top_activations(shown, {.style = style}); });
    }
}

void show_invariance(const Tour& tour) {
    tour.gallery.section(
        "Shifted, enlarged, turned",
        "How far do the features move when the digit is shifted, enlarged or turned, and when does the network stop "
        "believing its eyes? The first layer's features move at once, those further up more slowly. Small shifts and "
        "a larger digit do little harm. Turned by a quarter hardly any digit is safe; some, such as the 8, are read "
        "again upside down.");
    const std::vector<int> labels{0, 1, 4, 6, 8};
    const auto five = examples::well_read(tour.model, tour.digits.test, labels);
    std::vector<dv::Invariance<float>> rows;
    for (const auto transformation :
         {dv::Transformation::translation_y, dv::Transformation::scale, dv::Transformation::rotation})
        rows.push_back(dv::invariance(tour.model, five, labels, {.transformation = transformation}));
    tour.gallery.add(
        "invariance.png",
        "Distance of the features from those of the untouched digit, in the first and in an upper layer, "
        "and the probability of the right class.",
        [&](const Style& style) {
            return dv::figure::invariance(five, rows, {.names = {"0", "1", "4", "6", "8"}, .style = style});
        });
}

void show_ways_back(const Tour& tour) {
    tour.gallery.section(
        "Other ways back, and whether to trust them",
        "The DeConvNet is one of several ways from an answer back to the picture. They differ in what they do at a "
        "ReLU "
        "and at a pooling. The second figure asks how much of such a picture is the network's evidence: the weights "
        "are "
        "made random, layer by layer from the top. A way that still draws the digit when the network knows nothing any "
        "more shows the picture rather than the reason.");
    const auto pictures = examples::well_read(tour.model, tour.digits.test, {2, 3, 6, 8});
    const std::vector<dv::WayBack> ways{dv::WayBack::deconvnet(), dv::WayBack::deconvnet_to_centres(),
                                        dv::WayBack::gradient(), dv::WayBack::saliency(),
                                        dv::WayBack::guided_backpropagation()};
    std::vector<dv::figure::WayBackColumn<float>> columns;
    for (const auto& way : ways) columns.push_back({way, dv::explain(tour.model, pictures, {}, way)});
    tour.gallery.add("ways_back.png", "From the class of each digit back to its pixels, in five ways.",
                     [&](const Style& style) { return dv::figure::ways_back(pictures, columns, {.style = style}); });

    std::vector<dv::Randomisation<float>> cascades;
    for (const auto& way : {dv::WayBack::gradient(), dv::WayBack::deconvnet(), dv::WayBack::guided_backpropagation()})
        cascades.push_back(dv::cascading_randomisation(tour.model, pictures, way));
    tour.gallery.add(
        "randomisation.png", "The same maps while the weights become random from the top down.",
        [&](const Style& style) { return dv::figure::randomisation_maps(pictures, cascades, {.style = style}); });
}

}  // namespace demo
