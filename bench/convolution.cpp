// Convolution, transposed convolution and the weight gradient on shapes of real networks, on one thread. Names are
// kernel/implementation/shape; GFLOP/s count two operations for each multiply-add of the convolution.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/convolution_gradient.hpp"
#include "deconvviz/kernels/transposed_convolution.hpp"

namespace dv = deconvviz;
using dv::Index;

namespace {

/// A convolution with its operands.
struct Problem {
    std::string name;
    dv::kernels::ConvolutionShape shape;
    std::vector<float> src, weights, dst;

    Problem(Index batch, Index in, Index out, Index kernel, Index stride, Index padding, Index size) {
        shape.batch = batch;
        shape.src_channels = in;
        shape.dst_channels = out;
        shape.src_height = shape.src_width = size;
        shape.sliding = {kernel, stride, padding, 1};
        shape.dst_height = shape.dst_width = dv::convolved_size(size, kernel, stride, padding);
        name = dv::detail::concat(in, "x", out, "_k", kernel, "s", stride, "_", size, "_b", batch);
        src.assign(static_cast<std::size_t>(batch * in * shape.src_plane()), 0.5F);
        weights.assign(static_cast<std::size_t>(out * in * shape.taps()), 0.25F);
        dst.assign(static_cast<std::size_t>(batch * out * shape.dst_plane()), 0.5F);
    }

    void report(benchmark::State& state) const {
        const auto operations = static_cast<double>(2 * shape.batch * shape.dst_channels * shape.src_channels *
                                                    shape.taps() * shape.dst_plane());
        state.counters["FLOP/s"] =
            benchmark::Counter(operations * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
        state.SetLabel(std::string(dv::name(dv::active_isa())));
    }
};

void convolution(benchmark::State& state, Problem p) {
    for (auto _ : state) {
        dv::kernels::convolution<float>(p.shape, p.src.data(), p.weights.data(), nullptr, p.dst.data(),
                                        p.shape.whole_dst());
        benchmark::DoNotOptimize(p.dst.data());
    }
    p.report(state);
}

void transposed_convolution(benchmark::State& state, Problem p) {
    for (auto _ : state) {
        dv::kernels::transposed_convolution(p.shape, p.dst.data(), p.weights.data(), p.src.data(), p.shape.whole_src());
        benchmark::DoNotOptimize(p.src.data());
    }
    p.report(state);
}

void weight_gradient(benchmark::State& state, Problem p) {
    for (auto _ : state) {
        dv::kernels::convolution_weight_gradient(p.shape, p.src.data(), p.dst.data(), p.weights.data());
        benchmark::DoNotOptimize(p.weights.data());
    }
    p.report(state);
}

}  // namespace

int main(int argc, char** argv) {
    dv::set_threads(1);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    for (const Problem& p :
         {Problem(1, 64, 64, 3, 1, 1, 224), Problem(1, 512, 512, 3, 1, 1, 14), Problem(1, 3, 96, 7, 2, 1, 224),
          Problem(1, 96, 256, 5, 2, 0, 55), Problem(64, 16, 32, 5, 1, 0, 12)}) {
        benchmark::RegisterBenchmark(("convolution/deconvviz/" + p.name).c_str(), convolution, p)
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(("transposed_convolution/deconvviz/" + p.name).c_str(), transposed_convolution, p)
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(("weight_gradient/deconvviz/" + p.name).c_str(), weight_gradient, p)
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::RunSpecifiedBenchmarks();
}
