#pragma once
// A mapping for tests: every group is cut into pieces of at most `neurons` neurons, dealt out over the machine so that
// neighbours in the program are far apart. It is meant to make traffic; it does not look at limits, so the machine must
// be large enough for check_mapping to accept it.
#include <algorithm>
#include <map>

#include "mapper/mapping.hpp"
#include "mapper/route.hpp"

namespace tephra::test {

inline Mapping spread(const Program& program, const Machine& machine, int neurons, int streams = 1,
                      bool head_on_host = false) {
    Mapping mapping;
    mapping.model = program.model;
    mapping.machine = machine.hash;
    mapping.machine_name = machine.name;
    mapping.streams = streams;
    mapping.head_on_host = head_on_host;
    mapping.slices.resize(program.populations.size());
    const auto topology = Topology::create(machine);
    std::vector<CoreId> usable;
    for (int c = 0; topology && c < machine.cores(); ++c)
        if (topology->takes_work(CoreId(c))) usable.push_back(CoreId(c));
    std::size_t next = 0;
    const std::size_t stride = usable.size() * 5 / 8 | 1;  // odd, so that chips alternate
    std::map<GroupId, std::vector<Slice>> groups;
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const Population& population = program.populations[p];
        if (population.runs_on == RunsOn::host) continue;
        if (head_on_host && population.runs_on == RunsOn::either) continue;
        if (population.group.valid() && groups.contains(population.group)) {
            mapping.slices[p] = groups[population.group];
            continue;
        }
        std::vector<Slice>& slices = mapping.slices[p];
        const int pieces = std::min((population.size + neurons - 1) / neurons, static_cast<int>(usable.size()));
        for (int k = 0; k < pieces; ++k) {
            slices.push_back(
                {usable[next % usable.size()], population.size * k / pieces, population.size * (k + 1) / pieces});
            // The next core lies a stride away, or behind those that hold a piece of this population already.
            next += stride;
            const auto taken = [&](const Slice& s) { return s.core == usable[next % usable.size()]; };
            while (k + 1 < pieces && std::ranges::any_of(slices, taken)) ++next;
        }
        if (population.group.valid()) groups[population.group] = slices;
    }
    return mapping;
}

}  // namespace tephra::test
