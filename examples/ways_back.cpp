// Ways back: the same pictures and classes by the deconvnet, the gradient, saliency, guided backpropagation and others.
#include <deconvviz/deconvviz.hpp>

#include "support/progress.hpp"
#include "support/subject.hpp"

namespace dv = deconvviz;

namespace {

/// Of the first pictures of the test set, for each of these classes the one that the model is most certain of.
dv::Tensor<float> certain_pictures(const examples::Subject& subject, const std::vector<int>& classes) {
    const auto first = subject.data.test.first(500);
    const auto probabilities = dv::class_probabilities(subject.model, first.images);
    std::vector<dv::Tensor<float>> chosen;
    for (const int wanted : classes) {
        dv::Index best = -1;
        for (dv::Index n = 0; n < first.size(); ++n)
            if (first.labels[static_cast<std::size_t>(n)] == wanted &&
                (best < 0 || probabilities(n, wanted) > probabilities(best, wanted)))
                best = n;
        if (best >= 0) chosen.push_back(first.images.entry(best));
    }
    return dv::stack(chosen);
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Ways back, side by side", [](const examples::Settings& settings) {
        const auto subject = examples::trained_subject(settings);
        const std::vector<int> classes = settings.cifar ? std::vector{7, 3, 8, 1, 6} : std::vector{2, 3, 6, 8};
        const auto pictures = certain_pictures(subject, classes);

        // All but DeSaliNet, which is guided backpropagation in a network without contrast normalisation.
        std::vector<dv::figure::WayBackColumn<float>> columns;
        for (const auto& way :
             {dv::WayBack::deconvnet(), dv::WayBack::deconvnet_to_centres(), dv::WayBack::gradient(),
              dv::WayBack::saliency(), dv::WayBack::gradient_times_input(), dv::WayBack::guided_backpropagation()})
            columns.push_back({way, dv::explain(subject.model, pictures, {}, way)});
        std::vector<std::string> names;
        for (const auto c : dv::strongest_targets(subject.model, pictures))
            names.push_back(subject.class_names[static_cast<std::size_t>(c)]);
        dv::save_png(settings.out / "ways_back.png",
                     dv::figure::ways_back(pictures, columns,
                                           {.title = "From the class back to the picture",
                                            .subtitle = "the class that the network gives each picture, at its left",
                                            .row_headings = names,
                                            .style = settings.style()}));
        examples::say("wrote ways_back.png to " + settings.out.string());
    });
}
