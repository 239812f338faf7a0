// Feature invariance: how far the features of five pictures, and the answers, move when the pictures are shifted,
// enlarged and turned; and the same of many pictures, layer by layer.
#include <deconvviz/deconvviz.hpp>

#include "support/digits.hpp"
#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
using dv::Transformation;

namespace {

/// The paper's three transformations.
template <class Measure>
std::vector<dv::Invariance<float>> each_transformation(const Measure& measure) {
    return {measure(Transformation::translation_y), measure(Transformation::scale), measure(Transformation::rotation)};
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// How far the transformation may go until the probability of the true class has halved, as a median over the pictures.
void say_tolerated(const std::string& what, const dv::Invariance<float>& result) {
    std::vector<double> low, high;
    for (dv::Index n = 0; n < result.pictures(); ++n) {
        const dv::AmountRange range = dv::tolerated_range(result, n);
        low.push_back(range.low);
        high.push_back(range.high);
    }
    examples::say(examples::text(what, ": the probability stays above its half from ", median(low), " to ",
                                 median(high), " (medians)"));
}

/// A curve's value at an amount, linear between those measured.
double value_at(const dv::Invariance<float>& result, const std::vector<double>& curve, double amount) {
    const auto after = std::lower_bound(result.amounts.begin(), result.amounts.end() - 1, amount);
    const auto i = static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, after - result.amounts.begin()));
    const double part = (amount - result.amounts[i - 1]) / (result.amounts[i] - result.amounts[i - 1]);
    return curve[i - 1] + part * (curve[i] - curve[i - 1]);
}

/// Each layer's mean distance, and the mean probability, one step from `from`, halfway to `to` and at `to`.
void say_means(const dv::Invariance<float>& result, double from, double to) {
    const double step = result.amounts[1] - result.amounts[0];
    const auto say_curve = [&](const std::string& name, const std::vector<double>& curve) {
        std::string line = "    " + name + ":";
        for (const double amount : {from + step, (from + to) / 2, to})
            line += examples::text("  ", value_at(result, curve, amount), " at ", amount);
        examples::say(line);
    };
    for (std::size_t l = 0; l < result.layers.size(); ++l)
        say_curve("mean |f - f'| / |f| in " + result.layers[l], dv::mean_distance(result, l).mean);
    say_curve("mean probability", dv::mean_probability(result).mean);
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Feature invariance", [](const examples::Settings& settings) {
        const auto subject = examples::trained_subject(settings);
        const std::vector<int> labels{0, 1, 4, 6, 8};
        std::vector<std::string> names;
        for (const int label : labels) names.push_back(subject.class_names[static_cast<std::size_t>(label)]);
        const auto five = examples::well_read(subject.model, subject.data.test, labels);
        const auto rows = each_transformation([&](Transformation transformation) {
            return dv::invariance(subject.model, five, labels, {.transformation = transformation});
        });
        dv::save_png(
            settings.out / "invariance.png",
            dv::figure::invariance(
                five, rows,
                {.title = "What shifting, enlarging and turning changes", .names = names, .style = settings.style()}));

        const auto many = subject.data.test.first(settings.quick ? 20 : 200);
        std::vector<dv::LayerId> layers;
        for (const std::size_t layer : dv::feature_layers(subject.model)) layers.emplace_back(layer);
        const auto means = each_transformation([&](Transformation transformation) {
            return dv::invariance(
                subject.model, many.images, many.labels,
                {.transformation = transformation, .layers = layers, .distance = dv::FeatureDistance::relative});
        });
        dv::save_png(settings.out / "invariance_means.png",
                     dv::figure::invariance_means(
                         means, {.title = examples::text("Means over ", many.size(), " pictures, layer by layer"),
                                 .style = settings.style()}));
        say_tolerated("vertical translation, pixels", means[0]);
        say_means(means[0], 0, means[0].amounts.back());
        say_tolerated("scale, factor", means[1]);
        say_means(means[1], 1, means[1].amounts.back());
        say_tolerated("rotation, degrees", means[2]);
        say_means(means[2], 0, 90);
        examples::say("wrote invariance.png and invariance_means.png to " + settings.out.string());
    });
}
