/// @file
/// Softmax: logits to probabilities.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "deconvviz/layers/detail/windows.hpp"
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

/// Class probabilities: src (N, F) to dst (N, F), each row exp(src) / Σ exp(src); of feature maps (N, C, H, W) over the
/// maps, at each position by itself: dst[n,c,y,x] = exp(src[n,c,y,x]) / Σ_k exp(src[n,k,y,x]).
/// A model that is trained here ends in logits, without this layer: the loss has its own softmax.
///
/// `deconv` passes the signal unchanged under the rules deconvnet and guided, so that a class can be seeded above a
/// softmax as well as below it; under the rule gradient it is the true gradient. output_shape throws ShapeError for
/// anything but flat features and maps.
template <class T>
class Softmax {
  public:
    static constexpr bool pointwise = true;

    std::string_view kind() const { return "Softmax"; }
    Window reads(const Window& dst, const Shape&) const { return dst; }
    Window reached_by(const Window& src, const Shape&) const { return src; }

    Shape output_shape(const Shape& sample) const {
        if (sample.rank() != 1 && sample.rank() != 3)
            detail::raise<ShapeError>("expected flat features (F) or maps (C,H,W), got ", sample);
        return sample;
    }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(src.shape());
        for (Index n = 0; n < src.shape()[0]; ++n) normalise(plane(src), src.slice(n), dst.slice(n));
    }

    void forward_in_place(Tensor<T>& values) const {
        for (Index n = 0; n < values.shape()[0]; ++n) normalise(plane(values), values.slice(n), values.slice(n));
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) gradient(seen.dst, grad_dst, *grad_src);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules& rules) const {
        if (rules.relu == ReluRule::gradient) return gradient(seen.dst, recon_dst, recon_src);
        recon_src.resize(recon_dst.shape());
        std::copy(recon_dst.begin(), recon_dst.end(), recon_src.begin());
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) const {
        if (rules.relu != ReluRule::gradient || windows.dst == detail::whole_maps(seen.dst.shape()))
            return deconv(seen, recon_dst, recon_src, rules);
        detail::window_values(seen.dst, windows.dst, room.saved);
        gradient(room.saved, recon_dst, recon_src);
    }

  private:
    static constexpr Index tile = 64;  // positions that are worked on together: neighbours in memory

    /// Positions of each map; 1 for flat features.
    static Index plane(const Tensor<T>& values) {
        return values.rank() == 4 ? values.shape()[2] * values.shape()[3] : 1;
    }

    static void normalise(Index plane, std::span<const T> src, std::span<T> dst) {
        if (plane == 1) return softmax<T>(src, dst);
        const auto size = static_cast<Index>(src.size());
        for (Index first = 0; first < plane; first += tile) {
            const Index count = std::min(tile, plane - first);
            T largest[tile], sum[tile];
            std::copy_n(src.data() + first, count, largest);
            std::fill_n(sum, count, T(0));
            for (Index c = first; c < size; c += plane)
                for (Index i = 0; i < count; ++i) largest[i] = std::max(largest[i], src.data()[c + i]);
            for (Index c = first; c < size; c += plane)
                for (Index i = 0; i < count; ++i)
                    sum[i] += dst.data()[c + i] = std::exp(src.data()[c + i] - largest[i]);
            for (Index c = first; c < size; c += plane)
                for (Index i = 0; i < count; ++i) dst.data()[c + i] /= sum[i];
        }
    }

    /// grad_src[i] = p[i] · (grad_dst[i] - Σ_j p[j] grad_dst[j]), at each position.
    static void gradient(const Tensor<T>& probabilities, const Tensor<T>& grad_dst, Tensor<T>& grad_src) {
        grad_src.resize(grad_dst.shape());
        const Index plane = Softmax::plane(grad_dst);
        for (Index n = 0; n < grad_dst.shape()[0]; ++n) {
            const std::span<const T> p = probabilities.slice(n), above = grad_dst.slice(n);
            T* const below = grad_src.slice(n).data();
            const auto size = static_cast<Index>(p.size());
            for (Index first = 0; first < plane; first += tile) {
                const Index count = std::min(tile, plane - first);
                T mean[tile] = {};
                for (Index c = first; c < size; c += plane)
                    for (Index i = c; i < c + count; ++i) mean[i - c] += p.data()[i] * above.data()[i];
                for (Index c = first; c < size; c += plane)
                    for (Index i = c; i < c + count; ++i) below[i] = p.data()[i] * (above.data()[i] - mean[i - c]);
            }
        }
    }
};

}  // namespace deconvviz
