// What scripts/measure-compile.sh compiles besides the README's example: the umbrella header, a model and its training.
#include <deconvviz/deconvviz.hpp>
namespace dv = deconvviz;
int main(int, char** v) {
    dv::Sequential<float> model(
        {1, 28, 28}, dv::Conv2D<float>({.in = 1, .out = 16, .kernel = 5}), dv::ReLU<float>(),
        dv::MaxPool2D<float>({.kernel = 2}), dv::Conv2D<float>({.in = 16, .out = 32, .kernel = 5}), dv::ReLU<float>(),
        dv::MaxPool2D<float>({.kernel = 2}), dv::Flatten<float>(), dv::Dense<float>({.in = 512, .out = 10}));
    const auto digits = dv::load_mnist(v[1]);
    dv::fit(model, digits.train, {.epochs = 5, .seed = 7}, [](const dv::EpochReport&) {});
    return dv::evaluate(model, digits.test).accuracy > 0.99 ? 0 : 1;
}
