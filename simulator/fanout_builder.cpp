#include "simulator/fanout_builder.hpp"

#include <algorithm>
#include <functional>

#include "simulator/network.hpp"

namespace tephra {

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
        std::vector<CoreId> cores;
        std::vector<std::uint32_t> terminals;
        for (std::size_t k = start; k < reaches.size() && reaches[k].neurons == reaches[start].neurons; ++k) {
            cores.push_back(reaches[k].core);
            terminals.push_back(add_terminal(reaches[k]));
            if (!multicast) break;
        }
        fanout.terminals = static_cast<std::uint32_t>(terminals.size());
        fanout.entry = multicast ? out_.routes.add_tree(from, cores, terminals)
                                 : out_.routes.add_path(from, cores[0], terminals[0]);
        fanout.entries = out_.routes.size() - fanout.entry;
        trace_paths(fanout.entry, 0, 0);
        out_.fanouts.push_back(fanout);
    }
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

std::uint32_t FanoutBuilder::add_terminal(const Reach& reach) {
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
    return static_cast<std::uint32_t>(out_.terminals.size() - 1);
}

/// Sums latency, with what a packet takes beside its flits, and time per flit from the start of a route to each of its
/// terminals.
void FanoutBuilder::trace_paths(std::uint32_t entry, std::int64_t latency, std::int64_t flit_time) {
    const RouteEntry at = out_.routes.entries()[entry];
    const LinkTiming timing = link_timing(out_.machine, out_.routes.kind(entry));
    latency += timing.latency + timing.packet;
    flit_time += timing.flit;
    for (std::uint32_t k = 0; k < at.children; ++k) trace_paths(at.first_child + k, latency, flit_time);
    if (at.children > 0) return;
    Terminal& terminal = out_.terminals[at.first_child];
    terminal.entry = entry;
    terminal.buffer = at.buffer;
    terminal.latency = latency;
    terminal.flit_time = flit_time;
}

}  // namespace tephra
