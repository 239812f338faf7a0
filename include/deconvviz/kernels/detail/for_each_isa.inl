// Includes the file that DECONVVIZ_ISA_FILE names once per instruction set, each time inside a namespace of its own
// (kernels::portable, kernels::avx2, kernels::avx512), with
//   DECONVVIZ_TARGET        the attribute of every function that works with vectors,
//   DECONVVIZ_VECTOR_BYTES  the width of a vector register,
//   DECONVVIZ_REGISTERS     how many of them there are.
// Rules for such a file: no includes, no lambdas in functions with the attribute (they do not inherit it; those
// without, which only divide the work, may have them), no vectors passed by value.

#define DECONVVIZ_TARGET
#define DECONVVIZ_VECTOR_BYTES 16
#define DECONVVIZ_REGISTERS 16
namespace deconvviz::kernels::portable {
#include DECONVVIZ_ISA_FILE
}
#undef DECONVVIZ_TARGET
#undef DECONVVIZ_VECTOR_BYTES
#undef DECONVVIZ_REGISTERS

#if defined(__x86_64__)

#define DECONVVIZ_TARGET __attribute__((target("avx2,fma")))
#define DECONVVIZ_VECTOR_BYTES 32
#define DECONVVIZ_REGISTERS 16
namespace deconvviz::kernels::avx2 {
#include DECONVVIZ_ISA_FILE
}
#undef DECONVVIZ_TARGET
#undef DECONVVIZ_VECTOR_BYTES
#undef DECONVVIZ_REGISTERS

#define DECONVVIZ_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define DECONVVIZ_VECTOR_BYTES 64
#define DECONVVIZ_REGISTERS 32
namespace deconvviz::kernels::avx512 {
#include DECONVVIZ_ISA_FILE
}
#undef DECONVVIZ_TARGET
#undef DECONVVIZ_VECTOR_BYTES
#undef DECONVVIZ_REGISTERS

#endif
#undef DECONVVIZ_ISA_FILE
