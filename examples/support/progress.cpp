#include "progress.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace examples {

namespace {

/// 75.4 seconds as 1:15.
std::string minutes(double seconds) {
    const auto all = static_cast<long>(std::lround(seconds));
    char text[32];
    std::snprintf(text, sizeof(text), "%ld:%02ld", all / 60, all % 60);
    return text;
}

}  // namespace

TrainingProgress::TrainingProgress() : terminal_(isatty(STDOUT_FILENO) != 0) {}

TrainingProgress::~TrainingProgress() {
    if (drawn_) std::printf("\n");
}

void TrainingProgress::batch(const deconvviz::BatchReport& report) {
    if (!terminal_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(100) && report.batch != report.batches) return;
    last_ = now;
    drawn_ = true;
    const double share = static_cast<double>(report.batch) / static_cast<double>(report.batches);
    const int filled = static_cast<int>(share * 24);
    const std::string bar =
        std::string(static_cast<std::size_t>(filled), '#') + std::string(24 - static_cast<std::size_t>(filled), '-');
    std::printf("\r  [%s] epoch %d/%d  loss %.4f  accuracy %.2f %%  %s left \x1b[K", bar.c_str(), report.epoch,
                report.epochs, report.loss, 100 * report.accuracy, minutes(report.seconds_left).c_str());
    std::fflush(stdout);
}

void TrainingProgress::epoch(const deconvviz::EpochReport& report) {
    if (terminal_) std::printf("\r\x1b[K");
    drawn_ = false;
    std::printf("  epoch %d/%d: loss %.4f, accuracy %.2f %% while learning, %.1f s\n", report.epoch, report.epochs,
                report.loss, 100 * report.accuracy, report.seconds);
    std::fflush(stdout);
}

void say(const std::string& what) {
    std::printf("%s\n", what.c_str());
    std::fflush(stdout);
}

}  // namespace examples
