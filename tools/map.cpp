// tephra map: which core holds what, with the use of every limit and the traffic; or the check of a mapping file; or
// what dead parts of the machine would cost.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "core/data_files.hpp"
#include "core/text.hpp"
#include "mapper/mapping.hpp"
#include "mapper/memory.hpp"
#include "mapper/svg.hpp"
#include "mapper/traffic.hpp"
#include "tools/command.hpp"
#include "tools/map_spares.hpp"
#include "tools/mapping_options.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/program_source.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

constexpr int most_cores_per_chip = 1 << 22;  // a machine has 256 x 256 tiles of 64 cores at most

struct Options {
    NetworkOptions model;
    std::string machine, output, check, svg;
    std::string color = "layer", format = "text";
    MappingChoice choice;
    int streams = 1;
    int cores_per_chip = 0;
    SparesChoice spares;
    bool cores = false;
    bool layers = false;
    bool unplaced = false;
};

/// All that the tables are made of.
struct Mapped {
    const Program& program;
    const Machine& machine;
    const Topology& topology;
    const Mapping& mapping;
    std::vector<CoreUse> uses;              ///< [core]
    std::vector<std::set<LayerId>> layers;  ///< [core] present on it
};

/// "block 3", "block 0 to block 5, head".
std::string layer_names(const Program& program, const std::set<LayerId>& layers) {
    std::string text;
    for (auto it = layers.begin(); it != layers.end();) {
        const LayerId first = *it;
        LayerId last = first;
        for (++it; it != layers.end() && it->value == last.value + 1; ++it) last = *it;
        text += (text.empty() ? "" : ", ") + program.layers[first.index()].name;
        if (last != first) text += " to " + program.layers[last.index()].name;
    }
    return text;
}

Json percent(std::int64_t used, std::int64_t limit) {
    return std::round(1000.0 * static_cast<double>(used) / static_cast<double>(limit)) / 10;
}

Table chip_table(const Mapped& m) {
    Table table({"chip", "layers", "cores", "neurons", "synaptic bytes", "synaptic %", "fullest core %",
                 "state % (most)", "axons in (most)", "axons out (most)"});
    const int per_chip = m.machine.cores_per_chip();
    const CoreLimits& limits = m.machine.limits;
    for (int chip = 0; chip < m.machine.chips(); ++chip) {
        CoreUse sum;
        CoreUse most;
        std::set<LayerId> layers;
        int cores = 0;
        int usable = 0;
        for (int c = chip * per_chip; c < (chip + 1) * per_chip; ++c) {
            const CoreUse& use = m.uses[static_cast<std::size_t>(c)];
            usable += m.topology.takes_work(CoreId(c)) ? 1 : 0;
            if (use.neurons == 0) continue;
            ++cores;
            sum.neurons += use.neurons;
            sum.synaptic_bytes += use.synaptic_bytes;
            most.synaptic_bytes = std::max(most.synaptic_bytes, use.synaptic_bytes);
            most.state_bytes = std::max(most.state_bytes, use.state_bytes);
            most.axons_in = std::max(most.axons_in, use.axons_in);
            most.axons_out = std::max(most.axons_out, use.axons_out);
            layers.insert(m.layers[static_cast<std::size_t>(c)].begin(), m.layers[static_cast<std::size_t>(c)].end());
        }
        if (cores == 0) continue;
        table.add({chip, layer_names(m.program, layers), cores, sum.neurons, sum.synaptic_bytes,
                   percent(sum.synaptic_bytes, usable * limits.synaptic_bytes),
                   percent(most.synaptic_bytes, limits.synaptic_bytes), percent(most.state_bytes, limits.state_bytes),
                   most.axons_in, most.axons_out});
    }
    return table;
}

Table core_table(const Mapped& m) {
    Table table({"core", "chip", "tile", "layers", "neurons", "synaptic bytes", "synaptic %", "state bytes", "state %",
                 "axons in", "axons out"});
    const CoreLimits& limits = m.machine.limits;
    for (std::size_t c = 0; c < m.uses.size(); ++c) {
        const CoreUse& use = m.uses[c];
        const CoreId core(static_cast<int>(c));
        if (use.neurons == 0) continue;
        table.add({core.value, m.machine.chip_of(core).value, m.machine.tile_of(core),
                   layer_names(m.program, m.layers[c]), use.neurons, use.synaptic_bytes,
                   percent(use.synaptic_bytes, limits.synaptic_bytes), use.state_bytes,
                   percent(use.state_bytes, limits.state_bytes), use.axons_in, use.axons_out});
    }
    return table;
}

/// What one core holds of a layer.
struct LayerUse {
    std::int64_t neurons = 0, weights = 0, synapses = 0, synaptic_bits = 0;
};

