#include "deconvviz/figure/correspondence.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "throw_support.hpp"

using namespace deconvviz;
using figure::Color;
using figure::Image;
using support::check_throws;

namespace {

Index count(const Image& image, Color wanted) {
    const auto pixels = image.pixels();
    return std::count(pixels.begin(), pixels.end(), wanted);
}

/// A table with these means of two layers, deviations a tenth of them.
CorrespondenceTable table_of(const std::vector<std::pair<double, double>>& means) {
    CorrespondenceTable table;
    table.layers = {"low", "high"};
    table.fill = 0.5;
    for (const auto& [low, high] : means) {
        CorrespondenceRow row;
        row.name = detail::concat("part ", table.rows.size());
        row.entries = {{.mean = low, .deviation = low / 10}, {.mean = high, .deviation = high / 10}};
        row.windows = {{{1, 1, 2, 3}, {0, 0, 4, 4}}, {{5, 5, 1, 1}, {5, 5, 1, 1}}};
        table.rows.push_back(row);
    }
    return table;
}

}  // namespace

TEST_CASE("figure: hidden parts lie where their windows say, framed in the part's colour") {
    // Two pictures of 8x8, black and white; a cell of 8 units at a scale of 2 makes each pixel 2x2.
    Tensor<float> images({2, 1, 8, 8});
    std::fill(images.slice(1).begin(), images.slice(1).end(), 1.0F);
    const std::vector<PicturePart> parts{{"a", {{0, 0, 4, 4}, {2, 2, 6, 6}}}, {"b", {{1, 1, 3, 2}, {7, 7, 1, 1}}}};
    const figure::HiddenPartsOptions options{.cell_size = 80};
    const Image image = figure::hidden_parts(images, parts, 0.5, options);
    const Color grey{128, 128, 128};
    // Each pixel is 20x20; frames of 2 lie inward.
    CHECK(count(image, grey) == 76 * 76 + 116 * 116 + 56 * 36 + 16 * 16);
    CHECK(count(image, figure::palette(0)) == 80 * 80 - 76 * 76 + 120 * 120 - 116 * 116);
    CHECK(count(image, figure::palette(1)) == 60 * 40 - 56 * 36 + 20 * 20 - 16 * 16);

    // By default one scale for all pictures, which the value that hides is part of.
    const Image brighter = figure::hidden_parts(images, parts, 2.0, options);
    CHECK(count(brighter, grey) > 10000);  // the white picture is half as bright as what hides it
    CHECK(count(figure::hidden_parts(images, parts, 0.5, {.range = figure::ValueRange{0, 2}, .cell_size = 80}), grey) >
          10000);

    const Tensor<double> colours({2, 3, 8, 8});
    CHECK(figure::hidden_parts(colours, parts, 0.5).width() > 0);
    CHECK(figure::hidden_parts(images, {}, 0.5, options).width() < image.width());

    check_throws<ShapeError>(
        [&] {
            figure::hidden_parts(images, {{"ear", {{0, 0, 1, 1}}}}, 0.5);
        },
        {"hidden parts: part 'ear'", "each of 2 pictures, got 1"});
    check_throws<ShapeError>(
        [&] {
            figure::hidden_parts(images, {{"ear", {{0, 0, 1, 1}, {0, 8, 1, 1}}}}, 0.5);
        },
        {"8x8", "picture 1"});
    check_throws<ShapeError>([&] { figure::hidden_parts(Tensor<float>({8, 8}), {}, 0.5); }, {"(8,8)"});
    CHECK_THROWS_AS(figure::hidden_parts(images, parts, std::numeric_limits<double>::quiet_NaN()), OptionError);
}

TEST_CASE("figure: a table shows what its rows hid, the first draw of random masks") {
    const Tensor<float> images({2, 1, 8, 8});
    const auto table = table_of({{0.1, 0.2}, {0.2, 0.3}});
    std::vector<PicturePart> parts;
    for (const CorrespondenceRow& row : table.rows) parts.push_back({row.name, {{1, 1, 2, 3}, {0, 0, 4, 4}}});
    CHECK(figure::hidden_parts(images, table) == figure::hidden_parts(images, parts, 0.5));
}

TEST_CASE("figure: the chart of a table has a dot for each row and layer, the higher the larger Δ") {
    const auto table = table_of({{0.1, 0.5}, {0.2, 0.4}, {0.3, 0.3}});
    const Image image = figure::correspondence_chart(table, {.title = "title"});
    const auto lowest_of = [&](Color color) {  // rows of pixels, without the legend
        Index lowest = -1;
        for (Index y = 0; y < image.height(); ++y)
            for (Index x = 0; x < image.width() * 3 / 4; ++x)
                if (image(x, y) == color) lowest = y;
        return lowest;
    };
    CHECK(count(image, figure::palette(0)) > 100);
    CHECK(count(image, figure::palette(1)) > 100);
    CHECK(lowest_of(figure::palette(0)) > lowest_of(figure::palette(1)));

    auto fewer = table;
    fewer.rows.pop_back();
    CHECK(figure::correspondence_chart(fewer).width() < image.width());
    CHECK(figure::correspondence_chart(fewer, {.width = 600}).width() > image.width());
    auto missing = table;  // a picture that was not finite
    missing.rows[0].entries[0].mean = std::numeric_limits<double>::quiet_NaN();
    CHECK(figure::correspondence_chart(missing, {.title = "title"}).width() == image.width());
    CHECK(count(figure::correspondence_chart(missing, {.title = "title"}), figure::palette(0)) <
          count(image, figure::palette(0)));
    check_throws<OptionError>([] { figure::correspondence_chart({}); }, {"no rows"});
}
