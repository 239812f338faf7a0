#include "settings.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <system_error>

#include "colour.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/core/parallel.hpp"
#include "deconvviz/figure/truetype.hpp"
#include "text.hpp"

namespace examples {

deconvviz::figure::Style Settings::style() const {
    deconvviz::figure::Style style;
    if (font) style.font = deconvviz::figure::load_font(*font);
    return style;
}

namespace {

void make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error || !std::filesystem::is_directory(folder))
        throw deconvviz::IoError(text("cannot make the folder ", folder.string(), ": ",
                                      error ? error.message() : "there is a file of that name"));
}

}  // namespace

int run(int argc, const char* const* argv, const std::string& what_it_does,
        const std::function<void(const Settings&)>& work) {
    Settings settings;
    CLI::App app(what_it_does);
    app.add_option("--out", settings.out, "Folder for the results")->capture_default_str();
    CLI::Option* const mnist = app.add_option("--mnist", settings.mnist,
                                              "Folder with the four original MNIST files, plain or .gz; without it, "
                                              "digits are drawn from strokes");
    app.add_option("--cifar", settings.cifar,
                   "Folder with the binary files of CIFAR-10, plain or .gz, to look into a network of colour pictures")
        ->excludes(mnist);
    app.add_option("--weights", settings.weights,
                   "File of trained parameters (.safetensors): read where it exists, else written after training");
    app.add_option("--font", settings.font, "TrueType font (.ttf) for the figures; without it, a built-in one");
    CLI::Option* const epochs =
        app.add_option("--epochs", settings.epochs,
                       text("Epochs of training; with --cifar, ", colour_epochs, " if not given"))
            ->capture_default_str()
            ->check(CLI::Range(1, 1000));
    app.add_option("--threads", settings.threads, "Threads; 0 for all processors")
        ->capture_default_str()
        ->check(CLI::Range(0, 1024));
    app.add_option("--seed", settings.seed, "Seed of weights, order and drawn digits")->capture_default_str();
    app.add_flag("--quick", settings.quick, "Little work and rough results, for tests");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (settings.cifar && epochs->count() == 0) settings.epochs = colour_epochs;
    try {
        if (settings.threads > 0) deconvviz::set_threads(settings.threads);
        (void)settings.style();  // a font that cannot be read is said before the training, not after
        make_folder(settings.out);
        work(settings);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << '\n';
        return 1;
    }
}

}  // namespace examples
