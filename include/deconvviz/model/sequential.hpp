/// @file
/// Sequential: a chain of layers.
#pragma once

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/any_layer.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/model/workspace.hpp"

namespace deconvviz {

/// The gradients of a model's parameters, and the memory of the walk that computes them, which serves again in the
/// next.
template <class T>
struct Gradients {
    std::vector<std::vector<Tensor<T>>> layers;  // for each layer one tensor a parameter, in the order of parameters()
    Tensor<T> above;
    Tensor<T> below;
};

/// A parameter of a model.
template <class T>
struct ModelParameter {
    const std::string* layer_name = nullptr;
    std::size_t layer = 0;
    std::size_t index = 0;  // among the layer's parameters
    Parameter<T> parameter;

    /// "conv1.weights"
    std::string name() const { return *layer_name + "." + std::string(parameter.name); }
};

/// A chain of layers for inputs of one shape. It holds the layers, and their parameters, by value; whatever a pass
/// leaves behind goes into a Trace, so all passes are const and one model serves many threads.
///
///     Sequential<float> model({1, 28, 28}, Conv2D<float>({.in = 1, .out = 16, .kernel = 5}), ReLU<float>(), …);
///
/// Every shape is checked when the model is built: ShapeError, with the layer's kind and name, says what does not fit.
/// Layers are named by `named("stem", …)`, else by kind and number: conv1, relu1, maxpool1, conv2, …; names are unique.
template <class T>
class Sequential {
  public:
    /// `input` is the shape of one sample, (C, H, W) or (F). Throws ShapeError for layers that do not fit each other,
    /// OptionError for a name given twice or for no layers.
    template <class... Layers>
    requires(sizeof...(Layers) > 0 && (std::constructible_from<AnyLayer<T>, Layers> &&
                                       ...)) explicit Sequential(const Shape& input, Layers... layers)
        : Sequential(input, collect({AnyLayer<T>(std::move(layers))...})) {}

    Sequential(const Shape& input, std::vector<AnyLayer<T>> layers) : layers_(std::move(layers)) {
        if (layers_.empty()) detail::raise<OptionError>("a Sequential needs at least one layer");
        name_layers();
        if (input.elements() == 0) detail::raise<ShapeError>("model: expected an input with values, got ", input);
        shapes_.push_back(input);
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            try {
                shapes_.push_back(layers_[i].output_shape(shapes_.back()));
            } catch (const ShapeError& error) {
                detail::raise<ShapeError>(layers_[i].kind(), " '", layers_[i].name(), "' (layer ", i,
                                          "): ", error.what());
            }
        }
    }

    std::size_t size() const { return layers_.size(); }
    /// The shape of one input sample.
    const Shape& input_shape() const { return shapes_.front(); }
    /// The shape of one sample of the model's output.
    const Shape& output_shape() const { return shapes_.back(); }
    /// The shapes of one sample before and behind a layer.
    const Shape& input_shape(const LayerId& layer) const { return shapes_[index(layer)]; }
    const Shape& output_shape(const LayerId& layer) const { return shapes_[index(layer) + 1]; }

    /// The position of a layer. Throws OptionError for an unknown one.
    std::size_t index(const LayerId& layer) const { return layer.among(*names_); }
    const std::string& name(const LayerId& layer) const { return (*names_)[index(layer)]; }

    const AnyLayer<T>& layer(const LayerId& layer) const { return layers_[index(layer)]; }

    /// A layer as what it is: `model.layer<Conv2D<float>>("conv1").weights()`. Throws OptionError where it is something
    /// else.
    template <class L>
    requires Layer<L, T> L& layer(const LayerId& layer) {
        AnyLayer<T>& any = layers_[index(layer)];
        L* const found = any.template get_if<L>();
        if (!found)
            detail::raise<OptionError>("layer '", any.name(), "' is a ", any.kind(), ", not of the type asked for");
        return *found;
    }
    template <class L>
    requires Layer<L, T>
    const L& layer(const LayerId& layer) const { return const_cast<Sequential*>(this)->template layer<L>(layer); }

    /// All parameters, in the order of the layers.
    std::vector<ModelParameter<T>> parameters() {
        std::vector<ModelParameter<T>> all;
        for (std::size_t i = 0; i < layers_.size(); ++i)
            for (std::size_t index = 0; const Parameter<T>& parameter : layers_[i].parameters())
                all.push_back({&layers_[i].name(), i, index++, parameter});
        return all;
    }

    /// The output for a batch (N, …) or for one sample, which counts as a batch of one. Throws ShapeError for an input
    /// of another shape.
    Tensor<T> forward(const Tensor<T>& input) const {
        Workspace<T> workspace;
        return std::move(run(input, workspace));
    }

    /// The same in the memory of a workspace, where the output stays until the workspace is used again: as an input it
    /// may be, that of this model or of another. Allocates nothing where the workspace has served for such a pass
    /// before.
    const Tensor<T>& forward(const Tensor<T>& input, Workspace<T>& workspace) const { return run(input, workspace); }

    /// A forward pass that keeps everything, up to the last layer or one that is named:
    ///
    ///     model.trace(image, {.last = "relu5"})
    ///
    /// Throws ShapeError for an input of another shape, OptionError for an unknown layer.
    Trace<T> trace(const Tensor<T>& input, const TraceOptions& options = {}) const {
        Trace<T> trace;
        this->trace(input, trace, options);
        return trace;
    }

