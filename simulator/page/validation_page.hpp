#pragma once
// The ledger as one self-contained HTML page: measured beside predicted.
#include <string>

#include "simulator/validate.hpp"

namespace tephra {

/// A card for each row that the lines are of, headed by `heading` and the row's id.
std::string validation_cards(const std::vector<ValidationLine>& lines, const std::string& heading);

std::string validation_page(const std::vector<ValidationLine>& lines);

}  // namespace tephra
