/// @file
/// Line charts: curves over an axis of numbers or of names, with error bars and a legend.
#pragma once

#include <vector>

#include "deconvviz/figure/detail/chart_drawing.hpp"
#include "deconvviz/figure/image.hpp"

namespace deconvviz::figure {

/// Draws the series, the first one below, over axes with ticks at round numbers; names go into a legend at the right.
///
///     chart({{.name = "loss", .x = {1, 2, 3}, .y = {0.9, 0.4, 0.3}}}, {.x_label = "epoch", .y_label = "nats"})
///
/// A value that is not finite, or on a logarithmic axis one that is not positive, leaves a gap. Without a given range
/// an axis spans all that is drawn, error bars included, and starts at zero where that is near. Values beyond a given
/// range are cut off at the frame. Throws OptionError for a series whose x and y (or spread, where given) differ in
/// number, a range that is not finite, a logarithmic axis of a range that is not positive, and a plot below 40x40
/// units.
inline Image chart(const std::vector<Series>& series, const ChartOptions& options = {}) {
    return deconvviz::detail::ChartDrawing(series, options).draw();
}

}  // namespace deconvviz::figure
