/// @file
/// The exceptions of the library. Every message names the layer or the file, what was expected and what came.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

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

/// Joins its arguments into one string, as a stream would print them.
template <class... Parts>
std::string concat(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

}  // namespace detail
}  // namespace deconvviz
