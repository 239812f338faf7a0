/// @file
/// The one version number; CMake reads it from here.
#pragma once

namespace deconvviz {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;
inline constexpr const char* version = "0.1.0";

}  // namespace deconvviz
