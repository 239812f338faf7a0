// A classifier from the first epoch to the last: its training curve, its confusion matrix, and what it says of
// pictures. With --cifar, the colour network whose features the documentation shows.
#include <deconvviz/deconvviz.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace {

std::string percent(double share, int decimals = 1) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.*f %%", decimals, 100 * share);
    return text;
}

/// The accuracy after each epoch, on pictures that are learned from and on some others.
struct Curve {
    dv::figure::Series learned{.name = "while learning", .x = {}, .y = {}, .markers = true};
    dv::figure::Series tested{.name = "on others", .x = {}, .y = {}, .markers = true};

    void add(const examples::Subject& subject, const dv::EpochReport& report) {
        learned.x.push_back(report.epoch);
        learned.y.push_back(100 * report.accuracy);
        tested.x.push_back(report.epoch);
        tested.y.push_back(100 * dv::evaluate(subject.model, subject.data.test.first(2000)).accuracy);
    }

    dv::figure::Image draw(const examples::Settings& settings) const {
        return dv::figure::chart({learned, tested}, {.title = "Learning",
                                                     .subtitle = "augmented pictures, with dropout, while learning",
                                                     .x_label = "epoch",
                                                     .y_label = "accuracy, %",
                                                     .style = settings.style()});
    }
};

/// A picture with the class that the model takes it for; red, and with its label, where that is wrong.
dv::figure::Cell judged(const examples::Subject& subject, dv::Index i, const dv::Tensor<float>& probabilities) {
    const auto row = probabilities.slice(i);
    const auto best = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    const auto label = static_cast<std::size_t>(subject.data.test.labels[static_cast<std::size_t>(i)]);
    dv::figure::Cell cell{
        .picture = dv::figure::render(subject.data.test.image(i), {.range = dv::figure::ValueRange{}}),
        .above = subject.class_names[best] + " " + percent(static_cast<double>(row[best]), 0)};
    if (best == label) return cell;
    cell.below = "is: " + subject.class_names[label];
    cell.highlight = dv::figure::Color{200, 30, 30};
    return cell;
}

/// The first pictures, and the mistakes that the model is surest of.
dv::figure::Image predictions(const examples::Subject& subject, const examples::Settings& settings) {
    const auto probabilities = dv::class_probabilities(subject.model, subject.data.test.first(1000).images);
    std::vector<dv::figure::Cell> first, mistakes;
    for (dv::Index i = 0; i < 16; ++i) first.push_back(judged(subject, i, probabilities));

    std::vector<dv::Index> wrong;
    const auto sure = [&](dv::Index i) { return *std::ranges::max_element(probabilities.slice(i)); };
    for (dv::Index i = 0; i < probabilities.shape()[0]; ++i)
        if (judged(subject, i, probabilities).highlight) wrong.push_back(i);
    std::ranges::stable_sort(wrong, [&](dv::Index a, dv::Index b) { return sure(a) > sure(b); });
    wrong.resize(std::min<std::size_t>(wrong.size(), 8));
    for (const dv::Index i : wrong) mistakes.push_back(judged(subject, i, probabilities));

    const auto style = settings.style();
    std::vector<dv::figure::Image> parts{
        dv::figure::grid(first, {.columns = 8, .title = "The first pictures of the test set", .style = style})};
    if (!mistakes.empty())
        parts.push_back(dv::figure::grid(mistakes, {.columns = 8, .title = "The surest mistakes", .style = style}));
    return dv::figure::vstack(parts, {.style = style});
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "A network learns, and is tested", [](const examples::Settings& settings) {
        Curve curve;
        const auto subject = examples::trained_subject(
            settings, [&](const examples::Subject& now, const dv::EpochReport& report) { curve.add(now, report); });
        const auto result = dv::evaluate(subject.model, subject.data.test);
        const bool trained = !curve.learned.x.empty();  // else its parameters were read from a file
        if (!trained)
            examples::say(
                examples::text("Accuracy on ", subject.data.test.size(), " others: ", percent(result.accuracy)));

        const auto save = [&](const std::string& file, const dv::figure::Image& picture) {
            dv::save_png(settings.out / file, picture);
            examples::say("wrote " + (settings.out / file).string());
        };
        if (trained) save("curve.png", curve.draw(settings));
        save("confusion.png",
             dv::figure::confusion(result.confusion,
                                   {.title = "What is taken for what",
                                    .subtitle = examples::text(percent(result.accuracy), " of ",
                                                               subject.data.test.size(), " test pictures are right"),
                                    .class_names = subject.class_names,
                                    .style = settings.style()}));
        save("predictions.png", predictions(subject, settings));
    });
}
