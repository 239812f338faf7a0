// Trace: what a pass leaves behind, how it is addressed, used again and told from that of another model; the gradients
// of a whole network; one model in many threads.
#include "deconvviz/model/trace.hpp"

#include <initializer_list>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "tensor_support.hpp"
#include "throw_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Shape;
using dv::Tensor;

namespace {

/// The smallest distance of a ReLU's input from 0 in the whole trace, and of the two largest values of a pool window.
double distance_from_kinks(const dv::Sequential<double>& model, const dv::Trace<double>& trace) {
    double least = 1;
    for (const std::size_t layer : {1U, 5U})
        for (const double x : trace.layer(layer).src) least = std::min(least, std::abs(x));
    const auto& src = trace.layer(model.index("maxpool1")).src;
    for (Index plane = 0; plane < src.shape()[0] * src.shape()[1]; ++plane)
        for (Index i = 0; i < src.shape()[2] * src.shape()[3]; ++i)
            for (Index j = 0; j < i; ++j) {
                const double a = src[plane * src.shape()[2] * src.shape()[3] + i];
                const double b = src[plane * src.shape()[2] * src.shape()[3] + j];
                if (a != 0 || b != 0) least = std::min(least, std::abs(a - b));  // behind a ReLU zeros tie, and stay
            }
    return least;
}

void check_whole_gradient(const dv::TraceOptions& options) {
    auto model = support::all_kinds<double>();
    auto input = support::random_tensor<double>({2, 2, 8, 9}, 12);
    const auto trace = model.trace(input, options);
    constexpr double step = 1e-6;
    REQUIRE(distance_from_kinks(model, trace) > 3 * step);  // else another seed for the input
    const auto grad_output = support::random_tensor<double>(trace.output().shape(), 13);
    const auto loss = [&] { return support::dot(model.trace(input, options).output(), grad_output); };
    dv::Gradients<double> gradients;
    Tensor<double> grad_input;
    model.backward(trace, grad_output, gradients, &grad_input);
    CHECK(support::largest(grad_input) > 1e-3);
    support::check_close_to_largest(grad_input, support::finite_difference(input, loss, step), 1e-6);
    std::size_t within = 0;
    for (const auto& each : model.parameters()) {
        CAPTURE(each.name());
        within = each.parameter.name == "weights" ? 0 : 1;
        support::check_close_to_largest(gradients.layers[each.layer][within],
                                        support::finite_difference(*each.parameter.value, loss, step), 1e-6);
    }
    // Used again, and without a wish for the input's gradient.
    const auto kept = gradients.layers;
    model.backward(trace, grad_output, gradients);
    CHECK(gradients.layers == kept);
}

}  // namespace

TEST_CASE("trace: backward of a whole network equals finite differences") {
    check_whole_gradient({});
}

TEST_CASE("trace: backward of a training pass equals finite differences with its dropout mask held") {
    check_whole_gradient({.training = true, .seed = 3});
}

TEST_CASE("trace: backward refuses a gradient of another shape and another model's trace") {
    auto model = support::all_kinds<double>();
    const auto trace = model.trace(support::random_tensor<double>({3, 2, 8, 9}, 1));
    dv::Gradients<double> gradients;
    support::check_throws<dv::ShapeError>(
        [&] {
            model.backward(trace, Tensor<double>({2, 5}), gradients);
        },
        {"(3,5)", "(2,5)"});
    dv::Sequential<double> other({2, 8, 9}, dv::ReLU<double>());
    support::check_throws<dv::StateError>([&] { other.backward(trace, trace.output(), gradients); }, {"another model"});
}

TEST_CASE("trace: holds the input and every activation, by index and by name") {
    const auto model = support::all_kinds<float>();
    const auto input = support::random_tensor<float>({3, 2, 8, 9}, 1);
    const auto trace = model.trace(input);
    CHECK(trace.batch() == 3);
    CHECK(trace.size() == model.size());
    CHECK(trace.input() == input);
    CHECK(trace.output() == model.forward(input));
    CHECK(&trace.activation("conv2") == &trace.activation(4));
    CHECK(&trace.layer("relu2").src == &trace.activation(4));
    CHECK(&trace.layer("relu2").dst == &trace.activation(5));
    CHECK(&trace.layer(0).src == &trace.input());
    CHECK(trace.name(3) == "maxpool1");
    CHECK(trace.switches("maxpool1").shape() == trace.activation("maxpool1").shape());
    support::check_throws<dv::OptionError>([&] { trace.switches("conv1"); }, {"'conv1'", "no switches"});
    support::check_throws<dv::OptionError>([&] { trace.activation(10); }, {"no layer 10", "10 layers"});
    support::check_throws<dv::OptionError>([&] { trace.activation("pool7"); }, {"'pool7'", "maxpool1"});
}

