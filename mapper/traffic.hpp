#pragma once
// Traffic: the packets that a mapped program sends per token when no message is zero. The simulator's counts at full
// activity equal these sums; placement lowers what they cost.
//
// A neuron's message goes once to every core that holds a target of any of its projections (not once a projection). A
// format that passes within a core (SynapseFormat::passes_within_core) needs no packet there. Records go once a reduce
// or broadcast projection and core. Credits, which only self-timed runs send, are left out.
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "mapper/mapping.hpp"
#include "mapper/route.hpp"

namespace tephra {

/// Equal packets from one slice of a population to each of several cores.
struct Flow {
    PopulationId population;          ///< that sends
    CoreId source;                    ///< or the host (Topology::host)
    std::span<const CoreId> targets;  ///< distinct; or the host
    std::int64_t packets = 0;         ///< to each target, per token
    int flits = 0;                    ///< of one packet
};

/// Calls `visit` for every flow, in order of population and slice.
void for_each_flow(const Program& program, const Machine& machine, const Mapping& mapping,
                   const std::function<void(const Flow&)>& visit);

/// Flits per token over every link, [Topology::links()], with unicast packets or multicast trees as the machine has.
std::vector<std::int64_t> link_flits(const Program& program, const Machine& machine, const Topology& topology,
                                     const Mapping& mapping);

struct TrafficSummary {
    std::int64_t packets = 0;     ///< that arrive anywhere
    std::int64_t flit_hops = 0;   ///< traffic x hops: flits over mesh and chip links
    std::int64_t chip_flits = 0;  ///< flits over chip links
    LinkId busiest;               ///< mesh or chip link that is occupied longest
    std::int64_t busiest_flits = 0;
    LinkId busiest_mesh;  ///< likewise among mesh links alone
    std::int64_t busiest_mesh_flits = 0;
};
TrafficSummary summarize_traffic(const Program& program, const Machine& machine, const Topology& topology,
                                 const Mapping& mapping);

}  // namespace tephra
