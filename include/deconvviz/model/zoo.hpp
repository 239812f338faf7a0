/// @file
/// Networks of the papers, ready made: LeNet-5, AlexNet, ZFNet, VGG-16, with random weights.
///
/// Each function builds one network, of one picture's shape, whose layers have the names of the tables below. They all
/// end in logits: the loss has its own softmax, and `softmax` turns a row of logits into probabilities. Weights are
/// drawn anew (normal, variance 2 / fan-in [he2015], biases 0), where the papers draw with a fixed deviation of 0.01 or
/// so; trained ones are none of this header's business.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/random.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/layers/any_layer.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/dropout.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/local_response_norm.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz::zoo {

/// Options of a ready-made network: `zoo::vgg16<float>({.classes = 102})`.
struct ZooOptions {
    Index classes = 0;       // logits of the last layer; 0 for as many as in the paper: 1000, LeNet-5 10
    std::uint64_t seed = 1;  // of the weights; each layer gets a seed of its own from it

    Index classes_or(Index of_the_paper) const { return classes == 0 ? of_the_paper : classes; }
};

namespace detail {

/// A network as it grows: each layer is put behind those before, takes its number of inputs from them, and, where it
/// has weights, a seed that no other layer has.
template <class T>
class Chain {
  public:
    Chain(const Shape& input, std::uint64_t seed) : input_(input), shape_(input), seed_(seed) {}

    /// A convolution, "conv" and the number, and its ReLU. `options.in` and `options.seed` are filled in.
    Chain& conv(const std::string& number, Conv2DOptions options) {
        options.in = shape_[0];
        options.seed = next_seed();
        return add("conv" + number, Conv2D<T>(options)).add("relu" + number, ReLU<T>());
    }

    Chain& pool(const std::string& number, const MaxPool2DOptions& options) {
        return add("pool" + number, MaxPool2D<T>(options));
    }

    /// The normalisation of AlexNet and ZFNet. The paper's alpha of 1e-4 multiplies the sum of squares as it is, ours
    /// their mean over the window of 5 maps.
    Chain& norm(const std::string& number) {
        return add("norm" + number, LocalResponseNorm<T>({.size = 5, .alpha = 5 * 1e-4, .beta = 0.75, .k = 2}));
    }

    Chain& flatten() { return add("flatten", Flatten<T>()); }

    /// A dense layer, "fc" and the number.
    Chain& dense(const std::string& number, Index out) {
        return add("fc" + number, Dense<T>({.in = shape_[0], .out = out, .seed = next_seed()}));
    }

    /// A dense layer and its ReLU.
    Chain& hidden(const std::string& number, Index out) { return dense(number, out).add("relu" + number, ReLU<T>()); }

    Chain& dropout(const std::string& number) { return add("drop" + number, Dropout<T>({.rate = 0.5})); }

    /// The network of these layers, which are moved into it.
    Sequential<T> model() { return Sequential<T>(input_, std::move(layers_)); }

  private:
    std::uint64_t next_seed() { return derived_seed(seed_, number_++); }

    template <class L>
    Chain& add(std::string name, L layer) {
        layers_.emplace_back(named(std::move(name), std::move(layer)));
        shape_ = layers_.back().output_shape(shape_);
        return *this;
    }

    Shape input_;
    Shape shape_;  // behind the last layer so far
    std::uint64_t seed_;
    std::uint64_t number_ = 0;  // of layers with weights so far
    std::vector<AnyLayer<T>> layers_;
};

}  // namespace detail

