#pragma once
// counts: what the slices, routes and cores of a finished run add up to.
#include <memory>
#include <vector>

#include "core/error.hpp"
#include "simulator/chip.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// As what a flit over a link of this kind counts.
EventKind hop_kind(LinkKind kind);

/// Fills populations, cores and links of `run` from the counters of the run. `steps`: barriers passed.
void collect_counts(const RunState& state, const std::vector<std::unique_ptr<Chip>>& chips, Run& run);

/// What was sent has arrived, no buffer slot was overrun, and (contended) every link carried the flits that the routes
/// of the sent packets add up to. Errors: internal, naming what does not add up.
Result<void> check_conservation(const RunState& state, const std::vector<std::unique_ptr<Chip>>& chips);

}  // namespace tephra
