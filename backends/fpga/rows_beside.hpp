#pragma once
// The FPGA core beside runs: rows for compare().
#include <string>
#include <vector>

#include "core/error.hpp"
#include "simulator/lm/compare.hpp"

namespace tephra::fpga {

struct RowsBeside {
    std::vector<Baseline> rows;
    std::vector<std::string> notes;  ///< boards that no core of a model fits
};

/// The core on each board that ships, for each known model and number of streams of the runs that generate: the fastest
/// that fits. Errors: those of reading what ships.
Result<RowsBeside> rows_beside(const std::vector<PricedRun>& runs);

}  // namespace tephra::fpga
