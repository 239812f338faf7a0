/// @file
/// Buffers that a kernel needs while it runs, kept by each thread, so that a steady state allocates nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "deconvviz/core/shape.hpp"

namespace deconvviz::kernels::detail {

/// What a buffer is for: two that are in use at once must have different names.
enum class Scratch { packed_weights, panel, result, staging, rows, sums, taps };

/// Values that fill half of a cache of 1 MB.
template <class T>
inline constexpr Index cached_values = (Index{1} << 19) / Index{sizeof(T)};

/// At least `count` values, and an odd number of cache lines: rows at such a distance do not fall onto each other in a
/// cache, as rows at a power of two would.
template <class T>
constexpr Index odd_lines(Index count) {
    constexpr Index line = 64 / Index{sizeof(T)};
    return ((count + line - 1) / line | 1) * line;
}

/// This thread's buffer of that name, with room for at least `count` values and aligned to a cache line.
/// The content is unspecified; it stays valid until the same thread asks for the same name again.
template <class T, Scratch Name>
T* scratch(Index count) {
    struct Free {
        void operator()(T* memory) const { ::operator delete (memory, std::align_val_t{64}); }
    };
    thread_local std::unique_ptr<T, Free> buffer;
    thread_local Index capacity = 0;
    if (count > capacity) {
        buffer.reset();
        capacity = 0;
        buffer.reset(
            static_cast<T*>(::operator new (static_cast<std::size_t>(count) * sizeof(T), std::align_val_t{64})));
        capacity = count;
    }
    return buffer.get();
}

}  // namespace deconvviz::kernels::detail
