// The stacked what-where autoencoder: features learned without labels, what the "where" carries, and how far a linear
// classifier on the features gets with few labels.
#include <algorithm>
#include <cstdio>
#include <deconvviz/deconvviz.hpp>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
using examples::Settings;
using examples::text;

namespace {

using Model = dv::Sequential<float>;
using Pictures = dv::Tensor<float>;

/// Large last windows: what comes out of them hardly depends on the position, which the switches keep. Small first
/// filters: what the network knows in the end it has learned, and is not left over from its first weights.
Model encoder(const dv::Shape& picture, std::uint64_t seed) {
    Model model(picture, dv::Conv2D<float>({.in = picture[0], .out = 16, .kernel = 5}), dv::ReLU<float>(),
                dv::MaxPool2D<float>({.kernel = 2}), dv::Conv2D<float>({.in = 16, .out = 64, .kernel = 5}),
                dv::ReLU<float>(), dv::MaxPool2D<float>({.kernel = 4}));
    dv::initialise(model, {.seed = seed});
    for (const auto& parameter : model.parameters())
        for (float& value : *parameter.parameter.value) value *= 0.3F;
    return model;
}

/// The encoder's layers with first weights of usual size, and a classifier on top.
Model classifier(const dv::Shape& picture, dv::Index classes, std::uint64_t seed) {
    const dv::Index features = encoder(picture, seed).output_shape().elements();
    Model model(picture, dv::Conv2D<float>({.in = picture[0], .out = 16, .kernel = 5}), dv::ReLU<float>(),
                dv::MaxPool2D<float>({.kernel = 2}), dv::Conv2D<float>({.in = 16, .out = 64, .kernel = 5}),
                dv::ReLU<float>(), dv::MaxPool2D<float>({.kernel = 4}), dv::Flatten<float>(),
                dv::Dense<float>({.in = features, .out = classes}));
    dv::initialise(model, {.seed = seed});
    return model;
}

/// The first pictures of five classes.
Pictures some_pictures(const dv::Dataset<float>& data) {
    std::vector<Pictures> chosen;
    for (const int label : {2, 3, 5, 6, 8}) chosen.push_back(data.image(data.find(label)));
    return dv::stack(chosen);
}

/// (N, ...) with the last entry first.
Pictures rotated(const Pictures& pictures) {
    Pictures turned = pictures;
    std::rotate(turned.begin(), turned.end() - pictures.size() / pictures.shape()[0], turned.end());
    return turned;
}

dv::figure::ValueRange range_of_pictures(const Settings& settings) {
    return settings.cifar ? dv::figure::ValueRange{-3, 3} : dv::figure::ValueRange{0, 1};
}

void show_reconstructions(const Model& model, const dv::MirrorNetwork<float>& decoder, const Pictures& pictures,
                          const Settings& settings) {
    const auto trace = model.trace(pictures);
    const auto other = model.trace(rotated(pictures));
    dv::save_png(settings.out / "reconstructions.png",
                 dv::figure::autoencoder<float>(
                     pictures,
                     {{"what and where", dv::reconstruct(model, decoder, trace)},
                      {"where: centres", dv::reconstruct(model, decoder, trace, dv::Unpooling::centre)},
                      {"where: row above", dv::reconstruct(model, decoder, trace, other)}},
                     {.title = "What is reconstructed",
                      .subtitle = "below: mean squared error",
                      .range = range_of_pictures(settings),
                      .style = settings.style()}));
    dv::save_png(settings.out / "where_exchange.png",
                 dv::figure::where_exchange(
                     pictures, dv::exchange_where(model, decoder, pictures),
                     {.title = "What of the row, where of the column", .cell_size = 56, .style = settings.style()}));
    dv::save_png(settings.out / "filters.png",
                 dv::figure::filters(dv::filter_bank(model),
                                     {.title = "First filters, learned without labels", .style = settings.style()}));
}

/// Says what came of each number of labels.
void say_points(const dv::figure::LabelCurve& curve) {
    for (const dv::LabelPoint& point : curve.points) {
        char line[96];
        std::snprintf(line, sizeof(line), "  %-18s %5td labels: %5.1f %% (deviation %.1f)", curve.name.c_str(),
                      point.labels, 100 * point.mean, 100 * point.deviation);
        examples::say(line);
    }
}

dv::figure::LabelCurve curve(const std::string& name, const Pictures& train, const Pictures& test,
                             const dv::DatasetSplit<float>& data, const dv::AccuracyByLabelsOptions& options) {
    dv::figure::LabelCurve found{
        name, dv::accuracy_by_labels(train, data.train.labels, test, data.test.labels, data.train.classes, options)};
    say_points(found);
    return found;
}

/// The same network with a classifier on top, which learns from the same labelled pictures and nothing else.
dv::figure::LabelCurve supervised(const dv::DatasetSplit<float>& data, const Settings& settings,
                                  const dv::AccuracyByLabelsOptions& options) {
    dv::figure::LabelCurve found{.name = "labels alone", .points = {}, .dashed = true};
    for (const dv::Index per_class : options.per_class) {
        dv::LabelPoint point{.labels = per_class * data.train.classes, .accuracies = {}};
        for (dv::Index draw = 0; draw < options.draws; ++draw) {
            const auto seed = dv::derived_seed(options.seed, static_cast<std::uint64_t>(draw));
            const auto few = dv::draw_labelled(data.train, per_class, seed);
            auto model = classifier(few.images.shape().sample(), few.classes, settings.seed);
            const dv::Index batches = (few.size() + 31) / 32;
            dv::fit(model, few,
                    {.epochs = static_cast<int>((2 * options.probe.steps + batches - 1) / batches),
                     .batch = 32,
                     .learning_rate = 0.03,
                     .weight_decay = 1e-3,
                     .schedule = dv::schedule::cosine(0.1),
                     .seed = settings.seed});
            point.accuracies.push_back(dv::evaluate(model, data.test).accuracy);
        }
        found.points.push_back(dv::summarised(point));
    }
    say_points(found);
    return found;
}

Pictures flat(const Pictures& images) {
    return images.reshaped({images.shape()[0], images.size() / images.shape()[0]});
}

/// On features of the network that has learned, of the same network with its first weights, and on pixels; and the
/// network taught by the labels alone.
void show_few_labels(const Model& learned, const Model& random, const dv::DatasetSplit<float>& data,
                     const Settings& settings) {
    dv::AccuracyByLabelsOptions options{.per_class = {3, 10, 30, 100}, .draws = 5, .seed = settings.seed};
    if (settings.quick) {
        options.per_class = {2, 5};
        options.draws = 2;
        options.probe = {.weight_decays = {1e-4, 1e-3}, .folds = 2, .steps = 50};
    }
    const auto features = [&](const Model& model, const Pictures& images) {
        return dv::layer_features(model, images, "maxpool2");
    };
    examples::say("Learning linear classifiers");
    const std::vector<dv::figure::LabelCurve> curves{
        curve("learned features", features(learned, data.train.images), features(learned, data.test.images), data,
              options),
        curve("random features", features(random, data.train.images), features(random, data.test.images), data,
              options),
        curve("pixels", flat(data.train.images), flat(data.test.images), data, options),
        supervised(data, settings, options)};
    dv::save_png(settings.out / "few_labels.png",
                 dv::figure::accuracy_by_labels(
                     curves, {.title = "A linear classifier with few labels",
                              .subtitle = text("features learned from ", data.train.size(), " pictures without labels"),
                              .style = settings.style()}));
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(
        argc, argv, "A what-where autoencoder, and what its features are good for", [](const Settings& settings) {
            auto data = examples::load_subject_data(settings);
            data.train = data.train.first(settings.quick ? 1000 : 20000);
            data.test = data.test.first(settings.quick ? 200 : 5000);
            if (settings.cifar)  // else brightness and mean colour are most of what there is to rebuild
                for (auto* part : {&data.train, &data.test}) part->images = dv::contrast_normalise(part->images);
            auto model = encoder(data.train.images.shape().sample(), settings.seed);
            const auto untrained = model;
            auto decoder = dv::mirror(model, {.seed = settings.seed});

            examples::say(text("Learning from ", data.train.size(), " pictures without labels"));
            const int epochs = settings.quick ? 2 : settings.epochs;
            dv::train_autoencoder(
                model, decoder, data.train.images,
                {.epochs = epochs, .learning_rate = settings.cifar ? 0.1 : 0.5, .seed = settings.seed},
                [](const dv::AutoencoderReport& report) {
                    examples::say(text("  epoch ", report.epoch, "/", report.epochs, ": reconstruction ",
                                       report.reconstruction, ", middle ", report.middle, ", ", report.seconds, " s"));
                });
            show_reconstructions(model, decoder, some_pictures(data.test), settings);
            show_few_labels(model, untrained, data, settings);
            examples::say("wrote reconstructions.png, where_exchange.png, filters.png and few_labels.png to " +
                          settings.out.string());
        });
}
