// What costs only what changes: occlusion maps and projections of units, beside the same by whole maps. The table has
// milliseconds for each position of the patch, or each projection.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/data/picture_source.hpp"
#include "deconvviz/model/incremental_cost.hpp"
#include "deconvviz/model/multiply_adds.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/model/workspace.hpp"
#include "deconvviz/model/zoo.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/occlusion.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "deconvviz/visualize/project_units.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "deconvviz/visualize/top_activations_pass.hpp"
#include "support/lenet_like.hpp"
#include "support/suite.hpp"

namespace bench {
namespace {

using Model = dv::Sequential<float>;

/// How many times fewer multiply-adds an incremental occlusion map needs, the mean over its positions.
double counted_gain(const Model& model, const dv::detail::PatchGrid& grid) {
    double all = 0;
    for (Index r = 0; r < grid.rows(); ++r)
        for (Index c = 0; c < grid.columns(); ++c)
            all += static_cast<double>(dv::incremental_multiply_adds(model, grid.at(r, c)));
    return static_cast<double>(dv::multiply_adds(model)) * static_cast<double>(grid.count()) / all;
}

/// An occlusion map, and the same by whole forward passes at every `sparse`-th pixel: a position costs the same
/// wherever it is.
template <class Network>
void add_occlusion(const std::string& name, const Network& network, dv::Size2D patch, Index stride, Index sparse) {
    const dv::Shape& shape = (*network).input_shape();
    const auto add_map = [&](const std::string& implementation, dv::OcclusionMethod method, Index step, double gain) {
        const dv::detail::PatchGrid grid{patch, step, shape[1], shape[2]};
        const dv::OcclusionOptions options{.patch = patch, .stride = step, .target = 0, .method = method};
        add("occlusion/" + implementation + "/" + name,
            {.questions = static_cast<double>(grid.count()), .counted_gain = gain}, [=] {
                return [=, image = random_tensor<float>((*network).input_shape(), 1)] {
                    benchmark::DoNotOptimize(dv::occlusion_sensitivity(*network, image, options).unoccluded);
                };
            });
    };
    const double gain = counted_gain(*network, {patch, stride, shape[1], shape[2]});
    add_map("deconvviz", dv::OcclusionMethod::incremental, stride, gain);
    add_map("deconvviz_whole", dv::OcclusionMethod::full, sparse, 0);
}

/// The way back alone, from one unit in the middle of map 0, and from all of a layer; the gain counted is that of the
/// picture over the unit's receptive field.
template <class Network>
void add_reverse(const std::string& name, const Network& network, const std::string& layer) {
    const dv::Shape& maps = (*network).output_shape(layer);
    const dv::Shape& picture = (*network).input_shape();
    const Index y = maps[1] / 2, x = maps[2] / 2;
    const dv::Window field = dv::receptive_field(*network, layer, {y, x, 1, 1});
    const double gain = static_cast<double>(picture[1] * picture[2]) / static_cast<double>(field.height * field.width);
    const auto traced = [=] {
        return (*network).trace(random_tensor<float>((*network).input_shape(), 1), {.last = layer});
    };
    add("reverse_of_unit/deconvviz/" + name, {.counted_gain = gain}, [=] {
        return [=, trace = traced()] {
            const std::vector<dv::TracedUnit<float>> units{{&trace, 0, y, x}};
            benchmark::DoNotOptimize(dv::project_units(*network, layer, units, {.value = dv::SeedValue::one}).size());
        };
    });
    add("reverse_of_unit/deconvviz_whole/" + name, {}, [=] {
        return [=, trace = traced(), workspace = dv::Workspace<float>()]() mutable {
            const dv::Seed<float> seed = dv::all_maps(trace, layer, dv::SeedValue::one);
            benchmark::DoNotOptimize(dv::deconvnet(*network, trace, seed, {}, workspace).data());
        };
    });
}

/// The nine strongest units of each map of a layer, found in some pictures before, projected: forward passes and ways
/// back.
template <class Network>
void add_top(const std::string& name, const Network& network, const std::string& layer, Index pictures) {
    const Index maps = (*network).output_shape(layer)[0];
    add("projection_of_top/deconvviz/" + name, {.questions = static_cast<double>(9 * maps)}, [=] {
        const auto images = random_tensor<float>((*network).input_shape().batched(pictures), 1);
        auto tops = dv::top_activations<float>(*network, images, {.layer = layer, .count = 9});
        return [=, images = images, tops = std::move(tops)] {
            benchmark::DoNotOptimize(dv::project_top<float>(*network, images, tops).count);
        };
    });
}

void add_all() {
    const Shared lenet(lenet_like);
    const Shared zfnet([] { return dv::zoo::zfnet<float>(); });
    const Shared vgg16([] { return dv::zoo::vgg16<float>(); });
    add_occlusion("lenet_like_p7_s1", lenet, 7, 1, 1);
    add_occlusion("zfnet_p32_s8", zfnet, 32, 8, 32);
    add_occlusion("zfnet_p32_s16", zfnet, 32, 16, 32);
    add_occlusion("vgg16_p32_s8", vgg16, 32, 8, 64);
    for (const auto& [name, layer] : {std::pair{"vgg16_conv2", "relu1_2"},
                                      {"vgg16_conv4", "relu2_2"},
                                      {"vgg16_conv7", "relu3_3"},
                                      {"vgg16_conv10", "relu4_3"}})
        add_reverse(name, vgg16, layer);
    add_top("zfnet_relu5_256x9", zfnet, "relu5", 256);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run(argc, argv, bench::add_all);
}
