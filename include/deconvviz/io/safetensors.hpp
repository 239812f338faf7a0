/// @file
/// Weights alone, in the format safetensors. It needs nlohmann-json, as headers, so it is no part of the umbrella
/// header.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/tensor.hpp"
#include "deconvviz/io/detail/half.hpp"
#include "deconvviz/io/detail/random_access_file.hpp"
#include "deconvviz/io/output_file.hpp"
#include "deconvviz/model/sequential.hpp"

namespace deconvviz {
namespace detail {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian, and read as they lie");

/// "conv1 Conv2D (16,24,24), relu1 ReLU (16,24,24), …": what must be the same for weights to mean the same.
template <class T>
std::string architecture(const Sequential<T>& model) {
    std::string text = concat("input ", model.input_shape());
    for (std::size_t i = 0; i < model.size(); ++i)
        text += concat(", ", model.name(i), ' ', model.layer(i).kind(), ' ', model.output_shape(i));
    return text;
}

/// A file of the format: 8 bytes for the length of a JSON header, the header, and the values.
class SafetensorsFile {
  public:
    /// Throws IoError where it cannot be read, FormatError where it is no such file.
    explicit SafetensorsFile(const std::filesystem::path& path) : file_(path) {
        constexpr std::uint64_t most = 100'000'000;  // the format's own limit
        std::uint64_t length = 0;
        if (file_.size() < sizeof(length)) refuse("expected the 8 bytes of a header's length, got ", file_.size());
        file_.read(0, &length, sizeof(length));
        if (length > file_.size() - sizeof(length) || length > most)
            refuse("expected a header of ", length, " bytes, the file has ", file_.size() - sizeof(length),
                   " more; it is cut off, or no safetensors file");
        std::string text(static_cast<std::size_t>(length), ' ');
        file_.read(sizeof(length), text.data(), text.size());
        first_ = sizeof(length) + length;
        header_ = nlohmann::json::parse(
            text,
            [this](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
                // A list in an entry of the header is as deep as the format goes: what goes on would do so for ever.
                if (depth > 3) refuse("expected a header of entries with lists of numbers, got deeper ones");
                return true;
            },
            false);
        if (!header_.is_object()) refuse("expected a header that is a JSON object");
        for (const auto& [name, entry] : header_.items())
            if (name != "__metadata__") check(name, entry);
    }

    const nlohmann::json& header() const { return header_; }

    template <class... Why>
    [[noreturn]] void refuse(const Why&... why) const {
        raise<FormatError>(file_.name(), ": ", why...);
    }

    /// The tensor of this name, which must have this shape.
    template <class T>
    Tensor<T> read(const std::string& name, const Shape& shape) const {
        const nlohmann::json& entry = header_.at(name);
        const auto extents = entry.at("shape").get<std::vector<Index>>();
        if (!std::ranges::equal(extents, shape.dimensions()))
            refuse("tensor '", name, "': the model has shape ", shape, ", the file ", entry.at("shape").dump());
        const std::string type = entry.at("dtype").get<std::string>();
        const auto begin = entry.at("data_offsets").at(0).get<std::uint64_t>();
        const auto size = entry.at("data_offsets").at(1).get<std::uint64_t>() - begin;
        Tensor<T> values;
        values.resize(shape);
        if (type == "F32")
            convert<float>(name, begin, size, values);
        else if (type == "F64")
            convert<double>(name, begin, size, values);
        else if (type == "F16")
            convert<Half>(name, begin, size, values);
        else if (type == "BF16")
            convert<BrainFloat>(name, begin, size, values);
        else
            refuse("tensor '", name, "': expected values of type F32, F64, F16 or BF16, got ", type);
        return values;
    }

  private:
    /// Throws FormatError for an entry that is not as the format has it, or whose values are not in the file.
    void check(const std::string& name, const nlohmann::json& entry) const {
        const auto whole = [](const nlohmann::json& number) {
            return number.is_number_unsigned() && number.get<std::uint64_t>() < std::uint64_t{1} << 48;
        };
        const auto all = [&](const char* key) {
            return entry.contains(key) && entry[key].is_array() && std::ranges::all_of(entry[key], whole);
        };
        if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !all("shape") ||
            !all("data_offsets") || entry["data_offsets"].size() != 2)
            refuse("tensor '", name, "': expected a dtype, a shape and two data_offsets, got ",
                   entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 120));
        const auto begin = entry["data_offsets"][0].get<std::uint64_t>();
        const auto end = entry["data_offsets"][1].get<std::uint64_t>();
        if (begin > end || end > file_.size() - first_)
            refuse("tensor '", name, "': expected data_offsets among the ", file_.size() - first_,
                   " bytes of values, got ", begin, " to ", end);
    }

