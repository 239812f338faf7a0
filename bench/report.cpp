// Prints the table of ratios from Google Benchmark's JSON files (scripts/bench.sh): ours beside oneDNN, PyTorch, the
// machine's multiply-add peak and copies of memory, as medians over the repetitions.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

/// kernel/implementation/shape.
struct Name {
    std::string kernel, implementation, shape;

    friend auto operator<=>(const Name&, const Name&) = default;
};

/// What a file says of one benchmark, one value a repetition.
struct Samples {
    std::vector<double> milliseconds;
    std::vector<double> operations;  // a second; empty where there is none
    std::vector<double> bytes;       // a second; empty where there is none
    std::optional<double> counted;   // how many times less is computed than by the whole way
};

/// One file.
struct Run {
    std::string path;
    std::map<std::string, std::string> context;
    std::vector<Name> order;  // as registered
    std::map<Name, Samples> benchmarks;

    const Samples* find(const Name& name) const {
        const auto found = benchmarks.find(name);
        return found == benchmarks.end() ? nullptr : &found->second;
    }
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// "max_pool/onednn/64_k2s2_224", perhaps with "/real_time" behind it. None for a name of another kind.
std::optional<Name> parsed(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, '/');) parts.push_back(part);
    if (parts.size() < 3) return std::nullopt;
    return Name{parts[0], parts[1], parts[2]};
}

double milliseconds(const nlohmann::json& entry, const char* clock) {
    const std::string unit = entry.at("time_unit");
    const double factor = unit == "s" ? 1e3 : unit == "ms" ? 1 : unit == "us" ? 1e-3 : 1e-6;
    return entry.at(clock).get<double>() * factor;
}

Run read(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path + ": cannot be read");
    Run run{.path = path, .context = {}, .order = {}, .benchmarks = {}};
    try {
        const nlohmann::json json = nlohmann::json::parse(file);
        for (const auto& [key, value] : json.at("context").items())
            if (value.is_string()) run.context[key] = value;
        // On one thread its own time counts, which the machine's other work disturbs less.
        const char* const clock = run.context["threads"] == "1" ? "cpu_time" : "real_time";
        std::map<Name, int> place;
        for (const auto& entry : json.at("benchmarks")) {
            if (entry.value("run_type", "iteration") != "iteration") continue;  // means, deviations, …
            if (entry.value("error_occurred", false))
                throw std::runtime_error(entry.at("name").get<std::string>() + ": " + entry.value("error_message", ""));
            const auto name = parsed(entry.value("run_name", entry.at("name").get<std::string>()));
            if (!name) continue;
            place[*name] = entry.value("family_index", 0);
            Samples& samples = run.benchmarks[*name];
            samples.milliseconds.push_back(milliseconds(entry, clock) / entry.value("questions", 1.0));
            if (entry.contains("counted_gain")) samples.counted = entry["counted_gain"];
            if (entry.contains("FLOP/s")) samples.operations.push_back(entry["FLOP/s"]);
            if (entry.contains("bytes_per_second")) samples.bytes.push_back(entry["bytes_per_second"]);
        }
        for (const auto& [name, samples] : run.benchmarks) run.order.push_back(name);
        std::stable_sort(run.order.begin(), run.order.end(),
                         [&](const Name& a, const Name& b) { return place[a] < place[b]; });
    } catch (const nlohmann::json::exception& error) {
        throw std::runtime_error(path + ": expected Google Benchmark's JSON: " + error.what());
    }
    return run;
}

/// 0.0123, 1.23, 12.3, 123: three digits that count.
std::string number(double value) {
    std::ostringstream out;
    const int before = value >= 100 ? 3 : value >= 10 ? 2 : value >= 1 ? 1 : value >= 0.1 ? 0 : -1;
    out << std::fixed << std::setprecision(3 - before) << value;
    return out.str();
}

std::string ratio(double value) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(2) << value;
    return out.str();
}

std::string percent(double value) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(0) << 100 * value << " %";
    return out.str();
}

