// deconvviz: what a convolutional network has learned, from an ONNX file, on the command line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/version.hpp"

namespace dv = deconvviz;

namespace {

/// The command line: options go into the structs that the commands take.
class CommandLine {
  public:
    CommandLine() {
        app_.set_version_flag("--version", std::string("deconvviz ") + dv::version);
        app_.require_subcommand(1);
        app_.footer("Every command has a --help with an example. L is a layer's index or name, as `info` prints them.");
        add_info();
        add_predict();
        add_maps();
        add_filters();
        add_project();
        add_occlude();
        add_top();
        add_report();
    }

    /// 0, 1 for an error, 2 for a wrong command line.
    int run(int argc, char** argv) {
        try {
            expect_command(argc, argv);
            app_.parse(argc, argv);
            check();
        } catch (const CLI::ParseError& error) {
            return app_.exit(error) == 0 ? 0 : 2;
        }
        try {
            if (common_.threads > 0) dv::set_threads(common_.threads);
            chosen_();
            if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
                throw dv::IoError("the standard output cannot be written");
            return 0;
        } catch (const std::bad_alloc&) {
            std::cerr << "error: not enough memory\n";
        } catch (const std::exception& error) {
            std::cerr << "error: " << error.what() << '\n';
        }
        return 1;
    }

  private:
    CLI::App* command(const std::string& name, const std::string& what, const std::string& example,
                      std::function<void()> work) {
        CLI::App* const sub = app_.add_subcommand(name, what);
        sub->footer("Example:\n  deconvviz " + name + " " + example);
        sub->add_option("MODEL", common_.model, "ONNX file")->required();
        sub->add_option("--input", common_.input, "Shape of a picture, as 3x224x224, for a model that leaves it open");
        sub->add_option("--threads", common_.threads, "Threads; 0 for all processors")->check(CLI::Range(0, 1024));
        sub->callback([this, work = std::move(work)] { chosen_ = work; });
        return sub;
    }

    void picture_options(CLI::App* sub) {
        tool::Preparation& p = common_.preparation;
        sub->add_option(
            "--size", p.size,
            "Resize a picture: 256 for its shorter side, 256x320 for rows and columns; by default so that it "
            "covers the model's input");
        sub->add_option("--crop", p.crop,
                        "Then cut this out of the middle, 224 or 224x224; by default the input's size");
        sub->add_option("--mean", p.mean, "Taken from the values 0 … 1, one number or one a channel: 0.485,0.456,0.406")
            ->delimiter(',')
            ->allow_extra_args(false);
        sub->add_option("--std", p.deviation, "Then divided by, likewise")->delimiter(',')->allow_extra_args(false);
        sub->add_flag("--bgr", p.bgr, "Blue, green, red in place of red, green, blue");
    }
    void image_option(CLI::App* sub, tool::Path& image) {
        sub->add_option("IMAGE", image, "PNG or JPEG, or an .npy of CxHxW or NxCxHxW, which is used as it is")
            ->required();
        picture_options(sub);
    }
    static void layer_option(CLI::App* sub, std::string& layer) {
        sub->add_option("--layer", layer, "Index or name of a layer")->required();
    }
    void out_options(CLI::App* sub, tool::MaybePath& out, tool::MaybePath& npy, const std::string& what) {
        sub->add_option("--out", out, "PNG file for the figure");
        sub->add_option("--npy", npy, ".npy file for " + what);
        font_option(sub);
        needs_.push_back({sub, &out, &npy, "--npy"});
    }
    void font_option(CLI::App* sub) { sub->add_option("--font", common_.font, "TrueType font (.ttf) for the figure"); }

    /// A word that is no command: said so, and not that one is missing.
    void expect_command(int argc, char** argv) const {
        const std::string first = argc > 1 ? argv[1] : "-";
        if (first.starts_with('-')) return;
        std::string names;
        for (const CLI::App* sub : app_.get_subcommands([](const CLI::App*) { return true; })) {
            if (sub->get_name() == first) return;
            names += (names.empty() ? "" : ", ") + sub->get_name();
        }
        throw CLI::ValidationError("there is no command '" + first + "'; the commands are " + names);
    }

