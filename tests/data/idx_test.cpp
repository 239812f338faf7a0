// IDX files: right ones, the real MNIST where it is there, and every kind of broken one.
#include "deconvviz/data/idx.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "test_folder.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;
using doctest::Contains;

namespace {

using Content = std::vector<unsigned char>;

Content operator+(Content a, const Content& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Content big_endian(std::initializer_list<std::uint32_t> numbers) {
    Content bytes;
    for (const std::uint32_t number : numbers)
        for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes.push_back(static_cast<unsigned char>(number >> shift));
    return bytes;
}

Content little_endian(std::uint32_t number, int count) {
    Content bytes;
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<unsigned char>(number >> (8 * i)));
    return bytes;
}

/// Bit by bit, as RFC 1952 defines it.
std::uint32_t slow_crc32(const Content& bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const unsigned char byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? 0xEDB88320U ^ (crc >> 1U) : crc >> 1U;
    }
    return ~crc;
}

/// A gzip file that holds `content` unpacked, in one stored block, behind any header.
Content gzip(const Content& content, const Content& header = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3}) {
    const auto size = static_cast<std::uint32_t>(content.size());
    return header + Content{1} + little_endian(size, 2) + little_endian(~size, 2) + content +
           little_endian(slow_crc32(content), 4) + little_endian(size, 4);
}

/// Two pictures of two rows and three columns, and what goes with them.
const Content pixels{0, 51, 102, 153, 204, 255, 255, 0, 255, 0, 255, 0};
const Content two_pictures = big_endian({2051, 2, 2, 3}) + pixels;
const Content two_labels = big_endian({2049, 2}) + Content{7, 2};

/// 200 labels, label i = (3 i² + i / 7) mod 10, as `gzip -9` packs them: one block with Huffman codes of its own.
const Content packed_labels{0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xd5, 0xca, 0x49, 0x01, 0xc0,
                            0x30, 0x10, 0x03, 0xb1, 0xd9, 0xd3, 0x0e, 0x7f, 0x52, 0x81, 0x95, 0xd2, 0xe8, 0x5b, 0x02,
                            0x07, 0x70, 0xa9, 0x94, 0xc7, 0xae, 0x8e, 0x2e, 0x23, 0x4e, 0x4f, 0xee, 0x10, 0x1f, 0xaf,
                            0x5a, 0x1b, 0xf9, 0x8b, 0xf2, 0x00, 0x35, 0x05, 0x63, 0xcf, 0xd0, 0x00, 0x00, 0x00};

std::vector<int> labels_in_packed_labels() {
    std::vector<int> labels;
    for (int i = 0; i < 200; ++i) labels.push_back((3 * i * i + i / 7) % 10);
    return labels;
}

/// With the files of a data set.
class Folder : public support::TestFolder {
  public:
    /// The four files of MNIST with two pictures each, with `suffix` behind the first three names.
    void write_mnist(const std::string& suffix = "") const {
        const bool packed = suffix == ".gz";
        write("train-images-idx3-ubyte" + suffix, packed ? gzip(two_pictures) : two_pictures);
        write("train-labels-idx1-ubyte" + suffix, packed ? gzip(two_labels) : two_labels);
        write("t10k-images-idx3-ubyte" + suffix, packed ? gzip(two_pictures) : two_pictures);
        write("t10k-labels-idx1-ubyte" + suffix, packed ? gzip(two_labels) : two_labels);
    }
};

}  // namespace

TEST_CASE("idx: pictures are (N,1,H,W) in [0,1], labels are integers") {
    const Folder folder;
    const auto images = dv::load_idx_images(folder.write("images", two_pictures));
    CHECK(images.shape() == dv::Shape{2, 1, 2, 3});
    for (std::size_t i = 0; i < pixels.size(); ++i)
        CHECK(images[static_cast<dv::Index>(i)] == static_cast<float>(pixels[i]) / 255.0F);
    CHECK(dv::load_idx_images<double>(folder.path() / "images")(0, 0, 0, 1) == 0.2);
    CHECK(dv::load_idx_labels(folder.write("labels", two_labels)) == std::vector{7, 2});
}