/// LeNet-5 [lecun1998, §II.B] for pictures (1, 28, 28), as MNIST has them. 61,706 parameters.
///
/// | layers               | in the paper | what                       | output     |
/// | -------------------- | ------------ | -------------------------- | ---------- |
/// | conv1, relu1         | C1           | 6 filters 5x5, padding 2   | (6,28,28)  |
/// | pool1                | S2           | maximum 2x2                | (6,14,14)  |
/// | conv2, relu2         | C3           | 16 filters 5x5             | (16,10,10) |
/// | pool2                | S4           | maximum 2x2                | (16,5,5)   |
/// | conv3, relu3         | C5           | 120 filters 5x5            | (120,1,1)  |
/// | flatten, fc4, relu4  | F6           | 84 features                | (84)       |
/// | fc5                  | output       | 10 logits                  | (10)       |
///
/// The sizes of the maps are the paper's, little else is: its C3 connects each map to some maps of S2 only, here to all
/// of them; its S2 and S4 average and have a factor and a bias for each map, here they take the maximum, so that there
/// are switches; it has scaled hyperbolic tangents for our ReLUs, and distances to fixed bit patterns for our logits.
/// The paper's input is the digit of 28x28 in a field of 32x32: that is the padding of conv1 here.
template <class T>
Sequential<T> lenet5(const ZooOptions& options = {}) {
    return detail::Chain<T>({1, 28, 28}, options.seed)
        .conv("1", {.out = 6, .kernel = 5, .padding = 2})
        .pool("1", {.kernel = 2})
        .conv("2", {.out = 16, .kernel = 5})
        .pool("2", {.kernel = 2})
        .conv("3", {.out = 120, .kernel = 5})
        .flatten()
        .hidden("4", 84)
        .dense("5", options.classes_or(10))
        .model();
}

/// AlexNet [krizhevsky2012, §3.5] for pictures (3, 227, 227). 60,965,224 parameters.
///
/// | layers                      | what                                               | output                   |
/// | --------------------------- | -------------------------------------------------- | ------------------------ |
/// | conv1, relu1, norm1, pool1  | 96 filters 11x11, stride 4; maximum 3x3, stride 2  | (96,55,55), (96,27,27)   |
/// | conv2, relu2, norm2, pool2  | 256 filters 5x5, padding 2, 2 groups; as above     | (256,27,27), (256,13,13) |
/// | conv3, relu3                | 384 filters 3x3, padding 1                         | (384,13,13)              |
/// | conv4, relu4                | 384 filters 3x3, padding 1, 2 groups               | (384,13,13)              |
/// | conv5, relu5, pool5         | 256 filters 3x3, padding 1, 2 groups; as above     | (256,13,13), (256,6,6)   |
/// | flatten, fc6, relu6, drop6  | 4096 features, dropout 1/2                         | (4096)                   |
/// | fc7, relu7, drop7           | 4096 features, dropout 1/2                         | (4096)                   |
/// | fc8                         | 1000 logits                                        | (1000)                   |
///
/// The groups are the paper's two GPUs. The paper gives the input as 224x224, of which its 55 positions of the first
/// filter cannot come; with 227, and no padding, they do. It lists no padding for the others; these keep its sizes.
/// Its biases start at 1 in conv2, conv4, conv5, fc6 and fc7; here all start at 0.
template <class T>
Sequential<T> alexnet(const ZooOptions& options = {}) {
    return detail::Chain<T>({3, 227, 227}, options.seed)
        .conv("1", {.out = 96, .kernel = 11, .stride = 4})
        .norm("1")
        .pool("1", {.kernel = 3, .stride = 2})
        .conv("2", {.out = 256, .kernel = 5, .padding = 2, .groups = 2})
        .norm("2")
        .pool("2", {.kernel = 3, .stride = 2})
        .conv("3", {.out = 384, .kernel = 3, .padding = 1})
        .conv("4", {.out = 384, .kernel = 3, .padding = 1, .groups = 2})
        .conv("5", {.out = 256, .kernel = 3, .padding = 1, .groups = 2})
        .pool("5", {.kernel = 3, .stride = 2})
        .flatten()
        .hidden("6", 4096)
        .dropout("6")
        .hidden("7", 4096)
        .dropout("7")
        .dense("8", options.classes_or(1000))
        .model();
}

