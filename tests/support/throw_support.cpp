#include "throw_support.hpp"

#include <exception>
#include <string>

#include <doctest/doctest.h>

namespace support {

void check_throws(const std::type_info& exception, void (*call)(const void*), const void* self,
                  std::initializer_list<std::string_view> parts) {
    try {
        call(self);
    } catch (const std::exception& error) {
        const std::string message = error.what();
        CAPTURE(message);
        CHECK(typeid(error) == exception);
        for (const std::string_view part : parts) {
            CAPTURE(part);
            CHECK(message.find(part) != std::string::npos);
        }
        return;
    }
    FAIL_CHECK("nothing was thrown");
}

}  // namespace support
