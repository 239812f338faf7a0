// What an occlusion map costs: the windows that a patch reaches, layer by layer; and the two approximate ways, with
// what they save and how far off they are.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <deconvviz/deconvviz.hpp>

#include "support/progress.hpp"
#include "support/subject.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
using dv::Index;

namespace {

/// A map as a square, with the window that has to be computed anew.
dv::figure::Image tile(const dv::Window& map, const dv::Window& window) {
    constexpr Index side = 112;
    const auto at = [&](Index position, Index size) { return position * side / size; };
    dv::figure::Image image(side, side, {225, 228, 232});
    image.fill(at(window.x, map.width), at(window.y, map.height),
               std::max<Index>(at(window.x + window.width, map.width) - at(window.x, map.width), 2),
               std::max<Index>(at(window.y + window.height, map.height) - at(window.y, map.height), 2),
               dv::figure::palette(0));
    return image;
}

/// To tenths, hundredths, …
double rounded(double value, double parts) {
    return std::round(value * parts) / parts;
}

/// How the window of a patch in the middle of a picture grows, behind the last layer of each size of maps.
dv::figure::Image growing_windows(const std::string& name, const dv::Sequential<float>& model, Index patch,
                                  const dv::figure::Style& style) {
    const auto whole = [](const dv::Shape& maps) { return dv::Window{0, 0, maps[1], maps[2]}; };
    const dv::Shape& picture = model.input_shape();
    dv::Window window{(picture[1] - patch) / 2, (picture[2] - patch) / 2, patch, patch};
    const auto counted = dv::incremental_multiply_adds_through(model, window);
    std::vector<dv::figure::Cell> cells{{.picture = tile(whole(picture), window),
                                         .above = "picture",
                                         .below = examples::text(patch, "x", patch, " of ", picture[1])}};
    for (std::size_t i = 0; i < model.size() && model.output_shape(i).rank() == 3; ++i) {
        const dv::Shape& maps = model.output_shape(i);
        window = model.layer(i).reached_by(window, maps);
        const bool last =
            i + 1 == model.size() || model.output_shape(i + 1).rank() != 3 || model.output_shape(i + 1)[1] != maps[1];
        if (!last) continue;
        cells.push_back({.picture = tile(whole(maps), window),
                         .above = model.name(i),
                         .below = examples::text(window.height, "x", window.width, " of ", maps[1])});
    }
    const double gain = static_cast<double>(dv::multiply_adds(model)) / static_cast<double>(counted.back());
    return dv::figure::grid(cells, {.columns = static_cast<Index>(cells.size()),
                                    .title = "What a patch reaches in " + name,
                                    .subtitle = examples::text("blue: computed anew; a whole pass needs ",
                                                               rounded(gain, 10), " times the multiply-adds"),
                                    .enlarge = 1,
                                    .style = style});
}

double seconds(const std::chrono::steady_clock::time_point& start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// One way to a map: how far it is from the exact ones of some pictures, and how long it takes.
struct Way {
    std::string name;
    std::vector<dv::Tensor<float>> maps;
    double seconds = 0;
};

/// Runs a way on all pictures.
template <class Map>
Way go(const std::string& name, const std::vector<dv::Tensor<float>>& images, const Map& map) {
    Way way{.name = name, .maps = {}};
    static_cast<void>(map(images.front()));  // makes what is made once
    const auto start = std::chrono::steady_clock::now();
    for (const auto& image : images) way.maps.push_back(map(image));
    way.seconds = seconds(start);
    return way;
}

/// The maps in which hiding changes most: their spread.
std::vector<std::size_t> most_telling(const Way& way, std::size_t count) {
    std::vector<std::pair<double, std::size_t>> spreads;
    for (std::size_t i = 0; i < way.maps.size(); ++i) {
        double sum = 0, squares = 0;
        for (const float p : way.maps[i]) sum += p, squares += static_cast<double>(p) * p;
        const auto size = static_cast<double>(way.maps[i].size());
        spreads.emplace_back(sum / size * (sum / size) - squares / size, i);  // the largest first
    }
    std::sort(spreads.begin(), spreads.end());
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < std::min(count, spreads.size()); ++i) chosen.push_back(spreads[i].second);
    return chosen;
}

/// Says how a way compares with the exact one, and puts it into words for the picture.
std::string compare(const Way& way, const Way& exact) {
    double similarity = 0, largest = 0;
    for (std::size_t i = 0; i < way.maps.size(); ++i) {
        similarity += dv::structural_similarity(way.maps[i], exact.maps[i]) / static_cast<double>(way.maps.size());
        for (Index p = 0; p < way.maps[i].size(); ++p)
            largest = std::max(largest, static_cast<double>(std::abs(way.maps[i][p] - exact.maps[i][p])));
    }
    const double gain = exact.seconds / way.seconds;
    examples::say(examples::text(way.name, ": ", gain, " times as fast as the exact map, SSIM ", similarity,
                                 ", largest difference of probability ", largest));
    return examples::text("SSIM ", rounded(similarity, 100), ", ", rounded(gain, 10), "x");
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run(argc, argv, "What occlusion costs", [](const examples::Settings& settings) {
        const auto windows = settings.quick ? growing_windows("ZFNet", dv::zoo::zfnet<float>(), 32, settings.style())
                                            : growing_windows("VGG-16", dv::zoo::vgg16<float>(), 32, settings.style());
        dv::save_png(settings.out / "windows.png", windows);
        const auto subject = examples::trained_subject(settings);
        const dv::OcclusionOptions options{.patch = settings.cifar ? 10 : 8, .stride = 1, .fill = 0.5};
        std::vector<dv::Tensor<float>> images;
        for (Index i = 0; i < (settings.quick ? 4 : 100); ++i) images.push_back(subject.data.test.image(i));

        const auto exact = go("exact", images, [&](const dv::Tensor<float>& image) {
            return dv::occlusion_sensitivity(subject.model, image, options).probability;
        });
        auto full = options;
        full.method = dv::OcclusionMethod::full;
        std::vector<Way> ways{go("whole passes", images, [&](const dv::Tensor<float>& image) {
            return dv::occlusion_sensitivity(subject.model, image, full).probability;
        })};
        for (const double field : {0.8, 0.6, 0.4}) {
            auto some = options;
            some.projective_field = field;
            ways.push_back(go(examples::text("field ", field), images, [&](const dv::Tensor<float>& image) {
                return dv::occlusion_sensitivity(subject.model, image, some).probability;
            }));
        }
        for (const Index coarse : {2, 4})
            ways.push_back(go(examples::text("cells of ", coarse, "x", coarse), images, [&](const auto& image) {
                return dv::occlusion_drill_down(subject.model, image, options, {.coarse = coarse}).map.probability;
            }));

        std::vector<dv::figure::Cell> cells;
        std::vector<std::string> headings{"picture", "exact"};
        for (const Way& way : ways) headings.push_back(way.name);
        std::vector<std::string> words;
        for (const Way& way : ways) words.push_back(compare(way, exact));
        const std::vector<std::size_t> shown = most_telling(exact, 3);
        for (const std::size_t i : shown) {
            cells.push_back({.picture = dv::figure::render(images[i])});
            cells.push_back({.picture = exact.maps[i]});
            for (std::size_t w = 0; w < ways.size(); ++w)
                cells.push_back({.picture = ways[w].maps[i], .below = i == shown.back() ? words[w] : ""});
        }
        dv::save_png(settings.out / "approximate.png",
                     dv::figure::grid(cells, {.title = "Occlusion maps, exact and approximate",
                                              .column_headings = headings,
                                              .colormap = dv::figure::Colormap::sequential,
                                              .range_mode = dv::figure::RangeMode::given,
                                              .range = {0, 1},
                                              .colorbar = true,
                                              .colorbar_label = "probability of the class",
                                              .style = settings.style()}));
        examples::say("wrote windows.png and approximate.png to " + settings.out.string());
    });
}
