// Spares: what dead parts of a machine cost a program.
#include "simulator/spares.hpp"

#include "python/bindings/calls.hpp"
#include "python/bindings/model_objects.hpp"
#include "python/bindings/network_task.hpp"
#include "python/bindings/run_objects.hpp"
#include "simulator/lm/spares_work.hpp"
#include "simulator/page/spares_page.hpp"
#include "simulator/spiking/network_feed.hpp"

namespace tephra::python {
namespace {

struct SparesObject {
    std::shared_ptr<const Spares> spares;
};

SparesObject measure(const ProgramObject& program, const MachineObject& machine, const CostTableObject& costs,
                     Keywords& in, const SparesWork& work) {
    SparesOptions options;
    options.dead = {1, 2, 4};
    in.take("spares",
            [&](py::handle value, const std::string& place) { options.dead = Integers(value, place).copy(); });
    in.choice("dead", options.part, spare_part_names());
    in.integer("draws", options.draws, 1, most_draws);
    in.take("seed", [&](py::handle value, const std::string& place) { options.seed = seed(value, place); });
    options.threads = take_threads(in);
    options.map = take_map_options(in, *program.program);
    in.finish();
    return {std::make_shared<const Spares>(long_call(
        [&] { return require(measure_spares(*program.program, *machine.machine, *costs.table, options, work)); }))};
}

SparesObject spares_of_model(const ModelObject& object, const ProgramObject& program, const MachineObject& machine,
                             const CostTableObject& costs, const py::kwargs& given) {
    Keywords in(given, "measure_spares");
    int tokens = 1;
    in.integer("tokens", tokens, 1, most_spares_tokens);
    return measure(program, machine, costs, in, token_work(*object.model, program.program, tokens));
}

SparesObject spares_of_network(NetworkTask& task, const ProgramObject& program, const MachineObject& machine,
                               const CostTableObject& costs, const py::kwargs& given) {
    Keywords in(given, "measure_spares");
    task.use();
    return measure(program, machine, costs, in, spiking::step_work(program.program, task.input, task.steps));
}

/// A row for the machine as it is and for each number: (dead, draws, ran, us, uJ); the last two (least, median, most),
/// or None where no draw ran.
py::list rows_of(const SparesObject& object) {
    py::list out;
    for (const SparesSummary& row : summaries(*object.spares)) {
        const auto figures = [&](const SparesSummary::Spread& of) -> py::object {
            if (row.ran == 0) return py::none();
            return py::make_tuple(of.least, of.median, of.most);
        };
        out.append(py::make_tuple(row.dead, row.draws, row.ran, figures(row.microseconds), figures(row.microjoules)));
    }
    return out;
}

}  // namespace

void bind_spares(py::module_& m) {
    py::class_<SparesObject>(m, "Spares")
        .def("json", [](const SparesObject& o) { return spares_json(*o.spares).dump(); })
        .def("page", [](const SparesObject& o) { return spares_page(*o.spares); })
        .def("rows", &rows_of)
        .def_property_readonly("model_name", [](const SparesObject& o) { return o.spares->model; })
        .def_property_readonly("machine_name", [](const SparesObject& o) { return o.spares->machine; })
        .def_property_readonly("round", [](const SparesObject& o) { return round_words(o.spares->round).one; });
    m.def("spares_of_model", &spares_of_model);
    m.def("spares_of_network", &spares_of_network);
}

}  // namespace tephra::python
