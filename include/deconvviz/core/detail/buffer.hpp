/// @file
/// The memory of tensors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace deconvviz::detail {

/// Numbers in a row, aligned to a cache line. As a std::vector of them, but new ones are not cleared, so that memory
/// which is about to be overwritten costs nothing, and copies are plain copies of memory.
template <class T>
class Buffer {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    Buffer() = default;
    explicit Buffer(std::size_t size) { resize(size); }
    Buffer(const Buffer& other) { *this = other; }
    Buffer(Buffer&& other) noexcept { *this = std::move(other); }
    ~Buffer() = default;

    /// Keeps its memory where that is large enough.
    [[gnu::noinline]] Buffer& operator=(const Buffer& other) {
        if (this == &other) return *this;
        resize(other.size_);
        if (size_ > 0) std::memcpy(data(), other.data(), size_ * sizeof(T));
        return *this;
    }
    Buffer& operator=(Buffer&& other) noexcept {
        memory_ = std::move(other.memory_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    T* data() { return memory_.get(); }
    const T* data() const { return memory_.get(); }
    T* begin() { return data(); }
    const T* begin() const { return data(); }
    T* end() { return data() + size_; }
    const T* end() const { return data() + size_; }
    T& operator[](std::size_t i) { return memory_.get()[i]; }
    const T& operator[](std::size_t i) const { return memory_.get()[i]; }

    /// The values are unspecified afterwards. Keeps its memory where that is large enough.
    [[gnu::noinline]] void resize(std::size_t size) {
        if (size > capacity_) {
            memory_.reset();
            size_ = capacity_ = 0;
            if (size > static_cast<std::size_t>(-1) / sizeof(T) / 2) throw std::bad_alloc();
            memory_.reset(static_cast<T*>(::operator new(size * sizeof(T), alignment)));
            capacity_ = size;
        }
        size_ = size;
    }

    /// Takes the memory of another buffer as its own, for reading alone. Before anything else happens to this buffer,
    /// and while the other one is as it is, it must be returned.
    void borrow(const Buffer& other) {
        memory_.reset(const_cast<T*>(other.data()));
        size_ = other.size_;
        capacity_ = 0;
    }
    void return_borrowed() {
        static_cast<void>(memory_.release());
        size_ = 0;
    }

    friend bool operator==(const Buffer& a, const Buffer& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

  private:
    static constexpr std::align_val_t alignment{64};

    struct Free {
        void operator()(T* memory) const { ::operator delete(memory, alignment); }
    };

    std::unique_ptr<T, Free> memory_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace deconvviz::detail
