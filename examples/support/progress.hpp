// A progress line on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <string>

#include "deconvviz/train/fit.hpp"

namespace examples {

/// Shows how far a training is: on a terminal one line that is redrawn, [#####-----] epoch 2/5  loss 0.042 …, elsewhere
/// (a file, a CI log) one line an epoch.
class TrainingProgress {
  public:
    TrainingProgress();
    ~TrainingProgress();  // never leaves a half-drawn line behind
    TrainingProgress(const TrainingProgress&) = delete;
    TrainingProgress& operator=(const TrainingProgress&) = delete;

    void batch(const deconvviz::BatchReport& report);
    void epoch(const deconvviz::EpochReport& report);

  private:
    bool terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point last_{};
};

/// Says what is being done, on a line of its own.
void say(const std::string& what);

}  // namespace examples
