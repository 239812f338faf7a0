#include "gallery.hpp"

#include "deconvviz/io/image_file.hpp"
#include "deconvviz/io/output_file.hpp"
#include "gallery_page.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace examples {

namespace {

std::string escaped(const std::string& raw) {
    std::string out;
    for (const char c : raw) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

/// One of the two versions of a picture, of which the theme shows one.
std::string image(const Exhibit& exhibit, const std::string& file, const char* ground) {
    return text("<img class=\"", ground, "\" src=\"", escaped(file), "\" width=\"", exhibit.width, "\" height=\"",
                exhibit.height, "\" style=\"--w: ", exhibit.width, "px\" loading=\"lazy\" alt=\"",
                escaped(exhibit.caption), "\">");
}

std::string figure(const Exhibit& exhibit) {
    return text("<figure><div class=\"scroll\">", image(exhibit, exhibit.file, "on-light"),
                image(exhibit, exhibit.dark_file, "on-dark"), "</div><figcaption>", escaped(exhibit.caption),
                "</figcaption></figure>\n");
}

std::string body(const Section& section) {
    std::string html = "<p>" + escaped(section.text) + "</p>\n";
    if (section.stepped)
        html += text(
            "<div class=\"steps\"><div class=\"controls\"><button type=\"button\">Play</button><input type=\"range\" "
            "min=\"0\" value=\"0\" aria-label=\"epoch\" max=\"",
            section.exhibits.size() - 1, "\"></div>\n");
    for (const Exhibit& exhibit : section.exhibits) html += figure(exhibit);
    return html + (section.stepped ? "</div>\n" : "");
}

std::string head(const std::string& title) {
    return text(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        escaped(title), "</title><link rel=\"icon\" href=\"data:,\"><style>", page::style, "</style><script>",
        page::early_script, "</script></head><body>\n");
}

}  // namespace

void Gallery::section(std::string title, std::string text, bool stepped) {
    sections_.push_back({std::move(title), std::move(text), {}, stepped});
}

void Gallery::add(const std::string& file, const std::string& caption, const Draw& draw) {
    const std::string dark_file = std::filesystem::path(file).stem().string() + "_dark.png";
    const auto picture = draw(style_);
    deconvviz::save_png(folder_ / file, picture);
    deconvviz::save_png(folder_ / dark_file, draw(deconvviz::figure::dark(style_)));
    // Figures have twice the pixels that they need, for sharp screens; shown at two thirds, their text is as large as
    // the page's.
    sections_.back().exhibits.push_back({file, dark_file, caption, picture.width() * 2 / 3, picture.height() * 2 / 3});
    say("  " + (folder_ / file).string());
}

void Gallery::write(const std::string& title, const std::string& about) const {
    std::string html = head(title);
    html += text("<header><button type=\"button\" id=\"theme\" aria-label=\"light or dark\">&#9680;</button><h1>",
                 escaped(title), "</h1>\n<p class=\"about\">", escaped(about), "</p>\n<ul class=\"facts\">");
    for (const Fact& fact : facts_)
        html += text("<li><b>", escaped(fact.number), "</b>", escaped(fact.what), "</li>\n");
    html += "</ul></header>\n<nav><div>";
    for (std::size_t i = 0; i < sections_.size(); ++i)
        html += text("<a href=\"#s", i + 1, "\">", escaped(sections_[i].title), "</a>\n");
    html += "</div></nav>\n<main>";
    for (std::size_t i = 0; i < sections_.size(); ++i)
        html += text("<section id=\"s", i + 1, "\"><h2><span>", i + 1, "</span>", escaped(sections_[i].title),
                     "</h2>\n", body(sections_[i]), "</section>\n");
    html += text(
        "</main>\n<footer>Drawn by deconvviz. What is computed, and from which paper, stands in "
        "docs/method.md and docs/experiments.md.</footer>\n<script>",
        page::script, "</script></body></html>\n");
    deconvviz::write_file(folder_ / "index.html", html);
}

}  // namespace examples