/// Weights that a core keeps, each shared one once, and the synapses that they stand for.
Table layer_table(const Mapped& m) {
    Table table({"layer", "cores", "neurons a core (most)", "weights a core (most)", "synapses a core (most)",
                 "synaptic bytes a core (most)"});
    std::vector<std::map<CoreId, LayerUse>> uses(m.program.layers.size());
    for (std::size_t p = 0; p < m.program.populations.size(); ++p) {
        const Population& population = m.program.populations[p];
        for (const Slice& slice : m.mapping.slices[p]) {
            LayerUse& use = uses[population.layer.index()][slice.core];
            use.neurons += slice.end - slice.begin;
            for (const ProjectionId id : population.inputs) {
                if (m.program[id].synapses == nullptr) continue;
                const SynapseFormat& synapses = *m.program[id].synapses;
                const NeuronRange targets{slice.begin, slice.end};
                const SynapseMemory memory = synapses.memory(targets);
                use.weights += memory.weights;
                use.synaptic_bits += stored_bits(memory, m.mapping.format);
                for (int source = 0; source < synapses.sources(); ++source)
                    use.synapses += synapses.synops(source, targets);
            }
        }
    }
    for (std::size_t layer = 0; layer < uses.size(); ++layer) {
        LayerUse most;
        for (const auto& [core, use] : uses[layer]) {
            most.neurons = std::max(most.neurons, use.neurons);
            most.weights = std::max(most.weights, use.weights);
            most.synapses = std::max(most.synapses, use.synapses);
            most.synaptic_bits = std::max(most.synaptic_bits, use.synaptic_bits);
        }
        if (!uses[layer].empty())
            table.add({m.program.layers[layer].name, std::ssize(uses[layer]), most.neurons, most.weights, most.synapses,
                       bytes_of(most.synaptic_bits)});
    }
    return table;
}

std::string link_name(const Topology& topology, LinkId id) {
    if (!id.valid()) return "none";
    const LinkEnds link = topology.link(id);
    const int tiles = topology.routers() / std::max(1, topology.chip_of(RouterId(topology.routers() - 1)).value + 1);
    const auto tile = [&](RouterId router) { return std::to_string(router.value % tiles); };
    if (link.kind == LinkKind::chip)
        return "chip " + std::to_string(link.owner.value) + " to chip " + std::to_string(link.receiver.value);
    return "chip " + std::to_string(link.owner.value) + ", tile " + tile(link.from) + " to " + tile(link.to);
}

Table total_table(const Mapped& m) {
    Table table({"in all", "value"});
    std::set<int> chips;
    int cores = 0;
    CoreUse sum;
    for (std::size_t c = 0; c < m.uses.size(); ++c) {
        if (m.uses[c].neurons == 0) continue;
        chips.insert(m.machine.chip_of(CoreId(static_cast<int>(c))).value);
        ++cores;
        sum.neurons += m.uses[c].neurons;
        sum.synaptic_bytes += m.uses[c].synaptic_bytes;
    }
    const auto traffic = summarize_traffic(m.program, m.machine, m.topology, m.mapping);
    table.add({"chips", static_cast<int>(chips.size())});
    table.add({"cores", cores});
    std::int64_t lost = 0;
    for (CoreId core(0); core.value < m.machine.cores(); ++core.value)
        lost += m.machine.usable(core) && !m.topology.takes_work(core) ? 1 : 0;
    if (lost > 0) table.add({"cores cut off from the host", lost});
    table.add({"neurons", sum.neurons});
    table.add({"synaptic bytes", sum.synaptic_bytes});
    const std::string& round = round_words(m.program.round).one;
    table.add({"packets a " + round, traffic.packets});
    table.add({"flits x hops a " + round, traffic.flit_hops});
    table.add({"flits between chips a " + round, traffic.chip_flits});
    table.add({"flits over the busiest mesh link (" + link_name(m.topology, traffic.busiest_mesh) + ")",
               traffic.busiest_mesh_flits});
    if (m.machine.chips() > 1)
        table.add(
            {"flits over the busiest link (" + link_name(m.topology, traffic.busiest) + ")", traffic.busiest_flits});
    return table;
}

/// Reads the mapping to be checked; every fault is a line of stdout.
Mapping checked_mapping(const Options& options, const Program& program, const Machine& machine) {
    Mapping mapping = require(read_mapping(options.check));
    const auto faults = check_mapping(program, machine, mapping, options.check);
    for (const Error& fault : faults) std::cout << printable(to_string(fault)) << "\n";
    if (!faults.empty())
        throw Failure{{faults.front().code, std::to_string(faults.size()) + (faults.size() == 1 ? " fault" : " faults"),
                       options.check, "standard output lists each with its place"}};
    return mapping;
}

