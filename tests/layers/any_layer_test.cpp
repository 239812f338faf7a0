// AnyLayer and the Layer concept: users' own types beside ours, with all members and with the least.
#include "deconvviz/layers/any_layer.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "layer_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::LayerTrace;
using dv::Record;
using dv::Shape;
using dv::Tensor;
using dv::Window;

namespace {

/// dst = 2 src: the least that a layer must have.
struct Doubling {
    const char* kind() const { return "Doubling"; }
    Shape output_shape(const Shape& sample) const { return sample; }
    void forward(const Tensor<double>& src, Tensor<double>& dst, Record<double>&, const dv::PassOptions&) const {
        twice(src, dst);
    }
    void backward(const LayerTrace<double>&, const Tensor<double>& grad_dst, Tensor<double>* grad_src,
                  std::span<Tensor<double>>) const {
        if (grad_src != nullptr) twice(grad_dst, *grad_src);
    }
    void deconv(const LayerTrace<double>&, const Tensor<double>& recon_dst, Tensor<double>& recon_src,
                const dv::ReverseRules&) const {
        twice(recon_dst, recon_src);
    }

  private:
    static void twice(const Tensor<double>& from, Tensor<double>& to) {
        to = from;
        for (double& value : to) value *= 2;
    }
};

/// dst[y, x] = scale · src[y, x + 1], and 0 in the last column: with a parameter and with windows. It keeps its input
/// in the record and looks it up there on the way back.
struct ScaledShift {
    Tensor<double> scale{{1}, 3.0};

    std::string kind() const { return "ScaledShift"; }
    Shape output_shape(const Shape& sample) const { return sample; }
    std::vector<dv::Parameter<double>> parameters() { return {{"scale", &scale, false}}; }
    Window reads(const Window& dst, const Shape& src) const {
        return {dst.y, dst.x + 1, dst.height, std::min(dst.width, src[2] - dst.x - 1)};
    }
    Window reached_by(const Window& src, const Shape&) const {
        return {src.y, std::max<Index>(src.x - 1, 0), src.height, src.x == 0 ? src.width - 1 : src.width};
    }
    void forward(const Tensor<double>& src, Tensor<double>& dst, Record<double>& record, const dv::PassOptions&) const {
        record.saved = src;
        dst.resize(src.shape());
        const Index width = src.shape()[3];
        for (Index i = 0; i < src.size(); ++i) dst[i] = (i + 1) % width == 0 ? 0 : scale[0] * src[i + 1];
    }
    void backward(const LayerTrace<double>& seen, const Tensor<double>& grad_dst, Tensor<double>* grad_src,
                  std::span<Tensor<double>> gradients) const {
        gradients[0][0] = 0;
        const Index width = seen.src.shape()[3];
        for (Index i = 0; i + 1 < grad_dst.size(); ++i)
            if ((i + 1) % width != 0) gradients[0][0] += grad_dst[i] * seen.record.saved[i + 1];
        if (grad_src != nullptr) deconv(seen, grad_dst, *grad_src, {});
    }
    void deconv(const LayerTrace<double>&, const Tensor<double>& recon_dst, Tensor<double>& recon_src,
                const dv::ReverseRules&) const {
        recon_src.resize(recon_dst.shape());
        const Index width = recon_dst.shape()[3];
        for (Index i = 0; i < recon_dst.size(); ++i) recon_src[i] = i % width == 0 ? 0 : scale[0] * recon_dst[i - 1];
    }
};

struct WithoutDeconv {
    const char* kind() const { return "WithoutDeconv"; }
    Shape output_shape(const Shape& sample) const { return sample; }
    void forward(const Tensor<double>&, Tensor<double>&, Record<double>&, const dv::PassOptions&) const {}
    void backward(const LayerTrace<double>&, const Tensor<double>&, Tensor<double>*, std::span<Tensor<double>>) const {}
};

static_assert(dv::Layer<dv::Conv2D<float>, float> && dv::Layer<dv::Conv2D<double>, double>);
static_assert(dv::Layer<dv::MaxPool2D<float>, float> && dv::Layer<dv::ReLU<float>, float>);
static_assert(dv::Layer<dv::Dense<float>, float> && dv::Layer<dv::Flatten<float>, float>);
static_assert(dv::Layer<dv::Dropout<float>, float> && dv::Layer<dv::Softmax<float>, float>);
static_assert(dv::Layer<dv::LocalResponseNorm<float>, float> && dv::Layer<dv::AnyLayer<float>, float>);
static_assert(dv::Layer<Doubling, double> && dv::Layer<ScaledShift, double>);
static_assert(!dv::Layer<Doubling, float>, "a layer of another scalar");
static_assert(!dv::Layer<dv::ReLU<float>, double> && !dv::Layer<WithoutDeconv, double> && !dv::Layer<int, double>);
static_assert(std::constructible_from<dv::AnyLayer<double>, Doubling>);
static_assert(!std::constructible_from<dv::AnyLayer<double>, WithoutDeconv>);

}  // namespace