    template <class V, class T>
    void convert(const std::string& name, std::uint64_t begin, std::uint64_t size, Tensor<T>& values) const {
        const auto expected = static_cast<std::uint64_t>(values.size()) * sizeof(V);
        if (size != expected)
            refuse("tensor '", name, "': expected ", expected, " bytes for the shape ", values.shape(), ", got ", size);
        if constexpr (std::is_same_v<V, T>) {
            file_.read(first_ + begin, values.data(), static_cast<std::size_t>(size));
        } else {
            std::vector<V> piece(std::min<std::size_t>(static_cast<std::size_t>(values.size()), 1 << 14));
            for (Index done = 0; done < values.size();) {
                const auto count = std::min<Index>(static_cast<Index>(piece.size()), values.size() - done);
                file_.read(first_ + begin + static_cast<std::uint64_t>(done) * sizeof(V), piece.data(),
                           static_cast<std::size_t>(count) * sizeof(V));
                for (Index i = 0; i < count; ++i) values[done + i] = static_cast<T>(piece[static_cast<std::size_t>(i)]);
                done += count;
            }
        }
    }

    RandomAccessFile file_;
    std::uint64_t first_ = 0;  // of the values
    nlohmann::json header_;
};

}  // namespace detail

/// Writes all parameters of a model under their names ("conv1.weights"), as F32 or F64 as T is, and its architecture as
/// text in the metadata; whole or not at all. Throws IoError where the file cannot be written.
template <class T>
void save_weights(const std::filesystem::path& path, const Sequential<T>& model) {
    Sequential<T> copy = model;  // parameters can be changed, so a const model does not give them
    nlohmann::ordered_json header;
    header["__metadata__"] = {{"format", "deconvviz"}, {"architecture", detail::architecture(model)}};
    std::uint64_t at = 0;
    for (const auto& parameter : copy.parameters()) {
        const Tensor<T>& values = *parameter.parameter.value;
        const auto extents = values.shape().dimensions();
        const std::uint64_t end = at + static_cast<std::uint64_t>(values.size()) * sizeof(T);
        header[parameter.name()] = {{"dtype", sizeof(T) == 8 ? "F64" : "F32"},
                                    {"shape", std::vector<Index>(extents.begin(), extents.end())},
                                    {"data_offsets", {at, end}}};
        at = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the values lie aligned
    const std::uint64_t length = text.size();
    detail::OutputFile file(path);
    const auto write = [&](const void* bytes, std::size_t size) {
        file.write({static_cast<const unsigned char*>(bytes), size});
    };
    write(&length, sizeof(length));
    write(text.data(), text.size());
    for (const auto& parameter : copy.parameters())
        write(parameter.parameter.value->data(),
              static_cast<std::size_t>(parameter.parameter.value->size()) * sizeof(T));
    file.commit();
}

/// Reads all parameters of a model from a file of F32, F64, F16 or BF16 values, which become T. The file must have the
/// model's names and shapes, no more and no less; where its metadata name an architecture, as save_weights does, that
/// must be the model's too. Throws IoError where the file cannot be read, FormatError where it is no safetensors file
/// or that of another model, naming the tensor; the model is unchanged then. Allocates no more than the weights once
/// more.
template <class T>
void load_weights(const std::filesystem::path& path, Sequential<T>& model) {
    const detail::SafetensorsFile file(path);
    if (const auto metadata = file.header().find("__metadata__"); metadata != file.header().end()) {
        const auto found = metadata->is_object() ? metadata->find("architecture") : metadata->end();
        if (metadata->is_object() && found != metadata->end() && *found != detail::architecture(model))
            file.refuse("the weights are those of another model: expected ", detail::architecture(model), "; got ",
                        found->is_string() ? found->template get<std::string>() : "something else");
    }
    const auto parameters = model.parameters();
    std::vector<Tensor<T>> read;
    for (const auto& parameter : parameters) {
        const std::string name = parameter.name();
        if (!file.header().contains(name))
            file.refuse("there is no tensor '", name, "'; the file belongs to another model");
        read.push_back(file.template read<T>(name, parameter.parameter.value->shape()));
    }
    for (const auto& entry : file.header().items())
        if (entry.key() != "__metadata__" &&
            std::ranges::none_of(parameters, [&](const auto& parameter) { return parameter.name() == entry.key(); }))
            file.refuse("the model has no parameter '", entry.key(), "'; the file belongs to another model");
    for (std::size_t i = 0; i < read.size(); ++i) *parameters[i].parameter.value = std::move(read[i]);
}

}  // namespace deconvviz