void print_tables(const Options& options, const Mapped& mapped) {
    const Table rows = options.cores ? core_table(mapped) : (options.layers ? layer_table(mapped) : chip_table(mapped));
    if (options.format == "csv") {
        std::cout << rows.render("csv");
    } else if (options.format == "json") {
        std::cout << "{\"totals\": " << total_table(mapped).render("json") << ", \""
                  << (options.cores ? "cores" : (options.layers ? "layers" : "chips")) << "\": " << rows.render("json")
                  << "}\n";
    } else {
        std::cout << printable(mapped.program.model_name + " on " + mapped.mapping.machine_name);
        if (mapped.program.round == RoundKind::token)
            std::cout << ", " << (mapped.mapping.format == WeightStorage::int8 ? "8-bit" : "2-bit")
                      << " synapses, head on " << (mapped.mapping.head_on_host ? "the host" : "chips") << ", "
                      << mapped.mapping.streams << (mapped.mapping.streams == 1 ? " stream" : " streams");
        std::cout << "\n\n" << rows.render("text") << "\n" << total_table(mapped).render("text");
    }
}

MapOptions map_options(const Options& options) {
    MapOptions map = map_options(options.choice);
    map.streams = options.streams;
    map.cores_per_chip = options.cores_per_chip;
    map.improve = !options.unplaced;
    return map;
}

/// The mapping that the options ask for, made or read.
Mapping mapping_of(const Options& options, const Program& program, const Machine& machine) {
    if (!options.check.empty()) return checked_mapping(options, program, machine);
    return require(map_program(program, machine, map_options(options)));
}

void run(const Options& options, const CLI::App& command) {
    Outputs outputs;
    outputs.reads(options.model.network);
    outputs.reads(find_data_file("machines", "machine", options.machine).value_or(""));
    outputs.reads(options.check);
    auto output = outputs.open("-o", options.output);
    auto svg = outputs.open("--svg", options.svg);
    const Program program = read_program(options.model, command);
    const Machine machine = require(find_machine(options.machine));
    const Topology topology = require(Topology::create(machine));
    const Mapping mapping = mapping_of(options, program, machine);
    finish(output, mapping_json(mapping));
    if (svg)
        finish(svg, mapping_svg(program, machine, topology, mapping,
                                options.color == "load" ? SvgColor::load : SvgColor::layer));
    Mapped mapped{program, machine, topology, mapping, core_use(program, machine, mapping), {}};
    mapped.layers.resize(mapped.uses.size());
    for (std::size_t p = 0; p < program.populations.size(); ++p)
        for (const Slice& slice : mapping.slices[p])
            mapped.layers[slice.core.index()].insert(program.populations[p].layer);
    print_tables(options, mapped);
}

}  // namespace

void add_map_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("map", "Place a model on the cores of a machine, or check a mapping");
    add_word(*command, "model", options->model.network, "deployment file (.tph), or network (.net, .nir)")->required();
    add_network_options(*command, options->model);
    add_word(*command, "--machine", options->machine, "name of a machine that ships, or its JSON file")->required();
    auto* output = add_output(*command, "-o,--output", options->output, "mapping file (JSON) to write");
    auto* check = add_word(*command, "--check", options->check, "check this mapping instead: lists every fault");
    add_mapping_options(*command, options->choice, check);
    auto* streams = add_integer(*command, "--streams", options->streams, 1, most_streams,
                                "sequences in flight that state is kept for");
    auto* limit = add_integer(*command, "--cores-per-chip", options->cores_per_chip, 1, most_cores_per_chip,
                              "use at most so many cores of a chip");
    auto* unplaced = add_switch(*command, "--unplaced", options->unplaced, "leave out the placement by traffic");
    for (auto* option : {output, streams, limit, unplaced}) check->excludes(option);
    auto* svg = add_output(*command, "--svg", options->svg, "picture (SVG) to write");
    add_choice(*command, "--svg-color", options->color, {"layer", "load"}, "colour cores by layer or load")->needs(svg);
    auto* cores = add_switch(*command, "--cores", options->cores, "a row per core, not per chip");
    auto* layers = add_switch(*command, "--layers", options->layers, "a row per layer: what one of its cores holds");
    layers->excludes(cores);
    add_format(*command, options->format);
    add_spares_options(*command, options->spares, options->model);
    for (auto* option : {output, check, svg, cores, layers}) option->excludes(command->get_option("--spares"));
    command->callback([options, command] {
        if (is_network_file(options->model.network))
            refuse_ignored(*command, {"--head", "--streams"}, "with a network");
        if (options->spares.numbers.empty()) return run(*options, *command);
        map_spares(options->spares, options->model, options->machine, map_options(*options), options->format, *command);
    });
}

}  // namespace tephra::tools
