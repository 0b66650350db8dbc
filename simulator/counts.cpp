#include "simulator/counts.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "simulator/fault_counts.hpp"

namespace tephra {
namespace {

void add(EventCounts& counts, EventKind kind, std::int64_t n) {
    counts[static_cast<std::size_t>(kind)] += n;
}

/// Flits that a fan-out sent over each link of its route.
std::int64_t flits_sent(const RunState& state, std::size_t fanout) {
    const RunState::FanoutCounts& sent = state.sent[fanout];
    return sent.packets * state.schedule->fanouts[fanout].flits + sent.markers * state.schedule->header_flits;
}

/// Where the events of one slice are booked: its population, and its core unless that is the host.
struct Book {
    EventCounts* population;
    EventCounts* core;
    void add(EventKind kind, std::int64_t n) const {
        tephra::add(*population, kind, n);
        if (core != nullptr) tephra::add(*core, kind, n);
    }
};

class Collector {
public:
    Collector(const RunState& state, const RunCounters& counters, Run& run)
        : state_(state),
          plan_(*state.schedule),
          counters_(counters),
          faults_(count_faults(plan_, counters.faults)),
          run_(run) {
        core_records_.assign(static_cast<std::size_t>(plan_.machine.cores()), no_index);
    }

    void collect() {
        add_records();
        for (std::size_t s = 0; s < plan_.slices.size(); ++s) add_slice(s);
        for (std::size_t f = 0; f < plan_.fanouts.size(); ++f) add_fanout(f);
        for (const FaultCounts::Flits& more : faults_.flits) add_flits(more);
        add_barriers();
        for (const auto& [ends, flits] : link_flits_)
            if (flits > 0) run_.links.push_back({ends.first, ends.second, flits});
    }

private:
    void add_records() {
        for (const Layer& layer : state_.program->layers) run_.layers.push_back(layer.name);
        for (const Population& p : state_.program->populations)
            run_.populations.push_back({p.name, p.layer.value, false, p.size, {}, {}});
        std::map<CoreId, int> largest;
        for (const ScheduledSlice& s : plan_.slices) {
            const Population& population = (*state_.program)[s.population];
            if (s.on_host) {
                run_.populations[s.population.index()].on_host = true;
                continue;
            }
            if (core_records_[s.core.index()] == no_index) {
                core_records_[s.core.index()] = static_cast<std::uint32_t>(run_.cores.size());
                CoreRecord record;
                record.core = s.core.value;
                record.busy = Picoseconds(counters_.core_busy[s.core.index()]);
                run_.cores.push_back(record);
            }
            if (s.size() > largest[s.core]) {
                largest[s.core] = s.size();
                run_.cores[core_records_[s.core.index()]].layer = population.layer.value;
            }
        }
    }

    Book book(std::size_t slice) {
        const ScheduledSlice& s = plan_.slices[slice];
        EventCounts* core = s.on_host ? nullptr : &run_.cores[core_records_[s.core.index()]].counts;
        return {&run_.populations[s.population.index()].counts, core};
    }

    void add_slice(std::size_t index) {
        const ScheduledSlice& s = plan_.slices[index];
        const Book to = book(index);
        const RunState::SliceCounts& counts = state_.slice_counts[index];
        to.add(s.on_host ? EventKind::host_update : EventKind::neuron_update, (counts.fired - counts.idle) * s.size());
        to.add(EventKind::skipped, counts.skipped);
        to.add(EventKind::state_pass, counts.passed);
        to.add(EventKind::message, counts.messages);
        if (!s.on_host) to.add(EventKind::evaluation, evaluations(s, counts));
        add_bins(index);
        for (std::uint32_t k = s.first_input; k < s.first_input + s.inputs; ++k) {
            const SliceInput& input = plan_.inputs[k];
            const bool varying = input.synops == SliceInput::varying;
            to.add(synop_kind(input), varying ? state_.synops[k] : state_.local_messages[k] * input.synops);
        }
    }

