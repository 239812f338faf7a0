/// @file
/// MirrorNetwork: the reverse network of a model's convolutional part, with parameters of its own that can be trained.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/detail/weights_and_bias.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/unsupervised/detail/mirror_kernels.hpp"

namespace deconvviz {

/// Whose filters a mirror uses. tied: those of the model's convolutions themselves, as a DeConvNet does. free: filters
/// of its own, of the same shapes.
enum class MirrorFilters { tied, free };

/// Options of a mirror.
struct MirrorOptions {
    MirrorFilters filters = MirrorFilters::free;
    std::optional<LayerId> last = {};  // the top layer that is mirrored; without it, the last below Flatten and Dense
    std::uint64_t seed = 1;            // of the first free filters
};

/// One step of the way back: the mirror of a convolution or of a pooling.
template <class T>
struct MirrorStep {
    std::size_t layer = 0;   // of the model
    std::string name;        // of that layer
    bool unpools = false;    // the mirror of a MaxPool2D; else that of a Conv2D
    bool rectified = false;  // the result goes through max(·, 0)
    Tensor<T> weights;       // free filters, of the shape of the convolution's; empty for tied ones and for a pooling
    Tensor<T> bias;          // (in), a value for each map that is reconstructed; empty for a pooling
};

/// What one pass through a mirror left behind: signals[k] is what step k gave, of the shape of its layer's input.
template <class T>
struct MirrorTrace {
    std::vector<Tensor<T>> signals;

    /// (N, C, H, W), the reconstructed pictures. Throws StateError for an empty trace.
    const Tensor<T>& reconstruction() const {
        if (signals.empty()) detail::raise<StateError>("the mirror's trace is empty: no pass has filled it");
        return signals.back();
    }
};

/// The gradients of one pass through a mirror, and the memory of that walk.
template <class T>
struct MirrorGradients {
    std::vector<std::vector<Tensor<T>>> layers;  // for each step one tensor a parameter, in the order of parameters()
    std::vector<Tensor<T>> tied;                 // for each step that of the model's filters; empty but for tied ones
    Tensor<T> what;                              // of the activation that the pass began with
    Tensor<T> above;
};

/// The reverse network of the convolutional part of a model: the decoder of a stacked what-where autoencoder
/// [zhao2015]. It begins with the activation of the top layer, the "what", and goes down layer by layer:
///
/// - for a MaxPool2D an unpooling, which puts each value to where the model's maximum came from, the "where" (and is
///   the only one to use it); overlapping windows add up;
/// - for a Conv2D the transposed convolution, with the model's filters (tied) or own ones (free), plus an own bias for
///   each map; rectified where the model's map at that place is a rectified one, so the last, which gives the picture,
///   is linear;
/// - for ReLU, LocalResponseNorm and Dropout nothing.
///
/// With tied filters and biases of zero this is the DeConvNet: `deconvnet(model, trace, all_maps(trace, top))` for
/// poolings whose windows do not overlap.
///
/// It holds its own parameters only, and is passed the model that it belongs to; const passes serve many threads.
///
/// Sources: order of the layers, rectification and the linear last layer as in public re-implementations of
/// [zhao2015]. The fully connected top of a model is left out: it pools over positions that no switch brings back.
template <class T>
class MirrorNetwork {
  public:
    /// Throws OptionError for a layer that has no mirror (it is named) or a part without any convolution. Free filters
    /// are drawn from a normal distribution of variance 2 / fan-in [he2015], the last ones of 1 / fan-in, fan-in =
    /// out / groups · kernel.y · kernel.x. As unpooling leaves most of what they sum over at 0, the reconstructions of
    /// a new mirror are faint: learning begins near the error of an empty picture, not far above it. Biases are 0.
    explicit MirrorNetwork(const Sequential<T>& model, const MirrorOptions& options = {})
        : filters_(options.filters), top_(top_of(model, options)) {
        for (std::size_t i = 0; i <= top_; ++i) {
            names_.push_back(model.name(i));
            shapes_.push_back(model.input_shape(i));
        }
        shapes_.push_back(model.output_shape(top_));
        bool rectified = false;  // is the map that comes into layer i a rectified one?
        for (std::size_t i = 0; i <= top_; ++i) {
            const AnyLayer<T>& layer = model.layer(i);
            if (const auto* convolution = layer.template get_if<Conv2D<T>>()) {
                steps_.push_back({i, names_[i], false, rectified, {}, Tensor<T>({convolution->options().in})});
                rectified = false;
            } else if (layer.template get_if<MaxPool2D<T>>()) {
                steps_.push_back({i, names_[i], true, false, {}, {}});
            } else if (layer.template get_if<ReLU<T>>()) {
                rectified = true;
            } else if (!layer.template get_if<LocalResponseNorm<T>>() && !layer.template get_if<Dropout<T>>()) {
                detail::raise<OptionError>("mirror: layer '", names_[i], "' (layer ", i, ") has the kind ",
                                           layer.kind(),
                                           ", which has no mirror; expected Conv2D, ReLU, MaxPool2D, "
                                           "LocalResponseNorm or Dropout (see MirrorOptions::last)");
            }
        }
        std::reverse(steps_.begin(), steps_.end());
        if (std::none_of(steps_.begin(), steps_.end(), [](const MirrorStep<T>& step) { return !step.unpools; }))
            detail::raise<OptionError>("mirror: expected at least one convolution up to layer '", names_[top_],
                                       "' (layer ", top_, "), there is none");
        if (filters_ == MirrorFilters::free) draw_filters(model, options.seed);
    }

