/// @file
/// Projections of top activations, each by its own picture's switches, beside the picture's patch.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/progress.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/core/window.hpp"
#include "deconvviz/data/picture_source.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/visualize/project_units.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "deconvviz/visualize/top_activations.hpp"
#include "deconvviz/visualize/top_activations_pass.hpp"

namespace deconvviz {

/// Options of project_top.
struct ProjectTopOptions {
    std::vector<Index> maps = {};  // of those of the state; by default all
    ReverseRules rules = {};
    SeedValue value = SeedValue::activation;
    double beyond = 0;         // what a patch holds beyond the picture's border; a projection holds 0 there
    Index batch = 0;           // pictures traced at once; 0: up to 64, fewer where their activations are large
    OnProgress progress = {};  // told after each batch of pictures, in projections
};

/// One of a map's strongest activations as a picture.
template <class T>
struct TopProjection {
    TopActivation<T> unit;
    Window window;         // the unit's receptive field; may reach beyond the picture
    Tensor<T> projection;  // (C, h, w), the window of the unit's projection; both signs, arbitrary scale
    Tensor<T> patch;       // (C, h, w), the window of the picture
};

/// A map with its projections, strongest first: as many as the map has entries.
template <class T>
struct TopMap {
    Index map = 0;
    std::vector<TopProjection<T>> entries;
};

/// What project_top returns.
template <class T>
struct TopProjections {
    std::string layer;
    Index count = 0;  // the most entries that a map may have
    Shape picture;    // (C, H, W): of the pictures
    Shape crop;       // (C, h, w): of every projection and patch
    std::vector<TopMap<T>> maps;
};

/// The part of a picture (C, H, W) in a window that may reach beyond its border, where `beyond` stands. Throws
/// ShapeError for something else than a picture.
template <class T>
Tensor<T> padded_crop(std::span<const T> image, const Shape& shape, const Window& window, T beyond) {
    if (shape.rank() != 3 || std::cmp_not_equal(image.size(), shape.elements()))
        detail::raise<ShapeError>("padded_crop: expected the values of a picture (C,H,W), got ", image.size(), " for ",
                                  shape);
    Tensor<T> crop({shape[0], window.height, window.width}, beyond);
    const Index top = std::max<Index>(window.y, 0);
    const Index bottom = std::min(window.y + window.height, shape[1]);
    const Index left = std::max<Index>(window.x, 0);
    const Index right = std::min(window.x + window.width, shape[2]);
    for (Index c = 0; c < shape[0]; ++c)
        for (Index y = top; y < bottom && left < right; ++y)
            std::copy_n(image.data() + (c * shape[1] + y) * shape[2] + left, right - left,
                        crop.data() + (c * window.height + y - window.y) * window.width + left - window.x);
    return crop;
}

namespace detail {

/// The walk of project_top.
template <class T>
class TopProjector {
  public:
    TopProjector(const Sequential<T>& model, const PictureSource<T>& pictures, const TopActivations<T>& tops,
                 const ProjectTopOptions& options)
        : model_(model), pictures_(pictures), tops_(tops), options_(options), layer_(model.index(tops.layer())) {
        if (model.input_shape().rank() != 3)
            raise<ShapeError>("project_top: expected a model of pictures (C,H,W), its input is ", model.input_shape());
        if (options.batch < 0) raise<OptionError>("project_top: expected a batch of at least 0, got ", options.batch);
        const MapGrid grid(model.output_shape(layer_));
        if (Shape{grid.maps, grid.height, grid.width} != tops.layer_shape())
            raise<StateError>("project_top: expected top activations of ", Shape{grid.maps, grid.height, grid.width},
                              " at layer '", tops.layer(), "', got ones of ", tops.layer_shape());
        field_ = unclipped_receptive_field(model, LayerId(layer_));
        list_jobs();
    }

    TopProjections<T> run() {
        ProgressMeter meter("project_top", "projections", static_cast<Index>(jobs_.size()), options_.progress);
        const Index batch = options_.batch > 0 ? options_.batch : pictures_at_once(model_, layer_, 64);
        for (std::size_t begin = 0; begin < jobs_.size();) {
            const std::size_t end = trace_pictures(begin, batch);
            for (std::size_t first = begin; first < end; first += at_once) {
                const std::size_t jobs = std::min(at_once, end - first);
                project(std::span(jobs_).subspan(first, jobs));
                meter.advance(static_cast<Index>(jobs));
            }
            begin = end;
        }
        return std::move(result_);
    }

  private:
    static constexpr std::size_t at_once = 128;  // projections

    /// An entry that is to be filled in.
    struct Job {
        std::size_t map;  // in the result
        std::size_t entry;
        Index picture;
        std::size_t trace = 0;  // of the picture, among traces_
    };

    /// Lists what is to be done in the order of the pictures.
    void list_jobs() {
        const Shape& picture = model_.input_shape();
        result_ = {tops_.layer(), tops_.count(), picture, {picture[0], field_.size.y, field_.size.x}, {}};
        for (const Index map : options_.maps.empty() ? tops_.maps() : options_.maps) {
            const auto at = std::find(tops_.maps().begin(), tops_.maps().end(), map);
            if (at == tops_.maps().end())
                raise<OptionError>("project_top: map ", map, " is not among the ", tops_.maps().size(),
                                   " whose top activations are given");
            TopMap<T> shown{map, {}};
            for (const auto& unit : tops_.entries(static_cast<std::size_t>(at - tops_.maps().begin()))) {
                jobs_.push_back({result_.maps.size(), shown.entries.size(), unit.picture});
                shown.entries.push_back({unit, field_.at(unit.y, unit.x), {}, {}});
            }
            result_.maps.push_back(std::move(shown));
        }
        std::stable_sort(jobs_.begin(), jobs_.end(), [](const Job& a, const Job& b) { return a.picture < b.picture; });
    }

