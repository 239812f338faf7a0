// report: all that can be seen of a model on some pictures, as one HTML page.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "commands.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/colormap.hpp"
#include "deconvviz/io/output_file.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "report_data.hpp"
#include "report_page.hpp"
#include "report_script.hpp"
#include "support/gallery_page.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
namespace fs = std::filesystem;
using examples::text;

namespace tool {

namespace {

constexpr std::size_t most_pictures = 100;  // each makes the page a megabyte or more larger

std::vector<Subject> load_subjects(const Model& model, const Common& common, const Report& options) {
    std::vector<Subject> all;
    for (const Path& path : options.images) {
        const Pictures pictures = load_pictures(path, model, common.preparation);
        const Index count = pictures.shape()[0];
        if (all.size() + static_cast<std::size_t>(count) > most_pictures)
            throw dv::OptionError(text("report: expected at most ", most_pictures, " pictures, got more"));
        if (!std::all_of(pictures.begin(), pictures.end(), [](float v) { return std::isfinite(v); }))
            throw dv::OptionError(text(path.string(), ": has values that are not finite"));
        const std::string name = path.filename().string();
        for (Index n = 0; n < count; ++n) all.push_back({count > 1 ? text(name, " #", n) : name, pictures.entry(n)});
    }
    return all;
}

/// The names of the classes; none where the model does not end in classes.
std::vector<std::string> names_of(const Model& model, const Report& options) {
    const bool classes = model.output_shape().rank() == 1;
    if (!classes && options.labels) dv::detail::expect_classes(model, "--labels");
    return classes ? class_names(options.labels, model.output_shape()[0]) : std::vector<std::string>();
}

void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!fs::is_directory(folder))
        throw dv::IoError(text(folder.string(), ": the folder cannot be made",
                               error ? ": " + error.message() : std::string(": there is a file of that name")));
}

/// The scale that the heat map's and the feature maps' colours stand for, from 0 on the left.
std::size_t colour_scale(Album& album) {
    dv::figure::Image scale(64, 1);
    for (Index x = 0; x < 64; ++x)
        scale(x, 0) = dv::figure::color(dv::figure::Colormap::sequential, static_cast<double>(x) / 63);
    return album.add(scale, 64);
}

/// JSON that may stand in a script element: no tag or comment can begin in it.
std::string for_script(const Json& json) {
    const std::string raw = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string out;
    out.reserve(raw.size());
    for (const char c : raw) {
        if (c == '<')
            out += "\\u003c";
        else
            out += c;
    }
    return out;
}

/// All that comes from files is in the JSON, which the script puts on the page as text: nothing else needs escaping.
std::string page(const Json& json) {
    return text(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
        "<title>deconvviz report</title><link rel=\"icon\" href=\"data:,\"><style>",
        examples::page::style, report_page::style, "</style><script>", examples::page::early_script,
        "</script></head>\n<body>", report_page::body, "<script type=\"application/json\" id=\"data\">",
        for_script(json), "</script>\n<script>", report_page::script, "</script></body></html>\n");
}

}  // namespace

void report(const Common& common, const Report& options) {
    Model model = load_model(common);
    const dv::Shape& input = model.input_shape();
    if (input.rank() != 3 || (input[0] != 1 && input[0] != 3))
        throw dv::ShapeError(text("report: expected a model of pictures with 1 or 3 channels, it takes ", input));
    const auto subjects = load_subjects(model, common, options);
    const auto names = names_of(model, options);
    std::optional<Data> data;
    if (options.data) data.emplace(*options.data, model, common.preparation);
    make_folder(options.out);

    Album album;
    ShownMaps shown(model.size());
    const Extent much = extent(model, static_cast<Index>(subjects.size()), data ? data->size() : 0);
    Json json{{"model", common.model.filename().string()},
              {"input", {input[0], input[1], input[2]}},
              {"names", names},
              {"most", much.maps},
              {"scale", colour_scale(album)},
              {"layers", layers_json(model)},
              {"pictures", Json::array()}};
    for (std::size_t i = 0; i < subjects.size(); ++i)
        json["pictures"].push_back(picture_json({.model = model,
                                                 .extent = much,
                                                 .class_names = names,
                                                 .bgr = common.preparation.bgr,
                                                 .who = text("picture ", i + 1, " of ", subjects.size())},
                                                subjects[i], album, shown));
    json["data"] = data ? Json{{"name", options.data->string()}, {"pictures", data->size()}} : Json();
    json["tops"] = data ? tops_json(model, *data, shown, common.preparation.bgr, album) : Json();
    json["album"] = album.uris();

    const std::string html = page(json);
    dv::write_file(options.out / "index.html", html);
    std::printf("%s: %zu pictures, %zu layers, %.1f MB\n", (options.out / "index.html").string().c_str(),
                subjects.size(), model.size(), static_cast<double>(html.size()) / 1e6);
}

}  // namespace tool
