// load_idx_images and load_idx_labels, plain and packed with gzip.
#include "deconvviz/data/idx.hpp"

#include <cstdint>
#include <cstdlib>

#include "fuzz.hpp"

namespace dv = deconvviz;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const auto path = fuzz::folder() / "input";
    const fuzz::Bytes bytes(data, size);
    fuzz::write_file(path, bytes);
    // The file, and a double for each byte. A packed byte may hold 1032, the most that deflate can reach; its copy is
    // one of those.
    const std::uint64_t content = dv::is_gzip(bytes) ? 1032 * size : size;
    const std::uint64_t most = 2 * size + (1 + sizeof(double)) * content + fuzz::slack;
    fuzz::reads<dv::FormatError, dv::IoError>(most, [&] {
        for (const double value : dv::load_idx_images<double>(path))
            if (!(value >= 0 && value <= 1)) std::abort();
    });
    fuzz::reads<dv::FormatError, dv::IoError>(most, [&] {
        for (const int label : dv::load_idx_labels(path, 10))
            if (label < 0 || label > 9) std::abort();
    });
    return 0;
}
