// The page that shows the pictures.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/figure/image.hpp"

namespace examples {

/// A picture of the page: its file in the page's folder, and what stands below it.
struct Exhibit {
    std::string file;
    std::string caption;
    deconvviz::Index width = 0;  // on the page, where it is wide enough
    deconvviz::Index height = 0;
};

/// A figure of the page: a few sentences and its pictures, below each other; or, where `stepped`, one at a time with a
/// slider and a button that plays them.
struct Section {
    std::string title;
    std::string text;
    std::vector<Exhibit> exhibits;
    bool stepped = false;
};

/// A page under way: pictures are written as they come, the page itself last, when all of them are there.
class Gallery {
  public:
    explicit Gallery(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Opens a section; the pictures that are added next belong to it.
    void section(std::string title, std::string text, bool stepped = false);
    /// Writes a picture into the folder.
    void add(const std::string& file, const std::string& caption, const deconvviz::figure::Image& picture);
    /// Writes index.html: a title, lines of facts, the sections.
    void write(const std::string& title, const std::vector<std::string>& facts) const;

  private:
    std::filesystem::path folder_;
    std::vector<Section> sections_;
};

}  // namespace examples