    /// A command that would write nothing is a mistake.
    void check() const {
        for (const auto& [sub, out, numbers, option] : needs_)
            if (sub->parsed() && !*out && !*numbers)
                throw CLI::ValidationError("expected --out or " + option + " (or both): else nothing is written");
        if ((!project_.unit.empty() || project_.strongest || project_.whole) && !project_.map)
            throw CLI::ValidationError("--unit, --strongest, --whole: expected --map, too");
        if (project_.whole && !project_.unit.empty())
            throw CLI::ValidationError("--whole: expected no --unit beside it");
    }

    void add_info() {
        command("info", "The layers of a model: shapes, parameters, receptive fields, operations", "classifier.onnx",
                [this] { tool::info(common_); });
    }

    void add_predict() {
        CLI::App* const sub =
            command("predict", "The most probable classes", "classifier.onnx cat.jpg --labels names.txt",
                    [this] { tool::predict(common_, predict_); });
        image_option(sub, predict_.image);
        sub->add_option("--top", predict_.top, "How many classes")
            ->check(CLI::Range(1, 1 << 20))
            ->capture_default_str();
        sub->add_option("--labels", predict_.labels, "File with the names of the classes, a line each");
        sub->add_option("--npy", predict_.npy, ".npy file for the model's raw output, N x classes");
    }

    void add_maps() {
        CLI::App* const sub =
            command("maps", "The feature maps of a layer", "classifier.onnx cat.jpg --layer relu2 --out maps.png",
                    [this] { tool::maps(common_, maps_); });
        image_option(sub, maps_.image);
        layer_option(sub, maps_.layer);
        out_options(sub, maps_.out, maps_.npy, "the activations, N x C x H x W");
    }

    void add_filters() {
        CLI::App* const sub = command("filters", "The filters of a convolution", "classifier.onnx --out filters.png",
                                      [this] { tool::filters(common_, filters_); });
        sub->add_option("--layer", filters_.layer, "Index or name of a convolution; by default the first");
        sub->add_option("--out", filters_.out, "PNG file")->required();
        font_option(sub);
    }

    /// One of a few words.
    template <class Value>
    static void choice(CLI::App* sub, const std::string& name, Value& value,
                       const std::vector<std::pair<std::string, Value>>& words, const std::string& what) {
        std::string all;
        for (const auto& word : words) all += (all.empty() ? "" : "|") + word.first;
        sub->add_option_function<std::string>(
               name,
               [name, all, words, &value](const std::string& given) {
                   for (const auto& word : words)
                       if (word.first == given) {
                           value = word.second;
                           return;
                       }
                   throw CLI::ValidationError(name, "expected " + all + ", got '" + given + "'");
               },
               what)
            ->type_name(all);
    }

    void add_project() {
        CLI::App* const sub = command("project", "What a unit, a map or a layer responds to, projected to the picture",
                                      "classifier.onnx cat.jpg --layer relu5 --map 17 --out cat17.png",
                                      [this] { tool::project(common_, project_); });
        image_option(sub, project_.image);
        layer_option(sub, project_.layer);
        sub->add_option("--map", project_.map, "The map; without it, all maps of the layer together");
        auto* const unit = sub->add_option("--unit", project_.unit, "The unit of the map at Y,X");
        auto* const strongest =
            sub->add_flag("--strongest", project_.strongest, "Its strongest unit: the default with --map");
        auto* const whole = sub->add_flag("--whole", project_.whole, "All units of the map");
        unit->excludes(strongest);
        whole->excludes(strongest);
        choice(sub, "--rule", project_.rules.relu,
               {{"deconvnet", dv::ReluRule::deconvnet},
                {"guided", dv::ReluRule::guided},
                {"gradient", dv::ReluRule::gradient}},
               "Way back through a ReLU (default deconvnet)");
        choice(sub, "--overlap", project_.rules.overlap,
               {{"accumulate", dv::Overlap::accumulate}, {"overwrite", dv::Overlap::overwrite}},
               "Where pooling windows overlap (default accumulate)");
        choice(sub, "--seed-value", project_.value,
               {{"activation", dv::SeedValue::activation}, {"one", dv::SeedValue::one}},
               "What a unit starts with (default activation)");
        out_options(sub, project_.out, project_.npy, "the projection, N x C x H x W of the input");
    }

