/// @file
/// The header of a .npy file: a Python dictionary with three entries.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"

namespace deconvviz::detail {

/// What a header says.
struct NpyHeader {
    std::string_view type;  // f4, f8 or u1
    Index value_size = 0;   // bytes
    bool column_major = false;
    Shape shape;
    std::size_t size = 0;  // of the header with all that stands before the values
};

/// Reads the text of a header, from left to right.
class NpyDictionary {
  public:
    NpyDictionary(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

    NpyHeader read() {
        NpyHeader header;
        bool descr = false, order = false, shape = false;
        expect("{");
        while (!take("}")) {
            const std::string_view key = quoted();
            expect(":");
            if (key == "descr" && !descr) {
                set_type(header, quoted());
                descr = true;
            } else if (key == "fortran_order" && !order) {
                header.column_major = take("True");
                if (!header.column_major) expect("False");
                order = true;
            } else if (key == "shape" && !shape) {
                header.shape = tuple();
                shape = true;
            } else {
                refuse("one each of descr, fortran_order and shape");
            }
            if (!take(",") && !starts_with("}")) refuse("a comma");
        }
        if (!descr || !order || !shape || !at_end()) refuse("descr, fortran_order and shape, and then the end");
        return header;
    }

  private:
    [[noreturn]] void refuse(std::string_view expected) const {
        raise<FormatError>(name_, ": expected in the .npy header ", expected, ", got '", rest_.substr(0, 40), "'");
    }

    void skip_space() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t')) rest_.remove_prefix(1);
    }
    bool starts_with(std::string_view text) {
        skip_space();
        return rest_.starts_with(text);
    }
    bool take(std::string_view text) {
        if (!starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    void expect(std::string_view text) {
        if (!take(text)) refuse(concat("'", text, "'"));
    }
    bool at_end() {
        skip_space();
        return rest_.empty();
    }

    std::string_view quoted() {
        skip_space();
        const char quote = rest_.empty() ? ' ' : rest_[0];
        const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
        if (end == std::string_view::npos) refuse("a quoted text (structured types are not read)");
        const std::string_view text = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return text;
    }

    Index number() {
        skip_space();
        Index value = 0;
        std::size_t digits = 0;
        for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
            if (value > (std::numeric_limits<Index>::max() - 9) / 10) refuse("a size that can be counted");
            value = value * 10 + (rest_[digits] - '0');
        }
        if (digits == 0) refuse("a number");
        rest_.remove_prefix(digits);
        return value;
    }

    Shape tuple() {
        std::vector<Index> extents;
        expect("(");
        while (!take(")")) {
            extents.push_back(number());
            if (extents.size() > std::size_t{Shape::max_rank}) refuse(concat("at most ", Shape::max_rank, " sizes"));
            if (!take(",") && !starts_with(")")) refuse("a comma");
        }
        try {
            return Shape(std::span<const Index>(extents));
        } catch (const ShapeError& error) {
            raise<FormatError>(name_, ": ", error.what());
        }
    }

    void set_type(NpyHeader& header, std::string_view descr) const {
        for (const std::string_view known : {"<f4", "<f8", "|u1"}) {
            if (descr != known) continue;
            header.type = known.substr(1);
            header.value_size = known[2] - '0';
            return;
        }
        raise<FormatError>(name_,
                           ": expected values of type <f4, <f8 or |u1 (little-endian float32 or float64, or "
                           "bytes), got '",
                           descr, "'; in Python, array.astype('<f4') converts");
    }

    std::string_view rest_;
    const std::string& name_;
};

/// Throws FormatError for bytes that do not begin as a .npy file does, and for a header that is cut off or damaged.
inline NpyHeader parse_npy_header(std::span<const unsigned char> bytes, const std::string& name) {
    constexpr std::string_view magic = "\x93NUMPY";
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!text.starts_with(magic))
        raise<FormatError>(name, ": expected a .npy file (\\x93NUMPY), got another beginning");
    if (bytes.size() < 12) raise<FormatError>(name, ": the .npy header is cut off");
    const int version = bytes[6];
    if (version < 1 || version > 3) raise<FormatError>(name, ": expected .npy format 1 to 3, got ", version);
    const std::size_t length_size = version == 1 ? 2 : 4, before = 8 + length_size;
    std::size_t length = 0;
    for (std::size_t i = length_size; i-- > 0;) length = length << 8U | bytes[8 + i];
    if (length > bytes.size() - before)
        raise<FormatError>(name, ": expected a .npy header of ", length, " bytes, the file ends after ",
                           bytes.size() - before);
    NpyHeader header = NpyDictionary(text.substr(before, length), name).read();
    header.size = before + length;
    return header;
}

}  // namespace deconvviz::detail
