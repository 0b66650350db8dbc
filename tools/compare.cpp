// tephra compare: runs beside published, measured and derived rows of other machines.
#include <algorithm>
#include <iostream>
#include <memory>

#include "backends/fpga/rows_beside.hpp"
#include "core/text.hpp"
#include "simulator/lm/compare.hpp"
#include "simulator/lm/comparison_text.hpp"
#include "simulator/page/comparison_page.hpp"
#include "simulator/report_rows.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

Table row_table(const Comparison& comparison, bool text) {
    const RoundWords& words = round_words(comparison.round);
    Table table({"device", "software", "model", "mode", "batch", words.rate, words.energy, "power of", "kind", "speed",
                 "energy", "differs", "source"});
    for (std::size_t k = 0; k < comparison.rows.size(); ++k) {
        const ComparisonRow& row = comparison.rows[k];
        const Baseline& data = row.data;
        auto differs = row.unlike;
        differs.insert(differs.end(), row.cautions.begin(), row.cautions.end());
        const auto cell = [&](double value) { return text ? Json(figure_text(value)) : Json(value); };
        const auto ratio = [&](const std::optional<double>& value, const std::string& shown) {
            return value || text ? shown : "";
        };
        table.add({(k == comparison.reference ? "> " : "") + data.device, data.software, data.model,
                   task_name(comparison, data.mode), data.batch ? Json(*data.batch) : Json("?"),
                   cell(data.tokens_per_s), cell(data.mj_per_token * energy_of_millijoule(comparison)),
                   scope_name(data.scope), std::string(evidence_name(data.kind)),
                   ratio(row.speed, speed_ratio_text(row)), ratio(row.energy_ratio, energy_ratio_text(row)),
                   joined(differs), data.source + (data.date.empty() ? "" : ", " + data.date)});
    }
    return table;
}

void print_text(const Comparison& comparison) {
    const Baseline& reference = comparison.rows[comparison.reference].data;
    std::cout << row_table(comparison, true).render("text")
              << "\nspeed and energy: row / reference (>): " << printable(reference.device + ", " + reference.software)
              << " (" << comparison.reference_why << ")\n"
              << ratio_legend() << " -: another task, no ratio (--allow-unlike)\n";
    if (!comparison.predictions.empty()) {
        Table table({"published row", "mode", "quantity", "simulated", "published", "error %", "role", "power of"});
        for (const Prediction& p : comparison.predictions)
            table.add({p.published, mode_name(p.mode), p.quantity, figure_text(p.simulated), figure_text(p.value),
                       figure_text(p.error_percent, 3),
                       p.calibrates ? "check (used to derive prices or times)" : "prediction", p.scope});
        std::cout << "\n" << table.render("text");
    }
    for (const auto& note : comparison.notes) std::cout << "note: " << printable(note) << "\n";
}

struct Options {
    std::vector<std::string> runs, baselines;
    std::string first, costs, format = "text", html;
    CompareOptions compare;
    double expect_error = 0;
};

/// The runs after the first. CLI11 would split "[a,b]" in a list of positional arguments, so they are what it leaves.
void take_runs(const CLI::App& command, std::vector<std::string>& runs) {
    for (const std::string& extra : command.remaining()) {
        if (extra.size() > 1 && extra.starts_with('-')) throw CLI::ExtrasError(command.get_name(), {extra});
        runs.push_back(extra);
    }
}

void run_compare(const Options& options, const CLI::App& command) {
    Outputs outputs;
    for (const auto& path : options.runs) outputs.reads(path);
    for (const auto& path : options.baselines) outputs.reads(path);
    outputs.reads(options.costs);
    auto html = outputs.open("--html", options.html);
    std::vector<PricedRun> runs;
    for (const auto& path : options.runs) {
        Run run = require(read_run(path));
        const CostTable costs = require(find_cost_table(options.costs.empty() ? run.machine_kind : options.costs));
        Report report = require(price(run, costs));
        runs.push_back({std::move(run), std::move(report)});
    }
    if (runs.front().run.round == RoundKind::time_step)
        refuse_ignored(command, {"--baselines", "--all-models"}, "with runs of time steps");
    std::vector<Baseline> baselines;
    if (options.baselines.empty()) baselines = require(shipped_baselines());
    for (const auto& path : options.baselines)
        for (auto& row : require(read_baselines(path))) baselines.push_back(std::move(row));
    const fpga::RowsBeside fpga = require(fpga::rows_beside(runs));
    baselines.insert(baselines.end(), fpga.rows.begin(), fpga.rows.end());
    Comparison comparison = require(compare(runs, baselines, require(shipped_gpus()), options.compare));
    comparison.notes.insert(comparison.notes.end(), fpga.notes.begin(), fpga.notes.end());
    if (html) finish(html, comparison_page(comparison));
    if (options.format == "json")
        std::cout << comparison_json(comparison).dump() << "\n";
    else if (options.format == "csv")
        std::cout << row_table(comparison, false).render("csv");
    else
        print_text(comparison);
    if (options.expect_error > 0) require(check_predictions(comparison, options.expect_error));
}

}  // namespace

void add_compare_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("compare", "Put runs beside GPU and published rows");
    add_word(*command, "run", options->first, "run files written by simulate, one or more")->required();
    command->allow_extras();
    add_paths(*command, "--baselines", options->baselines, "baseline files; default: the published rows that ship");
    add_word(*command, "--costs", options->costs, "cost table: a name in machines/costs or a file");
    add_word(*command, "--reference", options->compare.reference,
             "text in device or software of the row that ratios refer to");
    add_switch(*command, "--allow-unlike", options->compare.allow_unlike,
               "ratios for rows of another task too, marked");
    add_switch(*command, "--all-models", options->compare.all_models, "baselines of other models and modes too");
    add_number(*command, "--expect-error", options->expect_error, 1e-9, 1e9,
               "exit 1 when a prediction is off by more than this many percent, or a run has none");
    add_format(*command, options->format);
    add_output(*command, "--html", options->html, "also write a self-contained page to this file");
    command->callback([options, command] {
        options->runs = {options->first};
        take_runs(*command, options->runs);
        run_compare(*options, *command);
    });
}

}  // namespace tephra::tools
