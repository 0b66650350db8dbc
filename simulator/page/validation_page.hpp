#pragma once
// The ledger as one self-contained HTML page: measured beside predicted.
#include <string>

#include "simulator/validate.hpp"

namespace tephra {

std::string validation_page(const std::vector<ValidationLine>& lines);

}  // namespace tephra
