// What the paper learned from looking: a first layer of large filters and a large stride against one of small ones, all
// else equal. Their filters, what their second layers look for, and how much a stride aliases, in numbers.
#include <deconvviz/deconvviz.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "support/colour.hpp"
#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace {

constexpr dv::Index maps1 = 32, maps2 = 48;

/// A first layer, and the stride of the second that makes up for its own: both networks are equal from there on.
struct FirstLayer {
    std::string name;
    dv::Index kernel, stride, second_stride;
};

const FirstLayer large{"9x9, stride 4", 9, 4, 1}, small{"5x5, stride 2", 5, 2, 2};

/// conv1, relu1, conv2, relu2, pool2, conv3, relu3, a dense layer. The first filters start smooth and
/// small, so that most of what they show later was learned.
dv::Sequential<float> network(const dv::Shape& picture, const FirstLayer& first, std::uint64_t seed) {
    const auto half = [](dv::Index kernel) { return (kernel - 1) / 2; };
    std::vector<dv::AnyLayer<float>> layers;
    layers.emplace_back(dv::named("conv1", dv::Conv2D<float>({.in = picture[0],
                                                              .out = maps1,
                                                              .kernel = first.kernel,
                                                              .stride = first.stride,
                                                              .padding = half(first.kernel)})));
    layers.emplace_back(dv::named("relu1", dv::ReLU<float>()));
    layers.emplace_back(dv::named(
        "conv2",
        dv::Conv2D<float>({.in = maps1, .out = maps2, .kernel = 5, .stride = first.second_stride, .padding = 2})));
    layers.emplace_back(dv::named("relu2", dv::ReLU<float>()));
    layers.emplace_back(dv::named("pool2", dv::MaxPool2D<float>({.kernel = 2})));
    layers.emplace_back(dv::named("conv3", dv::Conv2D<float>({.in = maps2, .out = 64, .kernel = 3, .padding = 1})));
    layers.emplace_back(dv::named("relu3", dv::ReLU<float>()));
    layers.emplace_back(dv::named("flatten", dv::Flatten<float>()));
    const dv::Index features = dv::Sequential<float>(picture, layers).output_shape()[0];
    layers.emplace_back(dv::named("fc4", dv::Dense<float>({.in = features, .out = 10})));
    dv::Sequential<float> model(picture, std::move(layers));
    dv::initialise(model, {.seed = seed});
    examples::start_smoothly(model.layer<dv::Conv2D<float>>("conv1").weights(), 0.35);
    return model;
}

/// What is known of one of the two networks.
struct Lesson {
    FirstLayer first;
    dv::Sequential<float> model;
    double accuracy = 0;
    double aliased = 0;  // share of the energy of the first layer's maps
    dv::FilterBank<float> filters;
    dv::PowerSpectrum filter_spectrum;
    dv::PowerSpectrum projection_spectrum;
};

/// The share of the first layer's response to these pictures that its stride aliases: its maps at stride 1, each
/// without its mean, have that share of their energy at frequencies that the stride's samples cannot carry.
double aliased_response(const dv::FilterBank<float>& bank, dv::Index stride, const dv::Tensor<float>& pictures) {
    const auto& filters = bank.filters;
    const dv::Conv2DOptions options{.in = filters.shape()[1], .out = bank.size(), .kernel = filters.shape()[2]};
    const dv::Sequential<float> dense(pictures.shape().sample(),
                                      dv::Conv2D<float>(options, filters, dv::Tensor<float>({bank.size()})));
    return dv::aliased_share(dv::power_spectrum(dense.forward(pictures), {.remove_mean = true, .hann = true}), stride);
}