/// The network of Zeiler and Fergus [zeiler2014, §3, Fig. 3] for pictures (3, 224, 224). 62,357,608 parameters.
///
/// | layers                     | what                                                   | output                   |
/// | -------------------------- | ------------------------------------------------------ | ------------------------ |
/// | conv1, relu1, pool1, norm1 | 96 filters 7x7, stride 2, pad 1; maximum 3x3, stride 2 | (96,110,110), (96,55,55) |
/// | conv2, relu2, pool2, norm2 | 256 filters 5x5, stride 2; as above                    | (256,26,26), (256,13,13) |
/// | conv3, relu3               | 384 filters 3x3, pad 1                                 | (384,13,13)              |
/// | conv4, relu4               | 384 filters 3x3, pad 1                                 | (384,13,13)              |
/// | conv5, relu5, pool5        | 256 filters 3x3, pad 1; as above                       | (256,13,13), (256,6,6)   |
/// | flatten, fc6, relu6, drop6 | 4096 features, dropout 1/2                             | (4096)                   |
/// | fc7, relu7, drop7          | 4096 features, dropout 1/2                             | (4096)                   |
/// | fc8                        | 1000 logits                                            | (1000)                   |
///
/// The paper gives the sizes of the maps but no padding and no rule of rounding: paddings of 1, 0, 1, 1, 1 and pools
/// that round up give its sizes (pool5 comes out even). The constants of its contrast normalisation are not stated
/// either; here they are AlexNet's.
template <class T>
Sequential<T> zfnet(const ZooOptions& options = {}) {
    return detail::Chain<T>({3, 224, 224}, options.seed)
        .conv("1", {.out = 96, .kernel = 7, .stride = 2, .padding = 1})
        .pool("1", {.kernel = 3, .stride = 2, .ceil = true})
        .norm("1")
        .conv("2", {.out = 256, .kernel = 5, .stride = 2})
        .pool("2", {.kernel = 3, .stride = 2, .ceil = true})
        .norm("2")
        .conv("3", {.out = 384, .kernel = 3, .padding = 1})
        .conv("4", {.out = 384, .kernel = 3, .padding = 1})
        .conv("5", {.out = 256, .kernel = 3, .padding = 1})
        .pool("5", {.kernel = 3, .stride = 2})
        .flatten()
        .hidden("6", 4096)
        .dropout("6")
        .hidden("7", 4096)
        .dropout("7")
        .dense("8", options.classes_or(1000))
        .model();
}

/// VGG-16, configuration D of [simonyan2015, §2.1, Table 1], for pictures (3, 224, 224). 138,357,544 parameters.
///
/// | layers                                           | filters 3x3, padding 1 | output        | pool, maximum 2x2    |
/// | ------------------------------------------------ | ---------------------- | ------------- | -------------------- |
/// | conv1_1, relu1_1, conv1_2, relu1_2               | 64                     | (64,224,224)  | pool1: (64,112,112)  |
/// | conv2_1, relu2_1, conv2_2, relu2_2               | 128                    | (128,112,112) | pool2: (128,56,56)   |
/// | conv3_1, relu3_1, … conv3_3, relu3_3             | 256                    | (256,56,56)   | pool3: (256,28,28)   |
/// | conv4_1, relu4_1, … conv4_3, relu4_3             | 512                    | (512,28,28)   | pool4: (512,14,14)   |
/// | conv5_1, relu5_1, … conv5_3, relu5_3             | 512                    | (512,14,14)   | pool5: (512,7,7)     |
/// | flatten, fc6, relu6, drop6                       | 4096 features          | (4096)        |                      |
/// | fc7, relu7, drop7                                | 4096 features          | (4096)        |                      |
/// | fc8                                              | 1000 logits            | (1000)        |                      |
///
/// As in the paper but for the first weights. Memory: 553 MB of weights in float.
template <class T>
Sequential<T> vgg16(const ZooOptions& options = {}) {
    struct Block {
        int convolutions;
        Index maps;
    };
    detail::Chain<T> chain({3, 224, 224}, options.seed);
    int number = 0;
    for (const Block& block : {Block{2, 64}, Block{2, 128}, Block{3, 256}, Block{3, 512}, Block{3, 512}}) {
        const std::string name = std::to_string(++number);
        for (int i = 1; i <= block.convolutions; ++i)
            chain.conv(name + "_" + std::to_string(i), {.out = block.maps, .kernel = 3, .padding = 1});
        chain.pool(name, {.kernel = 2});
    }
    chain.flatten().hidden("6", 4096).dropout("6").hidden("7", 4096).dropout("7");
    return chain.dense("8", options.classes_or(1000)).model();
}

}  // namespace deconvviz::zoo
