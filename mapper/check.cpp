// The check of a mapping, whoever made it: every fault at once.
#include <algorithm>
#include <map>
#include <set>

#include "core/narrow.hpp"
#include "mapper/cluster.hpp"
#include "mapper/mapping.hpp"
#include "mapper/memory.hpp"
#include "mapper/route.hpp"
#include "mapper/traffic.hpp"

namespace tephra {
namespace {

constexpr int numbers_per_slice = 3;  ///< in a mapping file: core, begin, end

std::string range(int begin, int end) {
    return "[" + std::to_string(begin) + ", " + std::to_string(end) + ")";
}

class Check {
public:
    Check(const Program& program, const Machine& machine, const Topology& topology, const Mapping& mapping,
          const std::string& place)
        : program_(program), machine_(machine), topology_(topology), mapping_(mapping), place_(place) {}

    std::vector<Error> run() {
        check_identity();
        if (mapping_.slices.size() != program_.populations.size()) {
            add("#/slices",
                "the mapping has " + std::to_string(mapping_.slices.size()) + " populations, the program " +
                    std::to_string(program_.populations.size()),
                map_again());
            return std::move(faults_);
        }
        const std::size_t before = faults_.size();
        for (std::size_t p = 0; p < program_.populations.size(); ++p) check_population(p);
        check_groups();
        // Use can be counted only of slices that are whole and on cores that exist.
        if (faults_.size() == before) check_limits();
        return std::move(faults_);
    }

private:
    void add(const std::string& pointer, std::string message, std::string hint, ErrorCode code = ErrorCode::bad_input) {
        faults_.push_back({code, std::move(message), place_ + pointer, std::move(hint)});
    }

    [[nodiscard]] std::string map_again() const {
        return "map " + program_.model_name + " on " + machine_.name + " again with tephra map";
    }

    [[nodiscard]] std::string core_name(CoreId core) const {
        return "core " + std::to_string(core.value) + " (chip " + std::to_string(machine_.chip_of(core).value) + ")";
    }

    static std::string pointer(std::size_t population) { return "#/slices/" + std::to_string(population); }
    static std::string pointer(std::size_t population, std::size_t slice, std::size_t number = 0) {
        return pointer(population) + "/" + std::to_string(numbers_per_slice * slice + number);
    }

    void check_identity() {
        if (mapping_.model != program_.model) add("#/model", "the mapping is of another model", map_again());
        if (mapping_.machine != machine_.hash)
            add("#/machine",
                "the mapping is for another machine: " + (mapping_.machine_name == machine_.name
                                                              ? "the numbers of " + machine_.name + " have changed"
                                                              : mapping_.machine_name + ", not " + machine_.name),
                map_again());
        if (std::ranges::count(machine_.formats, mapping_.format) == 0)
            add("#/synapse_format",
                machine_.name + " has no " + std::string(weight_storage_name(mapping_.format)) + " synapses",
                map_again());
        if (mapping_.streams < 1 || mapping_.streams > most_streams)
            add("#/streams", std::to_string(mapping_.streams) + " streams",
                "allowed: 1 to " + std::to_string(most_streams));
    }

    /// Faults that make the slices of a population unusable: not all neurons, twice, on no core.
    void check_population(std::size_t p) {
        const Population& population = program_.populations[p];
        const auto& slices = mapping_.slices[p];
        const bool may_choose = population.runs_on == RunsOn::either;
        if (runs_on_host(population, mapping_.head_on_host)) {
            if (!slices.empty())
                add(pointer(p), population.name + " runs on the host, but has slices on cores",
                    std::string("write [] for it") + (may_choose ? ", or false for head_on_host" : ""));
            return;
        }
        if (slices.empty())
            return add(pointer(p), population.name + " has no slices, but does not run on the host",
                       "give its neurons " + range(0, population.size) + " cores" +
                           (may_choose ? ", or write true for head_on_host" : ""));
        int next = 0;
        std::set<CoreId> cores;
        for (std::size_t k = 0; k < slices.size(); ++k) {
            check_range(p, k, next);
            check_core(p, k);
            if (!cores.insert(slices[k].core).second)
                add(pointer(p, k), population.name + " has two slices on " + core_name(slices[k].core),
                    "a core holds one range of a population: join them, or move one");
            next = slices[k].end;
        }
        if (next < population.size)
            add(pointer(p), population.name + ": neurons " + range(next, population.size) + " lie on no core",
                "add slices for them: core, begin, end");
    }

    /// `next`: the neuron after the slice before.
    void check_range(std::size_t p, std::size_t k, int next) {
        const Population& population = program_.populations[p];
        const Slice& slice = mapping_.slices[p][k];
        const std::string name = population.name + ": slice " + range(slice.begin, slice.end);
        const std::string hint = "slices stand in order and cover " + range(0, population.size) + ", each neuron once";
        if (slice.end <= slice.begin)
            add(pointer(p, k, 2), name + " holds no neuron", hint);
        else if (slice.begin != next)
            add(pointer(p, k, 1), name + " does not begin at neuron " + std::to_string(next), hint);
        if (slice.end > population.size)
            add(pointer(p, k, 2), name + " ends beyond the last neuron, " + std::to_string(population.size - 1), hint);
    }

