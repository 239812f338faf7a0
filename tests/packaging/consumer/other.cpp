#include <atomic>

#include <deconvviz/deconvviz.hpp>

int threads_seen_by_the_other_unit() {
    return deconvviz::threads();
}

deconvviz::Tensor<float> made_by_the_other_unit() {
    return deconvviz::Tensor<float>({2, 2}, 0.5F);
}

int work_of_the_other_unit() {
    std::atomic<int> done = 0;
    deconvviz::parallel_for(100, 1, [&](deconvviz::Index begin, deconvviz::Index end) { done += int(end - begin); });
    return done;
}

deconvviz::Tensor<float> projected_by_the_other_unit(const deconvviz::Sequential<float>& model,
                                                     const deconvviz::Trace<float>& trace) {
    return deconvviz::deconvnet(model, trace, deconvviz::all_maps(trace, "maxpool1"));
}
