#include "simulator/fault_counts.hpp"

#include <array>
#include <map>

namespace tephra {
namespace {

/// Calls use(entry) for each entry of a route that lies behind `entry`, and end(terminal) for each one that it reaches.
template <typename Use, typename End>
void walk(const Schedule& schedule, const Fanout& fanout, std::uint32_t entry, const Use& use, const End& end) {
    const RouteEntry at = schedule.routes.entries()[entry];
    if (at.children == 0) return end(fanout.first_terminal + at.first_child);
    for (std::uint32_t c = at.first_child; c < at.first_child + at.children; ++c) {
        use(c);
        walk(schedule, fanout, c, use, end);
    }
}

}  // namespace

FaultCounts count_faults(const Schedule& schedule, std::span<const LinkFault> faults) {
    FaultCounts counts;
    if (faults.empty()) return counts;
    counts.lost.resize(schedule.terminals.size());
    counts.lost_markers.resize(schedule.terminals.size());
    for (const LinkFault& fault : faults) {
        const auto f = static_cast<std::uint32_t>(fault.fanout), e = static_cast<std::uint32_t>(fault.entry);
        if (fault.retry_flits > 0) counts.flits.push_back({f, e, fault.retry_flits});
        if (fault.lost == 0) continue;
        const Fanout& fanout = schedule.fanouts[f];
        const std::int64_t flits =
            (fault.lost - fault.lost_markers) * fanout.flits + fault.lost_markers * schedule.header_flits;
        walk(
            schedule, fanout, e,
            [&](std::uint32_t behind) {
                counts.flits.push_back({f, behind, -flits});
            },
            [&](std::uint32_t terminal) {
                counts.lost[terminal] += fault.lost;
                counts.lost_markers[terminal] += fault.lost_markers;
            });
    }
    return counts;
}

FaultRecords record_faults(const Schedule& schedule, std::span<const LinkFault> faults,
                           std::span<const WaitFault> waits) {
    std::map<std::array<std::int64_t, 4>, LinkFaultRecord> links;  // by round, from, to, population
    std::map<std::array<std::int64_t, 2>, MissedRecord> missed;    // by round and slice
    const auto of_slice = [&](std::int64_t round, std::int64_t index) -> MissedRecord& {
        const ScheduledSlice& slice = schedule.slices[static_cast<std::size_t>(index)];
        MissedRecord& row = missed[{round, index}];
        row.round = round;
        row.population = slice.population.value;
        row.core = slice.on_host ? -1 : slice.core.value;
        return row;
    };
    for (const LinkFault& fault : faults) {
        const Fanout& fanout = schedule.fanouts[static_cast<std::size_t>(fault.fanout)];
        const auto entry = static_cast<std::uint32_t>(fault.entry);
        const LinkEnds ends = schedule.topology.link(schedule.routes.link(entry));
        const int population = schedule.slices[fanout.slice].population.value;
        LinkFaultRecord& link = links[{fault.round, ends.owner.value, ends.receiver.value, population}];
        link.round = fault.round;
        link.from = ends.owner.value;
        link.to = ends.receiver.value;
        link.population = population;
        link.retries += fault.retries;
        link.added += Picoseconds(fault.added);
        link.lost += fault.lost;
        if (fault.lost == 0) continue;
        walk(
            schedule, fanout, entry, [](std::uint32_t) {},
            [&](std::uint32_t at) {
                const Terminal& terminal = schedule.terminals[at];
                for (std::uint32_t d = 0; d < terminal.deliveries; ++d)
                    of_slice(fault.round, schedule.deliveries[terminal.first_delivery + d].slice).messages +=
                        fault.lost;
            });
    }
    for (const WaitFault& wait : waits) of_slice(wait.round, wait.slice).waited = true;
    FaultRecords records;
    for (const auto& [key, link] : links) records.links.push_back(link);
    for (const auto& [key, row] : missed) records.missed.push_back(row);
    return records;
}

}  // namespace tephra
