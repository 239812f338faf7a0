// CIFAR-10 files: made-up ones, the real set where it is there, and every kind of broken one.
#include "deconvviz/data/cifar.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "test_folder.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;
using doctest::Contains;

namespace {

using Content = std::vector<unsigned char>;
using Folder = support::TestFolder;

Content operator+(Content a, const Content& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Content little_endian(std::uint32_t number, int count) {
    Content bytes;
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<unsigned char>(number >> (8 * i)));
    return bytes;
}

/// The byte of a made-up picture: red, green and blue, rows and columns all differ.
unsigned char shade(int picture, int channel, int y, int x) {
    return static_cast<unsigned char>((picture * 101 + channel * 71 + y * 5 + x * 3) % 256);
}

Content record(int picture, int label) {
    Content bytes{static_cast<unsigned char>(label)};
    for (int c = 0; c < 3; ++c)
        for (int y = 0; y < 32; ++y)
            for (int x = 0; x < 32; ++x) bytes.push_back(shade(picture, c, y, x));
    return bytes;
}

/// Pictures numbered from `first` with these labels.
Content records(int first, const std::vector<int>& labels) {
    Content bytes;
    for (const int label : labels) bytes = bytes + record(first++, label);
    return bytes;
}

/// A gzip file that holds `content` unpacked, in stored blocks.
Content gzip(const Content& content) {
    std::uint32_t crc = 0xFFFFFFFFU;  // bit by bit, as RFC 1952 defines it
    for (const unsigned char byte : content) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? 0xEDB88320U ^ (crc >> 1U) : crc >> 1U;
    }
    Content bytes{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3};
    constexpr std::size_t block = 65535;
    for (std::size_t at = 0; at == 0 || at < content.size(); at += block) {
        const auto begin = content.begin() + static_cast<std::ptrdiff_t>(at);
        const auto size = static_cast<std::uint32_t>(std::min(block, content.size() - at));
        bytes = bytes + Content{at + block >= content.size()} + little_endian(size, 2) + little_endian(~size, 2) +
                Content(begin, begin + size);
    }
    return bytes + little_endian(~crc, 4) + little_endian(static_cast<std::uint32_t>(content.size()), 4);
}

}  // namespace

TEST_CASE("cifar10: a file of records, plain or packed, whatever its name") {
    const Folder folder;
    const std::vector<int> labels{3, 0, 9};
    const auto data = dv::load_cifar10_batch(folder.write("some.gz", records(4, labels)));
    data.check();
    CHECK(data.classes == 10);
    CHECK(data.labels == labels);
    REQUIRE(data.images.shape() == dv::Shape{3, 3, 32, 32});
    int wrong = 0;
    for (int n = 0; n < 3; ++n)
        for (int c = 0; c < 3; ++c)
            for (int y = 0; y < 32; ++y)
                for (int x = 0; x < 32; ++x)
                    wrong += data.images(n, c, y, x) != static_cast<float>(shade(4 + n, c, y, x)) / 255.0F;
    CHECK(wrong == 0);

    const auto packed = dv::load_cifar10_batch(folder.write("packed.bin", gzip(records(4, labels))));
    CHECK(packed.images == data.images);
    CHECK(packed.labels == labels);
    CHECK(dv::load_cifar10_batch<double>(folder.path() / "some.gz").images(0, 1, 2, 3) == shade(4, 1, 2, 3) / 255.0);
    CHECK(dv::load_cifar10_batch(folder.write("many", gzip(records(0, std::vector<int>(50, 1))))).size() == 50);
}

TEST_CASE("cifar10: the classes are named in the order of the labels") {
    CHECK(dv::cifar10_classes() == std::vector<std::string>{"airplane", "automobile", "bird", "cat", "deer", "dog",
                                                            "frog", "horse", "ship", "truck"});
}

TEST_CASE("cifar10: files that are no whole number of records") {
    const Folder folder;
    const Content two = records(0, {1, 2});
    for (const std::size_t size : {std::size_t{1}, std::size_t{3072}, std::size_t{3074}, two.size() - 1}) {
        CAPTURE(size);
        const Content cut(two.begin(), two.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_THROWS_WITH_AS(dv::load_cifar10_batch(folder.write("cut", cut)), Contains("expected whole CIFAR-10"),
                             dv::FormatError);
        CHECK_THROWS_AS(dv::load_cifar10_batch(folder.write("cut.gz", gzip(cut))), dv::FormatError);
    }
    CHECK_THROWS_WITH_AS(dv::load_cifar10_batch(folder.write("long", two + Content{0})),
                         Contains("got 6147 bytes, which is 2 records and 1 bytes more"), dv::FormatError);
    for (const Content& empty : {Content{}, gzip({})})
        CHECK_THROWS_WITH_AS(dv::load_cifar10_batch(folder.write("empty", empty)),
                             Contains("expected CIFAR-10 records of 3073 bytes, got none"), dv::FormatError);
}

TEST_CASE("cifar10: labels above 9 are named with their record") {
    const Folder folder;
    for (const int label : {10, 255})
        CHECK_THROWS_WITH_AS(
            dv::load_cifar10_batch(folder.write("labels", records(0, {9, label, 3}))),
            Contains(("labels: expected labels 0 … 9, record 1 has label " + std::to_string(label)).c_str()),
            dv::FormatError);
}

TEST_CASE("cifar10: damaged gzip data and files that cannot be read") {
    const Folder folder;
    const Content packed = gzip(records(0, {1}));
    for (const std::size_t size : {std::size_t{2}, std::size_t{12}, std::size_t{1000}, packed.size() - 1})
        CHECK_THROWS_AS(dv::load_cifar10_batch(folder.write(
                            "cut", Content(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size)))),
                        dv::FormatError);
    Content changed = packed;
    changed[500] = static_cast<unsigned char>(changed[500] ^ 1U);
    CHECK_THROWS_WITH_AS(dv::load_cifar10_batch(folder.write("changed", changed)), Contains("checksum"),
                         dv::FormatError);
    Content bomb = packed;
    std::fill(bomb.end() - 4, bomb.end(), static_cast<unsigned char>(0xFF));
    CHECK_THROWS_WITH_AS(dv::load_cifar10_batch(folder.write("bomb", bomb)), Contains("cannot hold the 4294967295"),
                         dv::FormatError);
    CHECK_THROWS_WITH_AS(dv::load_cifar10_batch(folder.path() / "none"), Contains("found nothing"), dv::IoError);
    CHECK_THROWS_WITH_AS(dv::load_cifar10_batch(folder.path()), Contains("got a folder"), dv::IoError);
    CHECK_THROWS_AS(dv::load_cifar10_batch("/dev/zero"), dv::IoError);
}

