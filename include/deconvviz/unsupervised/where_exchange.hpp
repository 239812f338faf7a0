/// @file
/// exchange_where: pictures made of the "what" of one and the "where" of another.
#pragma once

#include <algorithm>

#include "deconvviz/core/tensor.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/unsupervised/mirror.hpp"

namespace deconvviz {

/// For N pictures (N, C, H, W) all N² reconstructions (N, N, C, H, W) by a mirror: entry (i, j) is made of what picture
/// i has at the mirror's top and of the switches of picture j, so (i, i) is the ordinary reconstruction of picture i.
/// It shows which of the two carries what of a picture: the idea of [zhao2015, Fig. 3], of pictures in place of moved
/// units. Throws what Sequential::trace and MirrorNetwork::trace throw.
/// Cost: N passes of a batch of N through the mirror.
template <class T>
Tensor<T> exchange_where(const Sequential<T>& model, const MirrorNetwork<T>& mirror, const Tensor<T>& images) {
    const TraceOptions up_to_top{.last = static_cast<Index>(mirror.top())};
    const Trace<T> what = model.trace(images, up_to_top);
    const Index count = what.batch();
    const Index values = what.input().size() / count;
    const Shape& picture = what.input().shape();
    Tensor<T> all({count, count, picture[1], picture[2], picture[3]});
    Tensor<T> same(picture);
    Trace<T> where;
    MirrorTrace<T> seen;
    for (Index j = 0; j < count; ++j) {
        for (Index i = 0; i < count; ++i)
            std::copy_n(what.input().data() + j * values, values, same.data() + i * values);
        model.trace(same, where, up_to_top);
        mirror.trace(model, what, where, seen);
        for (Index i = 0; i < count; ++i)
            std::copy_n(seen.reconstruction().data() + i * values, values, all.data() + (i * count + j) * values);
    }
    return all;
}

}  // namespace deconvviz
