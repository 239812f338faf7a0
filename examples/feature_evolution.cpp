// Feature evolution while a network learns: a layer's maps and their projections on one base image, and, for maps of
// each convolution, the strongest activation over all training pictures.
#include <deconvviz/deconvviz.hpp>

#include <map>
#include <string>
#include <vector>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace {

const std::vector<int> shown_epochs{0, 1, 2, 3, 5, 8, 13, 21, 34, 55};

/// Some maps of every convolution, behind its ReLU, evenly spread over the layer.
std::vector<dv::WatchedLayer> watched(const dv::Sequential<float>& model, dv::Index count) {
    std::vector<dv::WatchedLayer> layers;
    for (std::size_t i = 0; i < model.size(); ++i) {
        if (model.layer(i).kind() != "ReLU" || model.output_shape(i).rank() != 3) continue;
        dv::WatchedLayer layer{model.name(i), {}};
        for (dv::Index k = 0; k < count; ++k) layer.maps.push_back(k * model.output_shape(i)[0] / count);
        layers.push_back(layer);
    }
    return layers;
}

/// How often another picture took over, layer by layer.
void tell_jumps(const dv::DatasetEvolution<float>& evolution) {
    std::map<std::string, int> jumps;
    std::map<std::string, int> chances;
    for (std::size_t f = 1; f < evolution.frames().size(); ++f)
        for (std::size_t m = 0; m < evolution.maps().size(); ++m) {
            jumps[evolution.maps()[m].layer] += evolution.frames()[f].maps[m].jumped;
            ++chances[evolution.maps()[m].layer];
        }
    for (const auto& [layer, count] : jumps)
        examples::say(examples::text(layer, ": another picture took over ", count, " of ", chances[layer], " times"));
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Evolution of features while learning", [](const examples::Settings& settings) {
        const auto data = examples::load_subject_data(settings);
        auto model = examples::untrained_model(settings);

        const auto base_image = data.test.image(data.test.find(3, 19));
        dv::FeatureEvolution<float> one_picture(base_image, {.layer = "relu2", .maps = {0, 1, 2, 3, 4}});
        dv::DatasetEvolution<float> all_pictures({.layers = watched(model, 4), .epochs = shown_epochs});
        const auto look = [&](int epoch) {
            if (all_pictures.record(model, data.train, epoch)) one_picture.record(model, epoch);
        };
        look(0);
        examples::train_subject(model, data.train, settings,
                                [&](const dv::EpochReport& report) { look(report.epoch); });

        dv::save_png(settings.out / "evolution.png",
                     dv::figure::evolution(one_picture, {.title = "Features of one picture while the network learns",
                                                         .style = settings.style()}));
        dv::save_png(settings.out / "evolution_training_set.png",
                     dv::figure::dataset_evolution(all_pictures,
                                                   {.title = "What excites each map most", .style = settings.style()}));
        tell_jumps(all_pictures);
        examples::say("wrote evolution.png and evolution_training_set.png to " + settings.out.string());
    });
}