TEST_CASE("any_layer: a user's layer with the least members gets the others") {
    dv::AnyLayer<double> layer = Doubling();
    CHECK(layer.kind() == "Doubling");
    CHECK(layer.name().empty());
    CHECK(layer.parameters().empty());
    CHECK(layer.reads({1, 1, 2, 2}, {3, 8, 9}) == Window{0, 0, 8, 9});
    CHECK(layer.reached_by({1, 1, 2, 2}, {3, 8, 9}) == Window{0, 0, 8, 9});
    CHECK(layer.reads({0, 0, 1, 1}, {5}) == Window{0, 0, 1, 1});
    CHECK(layer.reads({}, {3, 8, 9}).empty());
    CHECK(layer.reached_by({}, {3, 8, 9}).empty());
    const auto pass = support::run(layer, Tensor<double>({1, 3}, {1, 2, 3}));
    CHECK(pass.dst == Tensor<double>({1, 3}, {2, 4, 6}));
    CHECK(support::deconv(layer, pass, pass.dst) == Tensor<double>({1, 3}, {4, 8, 12}));
    support::check_gradients(layer, pass.src);
}

TEST_CASE("any_layer: a user's layer with all members is asked for them") {
    dv::AnyLayer<double> layer = ScaledShift();
    CHECK(layer.kind() == "ScaledShift");
    REQUIRE(layer.parameters().size() == 1);
    CHECK(layer.parameters()[0].name == "scale");
    CHECK_FALSE(layer.parameters()[0].decays);
    CHECK(layer.reads({1, 1, 2, 2}, {1, 8, 9}) == Window{1, 2, 2, 2});
    CHECK(layer.reached_by({1, 1, 2, 2}, {1, 8, 9}) == Window{1, 0, 2, 2});
    support::check_gradients(layer, support::random_tensor<double>({2, 1, 3, 4}, 1));
}

TEST_CASE("any_layer: says whether a layer works in place") {
    const auto src = support::random_tensor<double>({2, 3, 4, 5}, 1);
    Tensor<double> values = src;
    CHECK_FALSE(dv::AnyLayer<double>(Doubling()).forward_in_place(values));
    CHECK_FALSE(dv::AnyLayer<double>(dv::MaxPool2D<double>()).forward_in_place(values));
    CHECK(values == src);
    CHECK(dv::AnyLayer<double>(dv::Flatten<double>()).forward_in_place(values));
    CHECK(values == src.reshaped({2, 60}));
}

TEST_CASE("any_layer: copies are independent") {
    dv::AnyLayer<double> layer = ScaledShift();
    dv::AnyLayer<double> copy = layer;
    (*copy.parameters()[0].value)[0] = 7;
    CHECK((*layer.parameters()[0].value)[0] == 3);
    layer = copy;
    CHECK((*layer.parameters()[0].value)[0] == 7);
    (*copy.parameters()[0].value)[0] = 8;
    CHECK((*layer.parameters()[0].value)[0] == 7);
    const dv::AnyLayer<double>& itself = layer;
    layer = itself;
    CHECK((*layer.parameters()[0].value)[0] == 7);
    dv::AnyLayer<double> moved = std::move(copy);
    CHECK((*moved.parameters()[0].value)[0] == 8);
}

TEST_CASE("any_layer: holds a copy of what it was given") {
    ScaledShift original;
    dv::AnyLayer<double> layer = original;
    original.scale[0] = 5;
    CHECK((*layer.parameters()[0].value)[0] == 3);
}

TEST_CASE("any_layer: get_if gives the layer as what it is, or null") {
    dv::AnyLayer<float> layer = dv::Conv2D<float>({.out = 2, .kernel = 3});
    REQUIRE(layer.get_if<dv::Conv2D<float>>() != nullptr);
    CHECK(layer.get_if<dv::Conv2D<float>>()->options().out == 2);
    CHECK(layer.get_if<dv::ReLU<float>>() == nullptr);
    CHECK(std::as_const(layer).get_if<dv::Conv2D<float>>() == layer.get_if<dv::Conv2D<float>>());
}

TEST_CASE("any_layer: named gives a name, which a copy keeps") {
    dv::AnyLayer<float> layer = dv::named("stem", dv::Conv2D<float>({.kernel = 3}));
    CHECK(layer.name() == "stem");
    CHECK(layer.kind() == "Conv2D");
    dv::AnyLayer<float> copy = layer;
    copy.rename("other");
    CHECK(layer.name() == "stem");
    CHECK(copy.name() == "other");
}

TEST_CASE("any_layer: our layers do the same inside of it, same bits") {
    const dv::Conv2D<float> conv({.in = 2, .out = 3, .kernel = 3, .padding = 1});
    const dv::AnyLayer<float> any = conv;
    const auto src = support::random_tensor<float>({2, 2, 6, 6}, 1);
    const auto direct = support::run(conv, src);
    const auto held = support::run(any, src);
    CHECK(direct.dst == held.dst);
    CHECK(support::deconv(conv, direct, direct.dst) == support::deconv(any, held, held.dst));
    CHECK(any.reads({1, 1, 1, 1}, {2, 6, 6}) == Window{0, 0, 3, 3});
    CHECK(any.reads({}, {2, 6, 6}).empty());
}