    /// In a barrier run a core evaluates all its neurons in every step. Those of the last one, which ends when its
    /// round leaves, are no part of the run.
    [[nodiscard]] std::int64_t evaluations(const ScheduledSlice& slice, const RunState::SliceCounts& counts) const {
        return (state_.sync == SyncMode::barrier ? run_.steps : counts.fired) * slice.size();
    }

    void add_bins(std::size_t slice) {
        const Population& population = (*state_.program)[plan_.slices[slice].population];
        if (state_.bins == 0 || population.payload == Payload::none) return;
        std::vector<std::int64_t>& to = run_.populations[plan_.slices[slice].population.index()].messages;
        const auto bins = static_cast<std::size_t>(state_.bins);
        to.resize(bins);
        for (std::size_t k = 0; k < bins; ++k) to[k] += state_.binned[slice * bins + k];
    }

    [[nodiscard]] EventKind synop_kind(const SliceInput& input) const {
        if (plan_.slices[input.slice].on_host) return EventKind::host_synop;
        return input.wide ? EventKind::synop_int8 : EventKind::synop_ternary;
    }

    void add_synops(const Terminal& terminal, std::int64_t messages) {
        for (std::uint32_t k = 0; k < terminal.deliveries; ++k) {
            const Delivery& to = plan_.deliveries[terminal.first_delivery + k];
            const SliceInput& input = plan_.inputs[to.input];
            if (input.synops != SliceInput::varying) book(to.slice).add(synop_kind(input), messages * input.synops);
        }
    }

    void add_fanout(std::size_t index) {
        const Fanout& fanout = plan_.fanouts[index];
        const Book to = book(fanout.slice);
        const RunState::FanoutCounts& sent = state_.sent[index];
        if (sent.packets + sent.markers == 0) return;
        if (to.core != nullptr) to.add(EventKind::message_out, sent.packets + sent.markers);
        const std::int64_t flits = flits_sent(state_, index);
        std::array<std::int64_t, static_cast<std::size_t>(LinkKind::to_host) + 1> hops{};
        for (std::uint32_t e = fanout.entry; e < fanout.entry + fanout.entries; ++e) {
            ++hops[static_cast<std::size_t>(plan_.routes.kind(e))];
            if (plan_.routes.kind(e) != LinkKind::chip) continue;
            link_flits(e) += flits;
        }
        for (std::size_t k = 0; k < hops.size(); ++k)
            if (hops[k] > 0) to.add(hop_kind(static_cast<LinkKind>(k)), hops[k] * flits);
        for (std::uint32_t t = fanout.first_terminal; t < fanout.first_terminal + fanout.terminals; ++t) {
            const CoreId core = plan_.terminals[t].core;
            if (fanout.kind == Fanout::Kind::message)
                add_synops(plan_.terminals[t],
                           state_.delivered[t] - (sent.markers - faults_.lost_markers_at(t)) - state_.ignored[t]);
            if (core == plan_.topology.host()) continue;
            add(*to.population, EventKind::message_in, state_.delivered[t]);
            add(run_.cores[core_records_[core.index()]].counts, EventKind::message_in, state_.delivered[t]);
        }
    }

    /// Flits of packets that were sent again, or that did not come so far.
    void add_flits(const FaultCounts::Flits& more) {
        const LinkKind kind = plan_.routes.kind(more.entry);
        book(plan_.fanouts[more.fanout].slice).add(hop_kind(kind), more.flits);
        if (kind == LinkKind::chip) link_flits(more.entry) += more.flits;
    }

    /// Flits over the chip link of an entry.
    std::int64_t& link_flits(std::uint32_t entry) {
        const LinkEnds link = plan_.topology.link(plan_.routes.link(entry));
        return link_flits_[{link.owner.value, link.receiver.value}];
    }

    /// Every mapped tile takes part in every barrier; its first core and population stand for it.
    void add_barriers() {
        std::set<std::pair<std::uint32_t, int>> tiles;
        for (std::size_t s = 0; s < plan_.slices.size(); ++s) {
            const ScheduledSlice& slice = plan_.slices[s];
            if (slice.on_host || !tiles.insert({slice.chip, plan_.machine.tile_of(slice.core)}).second) continue;
            book(s).add(EventKind::barrier_tile, run_.steps);
        }
    }

