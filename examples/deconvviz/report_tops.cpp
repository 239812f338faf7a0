// The top activations of a report.
#include <optional>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "deconvviz/visualize/top_activations_pass.hpp"
#include "report_data.hpp"

namespace dv = deconvviz;
namespace figure = deconvviz::figure;

namespace tool {

namespace {

constexpr Index tile_side = 64;

/// The range of all patches of a layer.
figure::ValueRange range_of(const dv::TopProjections<float>& tops) {
    std::optional<figure::ValueRange> all;
    for (const auto& map : tops.maps)
        for (const auto& entry : map.entries)
            if (const auto own = figure::finite_range(entry.patch.values())) all = all ? unite(*all, *own) : *own;
    return drawn_range(all.value_or(figure::ValueRange{0, 1}));
}

Json entries_json(const dv::TopProjections<float>& tops, const dv::TopMap<float>& map, const Data& data,
                  figure::ValueRange range, bool bgr, Album& album) {
    const dv::Size2D size(tops.picture[1], tops.picture[2]);
    Json entries = Json::array();
    for (const auto& entry : map.entries)
        entries.push_back({{"from", data.name(entry.unit.picture)},
                           {"value", entry.unit.value},
                           {"patch", album.add(drawn_patch(entry.patch, entry.window, size, range, bgr), tile_side)},
                           {"projection", album.add(drawn_projection(entry.projection, bgr), tile_side)}});
    return entries;
}

}  // namespace

Json tops_json(const Model& model, const Data& data, const ShownMaps& shown, bool bgr, Album& album) {
    const auto source = data.source();
    if (source.size() == 0) throw dv::OptionError("--data: there are no pictures");
    std::vector<dv::TopActivations<float>> states;
    for (std::size_t layer = 0; layer < model.size(); ++layer)
        if (!shown[layer].empty())
            states.emplace_back(
                model, dv::TopActivationsOptions{.layer = layer, .maps = {shown[layer].begin(), shown[layer].end()}});
    dv::add_pictures<float>(model, source, states, {.progress = progress_line("data: looking")});

    Json all = Json::array();
    for (std::size_t layer = 0; layer < model.size(); ++layer) all.push_back(Json::object());
    const auto progress = progress_line("data: projections");
    dv::detail::ProgressMeter meter("report", "layers", static_cast<Index>(states.size()), progress);
    for (const auto& state : states) {
        const auto found = dv::project_top<float>(model, source, state);
        Json& of_layer = all[model.index(state.layer())];
        const auto range = range_of(found);
        for (const auto& map : found.maps)
            of_layer[std::to_string(map.map)] = entries_json(found, map, data, range, bgr, album);
        meter.advance();
    }
    return all;
}

}  // namespace tool