/// A column of ratios, for what stands below it.
class Ratios {
  public:
    void add(double value) { values_.push_back(value); }
    bool empty() const { return values_.empty(); }
    double geometric_mean() const {
        double sum = 0;
        for (const double value : values_) sum += std::log(value);
        return std::exp(sum / static_cast<double>(values_.size()));
    }
    double least() const { return *std::min_element(values_.begin(), values_.end()); }

  private:
    std::vector<double> values_;
};

using Cells = std::vector<std::string>;

/// Prints lines of cells as columns, the first to the left, the others to the right; columns without any value are left
/// out.
void print(const std::vector<Cells>& lines) {
    const std::size_t columns = lines.front().size();
    for (const Cells& line : lines) {
        for (std::size_t c = 0; c < columns; ++c) {
            std::size_t width = 0;
            bool used = c == 0;
            for (const Cells& other : lines) {
                width = std::max(width, other[c].size());
                used = used || (&other != &lines.front() && !other[c].empty());
            }
            if (!used) continue;
            std::cout << (c == 0 ? "" : "  ") << (c == 0 ? std::left : std::right) << std::setw(static_cast<int>(width))
                      << line[c];
        }
        std::cout << '\n';
    }
    std::cout << '\n';
}

class Report {
  public:
    explicit Report(const std::vector<std::string>& paths) {
        for (const std::string& path : paths) runs_.push_back(read(path));
    }

    void print_all() const {
        print_machine();
        for (const Run& run : runs_) {
            std::set<std::string> done;
            for (const Name& name : run.order)
                if (name.implementation.starts_with("deconvviz") && done.insert(name.kernel).second)
                    print_kernel(run, name.kernel);
        }
    }

  private:
    /// What the files agree on, or all that they say.
    std::string said(const std::string& key) const {
        std::set<std::string> values;
        for (const Run& run : runs_)
            if (const auto found = run.context.find(key); found != run.context.end()) values.insert(found->second);
        std::string all;
        for (const std::string& value : values) all += (all.empty() ? "" : " and ") + value;
        return all.empty() ? "unknown" : all;
    }

    void print_machine() const {
        std::size_t repetitions = 0;
        std::map<Name, Samples> yardsticks;
        for (const Run& run : runs_)
            for (const auto& [name, samples] : run.benchmarks) {
                repetitions = std::max(repetitions, samples.milliseconds.size());
                if (name.kernel != "peak" && (name.kernel != "copy" || !name.shape.ends_with('B'))) continue;
                Samples& all = yardsticks[name];
                all.operations.insert(all.operations.end(), samples.operations.begin(), samples.operations.end());
                all.bytes.insert(all.bytes.end(), samples.bytes.begin(), samples.bytes.end());
            }
        std::cout << "Instruction set " << said("isa") << ", compiler " << said("compiler") << " with " << said("flags")
                  << ", threads " << said("threads") << ", oneDNN " << said("onednn");
        if (said("pytorch") != "unknown") std::cout << ", PyTorch " << said("pytorch");
        std::cout << "\nMedians of " << repetitions
                  << " repetitions. Ratios are of speed: above 1 ours is faster. A method that\n"
                  << "needs fewer multiply-adds than the direct one, as Winograd's, can pass the peak.\n";
        for (const auto& [name, samples] : yardsticks) {
            std::cout << "  " << name.kernel << ' ' << name.shape << ": ";
            if (!samples.operations.empty()) std::cout << number(median(samples.operations) / 1e9) << " GFLOP/s\n";
            if (!samples.bytes.empty())
                std::cout << number(median(samples.bytes) / 1e9) << " GB/s, read and written together\n";
        }
        std::cout << '\n';
    }

    /// The same benchmark of another implementation, in the same file or else in any.
    std::optional<double> time_of(const Run& run, Name name, const std::string& implementation) const {
        name.implementation = implementation;
        if (const Samples* const found = run.find(name)) return median(found->milliseconds);
        for (const Run& other : runs_)
            if (const Samples* const found = other.find(name)) return median(found->milliseconds);
        return std::nullopt;
    }

