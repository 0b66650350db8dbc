// tephra validate: repeats the ledger's measurements and prints them beside what comes out here.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "backends/repeat_row.hpp"
#include "core/text.hpp"
#include "simulator/page/validation_page.hpp"
#include "simulator/report_rows.hpp"
#include "simulator/validate.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

struct Options {
    std::string row, format = "text", html, markdown;
    int threads = default_threads();
};

/// The row that --row names, or all of them.
std::vector<LedgerRow> chosen(std::vector<LedgerRow> ledger, const std::string& id) {
    if (id.empty()) return ledger;
    const auto row = std::ranges::find(ledger, id, &LedgerRow::id);
    if (row != ledger.end()) return {*row};
    std::vector<std::string> ids;
    ids.reserve(ledger.size());
    for (const LedgerRow& each : ledger) ids.push_back(each.id);
    throw Failure{{ErrorCode::bad_input, "the ledger has no row \"" + id + "\"", "--row",
                   (nearest_name(id, ids).empty() ? "" : "did you mean \"" + nearest_name(id, ids) + "\"? ") +
                       "known: " + joined(ids)}};
}

Table line_table(const std::vector<ValidationLine>& lines, bool text) {
    if (text) {
        Table table({"row", "quantity", "measured", "kind", "predicted", "error", "use"});
        for (const ValidationLine& line : lines)
            table.add({line.row->id, line.figure->quantity, measured_text(*line.figure),
                       std::string(evidence_name(line.figure->kind)), predicted_text(line.predicted), error_text(line),
                       judgement_text(line)});
        return table;
    }
    Table table({"row", "quantity", "unit", "scope", "kind", "use", "measured", "measured_low", "measured_high",
                 "predicted", "low", "high", "why_not", "error_percent", "wanted_percent", "source"});
    for (const ValidationLine& line : lines) {
        const LedgerFigure& figure = *line.figure;
        table.add({line.row->id, figure.quantity, figure.unit, figure.scope ? scope_name(*figure.scope) : "",
                   std::string(evidence_name(figure.kind)), use_name(figure.use), figure.value, json_of(figure.low),
                   json_of(figure.high), json_of(line.predicted.value), json_of(line.predicted.low),
                   json_of(line.predicted.high), line.predicted.why_not, json_of(line.error_percent),
                   json_of(figure.wanted_percent), line.row->source});
    }
    return table;
}

void print_text(const std::vector<LedgerRow>& ledger, const std::vector<ValidationLine>& lines) {
    std::cout << line_table(lines, true).render("text") << "\n" << validation_legend() << "\n";
    for (const LedgerRow& row : ledger)
        if (!row.synthetic.empty() && row.recipe != "spiking")
            std::cout << "note: " << printable(row.id + ": made up for the repetition: " + row.synthetic) << "\n";
}

void validate(const Options& options) {
    Outputs outputs;
    auto html = outputs.open("--html", options.html);
    auto markdown = outputs.open("--markdown", options.markdown);
    const auto ledger = chosen(require(shipped_ledger()), options.row);
    std::vector<RowResult> results;
    for (const LedgerRow& row : ledger) {
        if (row.recipe == "language-model") spdlog::info("repeating {}", row.id);
        results.push_back(require(repeat_row(row, options.threads)));
    }
    const auto lines = require(validation_lines(ledger, results));
    if (html) finish(html, validation_page(lines));
    if (markdown) finish(markdown, validation_markdown(lines));
    if (options.format == "json")
        std::cout << validation_json(lines, results, TEPHRA_VERSION).dump() << "\n";
    else if (options.format == "csv")
        std::cout << line_table(lines, false).render("csv");
    else
        print_text(ledger, lines);
}

}  // namespace

void add_validate_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("validate", "Repeat published measurements, and print them beside the results");
    add_word(*command, "--row", options->row, "one row of the ledger by its id; default: all");
    add_threads(*command, options->threads, "threads of the simulator; results do not depend on it");
    add_format(*command, options->format);
    add_output(*command, "--html", options->html, "also write a self-contained page to this file");
    add_output(*command, "--markdown", options->markdown, "also write the table of docs/validation.md to this file");
    command->callback([options] { validate(*options); });
}

}  // namespace tephra::tools
