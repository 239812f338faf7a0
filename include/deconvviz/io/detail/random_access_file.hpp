/// @file
/// A file of which parts are read where they lie.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "deconvviz/core/error.hpp"

namespace deconvviz::detail {

/// Some bytes of a file.
struct FilePart {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// An open regular file: large parts go from it straight to where they are wanted.
class RandomAccessFile {
  public:
    /// Throws IoError where there is no such file, or it is a folder, a device or unreadable.
    explicit RandomAccessFile(const std::filesystem::path& path) : name_(path.string()) {
        file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would wait for its writer
        if (file_ < 0) fail("cannot be opened for reading", errno);
        struct ::stat status {};
        if (::fstat(file_, &status) != 0) {
            const int error = errno;
            ::close(file_);
            fail("cannot tell the size", error);
        }
        if (!S_ISREG(status.st_mode)) {
            ::close(file_);
            raise<IoError>(name_, ": expected a regular file, got a folder, device or pipe");
        }
        size_ = static_cast<std::uint64_t>(status.st_size);
    }
    RandomAccessFile(RandomAccessFile&& other) noexcept
        : name_(std::move(other.name_)), size_(other.size_), file_(std::exchange(other.file_, -1)) {}
    RandomAccessFile& operator=(RandomAccessFile&&) = delete;
    ~RandomAccessFile() {
        if (file_ >= 0) ::close(file_);
    }

    const std::string& name() const { return name_; }
    std::uint64_t size() const { return size_; }
    int descriptor() const { return file_; }

    bool contains(const FilePart& part) const { return part.offset <= size_ && part.size <= size_ - part.offset; }

    /// Reads bytes offset … offset + size - 1. Throws IoError where they cannot be had.
    void read(std::uint64_t offset, void* to, std::size_t size) const {
        auto* out = static_cast<char*>(to);
        while (size > 0) {
            constexpr std::size_t most = std::size_t{1} << 30;  // one call may read no more than 2 GiB
            const ::ssize_t count = ::pread(file_, out, std::min(size, most), static_cast<::off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) fail("cannot be read", errno);
            if (count == 0) raise<IoError>(name_, ": expected ", size, " more bytes at ", offset, ", the file ends");
            out += count;
            offset += static_cast<std::uint64_t>(count);
            size -= static_cast<std::size_t>(count);
        }
    }

  private:
    [[noreturn]] void fail(const char* what, int error) const {
        raise<IoError>(name_, ": ", what, ": ", std::generic_category().message(error));
    }

    std::string name_;
    std::uint64_t size_ = 0;
    int file_ = -1;
};

}  // namespace deconvviz::detail
