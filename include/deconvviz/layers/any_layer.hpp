/// @file
/// AnyLayer: one layer of any type, held by value.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "deconvviz/layers/layer.hpp"

namespace deconvviz {

/// A layer with a name of the user's choice: `named("conv1", Conv2D<float>({...}))`.
template <class L>
struct Named {
    std::string name;
    L layer;
};

template <class L>
Named<L> named(std::string name, L layer) {
    return {std::move(name), std::move(layer)};
}

/// A layer whose type is known at run time only. Copying copies the layer. It has the members of the Layer concept and
/// fills in those that a layer may leave out: no parameters, windows that cover everything.
template <class T>
class AnyLayer {
  public:
    template <class L>
    requires(!std::same_as<L, AnyLayer> && Layer<L, T>) AnyLayer(L layer)
        : held_(std::make_unique<Held<L>>(std::move(layer))) {}  // NOLINT: any layer is one

    template <class L>
    requires Layer<L, T> AnyLayer(Named<L> named) : AnyLayer(std::move(named.layer)) {  // NOLINT
        name_ = std::move(named.name);
    }

    AnyLayer(const AnyLayer& other) : held_(other.held_->clone()), name_(other.name_) {}
    AnyLayer(AnyLayer&&) noexcept = default;
    AnyLayer& operator=(const AnyLayer& other) { return *this = AnyLayer(other); }
    AnyLayer& operator=(AnyLayer&&) noexcept = default;
    ~AnyLayer() = default;

    /// Empty until given; a model gives a name to each layer that has none.
    const std::string& name() const { return name_; }
    void rename(std::string name) { name_ = std::move(name); }

    /// The layer itself where it is an L, else null.
    template <class L>
    requires Layer<L, T> L* get_if() {
        auto* held = dynamic_cast<Held<L>*>(held_.get());
        return held ? &held->layer : nullptr;
    }
    template <class L>
    requires Layer<L, T>
    const L* get_if() const { return const_cast<AnyLayer*>(this)->template get_if<L>(); }

    std::string kind() const { return held_->kind(); }
    Shape output_shape(const Shape& sample) const { return held_->output_shape(sample); }
    std::vector<Parameter<T>> parameters() { return held_->parameters(); }
    std::vector<Shape> parameter_shapes() const {
        std::vector<Shape> shapes;
        for (const Parameter<T>& parameter : held_->parameters()) shapes.push_back(parameter.value->shape());
        return shapes;
    }
    Window reads(const Window& dst, const Shape& src) const { return held_->reads(dst, src); }
    Window reached_by(const Window& src, const Shape& dst) const { return held_->reached_by(src, dst); }
    bool pointwise() const { return held_->pointwise(); }
    bool deconv_is_blind() const { return held_->deconv_is_blind(); }
    /// What the layer takes to lie around its input; nothing where it has no use for more than the input.
    std::optional<T> padding_value() const { return held_->padding_value(); }
    /// What is read with what lies around the input, for a layer that has a padding_value().
    Window reads_padded(const Window& dst) const { return held_->reads_padded(dst); }
    Size2D window_grain() const { return held_->window_grain(); }

