// What is made of runs: reports, comparisons, the ledger repeated; and their pages.
#include <algorithm>

#include "backends/fpga/rows_beside.hpp"
#include "backends/repeat_row.hpp"
#include "core/text.hpp"
#include "python/bindings/calls.hpp"
#include "python/bindings/model_objects.hpp"
#include "python/bindings/run_objects.hpp"
#include "simulator/lm/compare.hpp"
#include "simulator/lm/comparison_text.hpp"
#include "simulator/page/comparison_page.hpp"
#include "simulator/page/validation_page.hpp"
#include "simulator/report_rows.hpp"
#include "simulator/whole_report.hpp"

namespace tephra::python {
namespace {

/// A priced run.
struct ReportObject {
    std::shared_ptr<const Run> run;
    std::shared_ptr<const Report> report;
};

struct ComparisonObject {
    std::shared_ptr<const Comparison> comparison;
};

/// The ledger beside what came out; lines point into the ledger.
struct ValidationObject {
    std::vector<LedgerRow> ledger;
    std::vector<RowResult> results;
    std::vector<ValidationLine> lines;
};

ReportObject price_run(const RunObject& run, const CostTableObject& costs) {
    return {run.run, std::make_shared<const Report>(require(price(*run.run, *costs.table)))};
}

std::string report_text(const ReportObject& object) {
    return whole_report_json(*object.run, *object.report, require(measured_of(*object.run, *object.report))).dump();
}

std::string report_html(const ReportObject& object) {
    return require(whole_report_page(*object.run, *object.report, require(measured_of(*object.run, *object.report))));
}

/// Rows as (section, name, scope, value, low, high, unit, kind, source).
py::list report_table(const ReportObject& object) {
    py::list out;
    for (const auto& rows : {report_rows(*object.report), run_rows(*object.run)})
        for (const ReportRow& row : rows)
            out.append(py::make_tuple(row.section, row.name, row.scope, row.value, row.low, row.high, row.unit,
                                      std::string(evidence_name(row.kind)), row.source));
    return out;
}

/// Energy by group as (group, low, value, high), in joules of the run.
py::list energy_groups_of(const ReportObject& object) {
    py::list out;
    for (std::size_t g = 0; g < energy_groups; ++g) {
        const EnergyRange& energy = object.report->groups[g];
        out.append(py::make_tuple(std::string(group_name(static_cast<EnergyGroup>(g))), joules(energy.low),
                                  joules(energy.value), joules(energy.high)));
    }
    return out;
}

/// Energy by core as (core, layer, dynamic in joules, utilisation).
py::list cores_of(const ReportObject& object) {
    py::list out;
    for (const CoreAccount& core : object.report->cores)
        out.append(py::make_tuple(core.core, object.run->layers[static_cast<std::size_t>(core.layer)],
                                  joules(core.dynamic), core.utilisation));
    return out;
}

/// Energy by scope as (scope, joules a round at the steady rate: low, value, high, watts).
py::list scopes_of(const ReportObject& object) {
    py::list out;
    for (const ScopeEnergy& energy : object.report->scopes)
        out.append(py::make_tuple(scope_name(energy.scope), joules(energy.steady_per_token.low),
                                  joules(energy.steady_per_token.value), joules(energy.steady_per_token.high),
                                  energy.steady_watts));
    return out;
}

ComparisonObject compare_reports(py::handle reports, const py::kwargs& given) {
    Keywords in(given, "compare");
    std::vector<PricedRun> runs;
    for (const py::object& each : items(reports, "reports")) {
        const auto& report = cast_argument<ReportObject>(each, "reports", "what price() returns");
        runs.push_back({*report.run, *report.report});
    }
    if (runs.empty()) refuse("there is no run", "compare", "give one report or more");
    std::vector<Baseline> baselines;
    bool shipped = true;
    if (runs.front().run.round == RoundKind::time_step)
        in.refuse_ignored({"baselines", "all_models"}, "with runs of time steps");
    in.take("baselines", [&](py::handle value, const std::string& place) {
        shipped = false;
        for (const py::object& file : items(value, place))
            for (Baseline& row : require(read_baselines(path(file, place)))) baselines.push_back(std::move(row));
    });
    CompareOptions options;
    in.take("reference", [&](py::handle value, const std::string& place) { options.reference = text(value, place); });
    in.take("allow_unlike",
            [&](py::handle value, const std::string& place) { options.allow_unlike = flag(value, place); });
    in.take("all_models", [&](py::handle value, const std::string& place) { options.all_models = flag(value, place); });
    double expect_error = 0;
    in.take("expect_error",
            [&](py::handle value, const std::string& place) { expect_error = number(value, place, 1e-9, 1e9); });
    in.finish();
    return long_call([&] {
        if (shipped) baselines = require(shipped_baselines());
        const fpga::RowsBeside fpga = require(fpga::rows_beside(runs));
        baselines.insert(baselines.end(), fpga.rows.begin(), fpga.rows.end());
        Comparison comparison = require(compare(runs, baselines, require(shipped_gpus()), options));
        comparison.notes.insert(comparison.notes.end(), fpga.notes.begin(), fpga.notes.end());
        if (expect_error > 0) require(check_predictions(comparison, expect_error));
        return ComparisonObject{std::make_shared<const Comparison>(std::move(comparison))};
    });
}

/// The row that `id` names, or all of them.
std::vector<LedgerRow> chosen_rows(const std::string& id) {
    auto ledger = require(shipped_ledger());
    if (id.empty()) return ledger;
    const auto row = std::ranges::find(ledger, id, &LedgerRow::id);
    if (row != ledger.end()) return {*row};
    std::vector<std::string> ids;
    ids.reserve(ledger.size());
    for (const LedgerRow& each : ledger) ids.push_back(each.id);
    refuse("the ledger has no row \"" + id + "\"", "validate, row",
           (nearest_name(id, ids).empty() ? "" : "did you mean \"" + nearest_name(id, ids) + "\"? ") +
               "known: " + joined(ids));
}

std::unique_ptr<ValidationObject> validate(const py::kwargs& given) {
    Keywords in(given, "validate");
    std::string id;
    std::function<void(std::int64_t, std::int64_t)> progress;
    in.take("row", [&](py::handle value, const std::string& place) { id = text(value, place); });
    const int threads = take_threads(in);
    in.take("progress", [&](py::handle value, const std::string& place) { progress = progress_of(value, place); });
    in.finish();
    auto made = std::make_unique<ValidationObject>();
    run_long([&] {
        made->ledger = chosen_rows(id);
        for (const LedgerRow& row : made->ledger) {
            made->results.push_back(require(repeat_row(row, threads)));
            if (progress) progress(std::ssize(made->results), std::ssize(made->ledger));
        }
        made->lines = require(validation_lines(made->ledger, made->results));
    });
    return made;
}

py::list lines_of(const ValidationObject& object) {
    py::list out;
    for (const ValidationLine& line : object.lines) {
        const LedgerFigure& figure = *line.figure;
        out.append(py::make_tuple(line.row->id, figure.quantity, figure.unit,
                                  figure.scope ? scope_name(*figure.scope) : "",
                                  std::string(evidence_name(figure.kind)), use_name(figure.use), figure.value,
                                  line.predicted.value, line.predicted.low, line.predicted.high, line.predicted.why_not,
                                  line.error_percent, figure.wanted_percent, line.row->source));
    }
    return out;
}

}  // namespace

void bind_reports(py::module_& m) {
    py::class_<ReportObject>(m, "Report")
        .def("json", &report_text)
        .def("page", &report_html)
        .def("rows", &report_table)
        .def("groups", &energy_groups_of)
        .def("cores", &cores_of)
        .def("scopes", &scopes_of)
        .def_property_readonly("run", [](const ReportObject& o) { return RunObject{o.run}; })
        .def_property_readonly("costs_name", [](const ReportObject& o) { return o.report->table_name; })
        .def_property_readonly("title", [](const ReportObject& o) { return run_title(*o.run); })
        .def_property_readonly("rounds_per_s", [](const ReportObject& o) { return o.report->tokens_per_s; })
        .def_property_readonly("steady_rounds_per_s",
                               [](const ReportObject& o) { return o.report->steady_tokens_per_s; })
        .def_property_readonly("notes", [](const ReportObject& o) { return o.report->notes; });
    py::class_<ComparisonObject>(m, "Comparison")
        .def("json", [](const ComparisonObject& o) { return comparison_json(*o.comparison).dump(); })
        .def("page", [](const ComparisonObject& o) { return comparison_page(*o.comparison); });
    py::class_<ValidationObject>(m, "Validation")
        .def("json",
             [](const ValidationObject& o) { return validation_json(o.lines, o.results, TEPHRA_VERSION).dump(); })
        .def("page", [](const ValidationObject& o) { return validation_page(o.lines); })
        .def("markdown", [](const ValidationObject& o) { return validation_markdown(o.lines); })
        .def("lines", &lines_of);
    m.def("price", &price_run);
    m.def("compare", &compare_reports);
    m.def("validate", &validate);
}

}  // namespace tephra::python
