/// @file
/// The one place that includes stb_truetype.h, in the namespace detail::stb.
/// Everything in it is static (each file that includes this has its own copy, unused parts cost nothing), so it never
/// meets a copy of stb that the user compiles, before or after, in the same file or another.
/// Memory comes from the GlyphArena that stbtt_fontinfo::userdata points to; a failed assertion throws FormatError.
#pragma once

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "deconvviz/core/error.hpp"

namespace deconvviz::detail {

/// The memory of one call of stb_truetype: freed as a whole, also when the call throws, and limited.
class GlyphArena {
  public:
    /// Zeroed, with a little more room than asked for: stb looks one point beyond the last one of some outlines.
    void* allocate(std::size_t bytes) {
        constexpr std::size_t slack = 64;
        constexpr std::size_t limit = std::size_t{64} << 20;
        used_ += bytes < limit ? bytes + slack : limit;
        if (used_ > limit) detail::raise<FormatError>("font: a glyph needs more than 64 MiB");
        blocks_.push_back(std::make_unique<std::max_align_t[]>((bytes + slack) / sizeof(std::max_align_t) + 1));
        return blocks_.back().get();
    }

  private:
    std::vector<std::unique_ptr<std::max_align_t[]>> blocks_;
    std::size_t used_ = 0;
};

inline void require_glyph(bool sound) {
    if (!sound) detail::raise<FormatError>("font: a glyph is damaged");
}

}  // namespace deconvviz::detail

// Whatever macros the including file has set for its own use of this header are put aside, and put back below.
#pragma push_macro("STBTT_DEF")
#undef STBTT_DEF
#pragma push_macro("STBTT_FIX")
#undef STBTT_FIX
#pragma push_macro("STBTT_FIXMASK")
#undef STBTT_FIXMASK
#pragma push_macro("STBTT_FIXSHIFT")
#undef STBTT_FIXSHIFT
#pragma push_macro("STBTT_GPOS_TODO_assert")
#undef STBTT_GPOS_TODO_assert
#pragma push_macro("STBTT_MACSTYLE_BOLD")
#undef STBTT_MACSTYLE_BOLD
#pragma push_macro("STBTT_MACSTYLE_DONTCARE")
#undef STBTT_MACSTYLE_DONTCARE
#pragma push_macro("STBTT_MACSTYLE_ITALIC")
#undef STBTT_MACSTYLE_ITALIC
#pragma push_macro("STBTT_MACSTYLE_NONE")
#undef STBTT_MACSTYLE_NONE
#pragma push_macro("STBTT_MACSTYLE_UNDERSCORE")
#undef STBTT_MACSTYLE_UNDERSCORE
#pragma push_macro("STBTT_MAX_OVERSAMPLE")
#undef STBTT_MAX_OVERSAMPLE
#pragma push_macro("STBTT_POINT_SIZE")
#undef STBTT_POINT_SIZE
#pragma push_macro("STBTT_RASTERIZER_VERSION")
#undef STBTT_RASTERIZER_VERSION
#pragma push_macro("STBTT_STATIC")
#undef STBTT_STATIC
#pragma push_macro("STBTT__COMPARE")
#undef STBTT__COMPARE
#pragma push_macro("STBTT__CSCTX_INIT")
#undef STBTT__CSCTX_INIT
#pragma push_macro("STBTT__CSERR")
#undef STBTT__CSERR
#pragma push_macro("STBTT__NOTUSED")
#undef STBTT__NOTUSED
#pragma push_macro("STBTT__OVER_MASK")
#undef STBTT__OVER_MASK
#pragma push_macro("STBTT_acos")
#undef STBTT_acos
#pragma push_macro("STBTT_assert")
#undef STBTT_assert
#pragma push_macro("STBTT_cos")
#undef STBTT_cos
#pragma push_macro("STBTT_fabs")
#undef STBTT_fabs
#pragma push_macro("STBTT_fmod")
#undef STBTT_fmod
#pragma push_macro("STBTT_free")
#undef STBTT_free
#pragma push_macro("STBTT_iceil")
#undef STBTT_iceil
#pragma push_macro("STBTT_ifloor")
#undef STBTT_ifloor
#pragma push_macro("STBTT_malloc")
#undef STBTT_malloc
#pragma push_macro("STBTT_max")
#undef STBTT_max
#pragma push_macro("STBTT_memcpy")
#undef STBTT_memcpy
#pragma push_macro("STBTT_memset")
#undef STBTT_memset
#pragma push_macro("STBTT_min")
#undef STBTT_min
#pragma push_macro("STBTT_pow")
#undef STBTT_pow
#pragma push_macro("STBTT_sqrt")
#undef STBTT_sqrt
#pragma push_macro("STBTT_strlen")
#undef STBTT_strlen
#pragma push_macro("STBTT_vmove")
#undef STBTT_vmove
#pragma push_macro("STB_RECT_PACK_VERSION")
#undef STB_RECT_PACK_VERSION
#pragma push_macro("STB_TRUETYPE_IMPLEMENTATION")
#undef STB_TRUETYPE_IMPLEMENTATION
#pragma push_macro("__STB_INCLUDE_STB_TRUETYPE_H__")
#undef __STB_INCLUDE_STB_TRUETYPE_H__
#pragma push_macro("stbtt__buf_get16")
#undef stbtt__buf_get16
#pragma push_macro("stbtt__buf_get32")
#undef stbtt__buf_get32
#pragma push_macro("stbtt_tag")
#undef stbtt_tag
#pragma push_macro("stbtt_tag4")
#undef stbtt_tag4
#pragma push_macro("stbtt_vertex_type")
#undef stbtt_vertex_type
#pragma push_macro("ttBYTE")
#undef ttBYTE
#pragma push_macro("ttCHAR")
#undef ttCHAR
#pragma push_macro("ttFixed")
#undef ttFixed