    void check_core(std::size_t p, std::size_t k) {
        const CoreId core = mapping_.slices[p][k].core;
        const std::string& name = program_.populations[p].name;
        if (core.value < 0 || core.value >= machine_.cores())
            return add(pointer(p, k), name + ": " + machine_.name + " has no core " + std::to_string(core.value),
                       "its cores are 0 to " + std::to_string(machine_.cores() - 1));
        if (topology_.takes_work(core)) return;
        if (machine_.usable(core))
            return add(pointer(p, k), name + ": " + core_name(core) + " is cut off from the host",
                       "move the slice to another core, or " + topology_.mend_hint(core));
        if (std::ranges::binary_search(machine_.dead_routers, machine_.router_of(core)))
            return add(pointer(p, k),
                       name + ": the router of " + core_name(core) + ", " +
                           std::to_string(machine_.router_of(core).value) + ", is dead",
                       "move the slice to a core of another router");
        const bool dead = std::ranges::binary_search(machine_.dead_cores, core);
        add(pointer(p, k), name + ": " + core_name(core) + " is " + (dead ? "dead" : "reserved"),
            "move the slice to another core; of each chip the first " + std::to_string(machine_.mesh.usable_cores) +
                " take work, except dead_cores");
    }

    void check_groups() {
        std::vector<int> first(static_cast<std::size_t>(program_.groups), -1);
        for (std::size_t p = 0; p < program_.populations.size(); ++p) {
            const GroupId group = program_.populations[p].group;
            if (!group.valid()) continue;
            int& leader = first[group.index()];
            if (leader < 0) leader = static_cast<int>(p);
            const auto& slices = mapping_.slices[static_cast<std::size_t>(leader)];
            if (mapping_.slices[p] != slices)
                add(pointer(p),
                    program_.populations[p].name + " does not lie beside " +
                        program_.populations[static_cast<std::size_t>(leader)].name +
                        ", though they exchange states within a core",
                    "write the same slices for both");
        }
    }

    void check_limits() {
        const auto uses = core_use(program_, machine_, mapping_);
        const CoreLimits& limits = machine_.limits;
        std::map<CoreId, std::string> places;  // of the first slice on a core that breaks a limit
        struct Broken {
            CoreId core;
            std::string message;
        };
        std::vector<Broken> broken;
        for (std::size_t c = 0; c < uses.size(); ++c) {
            const CoreId core(static_cast<int>(c));
            const auto compare = [&](const char* what, std::int64_t used, std::int64_t limit) {
                if (used <= limit) return;
                places[core];
                broken.push_back({core, core_name(core) + ": " + std::to_string(used) + " " + what + ", the limit is " +
                                            std::to_string(limit)});
            };
            compare("neurons", uses[c].neurons, limits.neurons);
            compare("bytes of synaptic memory", uses[c].synaptic_bytes, limits.synaptic_bytes);
            compare("bytes of state memory", uses[c].state_bytes, limits.state_bytes);
            compare("axons in", uses[c].axons_in, limits.axons_in);
            compare("axons out", uses[c].axons_out, limits.axons_out);
        }
        if (broken.empty()) return;
        for (std::size_t p = 0; p < mapping_.slices.size(); ++p)
            for (std::size_t k = 0; k < mapping_.slices[p].size(); ++k)
                if (const auto found = places.find(mapping_.slices[p][k].core);
                    found != places.end() && found->second.empty())
                    found->second = pointer(p, k);
        for (Broken& fault : broken)
            add(places[fault.core], std::move(fault.message), "move slices to other cores, or " + map_again(),
                ErrorCode::does_not_fit);
    }

    const Program& program_;
    const Machine& machine_;
    const Topology& topology_;
    const Mapping& mapping_;
    const std::string& place_;
    std::vector<Error> faults_;
};

}  // namespace

CoreUse& CoreUse::operator+=(const CoreUse& more) {
    neurons += more.neurons;
    synaptic_bytes += more.synaptic_bytes;
    state_bytes += more.state_bytes;
    axons_in += more.axons_in;
    axons_out += more.axons_out;
    return *this;
}

std::vector<CoreUse> core_use(const Program& program, const Machine& machine, const Mapping& mapping) {
    std::vector<CoreUse> uses(static_cast<std::size_t>(machine.cores()));
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const PopulationId id(narrow<int>(p));
        for (const Slice& slice : mapping.slices[p]) {
            CoreUse& use = uses[slice.core.index()];
            const SliceMemory memory =
                slice_memory(program, id, {slice.begin, slice.end}, mapping.streams, mapping.format);
            use.neurons += slice.end - slice.begin;
            use.synaptic_bytes += memory.synaptic_bits;  // bits until all are there
            use.state_bytes += memory.state_bits;
        }
    }
    for (CoreUse& use : uses) {
        use.synaptic_bytes = bytes_of(use.synaptic_bytes);
        use.state_bytes = bytes_of(use.state_bytes);
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

std::vector<Error> check_mapping(const Program& program, const Machine& machine, const Mapping& mapping,
                                 const std::string& place) {
    const auto topology = Topology::create(machine);
    if (!topology) return {topology.error()};
    return Check(program, machine, *topology, mapping, place).run();
}

Result<void> accept_mapping(const Program& program, const Machine& machine, const Mapping& mapping,
                            const std::string& place) {
    auto faults = check_mapping(program, machine, mapping, place);
    if (faults.empty()) return {};
    Error first = std::move(faults.front());
    if (faults.size() > 1)
        first.hint += "; the mapping has " + std::to_string(faults.size()) + " faults, tephra map --check lists all";
    return tl::unexpected(std::move(first));
}

}  // namespace tephra
