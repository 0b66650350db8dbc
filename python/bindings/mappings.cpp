// Programs and mappings: lowered, placed, checked, drawn.
#include <map>

#include "mapper/memory.hpp"
#include "mapper/route.hpp"
#include "mapper/svg.hpp"
#include "mapper/traffic.hpp"
#include "mapper/weight_storage.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/spiking/lower.hpp"
#include "python/bindings/calls.hpp"
#include "python/bindings/model_objects.hpp"
#include "python/bindings/network_objects.hpp"
#include "python/bindings/run_objects.hpp"
#include "simulator/spiking/network_recipe.hpp"

namespace tephra::python {
namespace {

constexpr int most_cores_per_chip = 1 << 22;

ProgramObject lower_model(const ModelObject& object) {
    return {std::make_shared<const Program>(long_call([&] { return lower(object.model); }))};
}

ProgramObject lower_network(const NetworkObject& object, py::handle changes) {
    const spiking::HostInput input =
        flag(changes, "changes") ? spiking::HostInput::changes : spiking::HostInput::messages;
    const Hash128 hash = object.hash();
    return {std::make_shared<const Program>(
        long_call([&] { return require(spiking::lower(object.network(), object.name(), hash, input)); }))};
}

MappingObject object_of(Mapping mapping, const ProgramObject& program, const MachineObject& machine) {
    return {std::make_shared<const Mapping>(std::move(mapping)), program.program, machine.machine};
}

MappingObject map(const ProgramObject& program, const MachineObject& machine, const py::kwargs& given) {
    Keywords in(given, "map_program");
    const MapOptions options = take_map_options(in, *program.program);
    in.finish();
    return object_of(long_call([&] { return require(map_program(*program.program, *machine.machine, options)); }),
                     program, machine);
}

/// The mapping that gives each layer of a network so many cores, one after the other.
MappingObject map_layers(const ProgramObject& program, const MachineObject& machine, py::handle cores_given) {
    const auto cores = Integers(cores_given, "layer_cores").copy();
    Mapping mapping =
        long_call([&] { return require(place_layers(cores, *program.program, *machine.machine, "layer_cores")); });
    return object_of(std::move(mapping), program, machine);
}

MappingObject read(py::handle file, const ProgramObject& program, const MachineObject& machine) {
    const std::string name = path(file, "map");
    Mapping mapping = require(read_mapping(name));
    require(accept_mapping(*program.program, *machine.machine, mapping, name));
    return object_of(std::move(mapping), program, machine);
}

/// Every fault of a mapping file as (code, message, place, hint) of an Error.
std::vector<std::string> check(py::handle file, const ProgramObject& program, const MachineObject& machine) {
    const std::string name = path(file, "map");
    const Mapping mapping = require(read_mapping(name));
    std::vector<std::string> faults;
    for (const Error& fault : check_mapping(*program.program, *machine.machine, mapping, name))
        faults.push_back(to_string(fault));
    return faults;
}

std::string svg(const MappingObject& object, py::handle color) {
    const SvgColor chosen = choice(color, "svg_color", {"layer", "load"}) == 0 ? SvgColor::layer : SvgColor::load;
    const py::gil_scoped_release released;
    const Topology topology = require(Topology::create(*object.machine));
    return mapping_svg(*object.program, *object.machine, topology, *object.mapping, chosen);
}

/// What each core holds, a column each: core, chip, tile, layer of its largest slice, and CoreUse.
py::dict core_table(const MappingObject& object) {
    const auto uses = core_use(*object.program, *object.machine, *object.mapping);
    std::vector<std::pair<int, int>> largest(uses.size(), {0, -1});  // neurons, layer
    for (std::size_t p = 0; p < object.program->populations.size(); ++p)
        for (const Slice& slice : object.mapping->slices[p]) {
            auto& [neurons, layer] = largest[slice.core.index()];
            if (slice.end - slice.begin > neurons)
                neurons = slice.end - slice.begin, layer = object.program->populations[p].layer.value;
        }
    std::map<std::string, std::vector<std::int64_t>> columns;
    py::list layers;
    for (std::size_t c = 0; c < uses.size(); ++c) {
        if (uses[c].neurons == 0) continue;
        const CoreId core(static_cast<int>(c));
        columns["core"].push_back(core.value);
        columns["chip"].push_back(object.machine->chip_of(core).value);
        columns["tile"].push_back(object.machine->tile_of(core));
        columns["neurons"].push_back(uses[c].neurons);
        columns["synaptic_bytes"].push_back(uses[c].synaptic_bytes);
        columns["state_bytes"].push_back(uses[c].state_bytes);
        columns["axons_in"].push_back(uses[c].axons_in);
        columns["axons_out"].push_back(uses[c].axons_out);
        const int layer = largest[c].second;
        layers.append(layer < 0 ? std::string() : object.program->layers[static_cast<std::size_t>(layer)].name);
    }
    py::dict out;
    for (const char* name :
         {"core", "chip", "tile", "neurons", "synaptic_bytes", "state_bytes", "axons_in", "axons_out"})
        out[name] = columns[name];
    out["layer"] = layers;
    return out;
}

py::dict traffic(const MappingObject& object) {
    py::dict out;
    const Topology topology = require(Topology::create(*object.machine));
    const auto sums = summarize_traffic(*object.program, *object.machine, topology, *object.mapping);
    out["packets"] = sums.packets;
    out["flit_hops"] = sums.flit_hops;
    out["chip_flits"] = sums.chip_flits;
    out["busiest_mesh_flits"] = sums.busiest_mesh_flits;
    out["busiest_flits"] = sums.busiest_flits;
    return out;
}

}  // namespace

MapOptions take_map_options(Keywords& in, const Program& program) {
    MapOptions options;
    in.take("synapses", [&](py::handle value, const std::string& place) {
        options.format = weight_storage_of(weight_storage_names()[choice(value, place, weight_storage_names())]);
    });
    if (program.round == RoundKind::time_step) {
        in.refuse_ignored({"head", "streams"}, "with a network");
    } else {
        in.take("head", [&](py::handle value, const std::string& place) {
            options.head_on_host = choice(value, place, {"chip", "host"}) == 1;
        });
        in.integer("streams", options.streams, 1, most_streams);
    }
    in.integer("cores_per_chip", options.cores_per_chip, 1, most_cores_per_chip);
    in.take("unplaced", [&](py::handle value, const std::string& place) { options.improve = !flag(value, place); });
    return options;
}

void bind_mappings(py::module_& m) {
    py::class_<ProgramObject>(m, "Program")
        .def_property_readonly("name", [](const ProgramObject& o) { return o.program->model_name; })
        .def_property_readonly("steps", [](const ProgramObject& o) { return o.program->steps; })
        .def_property_readonly("populations", [](const ProgramObject& o) {
            py::list out;
            for (const Population& p : o.program->populations)
                out.append(
                    py::make_tuple(p.name, p.size, p.model == nullptr ? "" : std::string(p.model->kind()), p.stage));
            return out;
        });
    py::class_<MappingObject>(m, "Mapping")
        .def_property_readonly("machine_name", [](const MappingObject& o) { return o.mapping->machine_name; })
        .def_property_readonly("model_name", [](const MappingObject& o) { return o.program->model_name; })
        .def_property_readonly("streams", [](const MappingObject& o) { return o.mapping->streams; })
        .def_property_readonly("hash", [](const MappingObject& o) { return to_string(mapping_hash(*o.mapping)); })
        .def("json", [](const MappingObject& o) { return mapping_json(*o.mapping); })
        .def("write",
             [](const MappingObject& o, py::handle file) { require(write_mapping(*o.mapping, path(file, "path"))); })
        .def("svg", &svg)
        .def("cores", &core_table)
        .def("traffic", &traffic);
    m.def("lower_model", &lower_model);
    m.def("lower_network", &lower_network);
    m.def("map_program", &map);
    m.def("map_layers", &map_layers);
    m.def("read_mapping", &read);
    m.def("check_mapping", &check);
}

}  // namespace tephra::python
