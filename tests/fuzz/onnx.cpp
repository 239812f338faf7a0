// load_onnx: the model with a file of weights beside it, a file outside of its folder, and a link to that.
//
// An input is two bytes, little-endian, for the size of the weights' file (the uppermost bit: the caller names the size
// of a picture), that file, and the model.
#include "deconvviz/io/onnx.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "fuzz.hpp"
#include "onnx_mutator.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t prefix = 2;

std::size_t weights_size(fuzz::Bytes input) {
    return std::min<std::size_t>((input[0] | input[1] << 8) & 0x7FFF, input.size() - prefix);
}

const fs::path& model_folder() {
    static const fs::path made = [] {
        const fs::path inner = fs::canonical(fuzz::folder()) / "model";
        fs::create_directory(inner);
        fs::create_directory(inner / "sub");
        constexpr std::array<unsigned char, 64> secret{};
        fuzz::write_file(inner / "../outside", secret);
        fs::create_symlink("../outside", inner / "link");
        fs::create_symlink("weights", inner / "same");
        return inner;
    }();
    return made;
}

bool reading = false;

}  // namespace

// All that load_onnx opens lies in the model's folder, wherever links have led (the linker puts this in place of open).
extern "C" int __real_open(const char* path, int flags, ...);
extern "C" int __wrap_open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const int mode = va_arg(list, int);
    va_end(list);
    const int file = __real_open(path, flags, mode);
    if (!reading || file < 0) return file;
    char real[4096];
    const ::ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), real, sizeof(real));
    if (length < 0 || !std::string_view(real, static_cast<std::size_t>(length)).starts_with(model_folder().native())) {
        std::fprintf(stderr, "finding: opened %.*s\n", static_cast<int>(length), real);
        std::abort();
    }
    return file;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < prefix) return -1;
    const fuzz::Bytes input(data, size);
    const std::size_t weights = weights_size(input);
    static const fs::path path = model_folder() / "model.onnx", beside = model_folder() / "weights";
    fuzz::write_file(path, input.subspan(prefix + weights));
    fuzz::write_file(beside, input.subspan(prefix, weights));
    dv::OnnxOptions options;
    if ((input[1] & 0x80) != 0) options.input = dv::Shape{2, 6, 6};
    // Two bytes of the file may be an empty message of some 300 bytes in memory. (Weights may be shared 16 times, and
    // be doubles of two bytes each, and be turned: twice 64.)
    reading = true;
    fuzz::reads<dv::FormatError, dv::IoError>(512 * size + 2 * fuzz::slack,
                                              [&] { (void)dv::load_onnx<double>(path, options); });
    reading = false;
    return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(unsigned char* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(unsigned char* data, std::size_t size, std::size_t most, unsigned seed) {
    onnx::ModelProto model;
    if (seed % 4 == 0 || size < prefix) return LLVMFuzzerMutate(data, size, most);
    const std::size_t before = prefix + weights_size({data, size});
    if (!model.ParseFromArray(data + before, static_cast<int>(size - before)))
        return LLVMFuzzerMutate(data, size, most);
    fuzz::OnnxMutator(model, seed).mutate();
    const std::string bytes = model.SerializeAsString();
    if (before + bytes.size() > most) return LLVMFuzzerMutate(data, size, most);
    std::ranges::copy(bytes, data + before);
    return before + bytes.size();
}
