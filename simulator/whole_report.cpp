#include "simulator/whole_report.hpp"

#include "simulator/lm/compare.hpp"
#include "simulator/page/report_page.hpp"
#include "simulator/report_rows.hpp"
#include "simulator/spiking/beside_run.hpp"

namespace tephra {

Result<MeasuredRun> measured_of(const Run& run, const Report& report) {
    MeasuredRun measured;
    if (run.round != RoundKind::time_step) return measured;
    auto ledger = shipped_ledger();
    if (!ledger) return tl::unexpected(ledger.error());
    measured.ledger = std::move(*ledger);
    for (const LedgerRow& row : measured.ledger) {
        auto beside = beside_run(row, run, report);
        if (!beside) return tl::unexpected(beside.error());
        if (*beside) measured.results.push_back(std::move(**beside));
    }
    auto lines = validation_lines(measured.ledger, measured.results);
    if (!lines) return tl::unexpected(lines.error());
    measured.lines = std::move(*lines);
    // Input, mapping and length of this run may be others than those of the measurement: `validate` alone judges.
    for (ValidationLine& line : measured.lines) line.as_wanted.reset();
    return measured;
}

Json whole_report_json(const Run& run, const Report& report, const MeasuredRun& measured) {
    Json out = report_json(run, report);
    if (measured.lines.empty()) return out;
    Json::Object object = *out.object();
    const Json rows = validation_json(measured.lines, measured.results, run.version);
    object.emplace_back("measured", *rows.find("rows"));
    return object;
}

Result<std::string> whole_report_page(const Run& run, const Report& report, const MeasuredRun& measured) {
    // Published rows of networks are the ledger's.
    if (run.round == RoundKind::time_step) return report_page(run, report, nullptr, measured.lines);
    const auto baselines = shipped_baselines();
    if (!baselines) return tl::unexpected(baselines.error());
    const auto gpus = shipped_gpus();
    if (!gpus) return tl::unexpected(gpus.error());
    const auto comparison = compare({{run, report}}, *baselines, *gpus, {});
    if (!comparison) return tl::unexpected(comparison.error());
    return report_page(run, report, &*comparison);
}

}  // namespace tephra
