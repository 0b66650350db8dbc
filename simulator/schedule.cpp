#include "simulator/schedule.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "core/narrow.hpp"
#include "mapper/cluster.hpp"
#include "simulator/longest_time.hpp"
#include "simulator/network.hpp"

namespace tephra {
namespace {

class Scheduling {
public:
    Scheduling(const Program& program, const Machine& machine, const Mapping& mapping, bool self_timed,
               Schedule& schedule)
        : program_(program), machine_(machine), mapping_(mapping), self_timed_(self_timed), out_(schedule) {}

    Result<void> run() {
        if (auto fits = check_limits(); !fits) return fits;
        if (auto placed = place_slices(); !placed) return placed;
        count_tiles();
        for (std::uint32_t s = 0; s < out_.slices.size(); ++s) add_inputs(s);
        deliveries_.assign(out_.inputs.size(), no_index);
        out_.header_flits = flits(0);
        for (std::uint32_t s = 0; s < out_.slices.size(); ++s) add_outputs(s);
        const auto longest = longest_token_time(program_, out_);
        if (!longest) return tl::unexpected(longest.error());
        out_.longest_token = *longest;
        return {};
    }

private:
    /// Core and source neurons that one packet stream serves.
    struct Target {
        int begin, end;
        CoreId core;
        friend auto operator<=>(const Target&, const Target&) = default;
    };
    struct Reach {
        Target target;
        std::uint32_t input;  ///< there
    };

    /// What the numbers of a schedule can hold.
    [[nodiscard]] Result<void> check_limits() const {
        for (const Projection& projection : program_.projections) {
            const bool record = projection.kind == SynapseKind::reduce || projection.kind == SynapseKind::broadcast;
            if (record && (projection.words < 1 || projection.words > max_record_words))
                return bad_input("a record of " + std::to_string(projection.words) + " words; 1 to " +
                                     std::to_string(max_record_words) + " can be sent",
                                 projection.name, "split the record over several projections");
        }
        return longest_token_time(program_, machine_).map([](Picoseconds) {});
    }

    [[nodiscard]] std::uint16_t flits(int bits) const {
        return narrow<std::uint16_t>(machine_.mesh.packet_flits(bits));
    }

    Result<void> place_slices() {
        if (mapping_.slices.size() != program_.populations.size())
            return bad_input("the mapping has " + std::to_string(mapping_.slices.size()) +
                             " populations, the program " + std::to_string(program_.populations.size()));
        for (std::size_t p = 0; p < program_.populations.size(); ++p) {
            const Population& population = program_.populations[p];
            const std::vector<Slice>& slices = mapping_.slices[p];
            if (slices.empty()) {
                if (!runs_on_host(population, mapping_.head_on_host))
                    return bad_input("a population has no slice, and it cannot run on the host", population.name,
                                     "make the mapping again with tephra map");
                add_slice(PopulationId(static_cast<int>(p)), {out_.topology.host(), 0, population.size}, true);
                continue;
            }
            int covered = 0;
            std::set<CoreId> cores;
            for (const Slice& slice : slices) {
                const bool sound = slice.begin == covered && slice.end > slice.begin && slice.core.valid() &&
                                   slice.core.value < machine_.cores() && cores.insert(slice.core).second;
                if (!sound)
                    return bad_input("slices must cover the neurons in order, one a core", population.name,
                                     "make the mapping again with tephra map");
                covered = slice.end;
                add_slice(PopulationId(static_cast<int>(p)), slice, false);
            }
            if (covered != population.size || runs_on_host(population, mapping_.head_on_host))
                return bad_input("slices do not cover the population, or it runs on the host", population.name,
                                 "make the mapping again with tephra map");
        }
        std::stable_sort(out_.slices.begin(), out_.slices.end(),
                         [](const ScheduledSlice& a, const ScheduledSlice& b) { return a.core < b.core; });
        of_population_.resize(program_.populations.size());
        for (std::uint32_t s = 0; s < out_.slices.size(); ++s)
            of_population_[out_.slices[s].population.index()].push_back(s);
        out_.source = of_population_[program_.source.index()][0];
        out_.sink = of_population_[program_.sink.index()][0];
        return {};
    }

