// Reads the files that tests/reference/make_reference.py writes.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "deconvviz/core/tensor.hpp"

namespace support {

/// The arrays of one file by name; see make_reference.py for the names and the format.
class ReferenceFile {
  public:
    /// `name` is that of a file in tests/reference.
    explicit ReferenceFile(const std::string& name) {
        const std::string path = std::string(DECONVVIZ_SOURCE_DIR) + "/tests/reference/" + name;
        std::ifstream file(path, std::ios::binary);
        if (!file) throw std::runtime_error("cannot open " + path);
        for (std::string line; std::getline(file, line);) {
            std::istringstream head(line);
            std::string array, type;
            head >> array >> type;
            std::vector<deconvviz::Index> dimensions;
            for (deconvviz::Index extent; head >> extent;) dimensions.push_back(extent);
            deconvviz::Tensor<double> values{deconvviz::Shape(dimensions)};
            if (type == "f8") {
                read<double>(file, values);
            } else {
                read<float>(file, values);
            }
            if (!file || array.empty()) throw std::runtime_error(path + " is broken at array '" + array + "'");
            arrays_.emplace(array, std::move(values));
        }
    }

    const deconvviz::Tensor<double>& operator[](const std::string& name) const {
        const auto found = arrays_.find(name);
        if (found == arrays_.end()) throw std::runtime_error("the reference file has no array '" + name + "'");
        return found->second;
    }

    const std::map<std::string, deconvviz::Tensor<double>>& all() const { return arrays_; }

  private:
    template <class Stored>
    static void read(std::istream& file, deconvviz::Tensor<double>& values) {
        for (double& value : values) {
            Stored stored;
            file.read(reinterpret_cast<char*>(&stored), sizeof stored);  // little endian, as every machine we run on
            value = static_cast<double>(stored);
        }
    }

    std::map<std::string, deconvviz::Tensor<double>> arrays_;
};

}  // namespace support
