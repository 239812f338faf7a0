/// @file
/// Figures of the randomisation tests: the maps of each stage, and charts of how alike they are.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/chart.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/sanity.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/figure/ways_back.hpp"
#include "deconvviz/visualize/randomisation.hpp"

namespace deconvviz::detail {

/// A measure of similarity by stage, a line for each test; 1 for the original.
template <class T>
figure::Image similarity_chart(const std::vector<Randomisation<T>>& tests, double MapSimilarity::*measure,
                               const std::string& title, bool legend, const figure::SanityFigureOptions& options) {
    std::vector<figure::Series> series;
    for (const Randomisation<T>& test : tests) {
        const auto place = [&](std::size_t stage) {
            return dodged(static_cast<double>(stage), series.size(), tests.size(), 0.05);
        };
        figure::Series line{.name = test.way.name, .x = {place(0)}, .y = {1}, .spread = {0}, .markers = true};
        for (const RandomisationStage<T>& stage : test.stages) {
            line.x.push_back(place(line.x.size()));
            line.y.push_back(stage.mean.*measure);
            line.spread.push_back(spread_of(stage.similarity, measure));
        }
        series.push_back(std::move(line));
    }
    figure::ChartOptions chart{.title = title,
                               .x_names = {"original"},
                               .width = options.chart_width,
                               .height = options.chart_height,
                               .legend = legend,
                               .style = options.style};
    chart.style.title_size = 14;
    for (const RandomisationStage<T>& stage : tests.front().stages) chart.x_names.push_back(stage.layer);
    return figure::chart(series, chart);
}

/// Throws unless there is a test, all have the same stages and each picture is one of theirs.
template <class T>
void expect_comparable(const std::vector<Randomisation<T>>& tests, const std::vector<Index>& pictures) {
    const auto count = [](const Randomisation<T>& test) { return test.original.shape()[0]; };
    expect_tested_pictures(tests, pictures, count, "randomisation figure");
    for (const Randomisation<T>& test : tests) {
        bool same = test.stages.size() == tests.front().stages.size();
        for (std::size_t i = 0; same && i < test.stages.size(); ++i)
            same = test.stages[i].layer == tests.front().stages[i].layer;
        if (!same)
            raise<OptionError>("randomisation figure: expected tests of the same layers, '", test.way.name,
                               "' has others than '", tests.front().way.name, "'");
    }
}

/// The maps of one picture: rows are tests, columns the original and the stages.
template <class T>
figure::Image randomisation_grid(const Tensor<T>& images, const std::vector<Randomisation<T>>& tests, Index n,
                                 const figure::SanityFigureOptions& options) {
    using figure::Cell;
    figure::GridOptions grid{
        .column_headings = {"input", "original"}, .cell_size = options.cell_size, .style = options.style};
    for (const RandomisationStage<T>& stage : tests.front().stages) grid.column_headings.push_back(stage.layer);
    std::vector<Cell> cells;
    for (const Randomisation<T>& test : tests) {
        grid.row_headings.push_back(on_two_lines(test.way.name));
        const auto shown = [&](const Tensor<T>& maps) {
            return figure::way_back_picture(maps.entry(n), test.way.value, options.clip);
        };
        cells.push_back(&test == &tests.front() ? Cell{.picture = figure::render(images.entry(n))} : Cell{});
        cells.push_back({.picture = shown(test.original)});
        for (const RandomisationStage<T>& stage : test.stages)
            cells.push_back({.picture = shown(stage.maps),
                             .below = two_digits(stage.similarity[static_cast<std::size_t>(n)].rank)});
    }
    return figure::grid(cells, grid);
}

}  // namespace deconvviz::detail

namespace deconvviz::figure {

/// The maps of a randomisation test as in [adebayo2018, §3]: for each picture that is shown, a row for each
/// way back, and columns for the original network and for each stage, named by the layer that lost its weights last.
/// Below each map stands its rank correlation with the original one. Each map has its own scale (see way_back_picture).
/// `images` are the pictures (N, C, H, W) that the tests were made with. Throws OptionError for no tests, tests of
/// different layers or a picture that there is not.
template <class T>
Image randomisation_maps(const Tensor<T>& images, const std::vector<Randomisation<T>>& tests,
                         const SanityFigureOptions& options = {}) {
    deconvviz::detail::expect_comparable(tests, options.pictures);
    std::vector<Image> grids;
    for (const Index n : options.pictures)
        grids.push_back(deconvviz::detail::randomisation_grid(images, tests, n, options));
    return vstack(grids, {.title = options.title, .subtitle = options.subtitle, .style = options.style});
}

/// The measures of a randomisation test by stage, as in [adebayo2018, §3]: the rank correlation of values and of
/// magnitudes, and the structural similarity, a line for each way back; the mean over all pictures, and their standard
/// deviation as bars. Throws OptionError for no tests or tests of different layers.
template <class T>
Image randomisation_charts(const std::vector<Randomisation<T>>& tests, const SanityFigureOptions& options = {}) {
    deconvviz::detail::expect_comparable(tests, {});
    using deconvviz::detail::similarity_chart;
    return hstack({similarity_chart(tests, &MapSimilarity::rank, "rank correlation", false, options),
                   similarity_chart(tests, &MapSimilarity::magnitude, "of magnitudes", false, options),
                   similarity_chart(tests, &MapSimilarity::structural, "structural similarity", true, options)},
                  {.title = options.title, .subtitle = options.subtitle, .style = options.style});
}

}  // namespace deconvviz::figure
