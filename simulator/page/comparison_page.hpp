#pragma once
// The page of a comparison: chart, all rows with kind, source and what differs, predictions.
#include <string>

#include "simulator/lm/compare.hpp"

namespace tephra {

/// One self-contained HTML document.
std::string comparison_page(const Comparison& comparison);

/// Chart and predictions as cards, for the page of a run too.
std::string comparison_cards(const Comparison& comparison);

}  // namespace tephra
