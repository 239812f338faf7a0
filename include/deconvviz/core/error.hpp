/// @file
/// The exceptions of the library. Every message names the layer or the file, what was expected and what came.
#pragma once

#include <initializer_list>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace deconvviz {

/// Base of all exceptions that the library throws on purpose.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// A tensor, or the chain of layers, has a shape that does not fit.
class ShapeError : public Error {
  public:
    using Error::Error;
};

/// An option or argument names something that does not exist or makes no sense: an unknown layer, a map out of range,
/// a patch of no size.
class OptionError : public Error {
  public:
    using Error::Error;
};

/// A call that does not fit what was done before: the trace of another model, say.
class StateError : public Error {
  public:
    using Error::Error;
};

/// Training produced a loss or a parameter that is not finite. The model then holds the last good parameters.
class DivergenceError : public StateError {
  public:
    using StateError::StateError;
};

/// A callback of the user's asked for an end.
class CancelledError : public Error {
  public:
    using Error::Error;
};

/// The content of a file is not what its format asks for.
class FormatError : public Error {
  public:
    using Error::Error;
};

/// A file could not be opened, read or written.
class IoError : public Error {
  public:
    using Error::Error;
};

namespace detail {

/// One value of a message, whatever its type: where it is, and how it is appended.
struct MessagePart {
    const void* value;
    void (*append)(std::string& message, const void* value);
};

inline void append_characters(std::string& message, const void* characters) {
    message += static_cast<const char*>(characters);
}

[[gnu::noinline]] inline void append_number(std::string& message, long long number) {
    message += std::to_string(number);
}

template <class T>
[[gnu::cold]] void append_value(std::string& message, const void* erased) {
    const T& value = *static_cast<const T*>(erased);
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        message += std::string_view(value);
    } else if constexpr (std::is_same_v<T, char>) {
        message += value;
    } else if constexpr (std::is_integral_v<T>) {
        append_number(message, static_cast<long long>(value));
    } else {
        std::ostringstream out;
        out << value;
        message += std::move(out).str();
    }
}

template <class T>
MessagePart message_part(const T& value) {
    return {std::addressof(value), append_value<T>};
}
template <std::size_t Length>
MessagePart message_part(const char (&literal)[Length]) {
    return {literal, append_characters};
}

inline std::string join(std::initializer_list<MessagePart> parts) {
    std::string message;
    for (const MessagePart& part : parts) part.append(message, part.value);
    return message;
}

template <class E>
[[noreturn, gnu::cold, gnu::noinline]] void raise_joined(std::initializer_list<MessagePart> parts) {
    throw E(join(parts));
}

/// Joins its arguments into one string: integers in decimal, all else that is no text as a stream would print it.
template <class... Parts>
std::string concat(const Parts&... parts) {
    return join({message_part(parts)...});
}

/// Throws an E whose message is concat(parts...). Errors are checked for in many places and seldom made: this compiles
/// to a list of pointers and a call, which users feel in the time that their compiler takes.
template <class E, class... Parts>
[[noreturn]] void raise(const Parts&... parts) {
    raise_joined<E>({message_part(parts)...});
}

}  // namespace detail
}  // namespace deconvviz
