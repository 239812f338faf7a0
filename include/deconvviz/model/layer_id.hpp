/// @file
/// LayerId: a layer of a model, by index or by name.
#pragma once

#include <concepts>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"

namespace deconvviz {

/// Names a layer: `.layer = 4` or `.layer = "conv2"`. All layers count, from 0, ReLUs and poolings too.
class LayerId {
  public:
    template <std::integral I>
    LayerId(I index) : index_(static_cast<Index>(index)) {}       // NOLINT: a number names a layer
    LayerId(const char* name) : name_(name) {}                    // NOLINT: a name, too
    LayerId(std::string name) : name_(std::move(name)) {}         // NOLINT
    LayerId(std::string_view name) : name_(std::string(name)) {}  // NOLINT

    /// The position among layers of these names. Throws OptionError where there is none, naming those that there are.
    std::size_t among(const std::vector<std::string>& names) const {
        if (!name_) {
            if (index_ >= 0 && std::cmp_less(index_, names.size())) return static_cast<std::size_t>(index_);
            detail::raise<OptionError>("there is no layer ", index_, "; the model has ", names.size(),
                                       " layers: ", list(names));
        }
        for (std::size_t i = 0; i < names.size(); ++i)
            if (names[i] == *name_) return i;
        detail::raise<OptionError>("there is no layer '", *name_, "'; the layers are ", list(names));
    }

    /// Is it the layer at this position, which has this name?
    bool names(std::size_t index, std::string_view name) const {
        return name_ ? name == *name_ : std::cmp_equal(index, index_);
    }

  private:
    static std::string list(const std::vector<std::string>& names) {
        std::string all;
        for (std::size_t i = 0; i < names.size(); ++i) all += detail::concat(i ? ", " : "", i, " ", names[i]);
        return all;
    }

    Index index_ = 0;
    std::optional<std::string> name_;
};

}  // namespace deconvviz
