// Machines and cost tables: read by name or path, made of JSON, given as JSON.

#include <pybind11/stl.h>
#include <map>
#include <utility>
#include <vector>

#include "core/data_files.hpp"
#include "mapper/route.hpp"
#include "python/bindings/machine_objects.hpp"

namespace tephra::python {
namespace {

template <typename Part>
std::vector<int> numbers(const std::vector<Part>& parts) {
    std::vector<int> all;
    all.reserve(parts.size());
    for (const Part& part : parts) all.push_back(part.value);
    return all;
}

template <typename Link>
std::vector<std::pair<int, int>> ends(const std::vector<Link>& links) {
    std::vector<std::pair<int, int>> all;
    all.reserve(links.size());
    for (const Link& link : links) all.emplace_back(link.from.value, link.to.value);
    return all;
}

std::map<int, double> factors(const Machine& machine) {
    std::map<int, double> all;
    for (const auto& [core, thousandths] : machine.slow_cores)
        all[core.value] = static_cast<double>(thousandths) / sound_slowness;
    return all;
}

std::vector<int> working_cores(const Machine& machine) {
    const Topology topology = require(Topology::create(machine));
    std::vector<int> all;
    for (int core = 0; core < machine.cores(); ++core)
        if (topology.takes_work(CoreId(core))) all.push_back(core);
    return all;
}

}  // namespace

void bind_machines(py::module_& m) {
    py::class_<MachineObject>(m, "Machine")
        .def_property_readonly("name", [](const MachineObject& o) { return o.machine->name; })
        .def_property_readonly("kind", [](const MachineObject& o) { return o.machine->kind; })
        .def_property_readonly("chips", [](const MachineObject& o) { return o.machine->chips(); })
        .def_property_readonly("cores", [](const MachineObject& o) { return o.machine->cores(); })
        .def_property_readonly("cores_per_chip", [](const MachineObject& o) { return o.machine->cores_per_chip(); })
        .def_property_readonly("dead_cores", [](const MachineObject& o) { return numbers(o.machine->dead_cores); })
        .def_property_readonly("dead_links", [](const MachineObject& o) { return ends(o.machine->dead_links); })
        .def_property_readonly("dead_mesh_links",
                               [](const MachineObject& o) { return ends(o.machine->dead_mesh_links); })
        .def_property_readonly("dead_routers", [](const MachineObject& o) { return numbers(o.machine->dead_routers); })
        .def_property_readonly("slow_cores", [](const MachineObject& o) { return factors(*o.machine); })
        .def_property_readonly("working_cores", [](const MachineObject& o) { return working_cores(*o.machine); })
        .def_property_readonly("hash", [](const MachineObject& o) { return to_string(o.machine->hash); })
        .def_readonly("text", &MachineObject::text);
    py::class_<CostTableObject>(m, "CostTable")
        .def_property_readonly("name", [](const CostTableObject& t) { return t.table->name; })
        .def_property_readonly("about", [](const CostTableObject& t) { return t.table->about; })
        .def_property_readonly("machine_kinds", [](const CostTableObject& t) { return t.table->machine_kinds; })
        .def_property_readonly("hash", [](const CostTableObject& t) { return to_string(t.table->hash); })
        .def_readonly("text", &CostTableObject::text);
    m.def("find_machine", [](py::handle name) {
        const std::string path = require(find_data_file("machines", "machine", python::path(name, "machine")));
        const std::string text = require(read_file(path));
        return MachineObject{std::make_shared<const Machine>(require(parse_machine(text, path))), text};
    });
    m.def("parse_machine", [](py::handle given) {
        const std::string text = python::text(given, "machine");
        return MachineObject{std::make_shared<const Machine>(require(parse_machine(text, "machine"))), text};
    });
    m.def("find_costs", [](py::handle name) {
        const std::string path = require(find_data_file("machines/costs", "cost table", python::path(name, "costs")));
        const std::string text = require(read_file(path));
        return CostTableObject{std::make_shared<const CostTable>(require(parse_cost_table(text, path))), text};
    });
    m.def("parse_costs", [](py::handle given) {
        const std::string text = python::text(given, "costs");
        return CostTableObject{std::make_shared<const CostTable>(require(parse_cost_table(text, "costs"))), text};
    });
    m.def("write_text", [](py::handle path, py::handle text) {
        require(write_file(python::path(path, "path"), python::text(text, "text")));
    });
    m.def("data_file_names", [](py::handle folder) { return data_file_names(text(folder, "folder")); });
    m.def("shipped_file", [](py::handle path) { return require(find_shipped_file(text(path, "path"))); });
}

}  // namespace tephra::python