    MirrorFilters filters() const { return filters_; }
    /// The top layer that is mirrored: its activation is the "what".
    std::size_t top() const { return top_; }
    /// From the top down.
    const std::vector<MirrorStep<T>>& steps() const { return steps_; }
    std::vector<MirrorStep<T>>& steps() { return steps_; }

    /// The step that mirrors a layer of the model. Throws OptionError where there is none.
    MirrorStep<T>& step(std::string_view layer) {
        for (MirrorStep<T>& step : steps_)
            if (step.name == layer) return step;
        detail::raise<OptionError>("mirror: no step mirrors a layer '", layer, "'");
    }
    const MirrorStep<T>& step(std::string_view layer) const { return const_cast<MirrorNetwork*>(this)->step(layer); }

    /// The mirror's own parameters, from the top down: the bias and free filters of each convolution. `layer` is the
    /// position of the step.
    std::vector<ModelParameter<T>> parameters() {
        std::vector<ModelParameter<T>> all;
        for (std::size_t k = 0; k < steps_.size(); ++k) {
            if (steps_[k].unpools) continue;
            all.push_back({&steps_[k].name, k, 0, {"bias", &steps_[k].bias, false}});
            if (filters_ == MirrorFilters::free)
                all.push_back({&steps_[k].name, k, 1, {"weights", &steps_[k].weights, true}});
        }
        return all;
    }

    /// Goes from the top down, by the activation of `what` at top() and the switches of `where`. Two traces of the same
    /// pictures, usually one and the same; others show what each of the two carries. Throws StateError for a trace of
    /// another model or one that ends below the top, ShapeError for batches of different size.
    /// Cost: that of a forward pass up to the top.
    void trace(const Sequential<T>& model, const Trace<T>& what, const Trace<T>& where, MirrorTrace<T>& seen,
               Unpooling unpooling = Unpooling::switches) const {
        check(model, what);
        if (&where != &what) check(model, where);
        if (where.batch() != what.batch())
            detail::raise<ShapeError>("mirror: expected switches of ", what.batch(), " pictures, got those of ",
                                      where.batch());
        seen.signals.resize(steps_.size());
        const Tensor<T>* above = &what.activation(top_);
        for (std::size_t k = 0; k < steps_.size(); ++k) {
            const MirrorStep<T>& step = steps_[k];
            Tensor<T>& below = seen.signals[k];
            below.resize(shapes_[step.layer].batched(what.batch()));
            if (step.unpools) {
                const auto& pooling = *model.layer(step.layer).template get_if<MaxPool2D<T>>();
                if (unpooling == Unpooling::centre) {
                    pooling.unpool_to_centres(below.shape(), *above, below, Overlap::accumulate);
                } else {
                    pooling.unpool(where.layer(step.layer), *above, below, Overlap::accumulate);
                }
            } else {
                const auto shape = convolution_shape(model, step, below.shape(), above->shape());
                kernels::transposed_convolution(shape, above->data(), weights(model, step).data(), below.data(),
                                                shape.whole_src());
                detail::add_bias(step.bias, step.rectified, below);
            }
            above = &below;
        }
    }

