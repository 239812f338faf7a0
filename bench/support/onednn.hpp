/// @file
/// oneDNN, the yardstick, where it was found at configure time (DECONVVIZ_HAVE_ONEDNN): its primitives in the layouts
/// that it chooses for itself, on as many threads as ours and with no wider instruction set.
#pragma once

#include <string>

#include "deconvviz/kernels/isa.hpp"

#ifdef DECONVVIZ_HAVE_ONEDNN
#include <dlfcn.h>

#include <cstdint>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/random.hpp"
#endif

namespace bench::onednn {

#ifndef DECONVVIZ_HAVE_ONEDNN

inline constexpr bool available = false;

inline std::string prepare(int, deconvviz::Isa) {
    return "none";
}

#else

inline constexpr bool available = true;

/// Holds oneDNN to so many threads and to the instruction set of our kernels; returns its version. Call it before any
/// other use of oneDNN. Throws Error for a oneDNN that it cannot hold.
inline std::string prepare(int threads, deconvviz::Isa isa) {
    const dnnl_version_t& version = *dnnl_version();
    if (version.cpu_runtime == DNNL_RUNTIME_OMP) {
        // Whichever OpenMP it was linked with: that need not be the one of our compiler.
        void* const found = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
        if (found == nullptr) deconvviz::detail::raise<deconvviz::Error>("oneDNN: no omp_set_num_threads was found");
        reinterpret_cast<void (*)(int)>(found)(threads);
    } else if (version.cpu_runtime != DNNL_RUNTIME_SEQ) {
        deconvviz::detail::raise<deconvviz::Error>("oneDNN: expected one with OpenMP or without threads, got runtime ",
                                                   version.cpu_runtime);
    }
    if (isa == deconvviz::Isa::avx2) dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
    if (isa == deconvviz::Isa::portable) dnnl::set_max_cpu_isa(dnnl::cpu_isa::sse41);
    return deconvviz::detail::concat(version.major, '.', version.minor, '.', version.patch);
}

inline const dnnl::engine& engine() {
    static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

inline dnnl::stream& stream() {
    static dnnl::stream ours(engine());
    return ours;
}

/// float32 of these sizes in a layout: by default the one that the primitive likes best.
inline dnnl::memory::desc described(const dnnl::memory::dims& sizes,
                                    dnnl::memory::format_tag layout = dnnl::memory::format_tag::any) {
    return {sizes, dnnl::memory::data_type::f32, layout};
}

/// Memory with random values in [-1, 1), the padding of its layout zero.
inline dnnl::memory random_memory(const dnnl::memory::desc& layout, std::uint64_t seed) {
    const auto plain = layout.dims().size() == 4 ? dnnl::memory::format_tag::nchw : dnnl::memory::format_tag::nc;
    dnnl::memory values(described(layout.dims(), plain), engine());
    auto* const first = static_cast<float*>(values.get_data_handle());
    deconvviz::Random random(seed);
    for (std::size_t i = 0; i < values.get_desc().get_size() / sizeof(float); ++i)
        first[i] = static_cast<float>(random.between(-1, 1));
    dnnl::memory result(layout, engine());
    dnnl::reorder(values, result).execute(stream(), values, result);
    stream().wait();
    return result;
}

inline dnnl::memory empty_memory(const dnnl::memory::desc& layout) {
    return {layout, engine()};
}

/// A primitive with its operands; a call runs it.
struct Work {
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> operands;

    void operator()() {
        primitive.execute(stream(), operands);
        stream().wait();
    }
};

#endif

}  // namespace bench::onednn