TEST_CASE("idx: the content, not the name, says whether a file is packed") {
    const Folder folder;
    const auto plain = dv::load_idx_images(folder.write("images.gz", two_pictures));
    CHECK(dv::load_idx_images(folder.write("images", gzip(two_pictures))) == plain);
    CHECK(dv::load_idx_labels(folder.write("labels", packed_labels)) == labels_in_packed_labels());
}

TEST_CASE("idx: all optional fields of a gzip header are skipped") {
    const Folder folder;
    const Content fixed{0, 0, 0, 0, 2, 3};
    const Content extra{4, 0, 'A', 'B', 0, 0}, name{'a', 0}, comment{'o', 'h', '!', 0};
    for (unsigned char flags = 0; flags < 32; ++flags) {
        CAPTURE(flags);
        Content header = Content{0x1F, 0x8B, 8, flags} + fixed;
        if ((flags & 4) != 0) header = header + extra;
        if ((flags & 8) != 0) header = header + name;
        if ((flags & 16) != 0) header = header + comment;
        if ((flags & 2) != 0) header = header + little_endian(slow_crc32(header), 2);
        const auto path = folder.write("labels", gzip(two_labels, header));
        CHECK(dv::load_idx_labels(path) == std::vector{7, 2});
        if ((flags & 2) != 0) {
            header.back() ^= 1;
            folder.write("labels", gzip(two_labels, header));
            CHECK_THROWS_WITH_AS(dv::load_idx_labels(path), Contains("header has checksum"), dv::FormatError);
        }
    }
    const Content reserved = Content{0x1F, 0x8B, 8, 32} + fixed, method = Content{0x1F, 0x8B, 7, 0} + fixed;
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("reserved", gzip(two_labels, reserved))),
                         Contains("flags below 32, got 32"), dv::FormatError);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("method", gzip(two_labels, method))),
                         Contains("expected gzip method 8 (deflate), got 7"), dv::FormatError);
}

TEST_CASE("idx: the wrong kind of file is named") {
    const Folder folder;
    const auto images = folder.write("images", two_pictures), labels = folder.write("labels", two_labels);
    CHECK_THROWS_WITH_AS(dv::load_idx_images(labels), Contains("expected pictures (2051), got labels (2049)"),
                         dv::FormatError);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(images), Contains("expected labels (2049), got pictures (2051)"),
                         dv::FormatError);
    CHECK_THROWS_WITH_AS(dv::load_idx_images(images.parent_path() / "labels"), Contains(labels.string().c_str()),
                         dv::FormatError);
    const auto floats = folder.write("floats", big_endian({0x0D03, 1, 1, 1}) + Content{0, 0, 0, 0});
    CHECK_THROWS_WITH_AS(dv::load_idx_images(floats), Contains("IDX data of type 13 with 3 dimensions"),
                         dv::FormatError);
    const auto text = folder.write("text", Content{'h', 'e', 'l', 'l', 'o'});
    CHECK_THROWS_WITH_AS(dv::load_idx_images(text), Contains("got no IDX file"), dv::FormatError);
}

TEST_CASE("idx: every cut of a plain file and bytes behind its end are refused") {
    const Folder folder;
    for (std::size_t size = 0; size < two_pictures.size(); ++size) {
        const Content cut(two_pictures.begin(), two_pictures.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_THROWS_AS(dv::load_idx_images(folder.write("cut", cut)), dv::FormatError);
    }
    CHECK_THROWS_WITH_AS(dv::load_idx_images(folder.write("long", two_pictures + Content{0})),
                         Contains("expected 2 x 2 x 3 bytes after the header, got 13 (there is more behind the end)"),
                         dv::FormatError);
    CHECK_THROWS_AS(dv::load_idx_labels(folder.write("long", two_labels + Content{0})), dv::FormatError);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("short", big_endian({2049, 3}) + Content{1, 2})),
                         Contains("expected 3 x 1 x 1 bytes after the header, got 2 (the file is cut off)"),
                         dv::FormatError);
}