    /// The true gradients of a pass by `seen` (with its own switches). grad_signals[k] is the gradient with respect to
    /// signals[k], empty where that is none but what comes from the steps below. Writes the gradients of the mirror's
    /// parameters, of tied filters, and of the activation at the top.
    void backward(const Sequential<T>& model, const Trace<T>& trace, const MirrorTrace<T>& seen,
                  const std::vector<Tensor<T>>& grad_signals, MirrorGradients<T>& gradients) const {
        check(model, trace);
        if (seen.signals.size() != steps_.size() || grad_signals.size() != steps_.size())
            detail::raise<StateError>("mirror: expected signals and gradients of ", steps_.size(), " steps, got ",
                                      seen.signals.size(), " and ", grad_signals.size());
        prepare(model, gradients);
        Tensor<T>& grad = gradients.above;  // with respect to what the step gives
        for (std::size_t k = steps_.size(); k-- > 0;) {
            const MirrorStep<T>& step = steps_[k];
            const Tensor<T>& below = seen.signals[k];
            const Tensor<T>& above = k == 0 ? trace.activation(top_) : seen.signals[k - 1];
            receive(grad_signals[k], below.shape(), k + 1 == steps_.size(), grad);
            Tensor<T>& grad_above = gradients.what;
            grad_above.resize(above.shape());
            if (step.unpools) {
                const auto& pooling = *model.layer(step.layer).template get_if<MaxPool2D<T>>();
                detail::pool_by_switches(pooling.sliding(), trace.switches(step.layer), grad, grad_above);
            } else {
                if (step.rectified)
                    kernels::relu_reverse(grad.size(), ReluRule::gradient, below.data(), grad.data(), grad.data());
                const auto shape = convolution_shape(model, step, below.shape(), above.shape());
                kernels::channel_sums(shape.batch, shape.src_channels, shape.src_plane(), grad.data(),
                                      gradients.layers[k][0].data());
                Tensor<T>& grad_weights = filters_ == MirrorFilters::free ? gradients.layers[k][1] : gradients.tied[k];
                kernels::convolution_weight_gradient(shape, grad.data(), above.data(), grad_weights.data());
                kernels::convolution(shape, grad.data(), weights(model, step).data(), static_cast<const T*>(nullptr),
                                     grad_above.data(), shape.whole_dst());
            }
            if (k > 0) std::swap(grad, grad_above);
        }
    }

    /// Throws StateError unless the model is the mirror's, by the names and shapes of the mirrored layers.
    void check(const Sequential<T>& model) const {
        bool ours = model.size() > top_ && model.output_shape(top_) == shapes_.back();
        for (std::size_t i = 0; ours && i <= top_; ++i)
            ours = model.name(i) == names_[i] && model.input_shape(i) == shapes_[i];
        if (!ours) detail::raise<StateError>("mirror: the model is not the one that it was made from");
    }

    /// Throws StateError unless the trace, too, is one of this model, and reaches the top.
    void check(const Sequential<T>& model, const Trace<T>& trace) const {
        check(model);
        model.check(trace);
        (void)trace.activation(top_);
    }

  private:
    static std::size_t top_of(const Sequential<T>& model, const MirrorOptions& options) {
        if (options.last) return model.index(*options.last);
        std::size_t count = 0;
        while (count < model.size() && !model.layer(count).template get_if<Flatten<T>>() &&
               !model.layer(count).template get_if<Dense<T>>())
            ++count;
        if (count == 0)
            detail::raise<OptionError>("mirror: expected a model that begins with feature maps, layer '", model.name(0),
                                       "' (layer 0) has the kind ", model.layer(0).kind());
        return count - 1;
    }

