// Checks that a call throws exactly one kind of exception, with a message that says what it should.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <typeinfo>

#include <doctest/doctest.h>

namespace support {

/// Checks that `call()` throws an Exception, and not one derived from it, whose message has all of `parts`.
template <class Exception, class Call>
void check_throws(const Call& call, std::initializer_list<std::string_view> parts) {
    try {
        call();
    } catch (const Exception& error) {
        const std::string message = error.what();
        CHECK(typeid(error) == typeid(Exception));
        for (const std::string_view part : parts) {
            CAPTURE(message);
            CAPTURE(part);
            CHECK(message.find(part) != std::string::npos);
        }
        return;
    } catch (const std::exception& error) {
        FAIL_CHECK("another exception came: " << error.what());
        return;
    }
    FAIL_CHECK("nothing was thrown");
}

}  // namespace support
