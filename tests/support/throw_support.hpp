// Checks that a call throws exactly one kind of exception, with a message that says what it should.
#pragma once

#include <initializer_list>
#include <string_view>
#include <typeinfo>

namespace support {

/// What follows, whatever the types: compiled once.
void check_throws(const std::type_info& exception, void (*call)(const void*), const void* self,
                  std::initializer_list<std::string_view> parts);

/// Checks that `call()` throws an Exception, and not one derived from it, whose message has all of `parts`.
template <class Exception, class Call>
void check_throws(const Call& call, std::initializer_list<std::string_view> parts) {
    check_throws(
        typeid(Exception), [](const void* self) { (*static_cast<const Call*>(self))(); }, &call, parts);
}

}  // namespace support
