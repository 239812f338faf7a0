// What excites the maps of each convolution: the nine strongest activations over the training set, projected, beside
// the patches of the pictures that they come from.
#include <deconvviz/deconvviz.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace {

/// Some of the maps of a layer, drawn at random, in order.
std::vector<dv::Index> some_maps(dv::Index maps, dv::Index count, std::uint64_t seed) {
    std::set<dv::Index> drawn;
    dv::Random random(seed);
    while (std::cmp_less(drawn.size(), std::min(maps, count))) drawn.insert(random.below(maps));
    return {drawn.begin(), drawn.end()};
}

/// How many of a map's strongest pictures are of one class, the most frequent among them: the mean over the maps.
double of_one_class(const dv::TopActivations<float>& tops, const std::vector<int>& labels) {
    double sum = 0;
    for (std::size_t i = 0; i < tops.maps().size(); ++i) {
        std::map<int, int> classes;
        int most = 0;
        for (const auto& entry : tops.entries(i))
            most = std::max(most, ++classes[labels[static_cast<std::size_t>(entry.picture)]]);
        sum += most;
    }
    return sum / static_cast<double>(tops.maps().size());
}

dv::Index dead_maps(const dv::TopActivations<float>& tops) {
    dv::Index dead = 0;
    for (std::size_t i = 0; i < tops.maps().size(); ++i) dead += tops.entries(i).empty();
    return dead;
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "Top activations of each convolution", [](const examples::Settings& settings) {
        const auto subject = examples::trained_subject(settings);
        const auto& pictures = subject.data.train;

        std::vector<dv::TopActivations<float>> tops;  // one for each ReLU behind a convolution
        for (std::size_t i = 0; i < subject.model.size(); ++i)
            if (subject.model.layer(i).kind() == "ReLU" && subject.model.output_shape(i).rank() == 3)
                tops.emplace_back(subject.model, dv::TopActivationsOptions{.layer = i, .count = 9});
        dv::add_pictures<float>(subject.model, pictures, tops);  // one pass for all of them

        for (const auto& layer : tops) {
            // The fields of the upper layers are large: as many maps as a page takes.
            const bool large = dv::unclipped_receptive_field(subject.model, layer.layer()).size.x > 16;
            const auto maps = some_maps(layer.layer_shape()[0], large ? 6 : 12, settings.seed);
            const auto shown = dv::project_top(subject.model, pictures, layer, {.maps = maps});
            const auto file = settings.out / ("top_" + layer.layer() + ".png");
            dv::save_png(file, dv::figure::top_activations(shown, {.style = settings.style()}));
            examples::say(examples::text("wrote ", file.string(), ": ", dead_maps(layer), " of ", layer.maps().size(),
                                         " maps dead; of a map's nine pictures, ", of_one_class(layer, pictures.labels),
                                         " of one class"));
        }
    });
}
