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

/// A run with its report. Values, so that nothing has to outlive a call.
struct PricedRun {
    Run run;
    Report report;
};

struct ComparisonRow {
    Baseline data;  ///< of a run: device = machine, steady rates, kind simulated
    bool is_run = false;
    EnergyRange energy_range;                   ///< per token; of runs alone
    std::vector<std::string> unlike;            ///< how its task differs from the reference's: no ratio by default
    std::vector<std::string> cautions;          ///< same task, but the figures cover different things
    std::optional<double> speed, energy_ratio;  ///< this row / reference row; none: unlike, or the reference's is zero
    /// Whether the ratios divide figures of different tasks or, of energy, of different parts of a machine.
    [[nodiscard]] bool doubtful_speed() const { return !unlike.empty(); }
    [[nodiscard]] bool doubtful_energy() const { return !unlike.empty() || !cautions.empty(); }
};

/// "3.20x", with a "*" when it is doubtful; "-" when there is none.
std::string ratio_text(const std::optional<double>& ratio, bool doubtful);

/// A run beside a published row of the machine that it simulates.
struct Prediction {
    std::size_t run_row = 0;  ///< index in Comparison::rows
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
/// The reference is the GPU row whose task is nearest to the first run's, published before derived, of the least
/// energy. Errors: bad_input (no run, or no row matches options.reference).
Result<Comparison> compare(const std::vector<PricedRun>& runs, const std::vector<Baseline>& baselines,
                           const std::vector<GpuDescription>& gpus, const CompareOptions& options);

/// Holds every run against the published rows of the machine that it simulates. Errors: comparison_failed, when a
/// prediction is off by more than `percent`, or when there is no prediction of a run to hold it against.
Result<void> check_predictions(const Comparison& comparison, double percent);

/// Rows, predictions and notes with every figure's kind and source.
Json comparison_json(const Comparison& comparison);

}  // namespace tephra
