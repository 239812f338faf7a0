// project, occlude: from units and classes back to the picture.
#include <array>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "commands.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/occlusion.hpp"
#include "deconvviz/figure/occlusion_study.hpp"
#include "deconvviz/figure/reconstructions.hpp"
#include "deconvviz/io/image_file.hpp"
#include "deconvviz/io/npy.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "deconvviz/visualize/occlusion_study.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
using examples::text;

namespace tool {

namespace {

/// "3,5" as row and column.
std::array<Index, 2> position(const std::string& unit) {
    std::array<Index, 2> at{};
    const char* from = unit.data();
    const char* const end = from + unit.size();
    for (std::size_t i = 0; i < 2; ++i) {
        const auto result = std::from_chars(from, end, at[i]);
        const bool whole = i == 0 ? result.ptr != end && *result.ptr == ',' : result.ptr == end;
        if (result.ec != std::errc() || !whole) throw dv::OptionError(text("--unit: expected Y,X, got '", unit, "'"));
        from = result.ptr + 1;
    }
    return at;
}

/// The seed that the options ask for, and how a figure names it.
std::pair<dv::Seed<float>, std::string> chosen_seed(const dv::Trace<float>& trace, std::size_t layer,
                                                    const Project& options) {
    const std::string name = trace.name(layer);
    if (!options.map) return {dv::all_maps(trace, layer, options.value), text(name, ", all maps")};
    const dv::MapOptions map{.layer = layer, .map = *options.map, .value = options.value};
    const std::string of_map = text(name, ", map ", *options.map);
    if (options.whole) return {dv::whole_map(trace, map), of_map};
    if (options.unit.empty()) {
        for (Index n = 0; n < trace.batch(); ++n) {
            const auto unit = dv::strongest_unit(trace, map, n);
            std::printf("picture %td: strongest unit of map %td at (%td,%td), activation %g\n", n, unit.map, unit.y,
                        unit.x, static_cast<double>(unit.value));
        }
        return {dv::strongest(trace, map), of_map + ", strongest unit"};
    }
    const auto at = position(options.unit);
    return {
        dv::single_unit(trace, {.layer = layer, .map = *options.map, .y = at[0], .x = at[1], .value = options.value}),
        text(of_map, ", unit (", at[0], ",", at[1], ")")};
}

}  // namespace

void project(const Common& common, const Project& options) {
    expect_writable({options.out, options.npy});
    const Model model = load_model(common, options.layer);
    const Pictures pictures = load_pictures(options.image, model, common.preparation);
    const std::size_t layer = model.index(layer_id(options.layer));
    const auto trace = model.trace(pictures, {.last = layer});  // nothing above is needed
    const auto [seed, name] = chosen_seed(trace, layer, options);
    const Pictures projection = dv::deconvnet(model, trace, seed, options.rules);
    if (options.npy) dv::save_npy(*options.npy, projection);
    if (!options.out) return;
    std::vector<dv::figure::ReconstructionColumn<float>> columns;
    columns.push_back({name, projection});
    dv::save_png(*options.out,
                 dv::figure::reconstructions(pictures, columns, {.cell_size = 256, .style = style(common)}));
}

void occlude(const Common& common, const Occlude& options) {
    expect_writable({options.out, options.npy});
    const Model model = load_model(common);
    const Pictures picture = load_picture(options.image, model, common.preparation);
    const dv::Size2D patch = size_of(options.patch, "--patch"), stride = size_of(options.stride, "--stride");
    const auto look = style(common);
    const auto names = class_names(options.labels, model.output_shape().elements());
    const auto summary = [&](const dv::OcclusionMap<float>& map) {
        std::printf("class %td%s%s: %.4f with nothing hidden, %.4f at least\n", map.target, options.labels ? ", " : "",
                    options.labels ? names[static_cast<std::size_t>(map.target)].c_str() : "",
                    static_cast<double>(map.unoccluded),
                    static_cast<double>(*std::min_element(map.probability.begin(), map.probability.end())));
        if (options.npy) dv::save_npy(*options.npy, map.probability);
    };
    if (options.layer.empty()) {
        const auto map = dv::occlusion_sensitivity(model, picture,
                                                   {.patch = patch,
                                                    .stride = stride,
                                                    .fill = options.fill,
                                                    .target = options.target,
                                                    .progress = progress_line("occlusion")});
        summary(map);
        const std::string title = text("Hiding parts: ", names[static_cast<std::size_t>(map.target)]);
        if (options.out)
            dv::save_png(*options.out, dv::figure::occlusion_heatmap(
                                           picture, map, {.title = title, .cell_size = 256, .style = look}));
        return;
    }
    const auto study = dv::occlusion_study(model, picture,
                                           {.layer = layer_id(options.layer),
                                            .patch = patch,
                                            .stride = stride,
                                            .fill = options.fill,
                                            .target = options.target,
                                            .progress = progress_line("occlusion")});
    summary(study.classes);
    if (options.out)
        dv::save_png(*options.out,
                     dv::figure::occlusion_study(study, {.class_names = names, .cell_size = 200, .style = look}));
}

}  // namespace tool
