#include "colour.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "deconvviz/data/cifar.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/train/augment.hpp"
#include "deconvviz/train/initialise.hpp"
#include "progress.hpp"

namespace dv = deconvviz;

namespace examples {

dv::DatasetSplit<float> load_colour(const Settings& settings) {
    if (!settings.cifar) throw dv::OptionError("colour pictures: expected --cifar FOLDER");
    say("Reading CIFAR-10 from " + settings.cifar->string());
    auto pictures = dv::load_cifar10<float>(*settings.cifar);
    return settings.quick ? dv::DatasetSplit<float>{pictures.train.first(2000), pictures.test.first(500)} : pictures;
}

namespace {

/// Each value the weighted mean of itself and its neighbours, 1 2 1 in both directions; outside of the map are zeros.
dv::Tensor<float> blurred(const dv::Tensor<float>& filters) {
    dv::Tensor<float> result(filters.shape());
    const dv::Index maps = filters.shape()[0], channels = filters.shape()[1];
    const dv::Index height = filters.shape()[2], width = filters.shape()[3];
    for (dv::Index o = 0; o < maps; ++o)
        for (dv::Index i = 0; i < channels; ++i)
            for (dv::Index y = 0; y < height; ++y)
                for (dv::Index x = 0; x < width; ++x)
                    for (dv::Index dy = -1; dy <= 1; ++dy)
                        for (dv::Index dx = -1; dx <= 1; ++dx)
                            if (y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width)
                                result(o, i, y, x) += filters(o, i, y + dy, x + dx) *
                                                      static_cast<float>((2 - std::abs(dy)) * (2 - std::abs(dx))) / 16;
    return result;
}

double energy(const dv::Tensor<float>& values) {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
    return sum;
}

}  // namespace

void start_smoothly(dv::Tensor<float>& filters, double size) {
    const double before = energy(filters);
    filters = blurred(filters);
    for (dv::Index o = 0; o < filters.shape()[0]; ++o) {
        const std::span<float> filter = filters.slice(o);
        double mean = 0;
        for (const float weight : filter) mean += static_cast<double>(weight) / static_cast<double>(filter.size());
        for (float& weight : filter) weight -= static_cast<float>(mean);
    }
    const double factor = size * std::sqrt(before / energy(filters));
    for (float& weight : filters) weight *= static_cast<float>(factor);
}

dv::Sequential<float> colour_classifier(std::uint64_t seed) {
    dv::Sequential<float> model(
        {3, 32, 32},  //
        dv::named("conv1", dv::Conv2D<float>({.in = 3, .out = 32, .kernel = 7, .padding = 3})),
        dv::named("relu1", dv::ReLU<float>()), dv::named("pool1", dv::MaxPool2D<float>({.kernel = 2})),
        dv::named("conv2", dv::Conv2D<float>({.in = 32, .out = 64, .kernel = 3, .padding = 1})),
        dv::named("relu2", dv::ReLU<float>()), dv::named("pool2", dv::MaxPool2D<float>({.kernel = 2})),
        dv::named("conv3", dv::Conv2D<float>({.in = 64, .out = 128, .kernel = 3, .padding = 1})),
        dv::named("relu3", dv::ReLU<float>()),
        dv::named("conv4", dv::Conv2D<float>({.in = 128, .out = 128, .kernel = 3, .padding = 1})),
        dv::named("relu4", dv::ReLU<float>()), dv::named("pool4", dv::MaxPool2D<float>({.kernel = 2})),
        dv::named("flatten", dv::Flatten<float>()), dv::named("fc5", dv::Dense<float>({.in = 2048, .out = 256})),
        dv::named("relu5", dv::ReLU<float>()), dv::named("drop5", dv::Dropout<float>({.rate = 0.3})),
        dv::named("fc6", dv::Dense<float>({.in = 256, .out = 10})));
    dv::initialise(model, {.seed = seed});
    start_smoothly(model.layer<dv::Conv2D<float>>("conv1").weights());
    return model;
}

dv::FitOptions<float> colour_recipe(const Settings& settings) {
    return {.epochs = settings.quick ? std::min(settings.epochs, 2) : settings.epochs,
            .batch = 32,
            .learning_rate = 0.012,
            .weight_decay = 1e-3,
            .schedule = dv::schedule::cosine(0.02),
            .seed = settings.seed,
            .augment = dv::augment::all<float>({dv::augment::flips<float>(), dv::augment::shifts<float>(2)})};
}

}  // namespace examples
