// One of two translation units with the whole library: they must link, and agree on what they share.
#include <atomic>
#include <cstdio>

#include <deconvviz/deconvviz.hpp>

int threads_seen_by_the_other_unit();
int work_of_the_other_unit();
deconvviz::Tensor<float> made_by_the_other_unit();
deconvviz::Tensor<float> projected_by_the_other_unit(const deconvviz::Sequential<float>& model,
                                                     const deconvviz::Trace<float>& trace);

int main() {
    deconvviz::set_threads(3);
    if (threads_seen_by_the_other_unit() != 3) {
        std::puts("the two translation units do not share the number of threads");
        return 1;
    }
    if (made_by_the_other_unit() != deconvviz::Tensor<float>({2, 2}, 0.5F)) {
        std::puts("a tensor from the other translation unit arrived changed");
        return 1;
    }
    std::atomic<int> done = 0;
    deconvviz::parallel_for(100, 1, [&](deconvviz::Index begin, deconvviz::Index end) { done += int(end - begin); });
    if (done + work_of_the_other_unit() != 200) {
        std::puts("the two translation units do not share the threads");
        return 1;
    }
    namespace dv = deconvviz;
    const dv::Sequential<float> model({1, 8, 8}, dv::Conv2D<float>({.in = 1, .out = 3, .kernel = 3}), dv::ReLU<float>(),
                                      dv::MaxPool2D<float>());
    const auto trace = model.trace(dv::Tensor<float>({1, 8, 8}, 0.25F));
    if (projected_by_the_other_unit(model, trace) != dv::deconvnet(model, trace, dv::all_maps(trace, "maxpool1"))) {
        std::puts("the two translation units do not project alike");
        return 1;
    }
    std::printf("deconvviz %s works in two translation units\n", deconvviz::version);
}
