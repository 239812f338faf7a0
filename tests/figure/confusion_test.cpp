// The confusion matrix's figure: colours of its cells, and what makes no sense.
#include "deconvviz/figure/confusion.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::figure::Color;
using dv::figure::Colormap;
using support::check_throws;

namespace {

/// The colour near the upper left corner of each cell, found from the lower right corner of the figure.
std::vector<Color> corners(const dv::figure::Image& image, const dv::figure::ConfusionOptions& options,
                           dv::Index classes) {
    const dv::Index scale = options.style.scale, cell = options.cell_size * scale,
                    margin = options.style.margin * scale;
    std::vector<Color> colors;
    for (dv::Index row = 0; row < classes; ++row)
        for (dv::Index column = 0; column < classes; ++column)
            colors.push_back(image(image.width() - margin - (classes - column) * cell + 3,
                                   image.height() - margin - (classes - row) * cell + 3));
    return colors;
}

}  // namespace

TEST_CASE("confusion figure: right is blue by its share, errors are red up to the full one, no picture is white") {
    const dv::figure::ConfusionOptions options{.full_error = 0.5};
    const auto image = dv::figure::confusion(dv::Tensor<double>({3, 3}, {4, 0, 0, 6, 1, 1, 0, 0, 0}), options);
    const auto at = [](double t) { return dv::figure::color(Colormap::diverging, t); };
    const auto colors = corners(image, options, 3);
    CHECK(colors[0] == at(0));
    CHECK(colors[1] == at(0.5));
    CHECK(colors[3] == at(1));                // 75 % is beyond the full error
    CHECK(colors[4] == at(0.5 - 0.125 / 2));  // 12.5 %
    CHECK(colors[5] == at(0.5 + 0.25 / 2));
    for (std::size_t i : {6U, 7U, 8U}) CHECK(colors[i] == at(0.5));
}

TEST_CASE("confusion figure: shares do not depend on the number of pictures, the numbers drawn do") {
    const dv::Tensor<double> few({2, 2}, {3, 1, 0, 4}), many({2, 2}, {30, 10, 0, 40});
    CHECK(dv::figure::confusion(few, {.percent = true}) == dv::figure::confusion(many, {.percent = true}));
    CHECK(dv::figure::confusion(few) != dv::figure::confusion(many));
    const auto named = dv::figure::confusion(few, {.title = "Errors", .class_names = {"a long name", "b"}});
    CHECK(named.width() > dv::figure::confusion(few).width());
}

TEST_CASE("confusion figure: what makes no sense") {
    using dv::OptionError;
    using dv::figure::confusion;
    const dv::Tensor<double> good({2, 2});
    check_throws<dv::ShapeError>([] { confusion(dv::Tensor<double>({2, 3})); }, {"confusion figure", "(2,3)"});
    check_throws<dv::ShapeError>([] { confusion(dv::Tensor<double>({4})); }, {"(classes,classes)"});
    check_throws<OptionError>([] { confusion(dv::Tensor<double>({2, 2}, {0, 0, -1, 0})); }, {"row 1, column 0 is -1"});
    check_throws<OptionError>(
        [] {
            confusion(dv::Tensor<double>({1, 1}, {std::numeric_limits<double>::quiet_NaN()}));
        },
        {"row 0, column 0 is nan"});
    check_throws<OptionError>([&] { confusion(good, {.class_names = {"one"}}); }, {"2 class names or none, got 1"});
    check_throws<OptionError>([&] { confusion(good, {.full_error = 0}); }, {"full_error in (0, 1], got 0"});
    check_throws<OptionError>([&] { confusion(good, {.cell_size = 3}); }, {"cell size of at least 8"});
    CHECK_NOTHROW(confusion(good));
}
