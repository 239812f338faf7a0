// The first layer's filters as pictures; and what they become with and without the paper's rescaling, which keeps one
// filter from dominating.
#include <algorithm>
#include <cmath>
#include <deconvviz/deconvviz.hpp>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace {

/// The paper's range of inputs: the mean picture taken away, about ±128.
void centre(dv::DatasetSplit<float>& data) {
    dv::Tensor<float> mean(data.train.images.shape().sample());
    const auto share = 1 / static_cast<float>(data.train.size());
    for (dv::Index n = 0; n < data.train.size(); ++n)
        for (dv::Index i = 0; i < mean.size(); ++i)
            mean[i] += share * data.train.images.slice(n)[static_cast<std::size_t>(i)];
    for (auto* part : {&data.train, &data.test})
        for (dv::Index n = 0; n < part->size(); ++n)
            for (dv::Index i = 0; i < mean.size(); ++i) {
                float& value = part->images.slice(n)[static_cast<std::size_t>(i)];
                value = 255 * (value - mean[i]);
            }
}

/// The beginning of the paper's network in the small: 7x7 filters with stride 2, pooling, contrast normalisation, and
/// one more convolution. All weights start with the paper's deviation of 0.01.
dv::Sequential<float> small_zfnet(const dv::Shape& input, std::uint64_t seed) {
    dv::Sequential<float> model(
        input,
        dv::named("conv1", dv::Conv2D<float>({.in = input[0], .out = 32, .kernel = 7, .stride = 2, .padding = 3})),
        dv::named("relu1", dv::ReLU<float>()), dv::named("pool1", dv::MaxPool2D<float>({.kernel = 2})),
        dv::named("norm1", dv::LocalResponseNorm<float>({.size = 5, .alpha = 5e-4, .beta = 0.75, .k = 2})),
        dv::named("conv2", dv::Conv2D<float>({.in = 32, .out = 64, .kernel = 3, .padding = 1})),
        dv::named("relu2", dv::ReLU<float>()), dv::named("pool2", dv::MaxPool2D<float>({.kernel = 2, .ceil = true})),
        dv::Flatten<float>(), dv::Dense<float>({.in = 64 * 4 * 4, .out = 10}));
    dv::Random random(seed);
    for (const auto& each : model.parameters())
        for (float& value : *each.parameter.value)
            value = each.parameter.decays ? static_cast<float>(0.01 * random.normal()) : 0.0F;
    return model;
}

/// A first layer as a training left it.
struct Outcome {
    dv::FilterBank<float> bank;
    std::size_t dead_maps = 0;
    double accuracy = 0;
};

Outcome train(const dv::DatasetSplit<float>& data, double limit, const examples::Settings& settings) {
    auto model = small_zfnet(data.train.images.shape().sample(), settings.seed);
    examples::train(
        model, data.train,
        {.epochs = settings.quick ? 2 : 12, .learning_rate = 0.01, .filter_rms_limit = limit, .seed = settings.seed});
    return {dv::filter_bank(model), dv::dead_maps(model, "relu1", data.test.images).dead().size(),
            dv::evaluate(model, data.test).accuracy};
}

/// The filters' sizes from the largest down.
dv::figure::Series sorted_rms(const std::string& name, const dv::FilterBank<float>& bank) {
    dv::figure::Series series{.name = name, .x = {}, .y = bank.rms, .markers = true};
    std::sort(series.y.rbegin(), series.y.rend());
    for (std::size_t i = 0; i < series.y.size(); ++i) series.x.push_back(static_cast<double>(i + 1));
    return series;
}

std::string described(const std::string& what, const Outcome& outcome) {
    return examples::text(what, ": largest RMS ", dv::largest_rms(outcome.bank), ", ",
                          dv::largest_rms(outcome.bank) / dv::median_rms(outcome.bank),
                          " times the median; dead: ", dv::dead_filters(outcome.bank).size(), " filters, ",
                          outcome.dead_maps, " maps; accuracy ", 100 * outcome.accuracy, " %");
}

/// Both banks on one scale, and their filters' sizes.
dv::figure::Image compared(const Outcome& without, const Outcome& with, double limit, const dv::figure::Style& style) {
    double largest = 0;
    for (const auto* bank : {&without.bank, &with.bank})
        for (const float w : bank->filters) largest = std::max(largest, std::abs(static_cast<double>(w)));
    dv::figure::FiltersOptions options{.range_mode = dv::figure::RangeMode::given,
                                       .range = {-largest, largest},
                                       .columns = 8,
                                       .numbers = false,
                                       .cell_size = 35,
                                       .style = style};
    options.style.title_size = 14;
    options.title = "without rescaling";
    const auto left = dv::figure::filters(without.bank, options);
    options.title = examples::text("rescaled to an RMS of at most ", limit);
    const auto right = dv::figure::filters(with.bank, options);
    const auto filters = static_cast<double>(with.bank.size());
    const auto sizes =
        dv::figure::chart({{.name = "limit", .x = {1, filters}, .y = {limit, limit}, .dashed = true},
                           sorted_rms("without rescaling", without.bank),
                           sorted_rms("with rescaling", with.bank)},
                          {.title = "size of the filters, largest first",
                           .x_label = "rank",
                           .y_label = "RMS",
                           .y_range = dv::figure::ValueRange{0, 1.1 * std::max(limit, dv::largest_rms(without.bank))},
                           .width = 560,
                           .height = 200,
                           .style = options.style});
    return dv::figure::vstack({dv::figure::hstack({left, right}, {.style = style}), sizes}, {.style = style});
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "First-layer filters", [](const examples::Settings& settings) {
        auto subject = examples::trained_subject(settings);
        const auto bank = dv::filter_bank(subject.model);
        dv::save_png(
            settings.out / "filters.png",
            dv::figure::filters(bank, {.range_mode = dv::figure::RangeMode::per_picture, .style = settings.style()}));

        auto data = std::move(subject.data);
        data = {data.train.first(settings.quick ? 1000 : 8000), data.test.first(2000)};
        centre(data);
        examples::say("Training without and with rescaling");
        const Outcome without = train(data, 0, settings);
        const double limit = std::round(1200 * dv::median_rms(without.bank)) / 1000;  // a fifth above the middle filter
        const Outcome with = train(data, limit, settings);
        examples::say(described("without rescaling", without));
        examples::say(described("with rescaling", with));
        dv::save_png(settings.out / "rescaling.png", compared(without, with, limit, settings.style()));
        examples::say("wrote filters.png and rescaling.png to " + settings.out.string());
    });
}
