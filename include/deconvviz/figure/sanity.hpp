/// @file
/// What the figures of the sanity checks have in common.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/chart.hpp"
#include "deconvviz/figure/style.hpp"
#include "deconvviz/figure/ways_back.hpp"
#include "deconvviz/visualize/similarity.hpp"

namespace deconvviz::figure {

/// Options of the figures of sanity checks.
struct SanityFigureOptions {
    std::string title = {};
    std::string subtitle = {};
    std::vector<Index> pictures = {0};          // which pictures' maps are shown; charts are of all
    std::vector<std::string> class_names = {};  // for class_swap; by default numbers
    double clip = 0.99;                         // see WaysBackOptions
    Index cell_size = 72;
    Index chart_width = 260;  // of a plot
    Index chart_height = 180;
    Style style = {};
};

}  // namespace deconvviz::figure

namespace deconvviz::detail {

/// "0.42", or a dash where there is no value.
inline std::string two_digits(double value) {
    if (std::isnan(value)) return "-";
    char text[16];
    std::snprintf(text, sizeof(text), "%.2f", std::abs(value) < 0.005 ? 0.0 : value);
    return text;
}

/// The standard deviation of a measure over the pictures for which it is defined; 0 for fewer than two.
template <class Measures>
double spread_of(const std::vector<Measures>& all, double Measures::*measure) {
    const double mean = mean_of_defined<Measures>(all, measure);
    double sum = 0;
    int defined = 0;
    for (const Measures& each : all) {
        if (std::isnan(each.*measure)) continue;
        sum += (each.*measure - mean) * (each.*measure - mean);
        ++defined;
    }
    return defined < 2 ? 0 : std::sqrt(sum / (defined - 1));
}

/// A little to the left or right of a place, so that the error bars of `count` series do not hide each other.
inline double dodged(double place, std::size_t series, std::size_t count, double distance) {
    return place + distance * (static_cast<double>(series) - static_cast<double>(count - 1) / 2);
}

/// A measure of several ways, a point for each with its spread; `series` of `count` in the chart.
template <class Test, class Measures>
figure::Series points_by_way(const std::string& name, const std::vector<Test>& tests, Measures Test::*mean,
                             std::vector<Measures> Test::*all, double Measures::*measure, std::size_t series,
                             std::size_t count) {
    figure::Series points{.name = name, .x = {}, .y = {}, .markers = true, .line = false};
    for (const Test& test : tests) {
        points.x.push_back(dodged(static_cast<double>(points.x.size()), series, count, 0.1));
        points.y.push_back(test.*mean.*measure);
        points.spread.push_back(spread_of(test.*all, measure));
    }
    return points;
}

/// Throws OptionError for no tests, or a picture that one of them does not have.
template <class Test, class PicturesOf>
void expect_tested_pictures(const std::vector<Test>& tests, const std::vector<Index>& pictures,
                            const PicturesOf& pictures_of, std::string_view what) {
    if (tests.empty()) raise<OptionError>(what, ": no test was given");
    for (const Test& test : tests)
        for (const Index n : pictures)
            if (n < 0 || n >= pictures_of(test))
                raise<OptionError>(what, ": there is no picture ", n, ": the test '", test.way.name, "' has ",
                                   pictures_of(test));
}

}  // namespace deconvviz::detail
