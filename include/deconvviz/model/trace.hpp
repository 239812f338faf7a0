/// @file
/// Trace: what one forward pass left behind.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/layer_id.hpp"

namespace deconvviz {

template <class T>
class Sequential;

/// The activations of all layers, and the switches and masks, of one forward pass over a batch: what the reverse walks
/// need. It belongs to the model that made it, with the parameters that the model had then.
/// Memory: the input and every layer's output for the whole batch, one or two bytes for each pooled value, and as much
/// as its output again for each contrast normalisation (and, in training, dropout).
template <class T>
class Trace {
  public:
    /// Pictures in the batch. This and all that follows throw StateError for an empty trace.
    Index batch() const { return input().shape()[0]; }

    /// Number of layers.
    std::size_t size() const { return records_.size(); }
    bool empty() const { return !names_; }

    /// (N, …): what went into the model.
    const Tensor<T>& input() const {
        expect_filled();
        return activations_.front();
    }

    /// (N, …): what a layer gave out. Throws OptionError for an unknown layer.
    const Tensor<T>& activation(const LayerId& layer) const { return activations_[index(layer) + 1]; }

    /// (N, …): what came out of the last layer.
    const Tensor<T>& output() const {
        expect_filled();
        return activations_.back();
    }

    /// The switches that a pooling layer recorded. Throws OptionError for a layer that records none.
    const Switches& switches(const LayerId& layer) const {
        const Record<T>& record = records_[index(layer)];
        if (record.switches.empty())
            detail::raise<OptionError>("layer '", name(index(layer)), "' has no switches: it is no pooling");
        return record.switches;
    }

    /// A layer's input, output and record.
    LayerTrace<T> layer(const LayerId& layer) const {
        const std::size_t i = index(layer);
        return {activations_[i], activations_[i + 1], records_[i]};
    }

    /// The position of a layer. Throws OptionError for an unknown one.
    std::size_t index(const LayerId& layer) const {
        expect_filled();
        return layer.among(*names_);
    }

    const std::string& name(const LayerId& layer) const { return (*names_)[index(layer)]; }

  private:
    friend class Sequential<T>;

    void expect_filled() const {
        if (empty()) detail::raise<StateError>("the trace is empty: no forward pass has filled it");
    }

    std::vector<Tensor<T>> activations_;
    std::vector<Record<T>> records_;
    std::shared_ptr<const std::vector<std::string>> names_;
};

}  // namespace deconvviz
