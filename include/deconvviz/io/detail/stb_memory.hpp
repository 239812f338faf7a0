/// @file
/// What stb_image may ask for: memory that is zero, and no more than what is granted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace deconvviz::detail {

/// How many bytes this thread's calls of stb may still ask for.
inline std::size_t& stb_bytes_left() {
    thread_local std::size_t left = std::numeric_limits<std::size_t>::max();
    return left;
}

/// Grants stb so many bytes in all, freed or not, while it lives.
class StbMemory {
  public:
    explicit StbMemory(std::size_t bytes) : before_(stb_bytes_left()) { stb_bytes_left() = bytes; }
    ~StbMemory() { stb_bytes_left() = before_; }
    StbMemory(const StbMemory&) = delete;
    StbMemory& operator=(const StbMemory&) = delete;

  private:
    std::size_t before_;
};

/// As malloc, but null where no more is granted, and zero: stb reads tables and pixels that a broken file has not set.
inline void* stb_allocate(std::size_t size) {
    if (size > stb_bytes_left()) return nullptr;
    stb_bytes_left() -= size;
    return std::calloc(size, 1);
}

inline void* stb_reallocate(void* old, std::size_t old_size, std::size_t size) {
    void* larger = stb_allocate(size);
    if (larger == nullptr || old == nullptr) return larger;
    std::memcpy(larger, old, std::min(old_size, size));
    std::free(old);
    return larger;
}

}  // namespace deconvviz::detail