#define STB_TRUETYPE_IMPLEMENTATION
#define STBTT_STATIC
#define STBTT_malloc(bytes, arena) static_cast<deconvviz::detail::GlyphArena*>(arena)->allocate(bytes)
#define STBTT_free(memory, arena) ((void)(memory))
#define STBTT_assert(condition) deconvviz::detail::require_glyph(condition)

// Functions declared extern "C" would share their symbols with the user's, though ours are static: ours get dv_.
#define stbtt_BakeFontBitmap dv_stbtt_BakeFontBitmap
#define stbtt_CompareUTF8toUTF16_bigendian dv_stbtt_CompareUTF8toUTF16_bigendian
#define stbtt_FindGlyphIndex dv_stbtt_FindGlyphIndex
#define stbtt_FindMatchingFont dv_stbtt_FindMatchingFont
#define stbtt_FindSVGDoc dv_stbtt_FindSVGDoc
#define stbtt_FreeBitmap dv_stbtt_FreeBitmap
#define stbtt_FreeSDF dv_stbtt_FreeSDF
#define stbtt_FreeShape dv_stbtt_FreeShape
#define stbtt_GetBakedQuad dv_stbtt_GetBakedQuad
#define stbtt_GetCodepointBitmap dv_stbtt_GetCodepointBitmap
#define stbtt_GetCodepointBitmapBox dv_stbtt_GetCodepointBitmapBox
#define stbtt_GetCodepointBitmapBoxSubpixel dv_stbtt_GetCodepointBitmapBoxSubpixel
#define stbtt_GetCodepointBitmapSubpixel dv_stbtt_GetCodepointBitmapSubpixel
#define stbtt_GetCodepointBox dv_stbtt_GetCodepointBox
#define stbtt_GetCodepointHMetrics dv_stbtt_GetCodepointHMetrics
#define stbtt_GetCodepointKernAdvance dv_stbtt_GetCodepointKernAdvance
#define stbtt_GetCodepointSDF dv_stbtt_GetCodepointSDF
#define stbtt_GetCodepointSVG dv_stbtt_GetCodepointSVG
#define stbtt_GetCodepointShape dv_stbtt_GetCodepointShape
#define stbtt_GetFontBoundingBox dv_stbtt_GetFontBoundingBox
#define stbtt_GetFontNameString dv_stbtt_GetFontNameString
#define stbtt_GetFontOffsetForIndex dv_stbtt_GetFontOffsetForIndex
#define stbtt_GetFontVMetrics dv_stbtt_GetFontVMetrics
#define stbtt_GetFontVMetricsOS2 dv_stbtt_GetFontVMetricsOS2
#define stbtt_GetGlyphBitmap dv_stbtt_GetGlyphBitmap
#define stbtt_GetGlyphBitmapBox dv_stbtt_GetGlyphBitmapBox
#define stbtt_GetGlyphBitmapBoxSubpixel dv_stbtt_GetGlyphBitmapBoxSubpixel
#define stbtt_GetGlyphBitmapSubpixel dv_stbtt_GetGlyphBitmapSubpixel
#define stbtt_GetGlyphBox dv_stbtt_GetGlyphBox
#define stbtt_GetGlyphHMetrics dv_stbtt_GetGlyphHMetrics
#define stbtt_GetGlyphKernAdvance dv_stbtt_GetGlyphKernAdvance
#define stbtt_GetGlyphSDF dv_stbtt_GetGlyphSDF
#define stbtt_GetGlyphSVG dv_stbtt_GetGlyphSVG
#define stbtt_GetGlyphShape dv_stbtt_GetGlyphShape
#define stbtt_GetKerningTable dv_stbtt_GetKerningTable
#define stbtt_GetKerningTableLength dv_stbtt_GetKerningTableLength
#define stbtt_GetNumberOfFonts dv_stbtt_GetNumberOfFonts
#define stbtt_GetPackedQuad dv_stbtt_GetPackedQuad
#define stbtt_GetScaledFontVMetrics dv_stbtt_GetScaledFontVMetrics
#define stbtt_InitFont dv_stbtt_InitFont
#define stbtt_IsGlyphEmpty dv_stbtt_IsGlyphEmpty
#define stbtt_MakeCodepointBitmap dv_stbtt_MakeCodepointBitmap
#define stbtt_MakeCodepointBitmapSubpixel dv_stbtt_MakeCodepointBitmapSubpixel
#define stbtt_MakeCodepointBitmapSubpixelPrefilter dv_stbtt_MakeCodepointBitmapSubpixelPrefilter
#define stbtt_MakeGlyphBitmap dv_stbtt_MakeGlyphBitmap
#define stbtt_MakeGlyphBitmapSubpixel dv_stbtt_MakeGlyphBitmapSubpixel
#define stbtt_MakeGlyphBitmapSubpixelPrefilter dv_stbtt_MakeGlyphBitmapSubpixelPrefilter
#define stbtt_PackBegin dv_stbtt_PackBegin
#define stbtt_PackEnd dv_stbtt_PackEnd
#define stbtt_PackFontRange dv_stbtt_PackFontRange
#define stbtt_PackFontRanges dv_stbtt_PackFontRanges
#define stbtt_PackFontRangesGatherRects dv_stbtt_PackFontRangesGatherRects
#define stbtt_PackFontRangesPackRects dv_stbtt_PackFontRangesPackRects
#define stbtt_PackFontRangesRenderIntoRects dv_stbtt_PackFontRangesRenderIntoRects
#define stbtt_PackSetOversampling dv_stbtt_PackSetOversampling
#define stbtt_PackSetSkipMissingCodepoints dv_stbtt_PackSetSkipMissingCodepoints
#define stbtt_Rasterize dv_stbtt_Rasterize
#define stbtt_ScaleForMappingEmToPixels dv_stbtt_ScaleForMappingEmToPixels
#define stbtt_ScaleForPixelHeight dv_stbtt_ScaleForPixelHeight

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

