/// @file
/// Trace: what one forward pass left behind.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/layers/layer.hpp"
#include "deconvviz/model/layer_id.hpp"

namespace deconvviz {

template <class T>
class Sequential;

/// Options of Sequential::trace. `last` is the last layer that is computed, by default that of the model: the
/// projection of a convolution's map needs no classifier above it.
struct TraceOptions {
    bool training = false;   // dropout drops
    std::uint64_t seed = 0;  // of what is random in training
    std::optional<LayerId> last = std::nullopt;
};

/// The activations of all layers, and the switches and masks, of one forward pass over a batch: what the reverse walks
/// need. It belongs to the model that made it, with the parameters that the model had then.
///
/// A trace may end early (TraceOptions::last): then it knows the names of all layers, but asked for what a layer above
/// its last one gave, or for the output, it throws StateError.
/// Memory: the input and every computed layer's output for the whole batch, one or two bytes for each pooled value, and
/// as much as its output again for each contrast normalisation (and, in training, dropout).
template <class T>
class Trace {
  public:
    /// Pictures in the batch. This and all that follows throw StateError for an empty trace.
    Index batch() const { return input().shape()[0]; }

    /// Number of layers that were computed.
    std::size_t size() const { return records_.size(); }
    bool empty() const { return !names_; }
    /// Was the last layer of the model not computed?
    bool ends_early() const {
        expect_filled();
        return size() < names_->size();
    }

    /// (N, …): what went into the model.
    const Tensor<T>& input() const {
        expect_filled();
        return activations_.front();
    }

    /// (N, …): what a layer gave out. Throws OptionError for an unknown layer.
    const Tensor<T>& activation(const LayerId& layer) const { return activations_[computed(layer) + 1]; }

    /// (N, …): what came out of the model's last layer.
    const Tensor<T>& output() const {
        expect_filled();
        return activations_[computed(names_->size() - 1) + 1];
    }

    /// The switches that a pooling layer recorded. Throws OptionError for a layer that records none.
    const Switches& switches(const LayerId& layer) const {
        const Record<T>& record = records_[computed(layer)];
        if (record.switches.empty())
            detail::raise<OptionError>("layer '", name(index(layer)), "' has no switches: it is no pooling");
        return record.switches;
    }

    /// A layer's input, output and record.
    LayerTrace<T> layer(const LayerId& layer) const {
        const std::size_t i = computed(layer);
        return {activations_[i], activations_[i + 1], records_[i]};
    }

    /// The position of a layer, whether it was computed or not. Throws OptionError for an unknown one.
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

    /// The position of a layer that was computed.
    std::size_t computed(const LayerId& layer) const {
        const std::size_t i = index(layer);
        if (i >= size())
            detail::raise<StateError>("layer '", (*names_)[i], "' (layer ", i,
                                      ") was not computed: the trace ends with layer '", (*names_)[size() - 1],
                                      "' (layer ", size() - 1, ")");
        return i;
    }

    std::vector<Tensor<T>> activations_;
    std::vector<Record<T>> records_;
    std::shared_ptr<const std::vector<std::string>> names_;
};

}  // namespace deconvviz
