#pragma once
// What link errors change in the counts of a run: packets that did not arrive, and flits that went twice or not at all.
#include <cstdint>
#include <span>
#include <vector>

#include "simulator/link_errors.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// Beside what the sent packets add up to if each takes its whole route once.
struct FaultCounts {
    std::vector<std::int64_t> lost, lost_markers;  ///< [terminals] packets, markers included; markers. Empty: none
    struct Flits {
        std::uint32_t fanout = 0, entry = 0;
        std::int64_t flits = 0;  ///< more (or, below 0, fewer) over the link of this entry
    };
    std::vector<Flits> flits;

    [[nodiscard]] std::int64_t lost_at(std::size_t terminal) const { return lost.empty() ? 0 : lost[terminal]; }
    [[nodiscard]] std::int64_t lost_markers_at(std::size_t terminal) const {
        return lost_markers.empty() ? 0 : lost_markers[terminal];
    }
};
FaultCounts count_faults(const Schedule& schedule, std::span<const LinkFault> faults);

/// The same for a run file: what each link did in each round, what slices missed of it or waited for.
FaultRecords record_faults(const Schedule& schedule, std::span<const LinkFault> faults,
                           std::span<const WaitFault> waits);

}  // namespace tephra
