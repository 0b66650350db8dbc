#pragma once
// compare: runs beside baselines. Rows of unlike tasks are named as such, and get no ratio unless that is asked for.
// Energies of unlike scopes give a bound: each row's energy can only grow with its scope.
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "simulator/lm/baseline.hpp"
#include "simulator/lm/gpu_roofline.hpp"
#include "simulator/price.hpp"

namespace tephra {

/// A run with its report. Values, so that nothing has to outlive a call.
struct PricedRun {
    Run run;
    Report report;
};

/// What the ratio of two energies says about the same ratio at the wider of their two scopes.
enum class RatioBound : std::uint8_t {
    exact,     ///< equal scopes: it is that ratio
    at_least,  ///< the row's scope is the narrower one, so its energy would grow
    at_most,   ///< the reference's scope is the narrower one
};

struct ComparisonRow {
    Baseline data;                              ///< of a run: device = machine, steady rates, kind simulated
    std::optional<std::size_t> run;             ///< index of the run that it is of; a run has a row for each scope
    EnergyRange energy_range;                   ///< per token; of runs alone
    std::vector<std::string> unlike;            ///< how its task differs from the reference's: no ratio by default
    std::vector<std::string> cautions;          ///< same task, but the figures cover different things
    bool other_length = false;                  ///< one of the cautions: sequences of another length
    std::optional<double> speed, energy_ratio;  ///< this row / reference row; none: unlike, or the reference's is zero
    RatioBound energy_bound = RatioBound::exact;
};

/// A run beside a published row of the machine that it simulates.
struct Prediction {
    std::size_t run_index = 0;
    std::string run, published;
    RunMode mode = RunMode::generate;
    std::string quantity;  ///< "tokens/s" or "mJ/token"
    double simulated = 0, value = 0;
    double error_percent = 0;
    bool calibrates = false;  ///< the row was used to derive prices or times: a check, not a prediction
    std::string scope;        ///< of both energies; empty: a rate
};

struct Comparison {
    RoundKind round = RoundKind::token;  ///< what speeds and energies are of
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

/// Runs first, with a row for each scope that their cost tables price, then published rows of the same model and mode,
/// then GPU rooflines for each distinct task of the runs. The reference is the GPU row whose task is nearest to the
/// first run's, published before derived, of the least energy. Baselines are of tokens, so runs of time steps stand
/// beside each other alone. Errors: bad_input (no run, runs of tokens and of time steps, or no row matches
/// options.reference).
Result<Comparison> compare(const std::vector<PricedRun>& runs, const std::vector<Baseline>& baselines,
                           const std::vector<GpuDescription>& gpus, const CompareOptions& options);

/// Holds every run against the published rows of the machine that it simulates. Errors: comparison_failed, when a
/// prediction is off by more than `percent`, or when there is no prediction of a run to hold it against.
Result<void> check_predictions(const Comparison& comparison, double percent);

}  // namespace tephra
