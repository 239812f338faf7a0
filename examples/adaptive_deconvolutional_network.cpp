// The adaptive deconvolutional network: two layers of filters learned from pictures without their labels, what they
// look like, and how well and how sparsely they describe pictures that they have not seen.
#include <deconvviz/deconvviz.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include "support/progress.hpp"
#include "support/settings.hpp"
#include "support/subject.hpp"

namespace dv = deconvviz;

namespace {

/// What is asked of the two layers; the sparser, the more like strokes and corners the filters become.
std::vector<dv::DeconvolutionalLayerOptions> layers(bool quick) {
    return {{.maps = quick ? 6 : 12, .filter = 7, .pool = {.maps = 2, .window = 2}, .lambda = 0.4},
            {.maps = quick ? 8 : 36, .filter = 5, .pool = {.maps = 2, .window = 2}, .lambda = 0.4}};
}

dv::Tensor<float> pictures(const dv::Dataset<float>& data, dv::Index count) {
    return dv::contrast_normalise(dv::greyscale(data.first(count).images));
}

void say(const dv::DeconvolutionalEpochReport& report) {
    char line[160];
    std::snprintf(line, sizeof(line),
                  "  layer %d, epoch %d/%d: cost %.1f, error %.1f %%, %.0f values a picture, %.0f s",
                  static_cast<int>(report.layer) + 1, report.epoch, report.epochs, report.measures.cost,
                  100 * report.measures.relative_error, report.measures.active, report.seconds);
    examples::say(line);
}

void say(const char* which, dv::Index layer, const dv::DeconvolutionalMeasures& measures) {
    char line[200];
    std::snprintf(line, sizeof(line),
                  "  %s pictures, layer %d: error %.1f %% (SNR %.2f dB), %.1f values a picture (%.3f %% of the maps), "
                  "sum of magnitudes %.1f, cost %.1f",
                  which, static_cast<int>(layer) + 1, 100 * measures.relative_error, measures.snr, measures.active,
                  100 * measures.nonzero, measures.l1, measures.cost);
    examples::say(line);
}

/// How often a cost rose from one step of inference to the next, over all pictures.
dv::Index rises(const dv::Tensor<double>& cost) {
    dv::Index count = 0;
    for (dv::Index n = 0; n < cost.shape()[0]; ++n)
        for (dv::Index t = 1; t < cost.shape()[1]; ++t) count += cost(n, t) > cost(n, t - 1);
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "The adaptive deconvolutional network", [](const examples::Settings& settings) {
        const auto data = examples::load_subject_data(settings);
        const auto train = pictures(data.train, settings.quick ? 30 : 400);
        const auto test = pictures(data.test, settings.quick ? 10 : 100);

        dv::AdaptiveDeconvolutionalNetwork<float> network(train.shape().sample(), layers(settings.quick),
                                                          settings.seed);
        std::vector<dv::DeconvolutionalEpochReport> reports;
        const auto code = dv::learn(network, train,
                                    {.epochs = settings.quick ? 2 : settings.epochs,
                                     .on_epoch = [&](const dv::DeconvolutionalEpochReport& report) {
                                         say(report);
                                         reports.push_back(report);
                                     }});
        const auto unseen = dv::infer(network, test, {.iterations = settings.quick ? 10 : 50});
        for (dv::Index layer = 0; layer < network.layers(); ++layer) {
            say("training", layer, dv::measure(network, code, layer, train));
            say("unseen", layer, dv::measure(network, unseen, layer, test));
            examples::say("  the cost rose in " + std::to_string(rises(unseen.layer(layer).cost)) + " of " +
                          std::to_string(test.shape()[0] * (unseen.layer(layer).cost.shape()[1] - 1)) + " steps");
        }

        const auto style = settings.style();
        dv::save_png(settings.out / "filters.png",
                     dv::figure::deconvolutional_filters(
                         network, {.title = "Layer 1: filters", .columns = 6, .cell_size = 70, .style = style}));
        dv::save_png(
            settings.out / "projections.png",
            dv::figure::deconvolutional_projections(
                network, code, 1, train,
                {.title = "Layer 2: what its maps stand for",
                 .subtitle = "left: projections of the four strongest activations of a map, right: the pictures there",
                 .count = 4,
                 .columns = 6,
                 .cell_size = 72,
                 .style = style}));
        dv::save_png(settings.out / "reconstructions.png",
                     dv::figure::deconvolutional_reconstructions(
                         network, unseen, test, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                         {.title = "Pictures that were not learned from, and what the maps give back of them",
                          .subtitle = "below: squared error as a share of the picture",
                          .cell_size = 72,
                          .style = style}));
        dv::save_png(settings.out / "costs.png",
                     dv::figure::hstack({dv::figure::inference_costs(unseen, {.title = "Inference", .style = style}),
                                         dv::figure::learning_errors(reports, {.title = "Learning", .style = style})}));
        examples::say("wrote filters.png, projections.png, reconstructions.png and costs.png to " +
                      settings.out.string());
    });
}