    void add_slice(PopulationId population, const Slice& slice, bool on_host) {
        ScheduledSlice s;
        s.population = population;
        s.core = slice.core;
        s.on_host = on_host;
        s.chip = static_cast<std::uint32_t>(on_host ? machine_.host.chip.value : machine_.chip_of(slice.core).value);
        s.begin = slice.begin;
        s.end = slice.end;
        out_.slices.push_back(s);
    }

    void count_tiles() {
        std::map<std::uint32_t, std::set<int>> tiles;
        for (const ScheduledSlice& s : out_.slices)
            if (!s.on_host) tiles[s.chip].insert(machine_.tile_of(s.core));
        out_.mapped_chips = static_cast<int>(tiles.size());
        for (const auto& [chip, mapped] : tiles) {
            out_.mapped_tiles += static_cast<int>(mapped.size());
            out_.tiles_of_fullest_chip = std::max(out_.tiles_of_fullest_chip, static_cast<int>(mapped.size()));
        }
    }

    void add_inputs(std::uint32_t s) {
        ScheduledSlice& slice = out_.slices[s];
        slice.first_input = static_cast<std::uint32_t>(out_.inputs.size());
        for (const ProjectionId id : program_[slice.population].inputs) {
            const Projection& projection = program_[id];
            SliceInput input;
            input.slice = s;
            input.projection = id;
            input.kind = projection.kind;
            input.synops = static_cast<std::int64_t>(projection.matrices.size()) * slice.size();
            input.service = (slice.on_host ? machine_.host.synop : machine_.timing.synop) * input.synops;
            for (const std::uint32_t source : of_population_[projection.source.index()])
                if (projection.kind != SynapseKind::identity || overlap(out_.slices[source], slice)) ++input.sources;
            out_.inputs.push_back(input);
            ++slice.inputs;
        }
    }

    static bool overlap(const ScheduledSlice& a, const ScheduledSlice& b) { return a.begin < b.end && b.begin < a.end; }

    /// Calls use(target slice index, its input) for every slice that a projection of `from` reaches.
    template <typename Use>
    void for_each_target(const ScheduledSlice& from, ProjectionId id, const Use& use) {
        const Projection& projection = program_[id];
        const auto& ports = program_[projection.target].inputs;
        const auto port = static_cast<std::uint32_t>(std::ranges::find(ports, id) - ports.begin());
        for (const std::uint32_t t : of_population_[projection.target.index()])
            if (projection.kind != SynapseKind::identity || overlap(from, out_.slices[t]))
                use(out_.slices[t], out_.slices[t].first_input + port);
    }

    void add_outputs(std::uint32_t s) {
        const ScheduledSlice from = out_.slices[s];
        const auto first_fanout = static_cast<std::uint32_t>(out_.fanouts.size());
        const auto first_local = static_cast<std::uint32_t>(out_.locals.size());
        const Population& population = program_[from.population];
        std::vector<Reach> messages;
        for (const ProjectionId id : population.outputs) {
            const SynapseKind kind = program_[id].kind;
            if (kind != SynapseKind::ternary && kind != SynapseKind::identity) continue;
            for_each_target(from, id, [&](const ScheduledSlice& to, std::uint32_t input) {
                Target target{from.begin, from.end, to.core};
                if (kind == SynapseKind::identity) {
                    target.begin = std::max(from.begin, to.begin);
                    target.end = std::min(from.end, to.end);
                }
                if (to.core == from.core && (from.on_host || kind == SynapseKind::identity))
                    out_.locals.push_back({input, target.begin, target.end});
                else
                    messages.push_back({target, input});
            });
        }
        Fanout fanout;
        fanout.slice = s;
        fanout.flits = flits(population.message_bits);
        add_fanouts(s, fanout, std::move(messages));
        const auto message_fanouts = static_cast<std::uint32_t>(out_.fanouts.size()) - first_fanout;
        for (const ProjectionId id : population.outputs) add_records(s, from, id);
        ScheduledSlice& slice = out_.slices[s];
        slice.first_fanout = first_fanout;
        slice.fanouts = static_cast<std::uint32_t>(out_.fanouts.size()) - first_fanout;
        slice.message_fanouts = message_fanouts;
        slice.first_local = first_local;
        slice.locals = static_cast<std::uint32_t>(out_.locals.size()) - first_local;
    }

