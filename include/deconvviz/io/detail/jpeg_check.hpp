/// @file
/// What must hold of a JPEG file before stb may decode it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace deconvviz::detail {

/// Walks through the segments of a JPEG file as stb does, from one marker to the next.
class JpegSegments {
  public:
    explicit JpegSegments(std::span<const unsigned char> bytes) : bytes_(bytes) {}

    /// Goes to the next marker, over whatever lies between: entropy-coded data, where FF is followed by 0 or is a
    /// restart marker, or padding. False at the end of the picture or of the file. A segment that is cut off has the
    /// content that is there.
    bool next() {
        while (at_ + 1 < bytes_.size()) {
            marker_ = bytes_[at_] == 0xFF ? bytes_[at_ + 1] : 0;
            if (marker_ == 0 || marker_ == 0xFF || is_restart(marker_)) {
                ++at_;
                continue;
            }
            at_ += 2;
            if (marker_ == start_of_image) continue;
            if (marker_ == end_of_image) return false;
            if (bytes_.size() - at_ < 2) return false;
            const std::size_t length = std::size_t{bytes_[at_]} << 8U | bytes_[at_ + 1];
            if (length < 2) return false;  // stb gives up
            content_ = bytes_.subspan(at_ + 2, std::min(length - 2, bytes_.size() - at_ - 2));
            at_ = std::min(at_ + length, bytes_.size());
            return true;
        }
        return false;
    }

    bool is_huffman_tables() const { return marker_ == 0xC4; }
    bool is_scan() const { return marker_ == 0xDA; }
    std::span<const unsigned char> content() const { return content_; }

  private:
    static constexpr unsigned char start_of_image = 0xD8, end_of_image = 0xD9;
    static bool is_restart(unsigned char marker) { return marker >= 0xD0 && marker <= 0xD7; }

    std::span<const unsigned char> bytes_, content_;
    std::size_t at_ = 0;
    unsigned char marker_ = 0;
};

/// No table of more than the 256 codes that a byte can name: older versions of stb (2.27) write them behind its end.
inline bool jpeg_tables_fit(std::span<const unsigned char> tables) {
    constexpr std::size_t lengths = 16;
    while (tables.size() > lengths) {
        std::size_t codes = 0;
        for (std::size_t i = 1; i <= lengths; ++i) codes += tables[i];
        if (codes > 256 || codes > tables.size() - 1 - lengths) return false;
        tables = tables.subspan(1 + lengths + codes);
    }
    return tables.empty();
}

/// How many scans a JPEG file has; nothing where it has Huffman tables that cannot be. 0 for any other file.
inline std::optional<std::int64_t> jpeg_scans(std::span<const unsigned char> bytes) {
    std::int64_t scans = 0;
    if (bytes.empty() || bytes[0] != 0xFF) return scans;
    for (JpegSegments segments(bytes); segments.next();) {
        if (segments.is_huffman_tables() && !jpeg_tables_fit(segments.content())) return std::nullopt;
        if (segments.is_scan()) ++scans;
    }
    return scans;
}

}  // namespace deconvviz::detail
