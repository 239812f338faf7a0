#include "deconvviz/kernels/isa.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "deconvviz/core/error.hpp"
#include "deconvviz/kernels/detail/vector.hpp"

using namespace deconvviz;

TEST_CASE("isa: the kernels use what DECONVVIZ_ISA names, else the widest that there is") {
    const char* wanted = std::getenv("DECONVVIZ_ISA");
    CHECK(name(active_isa()) == (wanted ? std::string_view(wanted) : name(supported_isas().back())));
}

TEST_CASE("isa: ScopedIsa forces one and puts the old one back") {
    const Isa before = active_isa();
    {
        const ScopedIsa force(Isa::portable);
        CHECK(active_isa() == Isa::portable);
    }
    CHECK(active_isa() == before);
}

TEST_CASE("isa: one that the machine lacks is refused") {
    for (const Isa isa : {Isa::avx2, Isa::avx512})
        if (!supported(isa)) CHECK_THROWS_AS(set_isa(isa), OptionError);
}

TEST_CASE("isa: a wider set has wider vectors") {
    CHECK(kernels::portable::Vector<float>::lanes == 4);
#if defined(__x86_64__)
    CHECK(kernels::avx2::Vector<float>::lanes == 8);
    CHECK(kernels::avx512::Vector<float>::lanes == 16);
    CHECK(kernels::avx512::Vector<double>::lanes == 8);
#endif
}
