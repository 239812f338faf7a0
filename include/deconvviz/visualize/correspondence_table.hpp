/// @file
/// The table of correspondence: named parts of pictures beside masks at random places.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/correspondence.hpp"
#include "deconvviz/visualize/masks.hpp"

namespace deconvviz {

/// A part that all pictures have, and where each has it.
struct PicturePart {
    std::string name;
    std::vector<Window> windows;  // one for each picture
};

/// Where random masks may lie: anywhere, or only where they touch none of the picture's parts.
enum class RandomArea { anywhere, off_parts };

/// Options of correspondence_table. Those that CorrespondenceOptions has too mean the same.
struct CorrespondenceTableOptions {
    std::vector<LayerId> layers = {};
    double fill = 0.5;
    std::optional<double> tolerance = {};
    Index batch = 32;
    std::vector<RandomPlace> random = {RandomPlace::own};  // a row of the table each; may be empty
    RandomArea area = RandomArea::anywhere;
    std::vector<Window> within = {};  // for each picture, where RandomPlace::own may put a mask; or none
    Index draws = 10;                 // of random masks, for each part with masks of its sizes
    std::uint64_t seed = 1;
    OnProgress progress = {};  // told after each set of masks
};

/// One number of the table, for one layer.
struct CorrespondenceEntry {
    double mean = 0;       // Δ, see LayerCorrespondence; over all draws where masks are random
    double deviation = 0;  // standard deviation of the distances of pairs, those of all draws together
    double between = 0;    // standard deviation of Δ from draw to draw; 0 for a part
    double changed = 0;    // share of dimensions that a mask changes
    double opposed = 0;    // of dimensions that both masks of a pair change, the share that they change oppositely
};

/// One line of the table: a part, or random masks.
struct CorrespondenceRow {
    std::string name;
    std::vector<CorrespondenceEntry> entries = {};  // one for each layer
    std::vector<std::vector<Window>> windows = {};  // for each draw, one for each picture; a part has one draw
    std::vector<std::vector<LayerCorrespondence>> draws = {};  // for each draw and layer, the distances of all pairs
};

/// Table 1 of [zeiler2014], for any model.
struct CorrespondenceTable {
    std::vector<std::string> layers = {};
    std::vector<CorrespondenceRow> rows = {};  // the parts in their order, then the kinds of random masks
    double fill = 0;                           // what hid them
};

namespace detail {

inline CorrespondenceEntry summary(const std::vector<std::vector<LayerCorrespondence>>& draws, std::size_t layer) {
    const auto count = static_cast<double>(draws.size());
    CorrespondenceEntry entry;
    for (const auto& draw : draws) {
        entry.mean += draw[layer].mean / count;
        entry.changed += draw[layer].changed / count;
        entry.opposed += draw[layer].opposed / count;
    }
    double within = 0;
    double between = 0;
    for (const auto& draw : draws) {
        const double off = draw[layer].mean - entry.mean;
        between += off * off / count;
        within += draw[layer].deviation * draw[layer].deviation / count;
    }
    entry.between = std::sqrt(between);
    entry.deviation = std::sqrt(within + between);
    return entry;
}

inline void check(const std::vector<PicturePart>& parts, const Shape& images,
                  const CorrespondenceTableOptions& options) {
    if (parts.empty()) raise<OptionError>("correspondence table: expected at least one part");
    if (options.draws < 1)
        raise<OptionError>("correspondence table: expected at least one draw of random masks, got ", options.draws);
    for (const PicturePart& part : parts)
        expect_windows(images, part.windows, concat("correspondence table: part '", part.name, "'"));
}

inline const char* name(RandomPlace place) {
    return place == RandomPlace::own ? "random" : place == RandomPlace::common ? "one place" : "exchanged";
}

/// For each picture, the windows of all parts.
inline std::vector<std::vector<Window>> windows_by_picture(const std::vector<PicturePart>& parts) {
    std::vector<std::vector<Window>> all(parts.front().windows.size());
    for (const PicturePart& part : parts)
        for (std::size_t i = 0; i < all.size(); ++i) all[i].push_back(part.windows[i]);
    return all;
}

}  // namespace detail

/// Correspondence for each of the named parts and for masks at random places [zeiler2014, §4.3, Table 1]. Random masks
/// have the sizes of the parts' windows: of each part in turn, `draws` times, so that rows differ in place and not in
/// size. Rows are named by the parts; those of random masks "random", "one place" and "exchanged".
///
/// RandomPlace::own is the paper's random mask; the paper's lie on the object, as `within` may say. Its Δ is high for
/// two reasons: masks hide unlike things, and they lie at unlike places and so reach other units. The other two tell
/// these apart: what is lower for a part than for masks at one place (RandomPlace::common), or than for masks that lie
/// where other pictures have the part (RandomPlace::exchanged), is no matter of the place alone.
///
/// images: (N, C, H, W); each part has a window for each picture. Throws what `correspondence` and `random_masks`
/// throw, and OptionError for no parts or fewer than one draw. Cost: that of `correspondence` for each part, and draws
/// · parts times for each kind of random masks.
template <class T>
CorrespondenceTable correspondence_table(const Sequential<T>& model, const Tensor<T>& images,
                                         const std::vector<PicturePart>& parts,
                                         const CorrespondenceTableOptions& options = {}) {
    const CorrespondenceOptions once{
        .layers = options.layers, .fill = options.fill, .tolerance = options.tolerance, .batch = options.batch};
    detail::check(model, images, once);
    detail::check(parts, images.shape(), options);

    CorrespondenceTable table{.fill = options.fill};
    for (const std::size_t layer : detail::chosen_layers(model, options.layers))
        table.layers.push_back(model.name(layer));
    for (const PicturePart& part : parts) table.rows.push_back({.name = part.name, .windows = {part.windows}});
    RandomMaskOptions where;
    if (options.area == RandomArea::off_parts) where.avoid = detail::windows_by_picture(parts);
    for (const RandomPlace place : options.random) {
        CorrespondenceRow row{.name = detail::name(place)};
        where.place = place;
        where.within = place == RandomPlace::own ? options.within : std::vector<Window>{};
        for (Index draw = 0; draw < options.draws; ++draw)
            for (const PicturePart& part : parts) {
                where.seed = derived_seed(options.seed, row.windows.size());
                row.windows.push_back(random_masks(images.shape(), part.windows, where));
            }
        table.rows.push_back(std::move(row));
    }

    Index total = 0;
    for (const CorrespondenceRow& row : table.rows) total += static_cast<Index>(row.windows.size());
    detail::ProgressMeter meter("correspondence table", "sets of masks", total, options.progress);
    for (CorrespondenceRow& row : table.rows) {
        for (const std::vector<Window>& windows : row.windows) {
            row.draws.push_back(correspondence(model, images, windows, once));
            meter.advance();
        }
        for (std::size_t layer = 0; layer < table.layers.size(); ++layer)
            row.entries.push_back(detail::summary(row.draws, layer));
    }
    return table;
}

}  // namespace deconvviz
