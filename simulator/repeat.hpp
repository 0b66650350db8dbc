#pragma once
// Repeating a row of the ledger: recipe in, a prediction for each of its figures out. Here are the recipes that follow
// from descriptions alone; simulator/lm/repeat_tokens.hpp has that of language models.
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "simulator/ledger.hpp"

namespace tephra {

/// What a figure comes out as here, with the range of its prices; or why it was not repeated.
struct Predicted {
    std::optional<double> value, low, high;
    std::string why_not;  ///< where there is no value
};

/// A repeated row.
struct RowResult {
    std::string id;
    std::vector<Predicted> figures;  ///< one for each figure of the row
    std::string inputs;              ///< hash of the machine and cost table that it was made with; empty: of none
    std::string trace;               ///< hash of the simulated run; empty: nothing was simulated
};

/// Power of a chip at rest, from a cost table: neurocores, and as part of a system. {"kind": "idle", "costs"}.
Result<RowResult> repeat_idle(const LedgerRow& row);

/// Energy of one event, from a cost table. {"kind": "event", "costs"}; a figure's `at` is {"event": kind of event}.
Result<RowResult> repeat_event(const LedgerRow& row);

/// Time of a barrier, from a machine. {"kind": "barrier", "machine"}; a figure's `at` is {"chips", "tiles"}: of the
/// machine, and of its fullest chip.
Result<RowResult> repeat_barrier(const LedgerRow& row);

/// A row that cannot be repeated yet: its recipe names what it needs, and the rest of it is kept for the day when that
/// is there. {"kind": "spiking", "needs", ...}.
Result<RowResult> repeat_later(const LedgerRow& row);

/// One prediction as text in place of those above: a unit that the recipe does not give.
Predicted not_predicted(const LedgerFigure& figure);

/// Hash of the descriptions that predictions depend on.
std::string hash_of_inputs(const Hash128* machine, const Hash128* costs);

}  // namespace tephra