TEST_CASE("load_cifar10: the batches that are there, in order, plain files first") {
    const Folder folder;
    folder.write("data_batch_5.bin.gz", gzip(records(50, {5})));
    folder.write("data_batch_2.bin", records(20, {2, 3}));
    folder.write("data_batch_2.bin.gz", gzip(records(0, {0})));  // the plain one counts
    folder.write("data_batch_6.bin", records(60, {6}));          // there is no sixth
    folder.write("test_batch.bin.gz", gzip(records(90, {9, 8, 7})));
    const auto data = dv::load_cifar10(folder.path());
    data.train.check();
    data.test.check();
    CHECK(data.train.labels == std::vector{2, 3, 5});
    CHECK(data.test.labels == std::vector{9, 8, 7});
    CHECK(data.train.images.entry(1) == dv::load_cifar10_batch(folder.path() / "data_batch_2.bin").image(1));
    CHECK(data.train.images(2, 0, 0, 0) == 50 * 101 % 256 / 255.0F);
    CHECK(dv::load_cifar10<double>(folder.path()).test.labels == std::vector{9, 8, 7});
}

TEST_CASE("load_cifar10: what is missing is named") {
    const Folder folder;
    CHECK_THROWS_WITH_AS(dv::load_cifar10(folder.path() / "none"), Contains("found nothing"), dv::IoError);
    CHECK_THROWS_WITH_AS(dv::load_cifar10(folder.write("file", {})), Contains("found something else"), dv::IoError);
    folder.write("test_batch.bin", records(0, {1}));
    CHECK_THROWS_WITH_AS(dv::load_cifar10(folder.path()), Contains("expected files data_batch_1.bin"), dv::IoError);
    folder.write("data_batch_3.bin", records(0, {1}));
    CHECK(dv::load_cifar10(folder.path()).train.size() == 1);
    fs::remove(folder.path() / "test_batch.bin");
    CHECK_THROWS_WITH_AS(dv::load_cifar10(folder.path()), Contains("expected a file test_batch.bin"), dv::IoError);
    folder.write("test_batch.bin", records(0, {10}));
    CHECK_THROWS_WITH_AS(dv::load_cifar10(folder.path()), Contains("test_batch.bin: expected labels"), dv::FormatError);
    fs::remove(folder.path() / "data_batch_3.bin");
    fs::create_directory(folder.path() / "data_batch_3.bin");
    CHECK_THROWS_WITH_AS(dv::load_cifar10(folder.path()), Contains("got a folder"), dv::IoError);
}

TEST_CASE("load_cifar10: the real pictures") {
    const char* set = std::getenv("DECONVVIZ_CIFAR10");
    const fs::path folder = set != nullptr ? fs::path(set) : fs::path(DECONVVIZ_SOURCE_DIR) / "../shared/data/cifar10";
    if (set == nullptr && !fs::exists(folder)) {
        MESSAGE("skipped: set DECONVVIZ_CIFAR10 to the folder that holds the binary files");
        return;
    }
    const auto test = dv::load_cifar10(folder).test;
    test.check();
    CHECK(test.images.shape() == dv::Shape{10000, 3, 32, 32});
    std::array<int, 10> of_class{};
    for (const int label : test.labels) ++of_class[static_cast<std::size_t>(label)];
    CHECK(of_class == std::array{1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000});
    std::array<double, 3> mean{};
    for (dv::Index n = 0; n < test.size(); ++n)
        for (dv::Index i = 0; i < 3 * 1024; ++i)
            mean[static_cast<std::size_t>(i / 1024)] += static_cast<double>(test.images[n * 3 * 1024 + i]) / 10240000;
    CHECK(mean[0] == doctest::Approx(0.494).epsilon(0.005));  // the colour means of the set, red first
    CHECK(mean[1] == doctest::Approx(0.485).epsilon(0.005));
    CHECK(mean[2] == doctest::Approx(0.450).epsilon(0.005));
}
