/// @file
/// Top activations as text, to be kept or sent to where shards are merged.
#pragma once

#include <charconv>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"
#include "deconvviz/visualize/top_activations.hpp"

namespace deconvviz {
namespace detail {

inline constexpr std::string_view top_activations_title = "deconvviz top activations 1";

template <class T>
constexpr std::string_view scalar_name() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    return std::is_same_v<T, float> ? "float" : "double";
}

/// The shortest decimal that reads back as the same number.
template <class T>
void append_exact(std::string& text, T value) {
    char buffer[64];
    text.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

/// Reads words and numbers, each with one space or the end of a line behind it, and nothing else.
class TextReader {
  public:
    TextReader(std::string_view text, std::string_view name) : rest_(text), name_(name) {}

    void word(std::string_view expected, char end = ' ') {
        if (!rest_.starts_with(expected)) refuse("expected '", expected, "', got ", here());
        rest_.remove_prefix(expected.size());
        skip(end);
    }

    /// A number in [low, high].
    template <class V>
    V number(V low, V high, char end = ' ') {
        V value{};
        const auto [stop, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (error != std::errc() || !(value >= low && value <= high))
            refuse("expected a number from ", low, " to ", high, ", got ", here());
        rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
        skip(end);
        return value;
    }

    /// So many bytes of any kind.
    std::string bytes(std::size_t count, char end) {
        if (rest_.size() < count) refuse("expected a name of ", count, " bytes, got ", here());
        std::string taken(rest_.substr(0, count));
        rest_.remove_prefix(count);
        skip(end);
        return taken;
    }

    void expect_end() const {
        if (!rest_.empty()) refuse("expected the end of the text, got ", here());
    }

    template <class... Why>
    [[noreturn]] void refuse(const Why&... why) const {
        raise<FormatError>(name_, ": ", why...);
    }

  private:
    void skip(char end) {
        if (!rest_.starts_with(end)) refuse("expected ", end == ' ' ? "a space" : "a new line", ", got ", here());
        rest_.remove_prefix(1);
    }

    /// The next bytes, for a message.
    std::string here() const {
        if (rest_.empty()) return "the end of the text";
        std::string shown(rest_.substr(0, 24));
        for (char& character : shown)
            if (character < ' ' || character > '~') character = '?';
        return "'" + shown + "'";
    }

    std::string_view rest_;
    std::string_view name_;
};

}  // namespace detail

/// A state as text: a title with the version of the format, what the state belongs to, then for each map its entries
/// (value, picture, y, x), a line each. Numbers are decimals that read back exactly.
template <class T>
std::string top_activations_to_text(const TopActivations<T>& tops) {
    std::string text(detail::top_activations_title);
    const Shape shape = tops.layer_shape();
    text += detail::concat("\ntype ", detail::scalar_name<T>(), "\nlayer ", tops.layer().size(), ' ', tops.layer(),
                           "\nshape ", shape[0], ' ', shape[1], ' ', shape[2], "\ncount ", tops.count(), "\nabove ");
    detail::append_exact(text, tops.above());
    text += detail::concat("\nmaps ", tops.maps().size(), '\n');
    for (std::size_t i = 0; i < tops.maps().size(); ++i) {
        text += detail::concat("map ", tops.maps()[i], ' ', tops.entries(i).size(), '\n');
        for (const TopActivation<T>& entry : tops.entries(i)) {
            detail::append_exact(text, entry.value);
            text += detail::concat(' ', entry.picture, ' ', entry.y, ' ', entry.x, '\n');
        }
    }
    return text;
}

/// The state that top_activations_to_text made this text of; `name` is what messages call the text. Throws FormatError
/// for any other text, such as one of the other scalar type, cut off, or with entries that no state has. Its memory is
/// bounded by the length of the text.
template <class T>
TopActivations<T> top_activations_from_text(std::string_view text, std::string_view name = "top activations") {
    constexpr Index most = std::numeric_limits<Index>::max();
    constexpr Index most_extent = Index{1} << 20;
    constexpr T infinity = std::numeric_limits<T>::infinity();
    detail::TextReader reader(text, name);
    reader.word(detail::top_activations_title, '\n');
    reader.word("type");
    reader.word(detail::scalar_name<T>(), '\n');
    reader.word("layer");
    const auto length = reader.number<std::size_t>(1, text.size());
    std::string layer = reader.bytes(length, '\n');
    reader.word("shape");
    const Index maps_of_layer = reader.number<Index>(1, Index{1} << 31);
    const Index height = reader.number<Index>(1, most_extent);
    const Index width = reader.number<Index>(1, most_extent, '\n');
    TopActivationsOptions options{.layer = layer};
    reader.word("count");
    options.count = reader.number<Index>(1, most, '\n');
    reader.word("above");
    options.above = static_cast<double>(reader.number<T>(-infinity, infinity, '\n'));
    reader.word("maps");
    const Index maps = reader.number<Index>(1, maps_of_layer, '\n');
    std::vector<std::vector<TopActivation<T>>> entries;
    for (Index i = 0; i < maps; ++i) {
        reader.word("map");
        options.maps.push_back(reader.number<Index>(0, maps_of_layer - 1));
        const Index count = reader.number<Index>(0, options.count, '\n');
        entries.emplace_back();
        for (Index k = 0; k < count; ++k) {
            TopActivation<T> entry;
            entry.value = reader.number<T>(-infinity, infinity);
            entry.picture = reader.number<Index>(0, most);
            entry.y = reader.number<Index>(0, height - 1);
            entry.x = reader.number<Index>(0, width - 1, '\n');
            entries.back().push_back(entry);
        }
    }
    reader.expect_end();
    try {
        return TopActivations<T>::from_parts(options, std::move(layer), {maps_of_layer, height, width},
                                             std::move(entries));
    } catch (const Error& error) {
        reader.refuse(error.what());
    }
}

}  // namespace deconvviz
