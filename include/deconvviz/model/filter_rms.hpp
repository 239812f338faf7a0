/// @file
/// The root mean square of filters, and the paper's limit on it.
#pragma once

#include <cmath>
#include <span>

#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// The root mean square of the weights of one filter, √(Σ w² / count), summed in double; NaN where a weight is NaN, and
/// where there is none.
template <class T>
double filter_rms(std::span<const T> filter) {
    double squares = 0;
    for (const T w : filter) squares += static_cast<double>(w) * static_cast<double>(w);
    return std::sqrt(squares / static_cast<double>(filter.size()));
}

/// Rescales every filter of a convolution's weights (O, I, KH, KW) whose root mean square exceeds `limit` so that it
/// equals `limit` [zeiler2014, §3]. Returns how many were rescaled. A filter with NaN stays as it is; one whose squares
/// have no finite sum becomes 0 where it is finite and NaN elsewhere.
template <class T>
Index limit_filter_rms(Tensor<T>& weights, double limit) {
    Index rescaled = 0;
    for (Index o = 0; o < weights.shape()[0]; ++o) {
        const auto filter = weights.slice(o);
        const double rms = filter_rms<T>(filter);
        if (!(rms > limit)) continue;
        for (T& w : filter) w = static_cast<T>(static_cast<double>(w) * limit / rms);
        ++rescaled;
    }
    return rescaled;
}

}  // namespace deconvviz
