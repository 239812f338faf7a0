// The main function of every test program. It leaves with 77, which ctest counts as skipped, where DECONVVIZ_ISA asks
// for an instruction set that this machine does not have, and says which one the kernels start with.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "deconvviz/kernels/isa.hpp"

namespace {

bool asks_for_a_missing_isa() {
    const char* wanted = std::getenv("DECONVVIZ_ISA");
    if (wanted == nullptr) return false;
    for (const deconvviz::Isa isa : {deconvviz::Isa::portable, deconvviz::Isa::avx2, deconvviz::Isa::avx512})
        if (wanted == deconvviz::name(isa)) return !deconvviz::supported(isa);
    return false;  // a name that does not exist: active_isa() says so
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int skipped = 77;
    try {
        if (asks_for_a_missing_isa()) {
            std::cout << "skipped: this machine does not have " << std::getenv("DECONVVIZ_ISA") << '\n';
            return skipped;
        }
        std::cout << "instruction set: " << deconvviz::name(deconvviz::active_isa()) << '\n';
        return doctest::Context(argc, argv).run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