TEST_CASE("idx: counts of zero, and counts whose product is beyond 64 bits") {
    const Folder folder;
    for (const auto& counts : {big_endian({2051, 0, 2, 3}), big_endian({2051, 2, 0, 3}), big_endian({2051, 2, 2, 0})})
        CHECK_THROWS_WITH_AS(dv::load_idx_images(folder.write("zero", counts)), Contains("the header says 0"),
                             dv::FormatError);
    CHECK_THROWS_AS(dv::load_idx_labels(folder.write("zero", big_endian({2049, 0}))), dv::FormatError);

    constexpr std::uint32_t large = 0x80000000U, all = 0xFFFFFFFFU;
    // The first product is 2^65, which is 0 in 64 bits; the last is 3 * 2^64 + 12 for the 12 bytes that are there.
    for (const auto& counts : {big_endian({2051, 8, large, large}), big_endian({2051, all, all, all}),
                               big_endian({2051, large, large, large}), big_endian({2051, 1, all, all}),
                               big_endian({2051, 769546, 1484310, 48448661})})
        CHECK_THROWS_AS(dv::load_idx_images(folder.write("huge", counts + pixels)), dv::FormatError);
    CHECK_THROWS_AS(dv::load_idx_labels(folder.write("huge", big_endian({2049, all}))), dv::FormatError);
}

TEST_CASE("idx: a damaged gzip file throws or reads the same, wherever the damage is") {
    const Folder folder;
    const auto labels = labels_in_packed_labels();
    for (std::size_t size = 2; size < packed_labels.size(); ++size) {
        CAPTURE(size);
        const Content cut(packed_labels.begin(), packed_labels.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_THROWS_AS(dv::load_idx_labels(folder.write("cut", cut)), dv::FormatError);
    }
    for (std::size_t bit = 0; bit < 8 * packed_labels.size(); ++bit) {
        CAPTURE(bit);
        Content damaged = packed_labels;
        damaged[bit / 8] = static_cast<unsigned char>(damaged[bit / 8] ^ (1U << (bit % 8)));
        const auto path = folder.write("damaged", damaged);
        std::vector<int> read = labels;
        std::string message = path.string();
        try {
            read = dv::load_idx_labels(path);
        } catch (const dv::FormatError& error) {
            message = error.what();
        }
        CHECK(read == labels);
        CHECK(message.starts_with(path.string()));
    }
}

TEST_CASE("idx: a gzip file that announces more than deflate can hold allocates nothing") {
    const Folder folder;
    Content bomb = packed_labels;
    std::fill(bomb.end() - 4, bomb.end(), static_cast<unsigned char>(0xFF));
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("bomb", bomb)), Contains("cannot hold the 4294967295"),
                         dv::FormatError);
    const Content large =
        Content{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3} + Content(3U << 20U, 0) + little_endian(1U << 31U, 4);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("large", large)), Contains("got 2147483648"),
                         dv::FormatError);
    // Possible, but a bomb: 200 KiB for 128 MiB
    const Content possible =
        Content{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3} + Content(200U << 10U, 0) + little_endian(128U << 20U, 4);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("possible", possible)),
                         Contains("expected gzip data that unpack to at most 100 times their size, or 67108864 bytes"),
                         dv::FormatError);
}

TEST_CASE("idx: several gzip members and bytes behind the last are refused") {
    const Folder folder;
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("two", packed_labels + packed_labels)),
                         Contains("several members"), dv::FormatError);
    CHECK_THROWS_AS(dv::load_idx_labels(folder.write("empty", packed_labels + gzip({}))), dv::FormatError);
    CHECK_THROWS_AS(dv::load_idx_labels(folder.write("more", packed_labels + Content(8, 0))), dv::FormatError);
}

TEST_CASE("idx: files that cannot be read") {
    const Folder folder;
    CHECK_THROWS_WITH_AS(dv::load_idx_images(folder.path() / "none"), Contains("found nothing"), dv::IoError);
    CHECK_THROWS_WITH_AS(dv::load_idx_images(folder.path()), Contains("got a folder"), dv::IoError);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels("/dev/zero"), Contains("expected a regular file"), dv::IoError);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(folder.write("empty", {})), Contains("got 0"), dv::FormatError);
    const auto large = folder.write("large", two_labels);
    fs::resize_file(large, (std::uintmax_t{1} << 32U) + 1);  // takes no room on the disk
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(large), Contains("expected at most 4294967296 bytes"), dv::IoError);
    if (geteuid() == 0) {
        MESSAGE("skipped a file without read permission: root reads all");
        return;
    }
    const auto secret = folder.write("secret", two_labels);
    fs::permissions(secret, fs::perms::none);
    CHECK_THROWS_WITH_AS(dv::load_idx_labels(secret), Contains("cannot be opened"), dv::IoError);
}

