/// @file
/// Inflating: the decompression half of deflate (RFC 1951), the content of `.gz` files.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "deconvviz/io/detail/stb_image.hpp"

namespace deconvviz::detail {

/// Inflates a raw deflate stream (no zlib or gzip header; bytes after its end are ignored) into `out`. True only where
/// the stream is sound, ends within `compressed`, and exactly out.size() bytes came out; what `out` holds is
/// unspecified otherwise. Needs memory for one copy of the compressed bytes, however long a broken stream claims to be.
inline bool inflate_raw(std::span<const unsigned char> compressed, std::span<unsigned char> out) {
    constexpr std::size_t padding = 8;  // stb gives up near the end of its input though the last code is still to come
    constexpr auto limit = static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (compressed.empty() || compressed.size() > limit - padding || out.size() > limit) return false;
    std::vector<unsigned char> in(compressed.begin(), compressed.end());
    in.resize(in.size() + padding);
    char none = 0;
    char* dst = out.empty() ? &none : reinterpret_cast<char*>(out.data());
    const int length = static_cast<int>(out.size());

    stb::stbi__zbuf state{};
    state.zbuffer = in.data();
    state.zbuffer_end = in.data() + in.size();
    if (stb::stbi__do_zlib(&state, dst, length, 0, 0) == 0 || state.zout - state.zout_start != length) return false;
    const auto consumed = state.zbuffer - in.data() - state.num_bits / 8;  // whole bytes that it holds but did not use
    return consumed <= static_cast<std::ptrdiff_t>(compressed.size());
}

}  // namespace deconvviz::detail
