// Transposed convolution on the way back through real networks, beside oneDNN and the machine's multiply-add peak.
#include "deconvviz/kernels/transposed_convolution.hpp"

#include <string>

#include "support/convolutions.hpp"
#include "support/peak.hpp"
#include "support/suite.hpp"

namespace bench {
namespace {

template <class T>
void add_ours(const ConvolutionShape& shape, const std::string& variant = ours<T>()) {
    add("transposed_convolution/" + variant + "/" + transposed_name(shape), cost(shape), [=] {
        return [o = ConvolutionOperands<T>(shape)]() mutable {
            dv::kernels::transposed_convolution<T>(o.shape, o.dst.data(), o.weights.data(), o.src.data(),
                                                   o.shape.whole_src());
        };
    });
}

#ifdef DECONVVIZ_HAVE_ONEDNN
// Its deconvolution. Its convolution_backward_data computes the same; medians are within 4 %, now here, now there.
void add_onednn(const ConvolutionShape& shape) {
    using namespace onednn;
    add("transposed_convolution/onednn/" + transposed_name(shape), cost(shape), [=] {
        const Sizes sizes(shape);
        const dnnl::memory::dims weights{sizes.weights[1], sizes.weights[0], sizes.weights[2], sizes.weights[3]};
        const dnnl::deconvolution_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_inference, dnnl::algorithm::deconvolution_direct, described(sizes.dst),
             described(weights), described(sizes.src), sizes.stride, sizes.padding, sizes.padding_end},
            engine());
        return Work{dnnl::deconvolution_forward(forward),
                    {{DNNL_ARG_SRC, random_memory(forward.src_desc(), 3)},
                     {DNNL_ARG_WEIGHTS, random_memory(forward.weights_desc(), 2)},
                     {DNNL_ARG_DST, empty_memory(forward.dst_desc())}}};
    });
}
#else
void add_onednn(const ConvolutionShape&) {}
#endif

void add_all() {
    const auto shapes = reversed_convolutions();
    for (const ConvolutionShape& shape : shapes) {
        add_ours<float>(shape);
        add_onednn(shape);
        if (const auto direct = held_to_direct(shape)) add_ours<float>(*direct, "deconvviz_direct");
    }
    add_ours<double>(shapes[1]);
    add_ours<double>(shapes[2]);
    add_peaks();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run(argc, argv, bench::add_all);
}
