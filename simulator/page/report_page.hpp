#pragma once
// The page of one run: speed, energy, time, the machine from above, and the comparison when there is one.
#include <string>

#include "simulator/compare.hpp"
#include "simulator/price.hpp"

namespace tephra {

/// One self-contained HTML document; `comparison` may be null.
std::string report_page(const Run& run, const Report& report, const Comparison* comparison);

}  // namespace tephra
