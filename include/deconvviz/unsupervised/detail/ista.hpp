/// @file
/// Iterative shrinkage and thresholding for one picture in one layer of an adaptive deconvolutional network.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/max_pool3d.hpp"
#include "deconvviz/unsupervised/detail/deconvolutional_walk.hpp"

namespace deconvviz::detail {

/// Summed in double, in order.
template <class T>
double squared_norm(std::span<const T> values) {
    double sum = 0;
    for (const T value : values) sum += static_cast<double>(value) * static_cast<double>(value);
    return sum;
}

template <class T>
double absolute_sum(std::span<const T> values) {
    double sum = 0;
    for (const T value : values) sum += std::abs(static_cast<double>(value));
    return sum;
}

/// max(|v| - threshold, 0) with the sign of v.
template <class T>
T shrink(T v, T threshold) {
    const T size = std::abs(v) - threshold;
    return size > 0 ? std::copysign(size, v) : T(0);
}

/// Where the result of one picture goes. `maps` holds what the first step starts from.
template <class T>
struct IstaResult {
    std::span<T> maps;
    std::span<T> pooled;
    std::span<std::uint16_t> switches;
    std::span<double> cost;  // one more than steps
    double& squared_error;
    double& step;  // beta of the last step; 0 for none yet
};

/// Works on one picture after another and keeps its buffers.
template <class T>
class Ista {
  public:
    Ista(const AdaptiveDeconvolutionalNetwork<T>& network, Index layer)
        : layer_(network.layer(layer)),
          pooling_(layer_.pooling()),
          walk_(network, layer),
          gradient_(layer_.maps),
          shrunk_(layer_.maps),
          trial_(layer_.maps),
          pooled_(layer_.pooled),
          switches_(static_cast<std::size_t>(layer_.pooled.elements())),
          residual_(network.picture_shape()),
          change_(network.picture_shape()) {}

    /// Throws DivergenceError where a cost is not finite.
    void run(const LowerSwitches& lower, std::span<const T> picture, const IstaResult<T>& result) {
        const double lambda = layer_.options.lambda;
        kernels::max_pool3d(pooling_, result.maps.data(), result.pooled.data(), result.switches.data());
        walk_.down(lower, result.maps.data(), residual_.data());
        for (Index i = 0; i < residual_.size(); ++i) residual_[i] -= picture[static_cast<std::size_t>(i)];
        const auto cost = [&](std::span<const T> maps) {
            return lambda / 2 * squared_norm<T>(residual_.values()) + absolute_sum<T>(maps);
        };
        result.cost[0] = cost(result.maps);
        bool done = false;
        for (std::size_t t = 1; t < result.cost.size(); ++t) {
            result.cost[t] = result.cost[t - 1];
            if (done) continue;
            walk_.up(lower, residual_.data(), gradient_.data());
            for (T& value : gradient_) value *= static_cast<T>(lambda);
            if (layer_.options.beta)
                take(result, lower, result.step = *layer_.options.beta);
            else
                search(result, lower);
            for (Index i = 0; i < residual_.size(); ++i) residual_[i] += change_[i];
            const double now = cost(trial_.values());
            if (!std::isfinite(now))
                raise<DivergenceError>("inference diverged: the cost of a picture is ", now, " after step ", t,
                                       layer_.options.beta ? "; a smaller beta may help" : "");
            // Within the bounds of step sizes the cost can only rise by rounding: then the picture is done.
            done = !layer_.options.beta && now > result.cost[t - 1];
            if (done) {
                for (Index i = 0; i < residual_.size(); ++i) residual_[i] -= change_[i];
                continue;
            }
            result.cost[t] = now;
            std::ranges::copy(trial_, result.maps.begin());
            std::ranges::copy(pooled_, result.pooled.begin());
            std::ranges::copy(switches_, result.switches.begin());
        }
        result.squared_error = squared_norm<T>(residual_.values());
    }

  private:
    /// One step with this beta: trial_ = U P shrink(z - beta gradient), and change_ = R (trial_ - z), the change of the
    /// reconstruction. Returns the squared norm of trial_ - z.
    double take(const IstaResult<T>& result, const LowerSwitches& lower, double beta) {
        const auto threshold = static_cast<T>(beta);
        for (Index i = 0; i < shrunk_.size(); ++i)
            shrunk_[i] = shrink(result.maps[static_cast<std::size_t>(i)] - threshold * gradient_[i], threshold);
        kernels::max_pool3d(pooling_, shrunk_.data(), pooled_.data(), switches_.data());
        kernels::unpool3d(pooling_, pooled_.data(), switches_.data(), trial_.data());
        for (Index i = 0; i < shrunk_.size(); ++i) shrunk_[i] = trial_[i] - result.maps[static_cast<std::size_t>(i)];
        walk_.down(lower, shrunk_.data(), change_.data());
        return squared_norm<T>(shrunk_.values());
    }

    /// A step with the first beta for which λ ‖R d‖² <= ‖d‖² / beta, d being the change of the maps.
    void search(const IstaResult<T>& result, const LowerSwitches& lower) {
        const double lambda = layer_.options.lambda;
        double beta = result.step * growth;
        if (!(beta > 0)) {  // the first step: the best one along the gradient
            walk_.down(lower, gradient_.data(), change_.data());
            const double curvature = lambda * squared_norm<T>(change_.values());
            beta = curvature > 0 ? squared_norm<T>(gradient_.values()) / curvature : 1 / lambda;
        }
        for (;;) {
            const double moved = take(result, lower, beta);
            const double curvature = lambda * squared_norm<T>(change_.values());
            if (!std::isfinite(curvature) || !(beta > 0))
                raise<DivergenceError>("inference diverged: no step was found, the last beta was ", beta);
            if (curvature <= moved / beta) break;
            beta = safety * moved / curvature;
        }
        result.step = beta;
    }

    static constexpr double growth = 1.25;  // how much longer a step may be than the last one
    static constexpr double safety = 0.9;   // of the step that the curvature along the last try would allow

    const DeconvolutionalLayer<T>& layer_;
    kernels::MaxPool3DShape pooling_;
    DeconvolutionalWalk<T> walk_;
    Tensor<T> gradient_;
    Tensor<T> shrunk_;  // before pooling; then what trial_ differs by
    Tensor<T> trial_;
    Tensor<T> pooled_;  // of trial_
    std::vector<std::uint16_t> switches_;
    Tensor<T> residual_;  // R z - y
    Tensor<T> change_;
};

}  // namespace deconvviz::detail
