// The whole occlusion experiment of the paper's Fig. 7: what hiding a part of a picture does to the strongest feature
// map and to the classes, for three pictures in which both fall together.
#include <algorithm>
#include <cmath>
#include <deconvviz/deconvviz.hpp>
#include <numeric>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace {

/// The correlation of activity and probability over the positions.
double correlation(const dv::OcclusionStudy<float>& study) {
    const auto centred = [](const dv::Tensor<float>& values) {
        std::vector<double> all(values.begin(), values.end());
        const double mean = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
        for (double& value : all) value -= mean;
        return all;
    };
    const auto a = centred(study.activity), p = centred(study.classes.probability);
    const auto dot = [](const std::vector<double>& x, const std::vector<double>& y) {
        return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
    };
    const double squares = dot(a, a) * dot(p, p);
    return squares > 0 ? dot(a, p) / std::sqrt(squares) : 0;
}

/// How far the probability falls where the patch harms most, below what it mostly is.
double fall(const dv::OcclusionStudy<float>& study) {
    std::vector<float> sorted(study.classes.probability.begin(), study.classes.probability.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2] - sorted.front();
}

struct Candidate {
    dv::Index picture = 0;
    int label = 0;
    double score = 0;
};

/// Of the first pictures of each class that the model reads well, the one in which the probability falls most where the
/// map's activity falls, too; of all classes the `count` best.
std::vector<Candidate> most_telling(const examples::Subject& subject, dv::OcclusionStudyOptions options,
                                    dv::Index looked_at, std::size_t count) {
    const auto some = subject.data.test.first(looked_at);
    const auto sure = dv::class_probabilities(subject.model, some.images);
    std::vector<Candidate> best(static_cast<std::size_t>(some.classes));
    double correlations = 0;
    int read_well = 0;
    options.stride = 4;
    for (dv::Index i = 0; i < some.size(); ++i) {
        const int label = some.labels[static_cast<std::size_t>(i)];
        if (sure(i, label) < 0.95F) continue;
        options.target = label;
        const auto study = dv::occlusion_study(subject.model, some.image(i), options);
        const Candidate candidate{i, label, fall(study) * correlation(study)};
        auto& of_class = best[static_cast<std::size_t>(label)];
        if (candidate.score > of_class.score) of_class = candidate;
        correlations += correlation(study);
        ++read_well;
    }
    examples::say(examples::text(read_well, " of ", some.size(),
                                 " pictures are read well (above 0.95); in them activity ",
                                 "and probability correlate by ", correlations / read_well, " on average"));
    std::stable_sort(best.begin(), best.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    std::erase_if(best, [](const Candidate& candidate) { return candidate.score == 0; });
    if (best.size() > count) best.resize(count);
    return best;
}

/// The three pictures, other than this one, that excite a map most.
dv::Tensor<float> others_for(const examples::Subject& subject, const dv::Tensor<float>& images, dv::Index own,
                             const std::string& layer, dv::Index map) {
    const auto tops = dv::top_activations(subject.model, images, {.layer = layer, .maps = {map}, .count = 4});
    std::vector<dv::Tensor<float>> pictures;
    for (const auto& entry : tops.entries(0))
        if (entry.picture != own && pictures.size() < 3) pictures.push_back(images.entry(entry.picture));
    return pictures.empty() ? dv::Tensor<float>() : dv::stack(pictures);
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "The whole occlusion experiment", [](const examples::Settings& settings) {
        const auto subject = examples::trained_subject(settings);
        const auto& test = subject.data.test;
        dv::OcclusionStudyOptions options{.patch = settings.cifar ? 10 : 8, .stride = 1, .fill = 0.5};

        const auto pool = test.first(settings.quick ? 200 : 2000);
        std::vector<dv::OcclusionStudy<float>> studies;
        for (const Candidate& chosen : most_telling(subject, options, settings.quick ? 40 : 400, 3)) {
            options.target = chosen.label;
            const auto image = test.image(chosen.picture);
            // A first look finds the map, then the pictures that excite it most.
            auto look = options;
            look.stride = look.patch;
            const auto first = dv::occlusion_study(subject.model, image, look);
            const auto others = others_for(subject, pool.images, chosen.picture, first.layer, first.map());
            studies.push_back(dv::occlusion_study(subject.model, image, options, others));

            const auto& study = studies.back();
            const auto& p = study.classes.probability;
            examples::say(examples::text(
                "picture ", chosen.picture, ", ", subject.class_names[static_cast<std::size_t>(chosen.label)],
                ": probability ", study.classes.unoccluded, ", hidden down to ", *std::min_element(p.begin(), p.end()),
                "; map ", study.map(), " of ", study.layer, ": activity ", study.unoccluded_activity,
                ", hidden down to ", *std::min_element(study.activity.begin(), study.activity.end()),
                "; correlation of the two over the positions ", correlation(study)));
        }
        dv::save_png(settings.out / "occlusion_study.png",
                     dv::figure::occlusion_study(studies, {.title = "What hiding a part does",
                                                           .class_names = subject.class_names,
                                                           .other_pictures = true,
                                                           .style = settings.style()}));
        examples::say("wrote occlusion_study.png to " + settings.out.string());
    });
}