    void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>& record, const PassOptions& options) const {
        held_->forward(src, dst, record, options);
    }
    /// False, and nothing done, for a layer that does not work in place.
    bool forward_in_place(Tensor<T>& values) const { return held_->forward_in_place(values); }
    /// Can it compute a window of its output from a window of its input?
    bool knows_windows() const { return held_->knows_windows(); }
    /// For a layer that knows_windows().
    void forward_window(const ForwardWindows& windows, const Tensor<T>& src, Tensor<T>& dst, Record<T>& room) const {
        held_->forward_window(windows, src, dst, room);
    }
    /// Can it work on pictures side by side, by `forward_side_by_side` or, where it is pointwise, by `forward`?
    bool knows_side_by_side() const { return held_->knows_side_by_side(); }
    /// For a layer that knows_side_by_side() and is not pointwise. False where the result would not be good.
    bool forward_side_by_side(const ForwardWindows& windows, const KnownMaps<T>& known, const Tensor<T>& src,
                              Tensor<T>& dst) const {
        return held_->forward_side_by_side(windows, known, src, dst);
    }
    /// What that costs for each picture; nothing for a layer that has to read all there is around a change.
    std::optional<Index> side_by_side_multiply_adds(const ForwardWindows& windows, const Shape& src,
                                                    const Shape& dst) const {
        return held_->side_by_side_multiply_adds(windows, src, dst);
    }
    void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                  std::span<Tensor<T>> gradients) const {
        held_->backward(seen, grad_dst, grad_src, gradients);
    }
    void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                const ReverseRules& rules) const {
        held_->deconv(seen, recon_dst, recon_src, rules);
    }
    /// Can it carry a window of a signal back?
    bool knows_signal_windows() const { return held_->knows_signal_windows(); }
    /// False, and nothing done, for a layer that cannot.
    bool deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                       Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) const {
        return held_->deconv_window(seen, windows, recon_dst, recon_src, rules, room);
    }

  private:
    struct Interface {
        virtual ~Interface() = default;
        virtual std::unique_ptr<Interface> clone() const = 0;
        virtual std::string kind() const = 0;
        virtual Shape output_shape(const Shape&) const = 0;
        virtual std::vector<Parameter<T>> parameters() = 0;
        virtual Window reads(const Window&, const Shape&) const = 0;
        virtual Window reached_by(const Window&, const Shape&) const = 0;
        virtual bool pointwise() const = 0;
        virtual bool deconv_is_blind() const = 0;
        virtual std::optional<T> padding_value() const = 0;
        virtual Window reads_padded(const Window&) const = 0;
        virtual Size2D window_grain() const = 0;
        virtual void forward(const Tensor<T>&, Tensor<T>&, Record<T>&, const PassOptions&) const = 0;
        virtual bool knows_windows() const = 0;
        virtual void forward_window(const ForwardWindows&, const Tensor<T>&, Tensor<T>&, Record<T>&) const = 0;
        virtual bool knows_side_by_side() const = 0;
        virtual bool forward_side_by_side(const ForwardWindows&, const KnownMaps<T>&, const Tensor<T>&,
                                          Tensor<T>&) const = 0;
        virtual std::optional<Index> side_by_side_multiply_adds(const ForwardWindows&, const Shape&,
                                                                const Shape&) const = 0;
        virtual bool forward_in_place(Tensor<T>&) const = 0;
        virtual void backward(const LayerTrace<T>&, const Tensor<T>&, Tensor<T>*, std::span<Tensor<T>>) const = 0;
        virtual void deconv(const LayerTrace<T>&, const Tensor<T>&, Tensor<T>&, const ReverseRules&) const = 0;
        virtual bool knows_signal_windows() const = 0;
        virtual bool deconv_window(const LayerTrace<T>&, const ReverseWindows&, const Tensor<T>&, Tensor<T>&,
                                   const ReverseRules&, Record<T>&) const = 0;
    };

    template <class L>
    struct Held final : Interface {
        explicit Held(L value) : layer(std::move(value)) {}

        std::unique_ptr<Interface> clone() const override { return std::make_unique<Held>(layer); }
        // A copy: a user's kind() may return a string of its own.
        std::string kind() const override { return std::string(std::string_view(layer.kind())); }
        Shape output_shape(const Shape& sample) const override { return layer.output_shape(sample); }
        std::vector<Parameter<T>> parameters() override {
            if constexpr (requires { layer.parameters(); }) {
                return layer.parameters();
            } else {
                return {};
            }
        }
        Window reads(const Window& dst, const Shape& src) const override {
            if constexpr (requires { layer.reads(dst, src); }) {
                return dst.empty() ? Window{} : layer.reads(dst, src);
            } else {
                return dst.empty() ? Window{} : detail::whole_window(src);
            }
        }
        Window reached_by(const Window& src, const Shape& dst) const override {
            if constexpr (requires { layer.reached_by(src, dst); }) {
                return src.empty() ? Window{} : layer.reached_by(src, dst);
            } else {
                return src.empty() ? Window{} : detail::whole_window(dst);
            }
        }
        bool pointwise() const override {
            if constexpr (requires { L::pointwise; }) {
                return L::pointwise;
            } else {
                return false;
            }
        }
        bool deconv_is_blind() const override {
            if constexpr (requires { L::deconv_is_blind; }) {
                return L::deconv_is_blind;
            } else {
                return false;
            }
        }
        std::optional<T> padding_value() const override {
            if constexpr (requires { layer.padding_value(); }) {
                return layer.padding_value();
            } else {
                return std::nullopt;
            }
        }
        Window reads_padded(const Window& dst) const override {
            if constexpr (requires { layer.reads_padded(dst); }) {
                return layer.reads_padded(dst);
            } else {
                return {};
            }
        }
        Size2D window_grain() const override {
            if constexpr (requires { layer.window_grain(); }) {
                return layer.window_grain();
            } else {
                return 1;
            }
        }
        void forward(const Tensor<T>& src, Tensor<T>& dst, Record<T>& record,
                     const PassOptions& options) const override {
            layer.forward(src, dst, record, options);
        }
        static constexpr bool has_forward_window =
            requires(const L& one, ForwardWindows windows, const Tensor<T>& src, Tensor<T>& dst, Record<T>& room) {
            one.forward_window(windows, src, dst, room);
        };
        bool knows_windows() const override { return has_forward_window || pointwise(); }
        void forward_window(const ForwardWindows& windows, const Tensor<T>& src, Tensor<T>& dst,
                            Record<T>& room) const override {
            if constexpr (has_forward_window) {
                layer.forward_window(windows, src, dst, room);
            } else {
                layer.forward(src, dst, room, {.recorded = false});
            }
        }
        bool knows_side_by_side() const override {
            if constexpr (requires { layer.knows_side_by_side(); }) {
                return layer.knows_side_by_side();
            } else {
                return pointwise();
            }
        }
        bool forward_side_by_side(const ForwardWindows& windows, const KnownMaps<T>& known, const Tensor<T>& src,
                                  Tensor<T>& dst) const override {
            if constexpr (requires { layer.forward_side_by_side(windows, known, src, dst); }) {
                return layer.forward_side_by_side(windows, known, src, dst);
            } else {
                return false;
            }
        }
        std::optional<Index> side_by_side_multiply_adds(const ForwardWindows& windows, const Shape& src,
                                                        const Shape& dst) const override {
            if constexpr (requires { layer.side_by_side_multiply_adds(windows, src, dst); }) {
                return layer.side_by_side_multiply_adds(windows, src, dst);
            } else {
                return std::nullopt;
            }
        }
        bool forward_in_place(Tensor<T>& values) const override {
            constexpr bool can = requires {
                layer.forward_in_place(values);
            };
            if constexpr (can) layer.forward_in_place(values);
            return can;
        }
        void backward(const LayerTrace<T>& seen, const Tensor<T>& grad_dst, Tensor<T>* grad_src,
                      std::span<Tensor<T>> gradients) const override {
            layer.backward(seen, grad_dst, grad_src, gradients);
        }
        void deconv(const LayerTrace<T>& seen, const Tensor<T>& recon_dst, Tensor<T>& recon_src,
                    const ReverseRules& rules) const override {
            layer.deconv(seen, recon_dst, recon_src, rules);
        }
        static constexpr bool has_deconv_window =
            requires(const L& one, const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                     Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) {
            one.deconv_window(seen, windows, recon_dst, recon_src, rules, room);
        };
        bool knows_signal_windows() const override { return has_deconv_window; }
        bool deconv_window(const LayerTrace<T>& seen, const ReverseWindows& windows, const Tensor<T>& recon_dst,
                           Tensor<T>& recon_src, const ReverseRules& rules, Record<T>& room) const override {
            if constexpr (has_deconv_window) layer.deconv_window(seen, windows, recon_dst, recon_src, rules, room);
            return has_deconv_window;
        }

        L layer;
    };

    std::unique_ptr<Interface> held_;
    std::string name_;
};

}  // namespace deconvviz
