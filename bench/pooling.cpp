// Max pooling with switches, and unpooling, beside a copy of as many bytes, on one thread. Bytes are those that must be
// read and written at least.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "deconvviz/core/parallel.hpp"
#include "deconvviz/kernels/max_pool.hpp"

namespace dv = deconvviz;
using dv::Index;

namespace {

/// A pooling with its operands.
struct Problem {
    std::string name;
    dv::kernels::MaxPoolShape shape;
    std::vector<float> src, dst;
    std::vector<std::uint8_t> switches;

    Problem(Index maps, Index kernel, Index stride, Index size) {
        shape.planes = maps;
        shape.src_height = shape.src_width = size;
        shape.sliding = {kernel, stride, 0, 1};
        shape.dst_height = shape.dst_width = dv::pooled_size(size, kernel, stride, 0, true);
        name = dv::detail::concat(maps, "_k", kernel, "s", stride, "_", size);
        src.resize(static_cast<std::size_t>(maps * shape.src_plane()));
        for (std::size_t i = 0; i < src.size(); ++i) src[i] = static_cast<float>(i * 2654435761U % 1000);
        dst.resize(static_cast<std::size_t>(maps * shape.dst_plane()));
        switches.resize(dst.size());
        dv::kernels::max_pool(shape, src.data(), dst.data(), switches.data(), shape.whole_dst());
    }

    std::size_t bytes() const { return 4 * src.size() + 5 * dst.size(); }

    void report(benchmark::State& state) const {
        state.SetBytesProcessed(static_cast<std::int64_t>(bytes()) * state.iterations());
        state.SetLabel(std::string(dv::name(dv::active_isa())));
    }
};

void max_pool(benchmark::State& state, Problem p) {
    for (auto _ : state) {
        dv::kernels::max_pool(p.shape, p.src.data(), p.dst.data(), p.switches.data(), p.shape.whole_dst());
        benchmark::DoNotOptimize(p.dst.data());
    }
    p.report(state);
}

void unpool(benchmark::State& state, Problem p) {
    for (auto _ : state) {
        dv::kernels::unpool(p.shape, p.dst.data(), p.switches.data(), p.src.data(), dv::Overlap::accumulate,
                            p.shape.whole_src());
        benchmark::DoNotOptimize(p.src.data());
    }
    p.report(state);
}

void copy(benchmark::State& state, Problem p) {
    std::vector<char> from(p.bytes() / 2), to(from.size());
    for (auto _ : state) {
        std::memcpy(to.data(), from.data(), from.size());
        benchmark::DoNotOptimize(to.data());
        benchmark::ClobberMemory();
    }
    p.report(state);
}

}  // namespace

int main(int argc, char** argv) {
    dv::set_threads(1);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    for (const Problem& p : {Problem(64, 2, 2, 224), Problem(96, 3, 2, 110)}) {
        benchmark::RegisterBenchmark(("max_pool/deconvviz/" + p.name).c_str(), max_pool, p)
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(("unpool/deconvviz/" + p.name).c_str(), unpool, p)->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(("copy/memcpy/" + p.name).c_str(), copy, p)->Unit(benchmark::kMillisecond);
    }
    benchmark::RunSpecifiedBenchmarks();
}
