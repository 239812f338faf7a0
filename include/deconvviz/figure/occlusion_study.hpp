/// @file
/// Figure: the whole occlusion experiment, as the paper's Fig. 7.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/detail/occlusion_panels.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/palette.hpp"
#include "deconvviz/figure/render.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/visualize/occlusion_study.hpp"

namespace deconvviz::figure {

/// Options of occlusion_study.
struct OcclusionStudyFigureOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<std::string> class_names = {};  // without them, classes are numbers
    /// The position that is drawn in (a) and ringed in (b) and (d), row and column; by default the one where the
    /// target's probability is lowest.
    std::optional<Size2D> position = {};
    bool other_pictures = false;  // shows the pictures of (c), too, beside their projections
    ValueRange range = {0, 1};    // of the probability
    Index cell_size = 120;        // of a panel
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// The figure of some studies, a row each: panels first, which are put under each other in columns then.
template <class T>
class OcclusionStudyDrawing {
  public:
    OcclusionStudyDrawing(const std::vector<OcclusionStudy<T>>& studies,
                          const figure::OcclusionStudyFigureOptions& options)
        : studies_(studies), options_(options), style_(options.style) {
        check(style_);
        figure::check(options.range);
        if (studies.empty()) raise<OptionError>("occlusion study figure: expected at least one study, got none");
        if (options.cell_size < 1)
            raise<OptionError>("occlusion study figure: expected a cell size of at least 1, got ", options.cell_size);
        for (const OcclusionStudy<T>& study : studies) check_study(study);
        collect_winners();
    }

    figure::Image draw() const {
        std::vector<std::vector<figure::Image>> rows;
        for (const OcclusionStudy<T>& study : studies_) rows.push_back(panels(study, &study == &studies_.front()));
        std::vector<figure::Image> lines;
        align_columns(rows);
        for (const auto& row : rows) lines.push_back(figure::hstack(row, {.style = style_}));
        return figure::vstack(lines, {.title = options_.title, .subtitle = options_.subtitle, .style = style_});
    }

  private:
    void check_study(const OcclusionStudy<T>& study) const {
        const Index classes = study.classes.probabilities.rank() == 3 ? study.classes.probabilities.shape()[2] : 0;
        if (study.image.rank() != 3 || classes == 0 || study.activity.shape() != study.classes.probability.shape())
            raise<ShapeError>(
                "occlusion study figure: expected what occlusion_study returns, got a study with no "
                "picture or maps of different sizes");
        if (study.image.shape()[0] != 1 && study.image.shape()[0] != 3)
            raise<ShapeError>("occlusion study figure: expected pictures of 1 or 3 channels, got ",
                              study.image.shape());
        if (!options_.class_names.empty() && std::cmp_not_equal(options_.class_names.size(), classes))
            raise<OptionError>("occlusion study figure: expected ", classes, " class names, got ",
                               options_.class_names.size());
        if (const auto& at = options_.position;
            at && (at->y < 0 || at->y >= study.rows() || at->x < 0 || at->x >= study.columns()))
            raise<OptionError>("occlusion study figure: expected a position within ", study.rows(), "x",
                               study.columns(), ", got (", at->y, ",", at->x, ")");
    }

    /// All classes that win anywhere, in their order: a class has the same colour in all rows.
    void collect_winners() {
        for (const OcclusionStudy<T>& study : studies_)
            for (const Index winner : winners(study)) winners_.push_back(winner);
        std::sort(winners_.begin(), winners_.end());
        winners_.erase(std::unique(winners_.begin(), winners_.end()), winners_.end());
    }

    /// The classes that win in one study, the most frequent first.
    static std::vector<Index> winners(const OcclusionStudy<T>& study) {
        std::vector<Index> count(static_cast<std::size_t>(study.classes.probabilities.shape()[2]));
        for (Index r = 0; r < study.rows(); ++r)
            for (Index c = 0; c < study.columns(); ++c)
                ++count[static_cast<std::size_t>(study.classes.most_probable(r, c))];
        std::vector<Index> found;
        for (std::size_t k = 0; k < count.size(); ++k)
            if (count[k] > 0) found.push_back(static_cast<Index>(k));
        std::stable_sort(found.begin(), found.end(), [&](Index a, Index b) {
            return count[static_cast<std::size_t>(a)] > count[static_cast<std::size_t>(b)];
        });
        return found;
    }

