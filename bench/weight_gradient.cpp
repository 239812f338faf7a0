// The gradient of a convolution's weights, on layers of real networks, beside oneDNN and the machine's multiply-add
// peak.
#include "deconvviz/kernels/convolution_gradient.hpp"
#include "support/convolutions.hpp"
#include "support/peak.hpp"
#include "support/suite.hpp"

namespace bench {
namespace {

template <class T>
void add_ours(const ConvolutionShape& shape) {
    add("weight_gradient/" + ours<T>() + "/" + shape_name(shape), cost(shape), [=] {
        return [o = ConvolutionOperands<T>(shape)]() mutable {
            dv::kernels::convolution_weight_gradient<T>(o.shape, o.src.data(), o.dst.data(), o.weights.data());
        };
    });
}

#ifdef DECONVVIZ_HAVE_ONEDNN
void add_onednn(const ConvolutionShape& shape) {
    using namespace onednn;
    add("weight_gradient/onednn/" + shape_name(shape), cost(shape), [=] {
        const Sizes sizes(shape);
        const dnnl::convolution_backward_weights::primitive_desc backward(
            {dnnl::algorithm::convolution_direct, described(sizes.src), described(sizes.weights), described(sizes.dst),
             sizes.stride, sizes.padding, sizes.padding_end},
            engine(), sizes.forward());
        return Work{dnnl::convolution_backward_weights(backward),
                    {{DNNL_ARG_SRC, random_memory(backward.src_desc(), 1)},
                     {DNNL_ARG_DIFF_DST, random_memory(backward.diff_dst_desc(), 3)},
                     {DNNL_ARG_DIFF_WEIGHTS, empty_memory(backward.diff_weights_desc())}}};
    });
}
#else
void add_onednn(const ConvolutionShape&) {}
#endif

void add_all() {
    auto shapes = convolutions();
    shapes.push_back(convolution_shape({.in = 1, .out = 16, .kernel = 5, .size = 28, .batch = 64}));
    for (const ConvolutionShape& shape : shapes) {
        add_ours<float>(shape);
        add_onednn(shape);
    }
    add_peaks();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run(argc, argv, bench::add_all);
}
