// Text out of parts, for captions and messages.
#pragma once

#include <sstream>
#include <string>

namespace examples {

/// What a stream would print: text("epoch ", 3) is "epoch 3".
template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

}  // namespace examples
