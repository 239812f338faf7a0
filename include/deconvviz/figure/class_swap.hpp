/// @file
/// Figures of the class-swap test: the maps of two classes, and a chart of how alike they are.
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
#include "deconvviz/figure/ways_back.hpp"
#include "deconvviz/visualize/class_swap.hpp"

namespace deconvviz::figure {

/// Maps of swapped classes: for each picture that is shown two rows, the maps of the class that the model gives it and
/// those of the class that it holds for least likely, with the rank correlation of the two below; columns are ways
/// back. `images` are the pictures (N, C, H, W) that the tests were made with. Throws OptionError for no tests, tests
/// of different numbers of pictures, a picture that there is not, or a class without a name where names are given.
template <class T>
Image class_swap_maps(const Tensor<T>& images, const std::vector<ClassSwap<T>>& swaps,
                      const SanityFigureOptions& options = {}) {
    const auto count = [](const ClassSwap<T>& swap) { return std::ssize(swap.predicted); };
    deconvviz::detail::expect_tested_pictures(swaps, options.pictures, count, "class swap figure");
    const auto name = [&](Index c, const char* what) {
        if (!options.class_names.empty() && std::cmp_greater_equal(c, options.class_names.size()))
            deconvviz::detail::raise<OptionError>("class swap figure: class ", c, " has no name");
        const std::string known = options.class_names.empty() ? deconvviz::detail::concat("class ", c)
                                                              : options.class_names[static_cast<std::size_t>(c)];
        return known + "\n" + what;
    };
    GridOptions grid_options{.title = options.title,
                             .subtitle = options.subtitle,
                             .column_headings = {"input"},
                             .cell_size = options.cell_size,
                             .style = options.style};
    for (const ClassSwap<T>& swap : swaps)
        grid_options.column_headings.push_back(deconvviz::detail::on_two_lines(swap.way.name));
    std::vector<Cell> cells;
    for (const Index n : options.pictures) {
        const auto at = static_cast<std::size_t>(n);
        grid_options.row_headings.push_back(name(swaps.front().predicted[at], "(predicted)"));
        grid_options.row_headings.push_back(name(swaps.front().least[at], "(least likely)"));
        cells.push_back({.picture = render(images.entry(n))});
        for (const ClassSwap<T>& swap : swaps)
            cells.push_back({.picture = way_back_picture(swap.predicted_maps.entry(n), swap.way.value, options.clip)});
        cells.push_back({});
        for (const ClassSwap<T>& swap : swaps)
            cells.push_back({.picture = way_back_picture(swap.least_maps.entry(n), swap.way.value, options.clip),
                             .below = deconvviz::detail::two_digits(swap.with_least[at].rank)});
    }
    return grid(cells, grid_options);
}

/// How alike the maps of different classes are, by way back: of the predicted class and each other one, the mean over
/// these, over all pictures, with the standard deviation over pictures as bars. Throws OptionError for no tests.
template <class T>
Image class_swap_chart(const std::vector<ClassSwap<T>>& swaps, const SanityFigureOptions& options = {}) {
    deconvviz::detail::expect_tested_pictures(
        swaps, {}, [](const auto&) { return 0; }, "class swap figure");
    const auto points = [&](const char* name, double MapSimilarity::*measure, std::size_t series) {
        return deconvviz::detail::points_by_way(name, swaps, &ClassSwap<T>::mean_with_others,
                                                &ClassSwap<T>::with_others, measure, series, 3);
    };
    ChartOptions chart_options{.title = options.title,
                               .subtitle = options.subtitle,
                               .width = options.chart_width,
                               .height = options.chart_height,
                               .style = options.style};
    for (const ClassSwap<T>& swap : swaps)
        chart_options.x_names.push_back(deconvviz::detail::on_two_lines(swap.way.name));
    return chart(
        {points("rank correlation", &MapSimilarity::rank, 0), points("of magnitudes", &MapSimilarity::magnitude, 1),
         points("structural similarity", &MapSimilarity::structural, 2)},
        chart_options);
}

}  // namespace deconvviz::figure
