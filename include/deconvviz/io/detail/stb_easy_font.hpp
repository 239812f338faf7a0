/// @file
/// The one place that includes stb_easy_font.h, in the namespace detail::stb.
/// Everything in it is static (each file that includes this has its own copy, unused parts cost nothing), so it never
/// meets a copy of stb that the user compiles, before or after, in the same file or another.
#pragma once

#include <math.h>
#include <stdlib.h>

// Whatever macros the including file has set for its own use of this header are put aside, and put back below.
#pragma push_macro("INCLUDE_STB_EASY_FONT_H")
#undef INCLUDE_STB_EASY_FONT_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wcast-align"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"

namespace deconvviz::detail::stb {

#include <stb/stb_easy_font.h>

}  // namespace deconvviz::detail::stb

#pragma GCC diagnostic pop

#pragma pop_macro("INCLUDE_STB_EASY_FONT_H")
