#pragma once
// The card of a report page on errors of links between chips.
#include <string>

#include "simulator/run.hpp"

namespace tephra {

/// A row a link with what it did over the whole run; "" where the links of the machine do not err.
std::string fault_card(const Run& run);

}  // namespace tephra
