/// @file
/// Copies of memory: what operations that are bound by memory are to be compared with, in the same run.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "suite.hpp"

namespace bench {

/// copy/memcpy/SHAPE: a copy that moves so many bytes, read and written ones together.
inline void add_copy(const std::string& shape, double bytes) {
    struct Copy {
        std::vector<char> from, to;

        void operator()() {
            std::memcpy(to.data(), from.data(), from.size());
            benchmark::DoNotOptimize(to.data());
        }
    };
    add("copy/memcpy/" + shape, {.bytes = bytes}, "", [bytes] {
        const auto size = static_cast<std::size_t>(bytes / 2);
        return Copy{std::vector<char>(size, 1), std::vector<char>(size, 2)};
    });
}

/// copy/memcpy/256KB, in the cache of one core, and copy/memcpy/256MB, beyond all caches.
inline void add_copies() {
    add_copy("256KB", 256 << 10);
    add_copy("256MB", 256 << 20);
}

}  // namespace bench
