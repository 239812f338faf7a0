#include "gallery.hpp"

#include "deconvviz/io/image_file.hpp"
#include "deconvviz/io/output_file.hpp"
#include "progress.hpp"

namespace examples {

namespace {

constexpr const char* style = R"(
:root { color-scheme: light; }
body { font: 17px/1.55 system-ui, sans-serif; color: #222226; background: #fff; margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.2rem 4rem; }
h1 { font-size: 1.9rem; margin: 0.4rem 0; }
h2 { font-size: 1.3rem; margin: 3rem 0 0.4rem; padding-top: 1.2rem; border-top: 1px solid #e2e2e6; }
p { max-width: 46rem; margin: 0.4rem 0; }
ul.facts { padding: 0; list-style: none; color: #55555c; }
figure { margin: 1.2rem 0; overflow-x: auto; }
figure img { max-width: 100%; height: auto; }
figcaption { color: #55555c; font-size: 0.92rem; max-width: 46rem; }
.controls { display: flex; gap: 0.8rem; align-items: center; margin: 0.6rem 0; }
.controls input { flex: 0 1 24rem; }
.controls button { font: inherit; padding: 0.2rem 0.9rem; }
nav a { margin-right: 1rem; }
)";

// Steps through the pictures of each .steps figure.
constexpr const char* script = R"(
for (const steps of document.querySelectorAll('.steps')) {
  const pictures = [...steps.querySelectorAll('figure')];
  const slider = steps.querySelector('input');
  const button = steps.querySelector('button');
  let timer = null;
  const show = () => pictures.forEach((picture, i) => { picture.hidden = i !== Number(slider.value); });
  const stop = () => { clearInterval(timer); timer = null; button.textContent = 'Play'; };
  slider.addEventListener('input', () => { stop(); show(); });
  button.addEventListener('click', () => {
    if (timer) { stop(); return; }
    button.textContent = 'Pause';
    timer = setInterval(() => { slider.value = (Number(slider.value) + 1) % pictures.length; show(); }, 900);
  });
  show();
}
)";

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
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

std::string figure(const Exhibit& exhibit) {
    const std::string caption = escaped(exhibit.caption);
    return "<figure><img src=\"" + escaped(exhibit.file) + "\" width=\"" + std::to_string(exhibit.width) +
           "\" height=\"" + std::to_string(exhibit.height) + "\" alt=\"" + caption + "\"><figcaption>" + caption +
           "</figcaption></figure>\n";
}

std::string body(const Section& section) {
    std::string html = "<p>" + escaped(section.text) + "</p>\n";
    if (section.stepped)
        html +=
            "<div class=\"steps\"><div class=\"controls\"><button type=\"button\">Play</button><input type=\"range\" "
            "min=\"0\" "
            "value=\"0\" aria-label=\"epoch\" max=\"" +
            std::to_string(section.exhibits.size() - 1) + "\"></div>\n";
    for (const Exhibit& exhibit : section.exhibits) html += figure(exhibit);
    return html + (section.stepped ? "</div>\n" : "");
}

}  // namespace

void Gallery::section(std::string title, std::string text, bool stepped) {
    sections_.push_back({std::move(title), std::move(text), {}, stepped});
}

void Gallery::add(const std::string& file, const std::string& caption, const deconvviz::figure::Image& picture) {
    deconvviz::save_png(folder_ / file, picture);
    // Figures have twice the pixels that they need, for sharp screens; shown at two thirds, their text is as large as
    // the page's.
    sections_.back().exhibits.push_back({file, caption, picture.width() * 2 / 3, picture.height() * 2 / 3});
    say("  " + (folder_ / file).string());
}

void Gallery::write(const std::string& title, const std::vector<std::string>& facts) const {
    std::string html =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
        escaped(title) + "</title><link rel=\"icon\" href=\"data:,\"><style>" + style + "</style></head><body>\n<h1>" +
        escaped(title) + "</h1>\n<ul class=\"facts\">";
    for (const std::string& fact : facts) html += "<li>" + escaped(fact) + "</li>\n";
    html += "</ul>\n<nav>";
    for (std::size_t i = 0; i < sections_.size(); ++i)
        html += "<a href=\"#s" + std::to_string(i) + "\">" + escaped(sections_[i].title) + "</a>\n";
    html += "</nav>\n";
    for (std::size_t i = 0; i < sections_.size(); ++i)
        html += "<h2 id=\"s" + std::to_string(i) + "\">" + escaped(sections_[i].title) + "</h2>\n" + body(sections_[i]);
    html += std::string("<script>") + script + "</script></body></html>\n";
    deconvviz::write_file(folder_ / "index.html", html);
}

}  // namespace examples
