#pragma once
// The rows of a comparison side by side: speed and energy on logarithmic scales.
#include <string>

#include "simulator/lm/compare.hpp"

namespace tephra {

/// Rows of the reference's task (or all, when unlike rows got ratios): a dot each for speed and energy, with a whisker
/// over the range of a run's energy. Dots, not bars: a logarithmic scale has no zero for a bar to begin at.
std::string comparison_chart(const Comparison& comparison);

/// Predictions as a table: published, simulated, error.
std::string prediction_table(const Comparison& comparison);

}  // namespace tephra
