/// @file
/// Memory of tensors that serves again.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "deconvviz/core/tensor.hpp"

namespace deconvviz::detail {

/// Tensors whose values nobody needs any more: fresh memory costs the system more than many a small layer computes.
template <class T>
class SpareTensors {
  public:
    /// The smallest one with room for so many values, and for an eighth more at most; an empty tensor where there is
    /// none.
    Tensor<T> take(Index values) {
        auto best = spare_.end();
        for (auto at = spare_.begin(); at != spare_.end(); ++at)
            if (at->capacity() >= values && at->capacity() <= values + values / 8 &&
                (best == spare_.end() || at->capacity() < best->capacity()))
                best = at;
        if (best == spare_.end()) return {};
        Tensor<T> taken = std::move(*best);
        *best = std::move(spare_.back());
        spare_.pop_back();
        return taken;
    }

    void give(Tensor<T>&& tensor) {
        if (tensor.capacity() > 0) spare_.push_back(std::move(tensor));
    }

    /// Lets tensors go, the smallest first, until no more than so many values are held.
    void keep(Index values) {
        const auto larger = [](const Tensor<T>& a, const Tensor<T>& b) { return a.capacity() > b.capacity(); };
        std::sort(spare_.begin(), spare_.end(), larger);
        Index held = 0;
        for (const Tensor<T>& tensor : spare_) held += tensor.capacity();
        while (held > std::max<Index>(values, 0)) {
            held -= spare_.back().capacity();
            spare_.pop_back();
        }
    }

    /// Takes over what this thread has kept, if anything.
    void recall() { give(std::exchange(kept(), {})); }

    /// Leaves the largest one of at most 4 MB of floats to this thread, for whoever comes next.
    void leave() {
        constexpr Index most = Index{1} << 20;
        Tensor<T>* largest = nullptr;
        for (Tensor<T>& tensor : spare_)
            if (tensor.capacity() <= most && (largest == nullptr || tensor.capacity() > largest->capacity()))
                largest = &tensor;
        if (largest == nullptr) return;
        kept() = std::move(*largest);
        *largest = std::move(spare_.back());
        spare_.pop_back();
    }

  private:
    static Tensor<T>& kept() {
        thread_local Tensor<T> tensor;
        return tensor;
    }

    std::vector<Tensor<T>> spare_;
};

}  // namespace deconvviz::detail
