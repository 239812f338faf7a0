// The commands of the tool, one function each; what they are given stands in structs of the same names.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "deconvviz/layers/layer.hpp"
#include "deconvviz/visualize/seed.hpp"
#include "tool.hpp"

namespace tool {

using Path = std::filesystem::path;
using MaybePath = std::optional<std::filesystem::path>;

void info(const Common& common);

struct Predict {
    Path image;
    Index top = 5;
    MaybePath labels, npy;
};
void predict(const Common& common, const Predict& options);

struct Maps {
    Path image;
    std::string layer;
    MaybePath out, npy;
};
void maps(const Common& common, const Maps& options);

struct Filters {
    std::string layer;
    Path out;
};
void filters(const Common& common, const Filters& options);

struct Project {
    Path image;
    std::string layer;
    std::optional<Index> map;
    std::string unit;        // "y,x"
    bool strongest = false;  // also where neither of the others is asked for
    bool whole = false;
    deconvviz::ReverseRules rules;
    deconvviz::SeedValue value = deconvviz::SeedValue::activation;
    MaybePath out, npy;
};
void project(const Common& common, const Project& options);

struct Occlude {
    Path image;
    std::string patch = "32";
    std::string stride = "8";
    double fill = 0.5;
    std::optional<Index> target;
    std::string layer;
    MaybePath labels, out, npy;
};
void occlude(const Common& common, const Occlude& options);

struct Top {
    Path data;
    std::string layer;
    std::string maps;
    Index count = 9;
    MaybePath out, json;
};
void top(const Common& common, const Top& options);

struct Report {
    std::vector<Path> images;
    MaybePath data, labels;
    Path out;
};
void report(const Common& common, const Report& options);

}  // namespace tool
