#include "simulator/fanout_builder.hpp"

#include <algorithm>

#include "simulator/network.hpp"

namespace tephra {

void FanoutBuilder::add(Fanout fanout, std::vector<Reach> reaches, std::span<const std::uint32_t> peers) {
    const bool multicast = out_.machine.mesh.routing == Routing::multicast;
    const auto together = [multicast](const Reach::Target& a, const Reach::Target& b) {
        return a.begin == b.begin && a.end == b.end && (multicast || a.core == b.core);
    };
    std::ranges::stable_sort(reaches, {}, &Reach::target);
    std::vector<std::size_t> starts;
    for (std::size_t k = 0; k < reaches.size(); ++k)
        if (k == 0 || !together(reaches[k - 1].target, reaches[k].target)) starts.push_back(k);
    const auto rank = static_cast<std::size_t>(std::ranges::find(peers, fanout.slice) - peers.begin());
    const auto first = starts.begin() + static_cast<std::ptrdiff_t>(rank * starts.size() / peers.size());
    std::rotate(starts.begin(), first, starts.end());
    const CoreId from = out_.slices[fanout.slice].core;
    for (const std::size_t start : starts) {
        fanout.begin = reaches[start].target.begin;
        fanout.end = reaches[start].target.end;
        fanout.first_terminal = static_cast<std::uint32_t>(out_.terminals.size());
        std::vector<CoreId> cores;
        std::vector<std::uint32_t> terminals;
        for (std::size_t k = start; k < reaches.size() && together(reaches[start].target, reaches[k].target);) {
            const std::size_t at = k;
            while (k < reaches.size() && reaches[k].target == reaches[at].target) ++k;
            cores.push_back(reaches[at].target.core);
            terminals.push_back(add_terminal(std::span(reaches).subspan(at, k - at)));
        }
        fanout.terminals = static_cast<std::uint32_t>(terminals.size());
        fanout.entry = multicast ? out_.routes.add_tree(from, cores, terminals)
                                 : out_.routes.add_path(from, cores[0], terminals[0]);
        fanout.entries = out_.routes.size() - fanout.entry;
        trace_paths(fanout.entry, 0, 0);
        out_.fanouts.push_back(fanout);
    }
}

std::uint32_t FanoutBuilder::add_terminal(std::span<const Reach> reaches) {
    Terminal terminal;
    terminal.fanout = static_cast<std::uint32_t>(out_.fanouts.size());
    terminal.core = reaches[0].target.core;
    const Machine& machine = out_.machine;
    const bool host = terminal.core == out_.topology.host();
    const ChipId chip = host ? machine.host.chip : machine.chip_of(terminal.core);
    terminal.chip = static_cast<std::uint32_t>(chip.value);
    terminal.deliveries = static_cast<std::uint32_t>(reaches.size());
    // Slices of one population usually reach the same inputs at a core: they share the list.
    std::uint32_t& known = deliveries_[reaches[0].input];
    const auto same = [&](const Reach& reach) {
        const std::size_t k = known + static_cast<std::size_t>(&reach - reaches.data());
        return k < out_.deliveries.size() && out_.deliveries[k].input == reach.input;
    };
    if (known == no_index || !std::ranges::all_of(reaches, same)) {
        known = static_cast<std::uint32_t>(out_.deliveries.size());
        for (const Reach& reach : reaches) {
            const SliceInput& input = out_.inputs[reach.input];
            const std::uint32_t port = reach.input - out_.slices[input.slice].first_input;
            out_.deliveries.push_back({reach.input, input.slice, port, input.service.value()});
        }
    }
    terminal.first_delivery = known;
    out_.terminals.push_back(terminal);
    return static_cast<std::uint32_t>(out_.terminals.size() - 1);
}

/// Sums latency and time per flit from the start of a route to each of its terminals.
void FanoutBuilder::trace_paths(std::uint32_t entry, std::int64_t latency, std::int64_t flit_time) {
    const RouteEntry at = out_.routes.entries()[entry];
    const LinkTiming timing = link_timing(out_.machine, out_.routes.kind(entry));
    latency += timing.latency;
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
