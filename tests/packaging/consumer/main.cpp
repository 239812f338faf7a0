// One of two translation units with the whole library: they must link, and agree on what they share.
#include <atomic>
#include <cstdio>

#include <deconvviz/deconvviz.hpp>

int threads_seen_by_the_other_unit();
int work_of_the_other_unit();
deconvviz::Tensor<float> made_by_the_other_unit();

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
    std::printf("deconvviz %s works in two translation units\n", deconvviz::version);
}
