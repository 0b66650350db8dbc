#pragma once
// A report as rows: one list behind the text, JSON and CSV forms, so that they can't disagree.
#include <optional>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "simulator/price.hpp"

namespace tephra {

/// One number of a report with where it comes from.
struct ReportRow {
    std::string section;  ///< summary, energy, prices, time, layers, activity
    std::string name;
    std::string scope;                ///< what an energy or a power covers (scope_name); else empty
    std::optional<double> value;      ///< none: not defined, such as a share of nothing
    std::optional<double> low, high;  ///< range, when the number depends on prices
    std::string unit;
    Evidence kind = Evidence::simulated;
    std::string source;
};

/// A number that the simulator counted or took the time of.
ReportRow simulated_row(std::string section, std::string name, std::optional<double> value, std::string unit,
                        std::string source = "counted by the simulator");

/// Every number of a report, section by section.
std::vector<ReportRow> report_rows(const Report& report);

/// The rounds of a time bin: "time step 3", "time steps 5 to 8".
std::string bin_name(const Run& run, std::size_t bin);

/// Section "messages over time" of a network: a row a population and time bin. None for a run of tokens.
std::vector<ReportRow> over_time_rows(const Run& run);

/// Every number of a run that is no part of its report: over_time_rows(), then fault_report_rows().
std::vector<ReportRow> run_rows(const Run& run);

/// Units of energy (RoundWords::energy) in a joule of the run, for each of its rounds.
double energy_each(const Report& report);

/// How a run was simulated: "barrier, contended network".
std::string timing_name(const Run& run);

/// "mmfree-370m on alia-point: generate, barrier, contended network, int8 synapses, 1 stream".
std::string run_title(const Run& run);

/// Identity of run and prices, the rows by section (faults among them), messages over time, parts on the host, notes.
Json report_json(const Run& run, const Report& report);

/// Rounded to `digits` significant figures, without exponent from 1e-4 to 1e15: 0.01234, 41.5, 238500.
std::string figure_text(double value, int digits = 4);
/// "-" where the value is not defined.
std::string figure_text(const std::optional<double>& value, int digits = 4);

/// 100 part / whole; none for a share of nothing.
std::optional<double> percent_of(std::int64_t part, std::int64_t whole);

/// The number, or null.
Json json_of(const std::optional<double>& value);

}  // namespace tephra
