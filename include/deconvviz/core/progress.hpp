/// @file
/// Progress of work that takes long, and its cancellation.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <string_view>

#include "deconvviz/core/error.hpp"
#include "deconvviz/core/shape.hpp"

namespace deconvviz {

/// How far something is.
struct Progress {
    Index done = 0;  // steps, of `total`
    Index total = 0;
    double seconds = 0;       // since the beginning
    double seconds_left = 0;  // estimated from the steps so far
};

/// Called after each part of the work; where it returns false, the work is cancelled (CancelledError). May be absent.
using OnProgress = std::function<bool(const Progress&)>;

namespace detail {

/// Counts the steps of one piece of work and tells a callback, which must outlive it:
///
///     ProgressMeter meter("occlusion", "positions", 12, options.progress);
///     meter.advance(5);  // may throw CancelledError: "occlusion: cancelled after 5 of 12 positions"
class ProgressMeter {
  public:
    ProgressMeter(std::string_view what, std::string_view steps, Index total, const OnProgress& callback)
        : what_(what), steps_(steps), total_(total), callback_(callback) {}

    void advance(Index count = 1) { reach(done_ + count); }

    /// So many steps are done.
    void reach(Index done) {
        done_ = done;
        if (callback_) tell();
    }

    /// The same on the way to the next call of `advance` or `reach`: the callback is told where it has not heard of
    /// anything for a tenth of a second, so that work in large pieces can be watched and cancelled.
    void pass(Index done) {
        using namespace std::chrono_literals;
        if (!callback_ || std::chrono::steady_clock::now() - told_ < 100ms) return;
        done_ = std::max(done_, done);
        if (done_ > 0) tell();
    }

    /// How far it is at this moment, with so many steps done: one at least.
    Progress at(Index done) const {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        return {done, total_, seconds, seconds / static_cast<double>(done) * static_cast<double>(total_ - done)};
    }

  private:
    void tell() {
        if (!callback_(at(done_)))
            raise<CancelledError>(what_, ": cancelled after ", done_, " of ", total_, " ", steps_);
        told_ = std::chrono::steady_clock::now();
    }

    std::string_view what_;
    std::string_view steps_;
    Index total_;
    Index done_ = 0;
    const OnProgress& callback_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point told_ = start_;
};

}  // namespace detail
}  // namespace deconvviz
