#include "report_data.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/render.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/multiply_adds.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
namespace figure = deconvviz::figure;
using examples::text;

namespace tool {

namespace {

constexpr Index picture_side = 512, map_side = 112, projection_side = 128;

Json pair(const dv::Size2D& size) {
    return {size.y, size.x};
}

Json window_json(const dv::Window& window) {
    return {window.y, window.x, window.height, window.width};
}

/// A classifier's answer: the most probable classes.
Json classes_json(const PictureWork& work, const Pictures& output) {
    Pictures probabilities = output;
    dv::detail::make_probabilities(work.model, probabilities);
    const auto row = probabilities.slice(0);
    std::vector<std::size_t> order(row.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return row[a] > row[b]; });
    order.resize(std::min<std::size_t>(order.size(), 6));
    Json all = Json::array();
    for (const std::size_t k : order) all.push_back({{"name", work.class_names[k]}, {"number", k}, {"share", row[k]}});
    return all;
}

/// A patch of about a quarter of each side, in the smallest steps that keep to the extent.
dv::OcclusionOptions occlusion_options(const PictureWork& work, const Pictures& picture) {
    dv::OcclusionOptions options;
    const Index height = picture.shape()[1], width = picture.shape()[2];
    options.patch = {std::max<Index>(1, (height + 2) / 4), std::max<Index>(1, (width + 2) / 4)};
    const auto positions = [&](Index step) {
        return dv::detail::PatchGrid{options.patch, step, height, width}.count();
    };
    Index step = 1;
    while (positions(step) > work.extent.positions) ++step;
    options.stride = step;
    // Mid-grey, or where values are scaled otherwise, what they are in the mean.
    const auto range = *figure::finite_range(picture.values());
    if (range.low < 0 || range.high > 1)
        options.fill = std::accumulate(picture.begin(), picture.end(), 0.0) / static_cast<double>(picture.size());
    options.progress = progress_line(work.who + ": occlusion");
    return options;
}

Json occlusion_json(const PictureWork& work, const Pictures& picture, Album& album) {
    const auto map = dv::occlusion_sensitivity(work.model, picture, occlusion_options(work, picture));
    const auto name = [&](Index k) { return work.class_names[static_cast<std::size_t>(k)]; };
    Json said = Json::array(), probabilities = Json::array();
    for (Index r = 0; r < map.rows(); ++r)
        for (Index c = 0; c < map.columns(); ++c) {
            probabilities.push_back(std::round(1e4 * static_cast<double>(map.probability(r, c))) / 1e4);
            said.push_back(name(map.most_probable(r, c)));
        }
    // A class that is improbable throughout has a scale of its own.
    const float largest = std::max(map.unoccluded, *std::max_element(map.probability.begin(), map.probability.end()));
    const double most = largest < 0.5f ? std::max(static_cast<double>(largest), 1e-6) : 1;
    // A cell is as large as a step of the patch, around the patch's centre.
    const auto first = [](Index patch, Index step) { return std::max<Index>(0, patch / 2 - (step - 1) / 2); };
    dv::Window area{first(map.patch.y, map.stride.y), first(map.patch.x, map.stride.x), 0, 0};
    area.height = std::min(map.rows() * map.stride.y, map.image_height - area.y);
    area.width = std::min(map.columns() * map.stride.x, map.image_width - area.x);
    const auto heat = figure::overlay(
        drawn_picture(picture, work.bgr), map.probability,
        {.alpha = 0.6, .colormap = figure::Colormap::sequential, .range = figure::ValueRange{0, most}, .area = area});
    return {{"image", album.add(heat, picture_side)},
            {"class", name(map.target)},
            {"unoccluded", map.unoccluded},
            {"most", most},
            {"patch", pair(map.patch)},
            {"stride", pair(map.stride)},
            {"rows", map.rows()},
            {"columns", map.columns()},
            {"fill", map.fill},
            {"probabilities", std::move(probabilities)},
            {"said", std::move(said)}};
}

/// The strongest unit of each map with an activation above 0, the strongest map first. All maps must be finite.
std::vector<dv::UnitActivation<float>> ranked(const dv::Trace<float>& trace, std::size_t layer) {
    const auto& values = trace.activation(layer);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
        throw dv::OptionError(text("report: layer '", trace.name(layer), "' has activations that are not finite"));
    std::vector<dv::UnitActivation<float>> units;
    const Index maps = values.shape()[1];
    for (Index map = 0; map < maps; ++map) {
        const auto unit = dv::strongest_unit(trace, {.layer = layer, .map = map});
        if (unit.value > 0) units.push_back(unit);
    }
    std::stable_sort(units.begin(), units.end(), [](const auto& a, const auto& b) { return a.value > b.value; });
    return units;
}

/// One map: where it is strongest, the map itself, and the projection of its strongest unit.
Json map_json(const PictureWork& work, const dv::Trace<float>& trace, std::size_t layer,
              const dv::UnitActivation<float>& unit, Album& album) {
    const Pictures& activation = trace.activation(layer);
    Json json{{"map", unit.map}, {"value", unit.value}, {"y", unit.y}, {"x", unit.x}};
    if (activation.rank() == 4) json["image"] = album.add(drawn_map(activation.entry(0).entry(unit.map)), map_side);
    const auto seed = dv::strongest(trace, {.layer = layer, .map = unit.map});
    const dv::Window field = dv::receptive_field(work.model, seed);
    if (field.empty()) return json;  // it sees nothing but padding
    const Pictures projection = dv::deconvnet(work.model, trace, seed);
    const auto crop = dv::padded_crop<float>(projection.values(), projection.shape().sample(), field, 0);
    json["field"] = window_json(field);
    json["projection"] = album.add(drawn_projection(crop, work.bgr), projection_side);
    return json;
}

}  // namespace