TEST_CASE("trace: one that ends early holds the layers up to the named one, and projects from them") {
    const auto model = support::all_kinds<float>();
    const auto input = support::random_tensor<float>({3, 2, 8, 9}, 1);
    const auto whole = model.trace(input);
    CHECK_FALSE(whole.ends_early());
    for (std::size_t last = 0; last < model.size(); ++last) {
        const auto trace = model.trace(input, {.last = last});
        CHECK(trace.size() == last + 1);
        CHECK(trace.ends_early() == (last + 1 < model.size()));
        CHECK(trace.batch() == 3);
        CHECK_NOTHROW(model.check(trace));
        for (std::size_t i = 0; i <= last; ++i) {
            CHECK(trace.activation(i) == whole.activation(i));
            const auto seed = dv::strongest(trace, {.layer = i, .map = 1});
            CHECK(dv::deconvnet(model, trace, seed) ==
                  dv::deconvnet(model, whole, dv::strongest(whole, {.layer = i, .map = 1})));
        }
    }
    CHECK(model.trace(input, {.training = true, .seed = 5, .last = "dropout1"}).activation("dropout1") ==
          model.trace(input, {.training = true, .seed = 5}).activation("dropout1"));
}

TEST_CASE("trace: one that ends early says so where more is asked of it") {
    auto model = support::all_kinds<float>();
    const auto trace = model.trace(support::random_tensor<float>({2, 8, 9}, 1), {.last = "maxpool1"});
    CHECK(trace.index("conv2") == 4);
    CHECK(trace.name(4) == "conv2");
    const std::initializer_list<std::string_view> words{"'conv2' (layer 4)", "not computed",
                                                        "ends with layer 'maxpool1' (layer 3)"};
    support::check_throws<dv::StateError>([&] { trace.activation("conv2"); }, words);
    support::check_throws<dv::StateError>([&] { trace.layer(4); }, words);
    support::check_throws<dv::StateError>([&] { trace.switches(4); }, words);
    support::check_throws<dv::StateError>([&] { dv::strongest(trace, {.layer = "conv2"}); }, words);
    support::check_throws<dv::StateError>(
        [&] {
            dv::deconvnet(model, trace, {4, Tensor<float>({1, 4, 3, 3})});
        },
        words);
    const std::initializer_list<std::string_view> of_output{"'softmax1' (layer 9)", "ends with layer 'maxpool1'"};
    support::check_throws<dv::StateError>([&] { trace.output(); }, of_output);
    dv::Gradients<float> gradients;
    support::check_throws<dv::StateError>([&] { model.backward(trace, Tensor<float>({1, 5}), gradients); }, of_output);
    support::check_throws<dv::OptionError>(
        [&] {
            model.trace(Tensor<float>({2, 8, 9}), {.last = "pool7"});
        },
        {"'pool7'", "maxpool1"});
    support::check_throws<dv::OptionError>(
        [&] {
            model.trace(Tensor<float>({2, 8, 9}), {.last = 10});
        },
        {"no layer 10"});
    const dv::Sequential<float> other({2, 8, 9}, dv::ReLU<float>());
    support::check_throws<dv::StateError>([&] { other.check(trace); }, {"another model"});
}

TEST_CASE("trace: one memory serves passes that end early and whole ones in turn") {
    const auto model = support::all_kinds<float>();
    dv::Trace<float> trace;
    for (const std::size_t last : {9U, 2U, 6U, 0U, 9U}) {
        const auto input = support::random_tensor<float>({2, 2, 8, 9}, last);
        model.trace(input, trace, {.last = last});
        CHECK(trace.size() == last + 1);
        CHECK(trace.activation(last) == model.trace(input).activation(last));
    }
}

