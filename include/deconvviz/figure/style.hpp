/// @file
/// The look of a figure.
#pragma once

#include <cmath>
#include <string_view>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/text.hpp"

namespace deconvviz::figure {

/// Fonts, colours and distances. Lengths are in units of `scale` pixels: with a scale of 2 a figure has twice as many
/// pixels each way, for sharp print and screens of high density.
struct Style {
    Index scale = 2;
    Font font = {};
    double text_size = 12;
    double title_size = 18;
    Color background = white;
    Color ink{34, 34, 38};       ///< titles, headings and captions
    Color muted{112, 112, 118};  ///< subtitles and tick labels
    Color frame{172, 172, 178};  ///< the hairline around pictures, so that white ones show their border
    Index margin = 14;           ///< around the figure
};

/// The same style with light text on a dark ground, for pages and slides that are dark. Colour scales stay as they are.
inline Style dark(Style style) {
    style.background = {24, 25, 29};
    style.ink = {232, 232, 236};
    style.muted = {160, 160, 168};
    style.frame = {92, 92, 100};
    return style;
}

}  // namespace deconvviz::figure
