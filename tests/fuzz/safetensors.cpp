// load_weights into a small network: the model is as it was, or all of it is read.
#include "deconvviz/io/safetensors.hpp"

#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/relu.hpp"
#include "fuzz.hpp"

namespace dv = deconvviz;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const auto path = fuzz::folder() / "input";
    static dv::Sequential<float> model({1, 3, 3}, dv::Conv2D<float>({.in = 1, .out = 2, .kernel = 2}),
                                       dv::ReLU<float>(), dv::Flatten<float>(),
                                       dv::Dense<float>({.in = 8, .out = 2, .bias = false}));
    fuzz::write_file(path, {data, size});
    // A number in a list takes two bytes of text and at most 3 x 16 of a vector that grows, an empty object three and
    // 64, a name six and some 100.
    fuzz::reads<dv::FormatError, dv::IoError>(64 * size + fuzz::slack, [&] { dv::load_weights(path, model); });
    return 0;
}
