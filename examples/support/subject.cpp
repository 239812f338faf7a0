#include "subject.hpp"

#include <filesystem>
#include <system_error>

#include "colour.hpp"
#include "deconvviz/data/cifar.hpp"
#include "deconvviz/io/safetensors.hpp"
#include "deconvviz/train/evaluate.hpp"
#include "digits.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace dv = deconvviz;

namespace examples {

dv::DatasetSplit<float> load_subject_data(const Settings& settings) {
    return settings.cifar ? load_colour(settings) : load_digits(settings);
}

std::vector<std::string> subject_class_names(const Settings& settings) {
    if (settings.cifar) return dv::cifar10_classes();
    return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
}

dv::Sequential<float> untrained_model(const Settings& settings) {
    return settings.cifar ? colour_classifier(settings.seed) : digit_classifier(settings.seed);
}

double train_subject(dv::Sequential<float>& model, const dv::Dataset<float>& data, const Settings& settings,
                     const OnEpoch& on_epoch) {
    return settings.cifar ? train(model, data, colour_recipe(settings), on_epoch)
                          : train(model, data, settings, on_epoch);
}

Subject trained_subject(const Settings& settings, const OnSubjectEpoch& on_epoch) {
    Subject subject{load_subject_data(settings), untrained_model(settings), subject_class_names(settings)};
    std::error_code error;
    if (settings.weights && std::filesystem::exists(*settings.weights, error)) {
        load_weights(*settings.weights, subject.model);
        say("Read the parameters from " + settings.weights->string());
        return subject;
    }
    say(text("Training on ", subject.data.train.size(), settings.cifar ? " pictures" : " digits"));
    train_subject(subject.model, subject.data.train, settings, [&](const dv::EpochReport& report) {
        if (on_epoch) on_epoch(subject, report);
    });
    const double accuracy = dv::evaluate(subject.model, subject.data.test).accuracy;
    say(text("Accuracy on ", subject.data.test.size(), " others: ", 100 * accuracy, " %"));
    if (settings.weights) {
        save_weights(*settings.weights, subject.model);
        say("Wrote the parameters to " + settings.weights->string());
    }
    return subject;
}

}  // namespace examples
