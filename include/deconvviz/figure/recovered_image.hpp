/// @file
/// Figures of the resemblance of maps to their pictures, with trained and with random weights.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/figure/chart.hpp"
#include "deconvviz/figure/grid.hpp"
#include "deconvviz/figure/palette.hpp"
#include "deconvviz/figure/sanity.hpp"
#include "deconvviz/figure/ways_back.hpp"
#include "deconvviz/visualize/recovered_image.hpp"

namespace deconvviz::figure {

/// For each picture that is shown two rows, the maps of the trained network and those of the same one with random
/// weights; columns are ways back. Before the first stands the picture, before the second its high-pass, and below each
/// map the magnitude of its correlation with that. `images` are the pictures (N, C, H, W) that the tests were made
/// with. Throws OptionError for no tests or a picture that there is not.
template <class T>
Image recovered_image_maps(const Tensor<T>& images, const std::vector<RecoveredImage<T>>& tests,
                           const SanityFigureOptions& options = {}) {
    const auto count = [](const RecoveredImage<T>& test) { return std::ssize(test.trained); };
    deconvviz::detail::expect_tested_pictures(tests, options.pictures, count, "recovered image figure");
    GridOptions grid_options{.title = options.title,
                             .subtitle = options.subtitle,
                             .column_headings = {"input, and\nits high-pass"},
                             .cell_size = options.cell_size,
                             .style = options.style};
    for (const RecoveredImage<T>& test : tests)
        grid_options.column_headings.push_back(deconvviz::detail::on_two_lines(test.way.name));
    std::vector<Cell> cells;
    for (const Index n : options.pictures) {
        const Tensor<T> picture = images.entry(n);
        const auto add_row = [&](const std::string& heading, Image first, auto maps, auto measured) {
            grid_options.row_headings.push_back(heading);
            cells.push_back({.picture = std::move(first)});
            for (const RecoveredImage<T>& test : tests)
                cells.push_back(
                    {.picture = way_back_picture((test.*maps).entry(n), test.way.value, options.clip),
                     .below = deconvviz::detail::two_digits((test.*measured)[static_cast<std::size_t>(n)].high_pass)});
        };
        using Test = RecoveredImage<T>;
        add_row("trained\nnetwork", render(picture), &Test::trained_maps, &Test::trained);
        add_row("random\nweights", way_back_picture(high_pass(picture), MapValue::signal, options.clip),
                &Test::random_maps, &Test::random);
    }
    return grid(cells, grid_options);
}

/// How alike the maps are to the picture, by way back: the measures of Resemblance, each in a colour of its own that is
/// full for the trained network and pale for one of random weights. Means over all pictures, with the standard
/// deviation as bars. Throws OptionError for no tests.
template <class T>
Image recovered_image_chart(const std::vector<RecoveredImage<T>>& tests, const SanityFigureOptions& options = {}) {
    using Test = RecoveredImage<T>;
    deconvviz::detail::expect_tested_pictures(
        tests, {}, [](const Test&) { return 0; }, "recovered image figure");
    std::vector<Series> series;
    const auto add = [&](const std::string& name, double Resemblance::*measure) {
        using deconvviz::detail::points_by_way;
        const Color color = palette(std::ssize(series) / 2);
        series.push_back(
            points_by_way(name + ", trained", tests, &Test::mean_trained, &Test::trained, measure, series.size(), 6));
        series.back().color = color;
        series.push_back(points_by_way(name + ", random weights", tests, &Test::mean_random, &Test::random, measure,
                                       series.size(), 6));
        series.back().color = mix(color, options.style.background, 0.55);
    };
    add("picture", &Resemblance::picture);
    add("high-pass", &Resemblance::high_pass);
    add("edges", &Resemblance::edges);
    ChartOptions chart_options{.title = options.title,
                               .subtitle = options.subtitle,
                               .width = options.chart_width,
                               .height = options.chart_height,
                               .style = options.style};
    for (const Test& test : tests) chart_options.x_names.push_back(deconvviz::detail::on_two_lines(test.way.name));
    return chart(series, chart_options);
}

}  // namespace deconvviz::figure
