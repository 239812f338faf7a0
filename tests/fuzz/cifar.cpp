// load_cifar10_batch, plain and packed with gzip.
#include "deconvviz/data/cifar.hpp"

#include <cstdint>
#include <cstdlib>

#include "fuzz.hpp"

namespace dv = deconvviz;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const auto path = fuzz::folder() / "input";
    const fuzz::Bytes bytes(data, size);
    fuzz::write_file(path, bytes);
    // As for IDX: the file, what it unpacks to, and a double for each byte.
    const std::uint64_t content = dv::is_gzip(bytes) ? 1032 * size : size;
    const std::uint64_t most = 2 * size + (1 + sizeof(double)) * content + fuzz::slack;
    fuzz::reads<dv::FormatError, dv::IoError>(most, [&] {
        const auto batch = dv::load_cifar10_batch<double>(path);
        for (const double value : batch.images)
            if (!(value >= 0 && value <= 1)) std::abort();
        for (const int label : batch.labels)
            if (label < 0 || label > 9) std::abort();
    });
    return 0;
}
