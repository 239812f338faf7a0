// What can be learned from digits without their labels.
#include <deconvviz/deconvviz.hpp>

#include "support/progress.hpp"
#include "support/text.hpp"
#include "tour.hpp"

namespace dv = deconvviz;
using dv::figure::Style;
using examples::text;

namespace demo {

namespace {

using Pictures = dv::Tensor<float>;

/// The first pictures of a data set, contrast-normalised.
Pictures normalised(const dv::Dataset<float>& digits, dv::Index count) {
    return dv::contrast_normalise(digits.first(count).images);
}

Pictures flat(const Pictures& images) {
    return images.reshaped({images.shape()[0], images.size() / images.shape()[0]});
}

}  // namespace

void show_deconvolutional_network(const Tour& tour) {
    tour.gallery.section(
        "Learned without labels: a network that only takes pictures apart",
        "The adaptive deconvolutional network (Zeiler, Taylor and Fergus, 2011) is never told what a digit is. Layer "
        "by "
        "layer it looks for filters from which few, sparse activations can put the pictures together again. Its second "
        "layer finds strokes, arcs and hooks.");
    const bool quick = tour.settings.quick;
    const auto train = normalised(tour.digits.train, quick ? 30 : 200);
    const auto test = normalised(tour.digits.test, 10);
    const std::vector<dv::DeconvolutionalLayerOptions> layers{
        {.maps = 12, .filter = 7, .pool = {.maps = 2, .window = 2}, .lambda = 0.4},
        {.maps = 36, .filter = 5, .pool = {.maps = 2, .window = 2}, .lambda = 0.4}};
    dv::AdaptiveDeconvolutionalNetwork<float> network(train.shape().sample(), layers, tour.settings.seed);
    const auto code = dv::learn(network, train, {.epochs = quick ? 1 : 4});
    tour.gallery.add(
        "deconvolutional_projections.png",
        "Each map of the second layer: its four strongest activations projected to the picture, beside the "
        "(contrast-normalised) digits there.",
        [&](const Style& style) {
            return dv::figure::deconvolutional_projections(network, code, 1, train,
                                                           {.count = 4, .columns = 6, .cell_size = 72, .style = style});
        });
    const auto unseen = dv::infer(network, test);
    tour.gallery.add("deconvolutional_reconstructions.png",
                     "Digits that it has not seen, and what the maps of each layer give back of them.",
                     [&](const Style& style) {
                         return dv::figure::deconvolutional_reconstructions(
                             network, unseen, test, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {.cell_size = 72, .style = style});
                     });
}

void show_autoencoder(const Tour& tour) {
    tour.gallery.section(
        "Learned without labels: what and where",
        "The what-where autoencoder (Zhao et al., 2015) is a network and its mirror image, which unpools by the "
        "switches "
        "of the way up, just as the DeConvNet does. Asked to give back what went in, it learns features without a "
        "single "
        "label. What a digit shows goes through the maps, where it shows it goes through the switches.");
    const bool quick = tour.settings.quick;
    const auto train = tour.digits.train.first(quick ? 500 : 8000);
    const auto test = tour.digits.test.first(quick ? 200 : 2000);
    dv::Sequential<float> model({1, 28, 28}, dv::Conv2D<float>({.in = 1, .out = 16, .kernel = 5}), dv::ReLU<float>(),
                                dv::MaxPool2D<float>({.kernel = 2}),
                                dv::Conv2D<float>({.in = 16, .out = 64, .kernel = 5}), dv::ReLU<float>(),
                                dv::MaxPool2D<float>({.kernel = 4}));
    dv::initialise(model, {.seed = tour.settings.seed});
    for (const auto& parameter : model.parameters())
        for (float& value : *parameter.parameter.value) value *= 0.3F;
    auto decoder = dv::mirror(model, {.seed = tour.settings.seed});
    dv::train_autoencoder(model, decoder, train.images, {.epochs = quick ? 1 : 3, .seed = tour.settings.seed});

    std::vector<Pictures> some;
    for (const int label : {2, 3, 5, 6, 8}) some.push_back(test.image(test.find(label)));
    const auto pictures = dv::stack(some);
    const auto exchanged = dv::exchange_where(model, decoder, pictures);
    tour.gallery.add("where_exchange.png", "The what of the row's digit with the where of the column's.",
                     [&](const Style& style) {
                         return dv::figure::where_exchange(pictures, exchanged, {.cell_size = 72, .style = style});
                     });

    dv::AccuracyByLabelsOptions options{.per_class = {3, 10, 30}, .draws = quick ? 1 : 3, .seed = tour.settings.seed};
    options.probe = {.weight_decays = {1e-4, 1e-3}, .folds = 3, .steps = quick ? 30 : 150};
    const auto curve = [&](const std::string& name, const Pictures& from, const Pictures& on) {
        return dv::figure::LabelCurve{
            name, dv::accuracy_by_labels(from, train.labels, on, test.labels, train.classes, options)};
    };
    const std::vector<dv::figure::LabelCurve> curves{
        curve("learned features", dv::layer_features(model, train.images, "maxpool2"),
              dv::layer_features(model, test.images, "maxpool2")),
        curve("pixels", flat(train.images), flat(test.images))};
    tour.gallery.add("few_labels.png",
                     text("A linear classifier with few labels, on the features learned from ", train.size(),
                          " digits without labels, and on the pixels themselves."),
                     [&](const Style& style) { return dv::figure::accuracy_by_labels(curves, {.style = style}); });
}

}  // namespace demo
