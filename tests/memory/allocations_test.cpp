// What is allocated: nothing by passes that were done before, and no more than two activations by a forward pass.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "all_kinds.hpp"
#include "counting_allocator.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/workspace.hpp"
#include "deconvviz/model/zoo.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/detail/changed_walk.hpp"
#include "deconvviz/visualize/detail/occlusion_walk.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "slow_code.hpp"
#include "tensor_support.hpp"

namespace dv = deconvviz;
using dv::Index;
using dv::Tensor;
using support::Allocations;

namespace {

/// The number of threads, for a while.
class Threads {
  public:
    explicit Threads(int count) : before_(dv::threads()) { dv::set_threads(count); }
    ~Threads() { dv::set_threads(before_); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

  private:
    int before_;
};

/// Runs `pass(thread)` once on each of the pool's threads, so that the buffers that kernels keep for each thread are
/// there, whichever threads get a share of a loop later: each thread waits until all have come.
void warm_all_threads(const std::function<void(std::size_t)>& pass) {
    std::atomic<int> arrived{0};
    dv::parallel_for(dv::threads(), 1, [&](Index begin, Index) {
        for (++arrived; arrived < dv::threads();) std::this_thread::yield();
        pass(static_cast<std::size_t>(begin));
    });
}

/// Allocations of a pass that was done before. `pass(i)` works with memory i of its own.
long allocations_when_repeated(const std::function<void(std::size_t)>& pass) {
    warm_all_threads(pass);
    for (int i = 0; i < 2; ++i) pass(0);
    const long before = Allocations::count;
    for (int i = 0; i < 5; ++i) pass(0);
    return Allocations::count - before;
}

template <class T>
void check_forward(const dv::Sequential<T>& model, const Tensor<T>& input) {
    std::vector<dv::Workspace<T>> workspaces(static_cast<std::size_t>(dv::threads()));
    CHECK(allocations_when_repeated([&](std::size_t i) { model.forward(input, workspaces[i]); }) == 0);
}

template <class T>
void check_trace(const dv::Sequential<T>& model, const Tensor<T>& input, const dv::TraceOptions& options) {
    std::vector<dv::Trace<T>> traces(static_cast<std::size_t>(dv::threads()));
    CHECK(allocations_when_repeated([&](std::size_t i) { model.trace(input, traces[i], options); }) == 0);
}

template <class T>
void check_deconvnet(const dv::Sequential<T>& model, const Tensor<T>& input, const dv::ReverseRules& rules) {
    const auto trace = model.trace(input);
    for (const auto& seed : {dv::all_maps(trace, model.size() - 1), dv::strongest(trace, {.layer = 5, .map = 1}),
                             dv::single_unit(trace, {.layer = 4, .map = 2, .y = 1, .value = dv::SeedValue::one})}) {
        std::vector<dv::Workspace<T>> workspaces(static_cast<std::size_t>(dv::threads()));
        const auto project = [&](std::size_t i) { dv::deconvnet(model, trace, seed, rules, workspaces[i]); };
        CHECK(allocations_when_repeated(project) == 0);
    }
}

template <class T>
std::ptrdiff_t bytes_of_weights(dv::Sequential<T>& model) {
    std::ptrdiff_t bytes = 0;
    for (const auto& parameter : model.parameters())
        bytes += parameter.parameter.value->size() * static_cast<std::ptrdiff_t>(sizeof(T));
    return bytes;
}

/// The largest sum of a layer's input and output, where it does not work in place.
template <class T>
std::ptrdiff_t bytes_of_neighbours(const dv::Sequential<T>& model) {
    Index most = 0;
    for (std::size_t i = 0; i < model.size(); ++i) {
        Tensor<T> values(model.input_shape(i).batched(1));
        if (model.layer(i).forward_in_place(values)) continue;
        most = std::max(most, model.input_shape(i).elements() + model.output_shape(i).elements());
    }
    return most * static_cast<std::ptrdiff_t>(sizeof(T));
}

constexpr std::ptrdiff_t megabyte = 1 << 20;

/// Builds a network and runs it; at most 8 MB may come to the weights and two activations.
template <class Make>
void check_peak(const std::string& name, const Make& make) {
    CAPTURE(name);
    const std::ptrdiff_t before = Allocations::bytes;
    Allocations::reset_peak();
    dv::Sequential<float> model = make();
    const std::ptrdiff_t weights = bytes_of_weights(model);
    const std::ptrdiff_t building = Allocations::peak - before;
    CHECK(building >= weights);
    CHECK(building < weights + megabyte);  // nothing is copied

    const Tensor<float> input(model.input_shape(), 0.5F);
    const std::ptrdiff_t with_model = Allocations::bytes;
    Allocations::reset_peak();
    const Tensor<float> output = model.forward(input);
    const std::ptrdiff_t forward = Allocations::peak - with_model;
    CHECK(forward <= bytes_of_neighbours(model) + 8 * megabyte);
    MESSAGE(name << ": weights " << weights << " bytes, largest two neighbouring activations "
                 << bytes_of_neighbours(model) << ", forward pass " << forward);
}

}  // namespace

TEST_CASE("allocations: the counter sees all forms of new") {
    // Nothing is checked before all is counted: doctest allocates, too.
    const long count = Allocations::count;
    const std::ptrdiff_t bytes = Allocations::bytes;
    long counted = 0;
    std::ptrdiff_t held = 0;
    {
        const Tensor<float> tensor({1000});
        const std::vector<double> numbers(10);
        counted = Allocations::count - count;
        held = Allocations::bytes - bytes;
    }
    const std::ptrdiff_t left = Allocations::bytes - bytes;
    CHECK(counted == 2);
    CHECK(held == 4080);
    CHECK(left == 0);
}

TEST_CASE("allocations: none in a forward pass that was done before, on one thread and on two") {
    for (const int threads : {1, 2}) {
        CAPTURE(threads);
        const Threads during(threads);
        for (const Index batch : {1, 3}) {
            check_forward(support::all_kinds<float>(), support::random_tensor<float>({batch, 2, 8, 9}, 1));
            check_forward(support::all_kinds<double>(), support::random_tensor<double>({batch, 2, 8, 9}, 1));
            check_forward(dv::zoo::lenet5<float>(), support::random_tensor<float>({batch, 1, 28, 28}, 2));
        }
        check_forward(dv::zoo::lenet5<float>(), support::random_tensor<float>({1, 28, 28}, 2));
    }
}

TEST_CASE("allocations: none in a trace that is filled again, on one thread and on two") {
    for (const int threads : {1, 2}) {
        CAPTURE(threads);
        const Threads during(threads);
        for (const bool training : {false, true}) {
            check_trace(support::all_kinds<float>(), support::random_tensor<float>({2, 2, 8, 9}, 1),
                        {.training = training, .seed = 1});
            check_trace(dv::zoo::lenet5<float>(), support::random_tensor<float>({1, 28, 28}, 2),
                        {.training = training, .seed = 1});
        }
    }
}

TEST_CASE("allocations: none in a projection that was done before, on one thread and on two") {
    for (const int threads : {1, 2}) {
        CAPTURE(threads);
        const Threads during(threads);
        for (const dv::ReluRule relu : {dv::ReluRule::deconvnet, dv::ReluRule::gradient}) {
            check_deconvnet(support::all_kinds<float>(), support::random_tensor<float>({2, 2, 8, 9}, 1),
                            {.relu = relu, .overlap = dv::Overlap::overwrite});
            check_deconvnet(dv::zoo::lenet5<float>(), support::random_tensor<float>({1, 28, 28}, 2), {.relu = relu});
            check_deconvnet(dv::zoo::lenet5<float>(), support::random_tensor<float>({1, 28, 28}, 2),
                            {.relu = relu, .unpooling = dv::Unpooling::centre});
        }
    }
}

TEST_CASE("allocations: a workspace keeps to one size for one model") {
    const Threads during(1);
    const auto model = dv::zoo::lenet5<float>();
    const auto input = support::random_tensor<float>({1, 28, 28}, 2);
    dv::Workspace<float> workspace;
    model.forward(input, workspace);
    const std::ptrdiff_t bytes = Allocations::bytes;
    for (int i = 0; i < 10; ++i) model.forward(input, workspace);
    const std::ptrdiff_t grown = Allocations::bytes - bytes;
    workspace = {};
    const std::ptrdiff_t after = Allocations::bytes - bytes;
    CHECK(grown == 0);
    CHECK(after < 0);
}

TEST_CASE("allocations: a forward pass takes two neighbouring activations and what kernels pack") {
    const Threads during(1);
    check_peak("LeNet-5", [] { return dv::zoo::lenet5<float>(); });
    check_peak("ZFNet", [] { return dv::zoo::zfnet<float>(); });
    if (!support::slow_code) check_peak("VGG-16", [] { return dv::zoo::vgg16<float>(); });
}

TEST_CASE("allocations: incremental occlusion keeps to the memory that it may take") {
    const Threads one(1);
    std::vector<dv::AnyLayer<float>> layers;
    for (const std::uint64_t i : {0U, 1U, 2U}) {
        layers.emplace_back(dv::Conv2D<float>({.in = i == 0 ? 3 : 32, .out = 32, .kernel = 3, .padding = 1}));
        layers.emplace_back(dv::ReLU<float>());
    }
    layers.emplace_back(dv::MaxPool2D<float>({.kernel = 4}));
    layers.emplace_back(dv::Flatten<float>());
    layers.emplace_back(dv::Dense<float>({.in = 32 * 16 * 16, .out = 10}));
    const dv::Sequential<float> model({3, 64, 64}, std::move(layers));
    const auto trace = model.trace(support::random_tensor<float>({1, 3, 64, 64}, 1));
    const auto peak = [&](std::size_t memory) {
        const dv::OnProgress no_progress;
        const dv::detail::ChangedWalk walk{.memory = memory, .progress = no_progress};
        const auto changes = dv::detail::hidden_patches({8, 4, 64, 64}, 1);
        const auto run = [&] {
            dv::detail::walk_hidden<float>(model, trace, walk, changes, 0.5F,
                                           [](const dv::detail::ChangedOutputs<float>&) {});
        };
        run();  // what kernels keep for themselves is there
        Allocations::reset_peak();
        const std::ptrdiff_t before = Allocations::bytes;
        run();
        return Allocations::peak - before;
    };
    constexpr std::ptrdiff_t small = 4 << 20, large = 32 << 20, lists = 100 << 10;
    CHECK(peak(small) <= small + lists);
    const std::ptrdiff_t taken = peak(large);
    CHECK(taken <= large + lists);
    CHECK(taken > 2 * small);
}
