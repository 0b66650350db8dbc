#include "simulator/schedule.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/narrow.hpp"
#include "mapper/cluster.hpp"
#include "simulator/fanout_builder.hpp"
#include "simulator/longest_time.hpp"

namespace tephra {
namespace {

constexpr int ternary_bits = 2;

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
        out_.header_flits = flits(0);
        FanoutBuilder fanouts(out_);
        for (std::uint32_t s = 0; s < out_.slices.size(); ++s) add_outputs(s, fanouts);
        const auto longest = longest_token_time(program_, out_);
        if (!longest) return tl::unexpected(longest.error());
        out_.longest_token = *longest;
        return {};
    }

private:
    /// What the numbers of a schedule can hold.
    [[nodiscard]] Result<void> check_limits() const {
        for (const Projection& projection : program_.projections) {
            const bool record =
                projection.transport == Transport::reduce || projection.transport == Transport::broadcast;
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
        const NeuronModel* model = program_[population].model.get();  // none: the sink, which is on the host
        const CoreTiming timing = machine_.timing_of(slice.core);
        s.neuron = (on_host || model == nullptr ? machine_.host.neuron_update : timing.of(model->program())).value();
        s.spike = on_host ? 0 : timing.spike.value();
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
            NeuronRanges& listened = listened_.emplace_back();
            SliceInput input;
            input.slice = s;
            input.projection = id;
            if (projection.transport == Transport::messages) {
                listened = projection.synapses->sources_of(slice.neurons());
                set_weights(slice, *projection.synapses, listened, input);
            } else {
                listened.push_back({0, program_[projection.source].size});
            }
            for (const std::uint32_t source : of_population_[projection.source.index()])
                if (!clipped(listened, out_.slices[source].neurons()).empty()) ++input.sources;
            out_.inputs.push_back(input);
            ++slice.inputs;
        }
    }

    /// Weights that a message meets: one number for all sources, or one each.
    void set_weights(const ScheduledSlice& slice, const SynapseFormat& synapses, const NeuronRanges& listened,
                     SliceInput& input) {
        input.synop = slice.on_host ? machine_.host.synop : machine_.timing_of(slice.core).synop;
        input.wide = mapping_.format == WeightStorage::int8 || synapses.weight_bits() > ternary_bits;
        if (synapses.uniform()) {
            input.synops = synapses.synops(0, slice.neurons());
            input.service = input.synop * input.synops;
            return;
        }
        input.synops = SliceInput::varying;
        if (listened.empty()) return;
        input.first_source = listened.front().begin;
        input.listened = listened.back().end - input.first_source;
        input.first_fan_in = out_.fan_ins.size();
        out_.fan_ins.resize(out_.fan_ins.size() + static_cast<std::size_t>(input.listened));
        for (const NeuronRange range : listened)
            for (int j = range.begin; j < range.end; ++j)
                out_.fan_ins[input.first_fan_in + static_cast<std::size_t>(j - input.first_source)] =
                    narrow<std::uint32_t>(synapses.synops(j, slice.neurons()));
    }

    /// Calls use(target slice, its input, the neurons that send to it) for every slice that a projection reaches.
    template <typename Use>
    void for_each_target(const ScheduledSlice& from, ProjectionId id, const Use& use) {
        const Projection& projection = program_[id];
        const auto& ports = program_[projection.target].inputs;
        const auto port = static_cast<std::uint32_t>(std::ranges::find(ports, id) - ports.begin());
        for (const std::uint32_t t : of_population_[projection.target.index()]) {
            const std::uint32_t input = out_.slices[t].first_input + port;
            NeuronRanges senders = clipped(listened_[input], from.neurons());
            if (!senders.empty()) use(out_.slices[t], input, std::move(senders));
        }
    }

