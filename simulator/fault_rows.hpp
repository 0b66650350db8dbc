#pragma once
// What errors of links did in a run, summed up: behind reports, the report page and simulate --faults.
#include <vector>

#include "simulator/report_rows.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// Each link where anything happened, over all rounds and populations, by its ends; `round` and `population` are 0.
std::vector<LinkFaultRecord> faults_by_link(const FaultRecords& faults);

/// Section "faults": sums of the run, those of waiting only where it is self-timed. Section "faults by link": a row a
/// link and number that is not 0. None where the links of the machine do not err.
std::vector<ReportRow> fault_report_rows(const Run& run);

/// The rows of section "faults" alone.
std::vector<ReportRow> fault_sums(const Run& run);

}  // namespace tephra
