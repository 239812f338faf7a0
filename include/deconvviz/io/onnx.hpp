/// @file
/// ONNX files: models from other tools in, models of this library out. It links protobuf, so it is no part of the
/// umbrella header and has a CMake target of its own, deconvviz::onnx.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/io/detail/onnx_chain.hpp"
#include "deconvviz/io/detail/onnx_file.hpp"
#include "deconvviz/io/detail/onnx_writer.hpp"
#include "deconvviz/model/layer_id.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {

/// Options of load_onnx.
struct OnnxOptions {
    std::optional<Shape> input = std::nullopt;   // of a picture, (C, H, W): for models that leave its size open
    std::optional<LayerId> last = std::nullopt;  // the model ends with this layer
};

/// Reads a model from an ONNX file of opset 7 to 17 whose graph is a chain:
///
///     auto model = load_onnx<float>("classifier.onnx");
///
/// | operator                                  | layer                                                           |
/// | ----------------------------------------- | --------------------------------------------------------------- |
/// | Conv (groups, dilations, pads, auto_pad)  | Conv2D                                                          |
/// | Relu, LeakyRelu, Clip from 0              | ReLU, LeakyReLU, ClippedReLU (a ReLU without an upper limit)    |
/// | MaxPool, AveragePool, GlobalAveragePool   | MaxPool2D, AveragePool2D, GlobalAveragePool2D                   |
/// | Gemm; MatMul, with an Add of its bias     | Dense                                                           |
/// | BatchNormalization, LRN                   | BatchNorm, LocalResponseNorm                                    |
/// | Dropout, Pad with zeros                   | Dropout, ZeroPad2D                                              |
/// | Softmax over flat features or over maps   | Softmax (of maps also the Transposes around it below opset 13)  |
/// | Flatten; Reshape, Squeeze that flatten    | Flatten                                                         |
/// | Identity                                  | none                                                            |
///
/// Shapes and paddings that an exporter computes on the side (Shape, Gather, Concat, …) are worked out, the some thirty
/// nodes that PyTorch writes for a LocalResponseNorm are one layer, and weights may pass Transpose, Cast and Identity.
/// Weights are initialisers or Constant nodes of float, double or float16, raw or typed or in external files in the
/// model's folder or below, and become T. Layers have their nodes' names, where these are not empty or taken.
/// Attributes of type float are read as the shortest decimal number that gives the same float: 0.1 and not
/// 0.10000000149, which is what their exporter meant.
///
/// With `last`, a layer's index or the name of its node, the model ends there: weights behind it are not read from the
/// file, and operators behind it may be of any kind, branches too. Where there is no such layer, it is the whole model.
///
/// Throws IoError where a file cannot be read; FormatError, naming the node, its operator and what could be done, where
/// the file is no ONNX model or damaged, where the graph is no chain or has an operator or a form of one that is not in
/// the table, for a layer of more than 2^28 values a picture, and where layers share weights so often that they are
/// more than 16 times what the files hold. Cost: each weight is read from the file straight to where it stays (once
/// more for MatMul and for a Gemm without transB); memory: the weights, the graph without them (of a malicious file,
/// some 300 bytes for two).
template <class T>
Sequential<T> load_onnx(const std::filesystem::path& path, const OnnxOptions& options = {}) {
    const detail::OnnxFile file(path);
    try {
        detail::OnnxChain<T> chain(file, options.input, options.last);
        return Sequential<T>(chain.input(), chain.take());
    } catch (const FormatError&) {
        throw;
    } catch (const IoError&) {
        throw;
    } catch (const Error& error) {
        detail::raise<FormatError>(path.string(), ": ", error.what());
    }
}

/// Writes a model as an ONNX file of opset 13, for other tools and for load_onnx, whole or not at all. The batch is
/// open; weights are raw data of T's type; nodes have the names of the layers, and so have the values behind them (the
/// last one is "output", the input "input"). Parameters come back from load_onnx to the last bit, and so does what the
/// model computes in float; ONNX keeps the numbers among the options (an epsilon, a slope) as floats.
/// Throws OptionError for a layer that ONNX has no operator for (a user's own, an even window as PyTorch's),
/// FormatError for a model over 2 GiB, IoError where the file cannot be written. Memory: the weights once more.
template <class T>
void save_onnx(const std::filesystem::path& path, const Sequential<T>& model) {
    detail::OnnxWriter<T>(model).write(path);
}

}  // namespace deconvviz
