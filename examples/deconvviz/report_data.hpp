// What a report shows, as JSON for the script of its page.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "data.hpp"
#include "report_album.hpp"
#include "tool.hpp"

namespace tool {

using Json = nlohmann::ordered_json;

/// How much is computed, so that the report of a large model takes minutes.
struct Extent {
    Index maps = 12;        // of each layer, the strongest ones
    Index positions = 200;  // of the patch that hides, at most
};
/// Less of both where pictures are many or the model is large. `data`: the pictures among which top activations are
/// looked for, or 0.
Extent extent(const Model& model, Index pictures, Index data);

/// A picture of the report, and what the page calls it.
struct Subject {
    std::string name;
    Pictures picture;  // (C, H, W)
};

/// The maps of each layer that any of the pictures shows.
using ShownMaps = std::vector<std::set<Index>>;

/// Name, kind, shape, parameters, operations and receptive field of each layer.
Json layers_json(Model& model);

/// One picture: probabilities, occlusion (both null where the model does not end in classes), and for each layer its
/// strongest maps with their projections. `who` leads the progress line. Adds the maps to `shown`. Throws OptionError
/// where activations are not finite.
struct PictureWork {
    const Model& model;
    const Extent& extent;
    const std::vector<std::string>& class_names;  // empty where the model does not end in classes
    bool bgr = false;
    std::string who;
};
Json picture_json(const PictureWork& work, const Subject& subject, Album& album, ShownMaps& shown);

/// For each layer an object: map to its nine strongest activations in the data.
Json tops_json(const Model& model, const Data& data, const ShownMaps& shown, bool bgr, Album& album);

}  // namespace tool
