#include "digits.hpp"

#include <algorithm>

#include "deconvviz/data/digits.hpp"
#include "deconvviz/data/idx.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/train/initialise.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace dv = deconvviz;

namespace examples {

dv::DatasetSplit<float> drawn_digits(const Settings& settings) {
    return {dv::draw_digits<float>({.count = settings.quick ? 3000 : 60000, .seed = settings.seed}),
            dv::draw_digits<float>({.count = settings.quick ? 500 : 10000, .seed = settings.seed + 1})};
}

dv::DatasetSplit<float> load_digits(const Settings& settings) {
    if (!settings.mnist) {
        say("Drawing digits");
        return drawn_digits(settings);
    }
    say("Reading MNIST from " + settings.mnist->string());
    auto digits = dv::load_mnist<float>(*settings.mnist);
    return settings.quick ? dv::DatasetSplit<float>{digits.train.first(3000), digits.test.first(500)} : digits;
}

dv::Sequential<float> digit_classifier(std::uint64_t seed) {
    dv::Sequential<float> model(
        {1, 28, 28},  //
        dv::named("conv1", dv::Conv2D<float>({.in = 1, .out = 16, .kernel = 5})), dv::named("relu1", dv::ReLU<float>()),
        dv::named("pool1", dv::MaxPool2D<float>({.kernel = 2})),
        dv::named("conv2", dv::Conv2D<float>({.in = 16, .out = 32, .kernel = 5})),
        dv::named("relu2", dv::ReLU<float>()), dv::named("pool2", dv::MaxPool2D<float>({.kernel = 2})),
        dv::Flatten<float>(), dv::Dense<float>({.in = 512, .out = 10}));
    dv::initialise(model, {.seed = seed});
    return model;
}

double train(dv::Sequential<float>& model, const dv::Dataset<float>& digits, const Settings& settings,
             const OnEpoch& on_epoch) {
    return train(model, digits,
                 {.epochs = settings.quick ? std::min(settings.epochs, 2) : settings.epochs,
                  .learning_rate = 0.05,
                  .schedule = dv::schedule::cosine(0.02),
                  .seed = settings.seed},
                 on_epoch);
}

dv::Sequential<float> trained_classifier(const dv::DatasetSplit<float>& digits, const Settings& settings) {
    auto model = digit_classifier(settings.seed);
    say("Training on " + std::to_string(digits.train.size()) + " digits");
    train(model, digits.train, settings);
    const double accuracy = dv::evaluate(model, digits.test).accuracy;
    say(text("Accuracy on ", digits.test.size(), " other digits: ", 100 * accuracy, " %"));
    return model;
}

namespace {

/// How sure the model is of each picture's label: (N, classes).
dv::Tensor<float> probabilities(const dv::Sequential<float>& model, const dv::Dataset<float>& digits) {
    dv::Tensor<float> output = model.forward(digits.images);
    for (dv::Index n = 0; n < digits.size(); ++n) dv::softmax<float>(output.slice(n), output.slice(n));
    return output;
}

}  // namespace

dv::Tensor<float> well_read(const dv::Sequential<float>& model, const dv::Dataset<float>& digits,
                            const std::vector<int>& labels) {
    const auto some = digits.first(1000);
    const auto sure = probabilities(model, some);
    std::vector<dv::Tensor<float>> found;
    for (const int label : labels) {
        dv::Index best = some.find(label);
        for (dv::Index i = best; i < some.size(); ++i)
            if (some.labels[static_cast<std::size_t>(i)] == label && sure(i, label) > sure(best, label)) best = i;
        found.push_back(some.image(best));
    }
    return dv::stack(found);
}

dv::Tensor<float> most_sensitive(const dv::Sequential<float>& model, const dv::Dataset<float>& digits, int label,
                                 const dv::OcclusionOptions& options) {
    const auto some = digits.first(400);
    const auto sure = probabilities(model, some);
    auto coarse = options;
    coarse.stride = 3;
    coarse.target = label;
    dv::Index best = some.find(label);
    float lowest = 1;
    for (dv::Index i = best; i < some.size(); ++i) {
        if (some.labels[static_cast<std::size_t>(i)] != label || sure(i, label) < 0.99F) continue;
        const auto map = dv::occlusion_sensitivity(model, some.image(i), coarse);
        const float low = *std::min_element(map.probability.begin(), map.probability.end());
        if (low < lowest) best = i;
        lowest = std::min(lowest, low);
    }
    return some.image(best);
}

}  // namespace examples
