#pragma once
// A comparison in words and JSON: how ratios are written, and every row with its kind and source.
#include <string>

#include "core/json.hpp"
#include "simulator/lm/compare.hpp"

namespace tephra {

/// "3.20x", with a "*" where it divides figures of unlike tasks; "-" when there is none.
std::string speed_ratio_text(const ComparisonRow& row);
/// The same for energy, with ">= " or "<= " where it is a bound, and a "*" also for sequences of another length.
std::string energy_ratio_text(const ComparisonRow& row);
/// What the marks of both mean.
std::string ratio_legend();

/// Units of energy of the comparison's rounds (RoundWords::energy) in a millijoule a round.
double energy_of_millijoule(const Comparison& comparison);
/// What ran: the mode of a run of tokens, else "time steps".
const std::string& task_name(const Comparison& comparison, RunMode mode);

/// Rows, predictions and notes with every figure's kind and source.
Json comparison_json(const Comparison& comparison);

}  // namespace tephra
