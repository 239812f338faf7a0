#include <deconvviz/deconvviz.hpp>

#include <cstdio>

namespace dv = deconvviz;

int main() {
    dv::Sequential<float> model(
        {1, 28, 28},  // channels, height, width: every shape is checked here
        dv::Conv2D<float>({.in = 1, .out = 16, .kernel = 5}), dv::ReLU<float>(), dv::MaxPool2D<float>({.kernel = 2}),
        dv::Conv2D<float>({.in = 16, .out = 32, .kernel = 5}), dv::ReLU<float>(), dv::MaxPool2D<float>({.kernel = 2}),
        dv::Flatten<float>(), dv::Dense<float>({.in = 512, .out = 10}));

    const auto digits = dv::draw_digits({.count = 10000});  // or dv::load_mnist("folder").train
    dv::fit(model, digits, {.epochs = 2, .seed = 7}, [](const dv::EpochReport& report) {
        std::printf("epoch %d: accuracy %.1f %%\n", report.epoch, 100 * report.accuracy);
    });

    const auto image = digits.image(digits.find(6));
    const auto trace = model.trace(image);  // activations and switches of one forward pass
    const auto unit = dv::deconvnet(model, trace, dv::strongest(trace, {.layer = "relu2"}));
    const auto all = dv::deconvnet(model, trace, dv::all_maps(trace, "relu2"));
    const auto heat = dv::occlusion_sensitivity(model, image, {.patch = 7, .target = 6});
    using dv::figure::render;
    dv::save_png("six.png",
                 dv::figure::grid({render(image), render(unit, {.symmetric = true}), render(all, {.symmetric = true}),
                                   render(heat.per_pixel(), {.colormap = dv::figure::Colormap::heat})},
                                  {.titles = {"a six", "strongest unit", "all maps", "P(6) if hidden"}}));
}
