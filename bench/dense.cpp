// Dense layers of VGG-16 and ZFNet, forward and transposed: one picture beside a copy of as many bytes, a batch beside
// the machine's multiply-add peak, and both beside oneDNN.
#include "deconvviz/kernels/dense.hpp"

#include <string>

#include "support/copy.hpp"
#include "support/peak.hpp"
#include "support/suite.hpp"

namespace bench {
namespace {

using dv::kernels::DenseShape;

/// "9216x4096", with "_b64" for a batch.
std::string shape_name(const DenseShape& s) {
    return dv::detail::concat(s.inputs, 'x', s.outputs, s.batch > 1 ? dv::detail::concat("_b", s.batch) : "");
}

/// The weights of one picture are read once and never again: bytes. A batch shares them: operations.
Cost cost(const DenseShape& s) {
    if (s.batch == 1) return {.bytes = 4.0 * static_cast<double>(s.inputs * s.outputs + s.inputs + s.outputs)};
    return {.operations = 2.0 * static_cast<double>(s.batch * s.inputs * s.outputs)};
}

struct Operands {
    DenseShape shape;
    dv::Tensor<float> src, weights, dst;

    explicit Operands(const DenseShape& s)
        : shape(s),
          src(random_tensor<float>({s.batch, s.inputs}, 1)),
          weights(random_tensor<float>({s.outputs, s.inputs}, 2)),
          dst(random_tensor<float>({s.batch, s.outputs}, 3)) {}
};

void add_ours(const DenseShape& shape) {
    const Shared operands([=] { return Operands(shape); });
    add("dense/deconvviz/" + shape_name(shape), cost(shape), [=] {
        return [=] {
            Operands& o = *operands;
            dv::kernels::dense<float>(o.shape, o.src.data(), o.weights.data(), nullptr, o.dst.data());
        };
    });
    add("dense_transposed/deconvviz/" + shape_name(shape), cost(shape), [=] {
        return [=] {
            Operands& o = *operands;
            dv::kernels::dense_transposed<float>(o.shape, o.dst.data(), o.weights.data(), o.src.data());
        };
    });
}

#ifdef DECONVVIZ_HAVE_ONEDNN
dnnl::inner_product_forward::primitive_desc forward(const DenseShape& s) {
    using namespace onednn;
    return {{dnnl::prop_kind::forward_training, described({s.batch, s.inputs}), described({s.outputs, s.inputs}),
             described({s.batch, s.outputs})},
            engine()};
}

void add_onednn(const DenseShape& shape) {
    using namespace onednn;
    add("dense/onednn/" + shape_name(shape), cost(shape), [=] {
        const auto dense = forward(shape);
        return Work{dnnl::inner_product_forward(dense),
                    {{DNNL_ARG_SRC, random_memory(dense.src_desc(), 1)},
                     {DNNL_ARG_WEIGHTS, random_memory(dense.weights_desc(), 2)},
                     {DNNL_ARG_DST, empty_memory(dense.dst_desc())}}};
    });
    add("dense_transposed/onednn/" + shape_name(shape), cost(shape), [=] {
        const dnnl::inner_product_backward_data::primitive_desc transposed(
            {described({shape.batch, shape.inputs}), described({shape.outputs, shape.inputs}),
             described({shape.batch, shape.outputs})},
            engine(), forward(shape));
        return Work{dnnl::inner_product_backward_data(transposed),
                    {{DNNL_ARG_DIFF_DST, random_memory(transposed.diff_dst_desc(), 3)},
                     {DNNL_ARG_WEIGHTS, random_memory(transposed.weights_desc(), 2)},
                     {DNNL_ARG_DIFF_SRC, empty_memory(transposed.diff_src_desc())}}};
    });
}
#else
void add_onednn(const DenseShape&) {}
#endif

void add_all() {
    for (const Index inputs : {9216, 4096}) {
        for (const Index batch : {1, 64}) {
            const DenseShape shape{.batch = batch, .inputs = inputs, .outputs = 4096};
            add_ours(shape);
            add_onednn(shape);
            if (batch == 1) add_copy(shape_name(shape), cost(shape).bytes);
        }
    }
    add_copies();
    add_peaks();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run(argc, argv, bench::add_all);
}
