// Convolution on layers of real networks, beside oneDNN and the machine's multiply-add peak.
#include "deconvviz/kernels/convolution.hpp"

#include <string>

#include "support/convolutions.hpp"
#include "support/peak.hpp"
#include "support/suite.hpp"

namespace bench {
namespace {

template <class T>
void add_ours(const ConvolutionShape& shape, const std::string& variant = ours<T>()) {
    add("convolution/" + variant + "/" + shape_name(shape), cost(shape), [=] {
        return [o = ConvolutionOperands<T>(shape)]() mutable {
            dv::kernels::convolution<T>(o.shape, o.src.data(), o.weights.data(), nullptr, o.dst.data(),
                                        o.shape.whole_dst());
        };
    });
}

#ifdef DECONVVIZ_HAVE_ONEDNN
// Direct: left to choose (convolution_auto), it takes no other for these shapes.
void add_onednn(const ConvolutionShape& shape) {
    using namespace onednn;
    add("convolution/onednn/" + shape_name(shape), cost(shape), [=] {
        const dnnl::convolution_forward::primitive_desc forward = Sizes(shape).forward();
        return Work{dnnl::convolution_forward(forward),
                    {{DNNL_ARG_SRC, random_memory(forward.src_desc(), 1)},
                     {DNNL_ARG_WEIGHTS, random_memory(forward.weights_desc(), 2)},
                     {DNNL_ARG_DST, empty_memory(forward.dst_desc())}}};
    });
}
#else
void add_onednn(const ConvolutionShape&) {}
#endif

void add_all() {
    const auto shapes = convolutions();
    for (const ConvolutionShape& shape : shapes) {
        add_ours<float>(shape);
        add_onednn(shape);
        if (const auto direct = held_to_direct(shape)) add_ours<float>(*direct, "deconvviz_direct");
    }
    add_ours<double>(shapes[1]);
    add_ours<double>(shapes[3]);
    add_peaks();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run(argc, argv, bench::add_all);
}
