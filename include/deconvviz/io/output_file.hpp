/// @file
/// Writing files: whole or not at all.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "deconvviz/core/error.hpp"

namespace deconvviz {
namespace detail {

/// A file beside the target, which takes the target's place in `commit` and is gone where that is never reached. Until
/// then it has no name, so that nothing is left of it where the process is killed; on file systems that know no such
/// files it has one of its own.
class OutputFile {
  public:
    explicit OutputFile(const std::filesystem::path& target) : target_(resolve(target)) {
#ifdef O_TMPFILE
        if (::access("/proc/self/fd", X_OK) == 0)  // by which it gets its name
            file_ = ::open(target_.parent_path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
        if (file_ >= 0) return;
#endif
        do {
            temporary_ = next_name();
            file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        } while (file_ < 0 && (errno == EEXIST || errno == EINTR));
        if (file_ < 0) {
            const int error = errno;
            temporary_.clear();  // not ours
            fail("cannot be created", error);
        }
    }

    ~OutputFile() {
        if (file_ >= 0) ::close(file_);
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
    }

    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void write(std::span<const unsigned char> bytes) {
        while (!bytes.empty()) {
            const ::ssize_t count = ::write(file_, bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) fail("cannot be written", count < 0 ? errno : ENOSPC);
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
    }

    /// A full disk or a broken connection may show only here, when the bytes really leave.
    void commit() {
        struct ::stat old {};
        if (::stat(target_.c_str(), &old) == 0 && ::fchmod(file_, old.st_mode & 07777) != 0)
            fail("cannot be given the permissions of the file it replaces", errno);
        if (::fsync(file_) != 0 && errno != EINVAL && errno != ENOTSUP) fail("cannot be written", errno);
        if (temporary_.empty()) give_name();
        const int file = file_;
        file_ = -1;
        if (::close(file) != 0 && errno != EINTR) fail("cannot be closed", errno);
        if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be put in place", errno);
        temporary_.clear();
    }

  private:
    /// A name may be left over from a process that was killed: then the next one.
    std::filesystem::path next_name() const {
        static std::atomic<unsigned> counter{0};
        return target_.parent_path() / concat(".deconvviz-", ::getpid(), '-', counter++, ".tmp");
    }

    /// A rename, which alone can replace a file, needs one.
    void give_name() {
        const std::string nameless = concat("/proc/self/fd/", file_);
        for (;;) {
            temporary_ = next_name();
            if (::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) == 0) return;
            const int error = errno;
            temporary_.clear();
            if (error != EEXIST && error != EINTR) fail("cannot be put in place", error);
        }
    }

    /// The path itself, or where a symbolic link leads: the link stays a link. Throws IoError where no file can be.
    static std::filesystem::path resolve(const std::filesystem::path& path) {
        namespace fs = std::filesystem;
        const auto refuse = [&](const auto&... why) { detail::raise<IoError>("file ", path, ": ", why...); };
        if (!path.has_filename()) refuse("expected the name of a file to write");
        std::error_code error;
        const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
        if (!fs::is_directory(folder, error)) refuse("cannot be written: there is no folder ", folder);
        const fs::file_status status = fs::status(path, error);
        if (fs::is_directory(status)) refuse("cannot be written: it is a folder");
        if (!fs::exists(status)) return folder / path.filename();
        if (!fs::is_regular_file(status)) refuse("expected a regular file or nothing there, got a device or pipe");
        if (::access(path.c_str(), W_OK) != 0) refuse("cannot be written: ", std::generic_category().message(errno));
        const fs::path real = fs::canonical(path, error);
        if (error) refuse("cannot be written: ", error.message());
        return real;
    }

    [[noreturn]] void fail(std::string_view action, int error) const {
        detail::raise<IoError>("file ", target_, ' ', action, ": ", std::generic_category().message(error));
    }

    std::filesystem::path target_;
    std::filesystem::path temporary_;
    int file_ = -1;
};

}  // namespace detail

/// Writes a file, whole or not at all: the bytes go to a temporary file in the same folder, which replaces `path` once
/// they have reached the disk. Whatever was there before stays until then; its permissions are kept, and a symbolic
/// link goes on pointing to the new content. Several threads and processes may write the same path: the last one wins.
/// Throws IoError where the folder is missing, the disk is full or anything else fails; then nothing has changed.
inline void write_file(const std::filesystem::path& path, std::span<const unsigned char> bytes) {
    detail::OutputFile file(path);
    file.write(bytes);
    file.commit();
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
    write_file(path, std::span(reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

}  // namespace deconvviz