TEST_CASE("trace: one that is used again equals a new one, whatever batch it held before") {
    const auto model = support::all_kinds<float>();
    dv::Trace<float> trace;
    for (const Index batch : {3, 1, 5, 2}) {
        for (const bool training : {true, false}) {
            const auto input = support::random_tensor<float>({batch, 2, 8, 9}, static_cast<std::uint64_t>(batch));
            const dv::TraceOptions options{.training = training, .seed = 7};
            model.trace(input, trace, options);
            const auto fresh = model.trace(input, options);
            for (std::size_t i = 0; i < model.size(); ++i) CHECK(trace.activation(i) == fresh.activation(i));
            CHECK(trace.switches("maxpool1") == fresh.switches("maxpool1"));
            const auto seed = dv::all_maps(trace, "dense1");
            CHECK(dv::deconvnet(model, trace, seed) == dv::deconvnet(model, fresh, seed));
        }
    }
}

TEST_CASE("trace: a training pass differs by seed, and each layer draws its own") {
    const dv::Sequential<float> model({50}, dv::Dropout<float>(), dv::named("again", dv::Dropout<float>()));
    const Tensor<float> input({50}, 1.0F);
    const auto mask = [&](std::uint64_t seed) { return model.trace(input, {.training = true, .seed = seed}); };
    CHECK(mask(1).output() == mask(1).output());
    CHECK(mask(1).output() != mask(2).output());
    CHECK(mask(1).layer(0).record.saved != mask(1).layer(1).record.saved);
}

TEST_CASE("trace: an empty one, and one of another model, throw StateError") {
    const auto model = support::all_kinds<float>();
    const dv::Trace<float> empty;
    CHECK(empty.empty());
    support::check_throws<dv::StateError>([&] { model.check(empty); }, {"empty"});
    support::check_throws<dv::StateError>([&] { empty.activation(0); }, {"empty"});

    const auto image = support::random_tensor<float>({2, 8, 9}, 1);
    const dv::Sequential<float> shorter({2, 8, 9}, dv::Conv2D<float>({.in = 2, .out = 6, .kernel = 3}));
    const dv::Sequential<float> renamed({2, 8, 9},
                                        dv::named("stem", dv::Conv2D<float>({.in = 2, .out = 6, .kernel = 3})));
    const dv::Sequential<float> wider({2, 8, 9}, dv::Conv2D<float>({.in = 2, .out = 7, .kernel = 3}));
    for (const auto* other : {&shorter, &renamed, &wider}) {
        const auto trace = other->trace(image);
        support::check_throws<dv::StateError>([&] { model.check(trace); }, {"another model"});
        for (const auto* model_of : {&shorter, &renamed, &wider}) {
            if (model_of == other) {
                CHECK_NOTHROW(model_of->check(trace));
            } else {
                support::check_throws<dv::StateError>([&] { model_of->check(trace); }, {"another model"});
            }
        }
        support::check_throws<dv::StateError>([&] { dv::deconvnet(model, trace, dv::all_maps(trace, 0)); },
                                              {"another model"});
    }
}

TEST_CASE("trace: one model serves several threads at once, same bits") {
    const auto model = support::all_kinds<float>();
    constexpr int count = 4;
    const auto input = [](int i) { return support::random_tensor<float>({2, 2, 8, 9}, static_cast<std::uint64_t>(i)); };
    const auto project = [&](const dv::Trace<float>& trace) {
        return dv::deconvnet(model, trace, dv::strongest(trace, {.layer = "relu2"}));
    };
    std::vector<Tensor<float>> outputs(count);
    std::vector<Tensor<float>> pictures(count);
    const int before = dv::threads();
    for (const int workers : {1, 3}) {
        dv::set_threads(workers);
        std::vector<std::thread> threads;
        for (int i = 0; i < count; ++i)
            threads.emplace_back([&, i] {
                for (int round = 0; round < 20; ++round) {
                    const auto trace = model.trace(input(i));
                    outputs[static_cast<std::size_t>(i)] = trace.output();
                    pictures[static_cast<std::size_t>(i)] = project(trace);
                }
            });
        for (std::thread& thread : threads) thread.join();
        for (int i = 0; i < count; ++i) {
            CHECK(outputs[static_cast<std::size_t>(i)] == model.forward(input(i)));
            CHECK(pictures[static_cast<std::size_t>(i)] == project(model.trace(input(i))));
        }
    }
    dv::set_threads(before);
}
