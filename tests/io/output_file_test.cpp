#include "deconvviz/io/output_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;
using namespace deconvviz;

namespace {

/// A folder of its own, gone at the end.
struct Folder {
    fs::path path;
    explicit Folder(const std::string& name)
        : path(fs::temp_directory_path() / ("deconvviz_output_" + name + std::to_string(::getpid()))) {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
    }
};

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// No file may grow beyond this while it lives: the disk as it were full.
struct SmallDisk {
    ::rlimit old{};
    explicit SmallDisk(::rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &old);
        ::rlimit small = old;
        small.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallDisk() { ::setrlimit(RLIMIT_FSIZE, &old); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
};

/// The message of the IoError, or what happened instead.
std::string error_of(const fs::path& path, std::string_view text) {
    try {
        write_file(path, text);
    } catch (const IoError& error) {
        return error.what();
    }
    return "no error";
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("write_file: writes, replaces, and leaves nothing else behind") {
    const Folder folder("plain");
    const fs::path file = folder.path / "a.txt";
    write_file(file, "first, and longer");
    CHECK(content(file) == "first, and longer");
    write_file(file, "second");
    CHECK(content(file) == "second");
    write_file(file, std::vector<unsigned char>{0, 255, 10});
    CHECK(content(file) == std::string("\0\xFF\n", 3));
    write_file(file, "");
    CHECK(fs::file_size(file) == 0);
    CHECK(folder.entries() == 1);
}

TEST_CASE("write_file: a full disk is an error and the old file stays") {
    const Folder folder("full");
    const fs::path file = folder.path / "a.txt", fresh = folder.path / "fresh.txt";
    write_file(file, "old");
    std::string replaced, created;
    {
        const SmallDisk disk(4096);
        replaced = error_of(file, std::string(10000, 'x'));
        created = error_of(fresh, std::string(10000, 'x'));
    }
    CHECK(has(replaced, "a.txt"));
    CHECK(has(replaced, "cannot be written: File too large"));
    CHECK(has(created, "fresh.txt"));
    CHECK(content(file) == "old");
    CHECK(!fs::exists(fresh));
    CHECK(folder.entries() == 1);
}

TEST_CASE("write_file: targets that are no place for a file") {
    const Folder folder("targets");
    CHECK(has(error_of(folder.path / "missing" / "a.txt", "x"), "there is no folder"));
    CHECK(!fs::exists(folder.path / "missing"));
    CHECK(has(error_of(folder.path, "x"), "it is a folder"));
    CHECK(has(error_of(folder.path / "", "x"), "expected the name of a file"));
    CHECK(has(error_of("", "x"), "expected the name of a file"));
    CHECK(has(error_of("/dev/full", "x"), "got a device"));
    CHECK(fs::is_character_file("/dev/full"));
    write_file(folder.path / "file", "x");
    CHECK(has(error_of(folder.path / "file" / "a.txt", "x"), "there is no folder"));
    CHECK(has(error_of(folder.path / std::string(300, 'n'), "x"), "File name too long"));
    CHECK(folder.entries() == 1);
}

TEST_CASE("write_file: a link stays a link, permissions stay") {
    const Folder folder("links");
    const fs::path file = folder.path / "real.txt", link = folder.path / "link.txt";
    write_file(file, "old");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
    fs::create_symlink("real.txt", link);
    write_file(link, "new");
    CHECK(fs::is_symlink(link));
    CHECK(content(file) == "new");
    CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read));
}

TEST_CASE("write_file: nothing is left of a file whose writer was killed") {
    const Folder folder("killed");
    const int probe = ::open(folder.path.c_str(), O_TMPFILE | O_WRONLY, 0600);
    if (probe < 0) {
        MESSAGE("skipped: this file system has no files without a name");
        return;
    }
    ::close(probe);
    const ::pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        deconvviz::detail::OutputFile file(folder.path / "a.txt");
        const std::string text(100000, 'x');
        file.write(std::span(reinterpret_cast<const unsigned char*>(text.data()), text.size()));
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(folder.entries() == 0);
}

TEST_CASE("write_file: many writers of one file, each whole") {
    const Folder folder("threads");
    const fs::path file = folder.path / "a.txt";
    std::vector<std::thread> writers;
    for (char letter : {'a', 'b', 'c'})
        writers.emplace_back([&file, letter] {
            for (int i = 0; i < 10; ++i) write_file(file, std::string(20000, letter));
        });
    for (std::thread& writer : writers) writer.join();
    const std::string text = content(file);
    CHECK(text == std::string(20000, text.at(0)));
    CHECK(folder.entries() == 1);
}
