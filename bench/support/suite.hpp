/// @file
/// What every benchmark program is made of: benchmarks named kernel/implementation/shape, their rates, and `main`.
#pragma once

#include <benchmark/benchmark.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/core/random.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/kernels/isa.hpp"
#include "onednn.hpp"

namespace bench {

namespace dv = deconvviz;
using dv::Index;

/// What one run of a benchmark takes, by the problem and not by the implementation. 0 leaves the rate out.
struct Cost {
    double operations = 0;    // a multiply-add counts as two
    double bytes = 0;         // that must be read and written at least
    double questions = 0;     // that one run answers: the table has the time for one
    double counted_gain = 0;  // multiply-adds of the whole way over those of this one
};

inline std::string isa_label() {
    return std::string(dv::name(dv::active_isa()));
}

/// Registers a benchmark. `make` makes its operands when it first runs; they stay for its repetitions. Calling what it
/// returns is what is timed.
template <class Make>
void add(const std::string& name, const Cost& cost, const std::string& label, Make make) {
    using Work = std::invoke_result_t<Make&>;
    auto* const registered = benchmark::RegisterBenchmark(
        name.c_str(), [cost, label, make, kept = std::make_shared<std::optional<Work>>()](benchmark::State& state) {
            if (!*kept) {
                kept->emplace(make());
                (**kept)();  // warms caches and makes what an implementation makes once
            }
            Work& work = **kept;
            for (auto _ : state) {
                work();
                benchmark::ClobberMemory();
            }
            const auto runs = static_cast<double>(state.iterations());
            if (cost.operations > 0)
                state.counters["FLOP/s"] = benchmark::Counter(cost.operations * runs, benchmark::Counter::kIsRate);
            if (cost.bytes > 0)
                state.counters["bytes_per_second"] = benchmark::Counter(cost.bytes * runs, benchmark::Counter::kIsRate);
            if (cost.questions > 0) state.counters["questions"] = cost.questions;
            if (cost.counted_gain > 0) state.counters["counted_gain"] = cost.counted_gain;
            state.SetLabel(label);
        });
    registered->Unit(benchmark::kMillisecond);
    if (dv::threads() > 1) registered->UseRealTime();
}

/// One of ours, labelled with the instruction set.
template <class Make>
void add(const std::string& name, const Cost& cost, Make make) {
    add(name, cost, isa_label(), std::move(make));
}

/// "deconvviz", "deconvviz_double": the implementation in a benchmark's name.
template <class T>
std::string ours() {
    return std::is_same_v<T, double> ? "deconvviz_double" : "deconvviz";
}

/// Values in [-1, 1): constants and zeros would flatter, denormals distort.
template <class T>
dv::Tensor<T> random_tensor(const dv::Shape& shape, std::uint64_t seed) {
    dv::Tensor<T> tensor(shape);
    dv::Random random(seed);
    for (T& value : tensor) value = static_cast<T>(random.between(-1, 1));
    return tensor;
}

/// Something large, made when it is first asked for and shared by several benchmarks.
template <class Make>
class Shared {
  public:
    explicit Shared(Make make) : kept_(std::make_shared<Kept>(std::move(make))) {}

    auto& operator*() const {
        if (!kept_->value) kept_->value.emplace(kept_->make());
        return *kept_->value;
    }

  private:
    struct Kept {
        explicit Kept(Make m) : make(std::move(m)) {}
        Make make;
        std::optional<std::invoke_result_t<Make&>> value;
    };

    std::shared_ptr<Kept> kept_;
};

/// The number of threads: the environment variable DECONVVIZ_BENCH_THREADS, or one. Throws OptionError for no number.
inline int wanted_threads() {
    const char* const wanted = std::getenv("DECONVVIZ_BENCH_THREADS");
    if (wanted == nullptr || *wanted == '\0') return 1;
    const std::string_view text(wanted);
    int threads = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
    if (error != std::errc{} || end != text.data() + text.size() || threads < 1)
        dv::detail::raise<dv::OptionError>("DECONVVIZ_BENCH_THREADS=", text, ": expected a number from 1 on");
    return threads;
}

/// The `main` of every benchmark program: one thread, or as many as DECONVVIZ_BENCH_THREADS says, for oneDNN too.
/// `register_all` calls `add`.
inline int run(int argc, char** argv, void (*register_all)()) {
    try {
        dv::set_threads(wanted_threads());
        benchmark::Initialize(&argc, argv);
        if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
        benchmark::AddCustomContext("isa", isa_label());
        benchmark::AddCustomContext("compiler", DECONVVIZ_BENCH_COMPILER);
        benchmark::AddCustomContext("flags", DECONVVIZ_BENCH_FLAGS);
        benchmark::AddCustomContext("threads", std::to_string(dv::threads()));
        benchmark::AddCustomContext("onednn", onednn::prepare(dv::threads(), dv::active_isa()));
        register_all();
        benchmark::RunSpecifiedBenchmarks();
        benchmark::Shutdown();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << '\n';
        return 1;
    }
}

}  // namespace bench
