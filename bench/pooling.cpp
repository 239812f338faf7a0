// Max pooling with switches, and unpooling by them, beside oneDNN and a copy of as many bytes.
#include <cstdint>
#include <string>
#include <vector>

#include "deconvviz/kernels/max_pool.hpp"
#include "support/copy.hpp"
#include "support/suite.hpp"

namespace bench {
namespace {

using dv::kernels::MaxPoolShape;

/// A pooling that rounds up, as ZFNet's do; it comes out even in VGG-16's.
MaxPoolShape pooling(Index maps, Index size, Index kernel, Index stride) {
    const Index dst_size = dv::pooled_size(size, kernel, stride, 0, true);
    return {.planes = maps,
            .src_height = size,
            .src_width = size,
            .dst_height = dst_size,
            .dst_width = dst_size,
            .sliding = {kernel, stride, 0, 1}};
}

/// "96_k3s2_110": maps, kernel and stride, size of the larger side.
std::string shape_name(const MaxPoolShape& s) {
    return dv::detail::concat(s.planes, "_k", s.sliding.kernel.y, 's', s.sliding.stride.y, '_', s.src_height);
}

/// What must be moved at least, by pooling and by unpooling: both maps, and switches of one byte.
Cost cost(const MaxPoolShape& s) {
    return {.bytes = static_cast<double>(s.planes * (4 * s.src_plane() + 5 * s.dst_plane()))};
}

/// A pooling with its operands; the switches are those of `src`.
struct Operands {
    MaxPoolShape shape;
    dv::Tensor<float> src, dst;
    std::vector<std::uint8_t> switches;

    explicit Operands(const MaxPoolShape& s)
        : shape(s),
          src(random_tensor<float>({s.planes, s.src_height, s.src_width}, 1)),
          dst({s.planes, s.dst_height, s.dst_width}),
          switches(static_cast<std::size_t>(dst.size())) {
        pool();
    }

    void pool() { dv::kernels::max_pool(shape, src.data(), dst.data(), switches.data(), shape.whole_dst()); }
    void unpool() {
        dv::kernels::unpool(shape, dst.data(), switches.data(), src.data(), dv::Overlap::accumulate, shape.whole_src());
    }
};

void add_ours(const MaxPoolShape& shape) {
    add("max_pool/deconvviz/" + shape_name(shape), cost(shape),
        [=] { return [o = Operands(shape)]() mutable { o.pool(); }; });
    add("unpool/deconvviz/" + shape_name(shape), cost(shape),
        [=] { return [o = Operands(shape)]() mutable { o.unpool(); }; });
}

#ifdef DECONVVIZ_HAVE_ONEDNN
// Its pooling takes the layout of its input: the blocked one of its convolutions. The workspace has the switches; its
// backward pass is unpooling by them.
void add_onednn(const MaxPoolShape& shape) {
    using namespace onednn;
    const auto both = [=] {
        const auto layout =
            dv::active_isa() == dv::Isa::avx512 ? dnnl::memory::format_tag::nChw16c : dnnl::memory::format_tag::nChw8c;
        const auto& [kernel, stride, padding, dilation] = shape.sliding;
        const dnnl::memory::desc src = described({1, shape.planes, shape.src_height, shape.src_width}, layout);
        const dnnl::memory::desc dst = described({1, shape.planes, shape.dst_height, shape.dst_width});
        const dnnl::memory::dims strides{stride.y, stride.x}, kernels{kernel.y, kernel.x}, begin{0, 0},
            end{(shape.dst_height - 1) * stride.y + kernel.y - shape.src_height,
                (shape.dst_width - 1) * stride.x + kernel.x - shape.src_width};
        const dnnl::pooling_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, dnnl::algorithm::pooling_max, src, dst, strides, kernels, begin, end},
            engine());
        const dnnl::pooling_backward::primitive_desc backward(
            {dnnl::algorithm::pooling_max, src, forward.dst_desc(), strides, kernels, begin, end}, engine(), forward);
        Work pool{dnnl::pooling_forward(forward),
                  {{DNNL_ARG_SRC, random_memory(forward.src_desc(), 1)},
                   {DNNL_ARG_DST, empty_memory(forward.dst_desc())},
                   {DNNL_ARG_WORKSPACE, empty_memory(forward.workspace_desc())}}};
        pool();
        Work unpool{dnnl::pooling_backward(backward),
                    {{DNNL_ARG_DIFF_DST, pool.operands.at(DNNL_ARG_DST)},
                     {DNNL_ARG_WORKSPACE, pool.operands.at(DNNL_ARG_WORKSPACE)},
                     {DNNL_ARG_DIFF_SRC, empty_memory(backward.diff_src_desc())}}};
        return std::pair(pool, unpool);
    };
    add("max_pool/onednn/" + shape_name(shape), cost(shape), [=] { return both().first; });
    add("unpool/onednn/" + shape_name(shape), cost(shape), [=] { return both().second; });
}
#else
void add_onednn(const MaxPoolShape&) {}
#endif

void add_all() {
    for (const MaxPoolShape& shape : {pooling(64, 224, 2, 2), pooling(96, 110, 3, 2)}) {
        add_ours(shape);
        add_onednn(shape);
        add_copy(shape_name(shape), cost(shape).bytes);
    }
    add_copies();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run(argc, argv, bench::add_all);
}
