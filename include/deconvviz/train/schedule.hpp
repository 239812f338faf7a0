/// @file
/// Learning-rate schedules.
#pragma once

#include <cmath>
#include <functional>
#include <numbers>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"

namespace deconvviz {

/// The factor on the learning rate at a share of the whole training, 0 at its start and 1 at its end.
using Schedule = std::function<double(double progress)>;

namespace schedule {

/// Always 1.
inline Schedule constant() {
    return [](double) { return 1.0; };
}

/// Rises linearly from 0 during the first `warmup` of the training, then falls from 1 to 0 along half a cosine
/// [loshchilov2017]. Throws OptionError for a warmup outside of [0, 1).
inline Schedule cosine(double warmup = 0) {
    if (!(warmup >= 0 && warmup < 1)) detail::raise<OptionError>("cosine: expected a warmup in [0, 1), got ", warmup);
    return [warmup](double progress) {
        if (progress < warmup) return progress / warmup;
        return 0.5 + 0.5 * std::cos(std::numbers::pi * (progress - warmup) / (1 - warmup));
    };
}

/// 1, and times `factor` from each of the shares `at` on: the paper lowered its rate by hand in this way.
inline Schedule steps(std::vector<double> at, double factor = 0.1) {
    return [at = std::move(at), factor](double progress) {
        double rate = 1;
        for (const double share : at)
            if (progress >= share) rate *= factor;
        return rate;
    };
}

}  // namespace schedule
}  // namespace deconvviz
