/// @file
/// Least squares for the filters of one layer of an adaptive deconvolutional network, by conjugate gradient.
#pragma once

#include <algorithm>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/convolution_gradient.hpp"
#include "deconvviz/unsupervised/deconvolutional_code.hpp"
#include "deconvviz/unsupervised/detail/deconvolutional_walk.hpp"
#include "deconvviz/unsupervised/detail/ista.hpp"

namespace deconvviz::detail {

/// The problem min over f of Σ_n ‖A_n f - y_n‖² with A_n f = R_{l-1} U_{s_{l-1}} F(f) z_n, for the maps z and switches
/// s of a code. Sums over pictures are made in blocks of a fixed size, so that they do not depend on the threads.
template <class T>
class FilterLeastSquares {
  public:
    /// Everything must outlive the problem and stay as it is.
    FilterLeastSquares(const AdaptiveDeconvolutionalNetwork<T>& network, const DeconvolutionalCode<T>& code,
                       Index layer, const Tensor<T>& images)
        : network_(network), code_(code), layer_(layer), images_(images) {}

    /// A f for all pictures (N, C, H, W).
    Tensor<T> apply(const Tensor<T>& filters) const {
        Tensor<T> pictures(images_.shape());
        const DeconvolutionalLayer<T>& top = network_.layer(layer_);
        parallel_for(images_.shape()[0], block, [&](Index begin, Index end) {
            DeconvolutionalWalk<T> walk(network_, layer_);
            for (Index n = begin; n < end; ++n) {
                T* picture = pictures.slice(n).data();
                walk.filter(top, maps().slice(n).data(), filters.data(), layer_ == 0 ? picture : walk.below());
                walk.below_to_picture(lower_switches(network_, code_, layer_, n), picture);
            }
        });
        return pictures;
    }

    /// Aᵀ applied to pictures: Σ_n A_nᵀ r_n, of the shape of the filters.
    Tensor<T> adjoint(const Tensor<T>& pictures) const {
        const DeconvolutionalLayer<T>& top = network_.layer(layer_);
        const Index count = images_.shape()[0];
        std::vector<Tensor<T>> sums(static_cast<std::size_t>((count + block - 1) / block));
        parallel_for(count, block, [&](Index begin, Index end) {
            DeconvolutionalWalk<T> walk(network_, layer_);
            Tensor<T> below(top.below.batched(end - begin));
            for (Index n = begin; n < end; ++n) {
                const T* signal =
                    walk.picture_to_below(lower_switches(network_, code_, layer_, n), pictures.slice(n).data());
                std::copy_n(signal, top.below.elements(), below.slice(n - begin).data());
            }
            Tensor<T>& sum = sums[static_cast<std::size_t>(begin / block)];
            sum = Tensor<T>(top.filters.shape());
            kernels::convolution_weight_gradient(top.convolution(end - begin), below.data(), maps().slice(begin).data(),
                                                 sum.data());
        });
        Tensor<T> total = std::move(sums.front());
        for (std::size_t b = 1; b < sums.size(); ++b)
            for (Index i = 0; i < total.size(); ++i) total[i] += sums[b][i];
        return total;
    }

    /// At most so many steps of conjugate gradient (on the normal equations, in the form that never multiplies A with
    /// its transpose) from `filters`, which are replaced. Returns Σ ‖A f - y‖², which no step raises.
    double solve(Tensor<T>& filters, int steps) const {
        Tensor<T> residual = apply(filters);  // y - A f
        for (Index i = 0; i < residual.size(); ++i) residual[i] = images_[i] - residual[i];
        Tensor<T> direction = adjoint(residual);
        double slope = squared_norm<T>(direction.values());
        for (int step = 0; step < steps && slope > 0; ++step) {
            const Tensor<T> change = apply(direction);
            const double curvature = squared_norm<T>(change.values());
            if (!(curvature > 0)) break;
            const auto length = static_cast<T>(slope / curvature);
            for (Index i = 0; i < filters.size(); ++i) filters[i] += length * direction[i];
            for (Index i = 0; i < residual.size(); ++i) residual[i] -= length * change[i];
            const Tensor<T> gradient = adjoint(residual);
            const double next = squared_norm<T>(gradient.values());
            const auto keep = static_cast<T>(next / slope);
            for (Index i = 0; i < direction.size(); ++i) direction[i] = gradient[i] + keep * direction[i];
            slope = next;
        }
        return squared_norm<T>(residual.values());
    }

    /// Σ ‖y‖².
    double energy() const { return squared_norm<T>(images_.values()); }

  private:
    static constexpr Index block = 16;  // pictures

    const Tensor<T>& maps() const { return code_.layers[static_cast<std::size_t>(layer_)].maps; }

    const AdaptiveDeconvolutionalNetwork<T>& network_;
    const DeconvolutionalCode<T>& code_;
    Index layer_;
    const Tensor<T>& images_;
};

}  // namespace deconvviz::detail
