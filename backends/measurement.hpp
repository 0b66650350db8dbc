#pragma once
// What `measure` is asked and what it found, as values and as rows.
#include <functional>
#include <string>
#include <vector>

#include "backends/cuda/engine.hpp"
#include "core/json.hpp"

namespace tephra {

/// Streams of the largest batch that is measured, or tried.
inline constexpr int most_batch = 4096;

/// The defaults are what a row that others compare with needs; see shortened().
struct MeasureOptions {
    bool prefill = false;
    int batch = 1;      ///< streams, generate only
    bool best = false;  ///< instead: the batch up to most_batch of the least energy a token, generate only
    int length = 2048;  ///< tokens of a prompt, prefill only
    int threads = 1;
    int windows = 3;
    double window_s = 20;
    double warm_up_s = 5;
    double idle_s = 5;  ///< of each of the two idle measurements
};

/// One window, from tick to tick of the counter.
struct MeasuredWindow {
    double seconds = 0, tokens = 0;
    double joules = 0;                                     ///< of the counter
    double sampled_joules = 0;                             ///< instantaneous power, integrated: a check of the counter
    int clock_mhz = 0, memory_clock_mhz = 0, celsius = 0;  ///< at its end
};

/// A batch that was measured for a moment.
struct BatchTrial {
    int batch = 0;
    double tokens_per_s = 0, gross_mj = 0;  ///< mJ a token
};

struct Measurement {
    CudaDevice device;
    std::string driver;
    double idle_w = 0;               ///< before the program used the GPU
    double idle_context_w = 0;       ///< with model and context on the GPU, nothing running
    int batch = 1;                   ///< streams of the windows
    std::vector<BatchTrial> trials;  ///< of the search for it, if there was one
    std::vector<MeasuredWindow> windows;

    // Over all windows together.
    double tokens_per_s = 0, watts = 0;
    double gross_mj = 0;       ///< per token
    double net_mj = 0;         ///< per token, without idle_context_w
    double spread = 0;         ///< (largest - smallest) / mean of the windows' energy per token
    double counter_ratio = 0;  ///< counter / sampled power
};

/// True when a time or the number of windows is below the default: the row then says that it is not for comparison.
bool shortened(const MeasureOptions& options);

/// How long a run is that is not shortened: "at least 3 windows of 20 s, ...".
std::string full_length();

/// Tries powers of two up to most_batch, then the batches halfway between the best of them and its neighbours.
Result<std::vector<BatchTrial>> try_batches(const std::function<Result<BatchTrial>(int batch)>& measured);

/// The trial of the least energy a token, the smallest batch of equals. trials: not empty.
const BatchTrial& best_trial(const std::vector<BatchTrial>& trials);

Json measurement_json(const Measurement& measurement);

/// The measurement as a row of a baselines file (simulator/lm/baseline.hpp); date: "2026-11-22".
Json baseline_row(const Measurement& measurement, const MeasureOptions& options, const std::string& model,
                  const std::string& date);

}  // namespace tephra