    figure::Color class_color(Index index) const {
        return figure::palette(std::lower_bound(winners_.begin(), winners_.end(), index) - winners_.begin());
    }

    std::string class_name(Index index) const {
        return options_.class_names.empty() ? concat("class ", index)
                                            : options_.class_names[static_cast<std::size_t>(index)];
    }

    Size2D shown_position(const OcclusionStudy<T>& study) const {
        if (options_.position) return *options_.position;
        const Tensor<T>& p = study.classes.probability;
        const Index lowest = std::min_element(p.begin(), p.end()) - p.begin();
        return {lowest / study.columns(), lowest % study.columns()};
    }

    Index factor(const OcclusionStudy<T>& study) const {
        const Index side = std::max(study.classes.image_height, study.classes.image_width);
        return std::max<Index>(1, (options_.cell_size * style_.scale + side / 2) / side);
    }

    /// One panel with its heading (in the first row) and what stands below it.
    figure::Image panel(figure::Image picture, const std::string& heading, const std::string& below,
                        figure::GridOptions options = {}) const {
        options.columns = 1;
        options.enlarge = 1;
        options.style = style_;
        options.style.margin = 7;
        return figure::grid({figure::Cell{.picture = std::move(picture), .above = heading, .below = below}}, options);
    }

    static figure::GridOptions with_bar(figure::ValueRange range) {
        return {.colormap = figure::Colormap::sequential,
                .range_mode = figure::RangeMode::given,
                .range = range,
                .colorbar = true};
    }

    std::vector<figure::Image> panels(const OcclusionStudy<T>& study, bool first) const {
        const auto heading = [first](const char* text) { return first ? std::string(text) : std::string(); };
        const Index zoom = factor(study);
        const Size2D at = shown_position(study);
        const figure::Image below = pale_picture(study.image, zoom, style_);
        std::vector<figure::Image> all{
            panel(patched_picture(study.image, study.classes, at, zoom, style_), heading("(a) picture, patch"),
                  concat("patch ", text(study.classes.patch), ", step ", text(study.classes.stride))),
            panel(position_heat(study.classes, study.activity, activity_range(study), at, zoom, below, style_.scale),
                  heading("(b) activity of the map"),
                  concat(study.layer, ", map ", study.map(),
                         "\nnothing hidden: ", rounded(static_cast<double>(study.unoccluded_activity))),
                  with_bar(activity_range(study))),
            panel(projections(study, zoom), heading("(c) its projections"),
                  study.other_projections.empty() ? "from this picture" : "framed: from this picture")};
        if (options_.other_pictures) all.push_back(panel(sources(study, zoom), heading("pictures of (c)"), ""));
        all.push_back(panel(
            position_heat(study.classes, study.classes.probability, options_.range, at, zoom, below, style_.scale),
            heading("(d) probability"),
            concat("of ", class_name(study.classes.target),
                   "\nnothing hidden: ", rounded(static_cast<double>(study.classes.unoccluded))),
            with_bar(options_.range)));
        all.push_back(most_probable_panel(study, zoom, heading("(e) most probable class")));
        return all;
    }

    static std::string text(const Size2D& size) {
        return size.y == size.x ? concat(size.y) : concat(size.y, "x", size.x);
    }

    static std::string rounded(double value) {
        char digits[32];
        std::snprintf(digits, sizeof(digits), std::abs(value) < 10 ? "%.2f" : "%.1f", value);
        return digits;
    }

    /// From zero, or less where sums are negative, to the largest sum, hidden or not.
    static figure::ValueRange activity_range(const OcclusionStudy<T>& study) {
        const auto whole = static_cast<double>(study.unoccluded_activity);
        const auto seen = figure::finite_range(study.activity.values());
        const figure::ValueRange range{std::min(0.0, whole), std::max(0.0, whole)};
        return seen ? figure::unite(range, *seen) : range;
    }

