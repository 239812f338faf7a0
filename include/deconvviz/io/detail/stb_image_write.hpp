/// @file
/// The one place that includes stb_image_write.h, in the namespace detail::stb.
/// Everything in it is static (each file that includes this has its own copy, unused parts cost nothing), so it never
/// meets a copy of stb that the user compiles, before or after, in the same file or another.
#pragma once

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// Whatever macros the including file has set for its own use of this header are put aside, and put back below.
#pragma push_macro("INCLUDE_STB_IMAGE_WRITE_H")
#undef INCLUDE_STB_IMAGE_WRITE_H
#pragma push_macro("STBIWDEF")
#undef STBIWDEF
#pragma push_macro("STBIW_ASSERT")
#undef STBIW_ASSERT
#pragma push_macro("STBIW_CRC32")
#undef STBIW_CRC32
#pragma push_macro("STBIW_EXTERN")
#undef STBIW_EXTERN
#pragma push_macro("STBIW_FREE")
#undef STBIW_FREE
#pragma push_macro("STBIW_MALLOC")
#undef STBIW_MALLOC
#pragma push_macro("STBIW_MEMMOVE")
#undef STBIW_MEMMOVE
#pragma push_macro("STBIW_REALLOC")
#undef STBIW_REALLOC
#pragma push_macro("STBIW_REALLOC_SIZED")
#undef STBIW_REALLOC_SIZED
#pragma push_macro("STBIW_UCHAR")
#undef STBIW_UCHAR
#pragma push_macro("STBIW_ZLIB_COMPRESS")
#undef STBIW_ZLIB_COMPRESS
#pragma push_macro("STBI_WRITE_NO_STDIO")
#undef STBI_WRITE_NO_STDIO
#pragma push_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#undef STB_IMAGE_WRITE_IMPLEMENTATION
#pragma push_macro("STB_IMAGE_WRITE_STATIC")
#undef STB_IMAGE_WRITE_STATIC
#pragma push_macro("stbiw__ZHASH")
#undef stbiw__ZHASH
#pragma push_macro("stbiw__max")
#undef stbiw__max
#pragma push_macro("stbiw__sbcount")
#undef stbiw__sbcount
#pragma push_macro("stbiw__sbfree")
#undef stbiw__sbfree
#pragma push_macro("stbiw__sbgrow")
#undef stbiw__sbgrow
#pragma push_macro("stbiw__sbm")
#undef stbiw__sbm
#pragma push_macro("stbiw__sbmaybegrow")
#undef stbiw__sbmaybegrow
#pragma push_macro("stbiw__sbn")
#undef stbiw__sbn
#pragma push_macro("stbiw__sbneedgrow")
#undef stbiw__sbneedgrow
#pragma push_macro("stbiw__sbpush")
#undef stbiw__sbpush
#pragma push_macro("stbiw__sbraw")
#undef stbiw__sbraw
#pragma push_macro("stbiw__wp32")
#undef stbiw__wp32
#pragma push_macro("stbiw__wpng4")
#undef stbiw__wpng4
#pragma push_macro("stbiw__wptag")
#undef stbiw__wptag
#pragma push_macro("stbiw__zlib_add")
#undef stbiw__zlib_add
#pragma push_macro("stbiw__zlib_flush")
#undef stbiw__zlib_flush
#pragma push_macro("stbiw__zlib_huff")
#undef stbiw__zlib_huff
#pragma push_macro("stbiw__zlib_huff1")
#undef stbiw__zlib_huff1
#pragma push_macro("stbiw__zlib_huff2")
#undef stbiw__zlib_huff2
#pragma push_macro("stbiw__zlib_huff3")
#undef stbiw__zlib_huff3
#pragma push_macro("stbiw__zlib_huff4")
#undef stbiw__zlib_huff4
#pragma push_macro("stbiw__zlib_huffa")
#undef stbiw__zlib_huffa
#pragma push_macro("stbiw__zlib_huffb")
#undef stbiw__zlib_huffb

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition) ((void)0)

