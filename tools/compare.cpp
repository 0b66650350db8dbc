// tephra compare: runs beside published, measured and derived rows of other machines.
#include <iostream>
#include <memory>

#include "core/files.hpp"
#include "simulator/compare.hpp"
#include "simulator/page/comparison_page.hpp"
#include "simulator/report_rows.hpp"
#include "tools/command.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
    return out;
}

Table row_table(const Comparison& comparison, bool text) {
    Table table({"device", "software", "model", "mode", "batch", "tokens/s", "mJ/token", "power of", "kind", "speed",
                 "energy", "differs", "source"});
    for (std::size_t k = 0; k < comparison.rows.size(); ++k) {
        const ComparisonRow& row = comparison.rows[k];
        const Baseline& data = row.data;
        auto differs = row.unlike;
        differs.insert(differs.end(), row.cautions.begin(), row.cautions.end());
        const auto cell = [&](double value) { return text ? Json(figure_text(value)) : Json(value); };
        const auto ratio = [&](const std::optional<double>& value, bool doubtful) {
            return value || text ? ratio_text(value, doubtful) : "";
        };
        table.add({(k == comparison.reference ? "> " : "") + data.device, data.software, data.model,
                   mode_name(data.mode), data.batch ? Json(*data.batch) : Json("?"), cell(data.tokens_per_s),
                   cell(data.mj_per_token), data.power_includes, std::string(evidence_name(data.kind)),
                   ratio(row.speed, row.doubtful_speed()), ratio(row.energy_ratio, row.doubtful_energy()),
                   joined(differs), data.source + (data.date.empty() ? "" : ", " + data.date)});
    }
    return table;
}

void print_text(const Comparison& comparison) {
    const Baseline& reference = comparison.rows[comparison.reference].data;
    std::cout << row_table(comparison, true).render("text")
              << "\nspeed and energy: row / reference (>): " << reference.device << ", " << reference.software << " ("
              << comparison.reference_why
              << ")\n*: a ratio of unlike figures; \"differs\" says how. -: another task, no ratio (--allow-unlike)\n";
    if (!comparison.predictions.empty()) {
        Table table({"published row", "mode", "quantity", "simulated", "published", "error %", "role", "power of"});
        for (const Prediction& p : comparison.predictions)
            table.add({p.published, mode_name(p.mode), p.quantity, figure_text(p.simulated), figure_text(p.value),
                       figure_text(p.error_percent, 3),
                       p.calibrates ? "check (used to derive prices or times)" : "prediction", p.power_includes});
        std::cout << "\n" << table.render("text");
    }
    for (const auto& note : comparison.notes) std::cout << "note: " << note << "\n";
}

struct Options {
    std::vector<std::string> runs, baselines;
    std::string costs, format = "text", html;
    CompareOptions compare;
    double expect_error = 0;
};

void run_compare(const Options& options) {
    std::vector<PricedRun> runs;
    for (const auto& path : options.runs) {
        Run run = require(read_run(path));
        const CostTable costs = require(find_cost_table(options.costs.empty() ? run.machine_kind : options.costs));
        Report report = require(price(run, costs));
        runs.push_back({std::move(run), std::move(report)});
    }
    std::vector<Baseline> baselines;
    if (options.baselines.empty()) baselines = require(shipped_baselines());
    for (const auto& path : options.baselines)
        for (auto& row : require(read_baselines(path))) baselines.push_back(std::move(row));
    const Comparison comparison = require(compare(runs, baselines, require(shipped_gpus()), options.compare));
    if (options.format == "json")
        std::cout << comparison_json(comparison).dump() << "\n";
    else if (options.format == "csv")
        std::cout << row_table(comparison, false).render("csv");
    else
        print_text(comparison);
    if (!options.html.empty()) require(write_file(options.html, comparison_page(comparison)));
    if (options.expect_error > 0) require(check_predictions(comparison, options.expect_error));
}

}  // namespace

void add_compare_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("compare", "Put runs beside GPU and published rows");
    command->add_option("runs", options->runs, "run files written by simulate")->required();
    command->add_option("--baselines", options->baselines, "baseline files; default: the published rows that ship");
    command->add_option("--costs", options->costs, "cost table: a name in machines/costs or a file");
    command->add_option("--reference", options->compare.reference,
                        "text in device or software of the row that ratios refer to");
    command->add_flag("--allow-unlike", options->compare.allow_unlike, "ratios for rows of another task too, marked");
    command->add_flag("--all-models", options->compare.all_models, "baselines of other models and modes too");
    command
        ->add_option("--expect-error", options->expect_error,
                     "exit 1 when a prediction is off by more than this many percent, or a run has none")
        ->check(CLI::PositiveNumber);
    command->add_option("--format", options->format, "text, json or csv")
        ->check(CLI::IsMember({"text", "json", "csv"}));
    command->add_option("--html", options->html, "also write a self-contained page to this file");
    command->callback([options] { run_compare(*options); });
}

}  // namespace tephra::tools