#include <stb/stb_truetype.h>

}  // namespace deconvviz::detail::stb

#pragma GCC diagnostic pop

#undef stbtt_BakeFontBitmap
#undef stbtt_CompareUTF8toUTF16_bigendian
#undef stbtt_FindGlyphIndex
#undef stbtt_FindMatchingFont
#undef stbtt_FindSVGDoc
#undef stbtt_FreeBitmap
#undef stbtt_FreeSDF
#undef stbtt_FreeShape
#undef stbtt_GetBakedQuad
#undef stbtt_GetCodepointBitmap
#undef stbtt_GetCodepointBitmapBox
#undef stbtt_GetCodepointBitmapBoxSubpixel
#undef stbtt_GetCodepointBitmapSubpixel
#undef stbtt_GetCodepointBox
#undef stbtt_GetCodepointHMetrics
#undef stbtt_GetCodepointKernAdvance
#undef stbtt_GetCodepointSDF
#undef stbtt_GetCodepointSVG
#undef stbtt_GetCodepointShape
#undef stbtt_GetFontBoundingBox
#undef stbtt_GetFontNameString
#undef stbtt_GetFontOffsetForIndex
#undef stbtt_GetFontVMetrics
#undef stbtt_GetFontVMetricsOS2
#undef stbtt_GetGlyphBitmap
#undef stbtt_GetGlyphBitmapBox
#undef stbtt_GetGlyphBitmapBoxSubpixel
#undef stbtt_GetGlyphBitmapSubpixel
#undef stbtt_GetGlyphBox
#undef stbtt_GetGlyphHMetrics
#undef stbtt_GetGlyphKernAdvance
#undef stbtt_GetGlyphSDF
#undef stbtt_GetGlyphSVG
#undef stbtt_GetGlyphShape
#undef stbtt_GetKerningTable
#undef stbtt_GetKerningTableLength
#undef stbtt_GetNumberOfFonts
#undef stbtt_GetPackedQuad
#undef stbtt_GetScaledFontVMetrics
#undef stbtt_InitFont
#undef stbtt_IsGlyphEmpty
#undef stbtt_MakeCodepointBitmap
#undef stbtt_MakeCodepointBitmapSubpixel
#undef stbtt_MakeCodepointBitmapSubpixelPrefilter
#undef stbtt_MakeGlyphBitmap
#undef stbtt_MakeGlyphBitmapSubpixel
#undef stbtt_MakeGlyphBitmapSubpixelPrefilter
#undef stbtt_PackBegin
#undef stbtt_PackEnd
#undef stbtt_PackFontRange
#undef stbtt_PackFontRanges
#undef stbtt_PackFontRangesGatherRects
#undef stbtt_PackFontRangesPackRects
#undef stbtt_PackFontRangesRenderIntoRects
#undef stbtt_PackSetOversampling
#undef stbtt_PackSetSkipMissingCodepoints
#undef stbtt_Rasterize
#undef stbtt_ScaleForMappingEmToPixels
#undef stbtt_ScaleForPixelHeight
#pragma pop_macro("STBTT_DEF")
#pragma pop_macro("STBTT_FIX")
#pragma pop_macro("STBTT_FIXMASK")
#pragma pop_macro("STBTT_FIXSHIFT")
#pragma pop_macro("STBTT_GPOS_TODO_assert")
#pragma pop_macro("STBTT_MACSTYLE_BOLD")
#pragma pop_macro("STBTT_MACSTYLE_DONTCARE")
#pragma pop_macro("STBTT_MACSTYLE_ITALIC")
#pragma pop_macro("STBTT_MACSTYLE_NONE")
#pragma pop_macro("STBTT_MACSTYLE_UNDERSCORE")
#pragma pop_macro("STBTT_MAX_OVERSAMPLE")
#pragma pop_macro("STBTT_POINT_SIZE")
#pragma pop_macro("STBTT_RASTERIZER_VERSION")
#pragma pop_macro("STBTT_STATIC")
#pragma pop_macro("STBTT__COMPARE")
#pragma pop_macro("STBTT__CSCTX_INIT")
#pragma pop_macro("STBTT__CSERR")
#pragma pop_macro("STBTT__NOTUSED")
#pragma pop_macro("STBTT__OVER_MASK")
#pragma pop_macro("STBTT_acos")
#pragma pop_macro("STBTT_assert")
#pragma pop_macro("STBTT_cos")
#pragma pop_macro("STBTT_fabs")
#pragma pop_macro("STBTT_fmod")
#pragma pop_macro("STBTT_free")
#pragma pop_macro("STBTT_iceil")
#pragma pop_macro("STBTT_ifloor")
#pragma pop_macro("STBTT_malloc")
#pragma pop_macro("STBTT_max")
#pragma pop_macro("STBTT_memcpy")
#pragma pop_macro("STBTT_memset")
#pragma pop_macro("STBTT_min")
#pragma pop_macro("STBTT_pow")
#pragma pop_macro("STBTT_sqrt")
#pragma pop_macro("STBTT_strlen")
#pragma pop_macro("STBTT_vmove")
#pragma pop_macro("STB_RECT_PACK_VERSION")
#pragma pop_macro("STB_TRUETYPE_IMPLEMENTATION")
#pragma pop_macro("__STB_INCLUDE_STB_TRUETYPE_H__")
#pragma pop_macro("stbtt__buf_get16")
#pragma pop_macro("stbtt__buf_get32")
#pragma pop_macro("stbtt_tag")
#pragma pop_macro("stbtt_tag4")
#pragma pop_macro("stbtt_vertex_type")
#pragma pop_macro("ttBYTE")
#pragma pop_macro("ttCHAR")
#pragma pop_macro("ttFixed")