    /// The same into a trace that was used before, whose memory serves again: for the same model, batch and last layer,
    /// nothing is allocated.
    void trace(const Tensor<T>& input, Trace<T>& trace, const TraceOptions& options = {}) const {
        const Shape shape = batch_shape(input);
        const std::size_t count = options.last ? index(*options.last) + 1 : size();
        trace.names_.reset();  // the trace counts as empty until it is whole
        trace.activations_.resize(count + 1);
        trace.records_.resize(count);
        trace.activations_[0].resize(shape);
        std::copy(input.begin(), input.end(), trace.activations_[0].begin());
        for (std::size_t i = 0; i < count; ++i)
            layers_[i].forward(trace.activations_[i], trace.activations_[i + 1], trace.records_[i],
                               {options.training, derived_seed(options.seed, i)});
        trace.names_ = names_;
    }

    /// Gradients of all parameters, given the gradient of the output; overwrites `gradients`. With `grad_input`, also
    /// the gradient of the input, into it. Throws ShapeError for a gradient of another shape than the output,
    /// StateError for the trace of another model or one that ends early.
    void backward(const Trace<T>& trace, const Tensor<T>& grad_output, Gradients<T>& gradients,
                  Tensor<T>* grad_input = nullptr) const {
        check(trace);
        if (grad_output.shape() != trace.output().shape())
            detail::raise<ShapeError>("backward: expected a gradient of shape ", trace.output().shape(), ", got ",
                                      grad_output.shape());
        prepare(gradients);
        for (std::size_t i = size(); i-- > 0;) {
            const Tensor<T>& above = i + 1 == size() ? grad_output : gradients.above;
            const bool wanted = i > 0 || grad_input != nullptr;
            layers_[i].backward(trace.layer(i), above, wanted ? &gradients.below : nullptr, gradients.layers[i]);
            std::swap(gradients.above, gradients.below);
        }
        if (grad_input != nullptr) *grad_input = gradients.above;
    }

    /// Throws StateError unless the trace is one of this model (as far as its layers and shapes tell). It may end
    /// early.
    void check(const Trace<T>& trace) const {
        if (trace.empty()) detail::raise<StateError>("the trace is empty: no forward pass has filled it");
        bool ours = trace.names_ == names_ || *trace.names_ == *names_;
        for (std::size_t i = 0; ours && i <= trace.size(); ++i)
            ours = trace.activations_[i].shape().sample() == shapes_[i];
        if (!ours)
            detail::raise<StateError>(
                "the trace was made by another model: its layers or shapes are not those of this one");
    }

  private:
    /// A forward pass; the output is one of the workspace's tensors.
    Tensor<T>& run(const Tensor<T>& input, Workspace<T>& workspace) const {
        constexpr PassOptions options{.recorded = false};
        const detail::ReshapedView<T> batch(input, batch_shape(input));
        Tensor<T>* values = &workspace.other_than(input);
        layers_[0].forward(*batch, *values, workspace.record(), options);
        for (std::size_t i = 1; i < size(); ++i) {
            if (layers_[i].forward_in_place(*values)) continue;
            Tensor<T>& dst = workspace.other_than(*values);
            layers_[i].forward(*values, dst, workspace.record(), options);
            values = &dst;
        }
        return *values;
    }

    /// A moved-from list: an initializer_list would copy.
    template <std::size_t Count>
    static std::vector<AnyLayer<T>> collect(AnyLayer<T> (&&layers)[Count]) {
        return {std::make_move_iterator(layers), std::make_move_iterator(layers + Count)};
    }

    /// "Conv2D" becomes conv1, conv2, …
    static std::string stem(std::string_view kind) {
        if (kind.ends_with("2D")) kind.remove_suffix(2);
        std::string lower(kind);
        for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return lower;
    }

    /// In time that grows as the number of layers, which may be that of a file's nodes.
    void name_layers() {
        std::unordered_set<std::string> taken;
        for (const AnyLayer<T>& layer : layers_)
            if (!layer.name().empty() && !taken.insert(layer.name()).second)
                detail::raise<OptionError>("two layers are named '", layer.name(), "'; names must be unique");
        std::unordered_map<std::string, int> last;  // number of each kind
        std::vector<std::string> names;
        for (AnyLayer<T>& layer : layers_) {
            while (layer.name().empty()) {
                const std::string kind = stem(layer.kind());
                std::string name = kind + std::to_string(++last[kind]);
                if (taken.insert(name).second) layer.rename(std::move(name));
            }
            names.push_back(layer.name());
        }
        names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
    }

    /// The shape of an input as a batch.
    Shape batch_shape(const Tensor<T>& input) const {
        const Shape& shape = input.shape();
        if (shape == input_shape()) return shape.batched(1);
        if (shape.rank() == input_shape().rank() + 1 && shape.sample() == input_shape() && shape[0] > 0) return shape;
        detail::raise<ShapeError>("model: expected an input of ", input_shape(), " or a batch of them, got ", shape);
    }

    void prepare(Gradients<T>& gradients) const {
        gradients.layers.resize(size());
        for (std::size_t i = 0; i < size(); ++i) {
            const std::vector<Shape> shapes = layers_[i].parameter_shapes();
            gradients.layers[i].resize(shapes.size());
            for (std::size_t j = 0; j < shapes.size(); ++j) gradients.layers[i][j].resize(shapes[j]);
        }
    }

    std::vector<AnyLayer<T>> layers_;
    std::vector<Shape> shapes_;  // of a sample: before layer 0, behind layer 0, …
    std::shared_ptr<const std::vector<std::string>> names_;
};

}  // namespace deconvviz
