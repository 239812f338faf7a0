// Workspace: the same bits as a trace, for one model and shape after another; what stays where it is.
#include "deconvviz/model/workspace.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/model/zoo.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;
using Model = dv::Sequential<float>;

namespace {

/// dst = 2 src: a user's layer that does not work in place, and keeps its input.
struct Doubling {
    const char* kind() const { return "Doubling"; }
    Shape output_shape(const Shape& sample) const { return sample; }
    void forward(const Tensor<float>& src, Tensor<float>& dst, dv::Record<float>& record,
                 const dv::PassOptions&) const {
        record.saved = src;
        dst = src;
        for (float& value : dst) value *= 2;
    }
    void backward(const dv::LayerTrace<float>&, const Tensor<float>&, Tensor<float>*, std::span<Tensor<float>>) const {}
    void deconv(const dv::LayerTrace<float>&, const Tensor<float>&, Tensor<float>&, const dv::ReverseRules&) const {}
};

template <class T>
void check_same_bits(const dv::Sequential<T>& model, const Tensor<T>& input, dv::Workspace<T>& workspace) {
    const Tensor<T> before = input;
    const Tensor<T> expected = model.trace(input).output();
    CHECK(model.forward(input, workspace) == expected);
    CHECK(model.forward(input, workspace) == expected);
    CHECK(model.forward(input) == expected);
    CHECK(input == before);
}

}  // namespace

TEST_CASE("workspace: serves models, shapes and batches one after the other, with the bits of a trace") {
    const auto all_kinds = support::all_kinds<float>();
    const auto lenet = dv::zoo::lenet5<float>();
    const Model small({3}, dv::Dense<float>({.in = 3, .out = 2}));
    dv::Workspace<float> workspace;
    for (const Index batch : {2, 5, 1}) {
        check_same_bits(all_kinds, support::random_tensor<float>({batch, 2, 8, 9}, 1), workspace);
        check_same_bits(lenet, support::random_tensor<float>({batch, 1, 28, 28}, 2), workspace);
        check_same_bits(small, support::random_tensor<float>({batch, 3}, 3), workspace);
        check_same_bits(all_kinds, support::random_tensor<float>({2, 8, 9}, 4), workspace);
    }
    dv::Workspace<double> in_double;
    check_same_bits(support::all_kinds<double>(), support::random_tensor<double>({3, 2, 8, 9}, 5), in_double);
}

TEST_CASE("workspace: layers that work in place, as the first and only ones too, leave the input alone") {
    dv::Workspace<float> workspace;
    const auto maps = support::random_tensor<float>({2, 3, 4, 5}, 1);
    check_same_bits(Model({3, 4, 5}, dv::ReLU<float>()), maps, workspace);
    check_same_bits(Model({3, 4, 5}, dv::Flatten<float>(), dv::Softmax<float>()), maps, workspace);
    check_same_bits(Model({3, 4, 5}, dv::Dropout<float>(), dv::ReLU<float>(), dv::Flatten<float>()), maps, workspace);
    check_same_bits(Model({60}, dv::Softmax<float>()), maps.reshaped({2, 60}), workspace);
}

TEST_CASE("workspace: a user's layer that knows nothing of it is served all the same") {
    dv::Workspace<float> workspace;
    const Model model({3, 4, 5}, Doubling(), dv::ReLU<float>(), Doubling(), dv::Flatten<float>(), Doubling());
    check_same_bits(model, support::random_tensor<float>({2, 3, 4, 5}, 1), workspace);
    check_same_bits(model, support::random_tensor<float>({3, 4, 5}, 2), workspace);
}

TEST_CASE("workspace: an output may be the next input, with the same workspace") {
    const Model first({2, 8, 9}, dv::Conv2D<float>({.in = 2, .out = 3, .kernel = 3}), dv::ReLU<float>());
    const Model second({3, 6, 7}, dv::MaxPool2D<float>(), dv::Flatten<float>(), dv::Dense<float>({.in = 27, .out = 4}));
    const Model third({4}, dv::ReLU<float>(), dv::Dense<float>({.in = 4, .out = 4}));
    const auto input = support::random_tensor<float>({5, 2, 8, 9}, 1);
    dv::Workspace<float> workspace;
    const Tensor<float>* output = &input;
    for (const auto* model : {&first, &second, &third, &third}) output = &model->forward(*output, workspace);
    CHECK(*output == third.forward(third.forward(second.forward(first.forward(input)))));
}

TEST_CASE("workspace: a pass that throws leaves it usable") {
    const auto model = support::all_kinds<float>();
    dv::Workspace<float> workspace;
    const auto input = support::random_tensor<float>({2, 8, 9}, 1);
    const auto expected = model.forward(input);
    const Tensor<float> wrong({2, 9, 8});
    support::check_throws<dv::ShapeError>([&] { model.forward(wrong, workspace); }, {"(2,8,9)", "(2,9,8)"});
    CHECK(model.forward(input, workspace) == expected);
}

TEST_CASE("workspace: a projection in one has the bits of one without") {
    const auto model = support::all_kinds<float>();
    dv::Workspace<float> workspace;
    for (const Index batch : {3, 1}) {
        const auto trace = model.trace(support::random_tensor<float>({batch, 2, 8, 9}, 1));
        for (std::size_t layer = 0; layer < model.size(); ++layer) {
            CAPTURE(model.name(layer));
            const auto seed = dv::all_maps(trace, layer);
            const auto expected = dv::deconvnet(model, trace, seed);
            CHECK(dv::deconvnet(model, trace, seed, {}, workspace) == expected);
            CHECK(expected.shape() == trace.input().shape());
        }
    }
}
