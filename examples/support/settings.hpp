// The command line that all examples share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "deconvviz/figure/style.hpp"

namespace examples {

/// What the user asked for.
struct Settings {
    std::filesystem::path out = "gallery";       // the folder that the results go to
    std::optional<std::filesystem::path> mnist;  // the folder with the original IDX files; without it, digits are drawn
    std::optional<std::filesystem::path> cifar;  // the folder with CIFAR-10's binary files: colour pictures then
    std::optional<std::filesystem::path> weights;  // parameters: read where the file exists, else trained and written
    std::optional<std::filesystem::path> font;     // a TrueType font for the figures
    int epochs = 5;                                // with `cifar`, as many as the colour network's recipe asks for
    int threads = 0;                               // 0: as many as there are processors
    std::uint64_t seed = 7;
    bool quick = false;  // little work, for tests

    /// The look of all figures.
    deconvviz::figure::Style style() const;
};

/// Reads the command line, makes the folder for the results, does the work, and turns what goes wrong into a message
/// and an exit status: 0 for success, 1 for an error, 2 for a wrong command line.
int run(int argc, const char* const* argv, const std::string& what_it_does,
        const std::function<void(const Settings&)>& work);

}  // namespace examples