/// The spectrum of a layer's projections, each of which counts as much as any other.
dv::PowerSpectrum spectrum_of(const dv::TopProjections<float>& tops, dv::Index size) {
    dv::PowerSpectrum sum{dv::Tensor<double>({size, size})};
    for (const auto& map : tops.maps)
        for (const auto& entry : map.entries) {
            const auto one = dv::power_spectrum(entry.projection, {.size = size, .remove_mean = true, .hann = true});
            const double energy = one.total();
            for (dv::Index i = 0; i < one.power.size() && energy > 0; ++i) sum.power[i] += one.power[i] / energy;
        }
    return sum;
}

/// The nine strongest activations of the second layer's maps, projected.
dv::TopProjections<float> second_layer(const Lesson& lesson, const dv::Tensor<float>& pictures,
                                       std::vector<dv::Index> maps) {
    const auto tops = dv::top_activations<float>(lesson.model, pictures, {.layer = "relu2", .maps = std::move(maps)});
    return dv::project_top<float>(lesson.model, pictures, tops);
}

Lesson learn(const FirstLayer& first, const dv::DatasetSplit<float>& data, const examples::Settings& settings) {
    Lesson lesson{first, network(data.train.images.shape().sample(), first, settings.seed), 0, 0, {}, {}, {}};
    examples::say("Training with a first layer of " + first.name);
    std::vector<dv::Augmentation<float>> augmentations{dv::augment::shifts<float>(2)};
    if (settings.cifar) augmentations.push_back(dv::augment::flips<float>());
    examples::train(lesson.model, data.train,
                    {.epochs = settings.quick ? std::min(settings.epochs, 2) : settings.epochs,
                     .batch = 32,
                     .learning_rate = 0.01,
                     .weight_decay = 1e-3,
                     .schedule = dv::schedule::cosine(0.02),
                     .seed = settings.seed,
                     .augment = dv::augment::all<float>(std::move(augmentations))});
    const auto some = data.test.first(settings.quick ? 50 : 200).images;
    lesson.accuracy = dv::evaluate(lesson.model, data.test).accuracy;
    lesson.filters = dv::filter_bank(lesson.model, "conv1");
    lesson.aliased = aliased_response(lesson.filters, first.stride, some);
    lesson.filter_spectrum = dv::power_spectrum(lesson.filters.filters, {.size = 32});
    lesson.projection_spectrum =
        spectrum_of(second_layer(lesson, data.test.first(settings.quick ? 200 : 2000).images, {}), 32);
    return lesson;
}

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.1f %%", 100 * share);
    return text;
}

/// The share of the energy by frequency, in bands of a twentieth of a cycle; and, dashed, the highest frequency that
/// samples at the stride can carry.
std::vector<dv::figure::Series> curves(const FirstLayer& first, const dv::PowerSpectrum& spectrum, dv::Index color) {
    std::vector<double> edges;
    for (int i = 0; i <= 14; ++i) edges.push_back(0.05 * i);
    dv::figure::Series energy{.name = first.name, .x = {}, .y = {}, .color = dv::figure::palette(color)};
    energy.markers = true;
    double highest = 0;
    for (const auto& band : dv::frequency_bands(spectrum, edges)) {
        energy.x.push_back((band.from + band.to) / 2);
        energy.y.push_back(100 * band.share);
        highest = std::max(highest, 100 * band.share);
    }
    const double carried = 0.5 / static_cast<double>(first.stride);
    dv::figure::Series limit{.x = {carried, carried}, .y = {0, highest}, .color = dv::figure::palette(color)};
    limit.dashed = true;
    return {energy, limit};
}

dv::figure::Image spectra(const std::vector<Lesson>& lessons, const examples::Settings& settings) {
    const auto draw = [&](dv::PowerSpectrum Lesson::*spectrum, const std::string& title) {
        std::vector<dv::figure::Series> all;
        for (std::size_t i = 0; i < lessons.size(); ++i)
            for (auto& series : curves(lessons[i].first, lessons[i].*spectrum, static_cast<dv::Index>(i)))
                all.push_back(std::move(series));
        return dv::figure::chart(all, {.title = title,
                                       .subtitle = "dashed: the highest frequency that samples at the stride carry",
                                       .x_label = "cycles per pixel",
                                       .y_label = "share of the energy, %",
                                       .style = settings.style()});
    };
    return dv::figure::hstack({draw(&Lesson::filter_spectrum, "First-layer filters"),
                               draw(&Lesson::projection_spectrum, "Second-layer projections")},
                              {.style = settings.style()});
}

