// parse_npy: whatever it reads, it can write and read again.
#include "deconvviz/io/npy.hpp"

#include <cstdlib>
#include <cstring>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const fuzz::Bytes bytes(data, size);
    deconvviz::Tensor<double> values;
    // A byte may become a double, twice where the order is turned.
    const auto read = [&] { values = deconvviz::parse_npy<double>(bytes, "input"); };
    if (!fuzz::reads<deconvviz::FormatError>(2 * sizeof(double) * size + fuzz::slack, read)) return 0;
    const auto again = deconvviz::parse_npy<double>(deconvviz::format_npy(values), "again");
    const auto count = static_cast<std::size_t>(values.size());
    if (again.shape() != values.shape() ||
        (count > 0 && std::memcmp(again.data(), values.data(), count * sizeof(double)) != 0))
        std::abort();
    return 0;
}
