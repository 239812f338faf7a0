// What all fuzz targets share: the input as a file, and what counts as a finding.
#pragma once

#include <sanitizer/allocator_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>

#include "deconvviz/core/error.hpp"

namespace fuzz {

using Bytes = std::span<const unsigned char>;

/// Ends the process; libFuzzer then keeps the input. By name, so that a log tells what it was.
[[noreturn]] inline void finding(const char* what, std::uint64_t got, std::uint64_t most) {
    std::fprintf(stderr, "finding: %s: %llu, expected at most %llu\n", what, static_cast<unsigned long long>(got),
                 static_cast<unsigned long long>(most));
    __sanitizer_print_stack_trace();
    std::abort();
}

/// Counts what is asked for, freed or not: more than what is in use at any time, so a bound on it is the stricter one,
/// and one that work done again and again does not meet either.
class MemoryBound {
  public:
    explicit MemoryBound(std::uint64_t most) {
        static const int installed = __sanitizer_install_malloc_and_free_hooks(count, [](const volatile void*) {});
        if (installed == 0) std::abort();
        asked = 0;
        bound = most;
    }
    ~MemoryBound() { bound = unbounded; }
    MemoryBound(const MemoryBound&) = delete;
    MemoryBound& operator=(const MemoryBound&) = delete;

  private:
    static constexpr std::uint64_t unbounded = static_cast<std::uint64_t>(-1);

    static void count(const volatile void*, std::size_t size) {
        if (bound == unbounded) return;
        if (const std::uint64_t now = asked += size; now > bound) {
            const std::uint64_t most = bound.exchange(unbounded);  // reporting asks for memory, too
            finding("bytes asked for", now, most);
        }
    }

    static inline std::atomic<std::uint64_t> asked = 0, bound = unbounded;
};

/// Reads something with no more than `most` bytes of memory. True where it could be read, false where an Expected was
/// thrown. Every other exception is a finding.
template <class... Expected, class Read>
bool reads(std::uint64_t most, const Read& read) {
    const MemoryBound bound(most);
    try {
        read();
        return true;
    } catch (const deconvviz::Error& error) {
        if ((... || (dynamic_cast<const Expected*>(&error) != nullptr))) return false;
        throw;
    }
}

/// A folder of this process for its inputs, on what $TMPDIR names. Who runs the targets removes that.
inline const std::filesystem::path& folder() {
    static const std::filesystem::path made = [] {
        std::string pattern = (std::filesystem::temp_directory_path() / "deconvviz-fuzz-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        return std::filesystem::path(pattern);
    }();
    return made;
}

inline void write_file(const std::filesystem::path& path, Bytes bytes) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) std::abort();
    std::fclose(file);
}

/// For what does not grow with the input: a message, a path, the buffer of a stream.
inline constexpr std::uint64_t slack = 1 << 16;

}  // namespace fuzz
