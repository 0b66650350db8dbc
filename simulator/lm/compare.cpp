#include "simulator/lm/compare.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "core/ratio.hpp"
#include "core/text.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

/// Longest sequence of a run, in tokens.
std::int64_t sequence_length(const Run& run) {
    std::int64_t length = 0;
    for (const auto& token : run.tokens) length = std::max(length, std::int64_t{token.position} + 1);
    return length;
}

ComparisonRow run_row(const std::vector<PricedRun>& runs, std::size_t index, const ScopeEnergy& energy) {
    const auto& [run, report] = runs[index];
    const ModelShape* shape = shape_of(run.parameters);
    ComparisonRow row;
    row.run = index;
    row.data.device = run.machine_name + ", " + std::to_string(report.static_chips) + " chips";
    row.data.device_class = "neuromorphic";
    row.data.software =
        "tephra, " + timing_name(run) + ", " + run.synapse_format + (run.head_on_host ? ", head on host" : "");
    row.data.model = shape != nullptr ? shape->name : run.model_name;
    row.data.mode = run.mode;
    row.data.batch = run.streams;
    if (run.mode == RunMode::prefill) row.data.length = sequence_length(run);
    row.data.tokens_per_s = report.steady_tokens_per_s;
    row.data.mj_per_token = millijoules(energy.steady_per_token.value);
    row.data.watts = energy.steady_watts;
    row.data.scope = energy.scope;
    row.data.kind = Evidence::simulated;
    row.data.source = "steady state of the run; energy: simulated counts x cost table " + report.table_name;
    row.data.machine_kind = run.machine_kind;
    row.energy_range = energy.steady_per_token;
    return row;
}

/// How the task of a differs from that of b.
std::vector<std::string> task_differences(const Baseline& a, const Baseline& b) {
    std::vector<std::string> differences;
    if (a.model != b.model) differences.push_back("model " + a.model);
    if (a.mode != b.mode) differences.push_back(mode_name(a.mode));
    if (a.batch != b.batch) differences.push_back(a.batch ? "batch " + std::to_string(*a.batch) : "batch not stated");
    return differences;
}

/// Notes what the row's figures cover otherwise than those of the reference.
void note_scope(ComparisonRow& row, const Baseline& reference) {
    const Baseline& data = row.data;
    if (data.scope != reference.scope) {
        row.cautions.push_back("power of " + scope_name(data.scope));
        row.energy_bound = data.scope < reference.scope ? RatioBound::at_least : RatioBound::at_most;
    }
    row.other_length = data.length && reference.length && *data.length != *reference.length;
    if (row.other_length) row.cautions.push_back("length " + std::to_string(*data.length));
}

/// Published rows that share model and mode with a run; with all_models, every row.
std::vector<ComparisonRow> chosen_baselines(const std::vector<ComparisonRow>& runs,
                                            const std::vector<Baseline>& baselines, bool all) {
    std::vector<ComparisonRow> rows;
    for (const Baseline& baseline : baselines) {
        const bool related = std::ranges::any_of(runs, [&](const ComparisonRow& run) {
            return run.data.model == baseline.model && run.data.mode == baseline.mode;
        });
        if (!related && !all) continue;
        rows.emplace_back();
        rows.back().data = baseline;
    }
    return rows;
}

/// Roofline rows, 16-bit and packed weights, for each distinct task of the runs whose shape is known.
std::vector<ComparisonRow> roofline_rows(const std::vector<ComparisonRow>& runs,
                                         const std::vector<GpuDescription>& gpus) {
    std::vector<ComparisonRow> rows;
    std::vector<std::string> seen;
    for (const ComparisonRow& run : runs) {
        const ModelShape* shape = shape_named(run.data.model);
        const std::int64_t length = run.data.length.value_or(1);
        const std::string task = run.data.model + mode_name(run.data.mode) +
                                 std::to_string(run.data.batch.value_or(1)) + "/" + std::to_string(length);
        if (shape == nullptr || std::ranges::find(seen, task) != seen.end()) continue;
        seen.push_back(task);
        for (const GpuDescription& gpu : gpus)
            for (const int bits : {16, 2}) {
                rows.emplace_back();
                rows.back().data = gpu_roofline(gpu, *shape, {run.data.mode, run.data.batch.value_or(1), length, bits});
            }
    }
    return rows;
}