Extent extent(const Model& model, Index pictures, Index data) {
    constexpr double affordable = 1e13;  // multiply-adds: some minutes of a desktop's processor
    const double forward = std::max(1.0, static_cast<double>(dv::multiply_adds(model)));
    const double projections = forward * static_cast<double>(model.size()) / 15;  // one a layer, measured on VGG-16
    const double traces = forward * static_cast<double>(model.size()) / 2;        // likewise, up to each layer
    const auto count = static_cast<double>(pictures);
    double one_map = projections * count;
    if (data > 0) one_map += 9 * projections;
    if (traces * static_cast<double>(data) > affordable) one_map += 9 * traces;
    const auto within = [](double number, Index least, Index most) {
        return static_cast<Index>(std::clamp(number, static_cast<double>(least), static_cast<double>(most)));
    };
    return {.maps = within(affordable / one_map, 3, 12), .positions = within(affordable / (forward * count), 36, 200)};
}

Json layers_json(Model& model) {
    std::vector<Index> parameters(model.size());
    for (const auto& parameter : model.parameters()) parameters[parameter.layer] += parameter.parameter.value->size();
    Json all = Json::array();
    for (std::size_t i = 0; i < model.size(); ++i) {
        const dv::Shape& shape = model.output_shape(i);
        Json extents = Json::array();
        for (int d = 0; d < shape.rank(); ++d) extents.push_back(shape[d]);
        Json layer{{"name", model.name(i)},
                   {"kind", model.layer(i).kind()},
                   {"shape", std::move(extents)},
                   {"parameters", parameters[i]},
                   {"operations", 2.0 * static_cast<double>(dv::multiply_adds(model, i))}};
        if (shape.rank() == 3) {
            const auto field = dv::unclipped_receptive_field(model, i);
            layer["field"] = {{"size", pair(field.size)}, {"stride", pair(field.stride)}};
        }
        all.push_back(std::move(layer));
    }
    return all;
}

Json picture_json(const PictureWork& work, const Subject& subject, Album& album, ShownMaps& shown) {
    const Pictures& picture = subject.picture;
    const auto trace = work.model.trace(picture);
    Json json{{"name", subject.name}, {"image", album.add(drawn_picture(picture, work.bgr), picture_side)}};
    const bool classes = !work.class_names.empty();
    json["classes"] = classes ? classes_json(work, trace.output()) : Json();
    json["occlusion"] = classes ? occlusion_json(work, picture, album) : Json();
    json["layers"] = Json::array();
    const auto progress = progress_line(work.who + ": projections");
    dv::detail::ProgressMeter meter("report", "layers", static_cast<Index>(work.model.size()), progress);
    for (std::size_t layer = 0; layer < work.model.size(); ++layer) {
        auto units = ranked(trace, layer);
        Json maps = Json::array();
        const std::size_t active = units.size();
        if (std::cmp_greater(active, work.extent.maps)) units.resize(static_cast<std::size_t>(work.extent.maps));
        for (const auto& unit : units) {
            maps.push_back(map_json(work, trace, layer, unit, album));
            shown[layer].insert(unit.map);
        }
        json["layers"].push_back({{"active", active}, {"maps", std::move(maps)}});
        meter.advance();
    }
    return json;
}

}  // namespace tool
