#include "simulator/longest_time.hpp"

#include <algorithm>

#include "mapper/time_sum.hpp"
#include "simulator/network.hpp"
#include "simulator/schedule.hpp"

namespace tephra {
namespace {

void add_services(const Program& program, const Machine& machine, TimeSum& sum) {
    const CoreTiming timing = machine.slowest_timing();
    const Picoseconds synop = std::max(timing.synop, machine.host.synop);
    for (const Projection& projection : program.projections) {
        if (projection.synapses != nullptr) sum.add(total_synops(*projection.synapses), synop, "weights");
    }
    for (const Population& population : program.populations) {
        Picoseconds update = machine.host.neuron_update;
        if (population.model != nullptr) update = std::max(update, timing.of(population.model->program()));
        // A barrier run evaluates them in every step.
        sum.add(std::int64_t{population.size} * std::max(program.steps, 1), update, "neurons");
        sum.add(population.size, timing.spike, "neurons that send");
    }
    sum.add(1, machine.host.token, round_words(program.round).many.c_str());
}

/// How often a packet may be sent over the link of an entry.
std::int64_t attempts(const Schedule& schedule, std::uint32_t entry) {
    if (schedule.routes.kind(entry) != LinkKind::chip || !schedule.machine.has_link_errors()) return 1;
    const LinkEnds ends = schedule.topology.link(schedule.routes.link(entry));
    return schedule.machine.link_errors(ends.owner, ends.receiver).attempts;
}

/// A packet on one link: occupancy per flit, latency, and between chips the latency of the credit that returns, or of
/// the word that it arrived wrong, each time that it may be sent.
void add_packets(const Schedule& schedule, TimeSum& sum) {
    const Machine& machine = schedule.machine;
    const CoreTiming timing = machine.slowest_timing();
    const Picoseconds in = std::max(timing.message_in, machine.host.message);
    const Picoseconds out = std::max(timing.message_out, machine.host.message);
    for (const Fanout& fanout : schedule.fanouts) {
        const std::int64_t packets = fanout.kind == Fanout::Kind::message ? fanout.end - fanout.begin : 1;
        sum.add(packets, out, "packets to send");
        sum.add(packets * fanout.terminals, in, "packets to receive");
        for (std::uint32_t e = fanout.entry; e < fanout.entry + fanout.entries; ++e) {
            const LinkKind kind = schedule.routes.kind(e);
            const LinkTiming link = link_timing(machine, kind);
            const std::int64_t times = packets * attempts(schedule, e);
            sum.add(times * fanout.flits, Picoseconds(std::max<std::int64_t>(link.flit, 1)), "flits over a link");
            sum.add(times * (kind == LinkKind::chip ? 2 : 1), Picoseconds(link.latency), "packets over a link");
            sum.add(times, Picoseconds(link.packet), "packets over a link");
        }
    }
}

}  // namespace

Result<Picoseconds> longest_token_time(const Program& program, const Machine& machine) {
    TimeSum sum;
    add_services(program, machine, sum);
    return sum.result(machine.name);
}

Result<Picoseconds> longest_token_time(const Program& program, const Schedule& schedule) {
    TimeSum sum;
    add_services(program, schedule.machine, sum);
    add_packets(schedule, sum);
    sum.add(program.steps, schedule.barrier_time(), "barriers");
    sum.add(program.steps, schedule.machine.barrier.management, "steps");
    if (schedule.machine.has_link_errors()) sum.add(program.steps, schedule.stall_time(), "time-outs");
    return sum.result(schedule.machine.name);
}

}  // namespace tephra
