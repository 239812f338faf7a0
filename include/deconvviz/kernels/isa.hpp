/// @file
/// Instruction sets: which ones this machine has, which one the kernels use, and how a test forces another.
///
/// A kernel's fast version is compiled once per instruction set, with function-level target attributes
/// (detail/for_each_isa.inl), and chosen at run time, once a call. So plain `-O2` code runs at full speed, one binary
/// runs everywhere, and files built with different flags may be linked together.
#pragma once

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"

namespace deconvviz {

/// portable: the compiler's vectors of 16 bytes (SSE2 on x86-64, NEON on AArch64). avx2: AVX2 with FMA, 32 bytes.
/// avx512: AVX-512 F, BW, DQ and VL, 64 bytes.
enum class Isa { portable, avx2, avx512 };

inline constexpr std::string_view name(Isa isa) {
    switch (isa) {
        case Isa::avx512:
            return "avx512";
        case Isa::avx2:
            return "avx2";
        case Isa::portable:
            break;
    }
    return "portable";
}

/// Can this machine run it?
inline bool supported(Isa isa) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    switch (isa) {
        case Isa::portable:
            return true;
        case Isa::avx2:
            return avx2;
        case Isa::avx512:
            return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    }
#endif
    return isa == Isa::portable;
}

/// The instruction sets of this machine, from the narrowest to the widest.
inline std::vector<Isa> supported_isas() {
    std::vector<Isa> all;
    for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512})
        if (supported(isa)) all.push_back(isa);
    return all;
}

namespace detail {

/// The widest supported one, or what the environment variable DECONVVIZ_ISA names.
inline Isa initial_isa() {
    if (const char* wanted = std::getenv("DECONVVIZ_ISA"); wanted != nullptr && *wanted != '\0') {
        for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
            if (wanted != name(isa)) continue;
            if (!supported(isa))
                detail::raise<OptionError>("DECONVVIZ_ISA=", wanted, ": this machine does not have it");
            return isa;
        }
        detail::raise<OptionError>("DECONVVIZ_ISA=", wanted, ": expected portable, avx2 or avx512");
    }
    return supported_isas().back();
}

inline std::atomic<Isa>& isa_setting() {
    static std::atomic<Isa> setting{initial_isa()};
    return setting;
}

}  // namespace detail

/// The instruction set that the kernels use now. At the start it is the widest that the machine has, or the one that
/// the environment variable DECONVVIZ_ISA names (portable, avx2, avx512; OptionError for another or a missing one).
inline Isa active_isa() {
    return detail::isa_setting().load(std::memory_order_relaxed);
}

/// Makes the whole process use another. Throws OptionError where the machine does not have it.
inline void set_isa(Isa isa) {
    if (!supported(isa)) detail::raise<OptionError>("set_isa: this machine does not have ", name(isa));
    detail::isa_setting().store(isa, std::memory_order_relaxed);
}

/// Forces an instruction set until the end of the scope; for tests and benchmarks.
class ScopedIsa {
  public:
    explicit ScopedIsa(Isa isa) : before_(active_isa()) { set_isa(isa); }
    ~ScopedIsa() { detail::isa_setting().store(before_, std::memory_order_relaxed); }
    ScopedIsa(const ScopedIsa&) = delete;
    ScopedIsa& operator=(const ScopedIsa&) = delete;

  private:
    Isa before_;
};

}  // namespace deconvviz

/// What a kernel's dispatch is made of: `isa::avx2::f(...)` or its siblings, by the active instruction set.
#if defined(__x86_64__)
#define DECONVVIZ_DISPATCH(call)                       \
    switch (::deconvviz::active_isa()) {               \
        case ::deconvviz::Isa::avx512:                 \
            return ::deconvviz::kernels::avx512::call; \
        case ::deconvviz::Isa::avx2:                   \
            return ::deconvviz::kernels::avx2::call;   \
        case ::deconvviz::Isa::portable:               \
            break;                                     \
    }                                                  \
    return ::deconvviz::kernels::portable::call
#else
#define DECONVVIZ_DISPATCH(call) return ::deconvviz::kernels::portable::call
#endif