    void draw_filters(const Sequential<T>& model, std::uint64_t seed) {
        for (std::size_t k = 0; k < steps_.size(); ++k) {
            MirrorStep<T>& step = steps_[k];
            if (step.unpools) continue;
            const auto& layer = *model.layer(step.layer).template get_if<Conv2D<T>>();
            const Conv2DOptions& options = layer.options();
            const Index fan_in = options.out / options.groups * options.kernel.y * options.kernel.x;
            step.weights = Tensor<T>(layer.weights().shape());
            detail::draw_normal(step.weights, std::sqrt((step.rectified ? 2.0 : 1.0) / static_cast<double>(fan_in)),
                                derived_seed(seed, k));
        }
    }

    const Tensor<T>& weights(const Sequential<T>& model, const MirrorStep<T>& step) const {
        return filters_ == MirrorFilters::free ? step.weights
                                               : model.layer(step.layer).template get_if<Conv2D<T>>()->weights();
    }

    static kernels::ConvolutionShape convolution_shape(const Sequential<T>& model, const MirrorStep<T>& step,
                                                       const Shape& src, const Shape& dst) {
        const auto& layer = *model.layer(step.layer).template get_if<Conv2D<T>>();
        return {.batch = src[0],
                .src_channels = src[1],
                .src_height = src[2],
                .src_width = src[3],
                .dst_channels = dst[1],
                .dst_height = dst[2],
                .dst_width = dst[3],
                .sliding = layer.sliding(),
                .groups = layer.options().groups,
                .method = layer.options().method};
    }

    void prepare(const Sequential<T>& model, MirrorGradients<T>& gradients) const {
        gradients.layers.resize(steps_.size());
        gradients.tied.resize(steps_.size());
        for (std::size_t k = 0; k < steps_.size(); ++k) {
            if (steps_[k].unpools) continue;
            gradients.layers[k].resize(filters_ == MirrorFilters::free ? 2 : 1);
            gradients.layers[k][0].resize(steps_[k].bias.shape());
            Tensor<T>& weights_gradient = filters_ == MirrorFilters::free ? gradients.layers[k][1] : gradients.tied[k];
            weights_gradient.resize(weights(model, steps_[k]).shape());
        }
    }

    /// Adds what arrives at a signal from the loss to what came from below; `first` where nothing did.
    static void receive(const Tensor<T>& arrives, const Shape& shape, bool first, Tensor<T>& grad) {
        if (!arrives.empty() && arrives.shape() != shape)
            detail::raise<ShapeError>("mirror: expected the gradient of a signal ", shape, ", got ", arrives.shape());
        if (first) {
            grad.resize(shape);
            grad.fill(T(0));
        }
        for (Index i = 0; i < arrives.size(); ++i) grad[i] += arrives[i];
    }

    MirrorFilters filters_;
    std::size_t top_;
    std::vector<std::string> names_;  // of the layers 0 … top
    std::vector<Shape> shapes_;       // of a sample: before layer 0, …, behind the top
    std::vector<MirrorStep<T>> steps_;
};

/// The reverse network of a model, with first parameters: see MirrorNetwork.
template <class T>
MirrorNetwork<T> mirror(const Sequential<T>& model, const MirrorOptions& options = {}) {
    return MirrorNetwork<T>(model, options);
}

/// The pictures (N, C, H, W) that a mirror makes of the activation at its top: from the "what" of one trace and the
/// "where" of another, or of the same.
template <class T>
Tensor<T> reconstruct(const Sequential<T>& model, const MirrorNetwork<T>& mirror, const Trace<T>& what,
                      const Trace<T>& where) {
    MirrorTrace<T> seen;
    mirror.trace(model, what, where, seen);
    return std::move(seen.signals.back());
}

template <class T>
Tensor<T> reconstruct(const Sequential<T>& model, const MirrorNetwork<T>& mirror, const Trace<T>& trace,
                      Unpooling unpooling = Unpooling::switches) {
    MirrorTrace<T> seen;
    mirror.trace(model, trace, trace, seen, unpooling);
    return std::move(seen.signals.back());
}

}  // namespace deconvviz
