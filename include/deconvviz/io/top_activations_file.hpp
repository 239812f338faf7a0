/// @file
/// Top activations in files.
#pragma once

#include <filesystem>
#include <string_view>

#include "deconvviz/io/detail/read_file.hpp"
#include "deconvviz/io/output_file.hpp"
#include "deconvviz/visualize/top_activations.hpp"
#include "deconvviz/visualize/top_activations_text.hpp"

namespace deconvviz {

/// Writes a state, whole or not at all, as the text of top_activations_to_text. Throws IoError where that fails.
template <class T>
void save_top_activations(const std::filesystem::path& path, const TopActivations<T>& tops) {
    write_file(path, top_activations_to_text(tops));
}

/// Reads a state back, equal to what was saved: `load_top_activations<float>("shard7.txt")`. Throws IoError where the
/// file cannot be read, FormatError where it is anything else (see top_activations_from_text).
template <class T>
TopActivations<T> load_top_activations(const std::filesystem::path& path) {
    const detail::Bytes bytes = detail::read_file(path);
    return top_activations_from_text<T>({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

}  // namespace deconvviz
