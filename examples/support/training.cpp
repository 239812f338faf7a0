#include "training.hpp"

#include <chrono>

#include "progress.hpp"

namespace dv = deconvviz;

namespace examples {

double train(dv::Sequential<float>& model, const dv::Dataset<float>& data, dv::FitOptions<float> options,
             const OnEpoch& on_epoch) {
    TrainingProgress progress;
    double elsewhere = 0;  // seconds spent in on_epoch
    options.on_batch = [&](const dv::BatchReport& report) { progress.batch(report); };
    const auto reports = dv::fit(model, data, options, [&](const dv::EpochReport& report) {
        progress.epoch(report);
        const auto before = std::chrono::steady_clock::now();
        if (on_epoch) on_epoch(report);
        if (report.epoch < report.epochs)
            elsewhere += std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    });
    return reports.back().seconds - elsewhere;
}

}  // namespace examples