    /// Traces the next pictures, at most `batch`, each on its own and once; returns the end of their jobs.
    std::size_t trace_pictures(std::size_t begin, Index batch) {
        std::vector<Index> numbers;
        std::size_t end = begin;
        for (; end < jobs_.size(); ++end) {
            if (numbers.empty() || numbers.back() != jobs_[end].picture) {
                if (std::cmp_equal(numbers.size(), batch)) break;
                numbers.push_back(jobs_[end].picture);
            }
            jobs_[end].trace = numbers.size() - 1;
        }
        pictures_.batch(numbers, model_.input_shape(), images_);
        if (traces_.size() < numbers.size()) traces_.resize(numbers.size());
        parallel_for(static_cast<Index>(numbers.size()), 1, [&](Index first, Index last) {
            for (Index n = first; n < last; ++n)
                model_.trace(images_.entry(n), traces_[static_cast<std::size_t>(n)], {.last = layer_});
        });
        return end;
    }

    /// Projects some entries, all at once.
    void project(std::span<const Job> jobs) {
        std::vector<TracedUnit<T>> units;
        for (const Job& job : jobs) {
            const Index map = result_.maps[job.map].map;
            const TopActivation<T>& unit = result_.maps[job.map].entries[job.entry].unit;
            expect_activation(traces_[job.trace], map, unit);
            units.push_back({&traces_[job.trace], map, unit.y, unit.x});
        }
        std::vector<UnitProjection<T>> projections =
            project_units(model_, LayerId(layer_), units, {.value = options_.value, .rules = options_.rules});
        parallel_for(static_cast<Index>(jobs.size()), 4, [&](Index first, Index last) {
            for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
                TopProjection<T>& shown = result_.maps[jobs[i].map].entries[jobs[i].entry];
                shown.projection = placed(projections[i], shown.window);
                shown.patch = crop(traces_[jobs[i].trace].input(), shown.window, static_cast<T>(options_.beyond));
            }
        });
    }

    static Tensor<T> crop(const Tensor<T>& one, const Window& window, T beyond) {
        return padded_crop<T>(one.values(), one.shape().sample(), window, beyond);
    }

    /// The projection in the larger window, with zeros around it.
    Tensor<T> placed(const UnitProjection<T>& shown, const Window& window) const {
        Tensor<T> crop({result_.picture[0], window.height, window.width});
        const Window inside{shown.window.y - window.y, shown.window.x - window.x, shown.window.height,
                            shown.window.width};
        if (!inside.empty()) copy_to_window(shown.values.data(), crop.shape().batched(1), inside, crop.data());
        return crop;
    }

    /// Throws StateError where another activation stands at the unit: by more than what two machines may round apart.
    void expect_activation(const Trace<T>& trace, Index map, const TopActivation<T>& unit) const {
        const Tensor<T>& activation = trace.activation(layer_);
        const MapGrid grid(activation.shape().sample());
        const Index first = map * grid.plane();
        T largest = 0;
        for (Index i = first; i < first + grid.plane(); ++i) largest = std::max(largest, std::abs(activation[i]));
        const T found = activation[first + unit.y * grid.width + unit.x];
        if (!(std::abs(found - unit.value) <= T(1e-3) * largest))
            raise<StateError>("project_top: expected the activation ", unit.value, " of picture ", unit.picture,
                              " in map ", map, " of layer '", tops_.layer(), "' at (", unit.y, ',', unit.x, "), got ",
                              found, ": the top activations are of other pictures or of another model");
    }

    const Sequential<T>& model_;
    const PictureSource<T>& pictures_;
    const TopActivations<T>& tops_;
    const ProjectTopOptions& options_;
    std::size_t layer_;
    ReceptiveField field_;
    TopProjections<T> result_;
    std::vector<Job> jobs_;
    Tensor<T> images_;
    std::vector<Trace<T>> traces_;
};

}  // namespace detail

/// Projects each entry of a TopActivations to the input, the second step of [zeiler2014, §4, Fig. 2]: a single unit of
/// the layer is seeded, and carried down by the switches of the picture that excites it (see `deconvnet`). Beside it
/// stands the picture's patch. Both are cropped to the unit's receptive field, without the cut at the border
/// (`unclipped_receptive_field`), as [mahendran2016] does: so all of a layer have one size, and a unit near the border
/// shows how much of its field lies beyond, where projections are 0 and patches `options.beyond`.
///
///     auto tops = top_activations(model, data.train, {.layer = "relu3"});
///     auto shown = project_top(model, data.train, tops, {.maps = {0, 5, 17}});
///     shown.maps[0].entries[0].projection;
///
/// `pictures` are those that the numbers of `tops` stand for. A map without entries has none here either. Results do
/// not depend on batch size and number of threads.
///
/// Throws StateError for a model of other sizes, and where the activation that is found at a unit is not that of its
/// entry (up to 0.001 of the map's largest), as with other pictures or weights; OptionError for an unknown layer or
/// map or a picture that there is not; ShapeError for pictures of another shape or a model of flat inputs;
/// CancelledError where `progress` said so.
/// Cost: each picture goes forward once, up to the layer; each entry costs the walk over its receptive field. Memory:
/// the result, and the activations of a batch of pictures. The pictures of a batch, then its entries, are divided among
/// the threads.
template <class T>
TopProjections<T> project_top(const Sequential<T>& model, const std::type_identity_t<PictureSource<T>>& pictures,
                              const TopActivations<T>& tops, const ProjectTopOptions& options = {}) {
    return detail::TopProjector<T>(model, pictures, tops, options).run();
}

}  // namespace deconvviz
