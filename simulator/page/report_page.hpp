#pragma once
// The page of one run: speed, energy, time, the machine from above, and the comparison when there is one.
#include <string>

#include "simulator/lm/compare.hpp"
#include "simulator/price.hpp"
#include "simulator/validate.hpp"

namespace tephra {

/// One self-contained HTML document; `comparison` may be null. `measured`: figures of the ledger that were measured of
/// this network on this machine, beside what the run gives.
std::string report_page(const Run& run, const Report& report, const Comparison* comparison,
                        const std::vector<ValidationLine>& measured = {});

}  // namespace tephra
