// tephra report: speed and energy of a run under a cost table, and where both go: a token of a language model, a time
// step of a network.
#include <algorithm>
#include <iostream>
#include <memory>

#include "core/ratio.hpp"
#include "core/text.hpp"
#include "simulator/fault_rows.hpp"
#include "simulator/report_rows.hpp"
#include "simulator/whole_report.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

std::string range_text(double low, double high) {
    return low == high ? "" : figure_text(low, 3) + " to " + figure_text(high, 3);
}
std::string range_text(const ReportRow& row) {
    return row.low && row.high ? range_text(*row.low, *row.high) : "";
}
std::string range_text(const EnergyRange& energy, double factor) {
    return range_text(joules(energy.low) * factor, joules(energy.high) * factor);
}

/// The part of a source that names it: up to its first colon or full stop.
std::string shortened(const std::string& source) {
    const auto end = std::min(source.find(": "), source.find(". "));
    return end == std::string::npos ? source : source.substr(0, end);
}

void print_energy(const Report& report) {
    const std::string& unit = round_words(report.round).energy;
    Table groups({"energy of the " + scope_name(report.widest().scope), unit, "range", "share %"});
    const double each = energy_each(report);
    for (std::size_t g = 0; g < energy_groups; ++g) {
        const EnergyRange& energy = report.groups[g];
        groups.add({std::string(group_name(static_cast<EnergyGroup>(g))), figure(joules(energy.value) * each),
                    range_text(energy, each),
                    figure(ratio(100 * energy.value.value(), report.widest().total.value.value()))});
    }
    std::cout << "\n" << groups.render("text");
    Table terms({"price x count", "of", "count", "pJ each", unit, "range", "price is", "price from"});
    for (const EnergyTerm& term : report.terms) {
        if (term.count == 0 || term.energy.high.value() == 0) continue;
        terms.add({term.name, scope_name(term.scope), term.count,
                   term.over_time ? Json("") : figure(term.energy.value.value() / static_cast<double>(term.count)),
                   figure(joules(term.energy.value) * each), range_text(term.energy, each),
                   std::string(evidence_name(term.kind)), shortened(term.source)});
    }
    std::cout << "\n" << terms.render("text");
    Table layers({"layer", "dynamic " + unit, "range", "zero messages %"});
    for (const LayerAccount& layer : report.layers)
        layers.add({layer.name + (layer.on_host ? " (host)" : ""), figure(joules(layer.dynamic.value) * each),
                    range_text(layer.dynamic, each), figure(percent_of(layer.skipped, layer.updates))});
    std::cout << "\n" << layers.render("text");
}

void print_section(const std::vector<ReportRow>& rows, const std::string& section) {
    const bool scoped =
        std::ranges::any_of(rows, [&](const ReportRow& row) { return row.section == section && !row.scope.empty(); });
    std::vector<std::string> columns = {section, "value", "range", "unit", "kind", "from"};
    if (scoped) columns.insert(columns.begin() + 1, "of");
    Table table(columns);
    for (const ReportRow& row : rows) {
        if (row.section != section) continue;
        Json::Array cells = {
            row.name, figure(row.value), range_text(row), row.unit, std::string(evidence_name(row.kind)), row.source};
        if (scoped) cells.insert(cells.begin() + 1, row.scope);
        table.add(std::move(cells));
    }
    std::cout << "\n" << table.render("text");
}

/// What was measured of the network of a run, beside the run; nothing where the ledger has no row of it.
void print_measured(const std::vector<ValidationLine>& measured) {
    if (measured.empty()) return;
    Table table({"measured on silicon", "measured", "kind", "this run", "error", "use"});
    for (const ValidationLine& line : measured)
        table.add({line.row->id + ": " + line.figure->quantity, measured_text(*line.figure),
                   std::string(evidence_name(line.figure->kind)), predicted_text(line.predicted), error_text(line),
                   judgement_text(line)});
    std::cout << "\n" << table.render("text") << "measured by: " << printable(measured.front().row->source) << "\n";
}

void print_text(const Run& run, const Report& report, const std::vector<ValidationLine>& measured) {
    std::vector<std::string> scopes;
    for (const ScopeEnergy& energy : report.scopes) scopes.push_back(scope_name(energy.scope));
    const auto rows = report_rows(report);
    std::cout << printable(run_title(run)) << "\nprices: " << printable(report.table_name) << " ("
              << printable(report.table_about) << ")\nenergy and power of: " << joined(scopes) << "; "
              << report.static_chips << " of " << run.machine_chips << " chips powered\n";
    print_section(rows, "summary");
    print_measured(measured);
    print_energy(report);
    print_section(rows, "time");
    print_section(rows, "activity");
    if (run.faults) {
        const auto faults = fault_report_rows(run);
        for (const char* section : {"faults", "faults by link"}) print_section(faults, section);
    }
    std::cout << "\nran on the host: " << (report.on_host.empty() ? "nothing" : printable(joined(report.on_host)))
              << "\n";
    for (const auto& note : report.notes) std::cout << "note: " << printable(note) << "\n";
    std::cout << "Ranges take all prices low or all high at once. --format json gives the source of every number.\n";
}

void print_csv(const Run& run, const Report& report, const std::vector<ValidationLine>& measured) {
    Table table({"section", "name", "scope", "value", "low", "high", "unit", "kind", "source"});
    for (const auto& rows : {report_rows(report), run_rows(run)})
        for (const ReportRow& row : rows)
            table.add({row.section, row.name, row.scope, json_of(row.value), json_of(row.low), json_of(row.high),
                       row.unit, std::string(evidence_name(row.kind)), row.source});
    for (const ValidationLine& line : measured) {
        const LedgerFigure& figure = *line.figure;
        table.add({"measured", line.row->id + ": " + figure.quantity, figure.scope ? scope_name(*figure.scope) : "",
                   figure.value, json_of(figure.low), json_of(figure.high), figure.unit,
                   std::string(evidence_name(figure.kind)), line.row->source});
    }
    std::cout << table.render("csv");
}

struct Options {
    std::string run, costs, format = "text", html;
};

void report(const Options& options) {
    Outputs outputs;
    outputs.reads(options.run);
    outputs.reads(options.costs);
    auto html = outputs.open("--html", options.html);
    const Run run = require(read_run(options.run));
    const CostTable costs = require(find_cost_table(options.costs.empty() ? run.machine_kind : options.costs));
    const Report result = require(price(run, costs));
    const MeasuredRun measured = require(measured_of(run, result));
    if (html) finish(html, require(whole_report_page(run, result, measured)));
    if (options.format == "csv")
        print_csv(run, result, measured.lines);
    else if (options.format == "json")
        std::cout << whole_report_json(run, result, measured).dump() << "\n";
    else
        print_text(run, result, measured.lines);
}

}  // namespace

void add_report_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("report", "Price a run: speed, energy and where they go");
    add_word(*command, "run", options->run, "run file written by simulate")->required();
    add_word(*command, "--costs", options->costs,
             "cost table: a name in machines/costs or a file; default: the machine's kind");
    add_format(*command, options->format);
    add_output(*command, "--html", options->html, "also write a self-contained page with charts to this file");
    command->callback([options] { report(*options); });
}

}  // namespace tephra::tools
