/// @file
/// One axis of a chart: from values to places, and its ticks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/normalize.hpp"
#include "deconvviz/figure/ticks.hpp"

namespace deconvviz::detail {

/// Gathers what an axis has to show, then says where each value lies: 0 at the low end, 1 at the high one.
class ChartAxis {
  public:
    ChartAxis(bool logarithmic, std::optional<figure::ValueRange> given, const std::vector<std::string>& names)
        : logarithmic_(logarithmic), given_(given), names_(names) {
        if (!given_) return;
        figure::check(*given_);
        if (logarithmic_ && !(given_->low > 0))
            raise<OptionError>("chart: expected a range above 0 for a logarithmic axis, got ", given_->low, " to ",
                               given_->high);
    }

    /// Can this value be drawn?
    bool shows(double value) const { return std::isfinite(value) && (!logarithmic_ || value > 0); }

    void include(double value) {
        if (!shows(value)) return;
        const figure::ValueRange one{value, value};
        range_ = range_ ? figure::unite(*range_, one) : one;
    }

    /// To be called once, when all values are included; `padded` keeps curves from the frame.
    void finish(bool padded) {
        if (given_) {
            range_ = given_;
        } else if (!names_.empty()) {
            range_ = figure::ValueRange{-0.5, static_cast<double>(names_.size()) - 0.5};
        } else if (!range_) {
            range_ = logarithmic_ ? figure::ValueRange{1, 10} : figure::ValueRange{0, 1};
        } else if (padded && !logarithmic_) {
            // Only where zero would leave little room empty does an axis begin there.
            if (range_->low > 0 && range_->low < 0.4 * range_->high) range_->low = 0;
            const double room = 0.05 * (range_->high / 2 - range_->low / 2) * 2;
            constexpr double largest = std::numeric_limits<double>::max();
            if (range_->low != 0) range_->low = std::max(range_->low - room, -largest);
            if (range_->high != 0) range_->high = std::min(range_->high + room, largest);
        }
        low_ = scaled(range_->low);
        high_ = scaled(range_->high);
        if (padded && logarithmic_ && !given_) {
            const double room = 0.05 * (high_ - low_);
            low_ -= room;
            high_ += room;
        }
        if (high_ > low_) return;
        const double around = logarithmic_ ? 0.5 : std::max(std::abs(low_) * 0.1, 0.5);
        low_ -= around;
        high_ += around;
        range_ = logarithmic_ ? figure::ValueRange{std::pow(10, low_), std::pow(10, high_)}
                              : figure::ValueRange{low_, high_};
    }

    /// Beyond 0 … 1 for values outside of the range.
    double place(double value) const {
        const double at = (scaled(value) / 2 - low_ / 2) / (high_ / 2 - low_ / 2);
        return std::clamp(at, -1e3, 1e3);
    }

    bool named() const { return !names_.empty(); }
    /// Was its range given? Then values may lie beyond.
    bool cuts() const { return given_.has_value(); }

    std::vector<figure::Tick> ticks(int count) const {
        if (named()) return named_ticks();
        if (!logarithmic_) return figure::ticks(*range_, count);
        // Of many powers every second, third, ...: those whose exponents are a multiple of that, so that 1 is among
        // them.
        const double step = std::max(1.0, std::ceil((high_ - low_) / (count + 1)));
        std::vector<figure::Tick> all = powers({1}, step);
        if (all.size() < 3 && step == 1) all = powers({1, 2, 5}, 1);
        if (all.size() < 2) return figure::ticks(*range_, count);
        return all;
    }

  private:
    double scaled(double value) const { return logarithmic_ ? std::log10(value) : value; }

    std::vector<figure::Tick> named_ticks() const {
        std::vector<figure::Tick> all;
        for (std::size_t i = 0; i < names_.size(); ++i)
            if (const auto at = static_cast<double>(i); at >= range_->low && at <= range_->high)
                all.push_back({at, names_[i]});
        return all;
    }

    /// Ticks at these multiples of the powers of ten whose exponents are multiples of `step`.
    std::vector<figure::Tick> powers(const std::vector<double>& multiples, double step) const {
        std::vector<figure::Tick> all;
        for (double power = step * std::floor(low_ / step); power <= high_ + 1e-9; power += step)
            for (const double multiple : multiples) {
                const double value = multiple * std::pow(10, power);
                const double at = std::log10(value);
                if (at < low_ - 1e-9 || at > high_ + 1e-9) continue;
                all.push_back({value, figure::ticks({value, value}).front().label});
            }
        return all;
    }

    bool logarithmic_;
    std::optional<figure::ValueRange> given_;
    std::vector<std::string> names_;
    std::optional<figure::ValueRange> range_;
    double low_ = 0, high_ = 1;  // as scaled
};

}  // namespace deconvviz::detail
