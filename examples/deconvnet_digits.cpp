// The DeConvNet: the digits 2, 3 and 6 reconstructed from each layer, and from one unit, one map or all maps.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/progress.hpp"

namespace dv = deconvviz;

int main(int argc, char** argv) {
    return examples::run(argc, argv, "DeConvNet reconstructions of digits", [](const examples::Settings& settings) {
        const auto digits = examples::load_digits(settings);
        const auto model = examples::trained_classifier(digits, settings);
        const auto pictures = examples::well_read(model, digits.test, {2, 3, 6});
        const auto trace = model.trace(pictures);

        // From all maps of each layer.
        std::vector<dv::figure::ReconstructionColumn<float>> layers;
        for (const char* layer : {"relu1", "pool1", "relu2", "pool2"})
            layers.push_back({layer, dv::deconvnet(model, trace, dv::all_maps(trace, layer))});
        dv::save_png(
            settings.out / "layers.png",
            dv::figure::reconstructions(pictures, layers,
                                        {.title = "All maps of a layer, projected back", .style = settings.style()}));

        // From less and less of one layer: of the map that responds most, all of it or its strongest unit, or one unit
        // in the middle.
        const auto map = dv::strongest_unit(trace, {.layer = "relu2"}).map;
        const std::vector<dv::figure::ReconstructionColumn<float>> seeds{
            {"all maps", dv::deconvnet(model, trace, dv::all_maps(trace, "relu2"))},
            {"map " + std::to_string(map),
             dv::deconvnet(model, trace, dv::whole_map(trace, {.layer = "relu2", .map = map}))},
            {"its strongest unit", dv::deconvnet(model, trace, dv::strongest(trace, {.layer = "relu2", .map = map}))},
            {"its unit (4,4)",
             dv::deconvnet(model, trace, dv::single_unit(trace, {.layer = "relu2", .map = map, .y = 4, .x = 4}))}};
        dv::save_png(settings.out / "seeds.png",
                     dv::figure::reconstructions(pictures, seeds,
                                                 {.title = "What is seeded in relu2", .style = settings.style()}));
        examples::say("wrote layers.png and seeds.png to " + settings.out.string());
    });
}
