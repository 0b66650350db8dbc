#pragma once
// The rows of a comparison side by side: speed and energy on logarithmic scales.
#include <string>

#include "simulator/compare.hpp"

namespace tephra {

/// Rows of the reference's task (or all, when unlike rows got ratios), grouped as simulated, published, derived.
std::string comparison_chart(const Comparison& comparison);

/// Predictions as a table: published, simulated, error.
std::string prediction_table(const Comparison& comparison);

}  // namespace tephra
