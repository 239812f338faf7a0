/// @file
/// The machine's multiply-add peak, by a hand-written loop for every instruction set that it has. x86-64 alone.
#pragma once

#include <string>

#include "deconvviz/kernels/isa.hpp"
#include "suite.hpp"

namespace bench {

#if defined(__x86_64__)

namespace detail {

inline constexpr long peak_rounds = 50000;

// A loop over independent accumulators, more of them than a multiply-add's latency times the number of units. In
// assembly, so that every compiler makes the same of it. The accumulators a start at x and approach y / (1 - x) = 2,
// far from denormals and infinities.
#define DECONVVIZ_BENCH_LOOP(body) "1:\n" body "dec %[rounds]\n jnz 1b\n"
#define DECONVVIZ_BENCH_12(f) f("0") f("1") f("2") f("3") f("4") f("5") f("6") f("7") f("8") f("9") f("10") f("11")
#define DECONVVIZ_BENCH_14(f) DECONVVIZ_BENCH_12(f) f("12") f("13")
#define DECONVVIZ_BENCH_24(f) \
    DECONVVIZ_BENCH_14(f) f("14") f("15") f("16") f("17") f("18") f("19") f("20") f("21") f("22") f("23")
#define DECONVVIZ_BENCH_LOW_REGISTERS                                                                          \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
        "xmm13", "xmm14", "xmm15"
#define DECONVVIZ_BENCH_HIGH_REGISTERS \
    "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25"

// a ← a · x + y: without a fused instruction, in two.
#define DECONVVIZ_BENCH_SSE(a) "mulps %%xmm14, %%xmm" a "\n addps %%xmm15, %%xmm" a "\n"
#define DECONVVIZ_BENCH_SSE_START(a) "movaps %%xmm14, %%xmm" a "\n"
#define DECONVVIZ_BENCH_AVX2(a) "vfmadd213ps %%ymm15, %%ymm14, %%ymm" a "\n"
#define DECONVVIZ_BENCH_AVX2_START(a) "vmovaps %%ymm14, %%ymm" a "\n"
#define DECONVVIZ_BENCH_AVX512(a) "vfmadd213ps %%zmm25, %%zmm24, %%zmm" a "\n"
#define DECONVVIZ_BENCH_AVX512_START(a) "vmovaps %%zmm24, %%zmm" a "\n"

inline void peak_portable(long rounds) {
    const float x = 0.5F;
    const float y = 1;
    asm volatile(
        "movss %[x], %%xmm14\n shufps $0, %%xmm14, %%xmm14\n"
        "movss %[y], %%xmm15\n shufps $0, %%xmm15, %%xmm15\n" DECONVVIZ_BENCH_14(DECONVVIZ_BENCH_SSE_START)
            DECONVVIZ_BENCH_LOOP(DECONVVIZ_BENCH_14(DECONVVIZ_BENCH_SSE))
        : [rounds] "+r"(rounds)
        : [x] "m"(x), [y] "m"(y)
        : "cc", DECONVVIZ_BENCH_LOW_REGISTERS);
}

__attribute__((target("avx2,fma"))) inline void peak_avx2(long rounds) {
    const float x = 0.5F;
    const float y = 1;
    asm volatile(
        "vbroadcastss %[x], %%ymm14\n vbroadcastss %[y], %%ymm15\n" DECONVVIZ_BENCH_12(DECONVVIZ_BENCH_AVX2_START)
            DECONVVIZ_BENCH_LOOP(DECONVVIZ_BENCH_12(DECONVVIZ_BENCH_AVX2)) "vzeroupper\n"
        : [rounds] "+r"(rounds)
        : [x] "m"(x), [y] "m"(y)
        : "cc", DECONVVIZ_BENCH_LOW_REGISTERS);
}

__attribute__((target("avx512f"))) inline void peak_avx512(long rounds) {
    const float x = 0.5F;
    const float y = 1;
    asm volatile(
        "vbroadcastss %[x], %%zmm24\n vbroadcastss %[y], %%zmm25\n" DECONVVIZ_BENCH_24(DECONVVIZ_BENCH_AVX512_START)
            DECONVVIZ_BENCH_LOOP(DECONVVIZ_BENCH_24(DECONVVIZ_BENCH_AVX512)) "vzeroupper\n"
        : [rounds] "+r"(rounds)
        : [x] "m"(x), [y] "m"(y)
        : "cc", DECONVVIZ_BENCH_LOW_REGISTERS, DECONVVIZ_BENCH_HIGH_REGISTERS);
}

inline void add_peak(dv::Isa isa, int lanes, int accumulators, void (*loop)(long)) {
    if (!dv::supported(isa)) return;
    add("peak/fma/" + std::string(dv::name(isa)), {.operations = 2.0 * lanes * accumulators * peak_rounds}, "float",
        [loop] { return [loop] { loop(peak_rounds); }; });
}

}  // namespace detail

#endif

/// peak/fma/portable, peak/fma/avx2, …: what the kernels' FLOP/s are to be compared with, in the same run. One
/// thread's, for float: double has half of it.
inline void add_peaks() {
#if defined(__x86_64__)
    detail::add_peak(dv::Isa::portable, 4, 14, detail::peak_portable);
    detail::add_peak(dv::Isa::avx2, 8, 12, detail::peak_avx2);
    detail::add_peak(dv::Isa::avx512, 16, 24, detail::peak_avx512);
#endif
}

}  // namespace bench