    void add_occlude() {
        CLI::App* const sub = command("occlude", "Where hiding a part of the picture harms the answer",
                                      "classifier.onnx cat.jpg --patch 32 --stride 8 --out heat.png",
                                      [this] { tool::occlude(common_, occlude_); });
        image_option(sub, occlude_.image);
        sub->add_option("--patch", occlude_.patch, "Size of the patch, 32 or 32x24")->capture_default_str();
        sub->add_option("--stride", occlude_.stride, "Step of the patch")->capture_default_str();
        sub->add_option("--fill", occlude_.fill, "The value that hides, on the scale of the input")
            ->capture_default_str();
        sub->add_option("--class", occlude_.target, "The class; by default the most probable one");
        sub->add_option("--layer", occlude_.layer,
                        "Also show this layer's strongest map: the whole of the paper's Fig. 7");
        sub->add_option("--labels", occlude_.labels, "File with the names of the classes, a line each");
        out_options(sub, occlude_.out, occlude_.npy, "the probability by position, rows x columns");
    }

    void add_top() {
        CLI::App* const sub = command("top", "The pictures of a data set that excite each map of a layer most",
                                      "classifier.onnx photos/ --layer relu3 --maps 0-15 --out top.png",
                                      [this] { tool::top(common_, top_); });
        sub->add_option("DATA", top_.data, "Folder of pictures, IDX or CIFAR-10 file or folder, or .npy")->required();
        picture_options(sub);
        layer_option(sub, top_.layer);
        sub->add_option("--maps", top_.maps, "Maps as 0,3,7-9; by default all");
        sub->add_option("--count", top_.count, "Pictures for each map")
            ->check(CLI::Range(1, 1000))
            ->capture_default_str();
        sub->add_option("--out", top_.out, "PNG file for the figure");
        sub->add_option("--json", top_.json, "JSON file for pictures, positions and values");
        font_option(sub);
        needs_.push_back({sub, &top_.out, &top_.json, "--json"});
    }

    void add_report() {
        CLI::App* const sub = command(
            "report", "One HTML page: every layer, its strongest maps, projections, occlusion",
            "classifier.onnx cat.jpg dog.jpg --data photos/ --out report", [this] { tool::report(common_, report_); });
        sub->add_option("IMAGE", report_.images, "PNG or JPEG, or .npy, one or more")->required();
        picture_options(sub);
        sub->add_option("--data", report_.data, "Pictures for the top activations: as for `top`");
        sub->add_option("--labels", report_.labels, "File with the names of the classes, a line each");
        sub->add_option("--out", report_.out, "Folder for the page; it is made where it is not there")->required();
    }

    struct Needs {
        CLI::App* sub;
        const tool::MaybePath* out;
        const tool::MaybePath* numbers;
        std::string option;  // for the numbers
    };

    CLI::App app_{"deconvviz: shows what a convolutional network has learned (an ONNX file)"};
    tool::Common common_;
    tool::Predict predict_;
    tool::Maps maps_;
    tool::Filters filters_;
    tool::Project project_;
    tool::Occlude occlude_;
    tool::Top top_;
    tool::Report report_;
    std::vector<Needs> needs_;
    std::function<void()> chosen_;
};

}  // namespace

int main(int argc, char** argv) {
    return CommandLine().run(argc, argv);
}