// Functions declared extern "C" would share their symbols with the user's, though ours are static: ours get dv_.
#define stbi_flip_vertically_on_write dv_stbi_flip_vertically_on_write
#define stbi_write_bmp dv_stbi_write_bmp
#define stbi_write_bmp_to_func dv_stbi_write_bmp_to_func
#define stbi_write_hdr dv_stbi_write_hdr
#define stbi_write_hdr_to_func dv_stbi_write_hdr_to_func
#define stbi_write_jpg dv_stbi_write_jpg
#define stbi_write_jpg_to_func dv_stbi_write_jpg_to_func
#define stbi_write_png dv_stbi_write_png
#define stbi_write_png_to_func dv_stbi_write_png_to_func
#define stbi_write_png_to_mem dv_stbi_write_png_to_mem
#define stbi_write_tga dv_stbi_write_tga
#define stbi_write_tga_to_func dv_stbi_write_tga_to_func
#define stbi_zlib_compress dv_stbi_zlib_compress
#define stbiw_convert_wchar_to_utf8 dv_stbiw_convert_wchar_to_utf8

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

#include <stb/stb_image_write.h>

}  // namespace deconvviz::detail::stb

#pragma GCC diagnostic pop

#undef stbi_flip_vertically_on_write
#undef stbi_write_bmp
#undef stbi_write_bmp_to_func
#undef stbi_write_hdr
#undef stbi_write_hdr_to_func
#undef stbi_write_jpg
#undef stbi_write_jpg_to_func
#undef stbi_write_png
#undef stbi_write_png_to_func
#undef stbi_write_png_to_mem
#undef stbi_write_tga
#undef stbi_write_tga_to_func
#undef stbi_zlib_compress
#undef stbiw_convert_wchar_to_utf8
#pragma pop_macro("INCLUDE_STB_IMAGE_WRITE_H")
#pragma pop_macro("STBIWDEF")
#pragma pop_macro("STBIW_ASSERT")
#pragma pop_macro("STBIW_CRC32")
#pragma pop_macro("STBIW_EXTERN")
#pragma pop_macro("STBIW_FREE")
#pragma pop_macro("STBIW_MALLOC")
#pragma pop_macro("STBIW_MEMMOVE")
#pragma pop_macro("STBIW_REALLOC")
#pragma pop_macro("STBIW_REALLOC_SIZED")
#pragma pop_macro("STBIW_UCHAR")
#pragma pop_macro("STBIW_ZLIB_COMPRESS")
#pragma pop_macro("STBI_WRITE_NO_STDIO")
#pragma pop_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#pragma pop_macro("STB_IMAGE_WRITE_STATIC")
#pragma pop_macro("stbiw__ZHASH")
#pragma pop_macro("stbiw__max")
#pragma pop_macro("stbiw__sbcount")
#pragma pop_macro("stbiw__sbfree")
#pragma pop_macro("stbiw__sbgrow")
#pragma pop_macro("stbiw__sbm")
#pragma pop_macro("stbiw__sbmaybegrow")
#pragma pop_macro("stbiw__sbn")
#pragma pop_macro("stbiw__sbneedgrow")
#pragma pop_macro("stbiw__sbpush")
#pragma pop_macro("stbiw__sbraw")
#pragma pop_macro("stbiw__wp32")
#pragma pop_macro("stbiw__wpng4")
#pragma pop_macro("stbiw__wptag")
#pragma pop_macro("stbiw__zlib_add")
#pragma pop_macro("stbiw__zlib_flush")
#pragma pop_macro("stbiw__zlib_huff")
#pragma pop_macro("stbiw__zlib_huff1")
#pragma pop_macro("stbiw__zlib_huff2")
#pragma pop_macro("stbiw__zlib_huff3")
#pragma pop_macro("stbiw__zlib_huff4")
#pragma pop_macro("stbiw__zlib_huffa")
#pragma pop_macro("stbiw__zlib_huffb")
