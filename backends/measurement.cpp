#include "backends/measurement.hpp"

#include <algorithm>
#include <cmath>

#include "core/text.hpp"
#include "simulator/run.hpp"

namespace tephra {
namespace {

/// 20 or 0.5: whole numbers without a point.
std::string decimal(double v) {
    return fixed_text(v, v == std::floor(v) ? 0 : 1);
}

}  // namespace

bool shortened(const MeasureOptions& options) {
    const MeasureOptions full;
    return options.windows < full.windows || options.window_s < full.window_s || options.warm_up_s < full.warm_up_s ||
           options.idle_s < full.idle_s;
}

std::string full_length() {
    const MeasureOptions full;
    return "at least " + std::to_string(full.windows) + " windows of " + decimal(full.window_s) + " s, " +
           decimal(full.warm_up_s) + " s of warm-up and " + decimal(full.idle_s) + " s of idling";
}

Result<std::vector<BatchTrial>> try_batches(const std::function<Result<BatchTrial>(int batch)>& measured) {
    std::vector<BatchTrial> trials;
    const auto attempt = [&](int batch) -> Result<void> {
        auto trial = measured(batch);
        if (!trial) return tl::unexpected(trial.error());
        trials.push_back(*trial);
        return {};
    };
    for (int batch = 1; batch <= most_batch; batch *= 2)
        if (auto ok = attempt(batch); !ok) return tl::unexpected(ok.error());
    const int best = best_trial(trials).batch;
    for (const int batch : {best - best / 4, best + best / 2})
        if (best >= 4 && batch <= most_batch)
            if (auto ok = attempt(batch); !ok) return tl::unexpected(ok.error());
    std::ranges::sort(trials, {}, &BatchTrial::batch);
    return trials;
}

const BatchTrial& best_trial(const std::vector<BatchTrial>& trials) {
    return *std::ranges::min_element(trials, {}, &BatchTrial::gross_mj);
}

Json measurement_json(const Measurement& m) {
    Json::Array windows;
    for (const MeasuredWindow& w : m.windows)
        windows.push_back(Json::Object{{"seconds", w.seconds},
                                       {"tokens", w.tokens},
                                       {"joules", w.joules},
                                       {"sampled_joules", w.sampled_joules},
                                       {"clock_mhz", w.clock_mhz},
                                       {"memory_clock_mhz", w.memory_clock_mhz},
                                       {"celsius", w.celsius}});
    Json::Array trials;
    for (const BatchTrial& trial : m.trials)
        trials.push_back(Json::Object{
            {"batch", trial.batch}, {"tokens_per_s", trial.tokens_per_s}, {"gross_mj_per_token", trial.gross_mj}});
    return Json::Object{{"device", m.device.name},
                        {"driver", m.driver},
                        {"batch", m.batch},
                        {"trials", trials},
                        {"tokens_per_s", m.tokens_per_s},
                        {"gross_mj_per_token", m.gross_mj},
                        {"net_mj_per_token", m.net_mj},
                        {"watts", m.watts},
                        {"idle_w", m.idle_w},
                        {"idle_with_context_w", m.idle_context_w},
                        {"spread", m.spread},
                        {"counter_over_sampled_power", m.counter_ratio},
                        {"windows", windows}};
}

Json baseline_row(const Measurement& m, const MeasureOptions& options, const std::string& model,
                  const std::string& date) {
    const auto rounded = [](double v) { return std::stod(fixed_text(v, v < 100 ? 4 : 1)); };
    const MeasuredWindow last = m.windows.empty() ? MeasuredWindow{} : m.windows.back();
    const std::string source =
        std::string(shortened(options) ? "shortened run, not for comparison: " : "") + "NVML total-energy counter, " +
        std::to_string(m.windows.size()) + " windows of " + decimal(options.window_s) + " s after " +
        decimal(options.warm_up_s) + " s, driver " + m.driver + ", " + std::to_string(last.clock_mhz) + " MHz, " +
        std::to_string(last.celsius) + " C, spread " + fixed_text(100 * m.spread, 1) + " %, gross; idle with context " +
        fixed_text(m.idle_context_w, 0) + " W, net " + fixed_text(m.net_mj, 4) + " mJ/token" +
        (m.trials.empty() ? ""
                          : "; of " + std::to_string(m.trials.size()) + " batches up to " +
                                std::to_string(m.trials.back().batch) + " the one of the least energy a token");
    return Json::Object{{"device", m.device.name},
                        {"device_class", "gpu"},
                        {"software", "tephra " TEPHRA_VERSION " CUDA engine, integer model, 2-bit weights"},
                        {"model", model},
                        {"mode", mode_name(options.prefill ? RunMode::prefill : RunMode::generate)},
                        {"batch", m.batch},
                        {"length", options.prefill ? Json(options.length) : Json()},
                        {"tokens_per_s", rounded(m.tokens_per_s)},
                        {"mj_per_token", rounded(m.gross_mj)},
                        {"watts", rounded(m.watts)},
                        {"power_includes", "board"},
                        {"kind", "measured"},
                        {"source", source},
                        {"date", date}};
}

}  // namespace tephra
