#pragma once
// A report together with what ships beside it: measurements of the run's network in the ledger, published rows of its
// model.
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "simulator/price.hpp"
#include "simulator/validate.hpp"

namespace tephra {

/// The rows of the ledger that measured the network of a run on its machine.
struct MeasuredRun {
    std::vector<LedgerRow> ledger;
    std::vector<RowResult> results;
    std::vector<ValidationLine> lines;  ///< point into `ledger`; empty where nothing was measured
    MeasuredRun() = default;
    MeasuredRun(MeasuredRun&&) noexcept = default;
    MeasuredRun& operator=(MeasuredRun&&) noexcept = default;
    MeasuredRun(const MeasuredRun&) = delete;
    MeasuredRun& operator=(const MeasuredRun&) = delete;
    ~MeasuredRun() = default;
};

/// Errors: those of shipped_ledger() and beside_run().
Result<MeasuredRun> measured_of(const Run& run, const Report& report);

/// report_json() of a run, with what was measured of it as `measured`.
Json whole_report_json(const Run& run, const Report& report, const MeasuredRun& measured);

/// The page of a run; of tokens with the comparison that compare() makes of it and the rows that ship. Errors: those of
/// reading these.
Result<std::string> whole_report_page(const Run& run, const Report& report, const MeasuredRun& measured);

}  // namespace tephra
