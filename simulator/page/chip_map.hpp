#pragma once
// The machine from above: every powered chip with its cores, coloured by load or energy.
#include <string>

#include "simulator/price.hpp"

namespace tephra {

/// Heat map of the mapped cores with a switch between busy time and dynamic energy (no script). More than 64 chips are
/// drawn as one cell each, with the mean of their mapped cores.
std::string chip_map(const Run& run, const Report& report);

}  // namespace tephra
