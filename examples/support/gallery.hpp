// The page that shows the pictures.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "deconvviz/core/shape.hpp"
#include "deconvviz/figure/image.hpp"
#include "deconvviz/figure/style.hpp"

namespace examples {

/// A picture of the page: its files in the page's folder, on light and on dark ground, and what stands below it.
struct Exhibit {
    std::string file;
    std::string dark_file;
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

/// A number worth knowing, and what it says: {"99.2 %", "of 10,000 test digits read right"}.
struct Fact {
    std::string number;
    std::string what;
};

/// A page under way: pictures are written as they come, the page itself last, when all of them are there. It needs
/// nothing but its folder: no network, no fonts, no scripts from elsewhere.
class Gallery {
  public:
    /// Draws a figure in the style that it is given.
    using Draw = std::function<deconvviz::figure::Image(const deconvviz::figure::Style&)>;

    Gallery(std::filesystem::path folder, deconvviz::figure::Style style)
        : folder_(std::move(folder)), style_(std::move(style)) {}

    /// Opens a section; the pictures that are added next belong to it.
    void section(std::string title, std::string text, bool stepped = false);
    /// Writes a picture into the folder, twice: `file`, "six.png", and the same on dark ground, "six_dark.png".
    void add(const std::string& file, const std::string& caption, const Draw& draw);
    void fact(std::string number, std::string what) { facts_.push_back({std::move(number), std::move(what)}); }
    /// Writes index.html: a title, what it is about, the facts, the sections.
    void write(const std::string& title, const std::string& about) const;

  private:
    std::filesystem::path folder_;
    deconvviz::figure::Style style_;
    std::vector<Section> sections_;
    std::vector<Fact> facts_;
};

}  // namespace examples
