/// @file
/// Dropout: random omission of features while training.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "deconvviz/core/random.hpp"
#include "deconvviz/layers/detail/windows.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a Dropout.
struct DropoutOptions {
    double rate = 0.5;  // the share of values that are set to 0, in [0, 1)
};

/// While training, each value is set to 0 with probability `rate` and else divided by 1 - rate ("inverted" dropout, so
/// that nothing needs scaling afterwards); otherwise the identity. Which values fall out depends on the pass's seed and
/// the value's position alone, so the result is the same on any number of threads.
///
/// `deconv` passes the signal unchanged for a trace of an ordinary pass, and by the mask for one of a training pass.
template <class T>
class Dropout {
  public:
    explicit Dropout(const DropoutOptions& options = {}) : options_(options) {
        if (!(options.rate >= 0 && options.rate < 1))
            detail::raise<OptionError>("Dropout: expected a rate in [0, 1), got ", options.rate);
    }

    static constexpr bool pointwise = true;

    std::string_view kind() const { return "Dropout"; }
    const DropoutOptions& options() const { return options_; }
    Shape output_shape(const Shape& sample) const { return sample; }
    Window reads(const Window& dst, const Shape&) const { return dst; }
    Window reached_by(const Window& src, const Shape&) const { return src; }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>& record, const PassOptions& pass) const {
        dst.resize(src.shape());
        const bool drops = pass.training && options_.rate > 0;
        record.saved.resize(drops ? src.shape() : Shape{0});
        if (!drops) {
            std::copy(src.begin(), src.end(), dst.begin());
            return;
        }
        const T kept = static_cast<T>(1 / (1 - options_.rate));
        Random random(pass.seed);
        for (T& factor : record.saved) factor = random.chance(options_.rate) ? T(0) : kept;
        scale(src, record.saved.data(), dst);
    }

    void forward_in_place(Tensor<T>&) const {}

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>>) const {
        if (grad_src != nullptr) scale(grad_dst, mask(seen), *grad_src);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        scale(recon_dst, mask(seen), recon_src);
    }

    void deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules&, Record<T>& room) const {
        const Tensor<T>& saved = seen.record.saved;
        scale(recon_dst, saved.empty() ? nullptr : detail::window_values(saved, windows.src, room.saved), recon_src);
    }

  private:
    /// The factors of a training pass; null where the pass let everything through.
    static const T* mask(const LayerTrace<T>& seen) {
        return seen.record.saved.empty() ? nullptr : seen.record.saved.data();
    }

    /// to = from · mask, or from without one.
    static void scale(const Tensor<T>& from, const T* mask, Tensor<T>& to) {
        to.resize(from.shape());
        if (mask == nullptr) {
            std::copy(from.begin(), from.end(), to.begin());
        } else {
            std::transform(from.begin(), from.end(), mask, to.begin(), [](T a, T b) { return a * b; });
        }
    }

    DropoutOptions options_;
};

}  // namespace deconvviz
