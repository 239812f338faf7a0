// .npy files: as NumPy writes them, out and in again, and whatever is wrong with them.
#include "deconvviz/io/npy.hpp"

#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tensor_support.hpp"
#include "throw_support.hpp"

using namespace deconvviz;
using Bytes = std::vector<unsigned char>;

namespace {

/// A file with this header text and these bytes of values.
Bytes file(const std::string& header, const Bytes& values, unsigned char version = 1) {
    Bytes bytes{0x93,
                'N',
                'U',
                'M',
                'P',
                'Y',
                version,
                0,
                static_cast<unsigned char>(header.size() % 256),
                static_cast<unsigned char>(header.size() / 256)};
    if (version > 1) bytes.insert(bytes.end(), {0, 0});
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), values.begin(), values.end());
    return bytes;
}

template <class V>
Bytes bytes_of(const std::vector<V>& values) {
    Bytes bytes(values.size() * sizeof(V));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

std::string refusal(const Bytes& bytes) {
    try {
        (void)parse_npy<float>(bytes, "a.npy");
    } catch (const FormatError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

const std::string plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";

}  // namespace

TEST_CASE("npy: written as numpy.save does, byte by byte") {
    // numpy.save of np.array([[1, 2, 3], [4, 5, 6]], '<f4'), NumPy 1.24
    const Bytes bytes = format_npy(Tensor<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
    const std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    REQUIRE(bytes.size() == 128 + 24);
    CHECK(bytes[8] == 118);
    CHECK(bytes[9] == 0);
    CHECK(std::string(bytes.begin() + 10, bytes.begin() + 128) == text + std::string(117 - text.size(), ' ') + "\n");
    const auto header = [](const Shape& shape) {
        const Bytes all = format_npy(Tensor<double>(shape));
        const std::string name(all.begin() + 10, all.end());
        return name.substr(name.find("("), name.find(")") - name.find("(") + 1);
    };
    CHECK(header({7}) == "(7,)");
    CHECK(header(Shape{}) == "()");
    CHECK(header({0, 4}) == "(0, 4)");
}

TEST_CASE_TEMPLATE("npy: what goes out comes in again, of any rank", T, float, double) {
    const auto path = std::filesystem::temp_directory_path() / "deconvviz_npy_test.npy";
    for (const Shape& shape :
         {Shape{}, Shape{5}, Shape{2, 3}, Shape{1, 2, 3, 4}, Shape{0, 3}, Shape{1, 1, 2, 1, 3, 1, 2, 2}}) {
        auto values = support::random_tensor<T>(shape, 3, -1e3, 1e3);
        if (values.size() > 3) {
            values[0] = std::numeric_limits<T>::infinity();
            values[1] = std::numeric_limits<T>::denorm_min();
            values[2] = -T(0);
        }
        save_npy(path, values);
        CHECK(load_npy<T>(path) == values);
    }
    std::filesystem::remove(path);
    CHECK_THROWS_AS(load_npy<T>(path), IoError);
}

TEST_CASE("npy: other types are converted, column-major order is turned") {
    const Bytes doubles =
        file("{\"descr\":\"<f8\",\"fortran_order\":False,\"shape\":(3,)}", bytes_of<double>({1, -2.5, 1e-3}));
    CHECK(parse_npy<float>(doubles, "") == Tensor<float>({3}, {1, -2.5F, 1e-3F}));
    const Bytes shades = file("{'shape': (1, 3), 'descr': '|u1', 'fortran_order': False}\n", {0, 128, 255}, 2);
    CHECK(parse_npy<double>(shades, "") == Tensor<double>({1, 3}, {0, 128, 255}));
    const Bytes turned =
        file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", bytes_of<float>({1, 4, 2, 5, 3, 6}), 3);
    CHECK(parse_npy<float>(turned, "") == Tensor<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
}

TEST_CASE("npy: a file that is none, cut off, damaged or of another type is refused") {
    const Bytes good = file(plain, bytes_of<float>({1, 2}));
    REQUIRE(parse_npy<float>(good, "") == Tensor<float>({2}, {1, 2}));
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK_THROWS_AS(parse_npy<float>(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), "a"),
                        FormatError);
    Bytes longer = good;
    longer.push_back(0);
    CHECK(refusal(longer) == "a.npy: expected 2 values of 4 bytes for the shape (2), got 9 bytes");
    CHECK(refusal(Bytes{'P', 'K'}) == "a.npy: expected a .npy file (\\x93NUMPY), got another beginning");
    Bytes version = good;
    version[6] = 4;
    CHECK(refusal(version) == "a.npy: expected .npy format 1 to 3, got 4");
    for (const char* header :
         {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'descr': '<f4'}", "{'descr' '<f4'}",
          "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
          "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "{'descr: '<f4'}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2)}"})
        CHECK_THROWS_AS(parse_npy<float>(file(header, bytes_of<float>({1, 2})), header), FormatError);
    CHECK(refusal(file("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", bytes_of<float>({1, 2}))) ==
          "a.npy: expected values of type <f4, <f8 or |u1 (little-endian float32 or float64, or bytes), got '>f4'; in "
          "Python, array.astype('<f4') converts");
}