/// Index of the reference row: by the caller's text, or the best comparable GPU row.
Result<std::size_t> choose_reference(const std::vector<ComparisonRow>& rows, const CompareOptions& options,
                                     std::string& why) {
    if (!options.reference.empty()) {
        for (std::size_t k = 0; k < rows.size(); ++k)
            if ((rows[k].data.device + "; " + rows[k].data.software + "; " + scope_name(rows[k].data.scope))
                    .find(options.reference) != std::string::npos) {
                why = "chosen by the caller";
                return k;
            }
        return bad_input("no row's device or software contains \"" + options.reference + "\"", "--reference",
                         "rows: " + rows.front().data.device + " and " + std::to_string(rows.size() - 1) + " others");
    }
    const Baseline& first = rows.front().data;
    std::size_t best = 0;
    const auto rank = [&](const Baseline& row) {
        return std::tuple(task_differences(row, first).size(), row.kind == Evidence::derived, row.mj_per_token);
    };
    for (std::size_t k = 1; k < rows.size(); ++k) {
        if (rows[k].run || rows[k].data.device_class != "gpu") continue;
        if (best == 0 || rank(rows[k].data) < rank(rows[best].data)) best = k;
    }
    if (best == 0) {
        why = "no GPU row is here; the first run stands in";
        return best;
    }
    const auto differences = task_differences(rows[best].data, first);
    why = differences.empty() ? "least energy among the GPU rows of the same model, mode and batch"
                              : "nearest GPU row, yet of another task: " + differences.front();
    return best;
}

void fill_ratios(Comparison& comparison, bool allow_unlike) {
    const Baseline reference = comparison.rows[comparison.reference].data;
    for (ComparisonRow& row : comparison.rows) {
        row.unlike = task_differences(row.data, reference);
        note_scope(row, reference);
        if (!row.unlike.empty() && !allow_unlike) continue;
        row.speed = ratio(row.data.tokens_per_s, reference.tokens_per_s);
        row.energy_ratio = ratio(row.data.mj_per_token, reference.mj_per_token);
    }
    if (reference.mj_per_token == 0)
        comparison.notes.emplace_back("the reference row has no energy: ratios of energy are not defined");
}

/// Holds the rows of a run, one for each scope, against a published row of its machine.
void predict(const std::vector<const ComparisonRow*>& run, const ComparisonRow& row, Comparison& comparison) {
    const ComparisonRow& first = *run.front();
    const auto add = [&](const char* quantity, double simulated, double published, const std::string& scope) {
        comparison.predictions.push_back({*first.run, first.data.device + "; " + first.data.software, row.data.device,
                                          first.data.mode, quantity, simulated, published,
                                          100 * (simulated / published - 1), row.data.calibrates, scope});
    };
    add("tokens/s", first.data.tokens_per_s, row.data.tokens_per_s, "");
    const auto same = std::ranges::find_if(run, [&](const auto* each) { return each->data.scope == row.data.scope; });
    if (same != run.end())
        add("mJ/token", (*same)->data.mj_per_token, row.data.mj_per_token, scope_name(row.data.scope));
    else
        comparison.notes.push_back("the published energy of " + row.data.device + " is of " +
                                   scope_name(row.data.scope) + ", which the cost table of " + first.data.device +
                                   " does not price: no prediction of it");
}

void fill_predictions(Comparison& comparison, std::size_t runs) {
    for (std::size_t k = 0; k < runs; ++k) {
        std::vector<const ComparisonRow*> run;
        for (const ComparisonRow& row : comparison.rows)
            if (row.run == k) run.push_back(&row);
        for (const ComparisonRow& row : comparison.rows) {
            const bool same_machine =
                !row.run && !row.data.machine_kind.empty() && row.data.machine_kind == run.front()->data.machine_kind;
            if (same_machine && task_differences(row.data, run.front()->data).empty()) predict(run, row, comparison);
        }
    }
}

/// Names the batch of the least energy of each engine that has rows of several: a claim about energy stands on it.
void note_best_batches(Comparison& comparison) {
    using Engine = std::tuple<std::string, std::string, std::string, RunMode>;
    const auto engine_of = [](const Baseline& row) { return Engine(row.device, row.software, row.model, row.mode); };
    std::map<Engine, std::vector<const Baseline*>> engines;
    for (const ComparisonRow& row : comparison.rows)
        if (!row.run && row.data.kind != Evidence::derived && row.data.batch)
            engines[engine_of(row.data)].push_back(&row.data);
    for (const auto& [engine, rows] : engines) {
        if (rows.size() < 2) continue;
        const Baseline& best =
            **std::ranges::min_element(rows, {}, [](const Baseline* row) { return row->mj_per_token; });
        comparison.notes.push_back("least energy of " + best.device + ", " + best.software + ", " + best.model + ", " +
                                   mode_name(best.mode) + ": batch " + std::to_string(*best.batch) + ", " +
                                   figure_text(best.mj_per_token) + " mJ/token, " + figure_text(best.tokens_per_s) +
                                   " tokens/s");
    }
}

