// How exact are convolutions of 3x3 by Winograd's filtering, and directly? The largest error of an output, as a share
// of the largest output, against the same sums in double precision; forward and transposed, on random weights and on
// the weights of a net that has learned digits. Prints a table.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "deconvviz/core/random.hpp"
#include "deconvviz/data/digits.hpp"
#include "deconvviz/kernels/convolution.hpp"
#include "deconvviz/kernels/transposed_convolution.hpp"
#include "deconvviz/layers/conv2d.hpp"
#include "deconvviz/layers/dense.hpp"
#include "deconvviz/layers/flatten.hpp"
#include "deconvviz/layers/max_pool2d.hpp"
#include "deconvviz/layers/relu.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/train/fit.hpp"

namespace {

namespace dv = deconvviz;
using dv::Index;
using dv::kernels::ConvolutionShape;

std::vector<double> widened(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

/// The largest difference, as a share of the largest value.
double error(const std::vector<float>& got, const std::vector<double>& exact) {
    double largest = 0;
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        largest = std::max(largest, std::abs(exact[i]));
        worst = std::max(worst, std::abs(static_cast<double>(got[i]) - exact[i]));
    }
    return largest > 0 ? worst / largest : 0;
}

/// Errors of one convolution with this source and these weights; the transposed one takes the convolution's output,
/// rectified, as its signal.
void report(const std::string& name, ConvolutionShape s, const std::vector<float>& src,
            const std::vector<float>& weights) {
    const auto outputs = static_cast<std::size_t>(s.batch * s.dst_channels * s.dst_plane());
    double errors[2][2];
    for (const auto method : {dv::ConvolutionMethod::automatic, dv::ConvolutionMethod::direct}) {
        s.method = method;
        std::vector<float> dst(outputs);
        dv::kernels::convolution<float>(s, src.data(), weights.data(), nullptr, dst.data(), s.whole_dst());
        std::vector<float> signal(dst);
        for (float& value : signal) value = std::max(value, 0.0F);
        std::vector<float> below(src.size());
        dv::kernels::transposed_convolution(s, signal.data(), weights.data(), below.data(), s.whole_src());

        ConvolutionShape exact = s;
        exact.method = dv::ConvolutionMethod::direct;
        const auto wide_weights = widened(weights);
        std::vector<double> exact_dst(outputs);
        dv::kernels::convolution<double>(exact, widened(src).data(), wide_weights.data(), nullptr, exact_dst.data(),
                                         s.whole_dst());
        std::vector<double> exact_below(src.size());
        dv::kernels::transposed_convolution(exact, widened(signal).data(), wide_weights.data(), exact_below.data(),
                                            s.whole_src());
        const int row = method == dv::ConvolutionMethod::direct;
        errors[row][0] = error(dst, exact_dst);
        errors[row][1] = error(below, exact_below);
    }
    std::printf("%-28s %10.1e %10.1e %12.1e %10.1e\n", name.c_str(), errors[0][0], errors[1][0], errors[0][1],
                errors[1][1]);
}

ConvolutionShape shape(Index channels, Index maps, Index size, Index batch) {
    return {.batch = batch,
            .src_channels = channels,
            .src_height = size,
            .src_width = size,
            .dst_channels = maps,
            .dst_height = size,
            .dst_width = size,
            .sliding = {3, 1, 1, 1}};
}

/// Normal weights of He's variance; a source as a ReLU leaves it.
void report_random(Index channels, Index size) {
    const ConvolutionShape s = shape(channels, channels, size, 1);
    dv::Random random(static_cast<std::uint64_t>(channels * size));
    std::vector<float> src(static_cast<std::size_t>(channels * s.src_plane()));
    for (float& value : src) value = static_cast<float>(std::max(random.normal(), 0.0));
    std::vector<float> weights(static_cast<std::size_t>(channels * channels * 9));
    const double deviation = std::sqrt(2.0 / static_cast<double>(9 * channels));
    for (float& weight : weights) weight = static_cast<float>(deviation * random.normal());
    report(dv::detail::concat("random ", channels, "x", channels, " @", size), s, src, weights);
}

/// Every convolution of a net that has learned digits, on what it sees.
void report_trained() {
    const auto conv = [](Index in, Index out, std::uint64_t seed) {
        return dv::Conv2D<float>({.in = in, .out = out, .kernel = 3, .padding = 1, .seed = seed});
    };
    dv::Sequential<float> model({1, 28, 28}, conv(1, 32, 1), dv::ReLU<float>(), conv(32, 32, 2), dv::ReLU<float>(),
                                dv::MaxPool2D<float>({.kernel = 2}), conv(32, 64, 3), dv::ReLU<float>(),
                                conv(64, 64, 4), dv::ReLU<float>(), dv::MaxPool2D<float>({.kernel = 2}),
                                dv::Flatten<float>(), dv::Dense<float>({.in = 64 * 7 * 7, .out = 10}));
    const dv::Dataset<float> digits = dv::draw_digits<float>({.count = 4000, .seed = 1});
    dv::fit(model, digits, {.epochs = 3, .seed = 7});
    constexpr Index pictures = 8;
    dv::Tensor<float> images({pictures, 1, 28, 28});
    std::copy_n(digits.images.begin(), images.size(), images.begin());
    const dv::Trace<float> trace = model.trace(images);
    for (const char* name : {"conv2", "conv3", "conv4"}) {
        const auto& layer = model.layer<dv::Conv2D<float>>(name);
        const dv::Tensor<float>& src = trace.layer(name).src;
        report(dv::detail::concat("trained ", layer.options().in, "x", layer.options().out, " @", src.shape()[2]),
               shape(layer.options().in, layer.options().out, src.shape()[2], pictures), {src.begin(), src.end()},
               {layer.weights().begin(), layer.weights().end()});
    }
}

}  // namespace

int main() {
    try {
        std::printf("%-28s %21s %23s\n", "largest error / largest", "forward", "transposed");
        std::printf("%-28s %10s %10s %12s %10s\n", "", "automatic", "direct", "automatic", "direct");
        for (const auto& [channels, size] :
             {std::pair<Index, Index>{64, 56}, {128, 56}, {256, 28}, {512, 28}, {512, 14}})
            report_random(channels, size);
        report_trained();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "bench_winograd_error: %s\n", problem.what());
        return 1;
    }
}
