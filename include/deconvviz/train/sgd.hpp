/// @file
/// Stochastic gradient descent with momentum, weight decay, and the paper's limit on the size of filters.
#pragma once

#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/elementwise.hpp"
#include "deconvviz/model/filter_rms.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {

/// Options of an Sgd.
struct SgdOptions {
    double momentum = 0.9;        // in [0, 1)
    double weight_decay = 0;      // acts on weights, not on biases
    double filter_rms_limit = 0;  // 0 for none; the paper has 0.1 for inputs of about ±128 (see limit_filter_rms)
};

/// v ← momentum · v - rate · (gradient + weight_decay · w); w ← w + v, for every parameter w with a velocity v of its
/// own. Throws OptionError for options that make no sense.
template <class T>
class Sgd {
  public:
    explicit Sgd(const SgdOptions& options = {}) : options_(options) {
        if (!(options.momentum >= 0 && options.momentum < 1) || !(options.weight_decay >= 0) ||
            !(options.filter_rms_limit >= 0))
            detail::raise<OptionError>(
                "Sgd: expected a momentum in [0, 1), and a weight decay and an RMS limit of at "
                "least 0, got ",
                options.momentum, ", ", options.weight_decay, " and ", options.filter_rms_limit);
    }

    /// One step. The velocities belong to the parameters of the model given first: always give the same one.
    void step(Sequential<T>& model, const Gradients<T>& gradients, double learning_rate) {
        step(model.parameters(), gradients.layers, learning_rate);
    }

    /// The same for any parameters; gradients[p.layer][p.index] is that of parameter p. Always give the same ones.
    void step(const std::vector<ModelParameter<T>>& parameters, const std::vector<std::vector<Tensor<T>>>& gradients,
              double learning_rate) {
        velocities_.resize(parameters.size());
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const Parameter<T>& parameter = parameters[i].parameter;
            const Tensor<T>& gradient = gradients[parameters[i].layer][parameters[i].index];
            Tensor<T>& value = *parameter.value;
            if (velocities_[i].shape() != value.shape()) velocities_[i] = Tensor<T>(value.shape());
            const kernels::SgdStep<T> step{static_cast<T>(learning_rate), static_cast<T>(options_.momentum),
                                           static_cast<T>(parameter.decays ? options_.weight_decay : 0)};
            kernels::sgd_step(value.size(), step, gradient.data(), velocities_[i].data(), value.data());
            if (options_.filter_rms_limit > 0 && value.rank() == 4) limit_filter_rms(value, options_.filter_rms_limit);
        }
    }

  private:
    SgdOptions options_;
    std::vector<Tensor<T>> velocities_;
};

}  // namespace deconvviz
