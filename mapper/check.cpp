// The check of a mapping, whoever made it: every violated limit at once.
#include <algorithm>

#include "mapper/cluster.hpp"
#include "mapper/mapping.hpp"
#include "mapper/memory.hpp"
#include "mapper/traffic.hpp"

namespace tephra {
namespace {

std::string core_name(const Machine& machine, CoreId core) {
    return "core " + std::to_string(core.value) + " (chip " + std::to_string(machine.chip_of(core).value) + ")";
}

/// Faults that make the slices of a population unusable: not all neurons, twice, on no core.
void check_slices(const Program& program, const Machine& machine, const Mapping& mapping,
                  std::vector<std::string>& faults) {
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const Population& population = program.populations[p];
        const auto& slices = mapping.slices[p];
        if (runs_on_host(population, mapping.head_on_host)) {
            if (!slices.empty()) faults.push_back(population.name + " runs on the host, but has slices on cores");
            continue;
        }
        int next = 0;
        for (const Slice& slice : slices) {
            if (slice.begin != next || slice.end <= slice.begin)
                faults.push_back(population.name + ": slice [" + std::to_string(slice.begin) + ", " +
                                 std::to_string(slice.end) + ") does not follow neuron " + std::to_string(next));
            next = slice.end;
            if (slice.core.value < 0 || slice.core.value >= machine.cores())
                faults.push_back(population.name + ": the machine has no core " + std::to_string(slice.core.value));
            else if (!machine.usable(slice.core))
                faults.push_back(population.name + ": " + core_name(machine, slice.core) + " is dead or reserved");
        }
        if (next != population.size)
            faults.push_back(population.name + ": " + std::to_string(next) + " of " + std::to_string(population.size) +
                             " neurons are placed");
    }
}

void check_groups(const Program& program, const Mapping& mapping, std::vector<std::string>& faults) {
    std::vector<int> first(static_cast<std::size_t>(program.groups), -1);
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const GroupId group = program.populations[p].group;
        if (!group.valid()) continue;
        int& leader = first[group.index()];
        if (leader < 0) leader = static_cast<int>(p);
        if (mapping.slices[p] != mapping.slices[static_cast<std::size_t>(leader)])
            faults.push_back(program.populations[p].name + " does not lie beside " +
                             program.populations[static_cast<std::size_t>(leader)].name +
                             ", though they exchange states within a core");
    }
}

void check_limits(const Program& program, const Machine& machine, const Mapping& mapping,
                  std::vector<std::string>& faults) {
    const auto uses = core_use(program, machine, mapping);
    const CoreLimits& limits = machine.limits;
    for (std::size_t c = 0; c < uses.size(); ++c) {
        const auto compare = [&](const char* what, std::int64_t used, std::int64_t limit) {
            if (used > limit)
                faults.push_back(core_name(machine, CoreId(static_cast<int>(c))) + ": " + std::to_string(used) + " " +
                                 what + ", the limit is " + std::to_string(limit));
        };
        compare("neurons", uses[c].neurons, limits.neurons);
        compare("bytes of synaptic memory", uses[c].synaptic_bytes, limits.synaptic_bytes);
        compare("bytes of state memory", uses[c].state_bytes, limits.state_bytes);
        compare("axons in", uses[c].axons_in, limits.axons_in);
        compare("axons out", uses[c].axons_out, limits.axons_out);
    }
}

}  // namespace

std::vector<CoreUse> core_use(const Program& program, const Machine& machine, const Mapping& mapping) {
    std::vector<CoreUse> uses(static_cast<std::size_t>(machine.cores()));
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const auto memory = population_memory(program, PopulationId(static_cast<int>(p)), mapping.streams);
        for (const Slice& slice : mapping.slices[p]) {
            CoreUse& use = uses[slice.core.index()];
            const int neurons = slice.end - slice.begin;
            use.neurons += neurons;
            use.synaptic_bytes += synaptic_bytes(memory.weights * neurons, mapping.format);
            use.state_bytes += state_bytes(memory, neurons);
        }
    }
    const bool trees = machine.mesh.routing == Routing::multicast;
    for_each_flow(program, machine, mapping, [&](const Flow& flow) {
        if (flow.source.value < machine.cores())
            uses[flow.source.index()].axons_out +=
                flow.packets * (trees ? 1 : static_cast<std::int64_t>(flow.targets.size()));
        for (const CoreId target : flow.targets)
            if (target.value < machine.cores()) uses[target.index()].axons_in += flow.packets;
    });
    return uses;
}

std::vector<std::string> check_mapping(const Program& program, const Machine& machine, const Mapping& mapping) {
    std::vector<std::string> faults;
    if (!(mapping.model == program.model)) faults.emplace_back("the mapping is of another model");
    if (!(mapping.machine == machine.hash)) faults.emplace_back("the mapping is for another machine");
    if (std::ranges::count(machine.formats, mapping.format) == 0)
        faults.emplace_back("the machine does not have the mapping's synapse format");
    if (mapping.slices.size() != program.populations.size()) {
        faults.push_back("the mapping has " + std::to_string(mapping.slices.size()) + " populations, the program " +
                         std::to_string(program.populations.size()));
        return faults;
    }
    const std::size_t before = faults.size();
    check_slices(program, machine, mapping, faults);
    check_groups(program, mapping, faults);
    // Use can be counted only of slices that are whole and on cores that exist.
    if (faults.size() == before) check_limits(program, machine, mapping, faults);
    return faults;
}

}  // namespace tephra
