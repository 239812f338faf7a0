// One layer at a time: run it, send a signal back, compare its gradients with finite differences, find its windows by
// trying.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/core/window.hpp"
#include "deconvviz/layers/layer.hpp"
#include "tensor_support.hpp"

namespace support {

using deconvviz::LayerTrace;
using deconvviz::Parameter;
using deconvviz::PassOptions;
using deconvviz::Record;
using deconvviz::ReverseRules;
using deconvviz::Window;

/// A forward pass through one layer, with all that it left behind.
template <class T>
struct Pass {
    Tensor<T> src;
    Tensor<T> dst;
    Record<T> record;

    LayerTrace<T> seen() const { return {src, dst, record}; }
};

template <class T, class L>
Pass<T> run(const L& layer, Tensor<T> src, const PassOptions& options = {}) {
    Pass<T> pass{std::move(src), {}, {}};
    layer.forward(pass.src, pass.dst, pass.record, options);
    CHECK(pass.dst.shape() == layer.output_shape(pass.src.shape().sample()).batched(pass.src.shape()[0]));
    return pass;
}

/// Checks that the layer, working in place, leaves what its `forward` gives, same bits, on the memory that it was
/// given.
template <class T, class L>
void check_in_place(const L& layer, const Tensor<T>& src) {
    const Pass<T> pass = run(layer, src);
    Tensor<T> values = src;
    const T* const memory = values.data();
    layer.forward_in_place(values);
    CHECK(values == pass.dst);
    CHECK(values.data() == memory);
}

/// A tensor that was used for something else before: its values must not show in a result.
template <class T>
Tensor<T> used_before(const Shape& shape) {
    return Tensor<T>(shape, std::numeric_limits<T>::quiet_NaN());
}

template <class T, class L>
Tensor<T> deconv(const L& layer, const Pass<T>& pass, const Tensor<T>& recon_dst, const ReverseRules& rules = {}) {
    Tensor<T> recon_src = used_before<T>({7});
    layer.deconv(pass.seen(), recon_dst, recon_src, rules);
    CHECK(recon_src.shape() == pass.src.shape());
    return recon_src;
}

template <class T, class L>
std::vector<Parameter<T>> parameters_of(L& layer) {
    if constexpr (requires { layer.parameters(); }) return layer.parameters();
    return {};
}

template <class T, class L>
Tensor<T> input_gradient(L layer, const Pass<T>& pass, const Tensor<T>& grad_dst) {
    std::vector<Tensor<T>> gradients;
    for (const Parameter<T>& parameter : parameters_of<T>(layer))
        gradients.push_back(used_before<T>(parameter.value->shape()));
    Tensor<T> grad_src = used_before<T>({7});
    layer.backward(pass.seen(), grad_dst, &grad_src, gradients);
    return grad_src;
}

/// Compares the gradients of <g, forward(src)>, for a random g, with respect to the input and every parameter, with
/// central differences. `tolerance` is relative to the largest gradient.
template <class L>
void check_gradients(L layer, Tensor<double> src, const PassOptions& options = {}, double tolerance = 1e-6,
                     double step = 1e-5) {
    const Pass<double> pass = run(layer, src, options);
    const auto grad_dst = random_tensor<double>(pass.dst.shape(), 77);
    const auto loss = [&] {
        Tensor<double> dst;
        Record<double> record;
        layer.forward(src, dst, record, options);
        return dot(dst, grad_dst);
    };

    const std::vector<Parameter<double>> parameters = parameters_of<double>(layer);
    std::vector<Tensor<double>> gradients;
    for (const auto& parameter : parameters) gradients.push_back(used_before<double>(parameter.value->shape()));
    Tensor<double> grad_src = used_before<double>({3, 2});
    layer.backward(pass.seen(), grad_dst, &grad_src, gradients);

    {
        INFO("gradient of the input " << src.shape());
        check_close_to_largest(grad_src, finite_difference(src, loss, step), tolerance);
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        INFO("gradient of " << std::string(parameters[i].name));
        check_close_to_largest(gradients[i], finite_difference(*parameters[i].value, loss, step), tolerance);
    }

    // Without a wish for the input's gradient, the others are the same.
    std::vector<Tensor<double>> again;
    for (const auto& parameter : parameters) again.push_back(used_before<double>(parameter.value->shape()));
    layer.backward(pass.seen(), grad_dst, nullptr, again);
    CHECK(again == gradients);
}

/// For each input position (y, x) the output positions that change when it does, for one map in and one out.
class Influence {
  public:
    /// `changed` is the value that a position takes in turn.
    template <class L>
    Influence(const L& layer, const Tensor<double>& src, double changed)
        : height_(src.shape()[2]), width_(src.shape()[3]) {
        const Pass<double> before = run(layer, src);
        dst_height_ = before.dst.shape()[2];
        dst_width_ = before.dst.shape()[3];
        for (Index i = 0; i < height_ * width_; ++i) {
            Tensor<double> other = src;
            other[i] = changed;
            const Pass<double> after = run(layer, other);
            std::vector<bool>& row = moved_.emplace_back();
            for (Index o = 0; o < after.dst.size(); ++o) row.push_back(after.dst[o] != before.dst[o]);
        }
    }

    Index dst_height() const { return dst_height_; }
    Index dst_width() const { return dst_width_; }

    /// The smallest input window with all that some position of `dst` depends on.
    Window reads(const Window& dst) const {
        Box box;
        for (Index i = 0; i < height_ * width_; ++i)
            for (Index y = dst.y; y < dst.y + dst.height; ++y)
                for (Index x = dst.x; x < dst.x + dst.width; ++x)
                    if (moves(i, y * dst_width_ + x)) box.add(i / width_, i % width_);
        return box.window();
    }

    /// The smallest output window with all that some position of `src` changes.
    Window reached_by(const Window& src) const {
        Box box;
        for (Index y = src.y; y < src.y + src.height; ++y)
            for (Index x = src.x; x < src.x + src.width; ++x)
                for (Index o = 0; o < dst_height_ * dst_width_; ++o)
                    if (moves(y * width_ + x, o)) box.add(o / dst_width_, o % dst_width_);
        return box.window();
    }

  private:
    struct Box {
        Index top = std::numeric_limits<Index>::max();
        Index left = top;
        Index bottom = -1;
        Index right = -1;

        void add(Index y, Index x) {
            top = std::min(top, y);
            left = std::min(left, x);
            bottom = std::max(bottom, y);
            right = std::max(right, x);
        }
        Window window() const { return bottom < 0 ? Window{} : Window{top, left, bottom - top + 1, right - left + 1}; }
    };

    bool moves(Index from, Index to) const {
        return moved_[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
    }

    Index height_;
    Index width_;
    Index dst_height_ = 0;
    Index dst_width_ = 0;
    std::vector<std::vector<bool>> moved_;
};

/// A random window, not empty, inside of height x width.
inline Window random_window(deconvviz::Random& random, Index height, Index width) {
    const Index y = random.below(height);
    const Index x = random.below(width);
    return {y, x, 1 + random.below(height - y), 1 + random.below(width - x)};
}

}  // namespace support