    figure::Image projections(const OcclusionStudy<T>& study, Index zoom) const {
        std::vector<figure::Image> all{figure::render(study.projection, {.symmetric = true})};
        for (Index n = 0; n < others(study.other_projections); ++n)
            all.push_back(figure::render(study.other_projections.entry(n), {.symmetric = true}));
        return framed_block(all, side(study, zoom), style_);
    }

    figure::Image sources(const OcclusionStudy<T>& study, Index zoom) const {
        std::vector<figure::Image> all{figure::render(study.image)};
        for (Index n = 0; n < others(study.other_images); ++n)
            all.push_back(figure::render(study.other_images.entry(n)));
        return framed_block(all, side(study, zoom), style_);
    }

    static Index others(const Tensor<T>& pictures) { return pictures.empty() ? 0 : pictures.shape()[0]; }

    static Index side(const OcclusionStudy<T>& study, Index zoom) {
        return std::max(study.classes.image_height, study.classes.image_width) * zoom;
    }

    /// (e), with the names of the classes that win anywhere at its right.
    figure::Image most_probable_panel(const OcclusionStudy<T>& study, Index zoom, const std::string& heading) const {
        PositionCanvas<T> canvas(study.classes, zoom, pale_picture(study.image, zoom, style_));
        canvas.paint([&](Index r, Index c) { return class_color(study.classes.most_probable(r, c)); });
        LegendDrawing legend(style_);
        for (const Index winner : winners(study)) legend.add(class_name(winner), class_color(winner));
        const figure::Image picture = panel(canvas.image(), heading, "");
        const Index gap = 4 * style_.scale;
        const Index top = picture.height() - 7 * style_.scale - canvas.image().height();
        figure::Image both(picture.width() + gap + legend.width() + 7 * style_.scale,
                           std::max(picture.height(), top + legend.height() + 7 * style_.scale), style_.background);
        both.blit(picture, 0, 0);
        legend.draw(both, picture.width() + gap, top);
        return both;
    }

    /// Widens the panels of each column to the widest of them.
    void align_columns(std::vector<std::vector<figure::Image>>& rows) const {
        for (std::size_t column = 0; column < rows.front().size(); ++column) {
            Index width = 0;
            for (const auto& row : rows) width = std::max(width, row[column].width());
            for (auto& row : rows) {
                figure::Image wide(width, row[column].height(), style_.background);
                wide.blit(row[column], 0, 0);
                row[column] = std::move(wide);
            }
        }
    }

    const std::vector<OcclusionStudy<T>>& studies_;
    const figure::OcclusionStudyFigureOptions& options_;
    figure::Style style_;
    std::vector<Index> winners_;
};

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// A row for each study, with the panels of [zeiler2014, Fig. 7]: (a) the picture with the patch at one position; (b)
/// the total activity of the strongest map by position of the patch; (c) the map's projection from this picture,
/// framed, and its projections from other pictures; (d) the probability of the target class; (e) the most probable
/// class, in the colours of the legend, which names those that win anywhere. What belongs to a position is drawn around
/// the patch's centre at the scale of the picture, so that the panels lie on each other; where no centre comes, they
/// are grey. The ring in (b) and (d) is the position of (a). (b) starts at zero and reaches up to the largest sum,
/// hidden or not; each projection has a scale of its own, with zero as mid-grey. Throws OptionError for no studies, a
/// number of names that is not that of the classes, a position that there is not, or a range that is not finite;
/// ShapeError for pictures of other than 1 or 3 channels.
template <class T>
Image occlusion_study(const std::vector<OcclusionStudy<T>>& studies, const OcclusionStudyFigureOptions& options = {}) {
    return deconvviz::detail::OcclusionStudyDrawing<T>(studies, options).draw();
}

/// The same for one study.
template <class T>
Image occlusion_study(const OcclusionStudy<T>& study, const OcclusionStudyFigureOptions& options = {}) {
    return occlusion_study(std::vector<OcclusionStudy<T>>{study}, options);
}

}  // namespace deconvviz::figure
