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

/// What chips count beside the RunState.
struct RunCounters {
    std::vector<std::int64_t> link_flits;  ///< [links]
    std::vector<std::int64_t> core_busy;   ///< [cores] picoseconds in which any unit worked
    std::int64_t live_packets = 0, collisions = 0;
    std::vector<LinkFault> faults;  ///< by round, fan-out and entry; one chip's after the other's
    std::vector<WaitFault> waits;   ///< in any order
    EventHash hash;
};
/// Of those chips that are there.
RunCounters read_counters(const Schedule& schedule, const std::vector<std::unique_ptr<Chip>>& chips);

/// Fills populations, cores and links of `run` from the counters of the run. `steps`: barriers passed.
void collect_counts(const RunState& state, const RunCounters& counters, Run& run);

/// What was sent has arrived, no buffer slot was overrun, and (contended) every link carried the flits that the routes
/// of the sent packets add up to. Errors: internal, naming what does not add up.
Result<void> check_conservation(const RunState& state, const RunCounters& counters);

}  // namespace tephra
