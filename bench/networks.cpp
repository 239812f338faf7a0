// Whole networks through the public interface: a training step, forward passes, and projections of a unit and of a map,
// each in memory that is used again.
#include <string>
#include <vector>

#include "deconvviz/model/sequential.hpp"
#include "deconvviz/model/trace.hpp"
#include "deconvviz/model/workspace.hpp"
#include "deconvviz/model/zoo.hpp"
#include "deconvviz/train/loss.hpp"
#include "deconvviz/train/sgd.hpp"
#include "deconvviz/visualize/deconvnet.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "support/lenet_like.hpp"
#include "support/suite.hpp"

namespace bench {
namespace {

/// One training, step by step, as `fit` does it.
class Training {
  public:
    explicit Training(Index batch) : images_(random_tensor<float>({batch, 1, 28, 28}, 1)) {
        for (Index n = 0; n < batch; ++n) labels_.push_back(static_cast<int>(n % 10));
    }

    void step() {
        model_.trace(images_, trace_, {.training = true});
        dv::softmax_cross_entropy<float>(trace_.output(), labels_, &grad_output_);
        model_.backward(trace_, grad_output_, gradients_);
        sgd_.step(model_, gradients_, 1e-3);  // so small that thousands of steps change no timing
    }

  private:
    dv::Sequential<float> model_ = lenet_like();
    dv::Tensor<float> images_;
    std::vector<int> labels_;
    dv::Trace<float> trace_;
    dv::Tensor<float> grad_output_;
    dv::Gradients<float> gradients_;
    dv::Sgd<float> sgd_;
};

/// Forward passes of one picture, and projections from the layer `last`, the ReLU of the last convolution: forward as
/// far as that layer, and back to the picture from map 0, its strongest unit or all of it.
void add_network(const std::string& name, dv::Sequential<float> (*make)(const dv::zoo::ZooOptions&),
                 const std::string& last) {
    const Shared network([make] { return make({}); });
    const auto image = [=] { return random_tensor<float>((*network).input_shape(), 1); };
    add("forward/deconvviz/" + name, {}, [=] {
        return [=, input = image(), workspace = dv::Workspace<float>()]() mutable {
            benchmark::DoNotOptimize((*network).forward(input, workspace).data());
        };
    });
    const auto add_projection = [&](const std::string& kernel, auto seed_of) {
        add(kernel + "/deconvviz/" + name, {}, [=] {
            return [=, input = image(), trace = dv::Trace<float>(), workspace = dv::Workspace<float>()]() mutable {
                (*network).trace(input, trace, {.last = last});
                const dv::Seed<float> seed = seed_of(trace, dv::MapOptions{.layer = last, .map = 0});
                benchmark::DoNotOptimize(dv::deconvnet(*network, trace, seed, {}, workspace).data());
            };
        });
    };
    add_projection("projection", dv::strongest<float>);
    add_projection("projection_whole_map", dv::whole_map<float>);
}

void add_all() {
    add("training_step/deconvviz/lenet_like_b64", {},
        [] { return [training = Training(64)]() mutable { training.step(); }; });
    add_network("zfnet", dv::zoo::zfnet<float>, "relu5");
    add_network("vgg16", dv::zoo::vgg16<float>, "relu5_3");
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::run(argc, argv, bench::add_all);
}