/// "low 68 %, middle 23 %, high 9 %": the energy below 0.1 cycles per pixel, to 0.25, and above.
std::string thirds(const dv::PowerSpectrum& spectrum) {
    const auto bands = dv::frequency_bands(spectrum, {0, 0.1, 0.25, 0.75});
    return examples::text("low ", percent(bands[0].share), ", middle ", percent(bands[1].share), ", high ",
                          percent(bands[2].share));
}

/// The maps of the first layer that no picture excites.
std::vector<dv::Index> dead_maps(const Lesson& lesson, const dv::Dataset<float>& data) {
    return dv::dead_maps(lesson.model, "relu1", data.first(1000).images).dead();
}

void say_numbers(const Lesson& lesson, const dv::Dataset<float>& data) {
    const double unplaced = dv::aliased_share(lesson.projection_spectrum, lesson.first.stride);
    examples::say(examples::text(lesson.first.name, ": accuracy ", percent(lesson.accuracy),
                                 ", dead filters: ", dead_maps(lesson, data).size(), " of ", maps1,
                                 "\n  energy of the filters: ", thirds(lesson.filter_spectrum),
                                 "\n  energy of the projections: ", thirds(lesson.projection_spectrum),
                                 "\n  beyond what the stride carries: ", percent(lesson.aliased),
                                 " of the first layer's response, ", percent(unplaced), " of the projections"));
}

dv::figure::Image first_layer(const Lesson& lesson, const dv::Dataset<float>& data, const dv::figure::Style& style) {
    return dv::figure::filters(
        lesson.filters,
        {.title = "First layer, " + lesson.first.name,
         .subtitle = examples::text("energy: ", thirds(lesson.filter_spectrum),
                                    "\naliased by the stride: ", percent(lesson.aliased), " of the response"),
         .dead = dead_maps(lesson, data),
         .columns = 8,
         .numbers = false,
         .style = style});
}

dv::figure::Image second_layer_figure(const Lesson& lesson, const dv::Dataset<float>& data,
                                      const dv::figure::Style& style) {
    return dv::figure::top_activations(
        second_layer(lesson, data.first(4000).images, {0, 1, 2, 3, 4, 5}),
        {.title = "Second layer above " + lesson.first.name + ": accuracy " + percent(lesson.accuracy),
         .columns = 2,
         .tile_size = 38,
         .style = style});
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = "First layers compared: large filters and stride against small";
    return examples::run(argc, argv, what, [](const examples::Settings& settings) {
        if (settings.weights)
            throw dv::OptionError("this example trains two networks of its own: --weights has no meaning for it");
        const auto data = examples::load_subject_data(settings);
        const std::vector<Lesson> lessons{learn(large, data, settings), learn(small, data, settings)};

        std::vector<dv::figure::Image> filters, features;
        for (const Lesson& lesson : lessons) {
            say_numbers(lesson, data.test);
            filters.push_back(first_layer(lesson, data.test, settings.style()));
            features.push_back(second_layer_figure(lesson, data.test, settings.style()));
        }
        const auto save = [&](const std::string& file, const dv::figure::Image& picture) {
            dv::save_png(settings.out / file, picture);
            examples::say("wrote " + (settings.out / file).string());
        };
        save("first_layer.png", dv::figure::hstack(filters, {.gap = 10, .style = settings.style()}));
        save("second_layer.png", dv::figure::hstack(features, {.gap = 10, .style = settings.style()}));
        save("spectra.png", spectra(lessons, settings));
    });
}
