#pragma once
// What was measured of a network on silicon, beside any run of it.
#include <optional>

#include "core/error.hpp"
#include "simulator/price.hpp"
#include "simulator/repeat.hpp"

namespace tephra {

inline constexpr int least_steps_beside = 8;

/// What a run gives for the figures of a row, where the row is of a file ("network-file") and measured the run's
/// network, read with the recipe's options, on the run's machine; else nothing. The run may have another input, mapping
/// or number of time steps than the recipe: a network's hash does not know them. Runs of less than least_steps_beside
/// time steps predict nothing: filling and draining would decide. Errors: bad_input (recipe), and those of
/// spiking::read_netx and find_machine.
Result<std::optional<RowResult>> beside_run(const LedgerRow& row, const Run& run, const Report& report);

}  // namespace tephra