    void print_kernel(const Run& run, const std::string& kernel) const {
        std::vector<Cells> lines{{kernel, "ms", "GFLOP/s", "of peak", "GB/s", "of copy", "oneDNN ms", "ratio",
                                  "PyTorch ms", "ratio", "whole ms", "gain", "counted", "reached"}};
        Ratios to_peak, to_copy, to_onednn, to_pytorch;
        for (const Name& name : run.order) {
            if (name.kernel != kernel || !name.implementation.starts_with("deconvviz")) continue;
            // "deconvviz_double", "deconvviz_direct": a variant, which counts in no mean.
            const std::string variant = name.implementation.substr(std::string_view("deconvviz").size());
            const bool twice = variant == "_double";
            const bool counts = variant.empty();
            const Samples& ours = run.benchmarks.at(name);
            const double time = median(ours.milliseconds);
            Cells line(lines.front().size());
            line[0] = "  " + name.shape + (counts ? "" : " " + variant.substr(1));
            line[1] = number(time);
            if (!ours.operations.empty()) {
                const double rate = median(ours.operations);
                line[2] = number(rate / 1e9);
                if (const Samples* const peak = run.find({"peak", "fma", isa(run)})) {
                    const double share = rate / median(peak->operations) * (twice ? 2 : 1);
                    line[3] = percent(share);
                    if (counts) to_peak.add(share);
                }
            }
            if (!ours.bytes.empty()) {
                const double rate = median(ours.bytes);
                line[4] = number(rate / 1e9);
                if (const Samples* const copy = run.find({"copy", "memcpy", name.shape})) {
                    const double share = rate / median(copy->bytes);
                    line[5] = percent(share);
                    if (counts) to_copy.add(share);
                }
            }
            if (!twice) {
                Ratios none;
                compare(time, time_of(run, name, "onednn"), counts ? to_onednn : none, line[6], line[7]);
                compare(time, time_of(run, name, "pytorch"), counts ? to_pytorch : none, line[8], line[9]);
            }
            if (ours.counted) compare_with_whole(run, name, *ours.counted, line);
            lines.push_back(std::move(line));
        }
        if (lines.size() > 2 && !(to_peak.empty() && to_copy.empty() && to_onednn.empty() && to_pytorch.empty())) {
            lines.push_back({"  geometric mean", "", "", text(to_peak, &Ratios::geometric_mean, percent), "",
                             text(to_copy, &Ratios::geometric_mean, percent), "",
                             text(to_onednn, &Ratios::geometric_mean, ratio), "",
                             text(to_pytorch, &Ratios::geometric_mean, ratio), "", "", "", ""});
            lines.push_back({"  least", "", "", text(to_peak, &Ratios::least, percent), "",
                             text(to_copy, &Ratios::least, percent), "", text(to_onednn, &Ratios::least, ratio), "",
                             text(to_pytorch, &Ratios::least, ratio), "", "", "", ""});
        }
        print(lines);
    }

    /// Beside what is computed in windows: the whole way, how much faster the windows are, by time and by counting.
    void compare_with_whole(const Run& run, const Name& name, double counted, Cells& line) const {
        const auto whole = time_of(run, name, "deconvviz_whole");
        if (!whole) return;
        const double gain = *whole / median(run.benchmarks.at(name).milliseconds);
        line[10] = number(*whole);
        line[11] = ratio(gain);
        line[12] = ratio(counted);
        line[13] = percent(gain / counted);
    }

    static std::string isa(const Run& run) {
        const auto found = run.context.find("isa");
        return found == run.context.end() ? "" : found->second;
    }

    static void compare(double ours, const std::optional<double>& theirs, Ratios& ratios, std::string& time,
                        std::string& cell) {
        if (!theirs) return;
        time = number(*theirs);
        cell = ratio(*theirs / ours);
        ratios.add(*theirs / ours);
    }

    static std::string text(const Ratios& ratios, double (Ratios::*value)() const, std::string (*format)(double)) {
        return ratios.empty() ? "" : format((ratios.*value)());
    }

    std::vector<Run> runs_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> paths(argv + 1, argv + argc);
    if (paths.empty()) {
        std::cerr << "usage: bench_report FILE.json ...\n";
        return 2;
    }
    try {
        Report(paths).print_all();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << '\n';
        return 1;
    }
}