TEST_CASE("load_mnist: all spellings of the names, plain files first") {
    for (const std::string suffix : {"", ".gz"}) {
        const Folder folder;
        folder.write_mnist(suffix);
        fs::rename(folder.path() / ("t10k-labels-idx1-ubyte" + suffix),
                   folder.path() / ("t10k-labels.idx1-ubyte" + suffix));
        const auto digits = dv::load_mnist(folder.path());
        digits.train.check();
        digits.test.check();
        CHECK(digits.train.classes == 10);
        CHECK(digits.train.images.shape() == dv::Shape{2, 1, 2, 3});
        CHECK(digits.test.labels == std::vector{7, 2});
    }
    const Folder folder;
    folder.write_mnist();
    folder.write("train-labels-idx1-ubyte.gz", gzip(big_endian({2049, 2}) + Content{1, 1}));
    CHECK(dv::load_mnist<double>(folder.path()).train.labels == std::vector{7, 2});
}

TEST_CASE("load_mnist: what does not fit together is refused") {
    const Folder folder;
    CHECK_THROWS_WITH_AS(dv::load_mnist(folder.path() / "none"), Contains("found nothing"), dv::IoError);
    CHECK_THROWS_WITH_AS(dv::load_mnist(folder.write("file", {})), Contains("found something else"), dv::IoError);
    CHECK_THROWS_WITH_AS(dv::load_mnist(folder.path()), Contains("expected a file train-images-idx3-ubyte"),
                         dv::IoError);
    folder.write_mnist();
    fs::remove(folder.path() / "t10k-images-idx3-ubyte");
    fs::create_directory(folder.path() / "t10k-images-idx3-ubyte");
    CHECK_THROWS_WITH_AS(dv::load_mnist(folder.path()), Contains("got a folder"), dv::IoError);
    fs::remove(folder.path() / "t10k-images-idx3-ubyte");

    folder.write("t10k-images-idx3-ubyte", big_endian({2051, 2, 3, 2}) + pixels);
    CHECK_THROWS_WITH_AS(dv::load_mnist(folder.path()), Contains("shape (1,2,3) as in training, got (1,3,2)"),
                         dv::FormatError);
    folder.write("train-labels-idx1-ubyte", big_endian({2049, 3}) + Content{1, 2, 3});
    CHECK_THROWS_WITH_AS(dv::load_mnist(folder.path()), Contains("expected 2 labels for the pictures"),
                         dv::FormatError);
    folder.write("train-labels-idx1-ubyte", big_endian({2049, 2}) + Content{9, 10});
    CHECK_THROWS_WITH_AS(dv::load_mnist(folder.path()), Contains("expected labels 0 … 9, label 1 is 10"),
                         dv::FormatError);
    CHECK(dv::load_idx_labels(folder.path() / "train-labels-idx1-ubyte") == std::vector{9, 10});
}

TEST_CASE("load_mnist: the real digits") {
    const char* set = std::getenv("DECONVVIZ_MNIST");
    const fs::path folder = set != nullptr ? fs::path(set) : fs::path(DECONVVIZ_SOURCE_DIR) / "../shared/data/mnist";
    if (set == nullptr && !fs::exists(folder)) {
        MESSAGE("skipped: set DECONVVIZ_MNIST to the folder that holds the four files");
        return;
    }
    const auto digits = dv::load_mnist(folder);
    digits.train.check();
    digits.test.check();
    CHECK(digits.train.images.shape() == dv::Shape{60000, 1, 28, 28});
    CHECK(digits.test.images.shape() == dv::Shape{10000, 1, 28, 28});
    CHECK(std::vector(digits.train.labels.begin(), digits.train.labels.begin() + 5) == std::vector{5, 0, 4, 1, 9});
    CHECK(std::vector(digits.test.labels.begin(), digits.test.labels.begin() + 5) == std::vector{7, 2, 1, 0, 4});
    double sum = 0;
    for (const float value : digits.train.images) sum += double{value};
    CHECK(sum / static_cast<double>(digits.train.images.size()) == doctest::Approx(0.1307).epsilon(0.001));
}
