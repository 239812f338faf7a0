/// @file
/// Softmax: logits to probabilities.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// probabilities[i] = exp(logits[i]) / Σ_j exp(logits[j]), computed so that nothing overflows. The two may be the same.
template <class T>
void softmax(std::span<const T> logits, std::span<T> probabilities) {
    if (logits.empty()) return;
    const T largest = *std::max_element(logits.begin(), logits.end());
    T sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) sum += probabilities[i] = std::exp(logits[i] - largest);
    for (T& p : probabilities) p /= sum;
}

/// Class probabilities: src (N, F) to dst (N, F), each row exp(src) / Σ exp(src).
/// A model that is trained here ends in logits, without this layer: the loss has its own softmax.
///
/// `deconv` passes the signal unchanged under the rules deconvnet and guided, so that a class can be seeded above a
/// softmax as well as below it; under the rule gradient it is the true gradient. output_shape throws ShapeError for
/// anything but flat features.
template <class T>
class Softmax {
  public:
    std::string_view kind() const { return "Softmax"; }

    Shape output_shape(const Shape& sample) const {
        if (sample.rank() != 1) detail::raise<ShapeError>("expected flat features (F), got ", sample);
        return sample;
    }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(src.shape());
        for (Index n = 0; n < src.shape()[0]; ++n) softmax<T>(src.slice(n), dst.slice(n));
    }

    void forward_in_place(Tensor<T>& values) const {
        for (Index n = 0; n < values.shape()[0]; ++n) softmax<T>(values.slice(n), values.slice(n));
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) gradient(seen, grad_dst, *grad_src);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules& rules) const {
        if (rules.relu == ReluRule::gradient) return gradient(seen, recon_dst, recon_src);
        recon_src.resize(recon_dst.shape());
        std::copy(recon_dst.begin(), recon_dst.end(), recon_src.begin());
    }

  private:
    /// grad_src[i] = p[i] · (grad_dst[i] - Σ_j p[j] grad_dst[j]).
    static void gradient(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>& grad_src) {
        grad_src.resize(seen.src.shape());
        for (Index n = 0; n < grad_dst.shape()[0]; ++n) {
            const auto p = seen.dst.slice(n);
            const auto above = grad_dst.slice(n);
            T mean = 0;
            for (std::size_t i = 0; i < p.size(); ++i) mean += p[i] * above[i];
            const auto below = grad_src.slice(n);
            for (std::size_t i = 0; i < p.size(); ++i) below[i] = p[i] * (above[i] - mean);
        }
    }
};

}  // namespace deconvviz
