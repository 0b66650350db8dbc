#include "simulator/fanout_builder.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "simulator/network.hpp"

namespace tephra {

FanoutBuilder::FanoutBuilder(Schedule& schedule) : out_(schedule), deliveries_(schedule.inputs.size(), no_index) {
    for (std::size_t k = 0; k < timings_.size(); ++k)
        timings_[k] = link_timing(schedule.machine, static_cast<LinkKind>(k));
}

void FanoutBuilder::add(Fanout fanout, std::vector<Reach> reaches, std::span<const std::uint32_t> peers) {
    const bool multicast = out_.machine.mesh.routing == Routing::multicast;
    std::ranges::sort(reaches, std::less<>());
    std::vector<std::size_t> starts;
    for (std::size_t k = 0; k < reaches.size(); ++k)
        if (k == 0 || !multicast || reaches[k - 1].neurons != reaches[k].neurons) starts.push_back(k);
    const auto rank = static_cast<std::size_t>(std::ranges::find(peers, fanout.slice) - peers.begin());
    const auto first = starts.begin() + static_cast<std::ptrdiff_t>(rank * starts.size() / peers.size());
    std::rotate(starts.begin(), first, starts.end());
    const CoreId from = out_.slices[fanout.slice].core;
    for (const std::size_t start : starts) {
        set_neurons(reaches[start].neurons, fanout);
        fanout.first_terminal = static_cast<std::uint32_t>(out_.terminals.size());
        targets_.clear();
        for (std::size_t k = start; k < reaches.size() && reaches[k].neurons == reaches[start].neurons; ++k) {
            targets_.push_back(reaches[k].core);
            add_terminal(reaches[k]);
            if (!multicast) break;
        }
        fanout.terminals = static_cast<std::uint32_t>(targets_.size());
        add_route(fanout, from);
        trace_paths(fanout, fanout.entry, 0, 0);
        out_.fanouts.push_back(fanout);
    }
}

/// The route to targets_. Paths are shared by all fan-outs between two cores: a run then looks them up in less memory.
void FanoutBuilder::add_route(Fanout& fanout, CoreId from) {
    const auto added = [&](std::uint32_t entry) { return Path{entry, out_.routes.size() - entry}; };
    Path path;
    if (out_.machine.mesh.routing == Routing::multicast) {
        numbers_.resize(targets_.size());
        std::iota(numbers_.begin(), numbers_.end(), 0U);
        path = added(out_.routes.add_tree(from, targets_, numbers_));
    } else {
        const auto [at, fresh] = paths_.try_emplace({from, targets_[0]});
        if (fresh) at->second = added(out_.routes.add_path(from, targets_[0], 0));
        path = at->second;
    }
    fanout.entry = path.entry;
    fanout.entries = path.entries;
}

void FanoutBuilder::set_neurons(const NeuronRanges& neurons, Fanout& fanout) {
    fanout.begin = neurons.front().begin;
    fanout.end = neurons.back().end;
    fanout.members = Fanout::no_members;
    if (neurons.size() == 1) return;
    fanout.members = out_.members.size();
    out_.members.resize(out_.members.size() + static_cast<std::size_t>(fanout.end - fanout.begin));
    for (const NeuronRange range : neurons)
        for (int j = range.begin; j < range.end; ++j)
            out_.members[fanout.members + static_cast<std::size_t>(j - fanout.begin)] = true;
}

void FanoutBuilder::add_terminal(const Reach& reach) {
    Terminal terminal;
    terminal.fanout = static_cast<std::uint32_t>(out_.fanouts.size());
    terminal.core = reach.core;
    const Machine& machine = out_.machine;
    const bool host = terminal.core == out_.topology.host();
    const ChipId chip = host ? machine.host.chip : machine.chip_of(terminal.core);
    terminal.chip = static_cast<std::uint32_t>(chip.value);
    terminal.deliveries = static_cast<std::uint32_t>(reach.inputs.size());
    // Slices of one population usually reach the same inputs at a core: they share the list.
    std::uint32_t& known = deliveries_[reach.inputs[0]];
    const auto same = [&](std::size_t i) {
        return known + i < out_.deliveries.size() && out_.deliveries[known + i].input == reach.inputs[i];
    };
    bool shared = known != no_index;
    for (std::size_t i = 0; shared && i < reach.inputs.size(); ++i) shared = same(i);
    if (!shared) {
        known = static_cast<std::uint32_t>(out_.deliveries.size());
        for (const std::uint32_t index : reach.inputs) {
            const SliceInput& input = out_.inputs[index];
            const std::uint32_t port = index - out_.slices[input.slice].first_input;
            const std::int64_t service = input.synops == SliceInput::varying ? -1 : input.service.value();
            out_.deliveries.push_back({index, input.slice, port, service});
        }
    }
    terminal.first_delivery = known;
    out_.terminals.push_back(terminal);
}

/// Sums latency, with what a packet takes beside its flits, and time per flit from the start of a route to each of its
/// terminals.
void FanoutBuilder::trace_paths(const Fanout& fanout, std::uint32_t entry, std::int64_t latency,
                                std::int64_t flit_time) {
    const RouteEntry at = out_.routes.entries()[entry];
    const LinkTiming& timing = timings_[static_cast<std::size_t>(out_.routes.kind(entry))];
    latency += timing.latency + timing.packet;
    flit_time += timing.flit;
    for (std::uint32_t k = 0; k < at.children; ++k) trace_paths(fanout, at.first_child + k, latency, flit_time);
    if (at.children > 0) return;
    Terminal& terminal = out_.terminals[fanout.first_terminal + at.first_child];
    terminal.entry = entry;
    terminal.buffer = at.buffer;
    terminal.latency = latency;
    terminal.flit_time = flit_time;
}

}  // namespace tephra
