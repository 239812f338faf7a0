// Is the code slow, without optimisation or under a sanitizer? Then tests leave out what would take many seconds.
#pragma once

#ifdef __has_feature  // clang++
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DECONVVIZ_TEST_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // g++
#define DECONVVIZ_TEST_SANITIZED
#endif

namespace support {

#if defined(DECONVVIZ_TEST_SANITIZED) || !defined(__OPTIMIZE__)
inline constexpr bool slow_code = true;
#else
inline constexpr bool slow_code = false;
#endif

}  // namespace support