    const RunState& state_;
    const Schedule& plan_;
    const RunCounters& counters_;
    const FaultCounts faults_;
    Run& run_;
    std::vector<std::uint32_t> core_records_;  ///< [cores] index into run.cores
    std::map<std::pair<int, int>, std::int64_t> link_flits_;
};

tl::unexpected<Error> broken(const std::string& what) {
    return fail(ErrorCode::internal, what, "simulation");
}

}  // namespace

EventKind hop_kind(LinkKind kind) {
    switch (kind) {
        case LinkKind::mesh_x:
            return EventKind::hop_x;
        case LinkKind::mesh_y:
            return EventKind::hop_y;
        case LinkKind::chip:
            return EventKind::chip_flit;
        case LinkKind::from_host:
        case LinkKind::to_host:
            return EventKind::host_flit;
        default:
            return EventKind::hop_local;
    }
}

RunCounters read_counters(const Schedule& schedule, const std::vector<std::unique_ptr<Chip>>& chips) {
    RunCounters counters;
    counters.link_flits.resize(static_cast<std::size_t>(schedule.topology.links()));
    counters.core_busy.resize(static_cast<std::size_t>(schedule.machine.cores()));
    for (std::size_t k = 0; k < counters.link_flits.size(); ++k) {
        const LinkId id(static_cast<std::int32_t>(k));
        const LinkEnds link = schedule.topology.link(id);
        if (link.kind == LinkKind::none || !chips[link.owner.index()]) continue;
        const ChipLinks links{&schedule.machine, &schedule.topology, link.owner};
        counters.link_flits[k] = chips[link.owner.index()]->network().flits(links.local(id));
    }
    const auto cores = static_cast<std::size_t>(schedule.machine.cores_per_chip());
    for (std::size_t c = 0; c < counters.core_busy.size(); ++c)
        if (const auto& chip = chips[c / cores])
            counters.core_busy[c] = chip->cores().busy(static_cast<std::uint32_t>(c % cores));
    for (const auto& chip : chips) {
        if (!chip) continue;
        counters.live_packets += chip->live_packets();
        counters.collisions += chip->cores().collisions();
        counters.hash.add(chip->cores().hash());
        const std::vector<LinkFault> faults = chip->network().faults().all();
        counters.faults.insert(counters.faults.end(), faults.begin(), faults.end());
        const std::vector<WaitFault>& waits = chip->network().faults().waits();
        counters.waits.insert(counters.waits.end(), waits.begin(), waits.end());
    }
    return counters;
}

void collect_counts(const RunState& state, const RunCounters& counters, Run& run) {
    Collector(state, counters, run).collect();
}

Result<void> check_conservation(const RunState& state, const RunCounters& counters) {
    const Schedule& plan = *state.schedule;
    if (counters.live_packets != 0) return broken("packets were left in the network");
    if (counters.collisions != 0) return broken("a message came while its slot held another token");
    const FaultCounts faults = count_faults(plan, counters.faults);
    for (std::size_t t = 0; t < plan.terminals.size(); ++t) {
        const RunState::FanoutCounts& sent = state.sent[plan.terminals[t].fanout];
        if (state.delivered[t] + faults.lost_at(t) != sent.packets + sent.markers)
            return broken("a packet was lost where no link lost it, or doubled");
    }
    if (state.noc == NocMode::ideal) return {};
    std::vector<std::int64_t> expected(static_cast<std::size_t>(plan.topology.links()));
    for (std::size_t f = 0; f < plan.fanouts.size(); ++f)
        for (std::uint32_t e = 0; e < plan.fanouts[f].entries; ++e)
            expected[plan.routes.link(plan.fanouts[f].entry + e).index()] += flits_sent(state, f);
    for (const FaultCounts::Flits& more : faults.flits) expected[plan.routes.link(more.entry).index()] += more.flits;
    for (std::size_t k = 0; k < expected.size(); ++k)
        if (counters.link_flits[k] != expected[k])
            return broken("link " + std::to_string(k) + " carried other flits than were sent over it");
    return {};
}

}  // namespace tephra