    void add_outputs(std::uint32_t s, FanoutBuilder& fanouts) {
        const ScheduledSlice from = out_.slices[s];
        const auto first_fanout = static_cast<std::uint32_t>(out_.fanouts.size());
        const auto first_local = static_cast<std::uint32_t>(out_.locals.size());
        const Population& population = program_[from.population];
        std::map<CoreId, Reach> reaches;
        for (const ProjectionId id : population.outputs) {
            const Projection& projection = program_[id];
            if (projection.transport != Transport::messages) continue;
            for_each_target(from, id, [&](const ScheduledSlice& to, std::uint32_t input, NeuronRanges senders) {
                if (to.core == from.core && (from.on_host || projection.synapses->passes_within_core())) {
                    out_.locals.push_back({input, senders.front().begin, senders.back().end});
                    return;
                }
                Reach& reach = reaches[to.core];
                reach.core = to.core;
                if (reach.neurons.empty())
                    reach.neurons = std::move(senders);
                else
                    reach.neurons.insert(reach.neurons.end(), senders.begin(), senders.end());
                reach.inputs.push_back(input);
            });
        }
        std::vector<Reach> messages;
        messages.reserve(reaches.size());
        for (auto& [core, reach] : reaches) {
            if (reach.neurons.size() > 1) reach.neurons = united(std::move(reach.neurons));
            messages.push_back(std::move(reach));
        }
        Fanout fanout;
        fanout.slice = s;
        fanout.flits = flits(population.message_bits);
        fanouts.add(fanout, std::move(messages), of_population_[from.population.index()]);
        const auto message_fanouts = static_cast<std::uint32_t>(out_.fanouts.size()) - first_fanout;
        for (const ProjectionId id : population.outputs) add_records(s, from, id, fanouts);
        ScheduledSlice& slice = out_.slices[s];
        slice.first_fanout = first_fanout;
        slice.fanouts = static_cast<std::uint32_t>(out_.fanouts.size()) - first_fanout;
        slice.message_fanouts = message_fanouts;
        slice.first_local = first_local;
        slice.locals = static_cast<std::uint32_t>(out_.locals.size()) - first_local;
    }

    void add_records(std::uint32_t s, const ScheduledSlice& from, ProjectionId id, FanoutBuilder& fanouts) {
        const Projection& projection = program_[id];
        const bool credit = projection.transport == Transport::credit;
        if (projection.transport == Transport::messages) return;
        if (credit && !self_timed_) return;
        std::map<CoreId, Reach> reaches;
        for_each_target(from, id, [&](const ScheduledSlice& to, std::uint32_t input, const NeuronRanges&) {
            if (from.on_host && to.on_host) {
                out_.locals.push_back({input, from.begin, from.end});
                return;
            }
            Reach& reach = reaches[to.core];
            reach = {{from.neurons()}, to.core, std::move(reach.inputs)};
            reach.inputs.push_back(input);
        });
        std::vector<Reach> records;
        records.reserve(reaches.size());
        for (auto& [core, reach] : reaches) records.push_back(std::move(reach));
        Fanout fanout;
        fanout.kind = credit ? Fanout::Kind::credit : Fanout::Kind::record;
        fanout.slice = s;
        fanout.projection = id;
        fanout.flits = flits(credit ? 0 : record_word_bits * projection.words);
        fanouts.add(fanout, std::move(records), of_population_[from.population.index()]);
    }

    const Program& program_;
    const Machine& machine_;
    const Mapping& mapping_;
    bool self_timed_;
    Schedule& out_;
    std::vector<std::vector<std::uint32_t>> of_population_;  ///< slices
    std::vector<NeuronRanges> listened_;                     ///< [inputs] sources that reach it
};

}  // namespace

Schedule::Schedule(Machine machine_in, Topology topology_in)
    : machine(std::move(machine_in)), topology(std::move(topology_in)), routes(machine, topology) {}

Picoseconds Schedule::barrier_time() const {
    return machine.barrier.time(tiles_of_fullest_chip, mapped_chips);
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