void add_notes(const std::vector<PricedRun>& runs, Comparison& comparison) {
    for (const auto& [run, report] : runs) {
        if (run.round == RoundKind::time_step) continue;
        if (shape_of(run.parameters) == nullptr) {
            comparison.notes.push_back("model " + run.model_name + " has no known shape (" +
                                       std::to_string(run.parameters) +
                                       " parameters): no roofline, and baselines match by name alone");
        } else if (run.model_name.starts_with("mmfree-")) {
            const auto zero = percent_of(report.skipped, report.updates);
            comparison.notes.push_back(
                run.model_name + " is compared by shape: with synthetic weights its activity differs from a trained " +
                "model's" +
                (zero ? " (zero messages here: " + fixed_text(std::floor(*zero), 0) + " % of firings)" : ""));
        }
    }
    if (comparison.round == RoundKind::time_step)
        comparison.notes.emplace_back("baselines are of tokens: no published row and no roofline is beside time steps");
    else
        comparison.notes.emplace_back(
            "rooflines start a kernel for each operation; an engine that keeps one kernel running can be faster");
}

/// Why a run can't be held against published figures; empty when it can.
std::string nothing_to_hold_against(const Comparison& comparison, std::size_t index, const Baseline& run) {
    if (comparison.round == RoundKind::time_step)
        return run.device + ", " + run.model + ": published rows are of tokens; tephra report shows those of networks";
    const auto of_run = [&](const Prediction& p) { return p.run_index == index; };
    if (std::ranges::any_of(comparison.predictions, [&](const auto& p) { return of_run(p) && !p.calibrates; }))
        return "";
    const std::string task =
        run.device + ", " + run.model + ", " + mode_name(run.mode) + ", batch " + std::to_string(run.batch.value_or(1));
    if (std::ranges::any_of(comparison.predictions, of_run))
        return task + ": prices or times were derived from its only published rows";
    return task + ": no published row of machines of kind " + run.machine_kind + " has this model, mode and batch";
}

}  // namespace

Result<Comparison> compare(const std::vector<PricedRun>& runs, const std::vector<Baseline>& baselines,
                           const std::vector<GpuDescription>& gpus, const CompareOptions& options) {
    if (runs.empty()) return bad_input("no run to compare", "run", "give at least one run file");
    Comparison comparison;
    comparison.round = runs.front().run.round;
    for (const PricedRun& each : runs)
        if (each.run.round != comparison.round)
            return bad_input(
                "a run of " + round_words(each.run.round).many + " beside one of " + round_words(comparison.round).many,
                each.run.model_name, "compare runs of the same kind");
    const bool tokens = comparison.round == RoundKind::token;
    for (std::size_t k = 0; k < runs.size(); ++k)
        for (const ScopeEnergy& energy : runs[k].report.scopes) comparison.rows.push_back(run_row(runs, k, energy));
    const auto published =
        tokens ? chosen_baselines(comparison.rows, baselines, options.all_models) : std::vector<ComparisonRow>();
    const auto rooflines = roofline_rows(comparison.rows, gpus);
    comparison.rows.insert(comparison.rows.end(), published.begin(), published.end());
    comparison.rows.insert(comparison.rows.end(), rooflines.begin(), rooflines.end());
    const auto reference = choose_reference(comparison.rows, options, comparison.reference_why);
    if (!reference) return tl::unexpected(reference.error());
    comparison.reference = *reference;
    fill_ratios(comparison, options.allow_unlike);
    fill_predictions(comparison, runs.size());
    add_notes(runs, comparison);
    note_best_batches(comparison);
    return comparison;
}

Result<void> check_predictions(const Comparison& comparison, double percent) {
    std::string missing, missed;
    std::optional<std::size_t> last;
    for (const ComparisonRow& row : comparison.rows) {
        if (!row.run || row.run == last) continue;
        last = row.run;
        if (const std::string why = nothing_to_hold_against(comparison, *row.run, row.data); !why.empty())
            missing += (missing.empty() ? "" : "; ") + why;
    }
    if (!missing.empty())
        return fail(ErrorCode::comparison_failed, "nothing to compare with: " + missing, "",
                    "give published rows with --baselines, or leave out --expect-error");
    for (const Prediction& p : comparison.predictions)
        if (!p.calibrates && std::fabs(p.error_percent) > percent)
            missed += (missed.empty() ? "" : "; ") + p.published + " " + p.quantity + ": " +
                      figure_text(p.error_percent, 3) + " %";
    if (!missed.empty())
        return fail(ErrorCode::comparison_failed, "predictions miss their published values: " + missed, "",
                    "allowed: " + figure_text(percent, 3) + " %");
    return {};
}

}  // namespace tephra
