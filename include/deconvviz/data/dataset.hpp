/// @file
/// Dataset: labelled pictures in memory.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"

namespace deconvviz {

/// Labelled pictures. `images` is (N, C, H, W), values in [0, 1]; `labels[i]` is the class of picture i, in
/// 0 … classes - 1.
template <class T = float>
struct Dataset {
    Tensor<T> images;
    std::vector<int> labels;
    int classes = 0;

    Index size() const { return static_cast<Index>(labels.size()); }

    /// Picture i as (C, H, W). Throws OptionError where i is out of range.
    Tensor<T> image(Index i) const { return images.entry(i); }

    /// The first `count` pictures (all of them where there are fewer).
    Dataset first(Index count) const {
        count = std::clamp<Index>(count, 0, size());
        const Index values = count == 0 ? 0 : images.size() / size() * count;
        return {
            Tensor<T>(images.shape().sample().batched(count), images.values().first(static_cast<std::size_t>(values))),
            {labels.begin(), labels.begin() + count},
            classes};
    }

    /// The position of the first picture with this label at or after `from`. Throws OptionError where there is none.
    Index find(int label, Index from = 0) const {
        for (Index i = std::max<Index>(from, 0); i < size(); ++i)
            if (labels[static_cast<std::size_t>(i)] == label) return i;
        detail::raise<OptionError>("no picture with label ", label, " from position ", from, " on, among ", size());
    }

    /// Throws ShapeError where images and labels do not go together, OptionError where there are none or a label is not
    /// a class.
    void check() const {
        if (labels.empty()) detail::raise<OptionError>("the data set is empty: expected at least one labelled picture");
        if (images.rank() != 4 || images.shape()[0] != size())
            detail::raise<ShapeError>("data set: expected ", size(), " pictures (N,C,H,W) for ", size(),
                                      " labels, got a tensor of shape ", images.shape());
        for (std::size_t i = 0; i < labels.size(); ++i)
            if (labels[i] < 0 || labels[i] >= classes)
                detail::raise<OptionError>("data set: label ", labels[i], " of picture ", i, " is not in 0 … ",
                                           classes - 1);
    }
};

/// Two parts that are never mixed.
template <class T = float>
struct DatasetSplit {
    Dataset<T> train;
    Dataset<T> test;
};

}  // namespace deconvviz