    void add_records(std::uint32_t s, const ScheduledSlice& from, ProjectionId id) {
        const Projection& projection = program_[id];
        const bool credit = projection.kind == SynapseKind::credit;
        if (projection.kind == SynapseKind::ternary || projection.kind == SynapseKind::identity) return;
        if (credit && !self_timed_) return;
        std::vector<Reach> records;
        for_each_target(from, id, [&](const ScheduledSlice& to, std::uint32_t input) {
            if (from.on_host && to.on_host)
                out_.locals.push_back({input, from.begin, from.end});
            else
                records.push_back({{from.begin, from.end, to.core}, input});
        });
        Fanout fanout;
        fanout.kind = credit ? Fanout::Kind::credit : Fanout::Kind::record;
        fanout.slice = s;
        fanout.projection = id;
        fanout.flits = flits(credit ? 0 : record_word_bits * projection.words);
        add_fanouts(s, fanout, std::move(records));
    }

    /// One fan-out per target (unicast), or per range of source neurons (multicast). Every slice of a population begins
    /// at another target; in one common order they would all queue at one core after the other.
    void add_fanouts(std::uint32_t from, Fanout fanout, std::vector<Reach> reaches) {
        const bool multicast = machine_.mesh.routing == Routing::multicast;
        const auto together = [multicast](const Target& a, const Target& b) {
            return a.begin == b.begin && a.end == b.end && (multicast || a.core == b.core);
        };
        std::ranges::stable_sort(reaches, {}, &Reach::target);
        std::vector<std::size_t> starts;
        for (std::size_t k = 0; k < reaches.size(); ++k)
            if (k == 0 || !together(reaches[k - 1].target, reaches[k].target)) starts.push_back(k);
        const ScheduledSlice& slice = out_.slices[from];
        const auto& peers = of_population_[slice.population.index()];
        const auto rank = static_cast<std::size_t>(std::ranges::find(peers, from) - peers.begin());
        const auto first = starts.begin() + static_cast<std::ptrdiff_t>(rank * starts.size() / peers.size());
        std::rotate(starts.begin(), first, starts.end());
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
            fanout.entry = multicast ? out_.routes.add_tree(slice.core, cores, terminals)
                                     : out_.routes.add_path(slice.core, cores[0], terminals[0]);
            fanout.entries = out_.routes.size() - fanout.entry;
            trace_paths(fanout.entry, 0, 0);
            out_.fanouts.push_back(fanout);
        }
    }

    std::uint32_t add_terminal(std::span<const Reach> reaches) {
        Terminal terminal;
        terminal.fanout = static_cast<std::uint32_t>(out_.fanouts.size());
        terminal.core = reaches[0].target.core;
        const bool host = terminal.core == out_.topology.host();
        const ChipId chip = host ? machine_.host.chip : machine_.chip_of(terminal.core);
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
    void trace_paths(std::uint32_t entry, std::int64_t latency, std::int64_t flit_time) {
        const RouteEntry at = out_.routes.entries()[entry];
        const LinkTiming timing = link_timing(machine_, out_.routes.kind(entry));
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

    const Program& program_;
    const Machine& machine_;
    const Mapping& mapping_;
    bool self_timed_;
    Schedule& out_;
    std::vector<std::vector<std::uint32_t>> of_population_;  ///< slices
    std::vector<std::uint32_t> deliveries_;                  ///< [inputs] last list that begins with it
};

}  // namespace

Schedule::Schedule(Machine machine_in, Topology topology_in)
    : machine(std::move(machine_in)), topology(std::move(topology_in)), routes(machine, topology) {}

Picoseconds Schedule::barrier_time() const {
    return machine.barrier.base + machine.barrier.per_tile * tiles_of_fullest_chip +
           machine.barrier.per_chip * mapped_chips;
}

Result<std::unique_ptr<const Schedule>> make_schedule(const Program& program, const Machine& machine,
                                                      const Mapping& mapping, bool self_timed) {
    auto topology = Topology::create(machine);
    if (!topology) return tl::unexpected(topology.error());
    auto schedule = std::make_unique<Schedule>(machine, std::move(*topology));
    if (auto done = Scheduling(program, machine, mapping, self_timed, *schedule).run(); !done)
        return tl::unexpected(done.error());
    return std::unique_ptr<const Schedule>(std::move(schedule));
}

}  // namespace tephra
