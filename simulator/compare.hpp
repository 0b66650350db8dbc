#pragma once
// compare: runs beside baselines. Unlike rows are named as such, and get no ratio unless that is asked for.
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "simulator/baseline.hpp"
#include "simulator/gpu_roofline.hpp"
#include "simulator/price.hpp"

namespace tephra {

/// A priced run; both outlive the comparison.
struct PricedRun {
    const Run* run = nullptr;
    const Report* report = nullptr;
};

struct ComparisonRow {
    Baseline data;  ///< of a run: device = machine, steady rates, kind simulated
    bool is_run = false;
    EnergyRange energy_range;                   ///< per token; of runs alone
    std::vector<std::string> unlike;            ///< how its task differs from the reference's: no ratio by default
    std::vector<std::string> cautions;          ///< same task, but the figures cover different things
    std::optional<double> speed, energy_ratio;  ///< this row / reference row
};

/// A run beside a published row of the machine that it simulates.
struct Prediction {
    std::string run, published;
    RunMode mode = RunMode::generate;
    std::string quantity;  ///< "tokens/s" or "mJ/token"
    double simulated = 0, value = 0;
    double error_percent = 0;
    bool calibrates = false;     ///< the row was used to derive prices or times: a check, not a prediction
    std::string power_includes;  ///< boundaries when they differ: "chips, published: system"
};

struct Comparison {
    std::vector<ComparisonRow> rows;
    std::size_t reference = 0;  ///< index of the row that ratios refer to
    std::string reference_why;
    std::vector<Prediction> predictions;
    std::vector<std::string> notes;
};

struct CompareOptions {
    std::string reference;      ///< text that the reference row's device and software contain; empty: chosen
    bool allow_unlike = false;  ///< ratios for unlike rows too
    bool all_models = false;    ///< keep baselines of models that no run has
};

/// Runs first, then published rows of the same model and mode, then GPU rooflines for each distinct task of the runs.
/// The reference is the GPU row that is most like the first run, published before derived, of the least energy.
/// Errors: bad_input (no run, or no row matches options.reference).
Result<Comparison> compare(const std::vector<PricedRun>& runs, const std::vector<Baseline>& baselines,
                           const std::vector<GpuDescription>& gpus, const CompareOptions& options);

/// Rows, predictions and notes with every figure's kind and source.
Json comparison_json(const Comparison& comparison);

}  // namespace tephra
