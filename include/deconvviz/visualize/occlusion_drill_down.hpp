/// @file
/// Occlusion sensitivity from coarse to fine: an approximate map, exact where the probability falls most.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/detail/changed_walk.hpp"
#include "deconvviz/visualize/detail/occlusion_walk.hpp"
#include "deconvviz/visualize/occlusion.hpp"

namespace deconvviz {

/// Options of occlusion_drill_down, beside those of the map.
struct DrillDownOptions {
    Index coarse = 4;     // positions along the side of a cell; the one in the middle is evaluated first
    double share = 0.25;  // of the cells, those that are then evaluated whole
};

/// An occlusion map, of which some positions are evaluated and the others have the value of a neighbour.
template <class T>
struct DrillDownMap {
    OcclusionMap<T> map;
    Tensor<T> evaluated;  // (rows, columns): 1 where the patch was, else 0

    Index positions() const { return std::count(evaluated.begin(), evaluated.end(), T(1)); }
};

namespace detail {

/// A grid of positions cut into cells.
struct CoarseGrid {
    Index rows = 0;  // of positions
    Index columns = 0;
    Index side = 1;  // of a cell

    Index cell_columns() const { return ceil_div(columns, side); }
    Index cells() const { return ceil_div(rows, side) * cell_columns(); }
    Index cell(Index position) const { return position / columns / side * cell_columns() + position % columns / side; }
    /// The position in the middle of a cell.
    Index middle(Index cell) const {
        const Index row = std::min(cell / cell_columns() * side + side / 2, rows - 1);
        const Index column = std::min(cell % cell_columns() * side + side / 2, columns - 1);
        return row * columns + column;
    }
};

/// The walk of occlusion_drill_down.
template <class T>
class DrillDown {
  public:
    DrillDown(const Sequential<T>& model, const Tensor<T>& image, const OcclusionOptions& options,
              const DrillDownOptions& drill)
        : model_(model), options_(options), drill_(drill), trace_(model.trace(image)) {
        Tensor<T> whole = trace_.output();
        make_probabilities(model, whole);
        const PatchGrid grid = patch_grid(model, options);
        patches_ = hidden_patches(grid, 1);
        coarse_ = {grid.rows(), grid.columns(), drill.coarse};
        result_.map = empty_map<T>(grid, options, whole.values());
        result_.evaluated = Tensor<T>({grid.rows(), grid.columns()});
    }

    DrillDownMap<T> run() {
        std::vector<Index> middles;
        for (Index cell = 0; cell < coarse_.cells(); ++cell) middles.push_back(coarse_.middle(cell));
        evaluate(middles);
        const std::vector<bool> refined = cells_to_refine();
        std::vector<Index> rest;
        for (Index at = 0; at < result_.evaluated.size(); ++at) {
            if (result_.evaluated[at] == T(1)) continue;
            const Index cell = coarse_.cell(at);
            if (refined[static_cast<std::size_t>(cell)])
                rest.push_back(at);
            else
                copy(coarse_.middle(cell), at);
        }
        evaluate(rest);
        return std::move(result_);
    }

  private:
    /// The cells in which the target's probability falls most: their share of all, rounded up.
    std::vector<bool> cells_to_refine() const {
        std::vector<Index> order(static_cast<std::size_t>(coarse_.cells()));
        std::iota(order.begin(), order.end(), Index{0});
        const Tensor<T>& probability = result_.map.probability;
        std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
            return probability[coarse_.middle(a)] < probability[coarse_.middle(b)];
        });
        std::vector<bool> refined(order.size());
        const auto count = static_cast<std::size_t>(std::ceil(drill_.share * static_cast<double>(order.size())));
        for (std::size_t i = 0; i < count; ++i) refined[static_cast<std::size_t>(order[i])] = true;
        return refined;
    }

    void evaluate(const std::vector<Index>& positions) {
        if (positions.empty()) return;
        std::vector<ChangedPicture> changes;
        for (const Index position : positions) changes.push_back(patches_[static_cast<std::size_t>(position)]);
        const auto fill = static_cast<T>(options_.fill);
        walk_hidden(model_, trace_, occlusion_walk(options_), changes, fill, [&](const ChangedOutputs<T>& seen) {
            Tensor<T> probabilities = seen.output;
            make_probabilities(model_, probabilities);
            for (Index i = 0; i < seen.count; ++i) {
                const Index at = positions[static_cast<std::size_t>(seen.first + i)];
                record_position<T>(result_.map, at, std::as_const(probabilities).slice(i));
                result_.evaluated[at] = 1;
            }
        });
    }

    void copy(Index from, Index to) {
        const Index classes = result_.map.probabilities.shape()[2];
        const T* const first = result_.map.probabilities.data() + from * classes;
        record_position<T>(result_.map, to, {first, static_cast<std::size_t>(classes)});
    }

    const Sequential<T>& model_;
    const OcclusionOptions& options_;
    const DrillDownOptions& drill_;
    Trace<T> trace_;
    std::vector<ChangedPicture> patches_;
    CoarseGrid coarse_;
    DrillDownMap<T> result_;
};

}  // namespace detail

/// An approximate occlusion map: the grid of occlusion_sensitivity is cut into cells of coarse x coarse positions, and
/// the patch goes to the middle of each; then to all positions of the cells in which the target's probability was
/// lowest, `share` of them. The other positions have the value of their cell's middle; `evaluated` tells which are
/// which. What is evaluated is what occlusion_sensitivity gives, within rounding.
///
/// This is the adaptive drill-down of [nakandala2019]: at best 1 / (1 / coarse² + share) times faster. What lies
/// between the middles of cells that are not refined is missed; docs/performance.md says how much that changes real
/// maps. Progress is told for the first and the second pass, each from its beginning.
///
/// Throws as occlusion_sensitivity, and OptionError for cells without positions or a share outside of [0, 1].
template <class T>
DrillDownMap<T> occlusion_drill_down(const Sequential<T>& model, const Tensor<T>& image,
                                     const OcclusionOptions& options = {}, const DrillDownOptions& drill = {}) {
    detail::expect_picture(model, image);
    detail::check(model, options);
    if (drill.coarse < 1 || !(drill.share >= 0 && drill.share <= 1))
        detail::raise<OptionError>("occlusion drill-down: expected cells of at least 1 position and a share from 0 to ",
                                   "1, got ", drill.coarse, " and ", drill.share);
    return detail::DrillDown<T>(model, image, options, drill).run();
}

}  // namespace deconvviz
