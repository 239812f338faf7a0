/// @file
/// Dense: a fully connected layer.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/kernels/dense.hpp"
#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/layers/detail/weights_and_bias.hpp"
#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// Options of a Dense layer, in features.
struct DenseOptions {
    Index in = 1;
    Index out = 1;
    bool bias = true;
    std::uint64_t seed = 1;  // of the first weights: layers of the same sizes and seed start equal (see initialise)
};

/// src: (N, in). dst: (N, out): dst[n,o] = bias[o] + Σ_i weights[o,i] src[n,i]. Feature maps go through Flatten first.
/// weights: (out, in), at first drawn from a normal distribution of variance 2 / in [he2015]; bias: (out), at first 0.
///
/// `deconv` is the product with the transposed weights, without bias: the adjoint of `forward` without its bias, the
/// same under all rules.
///
/// The constructor throws OptionError for sizes below 1; output_shape throws ShapeError for another number of features.
/// Cost of each pass: 2 · N · in · out operations.
template <class T>
class Dense {
  public:
    explicit Dense(const DenseOptions& options) : options_(options) {
        check(options_);
        weights_ = detail::he_weights<T>(weights_shape(), options.seed);
        if (options.bias) bias_ = Tensor<T>({options.out});
    }

    /// With given parameters; an empty bias for none. Throws ShapeError where their shapes are not those of the
    /// options.
    Dense(const DenseOptions& options, Tensor<T> weights, Tensor<T> bias)
        : options_(options), weights_(std::move(weights)), bias_(std::move(bias)) {
        check(options_);
        detail::expect_weights_and_bias(kind(), weights_, bias_, weights_shape());
        options_.bias = !bias_.empty();
    }

    std::string_view kind() const { return "Dense"; }
    const DenseOptions& options() const { return options_; }

    Tensor<T>& weights() { return weights_; }
    const Tensor<T>& weights() const { return weights_; }
    /// Empty for a layer without bias.
    Tensor<T>& bias() { return bias_; }
    const Tensor<T>& bias() const { return bias_; }

    std::vector<Parameter<T>> parameters() { return detail::weights_and_bias(weights_, bias_); }

    Shape output_shape(const Shape& sample) const {
        if (sample.rank() != 1)
            detail::raise<ShapeError>("expected flat features (F), got ", sample, "; put a Flatten before");
        if (sample[0] != options_.in)
            detail::raise<ShapeError>("expected ", options_.in, " input features, got ", sample[0]);
        return {options_.out};
    }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>&, const PassOptions&) const {
        dst.resize(output_shape(src.shape().sample()).batched(src.shape()[0]));
        kernels::dense(kernel_shape(src), src.data(), weights_.data(), bias_.empty() ? nullptr : bias_.data(),
                       dst.data());
    }

    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>> gradients) const {
        const kernels::DenseShape shape = kernel_shape(seen.src);
        kernels::dense_weight_gradient(shape, seen.src.data(), grad_dst.data(), gradients[0].data());
        if (options_.bias) kernels::channel_sums(shape.batch, shape.outputs, 1, grad_dst.data(), gradients[1].data());
        if (grad_src != nullptr) transposed(seen, grad_dst, *grad_src);
    }

    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules&) const {
        transposed(seen, recon_dst, recon_src);
    }

  private:
    Shape weights_shape() const { return {options_.out, options_.in}; }

    static void check(const DenseOptions& options) {
        constexpr Index most = Index{1} << 31;
        if (options.in < 1 || options.out < 1 || options.in > most || options.out > most)
            detail::raise<OptionError>("Dense: expected in and out from 1 to 2^31, got in = ", options.in,
                                       ", out = ", options.out);
    }

    kernels::DenseShape kernel_shape(const Tensor<T>& src) const {
        return {.batch = src.shape()[0], .inputs = options_.in, .outputs = options_.out};
    }

    void transposed(const LayerTrace<T>& seen, const Tensor<T>& dst, Tensor<T>& src) const {
        src.resize(seen.src.shape());
        kernels::dense_transposed(kernel_shape(src), dst.data(), weights_.data(), src.data());
    }

    DenseOptions options_;
    Tensor<T> weights_;
    Tensor<T> bias_;
};

}  // namespace deconvviz
