// Counts what the program allocates by replacing the global operator new, in all its forms. To be included in one file
// of an executable.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace support {

/// What has been allocated by `operator new` since the program's start, by all threads.
struct Allocations {
    inline static std::atomic<long> count{0};
    inline static std::atomic<std::ptrdiff_t> bytes{0};  // held now
    inline static std::atomic<std::ptrdiff_t> peak{0};   // the most that was held since the last reset_peak

    static void reset_peak() { peak = bytes.load(); }

    /// Each block begins with its size, in as many bytes as it is aligned to.
    static void* allocate(std::size_t size, std::size_t alignment) {
        alignment = std::max<std::size_t>(alignment, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        const std::size_t whole = (size + 2 * alignment - 1) / alignment * alignment;
        void* const block = std::aligned_alloc(alignment, whole);
        if (block == nullptr) throw std::bad_alloc();
        *static_cast<std::size_t*>(block) = size;
        ++count;
        const std::ptrdiff_t held = bytes += static_cast<std::ptrdiff_t>(size);
        for (std::ptrdiff_t most = peak; most < held && !peak.compare_exchange_weak(most, held);) {
        }
        return static_cast<std::byte*>(block) + alignment;
    }

    static void release(void* memory, std::size_t alignment) noexcept {
        if (memory == nullptr) return;
        alignment = std::max<std::size_t>(alignment, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        std::byte* const block = static_cast<std::byte*>(memory) - alignment;
        bytes -= static_cast<std::ptrdiff_t>(*reinterpret_cast<std::size_t*>(block));
        std::free(block);
    }

    static void* allocate_or_null(std::size_t size, std::size_t alignment) noexcept {
        try {
            return allocate(size, alignment);
        } catch (...) {
            return nullptr;
        }
    }
};

}  // namespace support

void* operator new(std::size_t size) {
    return support::Allocations::allocate(size, 1);
}
void* operator new[](std::size_t size) {
    return support::Allocations::allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return support::Allocations::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return support::Allocations::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return support::Allocations::allocate_or_null(size, 1);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return support::Allocations::allocate_or_null(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return support::Allocations::allocate_or_null(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return support::Allocations::allocate_or_null(size, static_cast<std::size_t>(alignment));
}

void operator delete(void* memory) noexcept {
    support::Allocations::release(memory, 1);
}
void operator delete[](void* memory) noexcept {
    support::Allocations::release(memory, 1);
}
void operator delete(void* memory, std::size_t) noexcept {
    support::Allocations::release(memory, 1);
}
void operator delete[](void* memory, std::size_t) noexcept {
    support::Allocations::release(memory, 1);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    support::Allocations::release(memory, 1);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    support::Allocations::release(memory, 1);
}
void operator delete(void* memory, std::align_val_t alignment) noexcept {
    support::Allocations::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete[](void* memory, std::align_val_t alignment) noexcept {
    support::Allocations::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
    support::Allocations::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete[](void* memory, std::size_t, std::align_val_t alignment) noexcept {
    support::Allocations::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    support::Allocations::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete[](void* memory, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    support::Allocations::release(memory, static_cast<std::size_t>(alignment));
}
