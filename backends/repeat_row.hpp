#pragma once
// Repeating any row of the ledger, by the kind of its recipe.
#include "core/error.hpp"
#include "simulator/ledger.hpp"
#include "simulator/repeat.hpp"

namespace tephra {

/// `threads`: of the simulator; results do not depend on it. Errors: those of the recipe's function.
Result<RowResult> repeat_row(const LedgerRow& row, int threads);

}  // namespace tephra
